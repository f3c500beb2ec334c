//! What the target of an operation leads to.

use alloc::string::String;
use alloc::vec::Vec;

use super::node::Node;
use super::nodes::NodeId;
use super::spec::{Action, EMPTY_OBJECT, Operation};
use super::target::{Segment, Target};
use super::tree::{Kind, Tree};
use crate::fold::events::Event;
use crate::fold::names::Name;
use crate::fold::pointer;
use crate::text::text;
use crate::{Code, Error, Result};

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

impl<'a> Spot<'a> {
    /// The whole state.
    const ROOT: Self = Self {
        node: Some(NodeId::ROOT),
        place: None,
        depth: 0,
    };

    /// Where nothing is, and nothing can be put.
    const NOWHERE: Self = Self {
        node: None,
        place: None,
        depth: 0,
    };

    /// What the target of an operation leads to for this event. `spare` is for a segment that does not stand there letter by letter.
    #[inline(always)]
    pub fn find(tree: &mut Tree, operation: &'a Operation, event: &Event<'a>, spare: &'a mut Vec<u8>) -> Result<Self> {
        let Target {
            segments, paths, whole, ..
        } = &operation.target;
        if let Some(node) = whole.and_then(|path| tree.known(path))
            && operation.action != Action::Remove
        {
            return Ok(Self {
                node: Some(node),
                place: None,
                depth: segments.len(),
            });
        }
        let (Some(last), Some(path)) = (segments.last(), paths.last()) else {
            return Ok(Self::ROOT);
        };
        let (parent, kind) = match tree.known(*path) {
            Some(parent) => (parent, Kind::Object),
            None => match parent(tree, operation, event)? {
                Some(found) => found,
                None => return Ok(Self::NOWHERE),
            },
        };
        let segment = last.fill(event, spare).ok_or_else(|| unfilled(last))?;
        let node = match kind {
            Kind::Object => tree.member(parent, segment),
            _ => step(tree, parent, kind, segment)?,
        };
        // Whatever is put there replaces it, so that only a merge has to look into it anyway.
        if let (Some(node), Some(whole), Action::Merge) = (node, *whole, operation.action)
            && tree.known(*path).is_some()
            && tree.kind(node) == Kind::Object
        {
            tree.know(whole, node);
        }
        Ok(Self {
            node,
            place: Some(Place { parent, kind, segment }),
            depth: segments.len(),
        })
    }

    /// Whether it is a place in an object, where anything can be put.
    pub fn is_member(&self) -> bool {
        self.place.is_some_and(|place| place.kind == Kind::Object)
    }

    /// Puts something there; the node that it then is.
    #[inline(always)]
    pub fn set(&self, tree: &mut Tree, content: Node) -> Result<NodeId> {
        match (self.node, self.place) {
            (Some(node), _) => {
                tree.replace(node, content);
                Ok(node)
            }
            (None, Some(place)) if place.kind == Kind::Object => {
                let node = tree.add(content)?;
                tree.push_member(place.parent, place.segment, node)?;
                Ok(node)
            }
            _ => Err(Error::new(
                Code::MissingTarget,
                "the array has no such element; append one instead",
            )),
        }
    }
}

/// What the target lies in. `None` if nothing is there, so that nothing has to be removed.
#[inline(never)]
fn parent(tree: &mut Tree, operation: &Operation, event: &Event<'_>) -> Result<Option<(NodeId, Kind)>> {
    let Target { segments, paths, .. } = &operation.target;
    let start = paths.iter().rposition(|path| tree.known(*path).is_some());
    let start = start.unwrap_or_default();
    let known = paths.get(start).and_then(|path| tree.known(*path));
    let mut parent = known.unwrap_or(NodeId::ROOT);
    let mut kind = tree.kind(parent);
    let mut through_objects = kind == Kind::Object;
    if let (true, Some(path)) = (through_objects, paths.get(start)) {
        tree.know(*path, parent);
    }
    let further = segments.iter().zip(paths.iter().skip(1)).skip(start);
    for (segment, path) in further {
        let mut spare = Vec::new();
        let name = segment.fill(event, &mut spare).ok_or_else(|| unfilled(segment))?;
        parent = match step(tree, parent, kind, name)? {
            Some(inside) => inside,
            None if operation.parents && kind == Kind::Object => add_object(tree, parent, name)?,
            None if operation.action == Action::Remove && operation.optional => return Ok(None),
            None => return Err(no_parent()),
        };
        kind = tree.kind(parent);
        through_objects &= kind == Kind::Object;
        if through_objects {
            tree.know(*path, parent);
        }
    }
    Ok(Some((parent, kind)))
}

fn add_object(tree: &mut Tree, parent: NodeId, name: Name<'_>) -> Result<NodeId> {
    let empty = tree.encoded(EMPTY_OBJECT)?;
    let object = tree.add(empty)?;
    tree.push_member(parent, name, object)?;
    Ok(object)
}

/// What lies under a segment.
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
