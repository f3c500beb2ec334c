//! Nodes of the state, and the heap that their bytes lie in.

use alloc::vec;
use alloc::vec::Vec;
use core::mem;
use core::num::NonZero;

use super::node::{Content, Node, Span};
use super::object::Object;
use super::slab::Slab;
use crate::fold::events::Form;
use crate::fold::names::Name;
use crate::value::{MAX_DEPTH, Major, Reader, Writer, json};
use crate::{Code, Error, Result};

/// Where a node lies in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(NonZero<u32>);

impl NodeId {
    /// The first node, under which all others are.
    pub const ROOT: Self = Self(NonZero::<u32>::MIN);

    #[inline]
    fn place(self) -> usize {
        self.0.get() as usize
    }
}

/// The heap is cleaned up when it has doubled, but not below this size.
const SMALL_HEAP: usize = 1 << 20;

/// Room that is kept for the next state: that of most.
const KEPT_HEAP: usize = 1 << 14;
const KEPT_NODES: usize = 1 << 9;

/// All nodes of a state, and the heap.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    /// Encoded values and keys, also such as nothing refers to any more.
    heap: Writer,
    /// By their ids, so that there is none at 0.
    nodes: Vec<Node>,
    free: Vec<NodeId>,
    objects: Slab<Object>,
    arrays: Slab<Vec<NodeId>>,
    /// Up to where the heap is in use, whatever is taken back.
    committed: usize,
    /// How long the heap may become before it is cleaned up.
    limit: usize,
}

impl Nodes {
    /// One node of an encoded value.
    pub fn new(state: &[u8]) -> Result<Self> {
        let mut heap = Writer::default();
        heap.raw(state);
        let root = span(0, heap.len())?;
        Ok(Self {
            committed: heap.len(),
            limit: limit_after(heap.len()),
            heap,
            nodes: vec![Node::FREE, Node::raw(root)],
            free: Vec::new(),
            objects: Slab::default(),
            arrays: Slab::default(),
        })
    }

    /// Becomes a copy of others, in the memory that they have here, of which they keep little.
    pub fn restart(&mut self, initial: &Self) {
        self.heap.restart(KEPT_HEAP);
        self.heap.raw(initial.heap());
        self.nodes.clear();
        self.nodes.shrink_to(KEPT_NODES);
        self.nodes.extend_from_slice(&initial.nodes);
        self.free.clear();
        self.free.shrink_to(KEPT_NODES);
        self.free.extend_from_slice(&initial.free);
        self.objects.restart(&initial.objects, KEPT_NODES);
        self.arrays.restart(&initial.arrays, KEPT_NODES);
        self.committed = initial.committed;
        self.limit = initial.limit;
    }

    #[inline(always)]
    pub fn get(&self, node: NodeId) -> Node {
        self.nodes.get(node.place()).copied().unwrap_or(Node::FREE)
    }

    /// An object.
    #[inline(always)]
    pub fn object(&self, node: NodeId) -> Option<&Object> {
        self.objects.get(self.get(node).as_object()?)
    }

    /// An object, and the heap in which its keys lie.
    #[inline(always)]
    pub fn object_mut(&mut self, node: NodeId) -> Option<(&mut Object, &[u8])> {
        let object = self.objects.get_mut(self.get(node).as_object()?)?;
        Some((object, self.heap.as_bytes()))
    }

    /// The elements of an array.
    pub fn elements(&self, node: NodeId) -> Option<&Vec<NodeId>> {
        match self.get(node).content() {
            Content::Array(array) => self.arrays.get(array),
            _ => None,
        }
    }

    pub fn elements_mut(&mut self, node: NodeId) -> Option<&mut Vec<NodeId>> {
        match self.get(node).content() {
            Content::Array(array) => self.arrays.get_mut(array),
            _ => None,
        }
    }

    #[inline]
    pub fn heap(&self) -> &[u8] {
        self.heap.as_bytes()
    }

    /// Where values are written before they become nodes, and the length that [`Self::written`] asks for.
    #[inline]
    pub fn end_of_heap(&mut self) -> (&mut Writer, usize) {
        let start = self.heap.len();
        (&mut self.heap, start)
    }

    /// The value that was written to the heap from `start` on.
    #[inline(always)]
    pub fn written(&self, start: usize, form: Form) -> Result<Node> {
        let span = span(start, self.heap.len())?;
        Ok(match form {
            Form::Encoded => Node::raw(span),
            Form::Json => Node::json(span),
        })
    }

    /// Writes a key to the heap.
    pub fn key(&mut self, text: &[u8]) -> Result<Span> {
        let start = self.heap.len();
        self.heap.raw(text);
        span(start, self.heap.len())
    }

    #[inline(always)]
    pub fn add(&mut self, node: Node) -> Result<NodeId> {
        if let Some(free) = self.free.pop() {
            *self.slot(free) = node;
            return Ok(free);
        }
        let id = u32::try_from(self.nodes.len()).ok().and_then(NonZero::new);
        self.nodes.push(node);
        id.map(NodeId).ok_or_else(too_large)
    }

    /// Puts something else in the place of a node; what was there.
    #[inline(always)]
    pub fn replace(&mut self, node: NodeId, after: Node) -> Node {
        mem::replace(self.slot(node), after)
    }

    /// Gives a node and all inside it free.
    pub fn release(&mut self, node: NodeId) {
        let content = self.replace(node, Node::FREE);
        self.free.push(node);
        self.forget(content);
    }

    /// Gives free what was inside a node.
    #[inline(always)]
    pub fn forget(&mut self, content: Node) {
        if content.has_parts() {
            self.forget_parts(content);
        }
    }

    /// As deep as values are.
    #[inline(never)]
    fn forget_parts(&mut self, content: Node) {
        match content.content() {
            Content::Array(array) => {
                let elements = self.arrays.take(array);
                elements.into_iter().for_each(|element| self.release(element));
            }
            Content::Object(object) => {
                let object = self.objects.take(object);
                object.members().for_each(|(_, node)| self.release(node));
            }
            _ => {}
        }
    }

    /// Keeps what has been written to the heap.
    #[inline]
    pub fn commit_heap(&mut self) {
        self.committed = self.heap.len();
        if self.committed > self.limit {
            self.clean_up();
        }
    }

    /// Takes away what has been written to the heap since it was kept.
    pub fn roll_back_heap(&mut self) {
        self.heap.truncate(self.committed);
    }

    /// Appends a node, encoded.
    pub fn write(&self, node: NodeId, out: &mut Writer) {
        let heap = self.heap.as_bytes();
        match self.get(node).content() {
            Content::Raw(span) => out.raw(span.of(heap)),
            Content::Short(short) => out.raw(short.as_bytes()),
            Content::Json(span) => transcode(span.of(heap), out),
            Content::Integer(integer) => out.int(integer),
            Content::Array(array) => {
                let elements = self.arrays.get(array).map(Vec::as_slice).unwrap_or_default();
                out.head(Major::Array, elements.len() as u64);
                elements.iter().for_each(|element| self.write(*element, out));
            }
            Content::Object(object) => self
                .objects
                .get(object)
                .into_iter()
                .for_each(|object| self.write_object(object, out)),
            Content::Free => {}
        }
    }

    fn write_object(&self, object: &Object, out: &mut Writer) {
        let heap = self.heap.as_bytes();
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

    /// The place of a node, which is there: ids come from [`Self::add`] alone.
    #[inline]
    fn slot(&mut self, node: NodeId) -> &mut Node {
        let place = (node.place()).min(self.nodes.len().saturating_sub(1));
        #[expect(clippy::indexing_slicing, reason = "there is always a root")]
        &mut self.nodes[place]
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
            match node.content() {
                Content::Raw(span) => *node = Node::raw(moved(span)),
                Content::Json(span) => *node = Node::json(moved(span)),
                Content::Object(object) => {
                    let object = self.objects.get_mut(object);
                    object.into_iter().for_each(|object| object.move_keys(&mut moved));
                }
                Content::Short(_) | Content::Integer(_) | Content::Array(_) | Content::Free => {}
            }
        }
        self.heap = fresh;
        self.committed = self.heap.len();
        self.limit = limit_after(self.committed);
    }
}

/// What is still encoded is taken apart when somebody looks into it.
impl Nodes {
    /// Makes nodes of the parts of an array or object that is still encoded.
    #[inline]
    pub fn unfold(&mut self, node: NodeId) {
        match self.get(node).content() {
            Content::Raw(raw) => self.unfold_raw(node, raw),
            Content::Json(json) => self.unfold_json(node, json),
            _ => {}
        }
    }

    fn unfold_json(&mut self, node: NodeId, json: Span) {
        let (start, json) = (self.heap.len(), json.of(self.heap.as_bytes()).to_vec());
        transcode(&json, &mut self.heap);
        // A span that does not fit comes to light with the next value that is written.
        if let Ok(raw) = span(start, self.heap.len()) {
            *self.slot(node) = Node::raw(raw);
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
                Some(Node::array(self.arrays.put(elements)))
            }
            Major::Map => {
                let mut object = Object::with_capacity(count);
                for _ in 0..count {
                    let name = Name::new(reader.text().ok()?.as_bytes());
                    let end = reader.offset();
                    let key = span(end.checked_sub(name.text.len())?, end).ok()?;
                    let node = self.item(&mut reader)?;
                    object.push(key, name, node, heap);
                }
                Some(Node::object(self.objects.put(object)))
            }
            _ => None,
        }
    }

    fn item(&mut self, reader: &mut Reader<'_>) -> Option<NodeId> {
        let start = reader.offset();
        reader.leap().ok()?;
        let raw = span(start, reader.offset()).ok()?;
        self.add(Node::raw(raw)).ok()
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
