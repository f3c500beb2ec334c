//! Operations on the state.

use alloc::vec::Vec;

use super::content::{Contents, Given};
use super::node::Node;
use super::nodes::NodeId;
use super::spec::{Action, Field, Operation, Source};
use super::spot::{Spot, take_out};
use super::sum::{Term, sum};
use super::tree::{Kind, Tree};
use super::{merge, patch};
use crate::fold::events::{Event, Form};
use crate::{Code, Error, Result};

/// Carries one operation out. After an error the tree has to be rolled back.
#[inline(never)]
pub(super) fn apply(contents: &mut Contents, tree: &mut Tree, operation: &Operation, event: &Event<'_>) -> Result<()> {
    if operation.optional && operation.source.is_missing(event) {
        return Ok(());
    }
    let mut spare = Vec::new();
    let spot = Spot::find(tree, operation, event, &mut spare)?;
    match operation.action {
        Action::Put => put(contents, tree, operation, event, &spot),
        Action::Append => append(contents, tree, operation, event, &spot),
        Action::Remove => remove(tree, operation, &spot),
        Action::Add | Action::Subtract => add(contents, tree, operation, event, &spot),
        Action::Merge => match &operation.source {
            Source::Fields(fields) if spot.node.is_some() || operation.initial.is_some() && spot.is_member() => {
                merge_fields(contents, tree, operation, fields, event, &spot)
            }
            _ => merge_document(contents, tree, operation, event, &spot),
        },
        Action::Patch => {
            let document = contents.document(operation, event, 0)?;
            let node = spot.node.ok_or_else(|| missing(operation.action))?;
            patch::apply(tree, node, spot.depth, document)
        }
    }
}

#[inline(always)]
fn put(
    contents: &mut Contents,
    tree: &mut Tree,
    operation: &Operation,
    event: &Event<'_>,
    spot: &Spot<'_>,
) -> Result<()> {
    if operation.if_absent && spot.node.is_some() {
        return Ok(());
    }
    let content = contents.node(tree, operation, event, spot.depth)?;
    spot.set(tree, content).map(drop)
}

#[inline(never)]
fn append(
    contents: &mut Contents,
    tree: &mut Tree,
    operation: &Operation,
    event: &Event<'_>,
    spot: &Spot<'_>,
) -> Result<()> {
    let depth = spot.depth.saturating_add(1);
    let array = existing(tree, operation, spot)?;
    if tree.kind(array) != Kind::Array {
        return Err(Error::new(Code::WrongType, "only an array can be appended to"));
    }
    let content = contents.node(tree, operation, event, depth)?;
    let element = tree.add(content)?;
    tree.insert_element(array, tree.len(array), element);
    Ok(())
}

#[inline(always)]
fn add(
    contents: &mut Contents,
    tree: &mut Tree,
    operation: &Operation,
    event: &Event<'_>,
    spot: &Spot<'_>,
) -> Result<()> {
    let by = match &operation.source {
        Source::Literal(literal) => literal.node.and_then(Node::as_integer),
        Source::Part(reference) => event.part(reference.part).and_then(|item| item.small_integer()),
        Source::Fields(_) => None,
    };
    match (by, spot.node) {
        (Some(by), Some(node)) if tree.count(node, if subtracts(operation) { -by } else { by }) => Ok(()),
        _ => add_any(contents, tree, operation, event, spot),
    }
}

/// The same of any two numbers, and where nothing is yet.
#[inline(never)]
fn add_any(
    contents: &mut Contents,
    tree: &mut Tree,
    operation: &Operation,
    event: &Event<'_>,
    spot: &Spot<'_>,
) -> Result<()> {
    let term = Term::read(contents.document(operation, event, 0)?);
    let node = existing(tree, operation, spot)?;
    let total = sum(tree.number(node), term, subtracts(operation))?;
    let content = match total.integer() {
        Some(integer) => Node::integer(integer),
        None => {
            let (heap, start) = tree.heap();
            total.write(heap)?;
            tree.written(start, Form::Encoded)?
        }
    };
    tree.replace(node, content);
    Ok(())
}

fn subtracts(operation: &Operation) -> bool {
    operation.action == Action::Subtract
}

#[inline(never)]
fn merge_document(
    contents: &mut Contents,
    tree: &mut Tree,
    operation: &Operation,
    event: &Event<'_>,
    spot: &Spot<'_>,
) -> Result<()> {
    let document = contents.document(operation, event, spot.depth)?;
    let node = existing(tree, operation, spot)?;
    merge::apply(tree, node, document)
}

/// The same member by member, without a document, into what is there or begins.
#[inline(never)]
fn merge_fields(
    contents: &mut Contents,
    tree: &mut Tree,
    operation: &Operation,
    fields: &[Field],
    event: &Event<'_>,
    spot: &Spot<'_>,
) -> Result<()> {
    let object = existing(tree, operation, spot)?;
    merge::make_object(tree, object)?;
    for field in fields {
        let name = field.name.name();
        match field.content(operation.optional, event)? {
            None => {}
            Some(Given::Literal(value)) => merge::member(tree, object, name, value)?,
            Some(Given::Item(item)) if !item.is_merged() => {
                let content = contents.item(tree, &item, spot.depth.saturating_add(1))?;
                tree.set_member(object, name, content)?;
            }
            Some(Given::Item(item)) => {
                let document = contents.document_of(&item, spot.depth.saturating_add(1))?;
                merge::member(tree, object, name, document)?;
            }
        }
    }
    Ok(())
}

#[inline(never)]
fn remove(tree: &mut Tree, operation: &Operation, spot: &Spot<'_>) -> Result<()> {
    match (spot.node, spot.place) {
        (Some(_), Some(place)) => take_out(tree, &place),
        (Some(_), None) => {
            return Err(Error::new(
                Code::WrongType,
                "the whole state cannot be removed; put another one in its place",
            ));
        }
        (None, _) if operation.optional => {}
        (None, _) => return Err(missing(operation.action)),
    }
    Ok(())
}

/// What is at the spot; if that is nothing, what the operation says that it starts as.
#[inline]
fn existing(tree: &mut Tree, operation: &Operation, spot: &Spot<'_>) -> Result<NodeId> {
    match spot.node {
        Some(node) => Ok(node),
        None => begin(tree, operation, spot),
    }
}

#[inline(never)]
fn begin(tree: &mut Tree, operation: &Operation, spot: &Spot<'_>) -> Result<NodeId> {
    let (Some(initial), Some(_)) = (&operation.initial, spot.place) else {
        return Err(missing(operation.action));
    };
    let initial = tree.encoded(initial)?;
    spot.set(tree, initial)
}

#[cold]
fn missing(action: Action) -> Error {
    let message = match action {
        Action::Remove => "there is nothing to remove; if that may be, say optional: true",
        Action::Patch => "there is nothing to patch; put something first",
        _ => "there is nothing there; put something first, or say what it starts as (initial)",
    };
    Error::new(Code::MissingTarget, message)
}
