//! What lives as long as the module does.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

/// One of its kind, for one caller at a time.
pub(super) struct Single<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: only who has set `taken` reaches the value, and there is one of them at a time.
unsafe impl<T: Send> Sync for Single<T> {}

impl<T> Single<T> {
    pub const fn new(value: T) -> Self {
        Self {
            taken: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// `None` while somebody else has it.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.taken.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: `taken` was not set, and now it is: no other reference is alive.
        let result = work(unsafe { &mut *self.value.get() });
        self.taken.store(false, Ordering::Release);
        Some(result)
    }
}
