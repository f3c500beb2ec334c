//! Encoded keys in order (shorter ones first, then bytewise: RFC 8949 §4.2.1), without moving or copying any.

use alloc::vec::Vec;

use crate::sort::sort_by;

/// Where an encoded key lies in a buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    #[inline]
    pub fn of(self, buffer: &[u8]) -> &[u8] {
        buffer.get(self.start..self.end).unwrap_or_default()
    }
}

/// A key's place among others: most comparisons need no more than these eight bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rank {
    prefix: u64,
    /// Which key this is.
    pub index: usize,
}

/// Whether each key is greater than the one before it, so that all differ.
pub(super) fn ascend(keys: &[Span], buffer: &[u8]) -> bool {
    keys.is_sorted_by(|a, b| a.of(buffer) < b.of(buffer))
}

/// Sorts keys into `ranks`; equal ones keep their order. O(k log k) in the bytes of the keys.
///
/// Keys of one map often start alike (`customer-00017`), so a prefix holds what comes after the start that all share.
pub(super) fn sort(ranks: &mut Vec<Rank>, keys: &[Span], buffer: &[u8]) {
    let key = |index: usize| keys.get(index).map_or(&[][..], |span| span.of(buffer));
    let first = content(key(0));
    let shared = keys.iter().fold(first.len(), |shared, span| {
        shared_start(first, content(span.of(buffer)), shared)
    });
    ranks.clear();
    ranks.reserve_exact(keys.len());
    ranks.extend(keys.iter().enumerate().map(|(index, span)| Rank {
        prefix: prefix(span.of(buffer), shared),
        index,
    }));
    let order = |a: &Rank, b: &Rank| {
        let by_prefix = a.prefix.cmp(&b.prefix);
        by_prefix.then_with(|| key(a.index).cmp(key(b.index)).then(a.index.cmp(&b.index)))
    };
    sort_by(ranks, order);
}

/// Among sorted keys, which one was the first to repeat an earlier one.
pub(super) fn first_duplicate(ranks: &[Rank], keys: &[Span], buffer: &[u8]) -> Option<usize> {
    let key = |rank: &Rank| keys.get(rank.index).map(|span| span.of(buffer));
    let pairs = ranks.iter().zip(ranks.iter().skip(1));
    pairs
        .filter(|(a, b)| a.prefix == b.prefix && key(a) == key(b))
        .map(|(_, second)| second.index)
        .min()
}

/// A key without its head.
fn content(key: &[u8]) -> &[u8] {
    let head = match key.first().map(|first| first & 31) {
        Some(24) => 2,
        Some(25) => 3,
        Some(26) => 5,
        Some(27) => 9,
        _ => 1,
    };
    key.get(head..).unwrap_or_default()
}

fn shared_start(a: &[u8], b: &[u8], most: usize) -> usize {
    a.iter().zip(b).take(most).take_while(|(a, b)| a == b).count()
}

/// The key's length, and of its content the six bytes after the shared ones.
fn prefix(key: &[u8], shared: usize) -> u64 {
    const LONGEST: usize = 0xffff;
    let length = (key.len().min(LONGEST) as u64) << 48;
    if key.len() >= LONGEST {
        return length; // it may be longer, and then no byte of the content counts before that
    }
    let rest = content(key).get(shared..).unwrap_or_default();
    let six = match rest.first_chunk() {
        Some(eight) => u64::from_be_bytes(*eight) >> 16,
        None => (0..6).fold(0, |six, index| {
            (six << 8) | rest.get(index).map_or(0, |byte| u64::from(*byte))
        }),
    };
    length | six
}
