//! An object of the state: its members in the order in which they were added, found by their keys.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::node::Span;
use super::nodes::NodeId;
use crate::fold::names::{Name, Slots};
use crate::fold::order::{array_index, rank};

/// Up to so many members are compared one after the other.
const FEW: usize = 8;

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
    /// Of the key; most are short enough that nobody has to look at the heap.
    end: u64,
}

/// Where members lie in the list.
#[derive(Clone, Debug, Default)]
enum Index {
    #[default]
    Few,
    Hash(Slots),
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
    pub fn find<'a>(&self, key: Name<'a>, heap: &'a [u8]) -> Option<usize> {
        let is =
            |member: &Member| key.is(member.key.len(), member.end, || member.key.of(heap)) && member.node.is_some();
        let fits = |place: &usize| self.members.get(*place).is_some_and(is);
        match &self.index {
            Index::Few => self.members.iter().position(is),
            Index::Hash(slots) => slots.find(key.hash, |place| fits(&place)),
            Index::Tree(places) => places.get(key.text).map(|place| *place as usize).filter(fits),
        }
    }

    /// The node at a place.
    #[inline]
    pub fn node(&self, place: usize) -> Option<NodeId> {
        self.members.get(place)?.node
    }

    /// Adds a member whose key, `name`, is not there yet, and lies in `heap`.
    pub fn push(&mut self, key: Span, name: Name<'_>, node: NodeId, heap: &[u8]) {
        let Name { text, hash, end } = name;
        self.has_array_index |= array_index(text).is_some();
        self.members.push(Member {
            key,
            hash,
            node: Some(node),
            end,
        });
        self.live += 1;
        let place = self.members.len() - 1;
        let indexed = match &mut self.index {
            Index::Few => place < FEW,
            Index::Hash(slots) => slots.has_room(self.members.len()) && slots.enter(hash, place),
            Index::Tree(places) => {
                places.insert(text.into(), place as u32);
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
        match &mut self.index {
            Index::Few => {}
            Index::Hash(slots) => slots.take_last(member.hash, self.members.len()),
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
        members.sort_by_cached_key(|(key, _)| rank(key.of(heap)));
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
        let mut slots = Slots::with_room(members);
        // Those that left a gap as well: they may come back.
        for (place, member) in self.members.iter().enumerate() {
            if !slots.enter(member.hash, place) {
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
