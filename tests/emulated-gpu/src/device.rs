//! Devices and contexts.

use crate::names::{INVALID_CONTEXT, INVALID_VALUE, NO_DEVICE, SUCCESS};
use crate::state::{self, current, device, devices, on_current, result, settings};
use std::ffi::{c_char, c_int, c_uint, c_void};

/// A context's handle: number of the device plus one.
type Context = *mut c_void;

/// The most memory that a block may have, as cards of the capability have it.
pub(crate) fn block_memory() -> u32 {
    match settings().capability {
        ..80 => 64 << 10,
        80 | 87 => 163 << 10,
        90 | 100..=110 => 227 << 10,
        _ => 99 << 10,
    }
}

/// Memory that the blocks of one multiprocessor share.
pub(crate) fn multiprocessor_memory() -> u32 {
    if settings().capability < 80 { 64 << 10 } else { block_memory() + (1 << 10) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuInit(flags: c_uint) -> u32 {
    if flags != 0 {
        return INVALID_VALUE;
    }
    if settings().devices == 0 {
        return NO_DEVICE;
    }
    state::initialize();
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDriverGetVersion(version: *mut c_int) -> u32 {
    // SAFETY: the caller gives room for one number.
    unsafe { version.write(settings().driver as c_int) };
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetCount(count: *mut c_int) -> u32 {
    result(devices().map(|devices| {
        // SAFETY: the caller gives room for one number.
        unsafe { count.write(devices.len() as c_int) }
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGet(handle: *mut c_int, ordinal: c_int) -> u32 {
    result(device(ordinal).map(|_| {
        // SAFETY: the caller gives room for one number.
        unsafe { handle.write(ordinal) }
    }))
}

/// Writes text with its end into room of the caller's.
fn write_text(text: &str, to: *mut c_char, room: c_int) {
    let room = usize::try_from(room).unwrap_or(0);
    let bytes = &text.as_bytes()[..text.len().min(room.saturating_sub(1))];
    if room > 0 {
        // SAFETY: the caller gives so much room, of which the text and its end take no more.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), to, bytes.len());
            to.add(bytes.len()).write(0);
        }
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetName(name: *mut c_char, room: c_int, handle: c_int) -> u32 {
    result(device(handle).map(|device| write_text(&format!("Emulated GPU {}", device.ordinal), name, room)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetUuid(uuid: *mut [u8; 16], handle: c_int) -> u32 {
    result(device(handle).map(|device| {
        let mut bytes = *b"Emulated GPU ...";
        bytes[12..].copy_from_slice(&device.ordinal.to_be_bytes());
        // SAFETY: the caller gives room for a UUID.
        unsafe { uuid.write(bytes) };
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetUuid_v2(uuid: *mut [u8; 16], handle: c_int) -> u32 {
    // SAFETY: as the caller gives it.
    unsafe { cuDeviceGetUuid(uuid, handle) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetPCIBusId(text: *mut c_char, room: c_int, handle: c_int) -> u32 {
    result(device(handle).map(|device| write_text(&format!("0000:{:02X}:00.0", device.ordinal + 1), text, room)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceTotalMem_v2(bytes: *mut usize, handle: c_int) -> u32 {
    result(device(handle).map(|_| {
        // SAFETY: the caller gives room for one number.
        unsafe { bytes.write(settings().memory as usize) }
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDeviceGetAttribute(value: *mut c_int, attribute: c_uint, handle: c_int) -> u32 {
    let ordinal = match device(handle) {
        Ok(device) => device.ordinal,
        Err(error) => return error,
    };
    // Numbers by cuda.h. What is not listed is a property that the emulator lacks.
    let number = match attribute {
        1..=3 => 1024,
        4 => 64,
        5 => i32::MAX as u32,
        6 | 7 => 65535,
        8 => 48 << 10,
        9 => 64 << 10,
        10 => 32,
        12 | 82 => 65536,
        13 => 1_000_000,
        16 => 2,
        18 => 0,
        19 | 31 | 40 | 41 => 1,
        33 => ordinal + 1,
        36 => 1_000_000,
        37 => 256,
        38 => 1 << 20,
        39 => {
            if settings().capability == 75 {
                1024
            } else {
                2048
            }
        }
        75 => settings().capability / 10,
        76 => settings().capability % 10,
        78 | 90 | 99 => 1,
        81 => multiprocessor_memory(),
        97 => block_memory(),
        106 => {
            if settings().capability == 75 {
                16
            } else {
                32
            }
        }
        111 => {
            if settings().capability < 80 {
                0
            } else {
                1 << 10
            }
        }
        _ => 0,
    };
    // SAFETY: the caller gives room for one number.
    unsafe { value.write(number as c_int) };
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDevicePrimaryCtxRetain(context: *mut Context, handle: c_int) -> u32 {
    result(device(handle).map(|mut device| {
        device.retained += 1;
        // SAFETY: the caller gives room for one handle.
        unsafe { context.write((handle as usize + 1) as Context) };
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDevicePrimaryCtxRelease_v2(handle: c_int) -> u32 {
    result(device(handle).and_then(|mut device| {
        match device.retained {
            0 => return Err(INVALID_CONTEXT),
            1 => device.reset(),
            _ => {}
        }
        device.retained -= 1;
        Ok(())
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDevicePrimaryCtxReset_v2(handle: c_int) -> u32 {
    result(device(handle).map(|mut device| device.reset()))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDevicePrimaryCtxSetFlags_v2(handle: c_int, _flags: c_uint) -> u32 {
    result(device(handle).map(|_| ()))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuDevicePrimaryCtxGetState(handle: c_int, flags: *mut c_uint, active: *mut c_int) -> u32 {
    result(device(handle).map(|device| {
        // SAFETY: the caller gives room for two numbers.
        unsafe {
            flags.write(0);
            active.write(c_int::from(device.retained > 0));
        }
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxSetCurrent(context: Context) -> u32 {
    let number = context as usize;
    if number == 0 {
        state::set_current(0);
        return SUCCESS;
    }
    result(device(number as c_int - 1).and_then(|device| {
        if device.retained == 0 {
            return Err(INVALID_CONTEXT);
        }
        state::set_current(number);
        Ok(())
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxGetCurrent(context: *mut Context) -> u32 {
    // SAFETY: the caller gives room for one handle.
    unsafe { context.write(state::current_context() as Context) };
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxGetDevice(handle: *mut c_int) -> u32 {
    result(current().map(|device| {
        // SAFETY: the caller gives room for one number.
        unsafe { handle.write(device.ordinal as c_int) }
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxSynchronize() -> u32 {
    on_current(|device| device.finish_all())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxSetFlags(_flags: c_uint) -> u32 {
    on_current(|_| Ok(()))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuCtxGetStreamPriorityRange(least: *mut c_int, greatest: *mut c_int) -> u32 {
    on_current(|_| {
        // SAFETY: the caller gives room for two numbers.
        unsafe {
            least.write(0);
            greatest.write(0);
        }
        Ok(())
    })
}
