//! The entries of one map as ranges of a buffer: putting them into order and finding equal keys without copying any.

use alloc::vec::Vec;

/// One entry: its encoded key lies at `key..value`, its encoded value at `value..end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub key: usize,
    pub value: usize,
    pub end: usize,
}

impl Entry {
    pub fn key_in<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        buffer.get(self.key..self.value).unwrap_or_default()
    }
}

/// Sorts entries bytewise by encoded key (shorter keys first, RFC 8949 §4.2.1); equal keys keep their order. Linear if they
/// ascend already. Returns whether anything moved.
pub(super) fn sort(buffer: &[u8], entries: &mut [Entry]) -> bool {
    if entries.is_sorted_by(|a, b| a.key_in(buffer) < b.key_in(buffer)) {
        return false;
    }
    entries.sort_unstable_by(|a, b| a.key_in(buffer).cmp(b.key_in(buffer)).then(a.key.cmp(&b.key)));
    true
}

/// Among sorted entries, the one whose key was the first to repeat an earlier one.
pub(super) fn first_duplicate(buffer: &[u8], sorted: &[Entry]) -> Option<Entry> {
    let pairs = sorted.iter().zip(sorted.iter().skip(1));
    pairs
        .filter(|(a, b)| a.key_in(buffer) == b.key_in(buffer))
        .map(|(_, second)| *second)
        .min_by_key(|entry| entry.key)
}

/// Copies entries in the given order to the end of `target`.
pub(super) fn copy(buffer: &[u8], entries: &[Entry], target: &mut Vec<u8>) {
    for entry in entries {
        target.extend_from_slice(buffer.get(entry.key..entry.end).unwrap_or_default());
    }
}
