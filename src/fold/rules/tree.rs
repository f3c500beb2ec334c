//! The state while events are folded in: a tree that is built only where operations went.
//!
//! What no operation has touched stays as the encoded bytes that it came as, and is copied when the state is written. Every change can be
//! taken back until it is committed, so that an event is folded in whole or not at all.

use alloc::vec::Vec;
use core::mem;

use super::known::{Known, Path};
use super::node::{Content, Node};
use super::nodes::{NodeId, Nodes};
use super::object::Object;
use super::sum::Term;
use crate::Result;
use crate::fold::events::Form;
use crate::fold::names::Name;
use crate::value::{MAX_SAFE_INTEGER, Writer};

/// What a node is, as far as pointers care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    Other,
}

/// How a change is taken back.
#[derive(Clone, Debug)]
enum Undo {
    Replaced { node: NodeId, before: Node },
    Pushed { object: NodeId },
    Removed { object: NodeId, place: usize, node: NodeId },
    Inserted { array: NodeId, at: usize },
    TakenOut { array: NodeId, at: usize, node: NodeId },
}

/// Changes that room is kept for when a tree begins again.
const KEPT: usize = 64;

/// A state.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: Nodes,
    undo: Vec<Undo>,
    /// Whether nodes will be free once there is nothing to take back any more.
    has_garbage: bool,
    known: Known,
}

impl Tree {
    /// A tree of one encoded value.
    pub fn new(state: &[u8]) -> Result<Self> {
        Ok(Self {
            nodes: Nodes::new(state)?,
            undo: Vec::new(),
            has_garbage: false,
            known: Known::default(),
        })
    }

    /// Becomes a copy of another one, in the memory that it has, of which it keeps little.
    pub fn restart(&mut self, initial: &Self) {
        self.nodes.restart(&initial.nodes);
        self.undo.clear();
        self.has_garbage = false;
        self.undo.shrink_to(KEPT);
        self.known.clear();
    }

    /// The state, encoded. O(n), by copying what was not touched.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.nodes.heap().len());
        self.write(NodeId::ROOT, &mut out);
        out.into_bytes()
    }

    /// Makes all changes since the last commit final.
    #[inline(always)]
    pub fn commit(&mut self) {
        match mem::take(&mut self.has_garbage) {
            true => self.clean_up(),
            false => self.undo.clear(),
        }
        self.nodes.commit_heap();
        self.known.end_event();
    }

    /// Gives free what has been replaced and removed.
    #[inline(never)]
    fn clean_up(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Replaced { before, .. } => self.nodes.forget(before),
                Undo::Removed { object, node, .. } => {
                    self.nodes.release(node);
                    if let Some((object, heap)) = self.nodes.object_mut(object) {
                        object.close_gaps(heap);
                    }
                }
                Undo::TakenOut { node, .. } => self.nodes.release(node),
                Undo::Pushed { .. } | Undo::Inserted { .. } => {}
            }
        }
    }

    /// Takes all changes since the last commit back.
    #[cold]
    pub fn roll_back(&mut self) {
        self.known.clear();
        self.has_garbage = false;
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Replaced { node, before } => {
                    let after = self.nodes.replace(node, before);
                    self.nodes.forget(after);
                }
                Undo::Pushed { object } => {
                    let node = self
                        .nodes
                        .object_mut(object)
                        .and_then(|(object, heap)| object.pop(heap));
                    node.into_iter().for_each(|node| self.nodes.release(node));
                }
                Undo::Removed { object, place, node } => {
                    if let Some((object, heap)) = self.nodes.object_mut(object) {
                        object.put_back(place, node, heap);
                    }
                }
                Undo::Inserted { array, at } => {
                    let node = self.nodes.elements_mut(array).map(|elements| elements.remove(at));
                    node.into_iter().for_each(|node| self.nodes.release(node));
                }
                Undo::TakenOut { array, at, node } => {
                    if let Some(elements) = self.nodes.elements_mut(array) {
                        elements.insert(at, node);
                    }
                }
            }
        }
        self.nodes.roll_back_heap();
    }
}

/// Looking around.
impl Tree {
    pub fn kind(&mut self, node: NodeId) -> Kind {
        self.nodes.unfold(node);
        match self.nodes.get(node).content() {
            Content::Object(_) => Kind::Object,
            Content::Array(_) => Kind::Array,
            _ => Kind::Other,
        }
    }

    /// The member of an object.
    #[inline]
    pub fn member(&self, object: NodeId, key: Name<'_>) -> Option<NodeId> {
        let (object, place) = self.place(object, key)?;
        object.node(place)
    }

    /// The element of an array.
    pub fn element(&self, array: NodeId, index: usize) -> Option<NodeId> {
        self.nodes.elements(array)?.get(index).copied()
    }

    /// The object that a path is known to lead to.
    #[inline(always)]
    pub fn known(&self, path: Path) -> Option<NodeId> {
        self.known.get(path)
    }

    /// Makes an object known, which must not lie in an array.
    pub fn know(&mut self, path: Path, object: NodeId) {
        self.known.set(path, object);
    }

    /// The members of an object, or elements of an array; none of anything else.
    pub fn len(&self, node: NodeId) -> usize {
        let members = self.nodes.object(node).map(Object::len);
        let elements = || self.nodes.elements(node).map(Vec::len);
        members.or_else(elements).unwrap_or_default()
    }

    /// The number that a node is; `None` if it is something else.
    pub fn number(&self, node: NodeId) -> Option<Term> {
        match self.nodes.get(node).content() {
            Content::Integer(integer) => Some(Term::Number(integer as f64)),
            Content::Raw(span) => Term::read(span.of(self.nodes.heap())),
            Content::Short(short) => Term::read(short.as_bytes()),
            _ => None,
        }
    }

    /// Appends a node, encoded.
    pub fn write(&self, node: NodeId, out: &mut Writer) {
        self.nodes.write(node, out);
    }

    #[inline]
    fn place(&self, object: NodeId, key: Name<'_>) -> Option<(&Object, usize)> {
        let object = self.nodes.object(object)?;
        let place = object.find(key, self.nodes.heap())?;
        Some((object, place))
    }
}

/// Changing. Every change can be taken back.
impl Tree {
    /// Where values are written before they become nodes, and the length that [`Self::written`] asks for.
    #[inline]
    pub fn heap(&mut self) -> (&mut Writer, usize) {
        self.nodes.end_of_heap()
    }

    /// The value that was written to the heap from `start` on.
    #[inline(always)]
    pub fn written(&self, start: usize, form: Form) -> Result<Node> {
        self.nodes.written(start, form)
    }

    /// Any encoded value.
    pub fn encoded(&mut self, value: &[u8]) -> Result<Node> {
        if let Some(short) = Node::short(value) {
            return Ok(short);
        }
        let (heap, start) = self.heap();
        heap.raw(value);
        self.written(start, Form::Encoded)
    }

    /// A node that is not in the tree yet.
    #[inline(always)]
    pub fn add(&mut self, content: Node) -> Result<NodeId> {
        self.nodes.add(content)
    }

    /// Adds an integer within ±(2^53 − 1) to a node, if that is one too, and their sum; else false, and nothing has happened.
    #[inline(always)]
    pub fn count(&mut self, node: NodeId, by: i64) -> bool {
        let Some(integer) = self.nodes.get(node).as_integer() else {
            return false;
        };
        let total = integer.saturating_add(by);
        let exact = total.unsigned_abs() <= MAX_SAFE_INTEGER;
        if exact {
            self.replace(node, Node::integer(total));
        }
        exact
    }

    /// Puts something in the place of a node.
    #[inline(always)]
    pub fn replace(&mut self, node: NodeId, content: Node) {
        let before = self.nodes.replace(node, content);
        if before.has_parts() {
            self.known.clear();
            self.has_garbage = true;
        }
        self.undo.push(Undo::Replaced { node, before });
    }

    /// Puts something under a key of an object.
    #[inline]
    pub fn set_member(&mut self, object: NodeId, name: Name<'_>, content: Node) -> Result<()> {
        if let Some(node) = self.member(object, name) {
            self.replace(node, content);
            return Ok(());
        }
        let node = self.add(content)?;
        self.push_member(object, name, node)
    }

    /// Adds a member to an object that has none of that key.
    pub fn push_member(&mut self, object: NodeId, name: Name<'_>, node: NodeId) -> Result<()> {
        let key = self.nodes.key(name.text)?;
        if let Some((members, heap)) = self.nodes.object_mut(object) {
            members.push(key, name, node, heap);
            self.undo.push(Undo::Pushed { object });
        }
        Ok(())
    }

    /// Removes a member; false if there is none.
    pub fn remove_member(&mut self, object: NodeId, key: Name<'_>) -> bool {
        let Some((_, place)) = self.place(object, key) else {
            return false;
        };
        if let Some((members, _)) = self.nodes.object_mut(object)
            && let Some(node) = members.take(place)
        {
            if self.nodes.get(node).has_parts() {
                self.known.clear();
            }
            self.has_garbage = true;
            self.undo.push(Undo::Removed { object, place, node });
        }
        true
    }

    /// Inserts an element into an array that is at least so long.
    pub fn insert_element(&mut self, array: NodeId, at: usize, node: NodeId) {
        if let Some(elements) = self.nodes.elements_mut(array) {
            elements.insert(at, node);
            self.undo.push(Undo::Inserted { array, at });
        }
    }

    /// Removes an element; false if there is none.
    pub fn remove_element(&mut self, array: NodeId, at: usize) -> bool {
        let node = match self.nodes.elements_mut(array) {
            Some(elements) if at < elements.len() => elements.remove(at),
            _ => return false,
        };
        self.has_garbage = true;
        self.undo.push(Undo::TakenOut { array, at, node });
        true
    }
}
