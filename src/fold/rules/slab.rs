//! Things by their places, which are used again.

use alloc::vec::Vec;
use core::mem;

#[derive(Clone, Debug, Default)]
pub(super) struct Slab<T> {
    entries: Vec<T>,
    free: Vec<u32>,
}

impl<T: Clone + Default> Slab<T> {
    /// Puts something into a free place. The nodes that refer to it are as many, and their places have 32 bits.
    pub fn put(&mut self, entry: T) -> u32 {
        if let Some(place) = self.free.pop()
            && let Some(free) = self.get_mut(place)
        {
            *free = entry;
            return place;
        }
        self.entries.push(entry);
        self.entries.len() as u32 - 1
    }

    #[inline(always)]
    pub fn get(&self, place: u32) -> Option<&T> {
        self.entries.get(place as usize)
    }

    #[inline(always)]
    pub fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.entries.get_mut(place as usize)
    }

    /// Takes something out, and gives its place free.
    pub fn take(&mut self, place: u32) -> T {
        self.free.push(place);
        self.get_mut(place).map(mem::take).unwrap_or_default()
    }

    /// Becomes a copy of another one, and keeps memory for so many things.
    pub fn restart(&mut self, initial: &Self, kept: usize) {
        self.entries.clear();
        self.entries.shrink_to(kept);
        self.entries.extend_from_slice(&initial.entries);
        self.free.clear();
        self.free.shrink_to(kept);
        self.free.extend_from_slice(&initial.free);
    }
}
