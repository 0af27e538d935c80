//! Memory of a card, and page-locked memory of the host.
//!
//! Both are zero when they are handed out, and are zeroed again before the driver gets them back, so that no job finds
//! what another one left.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use gpu::Pointer;

use crate::context::{Context, Event};
use crate::error::GpuError;

/// What can lie in a card's memory.
///
/// # Safety
/// Every pattern of bits is a value, and it holds no address of the host.
pub unsafe trait Plain: Copy + 'static {}

macro_rules! plain {
    ($($kind:ty)*) => {
        $(
            // SAFETY: a number.
            unsafe impl Plain for $kind {}
        )*
    };
}

plain!(u8 i8 u16 i16 u32 i32 u64 i64 f32 f64);

// SAFETY: its items are.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}
// SAFETY: a number.
unsafe impl<T: 'static> Plain for Pointer<T> {}

/// Bytes of so many values.
pub(crate) fn bytes_of<T>(count: usize) -> Result<u64, GpuError> {
    let bytes = count.checked_mul(size_of::<T>()).filter(|&bytes| bytes <= isize::MAX as usize);
    bytes.map(|bytes| bytes as u64).ok_or_else(|| GpuError::Failed(format!("{count} values are more than any memory")))
}

/// Memory of a card, wiped before it is given back.
pub(crate) struct Allocation {
    pub(crate) context: Arc<Context>,
    pub(crate) address: u64,
    bytes: u64,
}

impl Allocation {
    fn new(context: &Arc<Context>, bytes: u64) -> Result<Allocation, GpuError> {
        // The driver refuses to allocate nothing.
        let bytes = bytes.max(1);
        let address = context.allocate(bytes)?;
        Ok(Allocation { context: context.clone(), address, bytes })
    }

    /// Zeros all of it, and waits: the driver may give freed memory away before the streams have done what was asked.
    fn wipe(&self) -> Result<(), GpuError> {
        // SAFETY: it is live until its `drop` is done.
        unsafe { self.context.zero(self.address, self.bytes)? };
        self.context.wait(self.context.main)
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        if let Err(error) = self.wipe() {
            // After a loss the memory is out of reach; the driver clears a context's memory when it ends.
            tracing::warn!(device = self.context.info.ordinal, bytes = self.bytes, "memory was not wiped: {error}");
        }
        // SAFETY: it was allocated so, and this is its end: transfers hold it by an `Arc` until they are done.
        if let Err(error) = unsafe { self.context.free(self.address, self.bytes) } {
            tracing::debug!(device = self.context.info.ordinal, bytes = self.bytes, "memory was not freed: {error}");
        }
    }
}

/// Values in a card's memory.
pub struct Buffer<T> {
    pub(crate) memory: Arc<Allocation>,
    length: usize,
    of: PhantomData<T>,
}

// SAFETY: the values are plain, and the driver's calls may come from any thread.
unsafe impl<T: Plain> Send for Buffer<T> {}
// SAFETY: as above.
unsafe impl<T: Plain> Sync for Buffer<T> {}

impl<T: Plain> Buffer<T> {
    pub(crate) fn new(context: &Arc<Context>, count: usize) -> Result<Buffer<T>, GpuError> {
        let memory = Allocation::new(context, bytes_of::<T>(count)?)?;
        Ok(Buffer { memory: Arc::new(memory), length: count, of: PhantomData })
    }
}

impl<T> Buffer<T> {
    /// Where it lies; for a kernel's arguments. Valid while the buffer lives.
    pub fn pointer(&self) -> Pointer<T> {
        Pointer::new(self.memory.address)
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The address of a range of it, and its bytes; an error that names the range if it is not inside.
    pub(crate) fn part(&self, at: usize, count: usize) -> Result<(u64, usize), GpuError> {
        match at.checked_add(count) {
            Some(end) if end <= self.length => {
                Ok((self.memory.address + (at * size_of::<T>()) as u64, count * size_of::<T>()))
            }
            _ => Err(GpuError::Failed(format!("{count} values at {at} of a buffer of {}", self.length))),
        }
    }
}

/// Values in page-locked memory of the host: what copies beside the kernels need.
pub struct Pinned<T> {
    context: Arc<Context>,
    values: *mut T,
    length: usize,
}

// SAFETY: it owns its memory alone.
unsafe impl<T: Plain> Send for Pinned<T> {}
// SAFETY: shared, it only gives out shared references.
unsafe impl<T: Plain> Sync for Pinned<T> {}

impl<T: Plain> Pinned<T> {
    pub(crate) fn new(context: &Arc<Context>, count: usize) -> Result<Pinned<T>, GpuError> {
        let bytes = bytes_of::<T>(count)?.max(1);
        context.enter()?;
        let mut address: *mut c_void = std::ptr::null_mut();
        // SAFETY: writes one address.
        let code = unsafe { (context.driver.host_allocate)(&mut address, bytes as usize, 0) };
        match context.check("cuMemHostAlloc", code) {
            Err(GpuError::OutOfMemory { .. }) => {
                Err(GpuError::Failed(format!("the host has no {bytes} bytes of memory to lock; see `ulimit -l`")))
            }
            other => other,
        }?;
        // SAFETY: page-aligned, of that size, and ours; zeros are values of every plain type.
        unsafe { address.write_bytes(0, bytes as usize) };
        Ok(Pinned { context: context.clone(), values: address.cast(), length: count })
    }
}

impl<T> Deref for Pinned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the memory holds that many values, and a copy into it owns it until the copy is done.
        unsafe { std::slice::from_raw_parts(self.values, self.length) }
    }
}

impl<T> DerefMut for Pinned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.values, self.length) }
    }
}

impl<T> Drop for Pinned<T> {
    fn drop(&mut self) {
        // SAFETY: the memory is ours, of that size, and given back once.
        let code = unsafe {
            self.values.write_bytes(0, self.length);
            let entered = self.context.enter();
            entered.map(|()| (self.context.driver.host_free)(self.values.cast()))
        };
        if let Ok(code @ 1..) = code {
            tracing::debug!("page-locked memory was not freed: {}", self.context.driver.text(code));
        }
    }
}

/// A copy under way; it owns the host's memory until it is done, and keeps the card's alive.
///
/// Dropped, it waits.
#[must_use = "dropped, it waits for the copy"]
pub struct Transfer<T: Plain> {
    pinned: Option<Pinned<T>>,
    done: Event,
    /// Held so that the card's memory is not wiped under the copy.
    _memory: Arc<Allocation>,
}

impl<T: Plain> Transfer<T> {
    pub(crate) fn new(pinned: Pinned<T>, done: Event, memory: Arc<Allocation>) -> Transfer<T> {
        Transfer { pinned: Some(pinned), done, _memory: memory }
    }

    /// Whether the copy is done, without waiting.
    pub fn is_done(&self) -> Result<bool, GpuError> {
        self.done.is_reached()
    }

    /// Waits for the copy and hands the memory back.
    pub fn wait(mut self) -> Result<Pinned<T>, GpuError> {
        self.done.wait()?;
        self.pinned.take().ok_or_else(|| GpuError::Failed("the copy was waited for before".into()))
    }
}

impl<T: Plain> Drop for Transfer<T> {
    fn drop(&mut self) {
        if let Some(pinned) = self.pinned.take() {
            match self.done.wait() {
                Ok(()) => {}
                // A lost card copies no more.
                Err(GpuError::Lost(_)) => {}
                // Not known to be done: memory that may still be written is never given back.
                Err(_) => std::mem::forget(pinned),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Device;

    #[test]
    fn memory_is_zero_before_the_driver_gets_it_back() {
        let device = match Device::open(0) {
            Ok(device) => device,
            Err(error) => return eprintln!("skipped: no CUDA device ({error})"),
        };
        let count = 4096;
        let secret = vec![0x5ec2_e700_u32; count];
        let buffer = device.upload(&secret).unwrap();
        assert_eq!(device.download(&buffer).unwrap(), secret);
        buffer.memory.wipe().unwrap();
        assert_eq!(device.download(&buffer).unwrap(), vec![0; count], "what `drop` does first");

        // And through the driver: what it hands out again as it is holds nothing of the buffer.
        let mut buffer = buffer;
        device.write(&mut buffer, 0, &secret).unwrap();
        drop(buffer);
        let context = device.context();
        let raw = Allocation::new(context, (count * 4) as u64).unwrap();
        let again = Buffer::<u32> { memory: Arc::new(raw), length: count, of: PhantomData };
        let found = device.download(&again).unwrap();
        assert!(!found.contains(&0x5ec2_e700), "freed memory still holds the values");
    }

    #[test]
    fn more_bytes_than_an_address_can_count_are_refused() {
        assert!(bytes_of::<u64>(usize::MAX / 4).is_err());
        assert_eq!(bytes_of::<u64>(4), Ok(32));
    }
}
