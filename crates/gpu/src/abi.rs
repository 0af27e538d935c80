//! What host and device agree on: how a kernel is named, what it is given, and what an address is.
//!
//! A kernel takes one argument, a `repr(C)` struct of plain numbers and [`Pointer`]s, by value.

use core::marker::PhantomData;

/// An entry point of the PTX.
pub trait Kernel {
    /// The one argument, `repr(C)`, without padding that matters.
    type Arguments: Copy;
    /// Name of the entry point.
    const NAME: &'static core::ffi::CStr;
    /// Threads of a block.
    const THREADS: u32;
}

/// An address in the device's memory, of `T`s.
#[repr(transparent)]
pub struct Pointer<T> {
    address: u64,
    of: PhantomData<*mut T>,
}

// SAFETY: it is a number until a kernel or a driver call uses it, which is where the caller answers for it.
unsafe impl<T> Send for Pointer<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Pointer<T> {}

impl<T> Clone for Pointer<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Pointer<T> {}

impl<T> Pointer<T> {
    /// No memory; for an argument that a launch does not use.
    pub const NULL: Pointer<T> = Pointer::new(0);

    /// The address as the driver gave it.
    pub const fn new(address: u64) -> Self {
        Pointer { address, of: PhantomData }
    }

    /// The address.
    pub const fn address(self) -> u64 {
        self.address
    }

    /// The address `count` values further on.
    #[must_use]
    pub const fn offset(self, count: u64) -> Self {
        Pointer::new(self.address + count * size_of::<T>() as u64)
    }

    /// As the device uses it.
    #[cfg(target_arch = "nvptx64")]
    #[inline(always)]
    pub fn get(self) -> *mut T {
        self.address as *mut T
    }
}
