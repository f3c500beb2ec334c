//! The heap of the module for JavaScript: blocks of powers of two, and for each size a list of those that were given back.
//!
//! A call takes a few short blocks and gives them all back, so that the next one finds what it needs. The allocator of std, which is
//! built for every kind of program, is a twentieth of the module. What this one pays for being small: a block may be twice as long as
//! asked for, and is never joined with others.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::memory_grow;
use core::cell::UnsafeCell;
use core::ptr;

const PAGE: usize = 1 << 16;
/// Of the shortest block: an address fits into it.
const LEAST: usize = 8;
/// Blocks lie at multiples of this or of their own length, whichever is less. Nothing in the module asks for more.
const MOST_ALIGNED: usize = 64;

struct Heap(UnsafeCell<Blocks>);

struct Blocks {
    /// For each power of two the block that was given back last; it holds the address of the one before.
    free: [*mut u8; usize::BITS as usize],
    /// Where the memory begins that was never given out, and where it ends.
    next: usize,
    end: usize,
}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(Blocks {
    free: [ptr::null_mut(); usize::BITS as usize],
    next: 0,
    end: 0,
}));

// SAFETY: the module has one thread.
unsafe impl Sync for Heap {}

// SAFETY: blocks do not overlap, are as long as their power of two, and are aligned as asked for; no method calls another one while it
// holds the reference.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: no other reference is alive.
        let blocks = unsafe { &mut *self.0.get() };
        blocks.take(power(layout), layout.align())
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: no other reference is alive.
        let blocks = unsafe { &mut *self.0.get() };
        if let Some(free) = blocks.free.get_mut(power(layout)) {
            // SAFETY: the caller gives the block back, which is longer than an address and aligned for one.
            unsafe { block.cast::<*mut u8>().write(*free) };
            *free = block;
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller of `realloc` promises.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if power(wanted) == power(layout) {
            return block;
        }
        // SAFETY: the same; both blocks hold the shorter of both lengths.
        unsafe {
            let moved = self.alloc(wanted);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, size.min(layout.size()));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

/// Of the block for that layout, which no size exceeds: they are at most `isize::MAX`.
fn power(layout: Layout) -> usize {
    let size = layout.size().max(layout.align()).max(LEAST);
    size.next_power_of_two().trailing_zeros() as usize
}

impl Blocks {
    fn take(&mut self, power: usize, align: usize) -> *mut u8 {
        let Some(free) = self.free.get_mut(power).filter(|_| align <= MOST_ALIGNED) else {
            return ptr::null_mut();
        };
        if !free.is_null() {
            let block = *free;
            // SAFETY: `dealloc` wrote it.
            *free = unsafe { block.cast::<*mut u8>().read() };
            return block;
        }
        self.cut(1 << power)
    }

    /// A block that was never given out.
    fn cut(&mut self, size: usize) -> *mut u8 {
        let skipped = self.next.wrapping_neg() % size.min(MOST_ALIGNED);
        self.next = self.next.wrapping_add(skipped);
        if self.end.wrapping_sub(self.next) < size {
            let pages = size.div_ceil(PAGE);
            let before = memory_grow(0, pages);
            if before == usize::MAX {
                return ptr::null_mut();
            }
            let start = before.wrapping_mul(PAGE);
            if start != self.end {
                self.next = start; // the first growth, or the host let the memory grow in between
            }
            self.end = start.wrapping_add(pages.wrapping_mul(PAGE));
        }
        let block = self.next as *mut u8;
        self.next = self.next.wrapping_add(size);
        block
    }
}
