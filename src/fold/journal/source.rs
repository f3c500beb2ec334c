//! Where a shape, a result or an error comes from.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::Result;
use crate::fold::events::{Event, Keeper, Parts};
use crate::fold::spec::{self, Fields, Mistakes, Reference};
use crate::fold::{order, pointer};
use crate::value::{Reader, Value, Writer};

/// How many arrays and objects a part of a step lies in: the Map, its entry, the step.
pub(super) const DEPTH: usize = 3;

/// What is made of an event.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// An encoded value, whatever the event says.
    Literal(Vec<u8>),
    Part(Reference),
    /// An object of parts.
    Fields(Vec<(String, Reference)>),
}

impl Source {
    /// Parses `"/pointer"`, `{ from: "/pointer" }`, `{ fields: { name: "/pointer" } }` or `{ value: literal }`.
    pub fn parse(source: &Value, at: &str, parts: &mut Parts, mistakes: &mut Mistakes) -> Option<Self> {
        if let Value::Text(_) = source {
            return Reference::parse(source, at, parts, mistakes).map(Self::Part);
        }
        let mut members = Fields::of(source, at, mistakes);
        let given = ["from", "fields", "value"].map(|name| members.take(name));
        let below = |name| [at, "/", name].concat();
        let parsed = match given {
            [Some(from), None, None] => Reference::parse(from, &below("from"), parts, mistakes).map(Self::Part),
            [None, Some(fields), None] => Self::fields(fields, &below("fields"), parts, mistakes),
            [None, None, Some(value)] => literal(value, &below("value"), mistakes).map(Self::Literal),
            _ => {
                mistakes.add(
                    at,
                    "expected a JSON Pointer, or an object with one of from, fields and value",
                );
                None
            }
        };
        members.finish(mistakes);
        parsed
    }

    fn fields(fields: &Value, at: &str, parts: &mut Parts, mistakes: &mut Mistakes) -> Option<Self> {
        let Value::Object(members) = fields else {
            mistakes.add(at, "expected an object: name → JSON Pointer into the event");
            return None;
        };
        let mut fields = Vec::new();
        for (name, from) in members {
            let mut at = at.to_owned();
            pointer::push(&mut at, name);
            fields.extend(Reference::parse(from, &at, parts, mistakes).map(|reference| (name.clone(), reference)));
        }
        fields.sort_by_key(|(name, _)| order::rank(name.as_bytes()));
        Some(Self::Fields(fields))
    }

    /// Appends what it makes of an event, as a part of a step. What the event does not have is null, and left out among fields; the first
    /// such pointer is returned.
    pub fn write(&self, event: &Event<'_>, keeper: &mut Keeper, out: &mut Writer) -> Result<Option<&str>> {
        match self {
            Self::Literal(value) => out.raw(value),
            Self::Part(reference) => match event.part(reference.part) {
                Some(item) => keeper.keep(&item, DEPTH, out)?,
                None => {
                    out.raw(NULL);
                    return Ok(Some(&reference.pointer));
                }
            },
            Self::Fields(fields) => {
                let missing = fields
                    .iter()
                    .filter(|(_, reference)| event.part(reference.part).is_none());
                out.map(fields.len().saturating_sub(missing.clone().count()));
                for (name, reference) in fields {
                    if let Some(item) = event.part(reference.part) {
                        out.text(name);
                        keeper.keep(&item, DEPTH + 1, out)?;
                    }
                }
                return Ok(missing.map(|(_, reference)| reference.pointer.as_str()).next());
            }
        }
        Ok(None)
    }

    /// What it takes from an event.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let (one, many) = match self {
            Self::Literal(_) => (None, [].as_slice()),
            Self::Part(reference) => (Some(reference), [].as_slice()),
            Self::Fields(fields) => (None, fields.as_slice()),
        };
        one.into_iter().chain(many.iter().map(|(_, reference)| reference))
    }

    /// The pointer that says most about where it comes from.
    pub fn pointer(&self) -> &str {
        match self {
            Self::Literal(_) => "",
            Self::Part(reference) => &reference.pointer,
            Self::Fields(fields) => fields.first().map_or("", |(_, reference)| &reference.pointer),
        }
    }

    pub fn meaning(&self) -> Value {
        match self {
            Self::Literal(value) => Value::Bytes(value.clone()),
            Self::Part(reference) => Value::Text(reference.pointer.clone()),
            Self::Fields(fields) => {
                let member =
                    |(name, reference): &(String, Reference)| (name.clone(), Value::Text(reference.pointer.clone()));
                Value::Object(fields.iter().map(member).collect())
            }
        }
    }
}

/// Null, encoded.
pub(super) const NULL: &[u8] = b"\xf6";

fn literal(value: &Value, at: &str, mistakes: &mut Mistakes) -> Option<Vec<u8>> {
    let encoded = spec::literal(value).and_then(|bytes| {
        Reader::new(&bytes).skip(DEPTH)?;
        Ok(bytes)
    });
    encoded.map_err(|error| mistakes.add(at, error.message())).ok()
}
