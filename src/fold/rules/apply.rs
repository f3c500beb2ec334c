//! Operations on the state.

use alloc::string::String;
use alloc::vec::Vec;

use super::nodes::NodeId;
use super::spec::{Action, Content, Field, Operation, Source};
use super::sum::{Term, sum};
use super::target::Segment;
use super::tree::{Kind, Tree};
use super::{merge, patch};
use crate::fold::events::{Event, Form, Keeper};
use crate::fold::names::Name;
use crate::fold::pointer;
use crate::text::text;
use crate::value::{Major, Writer};
use crate::{Code, Error, Result};

/// Carries operations out, for one event after the other.
#[derive(Default)]
pub(super) struct Interpreter {
    keeper: Keeper,
    /// A document that is looked at before it becomes part of the state.
    document: Writer,
}

/// What a target leads to.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    /// What is there.
    pub node: Option<NodeId>,
    /// Where it is a part of; nothing for the whole state.
    pub place: Option<Place<'a>>,
    /// How many arrays and objects it lies in.
    pub depth: usize,
}

/// A place in an array or object.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub parent: NodeId,
    pub kind: Kind,
    pub segment: Name<'a>,
}

impl Interpreter {
    /// Carries one operation out. After an error the tree has to be rolled back.
    pub fn apply(&mut self, tree: &mut Tree, operation: &Operation, event: &Event<'_>) -> Result<()> {
        if operation.optional && operation.source.is_missing(event) {
            return Ok(());
        }
        let mut spare = Vec::new();
        let spot = find(tree, operation, event, &mut spare)?;
        match operation.action {
            Action::Put => self.put(tree, operation, event, spot),
            Action::Append => self.append(tree, operation, event, spot),
            Action::Remove => remove(tree, operation, spot),
            Action::Add => self.add(tree, operation, event, spot, false),
            Action::Subtract => self.add(tree, operation, event, spot, true),
            Action::Merge => self.merge(tree, operation, event, spot),
            Action::Patch => self.patch(tree, operation, event, &spot),
        }
    }

    fn put(&mut self, tree: &mut Tree, operation: &Operation, event: &Event<'_>, spot: Spot<'_>) -> Result<()> {
        if operation.if_absent && spot.node.is_some() {
            return Ok(());
        }
        let (heap, start) = tree.heap();
        let form = self.write(operation, event, spot.depth, heap)?;
        spot.set(tree, start, form)
    }

    fn append(&mut self, tree: &mut Tree, operation: &Operation, event: &Event<'_>, spot: Spot<'_>) -> Result<()> {
        let depth = spot.depth.saturating_add(1);
        let array = existing(tree, operation, spot)?;
        if tree.kind(array) != Kind::Array {
            return Err(Error::new(Code::WrongType, "only an array can be appended to"));
        }
        let (heap, start) = tree.heap();
        let form = self.write(operation, event, depth, heap)?;
        let element = tree.node(start, form)?;
        tree.insert_element(array, tree.len(array), element);
        Ok(())
    }

    fn add(
        &mut self,
        tree: &mut Tree,
        operation: &Operation,
        event: &Event<'_>,
        spot: Spot<'_>,
        subtract: bool,
    ) -> Result<()> {
        let by = match &operation.source {
            Source::Literal(_, integer) => *integer,
            Source::Part(reference) => event.part(reference.part).and_then(|item| item.small_integer()),
            Source::Fields(_) => None,
        };
        if let (Some(by), Some(node)) = (by, spot.node)
            && tree.count(node, if subtract { -by } else { by })
        {
            return Ok(());
        }
        self.keep(operation, event, 0)?;
        let node = existing(tree, operation, spot)?;
        let total = sum(tree.number(node), Term::read(self.document.as_bytes()), subtract)?;
        if let Some(integer) = total.integer() {
            tree.replace_integer(node, integer);
            return Ok(());
        }
        let (heap, start) = tree.heap();
        total.write(heap)?;
        tree.replace(node, start, Form::Encoded)
    }

    fn merge(&mut self, tree: &mut Tree, operation: &Operation, event: &Event<'_>, spot: Spot<'_>) -> Result<()> {
        self.keep(operation, event, spot.depth)?;
        let node = existing(tree, operation, spot)?;
        merge::apply(tree, node, self.document.as_bytes())
    }

    fn patch(&mut self, tree: &mut Tree, operation: &Operation, event: &Event<'_>, spot: &Spot<'_>) -> Result<()> {
        self.keep(operation, event, 0)?;
        let node = spot.node.ok_or_else(missing)?;
        patch::apply(tree, node, spot.depth, self.document.as_bytes())
    }

    /// Writes the operation's value where it can be looked at.
    fn keep(&mut self, operation: &Operation, event: &Event<'_>, depth: usize) -> Result<()> {
        let mut document = core::mem::take(&mut self.document);
        document.clear();
        let kept = self.write_encoded(operation, event, depth, &mut document);
        self.document = document;
        kept
    }

    /// Appends the operation's value, which is going to lie in `depth` arrays and objects, in whatever form is quickest.
    #[inline]
    fn write(&mut self, operation: &Operation, event: &Event<'_>, depth: usize, out: &mut Writer) -> Result<Form> {
        if let Source::Part(reference) = &operation.source
            && let Some(item) = event.part(reference.part)
        {
            return self.keeper.keep_for_later(&item, depth, out);
        }
        self.write_encoded(operation, event, depth, out)?;
        Ok(Form::Encoded)
    }

    /// The same in the form of values.
    fn write_encoded(
        &mut self,
        operation: &Operation,
        event: &Event<'_>,
        depth: usize,
        out: &mut Writer,
    ) -> Result<()> {
        match &operation.source {
            Source::Literal(value, _) => out.raw(value),
            Source::Part(reference) => match event.part(reference.part) {
                Some(item) => self.keeper.keep(&item, depth, out)?,
                None => return Err(missing_value(&reference.pointer)),
            },
            Source::Fields(fields) => self.write_fields(fields, operation.optional, event, depth, out)?,
        }
        Ok(())
    }

    fn write_fields(
        &mut self,
        fields: &[Field],
        optional: bool,
        event: &Event<'_>,
        depth: usize,
        out: &mut Writer,
    ) -> Result<()> {
        let (start, mut members) = (out.len(), 0);
        out.map(fields.len());
        for field in fields {
            match &field.content {
                Content::Literal(value) => {
                    out.text(&field.name);
                    out.raw(value);
                }
                Content::Part(reference) => match event.part(reference.part) {
                    Some(item) => {
                        out.text(&field.name);
                        self.keeper.keep(&item, depth.saturating_add(1), out)?;
                    }
                    None if optional || field.optional => continue,
                    None => return Err(missing_value(&reference.pointer)),
                },
            }
            members += 1;
        }
        out.correct_head(start, Major::Map, fields.len() as u64, members);
        Ok(())
    }
}

impl Spot<'_> {
    /// Puts the value that was written to the heap from `start` on there.
    pub fn set(self, tree: &mut Tree, start: usize, form: Form) -> Result<()> {
        match (self.node, self.place) {
            (Some(node), _) => tree.replace(node, start, form),
            (None, Some(place)) if place.kind == Kind::Object => {
                let node = tree.node(start, form)?;
                tree.push_member(place.parent, place.segment, node)
            }
            _ => Err(Error::new(
                Code::MissingTarget,
                "the array has no such element; append one instead",
            )),
        }
    }
}

#[inline]
fn find<'a>(tree: &mut Tree, operation: &'a Operation, event: &Event<'a>, spare: &'a mut Vec<u8>) -> Result<Spot<'a>> {
    let segments = &operation.target.segments;
    let Some((last, path)) = segments.split_last() else {
        return Ok(Spot {
            node: Some(NodeId::ROOT),
            place: None,
            depth: 0,
        });
    };
    let parent = match tree.known(operation.number) {
        Some(parent) => Some((parent, Kind::Object)),
        None => parent(tree, operation, path, event)?,
    };
    let Some((parent, kind)) = parent else {
        return Ok(Spot {
            node: None,
            place: None,
            depth: 0,
        });
    };
    let segment = last.fill(event, spare).ok_or_else(|| unfilled(last))?;
    Ok(Spot {
        node: step(tree, parent, kind, segment)?,
        place: Some(Place { parent, kind, segment }),
        depth: segments.len(),
    })
}

/// Where a path leads to. Known from then on if the path is always the same and leads through objects to an object. `None` if nothing is
/// there, so that nothing has to be removed.
#[inline(never)]
fn parent(
    tree: &mut Tree,
    operation: &Operation,
    path: &[Segment],
    event: &Event<'_>,
) -> Result<Option<(NodeId, Kind)>> {
    let mut parent = NodeId::ROOT;
    let mut kind = tree.kind(parent);
    let mut same = kind == Kind::Object;
    for segment in path {
        let mut spare = Vec::new();
        let name = segment.fill(event, &mut spare).ok_or_else(|| unfilled(segment))?;
        parent = match step(tree, parent, kind, name)? {
            Some(inside) => inside,
            None if operation.parents && kind == Kind::Object => make_object(tree, parent, name)?,
            None if operation.action == Action::Remove && operation.optional => return Ok(None),
            None => return Err(no_parent()),
        };
        kind = tree.kind(parent);
        same &= kind == Kind::Object && matches!(segment, Segment::Fixed(_));
    }
    if same {
        tree.know(operation.number, parent);
    }
    Ok(Some((parent, kind)))
}

fn make_object(tree: &mut Tree, parent: NodeId, name: Name<'_>) -> Result<NodeId> {
    let (heap, start) = tree.heap();
    heap.map(0);
    let object = tree.node(start, Form::Encoded)?;
    tree.push_member(parent, name, object)?;
    Ok(object)
}

/// What lies under a segment.
#[inline]
pub(super) fn step(tree: &Tree, parent: NodeId, kind: Kind, segment: Name<'_>) -> Result<Option<NodeId>> {
    match kind {
        Kind::Object => Ok(tree.member(parent, segment)),
        Kind::Array => match pointer::index(segment.text) {
            Some(index) => Ok(tree.element(parent, index)),
            None => Err(Error::new(
                Code::WrongType,
                text!("an element of an array has an index, not the name {}", shown(segment)),
            )),
        },
        Kind::Other => Err(Error::new(
            Code::WrongType,
            text!("what should hold {} is neither an object nor an array", shown(segment)),
        )),
    }
}

#[cold]
fn shown(segment: Name<'_>) -> String {
    String::from_utf8_lossy(segment.text).into_owned()
}

/// What is at the spot; if that is nothing, what the operation says that it starts as.
fn existing(tree: &mut Tree, operation: &Operation, spot: Spot<'_>) -> Result<NodeId> {
    if let Some(node) = spot.node {
        return Ok(node);
    }
    let (Some(initial), Some(Place { parent, segment, .. })) = (&operation.initial, spot.place) else {
        return Err(missing());
    };
    let (heap, start) = tree.heap();
    heap.raw(initial);
    spot.set(tree, start, Form::Encoded)?;
    tree.member(parent, segment).ok_or_else(missing)
}

fn remove(tree: &mut Tree, operation: &Operation, spot: Spot<'_>) -> Result<()> {
    match (spot.node, spot.place) {
        (Some(_), Some(place)) => take_out(tree, &place),
        (Some(_), None) => {
            return Err(Error::new(
                Code::WrongType,
                "the whole state cannot be removed; put another one in its place",
            ));
        }
        (None, _) if operation.optional => {}
        (None, _) => return Err(missing()),
    }
    Ok(())
}

/// Removes what lies at a place.
pub(super) fn take_out(tree: &mut Tree, place: &Place<'_>) {
    match pointer::index(place.segment.text) {
        Some(index) if place.kind == Kind::Array => tree.remove_element(place.parent, index),
        _ => tree.remove_member(place.parent, place.segment),
    };
}

#[cold]
fn unfilled(segment: &Segment) -> Error {
    let pointer = match segment {
        Segment::Filled(reference) => reference.pointer.as_str(),
        Segment::Fixed(_) => "",
    };
    let message = text!(
        "the event has no text at {} for a segment of the target, and no integer of at most 38 digits",
        pointer
    );
    Error::new(Code::MissingValue, message)
}

#[cold]
fn no_parent() -> Error {
    Error::new(
        Code::MissingTarget,
        "there is nothing that it could be a part of; put that first, or say parents: true",
    )
}

#[cold]
fn missing() -> Error {
    Error::new(
        Code::MissingTarget,
        "there is nothing there; put something first, say what it starts as (initial), or that this may be (remove: optional)",
    )
}

#[cold]
fn missing_value(pointer: &str) -> Error {
    Error::new(
        Code::MissingValue,
        text!(
            "the event has nothing at {}; if it need not, say optional: true",
            pointer
        ),
    )
}
