//! The state while events are folded in: a tree that is built only where operations went.
//!
//! What no operation has touched stays as the encoded bytes that it came as, and is copied when the state is written. Every change can be
//! taken back until it is committed, so that an event is folded in whole or not at all.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::mem;
use core::num::NonZero;

use super::object::Object;
use super::sum::Term;
use crate::fold::events::Form;
use crate::fold::names::Name;
use crate::value::{MAX_DEPTH, MAX_SAFE_INTEGER, Major, Reader, Writer, json};
use crate::{Code, Error, Result};

/// Where a node lies in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(NonZero<u32>);

impl NodeId {
    #[inline]
    fn place(self) -> usize {
        self.0.get() as usize
    }
}

/// Bytes in the heap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    #[inline]
    pub fn of(self, heap: &[u8]) -> &[u8] {
        heap.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

#[derive(Clone, Debug)]
enum Node {
    /// An encoded value.
    Raw(Span),
    /// A value as plain JSON, because many values are replaced before anybody reads them.
    Json(Span),
    /// An integer within ±(2^53 − 1) that has been counted up to.
    Integer(i64),
    Object(Box<Object>),
    Array(Vec<NodeId>),
    /// May be used again.
    Free,
}

impl Node {
    #[inline]
    fn has_parts(&self) -> bool {
        matches!(self, Self::Object(_) | Self::Array(_))
    }
}

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

/// The heap is cleaned up when it has doubled, but not below this size.
const SMALL_HEAP: usize = 1 << 20;

/// A state.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    /// Encoded values and keys, also such as nothing refers to any more.
    heap: Writer,
    /// By their ids, so that there is none at 0.
    nodes: Vec<Node>,
    free: Vec<NodeId>,
    undo: Vec<Undo>,
    /// Nodes that operations come back to, by number. Empty again whenever one of them might have gone.
    known: Vec<Option<NodeId>>,
    /// Up to where the heap is in use, whatever is taken back.
    committed: usize,
    /// How long the heap may become before it is cleaned up.
    limit: usize,
}

impl Tree {
    pub const ROOT: NodeId = NodeId(NonZero::<u32>::MIN);

    /// A tree of one encoded value.
    pub fn new(state: &[u8]) -> Result<Self> {
        let mut heap = Writer::default();
        heap.raw(state);
        let root = span(0, heap.len())?;
        Ok(Self {
            committed: heap.len(),
            limit: limit_after(heap.len()),
            heap,
            nodes: vec![Node::Free, Node::Raw(root)],
            free: Vec::new(),
            undo: Vec::new(),
            known: Vec::new(),
        })
    }

    /// The state, encoded. O(n), by copying what was not touched.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        self.write(Self::ROOT, &mut out);
        out.into_bytes()
    }

    /// Makes all changes since the last commit final.
    #[inline]
    pub fn commit(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Replaced { before, .. } => self.forget(before),
                Undo::Removed { object, node, .. } => {
                    self.release(node);
                    let heap = self.heap.as_bytes();
                    if let Some(Node::Object(object)) = self.nodes.get_mut(object.place()) {
                        object.close_gaps(heap);
                    }
                }
                Undo::TakenOut { node, .. } => self.release(node),
                Undo::Pushed { .. } | Undo::Inserted { .. } => {}
            }
        }
        self.committed = self.heap.len();
        if self.committed > self.limit {
            self.clean_up();
        }
    }

    /// Takes all changes since the last commit back.
    #[cold]
    pub fn roll_back(&mut self) {
        self.known.clear();
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Replaced { node, before } => {
                    let after = mem::replace(self.slot(node), before);
                    self.forget(after);
                }
                Undo::Pushed { object } => {
                    let heap = self.heap.as_bytes();
                    let node = match self.nodes.get_mut(object.place()) {
                        Some(Node::Object(object)) => object.pop(heap),
                        _ => None,
                    };
                    node.into_iter().for_each(|node| self.release(node));
                }
                Undo::Removed { object, place, node } => {
                    let heap = self.heap.as_bytes();
                    if let Some(Node::Object(object)) = self.nodes.get_mut(object.place()) {
                        object.put_back(place, node, heap);
                    }
                }
                Undo::Inserted { array, at } => {
                    let node = self.elements(array).map(|elements| elements.remove(at));
                    node.into_iter().for_each(|node| self.release(node));
                }
                Undo::TakenOut { array, at, node } => {
                    if let Some(elements) = self.elements(array) {
                        elements.insert(at, node);
                    }
                }
            }
        }
        self.heap.truncate(self.committed);
    }
}

/// Looking around.
impl Tree {
    pub fn kind(&mut self, node: NodeId) -> Kind {
        self.unfold(node);
        match self.nodes.get(node.place()) {
            Some(Node::Object(_)) => Kind::Object,
            Some(Node::Array(_)) => Kind::Array,
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
        match self.nodes.get(array.place())? {
            Node::Array(elements) => elements.get(index).copied(),
            _ => None,
        }
    }

    /// The node that was made known under a number, if it is still there.
    #[inline]
    pub fn known(&self, number: usize) -> Option<NodeId> {
        self.known.get(number).copied().flatten()
    }

    /// Makes a node known, which must not lie in an array.
    pub fn know(&mut self, number: usize, node: NodeId) {
        if self.known.len() <= number {
            self.known.resize(number + 1, None);
        }
        if let Some(known) = self.known.get_mut(number) {
            *known = Some(node);
        }
    }

    /// The members of an object, or elements of an array; none of anything else.
    pub fn len(&self, node: NodeId) -> usize {
        match self.nodes.get(node.place()) {
            Some(Node::Object(object)) => object.len(),
            Some(Node::Array(elements)) => elements.len(),
            _ => 0,
        }
    }

    /// The number that a node is; `None` if it is something else.
    pub fn number(&self, node: NodeId) -> Option<Term> {
        match self.nodes.get(node.place())? {
            Node::Integer(integer) => Some(Term::Number(*integer as f64)),
            Node::Raw(span) => Term::read(span.of(self.heap.as_bytes())),
            _ => None,
        }
    }

    /// Appends a node, encoded.
    pub fn write(&self, node: NodeId, out: &mut Writer) {
        let heap = self.heap.as_bytes();
        match self.nodes.get(node.place()) {
            Some(Node::Raw(span)) => out.raw(span.of(heap)),
            Some(Node::Json(span)) => transcode(span.of(heap), out),
            Some(Node::Integer(integer)) => out.int(*integer),
            Some(Node::Array(elements)) => {
                out.head(Major::Array, elements.len() as u64);
                elements.iter().for_each(|element| self.write(*element, out));
            }
            Some(Node::Object(object)) => {
                out.map(object.len());
                let mut write = |(key, node): (Span, NodeId)| {
                    let key = key.of(heap);
                    out.head(Major::Text, key.len() as u64);
                    out.raw(key);
                    self.write(node, out);
                };
                match object.reordered(heap) {
                    Some(members) => members.into_iter().for_each(write),
                    None => object.members().for_each(&mut write),
                }
            }
            Some(Node::Free) | None => {}
        }
    }

    #[inline]
    fn place(&self, object: NodeId, key: Name<'_>) -> Option<(&Object, usize)> {
        match self.nodes.get(object.place())? {
            Node::Object(object) => {
                let place = object.find(key, self.heap.as_bytes())?;
                Some((object, place))
            }
            _ => None,
        }
    }
}

/// Changing. Every change can be taken back.
impl Tree {
    /// Where encoded values are written before they become nodes, and the length that [`Self::raw`] asks for.
    #[inline]
    pub fn heap(&mut self) -> (&mut Writer, usize) {
        let start = self.heap.len();
        (&mut self.heap, start)
    }

    /// A node of the value that was written to the heap from `start` on.
    #[inline]
    pub fn node(&mut self, start: usize, form: Form) -> Result<NodeId> {
        let node = self.written(start, form)?;
        self.add(node)
    }

    /// Puts the value that was written to the heap from `start` on in the place of a node.
    #[inline]
    pub fn replace(&mut self, node: NodeId, start: usize, form: Form) -> Result<()> {
        let after = self.written(start, form)?;
        self.put(node, after);
        Ok(())
    }

    /// Puts an integer within ±(2^53 − 1) in the place of a node.
    pub fn replace_integer(&mut self, node: NodeId, integer: i64) {
        self.put(node, Node::Integer(integer));
    }

    /// Adds an integer within ±(2^53 − 1) to a node, if that is one too, and their sum; else false, and nothing has happened.
    #[inline]
    pub fn count(&mut self, node: NodeId, by: i64) -> bool {
        let Some(Node::Integer(integer)) = self.nodes.get(node.place()) else {
            return false;
        };
        let total = integer.saturating_add(by);
        let exact = total.unsigned_abs() <= MAX_SAFE_INTEGER;
        if exact {
            self.put(node, Node::Integer(total));
        }
        exact
    }

    #[inline]
    fn put(&mut self, node: NodeId, after: Node) {
        let before = mem::replace(self.slot(node), after);
        if before.has_parts() {
            self.known.clear();
        }
        self.undo.push(Undo::Replaced { node, before });
    }

    #[inline]
    fn written(&self, start: usize, form: Form) -> Result<Node> {
        let span = span(start, self.heap.len())?;
        Ok(match form {
            Form::Encoded => Node::Raw(span),
            Form::Json => Node::Json(span),
        })
    }

    /// Adds a member to an object that has none of that key.
    pub fn push_member(&mut self, object: NodeId, name: Name<'_>, node: NodeId) -> Result<()> {
        let start = self.heap.len();
        self.heap.raw(name.text);
        let key = span(start, self.heap.len())?;
        if let Some(Node::Object(members)) = self.nodes.get_mut(object.place()) {
            members.push(key, name.hash, node, self.heap.as_bytes());
            self.undo.push(Undo::Pushed { object });
        }
        Ok(())
    }

    /// Removes a member; false if there is none.
    pub fn remove_member(&mut self, object: NodeId, key: Name<'_>) -> bool {
        let Some((_, place)) = self.place(object, key) else {
            return false;
        };
        if let Some(Node::Object(members)) = self.nodes.get_mut(object.place())
            && let Some(node) = members.take(place)
        {
            if self.nodes.get(node.place()).is_some_and(Node::has_parts) {
                self.known.clear();
            }
            self.undo.push(Undo::Removed { object, place, node });
        }
        true
    }

    /// Inserts an element; false if the array is shorter.
    pub fn insert_element(&mut self, array: NodeId, at: usize, node: NodeId) -> bool {
        match self.elements(array) {
            Some(elements) if at <= elements.len() => elements.insert(at, node),
            _ => return false,
        }
        self.undo.push(Undo::Inserted { array, at });
        true
    }

    /// Removes an element; false if there is none.
    pub fn remove_element(&mut self, array: NodeId, at: usize) -> bool {
        let node = match self.elements(array) {
            Some(elements) if at < elements.len() => elements.remove(at),
            _ => return false,
        };
        self.undo.push(Undo::TakenOut { array, at, node });
        true
    }

    fn elements(&mut self, array: NodeId) -> Option<&mut Vec<NodeId>> {
        match self.nodes.get_mut(array.place())? {
            Node::Array(elements) => Some(elements),
            _ => None,
        }
    }
}

/// Nodes and the heap.
impl Tree {
    /// Makes nodes of the parts of an array or object that is still encoded.
    #[inline]
    fn unfold(&mut self, node: NodeId) {
        match self.nodes.get(node.place()) {
            Some(Node::Raw(raw)) => self.unfold_raw(node, *raw),
            Some(Node::Json(json)) => self.unfold_json(node, *json),
            _ => {}
        }
    }

    fn unfold_json(&mut self, node: NodeId, json: Span) {
        let (start, json) = (self.heap.len(), json.of(self.heap.as_bytes()).to_vec());
        transcode(&json, &mut self.heap);
        // A span that does not fit comes to light with the next value that is written.
        if let Ok(raw) = span(start, self.heap.len()) {
            *self.slot(node) = Node::Raw(raw);
            self.unfold_raw(node, raw);
        }
        self.committed = self.heap.len(); // it stays, whatever becomes of the event
    }

    fn unfold_raw(&mut self, node: NodeId, raw: Span) {
        let heap = mem::take(&mut self.heap);
        if let Some(unfolded) = self.unfolded(raw, heap.as_bytes()) {
            *self.slot(node) = unfolded;
        }
        self.heap = heap;
    }

    /// `None` if the value is no array or object. Its bytes have been validated.
    fn unfolded(&mut self, raw: Span, heap: &[u8]) -> Option<Node> {
        let mut reader = Reader::at(heap.get(..raw.end as usize)?, raw.start as usize);
        let head = reader.head().ok()?;
        let count = reader.capacity(head.argument);
        match head.major {
            Major::Array => {
                let mut elements = Vec::with_capacity(count);
                for _ in 0..count {
                    elements.push(self.item(&mut reader)?);
                }
                Some(Node::Array(elements))
            }
            Major::Map => {
                let mut object = Object::with_capacity(count);
                for _ in 0..count {
                    let name = Name::new(reader.text().ok()?.as_bytes());
                    let end = reader.offset();
                    let key = span(end.checked_sub(name.text.len())?, end).ok()?;
                    let node = self.item(&mut reader)?;
                    object.push(key, name.hash, node, heap);
                }
                Some(Node::Object(Box::new(object)))
            }
            _ => None,
        }
    }

    fn item(&mut self, reader: &mut Reader<'_>) -> Option<NodeId> {
        let start = reader.offset();
        reader.jump().ok()?;
        let raw = span(start, reader.offset()).ok()?;
        self.add(Node::Raw(raw)).ok()
    }

    #[inline]
    fn add(&mut self, node: Node) -> Result<NodeId> {
        if let Some(free) = self.free.pop() {
            *self.slot(free) = node;
            return Ok(free);
        }
        let id = u32::try_from(self.nodes.len()).ok().and_then(NonZero::new);
        self.nodes.push(node);
        id.map(NodeId).ok_or_else(too_large)
    }

    /// The place of a node, which is there: ids come from [`Self::add`] alone.
    #[inline]
    fn slot(&mut self, node: NodeId) -> &mut Node {
        let place = (node.place()).min(self.nodes.len().saturating_sub(1));
        #[expect(clippy::indexing_slicing, reason = "there is always a root")]
        &mut self.nodes[place]
    }

    /// Gives a node and all inside it free.
    fn release(&mut self, node: NodeId) {
        let content = mem::replace(self.slot(node), Node::Free);
        self.free.push(node);
        self.forget(content);
    }

    /// Gives free what was inside a node.
    #[inline]
    fn forget(&mut self, content: Node) {
        match content {
            Node::Raw(_) | Node::Json(_) | Node::Integer(_) | Node::Free => {}
            Node::Array(_) | Node::Object(_) => self.forget_parts(content),
        }
    }

    /// As deep as values are.
    #[inline(never)]
    fn forget_parts(&mut self, content: Node) {
        match content {
            Node::Array(elements) => elements.into_iter().for_each(|element| self.release(element)),
            Node::Object(object) => object.members().for_each(|(_, node)| self.release(node)),
            _ => {}
        }
    }

    /// Copies what is still in use into a new heap. Everything is committed. Linear in the state, after it has doubled.
    #[cold]
    fn clean_up(&mut self) {
        let old = mem::take(&mut self.heap);
        let mut fresh = Writer::with_capacity(old.len());
        let mut moved = |span: Span| {
            let start = fresh.len() as u32; // not longer than the old heap
            fresh.raw(span.of(old.as_bytes()));
            let end = fresh.len() as u32;
            Span { start, end }
        };
        for node in &mut self.nodes {
            match node {
                Node::Raw(span) | Node::Json(span) => *span = moved(*span),
                Node::Object(object) => object.move_keys(&mut moved),
                Node::Integer(_) | Node::Array(_) | Node::Free => {}
            }
        }
        self.heap = fresh;
        self.committed = self.heap.len();
        self.limit = limit_after(self.committed);
    }
}

/// Whether an encoded value that lies in `depth` arrays and objects is not nested too deep.
pub(super) fn fits(value: &[u8], depth: usize) -> bool {
    Reader::new(value).skip(depth.min(MAX_DEPTH)).is_ok()
}

/// Writes what has been checked to be plain JSON as a value.
fn transcode(json: &[u8], out: &mut Writer) {
    let written = json::Transcoder::default().append_small(json, out);
    debug_assert!(written.is_ok(), "only what this takes is kept as JSON");
}

fn limit_after(bytes: usize) -> usize {
    bytes.saturating_mul(2).max(SMALL_HEAP)
}

fn span(start: usize, end: usize) -> Result<Span> {
    match (u32::try_from(start), u32::try_from(end)) {
        (Ok(start), Ok(end)) => Ok(Span { start, end }),
        _ => Err(too_large()),
    }
}

#[cold]
fn too_large() -> Error {
    Error::new(Code::TooLarge, "the state grows beyond 4 GiB: keep less in it")
}
