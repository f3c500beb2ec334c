//! An object of the state: its members in the order in which they were added, found by their keys.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::tree::{NodeId, Span};
use crate::fold::order::array_index;

/// Up to so many members are compared one after the other.
const FEW: usize = 8;

/// So many places are looked at one after the other before the hash is given up: chance does not make that many collisions in a table that
/// is half empty, so that somebody has chosen the keys.
const LONGEST_PROBE: usize = 128;

/// Members in their order. A member that was removed leaves a gap until [`Object::close_gaps`], so that it can come back to its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    members: Vec<Member>,
    live: usize,
    index: Index,
    /// Whether a key was added that has its place before all others.
    has_array_index: bool,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    key: Span,
    hash: u32,
    node: Option<NodeId>,
}

/// Where members lie in the list.
#[derive(Clone, Debug, Default)]
enum Index {
    #[default]
    Few,
    /// Open addressing with linear probing: the number of a member plus one, 0 for an empty place. At most half full.
    Hash(Vec<u32>),
    /// For keys that collide.
    Tree(BTreeMap<Box<[u8]>, u32>),
}

impl Object {
    pub fn with_capacity(members: usize) -> Self {
        Self {
            members: Vec::with_capacity(members),
            ..Self::default()
        }
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.live
    }

    /// The place of the member under `key`; the keys lie in `heap`.
    #[inline]
    pub fn find(&self, key: &[u8], heap: &[u8]) -> Option<usize> {
        let hash = hash(key);
        let fits = |place: usize| {
            let member = self.members.get(place)?;
            (member.hash == hash && member.node.is_some() && member.key.of(heap) == key).then_some(place)
        };
        match &self.index {
            Index::Few => (0..self.members.len()).find_map(fits),
            Index::Hash(slots) => probe(slots, hash)
                .map_while(|slot| slots.get(slot).copied()?.checked_sub(1))
                .find_map(|place| fits(place as usize)),
            Index::Tree(places) => places.get(key).and_then(|place| fits(*place as usize)),
        }
    }

    /// The node at a place.
    #[inline]
    pub fn node(&self, place: usize) -> Option<NodeId> {
        self.members.get(place)?.node
    }

    /// Adds a member whose key, which lies in `heap`, is not there yet.
    pub fn push(&mut self, key: Span, node: NodeId, heap: &[u8]) {
        let name = key.of(heap);
        let hash = hash(name);
        self.has_array_index |= array_index(name).is_some();
        self.members.push(Member {
            key,
            hash,
            node: Some(node),
        });
        self.live += 1;
        let place = self.members.len() - 1;
        let indexed = match &mut self.index {
            Index::Few => place < FEW,
            Index::Hash(slots) => self.members.len() * 2 <= slots.len() && enter(slots, hash, place),
            Index::Tree(places) => {
                places.insert(name.into(), place as u32);
                true
            }
        };
        if !indexed {
            self.rebuild_index(heap);
        }
    }

    /// Takes the member that was pushed last away again.
    pub fn pop(&mut self, heap: &[u8]) -> Option<NodeId> {
        let member = self.members.pop()?;
        self.live -= 1;
        let place = self.members.len() as u32;
        match &mut self.index {
            Index::Few => {}
            Index::Hash(slots) => {
                let slot = probe(slots, member.hash).find(|slot| slots.get(*slot) == Some(&(place + 1)));
                // It was the last to be entered, so that nothing lies behind it.
                if let Some(slot) = slot.and_then(|slot| slots.get_mut(slot)) {
                    *slot = 0;
                }
            }
            Index::Tree(places) => drop(places.remove(member.key.of(heap))),
        }
        member.node
    }

    /// Removes the member at a place, and leaves a gap.
    pub fn take(&mut self, place: usize) -> Option<NodeId> {
        let node = self.members.get_mut(place)?.node.take()?;
        self.live -= 1;
        Some(node)
    }

    /// Puts a member back into its gap.
    pub fn put_back(&mut self, place: usize, node: NodeId, heap: &[u8]) {
        let Some(member) = self.members.get_mut(place) else {
            return;
        };
        member.node = Some(node);
        self.live += 1;
        if let Index::Tree(places) = &mut self.index {
            places.insert(member.key.of(heap).into(), place as u32);
        }
    }

    /// Forgets gaps, once they are more than the members. Changes places.
    pub fn close_gaps(&mut self, heap: &[u8]) {
        if self.members.len() > 2 * self.live + FEW {
            self.members.retain(|member| member.node.is_some());
            self.rebuild_index(heap);
        }
    }

    /// Keys and nodes in the order of insertion.
    pub fn members(&self) -> impl Iterator<Item = (Span, NodeId)> {
        self.members
            .iter()
            .filter_map(|member| Some((member.key, member.node?)))
    }

    /// Keys and nodes as ECMAScript orders them, if that is another order.
    pub fn reordered(&self, heap: &[u8]) -> Option<Vec<(Span, NodeId)>> {
        if !self.has_array_index {
            return None;
        }
        let mut members: Vec<_> = self.members().collect();
        members.sort_by_cached_key(|(key, _)| array_index(key.of(heap)).map_or(u64::MAX, u64::from));
        Some(members)
    }

    /// Moves the keys to another heap.
    pub fn move_keys(&mut self, mut moved: impl FnMut(Span) -> Span) {
        for member in self.members.iter_mut().filter(|member| member.node.is_some()) {
            member.key = moved(member.key);
        }
    }

    #[cold]
    fn rebuild_index(&mut self, heap: &[u8]) {
        self.index = match self.members.len() {
            ..=FEW => Index::Few,
            many => self.hashed(many).unwrap_or_else(|| self.sorted(heap)),
        };
    }

    /// `None` if the hashes collide too often.
    fn hashed(&self, members: usize) -> Option<Index> {
        if matches!(self.index, Index::Tree(_)) {
            return None;
        }
        let mut slots = vec![0; (members * 4).next_power_of_two()];
        // Those that left a gap as well: they may come back.
        for (place, member) in self.members.iter().enumerate() {
            if !enter(&mut slots, member.hash, place) {
                return None;
            }
        }
        Some(Index::Hash(slots))
    }

    fn sorted(&self, heap: &[u8]) -> Index {
        let members = self.members.iter().enumerate();
        let live = members.filter(|(_, member)| member.node.is_some());
        Index::Tree(
            live.map(|(place, member)| (member.key.of(heap).into(), place as u32))
                .collect(),
        )
    }
}

/// Enters a place; false after too many that are taken.
fn enter(slots: &mut [u32], hash: u32, place: usize) -> bool {
    for slot in probe(slots, hash).take(LONGEST_PROBE) {
        match slots.get_mut(slot) {
            Some(slot @ 0) => {
                *slot = place as u32 + 1;
                return true;
            }
            _ => continue,
        }
    }
    false
}

/// Where a member of that hash may lie, in order.
#[inline]
fn probe(slots: &[u32], hash: u32) -> impl Iterator<Item = usize> + use<> {
    let mask = slots.len().wrapping_sub(1);
    (0..slots.len()).map(move |step| (hash as usize).wrapping_add(step) & mask)
}

/// A quick hash. It needs no secret, because collisions cost no more than a tree does.
#[inline]
fn hash(key: &[u8]) -> u32 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 divided by the golden ratio
    let (words, rest) = key.as_chunks::<8>();
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let hash = words
        .iter()
        .fold(key.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let rest = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let hash = mix(hash, rest);
    ((hash ^ hash >> 29).wrapping_mul(FACTOR) >> 32) as u32
}
