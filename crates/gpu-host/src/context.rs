//! One card's warm context: its streams, its loaded PTX, the count of its memory, and whether it is lost.
//!
//! Everything that must outlive the [`Device`](crate::Device) for as long as a buffer of it lives.

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_int, c_uint, c_void};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cudarc::driver::sys;

use crate::driver::Driver;
use crate::error::{GpuError, Meaning, meaning};
use crate::info::{self, DeviceInfo};

/// `CU_CTX_SCHED_BLOCKING_SYNC`: a thread that waits for the card leaves its core to the threads that hash.
const BLOCKING_WAIT: c_uint = 4;
/// `CU_STREAM_NON_BLOCKING`: no hidden order with the null stream.
const NON_BLOCKING: c_uint = 1;
/// `CU_JIT_ERROR_LOG_BUFFER` and its size.
const JIT_LOG: [c_uint; 2] = [5, 6];
const JIT_LOG_BYTES: usize = 8192;
/// `CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES`.
const BLOCK_MEMORY: c_uint = 8;
/// Block memory that a kernel may have unasked.
const PLAIN_BLOCK_MEMORY: u32 = 48 << 10;

/// A kernel in the loaded PTX.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    pub(crate) handle: sys::CUfunction,
    /// Most threads of a block that its registers allow.
    pub(crate) threads: u32,
    /// Block memory allowed so far.
    block_memory: u32,
}

// SAFETY: a handle may be used from any thread on which its context is current.
unsafe impl Send for Function {}

pub(crate) struct Context {
    pub(crate) driver: &'static Driver,
    pub(crate) info: DeviceInfo,
    /// Kernels and all that is in their order.
    pub(crate) main: sys::CUstream,
    /// Copies to the host beside the kernels.
    pub(crate) transfers: sys::CUstream,
    device: c_int,
    handle: sys::CUcontext,
    module: sys::CUmodule,
    functions: Mutex<HashMap<&'static CStr, Function>>,
    allocated: AtomicU64,
    lost: OnceLock<String>,
}

// SAFETY: the driver's calls are thread-safe; each is made after `enter` has made the context current on its thread.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    pub(crate) fn open(ordinal: u32, ptx: Option<&str>) -> Result<Arc<Context>, GpuError> {
        let driver = Driver::get()?;
        let (device, info) = info::describe(driver, ordinal)?;
        let text = match ptx {
            Some(text) => text,
            None => info.ptx()?.text,
        };
        if let Some(set_flags) = driver.context_set_flags {
            // SAFETY: numbers only. Refused while someone else holds the context; then theirs stay.
            unsafe { set_flags(device, BLOCKING_WAIT) };
        }
        let mut handle = std::ptr::null_mut();
        // SAFETY: writes one handle.
        let code = unsafe { (driver.context_retain)(&mut handle, device) };
        match meaning(code) {
            Meaning::Done => {}
            Meaning::OutOfMemory => return Err(GpuError::OutOfMemory { requested: 0, free: 0 }),
            Meaning::Lost => return Err(GpuError::Lost(format!("{} does not open: {}", info.name, driver.text(code)))),
            Meaning::Other => driver.plain("cuDevicePrimaryCtxRetain", code)?,
        }
        // From here on its `drop` gives back what was taken.
        let mut context = Context {
            driver,
            info,
            main: std::ptr::null_mut(),
            transfers: std::ptr::null_mut(),
            device,
            handle,
            module: std::ptr::null_mut(),
            functions: Mutex::default(),
            allocated: AtomicU64::new(0),
            lost: OnceLock::new(),
        };
        context.enter()?;
        let stream = || {
            let mut stream = std::ptr::null_mut();
            // SAFETY: writes one handle.
            let code = unsafe { (driver.stream_create)(&mut stream, NON_BLOCKING) };
            context.check("cuStreamCreate", code).map(|()| stream)
        };
        let (main, transfers) = (stream()?, stream()?);
        (context.main, context.transfers) = (main, transfers);
        context.load(text)?;
        Ok(Arc::new(context))
    }

    /// Loads PTX; the driver compiles it for the card, or takes what it compiled before.
    fn load(&mut self, text: &str) -> Result<(), GpuError> {
        let text = CString::new(text).map_err(|_| GpuError::Failed("the PTX holds a zero byte".into()))?;
        let mut log = vec![0_u8; JIT_LOG_BYTES];
        let mut options = JIT_LOG;
        let mut values = [log.as_mut_ptr().cast::<c_void>(), JIT_LOG_BYTES as *mut c_void];
        // SAFETY: the text ends with zero, the log has the size that is told, and both outlive the call.
        let code = unsafe {
            (self.driver.module_load)(
                &mut self.module,
                text.as_ptr().cast(),
                options.len() as c_uint,
                options.as_mut_ptr(),
                values.as_mut_ptr(),
            )
        };
        let log =
            CStr::from_bytes_until_nul(&log).map(|log| log.to_string_lossy().trim().to_owned()).unwrap_or_default();
        let card = &self.info.name;
        match code {
            221 => Err(GpuError::Unsupported(format!(
                "{card}: libnvidia-ptxjitcompiler.so.1 was not found; it comes with the driver, in a container with \
                 NVIDIA_DRIVER_CAPABILITIES=compute"
            ))),
            222 => {
                Err(GpuError::Unsupported(format!("{card}: the driver is too old for the PTX, install a newer one")))
            }
            209 | 218 | 300 => Err(GpuError::Unsupported(format!(
                "{card}: the driver does not accept the PTX ({}): {log}",
                self.driver.text(code)
            ))),
            _ => self.check("cuModuleLoadDataEx", code),
        }
    }

    /// Makes the context current on this thread: before every other call.
    pub(crate) fn enter(&self) -> Result<(), GpuError> {
        // SAFETY: the handle is the retained context's.
        self.check("cuCtxSetCurrent", unsafe { (self.driver.context_set_current)(self.handle) })
    }

    /// The result of a call as an error, and the loss of the card remembered.
    pub(crate) fn check(&self, call: &'static str, code: u32) -> Result<(), GpuError> {
        match meaning(code) {
            Meaning::Done => Ok(()),
            Meaning::OutOfMemory => Err(GpuError::OutOfMemory { requested: 0, free: self.free_bytes().unwrap_or(0) }),
            Meaning::Lost => {
                let reason = self.lost.get_or_init(|| {
                    let reason = format!("{} ({}): {call}: {}", self.info.name, self.info.uuid, self.driver.text(code));
                    tracing::error!(device = self.info.ordinal, "device lost: {reason}");
                    reason
                });
                Err(GpuError::Lost(reason.clone()))
            }
            Meaning::Other => Err(GpuError::Driver { call, code, text: self.driver.text(code) }),
        }
    }

    /// Why the card is lost, if it is.
    pub(crate) fn lost(&self) -> Option<&str> {
        self.lost.get().map(String::as_str)
    }

    /// Free bytes of the card's memory.
    pub(crate) fn free_bytes(&self) -> Result<u64, GpuError> {
        let (mut free, mut all) = (0, 0);
        // SAFETY: writes two numbers. The code is not checked by `check`, which asks this.
        let code = unsafe { (self.driver.memory_info)(&mut free, &mut all) };
        match meaning(code) {
            Meaning::OutOfMemory => Err(GpuError::OutOfMemory { requested: 0, free: 0 }),
            _ => self.check("cuMemGetInfo", code).map(|()| free as u64),
        }
    }

    /// Bytes that live buffers hold.
    pub(crate) fn allocated(&self) -> u64 {
        self.allocated.load(Ordering::Relaxed)
    }

    /// Memory of the card, as it is.
    pub(crate) fn allocate(&self, bytes: u64) -> Result<u64, GpuError> {
        self.enter()?;
        let mut address = 0;
        let length = usize::try_from(bytes).unwrap_or(usize::MAX);
        // SAFETY: writes one address.
        let code = unsafe { (self.driver.memory_allocate)(&mut address, length) };
        if meaning(code) == Meaning::OutOfMemory {
            return Err(GpuError::OutOfMemory { requested: bytes, free: self.free_bytes()? });
        }
        self.check("cuMemAlloc", code)?;
        self.allocated.fetch_add(bytes, Ordering::Relaxed);
        Ok(address)
    }

    /// Gives memory back.
    ///
    /// # Safety
    /// It came from `allocate` with this size, and nothing uses it any more.
    pub(crate) unsafe fn free(&self, address: u64, bytes: u64) -> Result<(), GpuError> {
        self.allocated.fetch_sub(bytes, Ordering::Relaxed);
        self.enter()?;
        // SAFETY: by the caller.
        self.check("cuMemFree", unsafe { (self.driver.memory_free)(address) })
    }

    /// Writes zeros in the order of the main stream.
    ///
    /// # Safety
    /// The memory is a live allocation's.
    pub(crate) unsafe fn zero(&self, address: u64, bytes: u64) -> Result<(), GpuError> {
        self.enter()?;
        // SAFETY: by the caller.
        self.check("cuMemsetD8Async", unsafe { (self.driver.memory_set)(address, 0, bytes as usize, self.main) })
    }

    /// Waits for all that was asked of a stream.
    pub(crate) fn wait(&self, stream: sys::CUstream) -> Result<(), GpuError> {
        self.enter()?;
        // SAFETY: the stream is one of this context's two.
        self.check("cuStreamSynchronize", unsafe { (self.driver.stream_synchronize)(stream) })
    }

    /// A kernel by its name, allowed to use so much block memory.
    pub(crate) fn function(&self, name: &'static CStr, block_memory: u32) -> Result<Function, GpuError> {
        self.enter()?;
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        let mut function = match functions.get(name) {
            Some(function) => *function,
            None => self.find(name)?,
        };
        if block_memory > function.block_memory {
            if block_memory > self.info.block_memory_bytes {
                return Err(GpuError::Failed(format!(
                    "kernel {} needs {block_memory} bytes of block memory, {} has {}",
                    name.to_string_lossy(),
                    self.info.name,
                    self.info.block_memory_bytes
                )));
            }
            let bytes = c_int::try_from(block_memory).unwrap_or(c_int::MAX);
            // SAFETY: the handle is of this context's module.
            let code = unsafe { (self.driver.function_set_attribute)(function.handle, BLOCK_MEMORY, bytes) };
            self.check("cuFuncSetAttribute", code)?;
            function.block_memory = block_memory;
        }
        functions.insert(name, function);
        Ok(function)
    }

    fn find(&self, name: &'static CStr) -> Result<Function, GpuError> {
        let mut handle = std::ptr::null_mut();
        // SAFETY: writes one handle; the name ends with zero.
        let code = unsafe { (self.driver.module_function)(&mut handle, self.module, name.as_ptr()) };
        if code == 500 {
            return Err(GpuError::Failed(format!("the PTX has no kernel {}", name.to_string_lossy())));
        }
        self.check("cuModuleGetFunction", code)?;
        let threads = self.attribute(handle, 0)?;
        Ok(Function { handle, threads, block_memory: PLAIN_BLOCK_MEMORY })
    }

    /// A `CU_FUNC_ATTRIBUTE_*` of a kernel.
    pub(crate) fn attribute(&self, function: sys::CUfunction, attribute: c_uint) -> Result<u32, GpuError> {
        let mut value = 0;
        // SAFETY: writes one number.
        let code = unsafe { (self.driver.function_attribute)(&mut value, attribute, function) };
        self.check("cuFuncGetAttribute", code)?;
        Ok(u32::try_from(value).unwrap_or(0))
    }

    /// A new event; `timed` if it is for measuring.
    pub(crate) fn event(self: &Arc<Self>, timed: bool) -> Result<Event, GpuError> {
        self.enter()?;
        // `CU_EVENT_BLOCKING_SYNC`, and `CU_EVENT_DISABLE_TIMING`, which makes it cheaper.
        let flags = if timed { 1 } else { 1 | 2 };
        let mut handle = std::ptr::null_mut();
        // SAFETY: writes one handle.
        self.check("cuEventCreate", unsafe { (self.driver.event_create)(&mut handle, flags) })?;
        Ok(Event { context: self.clone(), handle })
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let driver = self.driver;
        // SAFETY: every handle is this context's own or null, and nothing can use them any more. A lost context takes
        // no calls but the last: it ends, with all that was in it, when nobody holds it any more. It is not reset,
        // because another handle of the same card may still hold streams in it.
        unsafe {
            if self.lost.get().is_none() {
                (driver.context_set_current)(self.handle);
                if !self.module.is_null() {
                    (driver.module_unload)(self.module);
                }
                for stream in [self.main, self.transfers] {
                    if !stream.is_null() {
                        (driver.stream_destroy)(stream);
                    }
                }
            }
            (driver.context_set_current)(std::ptr::null_mut());
            (driver.context_release)(self.device);
        }
    }
}

/// A point in a stream.
pub(crate) struct Event {
    context: Arc<Context>,
    handle: sys::CUevent,
}

// SAFETY: as for the context.
unsafe impl Send for Event {}
// SAFETY: as for the context.
unsafe impl Sync for Event {}

impl Event {
    /// Takes the place behind all that was asked of the stream so far.
    pub(crate) fn record(&self, stream: sys::CUstream) -> Result<(), GpuError> {
        self.context.enter()?;
        // SAFETY: both are this context's.
        self.context.check("cuEventRecord", unsafe { (self.context.driver.event_record)(self.handle, stream) })
    }

    /// Makes the stream wait for the event.
    pub(crate) fn hold(&self, stream: sys::CUstream) -> Result<(), GpuError> {
        self.context.enter()?;
        // SAFETY: both are this context's.
        self.context.check("cuStreamWaitEvent", unsafe { (self.context.driver.stream_wait)(stream, self.handle, 0) })
    }

    /// Whether the stream has come to the event.
    pub(crate) fn is_reached(&self) -> Result<bool, GpuError> {
        self.context.enter()?;
        // SAFETY: the event is this context's.
        match unsafe { (self.context.driver.event_query)(self.handle) } {
            600 => Ok(false),
            code => self.context.check("cuEventQuery", code).map(|()| true),
        }
    }

    /// Waits until the stream has come to the event.
    pub(crate) fn wait(&self) -> Result<(), GpuError> {
        self.context.enter()?;
        // SAFETY: the event is this context's.
        self.context.check("cuEventSynchronize", unsafe { (self.context.driver.event_synchronize)(self.handle) })
    }

    /// Milliseconds from an earlier event to this one; both must have been reached.
    pub(crate) fn milliseconds_since(&self, earlier: &Event) -> Result<f32, GpuError> {
        let mut milliseconds = 0.0;
        // SAFETY: writes one number; both events are this context's.
        let code = unsafe { (self.context.driver.event_elapsed)(&mut milliseconds, earlier.handle, self.handle) };
        self.context.check("cuEventElapsedTime", code).map(|()| milliseconds)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if self.context.enter().is_ok() {
            // SAFETY: it is this context's, and destroyed once.
            unsafe { (self.context.driver.event_destroy)(self.handle) };
        }
    }
}
