//! Memory set aside for when the system has none to give.
//!
//! Rust ends the process where an allocation fails, and a module's process is `login`, a display
//! manager, a locker. With [`Reserve`] as its allocator a module goes on out of a reserve that came
//! with its own mapping, far enough to say no: before work that takes more it asks
//! [`is_to_spare`].
#![expect(unsafe_code, reason = "an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes set aside. They cost nothing before they are used.
const SIZE: usize = 512 * 1024;

/// The system's allocator, and the reserve behind it. What a thread takes from the reserve is free
/// again at once if it was taken last, else when nothing of the reserve is in use any more.
#[derive(Clone, Copy, Debug)]
pub struct Reserve;

/// Whether the system gives so many bytes in one piece at this moment. They are given back.
#[must_use]
pub fn is_to_spare(bytes: usize) -> bool {
    let Ok(layout) = Layout::from_size_align(bytes.max(1), 16) else {
        return false;
    };
    // SAFETY: the layout has a size.
    let taken = unsafe { System.alloc(layout) };
    // Or the compiler takes it for had, and leaves out the asking.
    let taken = black_box(taken);
    if taken.is_null() {
        return false;
    }
    // SAFETY: it came from the same allocator with the same layout.
    unsafe { System.dealloc(taken, layout) };
    true
}

static POOL: Pool<SIZE> = Pool::new();

// SAFETY: memory comes from the system's allocator or from the pool, whose pieces do not overlap,
// and goes back to where it came from, which its address tells.
unsafe impl GlobalAlloc for Reserve {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let memory = unsafe { System.alloc(layout) };
        if memory.is_null() {
            return POOL.take(layout);
        }
        memory
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let memory = unsafe { System.alloc_zeroed(layout) };
        if !memory.is_null() {
            return memory;
        }
        let memory = POOL.take(layout);
        if !memory.is_null() {
            // SAFETY: the piece has the size of the layout.
            unsafe { memory.write_bytes(0, layout.size()) };
        }
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if POOL.owns(memory) {
            POOL.give_back(memory, layout);
        } else {
            // SAFETY: the caller's promise; it is not the pool's.
            unsafe { System.dealloc(memory, layout) };
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if !POOL.owns(memory) {
            // SAFETY: the caller's promise; it is not the pool's.
            let moved = unsafe { System.realloc(memory, layout, size) };
            if !moved.is_null() {
                return moved;
            }
        }
        // SAFETY: the caller promises a size that is not zero and, rounded up, no overflow.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: as above.
        let moved = unsafe { self.alloc(new) };
        if !moved.is_null() {
            let both = layout.size().min(size);
            // SAFETY: both have so many bytes, and they are two pieces.
            unsafe { ptr::copy_nonoverlapping(memory, moved, both) };
            // SAFETY: the caller's promise; it is not used any more.
            unsafe { self.dealloc(memory, layout) };
        }
        moved
    }
}

/// Takes from the front of its memory, piece by piece.
#[repr(align(64))]
struct Pool<const N: usize> {
    memory: UnsafeCell<[u8; N]>,
    /// How many pieces are in use, and from where on the memory is free.
    used: AtomicU64,
}

// SAFETY: the memory is handed out in pieces that do not overlap, each to one owner; the pool
// itself never looks into it.
unsafe impl<const N: usize> Sync for Pool<N> {}

#[derive(Clone, Copy)]
struct Used {
    pieces: u32,
    end: u32,
}

impl Used {
    fn of(word: u64) -> Self {
        Self {
            pieces: (word >> 32) as u32,
            end: word as u32,
        }
    }

    fn word(self) -> u64 {
        u64::from(self.pieces) << 32 | u64::from(self.end)
    }
}

impl<const N: usize> Pool<N> {
    const fn new() -> Self {
        assert!(N < u32::MAX as usize);
        Self {
            memory: UnsafeCell::new([0; N]),
            used: AtomicU64::new(0),
        }
    }

    fn start(&self) -> *mut u8 {
        self.memory.get().cast()
    }

    fn owns(&self, memory: *mut u8) -> bool {
        (self.start().addr()..self.start().addr() + N).contains(&memory.addr())
    }

    /// A piece of its own, or null.
    fn take(&self, layout: Layout) -> *mut u8 {
        let mut from = 0;
        let taken = self.change(|used| {
            let behind = self.start().addr() + used.end as usize;
            from = behind.checked_next_multiple_of(layout.align())? - self.start().addr();
            let end = from.checked_add(layout.size()).filter(|end| *end <= N)?;
            Some(Used {
                pieces: used.pieces.checked_add(1)?,
                end: u32::try_from(end).ok()?,
            })
        });
        if !taken {
            return ptr::null_mut();
        }
        // SAFETY: `from` lies in the memory.
        unsafe { self.start().add(from) }
    }

    fn give_back(&self, memory: *mut u8, layout: Layout) {
        let from = memory.addr() - self.start().addr();
        self.change(|used| {
            let pieces = used.pieces.checked_sub(1)?;
            let last = from + layout.size() == used.end as usize;
            let end = match (pieces, last) {
                (0, _) => 0,
                (_, true) => u32::try_from(from).ok()?,
                (_, false) => used.end,
            };
            Some(Used { pieces, end })
        });
    }

    fn change(&self, mut to: impl FnMut(Used) -> Option<Used>) -> bool {
        let change = |word| to(Used::of(word)).map(Used::word);
        let (acquire, release) = (Ordering::Acquire, Ordering::AcqRel);
        self.used.fetch_update(release, acquire, change).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn pieces_lie_beside_each_other_aligned_and_end_where_the_pool_ends() {
        let pool = Pool::<256>::new();
        let one = pool.take(layout(3, 1));
        let two = pool.take(layout(64, 64));
        assert_eq!((two.addr() - one.addr(), two.addr() % 64), (64, 0));
        assert!(pool.owns(one) && pool.owns(two));
        assert!(pool.take(layout(129, 1)).is_null());
        assert!(!pool.take(layout(128, 1)).is_null());
        assert!(pool.take(layout(1, 1)).is_null());
        assert!(pool.take(layout(usize::MAX / 2, 1)).is_null());
    }

    #[test]
    fn what_was_taken_last_is_free_at_once_and_everything_with_the_last_piece() {
        let pool = Pool::<256>::new();
        let (half, most) = (layout(128, 1), layout(100, 1));
        let one = pool.take(half);
        let two = pool.take(most);
        pool.give_back(two, most);
        assert_eq!(pool.take(most), two);
        pool.give_back(one, half);
        assert!(pool.take(half).is_null(), "one lies below what is in use");
        pool.give_back(two, most);
        assert_eq!(pool.take(layout(256, 1)), one);
    }

    #[test]
    fn threads_get_pieces_of_their_own() {
        let pool = Pool::<{ 64 * 1024 }>::new();
        let piece = layout(64, 8);
        std::thread::scope(|scope| {
            for mark in 1..=8_u8 {
                let pool = &pool;
                scope.spawn(move || {
                    for _ in 0..1000 {
                        let memory = pool.take(piece);
                        assert!(!memory.is_null());
                        // SAFETY: the piece has 64 bytes and is this thread's.
                        let bytes = unsafe { std::slice::from_raw_parts_mut(memory, 64) };
                        bytes.fill(mark);
                        std::thread::yield_now();
                        assert!(bytes.iter().all(|byte| *byte == mark));
                        pool.give_back(memory, piece);
                    }
                });
            }
        });
        assert_eq!(pool.used.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn no_system_has_half_of_all_memory_to_spare() {
        assert!(is_to_spare(1024));
        assert!(!is_to_spare(usize::MAX / 2));
        assert!(!is_to_spare(usize::MAX));
    }

    #[test]
    fn what_grows_keeps_what_it_holds() {
        let (small, large) = (layout(8, 8), layout(4096, 8));
        // SAFETY: the size is not zero.
        let memory = unsafe { Reserve.alloc_zeroed(small) };
        // SAFETY: the piece has 8 bytes.
        unsafe { memory.write(7) };
        // SAFETY: it was allocated with this layout, and the new size is not zero.
        let more = unsafe { Reserve.realloc(memory, small, large.size()) };
        // SAFETY: so many bytes were written before it grew.
        let bytes = unsafe { std::slice::from_raw_parts(more, 8) };
        assert_eq!(bytes, [7, 0, 0, 0, 0, 0, 0, 0]);
        // SAFETY: it has this layout since it grew, and is not used any more.
        unsafe { Reserve.dealloc(more, large) };
    }
}
