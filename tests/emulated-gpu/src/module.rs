//! Modules, their functions, and launches.

use crate::device::{block_memory, multiprocessor_memory};
use crate::memory::Stream;
use crate::names::{INVALID_HANDLE, INVALID_PTX, INVALID_VALUE, LAUNCH_OUT_OF_RESOURCES, NOT_FOUND, SUCCESS};
use crate::state::{Command, Device, on_current, settings};
use ptx_machine::{Module, Shape};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::Arc;

/// Block memory that a kernel has without asking for more.
const PLAIN_BLOCK_MEMORY: u32 = 48 << 10;
/// `CU_JIT_ERROR_LOG_BUFFER` and the option with its size.
const ERROR_LOG: c_uint = 5;
const ERROR_LOG_BYTES: c_uint = 6;

/// The room for messages that a caller of `cuModuleLoadDataEx` gives.
fn error_log(options: &[c_uint], values: &[*mut c_void]) -> Option<(*mut u8, usize)> {
    let value = |wanted| options.iter().position(|option| *option == wanted).map(|index| values[index]);
    Some((value(ERROR_LOG)?.cast(), value(ERROR_LOG_BYTES)? as usize))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleLoadDataEx(
    handle: *mut u64,
    image: *const c_void,
    count: c_uint,
    options: *mut c_uint,
    values: *mut *mut c_void,
) -> u32 {
    let (options, values) = if count == 0 {
        (&[][..], &[][..])
    } else {
        // SAFETY: the caller gives as many options and values.
        unsafe {
            (std::slice::from_raw_parts(options, count as usize), std::slice::from_raw_parts(values, count as usize))
        }
    };
    on_current(|device| {
        // SAFETY: an image that is text ends with zero.
        let text = unsafe { CStr::from_ptr(image.cast()) }.to_str().map_err(|_| INVALID_VALUE)?;
        let module = match Module::load(text, &device.memory) {
            Ok(module) if module.target() <= settings().capability => Ok(module),
            Ok(module) => {
                // Its memory is the context's and goes with it.
                Err(format!("the PTX is for sm_{}, the device is of {}", module.target(), settings().capability))
            }
            Err(error) => Err(error.to_string()),
        };
        let module = module.map_err(|what| {
            eprintln!("emulated GPU {}: {what}", device.ordinal);
            if let Some((log, room)) = error_log(options, values) {
                let length = what.len().min(room.saturating_sub(1));
                // SAFETY: the caller gives so much room.
                unsafe {
                    std::ptr::copy_nonoverlapping(what.as_ptr(), log, length);
                    log.add(length).write(0);
                }
            }
            INVALID_PTX
        })?;
        let new = device.handle();
        device.modules.insert(new, Arc::new(module));
        // SAFETY: the caller gives room for one handle.
        unsafe { handle.write(new) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleLoadData(handle: *mut u64, image: *const c_void) -> u32 {
    // SAFETY: as the caller gives it.
    unsafe { cuModuleLoadDataEx(handle, image, 0, std::ptr::null_mut(), std::ptr::null_mut()) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleUnload(handle: u64) -> u32 {
    on_current(|device| {
        device.finish_all()?;
        let module = device.modules.remove(&handle).ok_or(INVALID_HANDLE)?;
        device.functions.retain(|_, (of, _, _)| *of != handle);
        module.unload(&device.memory).map_err(crate::state::memory_error)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleGetFunction(function: *mut u64, handle: u64, name: *const c_char) -> u32 {
    on_current(|device| {
        let module = Arc::clone(device.modules.get(&handle).ok_or(INVALID_HANDLE)?);
        // SAFETY: a name ends with zero.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
        if let Err(error) = module.kernel(&name) {
            eprintln!("emulated GPU {}: kernel {name}: {error}", device.ordinal);
            return Err(NOT_FOUND);
        }
        let new = device.handle();
        device.functions.insert(new, (handle, name, PLAIN_BLOCK_MEMORY));
        // SAFETY: the caller gives room for one handle.
        unsafe { function.write(new) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuModuleGetGlobal_v2(
    address: *mut u64,
    bytes: *mut usize,
    handle: u64,
    name: *const c_char,
) -> u32 {
    on_current(|device| {
        let module = device.modules.get(&handle).ok_or(INVALID_HANDLE)?;
        // SAFETY: a name ends with zero.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
        let (from, extent) = module.variable(&name).ok_or(NOT_FOUND)?;
        // SAFETY: the caller gives room for what is asked, or nothing.
        unsafe {
            if !address.is_null() {
                address.write(from);
            }
            if !bytes.is_null() {
                bytes.write(extent as usize);
            }
        }
        Ok(())
    })
}

/// The module, name and allowed dynamic block memory of a function.
fn function(device: &Device, handle: u64) -> Result<(Arc<Module>, String, u32), u32> {
    let (module, name, allowed) = device.functions.get(&handle).ok_or(INVALID_HANDLE)?;
    let module = device.modules.get(module).ok_or(INVALID_HANDLE)?;
    Ok((Arc::clone(module), name.clone(), *allowed))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuFuncGetAttribute(value: *mut c_int, attribute: c_uint, handle: u64) -> u32 {
    on_current(|device| {
        let (module, name, allowed) = function(device, handle)?;
        let kernel = module.kernel(&name).map_err(|_| INVALID_HANDLE)?;
        let number = match attribute {
            0 => kernel.maximum_threads(),
            1 => kernel.shared_bytes() as u32,
            3 => kernel.local_bytes() as u32,
            5 => module.target(),
            6 => settings().capability,
            8 => allowed,
            // Registers are given by an assembler, which there is none of here.
            _ => 0,
        };
        // SAFETY: the caller gives room for one number.
        unsafe { value.write(number as c_int) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuFuncSetAttribute(handle: u64, attribute: c_uint, value: c_int) -> u32 {
    on_current(|device| {
        let (module, name, _) = function(device, handle)?;
        let kernel = module.kernel(&name).map_err(|_| INVALID_HANDLE)?;
        let value = u32::try_from(value).map_err(|_| INVALID_VALUE)?;
        if attribute == 8 {
            if u64::from(value) + kernel.shared_bytes() > u64::from(block_memory()) {
                return Err(INVALID_VALUE);
            }
            if let Some(function) = device.functions.get_mut(&handle) {
                function.2 = value;
            }
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuFuncSetCacheConfig(handle: u64, _config: c_uint) -> u32 {
    on_current(|device| function(device, handle).map(|_| ()))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn cuOccupancyMaxActiveBlocksPerMultiprocessor(
    blocks: *mut c_int,
    handle: u64,
    threads: c_int,
    block_bytes: usize,
) -> u32 {
    on_current(|device| {
        let (module, name, _) = function(device, handle)?;
        let kernel = module.kernel(&name).map_err(|_| INVALID_HANDLE)?;
        let threads = u32::try_from(threads).ok().filter(|threads| *threads > 0).ok_or(INVALID_VALUE)?;
        let (most_threads, most_blocks) = if settings().capability == 75 { (1024, 16) } else { (2048, 32) };
        let reserved = if settings().capability < 80 { 0 } else { 1 << 10 };
        let bytes = kernel.shared_bytes() as usize + block_bytes + reserved;
        let by_memory = (multiprocessor_memory() as usize).checked_div(bytes).unwrap_or(usize::MAX);
        let fits = threads <= kernel.maximum_threads() && bytes - reserved <= block_memory() as usize;
        let number = if fits { (most_threads / threads).min(most_blocks).min(by_memory as u32) } else { 0 };
        // SAFETY: the caller gives room for one number.
        unsafe { blocks.write(number as c_int) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments)]
unsafe extern "C" fn cuLaunchKernel(
    handle: u64,
    grid_x: c_uint,
    grid_y: c_uint,
    grid_z: c_uint,
    block_x: c_uint,
    block_y: c_uint,
    block_z: c_uint,
    block_bytes: c_uint,
    stream: Stream,
    parameters: *mut *mut c_void,
    extra: *mut *mut c_void,
) -> u32 {
    on_current(|device| {
        let (module, name, allowed) = function(device, handle)?;
        let kernel = module.kernel(&name).map_err(|_| INVALID_HANDLE)?;
        let mut arguments = vec![0_u8; kernel.parameter_bytes() as usize];
        for (index, (offset, bytes)) in kernel.parameters().iter().enumerate() {
            if parameters.is_null() || !extra.is_null() {
                return Err(INVALID_VALUE);
            }
            let place = &mut arguments[*offset as usize..(*offset + *bytes) as usize];
            // SAFETY: the caller gives one pointer for each parameter, to as many bytes as it has.
            unsafe {
                let from = parameters.add(index).read().cast::<u8>();
                place.copy_from_slice(std::slice::from_raw_parts(from, place.len()));
            }
        }
        let shape =
            Shape { grid: [grid_x, grid_y, grid_z], block: [block_x, block_y, block_z], dynamic_shared: block_bytes };
        let threads = shape.block.iter().map(|extent| u64::from(*extent)).product::<u64>();
        if threads == 0 || threads > 1024 || shape.grid.contains(&0) || grid_y > 65535 || grid_z > 65535 {
            return Err(INVALID_VALUE);
        }
        let shared = u64::from(block_bytes) + kernel.shared_bytes();
        if block_bytes > allowed && shared > u64::from(PLAIN_BLOCK_MEMORY) || shared > u64::from(block_memory()) {
            return Err(INVALID_VALUE);
        }
        if threads > u64::from(kernel.maximum_threads()) {
            return Err(LAUNCH_OUT_OF_RESOURCES);
        }
        device.push(stream, Command::Launch { module, kernel: name, shape, arguments }).map(|_| SUCCESS)?;
        Ok(())
    })
}
