//! One card: memory, copies, launches, waiting, timing.
//!
//! A [`Device`] is a warm context with the PTX loaded and one main stream; what is asked of it happens in the order it
//! was asked, except [`Device::read_async`], whose copy runs beside the kernels that follow. Several devices share
//! nothing. It can be used from any thread, and is meant to have one of its own ([`pool`](crate::pool)).

use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use cudarc::driver::sys;
use gpu::Kernel;

use crate::context::Context;
use crate::error::GpuError;
use crate::info::DeviceInfo;
use crate::memory::{Buffer, Pinned, Plain, Transfer};

/// Most bytes of arguments that a PTX kernel takes.
const ARGUMENT_BYTES: usize = 4096;
/// Most blocks of a grid along x and along y.
const BLOCKS: (u32, u32) = (0x7fff_ffff, 0xffff);

/// A card; clones are handles of the same one.
#[derive(Clone)]
pub struct Device {
    context: Arc<Context>,
}

/// What a kernel takes of a multiprocessor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Registers of a thread.
    pub registers: u32,
    /// Bytes of memory of a thread: its stack, and what did not fit into registers.
    pub local_bytes: u32,
    /// Bytes of block memory that the kernel has whatever the launch says.
    pub block_bytes: u32,
}

impl Device {
    /// Opens a card by its ordinal, with the PTX of its family.
    pub fn open(ordinal: u32) -> Result<Device, GpuError> {
        Ok(Device { context: Context::open(ordinal, None)? })
    }

    /// Opens a card with other PTX that has the same kernels: what another way to compile them costs or gains.
    pub fn open_with_ptx(ordinal: u32, ptx: &str) -> Result<Device, GpuError> {
        Ok(Device { context: Context::open(ordinal, Some(ptx))? })
    }

    /// The card.
    pub fn info(&self) -> &DeviceInfo {
        &self.context.info
    }

    /// Why the card is lost, if it is: then every call fails, and it must be opened anew, once everything that holds it
    /// is dropped (devices, buffers, page-locked memory). After some faults a driver gives the card only to a new
    /// process.
    pub fn lost(&self) -> Option<&str> {
        self.context.lost()
    }

    /// The main stream, for a library that works beside the kernels; its context is current on this thread afterwards.
    pub fn stream(&self) -> Result<sys::CUstream, GpuError> {
        self.context.enter()?;
        Ok(self.context.main)
    }

    #[cfg(test)]
    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Memory for so many values, zeroed.
    pub fn allocate<T: Plain>(&self, count: usize) -> Result<Buffer<T>, GpuError> {
        let mut buffer = Buffer::new(&self.context, count)?;
        self.clear(&mut buffer)?;
        Ok(buffer)
    }

    /// Memory that holds these values.
    pub fn upload<T: Plain>(&self, values: &[T]) -> Result<Buffer<T>, GpuError> {
        let mut buffer = Buffer::new(&self.context, values.len())?;
        self.write(&mut buffer, 0, values)?;
        Ok(buffer)
    }

    /// Writes values from index `at` on, and waits.
    pub fn write<T: Plain>(&self, to: &mut Buffer<T>, at: usize, values: &[T]) -> Result<(), GpuError> {
        let (address, bytes) = self.own(to)?.part(at, values.len())?;
        if bytes == 0 {
            return Ok(());
        }
        self.context.enter()?;
        // SAFETY: the range is inside the buffer, and the values are there until the wait below is over.
        let code =
            unsafe { (self.context.driver.copy_to_device)(address, values.as_ptr().cast(), bytes, self.context.main) };
        self.context.check("cuMemcpyHtoDAsync", code)?;
        self.synchronize()
    }

    /// Writes all of a page-locked memory from index `at` on, in the order of the main stream, without waiting.
    pub fn write_async<T: Plain>(
        &self,
        to: &mut Buffer<T>,
        at: usize,
        values: Pinned<T>,
    ) -> Result<Transfer<T>, GpuError> {
        let (address, bytes) = self.own(to)?.part(at, values.len())?;
        let done = self.context.event(false)?;
        let main = self.context.main;
        // SAFETY: the range is inside the buffer; the transfer owns the values until the event behind the copy.
        let code = unsafe { (self.context.driver.copy_to_device)(address, values.as_ptr().cast(), bytes, main) };
        let copied = self.context.check("cuMemcpyHtoDAsync", code).and_then(|()| done.record(main));
        self.begun(copied, Transfer::new(values, done, to.memory.clone()))
    }

    /// All values, when all that was asked before is done.
    pub fn download<T: Plain>(&self, buffer: &Buffer<T>) -> Result<Vec<T>, GpuError> {
        let mut values = Vec::with_capacity(buffer.len());
        self.read_into(buffer, 0, buffer.len(), values.as_mut_ptr())?;
        // SAFETY: the capacity is that, and the copy has filled it.
        unsafe { values.set_len(buffer.len()) };
        Ok(values)
    }

    /// The values of a range into a slice of its length, when all that was asked before is done.
    pub fn read<T: Plain>(&self, buffer: &Buffer<T>, range: Range<usize>, to: &mut [T]) -> Result<(), GpuError> {
        if range.len() != to.len() {
            return Err(GpuError::Failed(format!("{} values of a buffer into {}", range.len(), to.len())));
        }
        self.read_into(buffer, range.start, to.len(), to.as_mut_ptr())
    }

    fn read_into<T: Plain>(&self, from: &Buffer<T>, at: usize, count: usize, to: *mut T) -> Result<(), GpuError> {
        let (address, bytes) = self.own(from)?.part(at, count)?;
        if bytes == 0 {
            return self.synchronize();
        }
        self.context.enter()?;
        // SAFETY: the range is inside the buffer, and `to` has room for it until the wait below is over.
        let code = unsafe { (self.context.driver.copy_to_host)(to.cast(), address, bytes, self.context.main) };
        self.context.check("cuMemcpyDtoHAsync", code)?;
        self.synchronize()
    }

    /// Copies the values from index `at` on into all of a page-locked memory: after all that was asked before, beside
    /// what is asked afterwards. Until it is done, nothing may write the range of the buffer, or it reads some of each.
    pub fn read_async<T: Plain>(
        &self,
        from: &Buffer<T>,
        at: usize,
        mut to: Pinned<T>,
    ) -> Result<Transfer<T>, GpuError> {
        let (address, bytes) = self.own(from)?.part(at, to.len())?;
        let transfers = self.context.transfers;
        let before = self.context.event(false)?;
        before.record(self.context.main)?;
        before.hold(transfers)?;
        let done = self.context.event(false)?;
        // SAFETY: the range is inside the buffer; the transfer owns `to` until the event, which lies behind the copy.
        let code = unsafe { (self.context.driver.copy_to_host)(to.as_mut_ptr().cast(), address, bytes, transfers) };
        let copied = self.context.check("cuMemcpyDtoHAsync", code).and_then(|()| done.record(transfers));
        self.begun(copied, Transfer::new(to, done, from.memory.clone()))
    }

    /// A transfer that began; if it did not, its memory is given back only when both streams are known to be idle.
    fn begun<T: Plain>(&self, begun: Result<(), GpuError>, transfer: Transfer<T>) -> Result<Transfer<T>, GpuError> {
        match begun {
            Ok(()) => Ok(transfer),
            Err(error) => {
                let idle = self.context.wait(self.context.transfers).and_then(|()| self.synchronize());
                if matches!(idle, Ok(()) | Err(GpuError::Lost(_))) {
                    drop(transfer);
                } else {
                    std::mem::forget(transfer);
                }
                Err(error)
            }
        }
    }

    /// Copies values on the card, in the order of the main stream.
    pub fn copy<T: Plain>(
        &self,
        from: &Buffer<T>,
        range: Range<usize>,
        to: &mut Buffer<T>,
        at: usize,
    ) -> Result<(), GpuError> {
        let (source, bytes) = self.own(from)?.part(range.start, range.len())?;
        let (target, _) = self.own(to)?.part(at, range.len())?;
        if bytes == 0 {
            return Ok(());
        }
        self.context.enter()?;
        // SAFETY: both ranges are inside their buffers, which are two.
        let code = unsafe { (self.context.driver.copy_on_device)(target, source, bytes, self.context.main) };
        self.context.check("cuMemcpyDtoDAsync", code)
    }

    /// Zeros all values, in the order of the main stream.
    pub fn clear<T: Plain>(&self, buffer: &mut Buffer<T>) -> Result<(), GpuError> {
        let (address, bytes) = self.own(buffer)?.part(0, buffer.len())?;
        if bytes == 0 {
            return Ok(());
        }
        // SAFETY: it is the buffer.
        unsafe { self.context.zero(address, bytes as u64) }
    }

    /// Page-locked memory of the host for so many values, zeroed.
    pub fn pinned<T: Plain>(&self, count: usize) -> Result<Pinned<T>, GpuError> {
        Pinned::new(&self.context, count)
    }

    /// Starts a kernel on a grid of blocks (x, y), each of `K::THREADS` threads and with `block_memory` bytes, in the
    /// order of the main stream, and does not wait. A grid without blocks is nothing to do.
    ///
    /// # Safety
    /// The pointers among the arguments are of this device's live buffers, as large as the kernel's documentation asks
    /// for these arguments, and stay so until the kernel is done. A kernel that is given others writes over whatever is
    /// there, page-locked memory of this process included.
    pub unsafe fn launch<K: Kernel>(
        &self,
        _kernel: K,
        blocks: (u32, u32),
        block_memory: u32,
        arguments: &K::Arguments,
    ) -> Result<(), GpuError> {
        const { assert!(size_of::<K::Arguments>() <= ARGUMENT_BYTES) };
        let name = || K::NAME.to_string_lossy();
        if blocks.0 > BLOCKS.0 || blocks.1 > BLOCKS.1 {
            return Err(GpuError::Failed(format!("kernel {} has no grid of {} x {}", name(), blocks.0, blocks.1)));
        }
        let function = self.context.function(K::NAME, block_memory)?;
        if K::THREADS > function.threads {
            return Err(GpuError::Failed(format!(
                "kernel {} has blocks of {} threads, on {} its registers allow {}",
                name(),
                K::THREADS,
                self.info().name,
                function.threads
            )));
        }
        if blocks.0 == 0 || blocks.1 == 0 {
            return Ok(());
        }
        let mut parameters = [std::ptr::from_ref(arguments).cast_mut().cast::<c_void>()];
        // SAFETY: the driver copies the arguments, whose type is the kernel's, before it returns; what they point to is
        // the caller's to answer for.
        let code = unsafe {
            (self.context.driver.launch)(
                function.handle,
                blocks.0,
                blocks.1,
                1,
                K::THREADS,
                1,
                1,
                block_memory,
                self.context.main,
                parameters.as_mut_ptr(),
                std::ptr::null_mut(),
            )
        };
        self.context.check("cuLaunchKernel", code)
    }

    /// How many blocks of a kernel one multiprocessor runs at once.
    pub fn blocks_per_multiprocessor<K: Kernel>(&self, _kernel: K, block_memory: u32) -> Result<u32, GpuError> {
        let function = self.context.function(K::NAME, block_memory)?;
        let mut blocks: c_int = 0;
        // SAFETY: writes one number.
        let code = unsafe {
            (self.context.driver.function_occupancy)(
                &mut blocks,
                function.handle,
                K::THREADS as c_int,
                block_memory as usize,
            )
        };
        self.context.check("cuOccupancyMaxActiveBlocksPerMultiprocessor", code)?;
        Ok(u32::try_from(blocks).unwrap_or(0))
    }

    /// What the driver's compiler made of a kernel.
    pub fn resources<K: Kernel>(&self, _kernel: K) -> Result<Resources, GpuError> {
        let function = self.context.function(K::NAME, 0)?;
        Ok(Resources {
            block_bytes: self.context.attribute(function.handle, 1)?,
            local_bytes: self.context.attribute(function.handle, 3)?,
            registers: self.context.attribute(function.handle, 4)?,
        })
    }

    /// Waits for all that was asked of the main stream.
    pub fn synchronize(&self) -> Result<(), GpuError> {
        self.context.wait(self.context.main)
    }

    /// Time that the card spends from the first to the last thing that `work` asks of the main stream.
    pub fn time(&self, work: impl FnOnce() -> Result<(), GpuError>) -> Result<Duration, GpuError> {
        let (begin, end) = (self.context.event(true)?, self.context.event(true)?);
        begin.record(self.context.main)?;
        work()?;
        end.record(self.context.main)?;
        end.wait()?;
        Ok(Duration::from_secs_f64(f64::from(end.milliseconds_since(&begin)?.max(0.0)) / 1e3))
    }

    /// Free bytes of the card's memory.
    pub fn free_bytes(&self) -> Result<u64, GpuError> {
        self.context.enter()?;
        self.context.free_bytes()
    }

    /// Bytes that the live buffers of this device hold.
    pub fn allocated_bytes(&self) -> u64 {
        self.context.allocated()
    }

    /// The buffer, if it is this device's.
    pub(crate) fn own<'a, T>(&self, buffer: &'a Buffer<T>) -> Result<&'a Buffer<T>, GpuError> {
        if Arc::ptr_eq(&self.context, &buffer.memory.context) {
            Ok(buffer)
        } else {
            Err(GpuError::Failed(format!("a buffer of another device than {}", self.info().uuid)))
        }
    }
}
