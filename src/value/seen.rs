//! What may not occur twice in one collection: the keys of a plain object or a Map, the elements of a Set.

use alloc::vec::Vec;

use super::order::{self, Rank, Span};

/// Up to so many keys are compared with each other where they stand; more are put into order at the end.
const FEW: usize = 32;

/// The encoded keys of all collections that are open, outermost first, as places in the buffer that holds them.
#[derive(Debug, Default)]
pub(super) struct Seen {
    keys: Vec<Span>,
    ranks: Vec<Rank>,
}

/// The keys of one open collection.
#[derive(Debug)]
pub(super) struct Scope {
    /// Where they start in the list.
    base: usize,
    few: bool,
    /// One bit per key, by a cheap hash. Where all bits differ, so do the keys.
    bits: u64,
}

impl Seen {
    /// Starts a collection that announces so many keys.
    #[inline]
    pub fn open(&self, count: u64) -> Scope {
        Scope {
            base: self.keys.len(),
            few: count <= FEW as u64,
            bits: 0,
        }
    }

    /// Adds a key; `name` is its text, or the encoded item. False if it repeats an earlier one, which among many is found only when
    /// the collection is closed.
    #[inline]
    pub fn add(&mut self, scope: &mut Scope, name: &[u8], key: Span, buffer: &[u8]) -> bool {
        let mut fresh = true;
        if scope.few {
            let bit = bit(name);
            fresh = scope.bits & bit == 0 || self.compare(scope, key, buffer);
            scope.bits |= bit;
        }
        self.keys.push(key);
        fresh
    }

    /// Whether a key whose bit is taken differs from all before it.
    #[inline(never)]
    fn compare(&self, scope: &mut Scope, key: Span, buffer: &[u8]) -> bool {
        let keys = self.keys.get(scope.base..).unwrap_or_default();
        if keys.len() >= FEW {
            scope.few = false; // more than were announced
            return true;
        }
        keys.iter().all(|earlier| earlier.of(buffer) != key.of(buffer))
    }

    /// Ends the innermost collection. Returns the first key that repeats an earlier one, unless it was found when it was added.
    #[inline]
    pub fn close(&mut self, scope: &Scope, buffer: &[u8]) -> Option<Span> {
        let repeated = match scope.few {
            true => None,
            false => self.repeated(scope, buffer),
        };
        self.keys.truncate(scope.base);
        repeated
    }

    fn repeated(&mut self, scope: &Scope, buffer: &[u8]) -> Option<Span> {
        let keys = self.keys.get(scope.base..).unwrap_or_default();
        if order::ascend(keys, buffer) {
            return None;
        }
        order::sort(&mut self.ranks, keys, buffer);
        let repeated = order::first_duplicate(&self.ranks, keys, buffer)?;
        keys.get(repeated).copied()
    }
}

/// One of 64 bits, by the length, the first and the last byte.
#[inline]
fn bit(name: &[u8]) -> u64 {
    let ends = match name {
        [first, .., last] => first.wrapping_mul(7) ^ last,
        [only] => *only,
        [] => 0,
    };
    1 << (((name.len() as u8).wrapping_mul(11) ^ ends) % 64)
}

/// Whether ECMAScript tells such an item from others by its content, and not by its identity: numbers, BigInts, strings, booleans,
/// null and undefined. Each of them has one encoding, so that equal ones have equal bytes.
#[inline]
pub(super) fn is_primitive(item: &[u8]) -> bool {
    match item {
        [0xc2 | 0xc3, ..] | [0xd9, 0x01, 0x11, ..] => true, // a BigInt, a string with lone surrogates
        [first, ..] => matches!(first >> 5, 0 | 1 | 3 | 7),
        [] => false,
    }
}

/// −0, which a Map or a Set never holds: ECMAScript makes it 0 when it is put in.
pub(super) const NEGATIVE_ZERO: [u8; 3] = [0xf9, 0x80, 0x00];
