//! Memory of devices, page-locked memory of the host, and copies.

use crate::names::{INVALID_VALUE, OUT_OF_MEMORY, SUCCESS};
use crate::state::{Command, Device, HostPointer, memory_error, on_current};
use std::alloc::Layout;
use std::ffi::{c_uint, c_void};

/// A stream's handle.
pub(crate) type Stream = u64;

/// Page-locked memory begins at pages.
const HOST_ALIGNMENT: usize = 4096;

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemGetInfo_v2(free: *mut usize, total: *mut usize) -> u32 {
    on_current(|device| {
        let (left, all) = device.memory.free_and_total();
        // SAFETY: the caller gives room for two numbers.
        unsafe {
            free.write(left as usize);
            total.write(all as usize);
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemAlloc_v2(address: *mut u64, bytes: usize) -> u32 {
    on_current(|device| {
        if bytes == 0 {
            return Err(INVALID_VALUE);
        }
        let allocated = device.memory.allocate(bytes as u64).map_err(memory_error)?;
        // SAFETY: the caller gives room for one address.
        unsafe { address.write(allocated) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemAllocAsync(address: *mut u64, bytes: usize, _stream: Stream) -> u32 {
    // SAFETY: as the caller gives it.
    unsafe { cuMemAlloc_v2(address, bytes) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemFree_v2(address: u64) -> u32 {
    on_current(|device| {
        // As on a card, what still runs may use the memory: it is waited for.
        device.finish_all()?;
        if address == 0 { Ok(()) } else { device.memory.free(address).map_err(memory_error) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemFreeAsync(address: u64, _stream: Stream) -> u32 {
    // SAFETY: as the caller gives it.
    unsafe { cuMemFree_v2(address) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemGetAddressRange_v2(base: *mut u64, bytes: *mut usize, address: u64) -> u32 {
    on_current(|device| {
        let (from, extent) = device.memory.range(address).map_err(memory_error)?;
        // SAFETY: the caller gives room for what is asked, or nothing.
        unsafe {
            if !base.is_null() {
                base.write(from);
            }
            if !bytes.is_null() {
                bytes.write(extent as usize);
            }
        }
        Ok(())
    })
}

/// A copy to the device. From pageable memory it is taken at once, from page-locked memory when it runs.
fn write(device: &mut Device, to: u64, from: *const c_void, bytes: usize, stream: Stream) -> Result<(), u32> {
    let command = if device.is_pinned(from as usize, bytes) {
        Command::WriteFromHost { to, from: HostPointer(from.cast_mut().cast()), bytes }
    } else {
        // SAFETY: the caller gives memory of that size.
        Command::Write { to, bytes: unsafe { std::slice::from_raw_parts(from.cast::<u8>(), bytes) }.to_vec() }
    };
    device.push(stream, command).map(|_| ())
}

/// A copy to the host. To pageable memory it is waited for, to page-locked memory it comes when it runs.
fn read(device: &mut Device, to: *mut c_void, from: u64, bytes: usize, stream: Stream) -> Result<(), u32> {
    let is_pinned = device.is_pinned(to as usize, bytes);
    let command = device.push(stream, Command::ReadToHost { from, to: HostPointer(to.cast()), bytes })?;
    if is_pinned { Ok(()) } else { device.run_to(command) }
}

fn is_inside(device: &Device, address: u64, bytes: usize) -> Result<(), u32> {
    let (base, extent) = device.memory.range(address).map_err(memory_error)?;
    if address - base + bytes as u64 <= extent { Ok(()) } else { Err(INVALID_VALUE) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyHtoDAsync_v2(to: u64, from: *const c_void, bytes: usize, stream: Stream) -> u32 {
    on_current(|device| {
        is_inside(device, to, bytes)?;
        write(device, to, from, bytes, stream)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyDtoHAsync_v2(to: *mut c_void, from: u64, bytes: usize, stream: Stream) -> u32 {
    on_current(|device| {
        is_inside(device, from, bytes)?;
        read(device, to, from, bytes, stream)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyDtoDAsync_v2(to: u64, from: u64, bytes: usize, stream: Stream) -> u32 {
    on_current(|device| {
        is_inside(device, to, bytes)?;
        is_inside(device, from, bytes)?;
        device.push(stream, Command::Copy { to, from, bytes: bytes as u64 }).map(|_| ())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyHtoD_v2(to: u64, from: *const c_void, bytes: usize) -> u32 {
    on_current(|device| {
        is_inside(device, to, bytes)?;
        write(device, to, from, bytes, 0)?;
        device.finish(0)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyDtoH_v2(to: *mut c_void, from: u64, bytes: usize) -> u32 {
    on_current(|device| {
        is_inside(device, from, bytes)?;
        read(device, to, from, bytes, 0)?;
        device.finish(0)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemcpyDtoD_v2(to: u64, from: u64, bytes: usize) -> u32 {
    // SAFETY: as the caller gives it.
    unsafe { cuMemcpyDtoDAsync_v2(to, from, bytes, 0) }
}

fn fill(address: u64, width: u64, value: u32, count: usize, stream: Stream) -> u32 {
    on_current(|device| {
        if !address.is_multiple_of(width) {
            return Err(INVALID_VALUE);
        }
        is_inside(device, address, count.saturating_mul(width as usize))?;
        device.push(stream, Command::Fill { to: address, width, value, count: count as u64 }).map(|_| ())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemsetD8Async(address: u64, value: u8, count: usize, stream: Stream) -> u32 {
    fill(address, 1, value.into(), count, stream)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemsetD8_v2(address: u64, value: u8, count: usize) -> u32 {
    fill(address, 1, value.into(), count, 0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemsetD32Async(address: u64, value: u32, count: usize, stream: Stream) -> u32 {
    fill(address, 4, value, count, stream)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemsetD32_v2(address: u64, value: u32, count: usize) -> u32 {
    fill(address, 4, value, count, 0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemHostAlloc(pointer: *mut *mut c_void, bytes: usize, _flags: c_uint) -> u32 {
    on_current(|device| {
        let layout = Layout::from_size_align(bytes, HOST_ALIGNMENT).map_err(|_| INVALID_VALUE)?;
        if bytes == 0 {
            return Err(INVALID_VALUE);
        }
        // SAFETY: the layout has a size.
        let memory = unsafe { std::alloc::alloc(layout) };
        if memory.is_null() {
            return Err(OUT_OF_MEMORY);
        }
        // SAFETY: as much was allocated. It is not zero on a card either.
        unsafe { std::ptr::write_bytes(memory, 0xa5, bytes) };
        device.pinned.insert(memory as usize, bytes);
        // SAFETY: the caller gives room for one pointer.
        unsafe { pointer.write(memory.cast()) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemAllocHost_v2(pointer: *mut *mut c_void, bytes: usize) -> u32 {
    // SAFETY: as the caller gives it.
    unsafe { cuMemHostAlloc(pointer, bytes, 0) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuMemFreeHost(pointer: *mut c_void) -> u32 {
    // It may be freed also when the device is lost; then nothing of it runs any more.
    let mut device = match crate::state::current() {
        Ok(device) => device,
        Err(error) => return error,
    };
    if device.sticky == SUCCESS {
        // Its error stays and is the next call's.
        let _ = device.finish_all();
    }
    let Some(bytes) = device.pinned.remove(&(pointer as usize)) else { return INVALID_VALUE };
    let Ok(layout) = Layout::from_size_align(bytes, HOST_ALIGNMENT) else { return INVALID_VALUE };
    // SAFETY: it was allocated with this layout and is forgotten now.
    unsafe { std::alloc::dealloc(pointer.cast(), layout) };
    SUCCESS
}
