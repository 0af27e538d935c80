//! The library as a program sees it that finds it under the driver's name.
//!
//! Each test has a device of its own, which share nothing.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::sync::OnceLock;

/// Adds a number to words, `add` of each thread; writes far away where it is told to.
const PTX: &str = "
.version 7.0
.target sm_80
.address_size 64
.extern .shared .align 128 .b8 block_memory[];
.global .align 4 .b32 constant[2] = {40, 2};
.visible .entry add(.param .u64 add_to, .param .u32 add_value, .param .u32 add_count)
{
    .reg .pred %p<2>; .reg .b32 %r<9>; .reg .b64 %d<5>;
    ld.param.u64 %d0, [add_to]; ld.param.u32 %r0, [add_value]; ld.param.u32 %r1, [add_count];
    mov.u32 %r2, %ctaid.x; mov.u32 %r3, %ntid.x; mov.u32 %r4, %tid.x; mad.lo.u32 %r2, %r2, %r3, %r4;
    setp.ge.u32 %p0, %r2, %r1; @%p0 exit;
    mul.wide.u32 %d1, %r2, 4; add.s64 %d0, %d0, %d1;
    ld.global.u32 %r5, [%d0]; add.u32 %r5, %r5, %r0; st.global.u32 [%d0], %r5;
    ret;
}
.visible .entry fails()
{
    trap;
}
";

/// Devices of the tests, by what they are for.
const COPIES: c_int = 0;
const STREAMS: c_int = 1;
const LIMITS: c_int = 2;
const FAULTS: c_int = 3;
const LOST: c_int = 4;
const DEVICES: c_int = 5;

struct Driver {
    library: libloading::Library,
}

macro_rules! calls {
    ($($name:ident($($argument:ident: $kind:ty),*);)*) => {
        #[allow(non_snake_case, clippy::too_many_arguments)]
        impl Driver {
            $(fn $name(&self, $($argument: $kind),*) -> u32 {
                // SAFETY: the types are those of cuda.h, and the tests give pointers to what they own.
                unsafe {
                    let call = self.library.get::<unsafe extern "C" fn($($kind),*) -> u32>(stringify!($name).as_bytes());
                    call.expect("the library has it")($($argument),*)
                }
            })*
        }
    };
}

calls! {
    cuInit(flags: c_uint);
    cuDeviceGetCount(count: *mut c_int);
    cuDeviceGetName(name: *mut c_char, room: c_int, device: c_int);
    cuDeviceGetUuid(uuid: *mut [u8; 16], device: c_int);
    cuDeviceGetAttribute(value: *mut c_int, attribute: c_uint, device: c_int);
    cuGetErrorName(code: u32, name: *mut *const c_char);
    cuDevicePrimaryCtxRetain(context: *mut *mut c_void, device: c_int);
    cuDevicePrimaryCtxReset_v2(device: c_int);
    cuCtxSetCurrent(context: *mut c_void);
    cuCtxSynchronize();
    cuMemGetInfo_v2(free: *mut usize, total: *mut usize);
    cuMemAlloc_v2(address: *mut u64, bytes: usize);
    cuMemFree_v2(address: u64);
    cuMemcpyHtoD_v2(to: u64, from: *const c_void, bytes: usize);
    cuMemcpyDtoH_v2(to: *mut c_void, from: u64, bytes: usize);
    cuMemcpyHtoDAsync_v2(to: u64, from: *const c_void, bytes: usize, stream: u64);
    cuMemcpyDtoHAsync_v2(to: *mut c_void, from: u64, bytes: usize, stream: u64);
    cuMemsetD32_v2(address: u64, value: u32, count: usize);
    cuMemHostAlloc(pointer: *mut *mut c_void, bytes: usize, flags: c_uint);
    cuMemFreeHost(pointer: *mut c_void);
    cuStreamCreate(stream: *mut u64, flags: c_uint);
    cuStreamSynchronize(stream: u64);
    cuStreamWaitEvent(stream: u64, event: u64, flags: c_uint);
    cuStreamDestroy_v2(stream: u64);
    cuEventCreate(event: *mut u64, flags: c_uint);
    cuEventRecord(event: u64, stream: u64);
    cuEventSynchronize(event: u64);
    cuEventElapsedTime(milliseconds: *mut f32, start: u64, end: u64);
    cuModuleLoadData(module: *mut u64, image: *const c_void);
    cuModuleUnload(module: u64);
    cuModuleGetFunction(function: *mut u64, module: u64, name: *const c_char);
    cuModuleGetGlobal_v2(address: *mut u64, bytes: *mut usize, module: u64, name: *const c_char);
    cuFuncSetAttribute(function: u64, attribute: c_uint, value: c_int);
    cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks: *mut c_int, function: u64, threads: c_int, bytes: usize);
    cuLaunchKernel(function: u64, gx: c_uint, gy: c_uint, gz: c_uint, bx: c_uint, by: c_uint, bz: c_uint, bytes: c_uint,
        stream: u64, parameters: *mut *mut c_void, extra: *mut *mut c_void);
}

fn driver() -> &'static Driver {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    DRIVER.get_or_init(|| {
        for (name, value) in [
            ("EMULATED_CUDA_DEVICES", "5"),
            ("EMULATED_CUDA_MEMORY", "65536"),
            ("EMULATED_CUDA_LOSE_DEVICE", "4"),
            ("EMULATED_CUDA_LOSE_AFTER", "1"),
        ] {
            // SAFETY: every test comes here first, and only one of them gets in.
            unsafe { std::env::set_var(name, value) };
        }
        let test = std::env::current_exe().expect("the test has a path");
        let file = test.parent().expect("a file is in a folder").join("libemulated_cuda.so");
        // SAFETY: it is the library of this package, built before the test.
        let library = unsafe { libloading::Library::new(&file) }.unwrap_or_else(|error| panic!("{file:?}: {error}"));
        let driver = Driver { library };
        assert_eq!(driver.cuInit(0), 0);
        driver
    })
}

/// The driver with the context of a device on this thread.
fn on(device: c_int) -> &'static Driver {
    let driver = driver();
    let mut context = std::ptr::null_mut();
    assert_eq!(driver.cuDevicePrimaryCtxRetain(&mut context, device), 0);
    assert_eq!(driver.cuCtxSetCurrent(context), 0);
    driver
}

fn allocated(driver: &Driver, bytes: usize) -> u64 {
    let mut address = 0;
    assert_eq!(driver.cuMemAlloc_v2(&mut address, bytes), 0);
    address
}

fn pinned(driver: &Driver, words: usize) -> &'static mut [u32] {
    let mut pointer = std::ptr::null_mut();
    assert_eq!(driver.cuMemHostAlloc(&mut pointer, 4 * words, 0), 0);
    // SAFETY: as much was allocated, for the rest of the process.
    unsafe { std::slice::from_raw_parts_mut(pointer.cast(), words) }
}

fn stream(driver: &Driver) -> u64 {
    let mut stream = 0;
    assert_eq!(driver.cuStreamCreate(&mut stream, 1), 0);
    stream
}

fn function(driver: &Driver, name: &CStr) -> (u64, u64) {
    let (mut module, mut function) = (0, 0);
    let text = CString::new(PTX).expect("it has no zero");
    assert_eq!(driver.cuModuleLoadData(&mut module, text.as_ptr().cast()), 0);
    assert_eq!(driver.cuModuleGetFunction(&mut function, module, name.as_ptr()), 0);
    (module, function)
}

fn add(driver: &Driver, function: u64, stream: u64, to: u64, value: u32, count: u32) -> u32 {
    let (mut to, mut value, mut count) = (to, value, count);
    let mut parameters: [*mut c_void; 3] = [(&raw mut to).cast(), (&raw mut value).cast(), (&raw mut count).cast()];
    let blocks = count.div_ceil(64);
    let extra = std::ptr::null_mut();
    driver.cuLaunchKernel(function, blocks, 1, 1, 64, 1, 1, 0, stream, parameters.as_mut_ptr(), extra)
}

fn words(driver: &Driver, address: u64, count: usize) -> (u32, Vec<u32>) {
    let mut words = vec![0_u32; count];
    let code = driver.cuMemcpyDtoH_v2(words.as_mut_ptr().cast(), address, 4 * count);
    (code, words)
}

#[test]
fn devices_are_counted_and_named_so_that_nobody_takes_them_for_hardware() {
    let driver = driver();
    let mut count = 0;
    assert_eq!((driver.cuDeviceGetCount(&mut count), count), (0, DEVICES));
    let mut name = [0; 32];
    assert_eq!(driver.cuDeviceGetName(name.as_mut_ptr(), 32, 2), 0);
    // SAFETY: the driver ended it with zero.
    assert_eq!(unsafe { CStr::from_ptr(name.as_ptr()) }, c"Emulated GPU 2");
    // What does not fit is cut, with its end.
    assert_eq!(driver.cuDeviceGetName(name.as_mut_ptr(), 9, 2), 0);
    // SAFETY: as above.
    assert_eq!(unsafe { CStr::from_ptr(name.as_ptr()) }, c"Emulated");
    let (mut first, mut second) = ([0; 16], [0; 16]);
    assert_eq!((driver.cuDeviceGetUuid(&mut first, 0), driver.cuDeviceGetUuid(&mut second, 1)), (0, 0));
    assert_ne!(first, second);
    let mut major = 0;
    assert_eq!((driver.cuDeviceGetAttribute(&mut major, 75, 0), major), (0, 8));
    assert_eq!(driver.cuDeviceGetAttribute(&mut major, 75, DEVICES), 101);
    let mut text = std::ptr::null();
    assert_eq!(driver.cuGetErrorName(700, &mut text), 0);
    // SAFETY: names of results are constants.
    assert_eq!(unsafe { CStr::from_ptr(text) }, c"CUDA_ERROR_ILLEGAL_ADDRESS");
    assert_eq!(driver.cuGetErrorName(12_345, &mut text), 1);
}

#[test]
fn a_thread_without_a_context_is_told_so() {
    let mut address = 0;
    assert_eq!(driver().cuMemAlloc_v2(&mut address, 16), 201);
}

#[test]
fn a_kernel_changes_what_was_copied_there_and_nothing_else() {
    let driver = on(COPIES);
    let (module, function) = function(driver, c"add");
    let values: Vec<u32> = (0..100).collect();
    let address = allocated(driver, 400);
    assert_eq!(driver.cuMemcpyHtoD_v2(address, values.as_ptr().cast(), 400), 0);
    assert_eq!(add(driver, function, 0, address, 7, 90), 0);
    let expected: Vec<u32> = (0..100).map(|value| if value < 90 { value + 7 } else { value }).collect();
    assert_eq!(words(driver, address, 100), (0, expected));
    let (mut constant, mut bytes) = (0, 0);
    assert_eq!(driver.cuModuleGetGlobal_v2(&mut constant, &mut bytes, module, c"constant".as_ptr()), 0);
    assert_eq!((words(driver, constant, 2), bytes), ((0, vec![40, 2]), 8));
    assert_eq!(driver.cuModuleUnload(module), 0);
    assert_eq!(add(driver, function, 0, address, 7, 90), 400, "the function went with its module");
    assert_eq!(driver.cuMemFree_v2(address), 0);
}

#[test]
fn what_a_stream_does_is_there_when_it_was_waited_for() {
    let driver = on(STREAMS);
    let (_, function) = function(driver, c"add");
    let (main, copies) = (stream(driver), stream(driver));
    let address = allocated(driver, 16);
    assert_eq!(driver.cuMemsetD32_v2(address, 5, 4), 0);
    assert_eq!(driver.cuCtxSynchronize(), 0);
    let held = pinned(driver, 4);
    held.fill(0);
    // A copy in another stream does not wait for the kernel by itself.
    assert_eq!(add(driver, function, main, address, 1, 4), 0);
    let to = held.as_mut_ptr().cast();
    assert_eq!(driver.cuMemcpyDtoHAsync_v2(to, address, 16, copies), 0);
    assert_eq!(held, [0; 4], "nobody waited yet");
    assert_eq!(driver.cuStreamSynchronize(copies), 0);
    assert_eq!(held, [5; 4], "the kernel is in another stream");
    // With an event it does.
    let (mut start, mut end) = (0, 0);
    assert_eq!((driver.cuEventCreate(&mut start, 0), driver.cuEventCreate(&mut end, 0)), (0, 0));
    assert_eq!(driver.cuEventRecord(start, main), 0);
    assert_eq!(add(driver, function, main, address, 1, 4), 0);
    assert_eq!(driver.cuEventRecord(end, main), 0);
    assert_eq!(driver.cuStreamWaitEvent(copies, end, 0), 0);
    assert_eq!(driver.cuMemcpyDtoHAsync_v2(to, address, 16, copies), 0);
    assert_eq!(driver.cuStreamSynchronize(copies), 0);
    assert_eq!(held, [7; 4]);
    let mut milliseconds = -1.0;
    assert_eq!(driver.cuEventSynchronize(end), 0);
    assert_eq!(driver.cuEventElapsedTime(&mut milliseconds, start, end), 0);
    assert!(milliseconds > 0.0);
    // A copy from pinned memory takes what is there when it runs.
    held.fill(100);
    assert_eq!(driver.cuMemcpyHtoDAsync_v2(address, held.as_ptr().cast(), 16, main), 0);
    held.fill(200);
    assert_eq!(driver.cuStreamSynchronize(main), 0);
    assert_eq!(words(driver, address, 4), (0, vec![200; 4]));
    assert_eq!(driver.cuMemFreeHost(held.as_mut_ptr().cast()), 0);
    assert_eq!(driver.cuStreamDestroy_v2(copies), 0);
    assert_eq!(driver.cuStreamSynchronize(copies), 400);
}

#[test]
fn what_a_device_does_not_have_is_refused() {
    let driver = on(LIMITS);
    let (_, function) = function(driver, c"add");
    let (mut free, mut total, mut address) = (0, 0, 0);
    assert_eq!(driver.cuMemGetInfo_v2(&mut free, &mut total), 0);
    assert_eq!(total, 65536);
    assert_eq!(driver.cuMemAlloc_v2(&mut address, free + 1), 2);
    assert_eq!(driver.cuMemAlloc_v2(&mut address, 0), 1);
    assert_eq!(driver.cuMemFree_v2(12_345), 1);
    let launch = |threads: u32, bytes: u32| {
        let (mut to, mut value) = (0_u64, 0_u32);
        let mut count = value;
        let mut parameters: [*mut c_void; 3] = [(&raw mut to).cast(), (&raw mut value).cast(), (&raw mut count).cast()];
        let extra = std::ptr::null_mut();
        driver.cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, bytes, 0, parameters.as_mut_ptr(), extra)
    };
    assert_eq!((launch(1024, 0), launch(1025, 0)), (0, 1));
    // More than 48 KiB of a block's memory only after asking for it.
    assert_eq!((launch(32, 48 << 10), launch(32, 64 << 10)), (0, 1));
    assert_eq!(driver.cuFuncSetAttribute(function, 8, 64 << 10), 0);
    assert_eq!((launch(32, 64 << 10), launch(32, 65 << 10)), (0, 1));
    assert_eq!(driver.cuFuncSetAttribute(function, 8, 200 << 10), 1);
    let mut blocks = 0;
    assert_eq!(driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(&mut blocks, function, 256, 50 << 10), 0);
    assert_eq!(blocks, 3, "164 KiB of memory, 51 KiB a block");
    assert_eq!(driver.cuCtxSynchronize(), 0);
    let mut module = 0;
    assert_eq!(
        driver.cuModuleLoadData(&mut module, c".version 7.0\n.target sm_90\n.address_size 64\n".as_ptr().cast()),
        218
    );
    assert_eq!(driver.cuModuleLoadData(&mut module, c"no PTX".as_ptr().cast()), 218);
}

#[test]
fn a_kernel_that_fails_leaves_its_context_lost_until_it_is_reset() {
    let driver = on(FAULTS);
    let (_, trapping) = function(driver, c"fails");
    let extra = std::ptr::null_mut();
    assert_eq!(driver.cuLaunchKernel(trapping, 1, 1, 1, 1, 1, 1, 0, 0, std::ptr::null_mut(), extra), 0);
    assert_eq!(driver.cuCtxSynchronize(), 719);
    let mut address = 0;
    assert_eq!(driver.cuMemAlloc_v2(&mut address, 16), 719, "every call says it");
    assert_eq!(driver.cuDevicePrimaryCtxReset_v2(FAULTS), 0);
    let (_, adding) = function(driver, c"add");
    let address = allocated(driver, 16);
    assert_eq!(add(driver, adding, 0, address, 1, 5), 0);
    assert_eq!(driver.cuCtxSynchronize(), 700, "the fifth word is outside");
    assert_eq!(driver.cuDevicePrimaryCtxReset_v2(FAULTS), 0);
}

#[test]
fn a_device_is_lost_once_when_that_is_asked_for() {
    let driver = on(LOST);
    let address = allocated(driver, 16);
    let (_, adding) = function(driver, c"add");
    assert_eq!(add(driver, adding, 0, address, 1, 4), 0);
    assert_eq!(driver.cuCtxSynchronize(), 0);
    assert_eq!(add(driver, adding, 0, address, 1, 4), 0);
    assert_eq!(driver.cuCtxSynchronize(), 700);
    assert_eq!(driver.cuDevicePrimaryCtxReset_v2(LOST), 0);
    let address = allocated(driver, 16);
    let (_, adding) = function(driver, c"add");
    for _ in 0..3 {
        assert_eq!(add(driver, adding, 0, address, 1, 4), 0);
    }
    assert_eq!(driver.cuCtxSynchronize(), 0);
}

#[test]
fn memory_is_never_zero_by_luck() {
    let driver = on(COPIES);
    let address = allocated(driver, 64);
    assert_ne!(words(driver, address, 16).1, vec![0; 16]);
    assert!(pinned(driver, 4).iter().all(|word| *word != 0));
}
