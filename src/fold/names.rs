//! Names in a table: what makes two of them alike, and where they lie.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// A name in UTF-8 with its hash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    pub text: &'a [u8],
    pub hash: u32,
    /// Its last eight bytes, or all if there are fewer: of two names as long, equal if all of them are.
    pub end: u64,
}

impl<'a> Name<'a> {
    #[inline(always)]
    pub fn new(text: &'a [u8]) -> Self {
        let end = last_word(text);
        let hash = hash(text, end);
        Self { text, hash, end }
    }

    /// Whether a name of that length and end, whose text is looked at only if these do not tell, is the same.
    #[inline]
    pub fn is(&self, length: usize, end: u64, text: impl FnOnce() -> &'a [u8]) -> bool {
        is_same(self.text, self.end, (length, end), text)
    }
}

/// Whether a name with that end is another one with that length and end, whose text is looked at only if these do not tell.
#[inline(always)]
fn is_same<'a>(name: &[u8], end: u64, other: (usize, u64), text: impl FnOnce() -> &'a [u8]) -> bool {
    other == (name.len(), end) && (name.len() <= 8 || same_words(text(), name))
}

/// A name that is kept.
#[derive(Clone, Debug)]
pub(super) struct OwnName {
    text: Box<str>,
    hash: u32,
    end: u64,
}

impl OwnName {
    pub fn new(text: String) -> Self {
        let Name { hash, end, .. } = Name::new(text.as_bytes());
        Self {
            text: text.into(),
            hash,
            end,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    #[inline]
    pub fn name(&self) -> Name<'_> {
        Name {
            text: self.text.as_bytes(),
            hash: self.hash,
            end: self.end,
        }
    }
}

/// Entries by names that do not change.
#[derive(Clone, Debug)]
pub(super) struct Table<T> {
    /// Sorted by name.
    entries: Vec<(OwnName, T)>,
    /// `None` if there are few, or if they collide too often.
    slots: Option<Slots>,
}

/// Up to so many entries are compared one after the other.
const FEW: usize = 8;

impl<T> Table<T> {
    pub fn of(entries: BTreeMap<String, T>) -> Self {
        let entries = entries.into_iter().map(|(name, entry)| (OwnName::new(name), entry));
        let entries: Vec<_> = entries.collect();
        if entries.len() <= FEW {
            return Self { entries, slots: None };
        }
        let mut slots = Slots::with_room(entries.len());
        let mut places = entries.iter().enumerate();
        let entered = places.all(|(place, (name, _))| slots.enter(name.hash, place));
        let slots = entered.then_some(slots);
        Self { entries, slots }
    }

    /// The entry under a name in UTF-8.
    #[inline]
    pub fn get(&self, name: &[u8]) -> Option<&T> {
        let end = last_word(name);
        let is = |own: &OwnName| is_same(name, end, (own.text.len(), own.end), || own.text.as_bytes());
        let place = match &self.slots {
            Some(slots) => slots.find(hash(name, end), |place| {
                self.entries.get(place).is_some_and(|(own, _)| is(own))
            })?,
            None if self.entries.len() <= FEW => self.entries.iter().position(|(own, _)| is(own))?,
            None => {
                let order = |(own, _): &(OwnName, T)| own.text.as_bytes().cmp(name);
                self.entries.binary_search_by(order).ok()?
            }
        };
        self.entries.get(place).map(|(_, entry)| entry)
    }

    /// Names and entries in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries.iter().map(|(name, entry)| (&*name.text, entry))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }
}

/// So many places are looked at one after the other before a hash is given up: chance does not make that many collisions in a table that is
/// half empty, so that somebody has chosen the names.
const LONGEST_PROBE: usize = 128;

/// Open addressing with linear probing: each entry's place in a list, plus one, or 0.
#[derive(Clone, Debug)]
pub(super) struct Slots(Vec<u32>);

impl Slots {
    /// Room for that many entries, and as many again.
    pub fn with_room(entries: usize) -> Self {
        Self(vec![0; entries.saturating_mul(4).next_power_of_two()])
    }

    /// Whether it is still half empty with that many entries.
    #[inline]
    pub fn has_room(&self, entries: usize) -> bool {
        entries.saturating_mul(2) <= self.0.len()
    }

    /// The first entry of that hash that fits. No entry lies further away than where entering gives up.
    #[inline]
    pub fn find(&self, hash: u32, mut fits: impl FnMut(usize) -> bool) -> Option<usize> {
        for slot in self.probe(hash).take(LONGEST_PROBE) {
            match self.0.get(slot).copied()?.checked_sub(1) {
                Some(place) if fits(place as usize) => return Some(place as usize),
                Some(_) => {}
                None => return None,
            }
        }
        None
    }

    /// Enters a place; false after too many that are taken.
    pub fn enter(&mut self, hash: u32, place: usize) -> bool {
        for slot in self.probe(hash).take(LONGEST_PROBE) {
            if let Some(slot @ 0) = self.0.get_mut(slot) {
                *slot = place as u32 + 1;
                return true;
            }
        }
        false
    }

    /// Takes away the entry that was entered last.
    pub fn take_last(&mut self, hash: u32, place: usize) {
        let slot = self
            .probe(hash)
            .take(LONGEST_PROBE)
            .find(|slot| self.0.get(*slot) == Some(&(place as u32 + 1)));
        if let Some(slot) = slot.and_then(|slot| self.0.get_mut(slot)) {
            *slot = 0;
        }
    }

    #[inline]
    fn probe(&self, hash: u32) -> impl Iterator<Item = usize> + use<> {
        let mask = self.0.len().wrapping_sub(1);
        (0..self.0.len()).map(move |step| (hash as usize).wrapping_add(step) & mask)
    }
}

/// A quick hash of a name that ends so. It needs no secret, because names that collide cost no more than a tree does.
#[inline]
fn hash(name: &[u8], end: u64) -> u32 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 divided by the golden ratio
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let words = name.as_chunks::<8>().0.iter();
    let hash = words.fold(name.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let hash = mix(hash, end);
    ((hash ^ hash >> 29).wrapping_mul(FACTOR) >> 32) as u32
}

/// Whether two names of one length and end are equal. To call the general comparison would take longer than to compare.
#[inline]
fn same_words(a: &[u8], b: &[u8]) -> bool {
    debug_assert_eq!(a.len(), b.len());
    let words = |(a, b): (&[u8; 8], &[u8; 8])| u64::from_le_bytes(*a) == u64::from_le_bytes(*b);
    a.as_chunks().0.iter().zip(b.as_chunks().0).all(words)
}

/// The last eight bytes, or all if there are fewer; what tells them from others as long.
#[inline]
fn last_word(name: &[u8]) -> u64 {
    if let Some(eight) = name.last_chunk() {
        return u64::from_le_bytes(*eight);
    }
    match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)),
        _ => name.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}
