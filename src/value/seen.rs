//! What may not occur twice in one collection: the keys of a plain object or a Map, the elements of a Set.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::{
    order::{self, Rank},
    reader::Reader,
};

/// Up to so many keys are compared with each other where they stand; more are put into order at the end.
const FEW: usize = 32;

/// The keys of all collections that are open, outermost first, as offsets into the buffer that holds their encoded items.
#[derive(Debug, Default)]
pub(super) struct Seen {
    keys: Vec<usize>,
    ranks: Vec<Rank>,
}

/// The keys of one open collection.
#[derive(Debug)]
pub(super) struct Scope {
    /// Where its keys start in the list.
    base: usize,
    /// While there are few: one bit per key, by a cheap hash. Where all bits differ, so do the keys.
    bits: u64,
    few: bool,
    /// While there are many: whether each was greater than the one before it, so that all differ.
    ascending: bool,
}

impl Seen {
    /// Starts a collection that announces so many keys.
    #[inline]
    pub fn open(&self, count: u64) -> Scope {
        Scope {
            base: self.keys.len(),
            bits: 0,
            few: count <= FEW as u64,
            ascending: true,
        }
    }

    /// Adds the key that is encoded at `at..end` of `buffer`; `name` is its text, or the item again. False if it is a repetition;
    /// where there are many keys, that may be found only when the collection is closed.
    #[inline]
    pub fn add(&mut self, scope: &mut Scope, name: &[u8], buffer: &[u8], at: usize, end: usize) -> bool {
        let bit = bit(name);
        let fresh = if scope.few && scope.bits & bit == 0 {
            scope.bits |= bit;
            true
        } else {
            self.compare(scope, buffer.get(at..end).unwrap_or_default(), buffer)
        };
        self.keys.push(at);
        fresh
    }

    /// Compares a key with those before it: with all of few, with the last of many. False if it is equal to one.
    #[inline(never)]
    fn compare(&self, scope: &mut Scope, key: &[u8], buffer: &[u8]) -> bool {
        let keys = self.keys.get(scope.base..).unwrap_or_default();
        // No encoded item is the start of another, so one that is there already needs no end to be compared.
        let from = |at: usize| buffer.get(at..).unwrap_or_default();
        if scope.few && keys.len() < FEW {
            return !keys.iter().any(|at| from(*at).starts_with(key));
        }
        if scope.few {
            (scope.few, scope.ascending) = (false, false); // more than were announced
        }
        let order = match keys.last().map(|at| from(*at)) {
            Some(last) => last.get(..key.len()).unwrap_or(last).cmp(key),
            None => Ordering::Less,
        };
        scope.ascending &= order == Ordering::Less;
        order != Ordering::Equal
    }

    /// Ends the innermost collection. Returns where its first key lies that repeats an earlier one, if that was not found when
    /// it was added.
    #[inline]
    pub fn close(&mut self, scope: &Scope, buffer: &[u8]) -> Option<usize> {
        let repeated = match scope.few || scope.ascending {
            true => None,
            false => self.repeated(scope, buffer),
        };
        self.keys.truncate(scope.base);
        repeated
    }

    #[cold]
    fn repeated(&mut self, scope: &Scope, buffer: &[u8]) -> Option<usize> {
        let keys = self.keys.get(scope.base..).unwrap_or_default();
        let key = |index: usize| keys.get(index).map_or(&[][..], |at| item_at(buffer, *at));
        order::sort(&mut self.ranks, keys.len(), &key);
        order::first_duplicate(&self.ranks, &key).and_then(|index| keys.get(index).copied())
    }
}

/// The encoded item that starts there.
fn item_at(buffer: &[u8], at: usize) -> &[u8] {
    let mut reader = Reader::at(buffer, at);
    match reader.jump() {
        Ok(()) => reader.since(at),
        Err(_) => &[],
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
