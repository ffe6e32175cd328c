//! Anonymous private memory outside the host's heap, left out of core dumps.
#![expect(unsafe_code, reason = "mmap and what goes with it")]

use std::io;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mlock, mmap_anonymous, munmap};

/// A mapping of its own, readable and writable, zero at first, page aligned.
pub(crate) struct Mapping {
    start: NonNull<std::ffi::c_void>,
    len: NonZeroUsize,
}

impl Mapping {
    /// Maps `len` bytes that are not dumped.
    pub(crate) fn new(len: NonZeroUsize) -> io::Result<Self> {
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: an anonymous mapping at an address of the kernel's choice touches nothing else.
        let start = unsafe { mmap_anonymous(None, len, protection, MapFlags::MAP_PRIVATE) }?;
        let mapping = Self { start, len };
        mapping.advise(MmapAdvise::MADV_DONTDUMP)?;
        Ok(mapping)
    }

    /// Makes a forked child see zeros here.
    pub(crate) fn wipe_on_fork(&self) -> io::Result<()> {
        self.advise(MmapAdvise::MADV_WIPEONFORK)
    }

    /// Keeps the memory out of swap, where the limit on locked memory allows it.
    pub(crate) fn lock(&self) -> io::Result<()> {
        if cfg!(miri) {
            return Ok(());
        }
        // SAFETY: the range is this mapping's own.
        Ok(unsafe { mlock(self.start, self.len.get()) }?)
    }

    fn advise(&self, advice: MmapAdvise) -> io::Result<()> {
        // An interpreter without a kernel has nothing to advise.
        if cfg!(miri) {
            return Ok(());
        }
        // SAFETY: the range is this mapping's own, and none of the advices used discards it.
        Ok(unsafe { madvise(self.start, self.len.get(), advice) }?)
    }

    /// The memory as values of a type for which all zeros, and all bytes ever written through
    /// this slice, are valid.
    ///
    /// # Safety
    /// `T` must be valid for any bytes and need no more than page alignment.
    pub(crate) unsafe fn slice<T>(&self) -> &[T] {
        let count = self.len.get() / size_of::<T>();
        // SAFETY: the mapping is readable, aligned to a page, lives as long as `self`, and holds
        // `count` values that are valid whatever their bytes.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), count) }
    }

    /// As [`Mapping::slice`], to write.
    ///
    /// # Safety
    /// As for [`Mapping::slice`].
    pub(crate) unsafe fn slice_mut<T>(&mut self) -> &mut [T] {
        let count = self.len.get() / size_of::<T>();
        // SAFETY: as in `slice`; `&mut self` makes it the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr().cast(), count) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own and nothing borrows it any more. It cannot fail
        // for a range that was mapped whole, and there is nothing to do if it did.
        let _ = unsafe { munmap(self.start, self.len.get()) };
    }
}

// SAFETY: a mapping is plain memory owned by this value alone.
unsafe impl Send for Mapping {}
