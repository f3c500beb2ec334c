//! What operations work with: values from the event, or from the specification.

use super::node::Node;
use super::spec::{Content, Field, Operation, Source};
use super::tree::Tree;
use crate::fold::events::{Event, Form, Item, Keeper};
use crate::fold::spec::Reference;
use crate::text::text;
use crate::value::{Major, Writer};
use crate::{Code, Error, Result};

/// Makes values, for one event after the other. Keeps its memory from one to the next.
#[derive(Default)]
pub(super) struct Contents {
    keeper: Keeper,
    document: Writer,
}

impl Contents {
    /// The operation's value, which is going to lie in `depth` arrays and objects, as what can be put into the tree.
    #[inline(always)]
    pub fn node(&mut self, tree: &mut Tree, operation: &Operation, event: &Event<'_>, depth: usize) -> Result<Node> {
        match &operation.source {
            Source::Literal(literal) => match literal.node {
                Some(node) => Ok(node),
                None => tree.encoded(&literal.encoded),
            },
            Source::Part(reference) => self.item(tree, &part(event, reference)?, depth),
            Source::Fields(fields) => {
                let (heap, start) = tree.heap();
                self.write_fields(fields, operation.optional, event, depth, heap)?;
                tree.written(start, Form::Encoded)
            }
        }
    }

    /// The same of an item.
    #[inline(always)]
    pub fn item(&mut self, tree: &mut Tree, item: &Item<'_>, depth: usize) -> Result<Node> {
        if let Some(node) = Node::of_item(item) {
            return Ok(node);
        }
        let (heap, start) = tree.heap();
        let form = self.keeper.keep_for_later(item, depth, heap)?;
        tree.written(start, form)
    }

    /// The operation's value, encoded, for those who look into it.
    pub fn document(&mut self, operation: &Operation, event: &Event<'_>, depth: usize) -> Result<&[u8]> {
        let mut document = core::mem::take(&mut self.document);
        document.clear();
        let written = match &operation.source {
            Source::Literal(literal) => {
                document.raw(&literal.encoded);
                Ok(())
            }
            Source::Part(reference) => {
                part(event, reference).and_then(|item| self.keeper.keep(&item, depth, &mut document))
            }
            Source::Fields(fields) => self.write_fields(fields, operation.optional, event, depth, &mut document),
        };
        self.document = document;
        written.map(|()| self.document.as_bytes())
    }

    /// An item, encoded, for those who look into it.
    pub fn document_of(&mut self, item: &Item<'_>, depth: usize) -> Result<&[u8]> {
        self.document.clear();
        self.keeper.keep(item, depth, &mut self.document)?;
        Ok(self.document.as_bytes())
    }

    #[inline(never)]
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
            match field.content(optional, event)? {
                None => continue,
                Some(Given::Literal(value)) => {
                    out.text(field.name.as_str());
                    out.raw(value);
                }
                Some(Given::Item(item)) => {
                    out.text(field.name.as_str());
                    self.keeper.keep(&item, depth.saturating_add(1), out)?;
                }
            }
            members += 1;
        }
        out.correct_head(start, Major::Map, fields.len() as u64, members);
        Ok(())
    }
}

/// What a field is given.
pub(super) enum Given<'a> {
    /// An encoded value.
    Literal(&'a [u8]),
    Item(Item<'a>),
}

impl Field {
    /// What becomes of it; `None` if it is left out.
    #[inline]
    pub fn content<'a>(&'a self, optional: bool, event: &Event<'a>) -> Result<Option<Given<'a>>> {
        match &self.content {
            Content::Literal(value) => Ok(Some(Given::Literal(value))),
            Content::Part(reference) => match event.part(reference.part) {
                Some(item) => Ok(Some(Given::Item(item))),
                None if optional || self.optional => Ok(None),
                None => Err(missing_value(&reference.pointer)),
            },
        }
    }
}

#[inline(always)]
fn part<'a>(event: &Event<'a>, reference: &Reference) -> Result<Item<'a>> {
    event
        .part(reference.part)
        .ok_or_else(|| missing_value(&reference.pointer))
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
