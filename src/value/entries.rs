//! The entries of maps while they are written: putting them into order when all are there.

use alloc::vec::Vec;

use super::{
    order::{self, Rank},
    writer::Writer,
};

/// The entries of all maps that are open, outermost first. Those of one map lie side by side in the output.
#[derive(Debug, Default)]
pub(super) struct Entries {
    list: Vec<Entry>,
    ranks: Vec<Rank>,
    scratch: Vec<u8>,
}

/// One entry: its encoded key lies at `key..value`, its encoded value from there to the next entry.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: usize,
    value: usize,
}

impl Entry {
    fn key_in(self, buffer: &[u8]) -> &[u8] {
        buffer.get(self.key..self.value).unwrap_or_default()
    }
}

impl Entries {
    /// Starts a map: everything from here on is its own.
    #[inline]
    pub fn open(&self) -> usize {
        self.list.len()
    }

    /// Adds the entry whose key has been written from `key` on.
    #[inline]
    pub fn add(&mut self, key: usize, out: &Writer) {
        self.list.push(Entry { key, value: out.len() });
    }

    /// Puts the entries since `base` into order; unless two keys are equal: then returns where the second one lies. Linear if they
    /// ascend already.
    pub fn close(&mut self, base: usize, out: &mut Writer) -> Option<usize> {
        let (entries, bytes) = (self.list.get(base..).unwrap_or_default(), out.as_bytes());
        let repeated = match entries.is_sorted_by(|a, b| a.key_in(bytes) < b.key_in(bytes)) {
            true => None,
            false => self.rearrange(base, out),
        };
        self.list.truncate(base);
        repeated
    }

    fn rearrange(&mut self, base: usize, out: &mut Writer) -> Option<usize> {
        let bytes = out.as_bytes();
        let entries = self.list.get(base..).unwrap_or_default();
        let start = entries.first().map_or(bytes.len(), |entry| entry.key);
        let key = |index: usize| entries.get(index).map_or(&[][..], |entry| entry.key_in(bytes));
        order::sort(&mut self.ranks, entries.len(), &key);
        if let Some(repeated) = order::first_duplicate(&self.ranks, &key) {
            return entries.get(repeated).map(|entry| entry.key);
        }
        self.scratch.clear();
        self.scratch.reserve_exact(bytes.len().saturating_sub(start));
        for rank in &self.ranks {
            let from = entries.get(rank.index).map_or(start, |entry| entry.key);
            let to = entries
                .get(rank.index.wrapping_add(1))
                .map_or(bytes.len(), |next| next.key);
            self.scratch.extend_from_slice(bytes.get(from..to).unwrap_or_default());
        }
        out.replace_tail(start, &self.scratch);
        None
    }
}
