//! The entries of maps while they are written: putting them into order when all are there.

use alloc::vec::Vec;

use super::{
    order::{self, Rank, Span},
    writer::Writer,
};

/// The keys of all maps that are open, outermost first. A key's value lies behind it, and behind that the next key of its map.
#[derive(Debug, Default)]
pub(super) struct Entries {
    keys: Vec<Span>,
    ranks: Vec<Rank>,
    scratch: Vec<u8>,
}

impl Entries {
    /// Starts a map: all keys from here on are its own, until it is closed.
    #[inline]
    pub fn open(&self) -> usize {
        self.keys.len()
    }

    /// Adds the entry whose key has been written from `start` on.
    #[inline]
    pub fn add(&mut self, start: usize, out: &Writer) {
        self.keys.push(Span { start, end: out.len() });
    }

    /// Puts the entries since `base` into order; unless two keys are equal: then returns the second one. Linear if they ascend
    /// already, as those of a `BTreeMap` often do.
    pub fn close(&mut self, base: usize, out: &mut Writer) -> Option<Span> {
        let keys = self.keys.get(base..).unwrap_or_default();
        let repeated = match order::ascend(keys, out.as_bytes()) {
            true => None,
            false => self.rearrange(base, out),
        };
        self.keys.truncate(base);
        repeated
    }

    fn rearrange(&mut self, base: usize, out: &mut Writer) -> Option<Span> {
        let (keys, bytes) = (self.keys.get(base..).unwrap_or_default(), out.as_bytes());
        order::sort(&mut self.ranks, keys, bytes);
        if let Some(repeated) = order::first_duplicate(&self.ranks, keys, bytes) {
            return keys.get(repeated).copied();
        }
        let start = |index: usize| keys.get(index).map_or(bytes.len(), |key| key.start);
        self.scratch.clear();
        self.scratch.reserve_exact(bytes.len().saturating_sub(start(0)));
        for rank in &self.ranks {
            let entry = bytes.get(start(rank.index)..start(rank.index.wrapping_add(1)));
            self.scratch.extend_from_slice(entry.unwrap_or_default());
        }
        out.replace_tail(start(0), &self.scratch);
        None
    }
}
