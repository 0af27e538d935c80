//! The driver's functions, looked up in the library that cudarc finds.
//!
//! cudarc's own declarations panic where a symbol is missing and hold the result in an enum, which a number unknown to
//! it would make undefined behaviour. Here a missing symbol is an error, or `None` where an older driver may lack it,
//! and a result stays a number.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::OnceLock;

use cudarc::driver::sys;

use crate::error::GpuError;

/// The oldest driver: CUDA 11.0 reads PTX 7.0.
const LEAST_VERSION: u32 = 11_000;

macro_rules! functions {
    (required { $($field:ident $symbol:literal ($($kind:ty),*);)* }
     optional { $($maybe:ident $maybe_symbol:literal ($($maybe_kind:ty),*);)* }) => {
        /// The driver, started.
        pub(crate) struct Driver {
            $(pub(crate) $field: unsafe extern "C" fn($($kind),*) -> u32,)*
            $(pub(crate) $maybe: Option<unsafe extern "C" fn($($maybe_kind),*) -> u32>,)*
        }

        impl Driver {
            /// Looks every function up.
            fn load() -> Result<Driver, GpuError> {
                // SAFETY: opening the driver's library runs its initialisers, which is what it is installed for.
                if !unsafe { sys::is_culib_present() } {
                    return Err(missing("libcuda.so.1 was not found"));
                }
                // SAFETY: as above; it is present, so that it does not panic.
                let library = unsafe { sys::culib() };
                Ok(Driver {
                    // SAFETY: the types are those of cuda.h, which are the same in all versions from 11.0 on.
                    $($field: *unsafe {
                        library.get::<unsafe extern "C" fn($($kind),*) -> u32>(concat!($symbol, "\0").as_bytes())
                    }
                    .map_err(|_| missing(concat!("it lacks ", $symbol)))?,)*
                    // SAFETY: as above.
                    $($maybe: unsafe {
                        library.get::<unsafe extern "C" fn($($maybe_kind),*) -> u32>(
                            concat!($maybe_symbol, "\0").as_bytes(),
                        )
                    }
                    .ok()
                    .map(|symbol| *symbol),)*
                })
            }
        }
    };
}

functions! {
    required {
        init "cuInit" (c_uint);
        driver_version "cuDriverGetVersion" (*mut c_int);
        error_name "cuGetErrorName" (u32, *mut *const c_char);
        error_text "cuGetErrorString" (u32, *mut *const c_char);
        device_count "cuDeviceGetCount" (*mut c_int);
        device_get "cuDeviceGet" (*mut c_int, c_int);
        device_name "cuDeviceGetName" (*mut c_char, c_int, c_int);
        device_uuid "cuDeviceGetUuid" (*mut [u8; 16], c_int);
        device_memory "cuDeviceTotalMem_v2" (*mut usize, c_int);
        device_attribute "cuDeviceGetAttribute" (*mut c_int, c_uint, c_int);
        context_retain "cuDevicePrimaryCtxRetain" (*mut sys::CUcontext, c_int);
        context_release "cuDevicePrimaryCtxRelease_v2" (c_int);
        context_set_current "cuCtxSetCurrent" (sys::CUcontext);
        module_load "cuModuleLoadDataEx" (*mut sys::CUmodule, *const c_void, c_uint, *mut c_uint, *mut *mut c_void);
        module_unload "cuModuleUnload" (sys::CUmodule);
        module_function "cuModuleGetFunction" (*mut sys::CUfunction, sys::CUmodule, *const c_char);
        function_attribute "cuFuncGetAttribute" (*mut c_int, c_uint, sys::CUfunction);
        function_set_attribute "cuFuncSetAttribute" (sys::CUfunction, c_uint, c_int);
        function_occupancy "cuOccupancyMaxActiveBlocksPerMultiprocessor" (*mut c_int, sys::CUfunction, c_int, usize);
        launch "cuLaunchKernel" (sys::CUfunction, c_uint, c_uint, c_uint, c_uint, c_uint, c_uint, c_uint, sys::CUstream,
            *mut *mut c_void, *mut *mut c_void);
        memory_info "cuMemGetInfo_v2" (*mut usize, *mut usize);
        memory_allocate "cuMemAlloc_v2" (*mut u64, usize);
        memory_free "cuMemFree_v2" (u64);
        memory_set "cuMemsetD8Async" (u64, u8, usize, sys::CUstream);
        copy_to_device "cuMemcpyHtoDAsync_v2" (u64, *const c_void, usize, sys::CUstream);
        copy_to_host "cuMemcpyDtoHAsync_v2" (*mut c_void, u64, usize, sys::CUstream);
        copy_on_device "cuMemcpyDtoDAsync_v2" (u64, u64, usize, sys::CUstream);
        host_allocate "cuMemHostAlloc" (*mut *mut c_void, usize, c_uint);
        host_free "cuMemFreeHost" (*mut c_void);
        stream_create "cuStreamCreate" (*mut sys::CUstream, c_uint);
        stream_destroy "cuStreamDestroy_v2" (sys::CUstream);
        stream_synchronize "cuStreamSynchronize" (sys::CUstream);
        stream_wait "cuStreamWaitEvent" (sys::CUstream, sys::CUevent, c_uint);
        event_create "cuEventCreate" (*mut sys::CUevent, c_uint);
        event_record "cuEventRecord" (sys::CUevent, sys::CUstream);
        event_query "cuEventQuery" (sys::CUevent);
        event_synchronize "cuEventSynchronize" (sys::CUevent);
        event_elapsed "cuEventElapsedTime" (*mut f32, sys::CUevent, sys::CUevent);
        event_destroy "cuEventDestroy_v2" (sys::CUevent);
    }
    optional {
        // Since 11.4; tells the parts of a divided card apart.
        device_uuid_of_part "cuDeviceGetUuid_v2" (*mut [u8; 16], c_int);
        device_bus "cuDeviceGetPCIBusId" (*mut c_char, c_int, c_int);
        context_set_flags "cuDevicePrimaryCtxSetFlags_v2" (c_int, c_uint);
    }
}

fn missing(what: &str) -> GpuError {
    GpuError::NoDriver {
        reason: format!(
            "{what}; install NVIDIA's driver (R450 or newer), or give the container its devices \
             (nvidia-container-toolkit, `--gpus all`)"
        ),
    }
}

impl Driver {
    /// The driver, found and started at the first call that succeeds.
    pub(crate) fn get() -> Result<&'static Driver, GpuError> {
        static DRIVER: OnceLock<Driver> = OnceLock::new();
        if let Some(driver) = DRIVER.get() {
            return Ok(driver);
        }
        let driver = Driver::load()?;
        driver.start()?;
        Ok(DRIVER.get_or_init(|| driver))
    }

    fn start(&self) -> Result<(), GpuError> {
        // Before anything else, because it is the one call that an old driver also answers as expected.
        let version = self.version()?;
        if version < LEAST_VERSION {
            let (major, minor) = (version / 1000, version % 1000 / 10);
            return Err(GpuError::NoDriver {
                reason: format!(
                    "driver too old: it is for CUDA {major}.{minor}, need 11.0 (R450); install a newer driver"
                ),
            });
        }
        // SAFETY: the only flags that exist are none.
        let code = unsafe { (self.init)(0) };
        let reason = match code {
            0 => return Ok(()),
            100 => {
                return Err(GpuError::NoDevice {
                    reason: "the driver sees no card; `nvidia-smi` tells whether the card is there, and \
                             CUDA_VISIBLE_DEVICES may hide it"
                        .into(),
                });
            }
            34 => {
                "the libcuda found is the toolkit's stub; put the driver's own library first in the search path".into()
            }
            802 => "the system is not ready; on an NVSwitch machine start nvidia-fabricmanager".into(),
            803 => "kernel module and libcuda are of different versions; reboot after the driver's update".into(),
            804 => "the compatibility libcuda does not support this card; use the driver's own".into(),
            _ => format!(
                "cuInit failed with {code}: {}; check that the kernel module is loaded and that /dev/nvidia* may be \
                 opened by this user",
                self.text(code)
            ),
        };
        Err(GpuError::NoDriver { reason })
    }

    /// The CUDA version that the driver is for: 12040 for 12.4.
    pub(crate) fn version(&self) -> Result<u32, GpuError> {
        let mut version = 0;
        // SAFETY: writes one number.
        let code = unsafe { (self.driver_version)(&mut version) };
        self.plain("cuDriverGetVersion", code)?;
        Ok(u32::try_from(version).unwrap_or(0))
    }

    /// An error of a call that concerns no context.
    pub(crate) fn plain(&self, call: &'static str, code: u32) -> Result<(), GpuError> {
        if code == 0 { Ok(()) } else { Err(GpuError::Driver { call, code, text: self.text(code) }) }
    }

    /// The driver's name and words for a result.
    pub(crate) fn text(&self, code: u32) -> String {
        let read = |function: unsafe extern "C" fn(u32, *mut *const c_char) -> u32| {
            let mut text = std::ptr::null();
            // SAFETY: writes one pointer: to a constant of the library, or null for a result that it does not know.
            unsafe { function(code, &mut text) };
            // SAFETY: as above.
            (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
        };
        match (read(self.error_name), read(self.error_text)) {
            (Some(name), Some(text)) => format!("{name}, {text}"),
            (Some(name), None) => name,
            _ => "a result that this driver has no name for".into(),
        }
    }
}
