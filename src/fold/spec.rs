//! What the data forms of both folds share: settings, and the way in which mistakes are collected.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use super::batch::{EventPointers, Wanted, wanted};
use super::events::{PartId, Parts};
use super::progress::Sequence;
use super::{order, pointer};
use crate::text::text;
use crate::value::{self, Value};
use crate::{Code, Error, Result};

/// Everything that is wrong with a specification, each with its JSON Pointer into it.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Vec<(String, String)>);

impl Mistakes {
    pub fn add(&mut self, at: &str, message: &str) {
        self.0.push((at.into(), message.into()));
    }

    /// One error for all of them.
    pub fn into_result(self) -> Result<()> {
        let Some((first, _)) = self.0.first() else {
            return Ok(());
        };
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|(at, message)| text!("{}: {}", if at.is_empty() { "the specification" } else { at }, message))
            .collect();
        Err(Error::new(Code::InvalidOption, lines.join("\n")).at_path(first.clone()))
    }
}

/// The members of an object of a specification, each of which is taken once.
pub(crate) struct Fields<'v> {
    at: String,
    left: Vec<(&'v str, &'v Value)>,
    undefined: Vec<(&'v str, &'v Value)>,
}

impl<'v> Fields<'v> {
    pub fn of(value: &'v Value, at: &str, mistakes: &mut Mistakes) -> Self {
        let members = match value {
            Value::Object(members) => members.as_slice(),
            _ => {
                mistakes.add(at, "expected an object");
                &[]
            }
        };
        let members = members.iter().map(|(name, value)| (name.as_str(), value));
        let (undefined, left) = members.partition(|(_, value)| **value == Value::Undefined);
        Self {
            at: at.into(),
            left,
            undefined,
        }
    }

    /// Which of these members is there, but undefined. Everywhere else that is as if it were not there.
    pub fn undefined(&self, names: &[&'static str]) -> Option<&'static str> {
        let is_undefined = |name: &&&str| self.undefined.iter().any(|(undefined, _)| undefined == *name);
        names.iter().find(is_undefined).copied()
    }

    pub fn take(&mut self, name: &str) -> Option<&'v Value> {
        let place = self.left.iter().position(|(given, _)| *given == name)?;
        Some(self.left.remove(place).1)
    }

    pub fn text(&mut self, name: &str, otherwise: &str, mistakes: &mut Mistakes) -> String {
        match self.take(name) {
            None => otherwise.into(),
            Some(Value::Text(text)) => text.clone(),
            Some(_) => {
                mistakes.add(&self.below(name), "expected text");
                String::new()
            }
        }
    }

    pub fn flag(&mut self, name: &str, mistakes: &mut Mistakes) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                mistakes.add(&self.below(name), "expected true or false");
                false
            }
        }
    }

    /// Which of the choices it is.
    pub fn choice(&mut self, name: &str, choices: &[&str], mistakes: &mut Mistakes) -> Option<usize> {
        let given = self.take(name)?;
        let choice = given
            .as_str()
            .and_then(|given| choices.iter().position(|choice| *choice == given));
        if choice.is_none() {
            mistakes.add(&self.below(name), &["expected one of: ", &choices.join(", ")].concat());
        }
        choice
    }

    /// Whatever is left is unknown.
    pub fn finish(self, mistakes: &mut Mistakes) {
        for (name, _) in &self.left {
            mistakes.add(&self.below(name), "there is no such option");
        }
    }

    pub fn below(&self, name: &str) -> String {
        let mut at = self.at.clone();
        pointer::push(&mut at, name);
        at
    }
}

/// A part of an event, and the pointer that leads to it, as it was given.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub part: PartId,
    pub pointer: String,
}

impl Reference {
    pub fn new(pointer: &str, parts: &mut Parts) -> Result<Self, &'static str> {
        Ok(Self {
            part: parts.add(&pointer::parse(pointer)?),
            pointer: pointer.into(),
        })
    }

    pub fn parse(pointer: &Value, at: &str, parts: &mut Parts, mistakes: &mut Mistakes) -> Option<Self> {
        let parsed = match pointer {
            Value::Text(pointer) => Self::new(pointer, parts),
            _ => Err("expected a JSON Pointer into the event, as text"),
        };
        parsed.map_err(|message| mistakes.add(at, message)).ok()
    }
}

/// What says how events are read, the same for both folds.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub pointers: EventPointers,
    pub sequence: Sequence,
    pub strict: bool,
}

impl Settings {
    pub fn parse(fields: &mut Fields<'_>, mistakes: &mut Mistakes) -> Self {
        let pointers = match fields.take("events") {
            Some(events) => {
                let mut events = Fields::of(events, "/events", mistakes);
                let otherwise = EventPointers::default();
                let pointers = EventPointers {
                    position: events.text("position", &otherwise.position, mistakes),
                    id: events.text("id", &otherwise.id, mistakes),
                    kind: events.text("type", &otherwise.kind, mistakes),
                    data: events.text("data", &otherwise.data, mistakes),
                };
                events.finish(mistakes);
                pointers
            }
            None => EventPointers::default(),
        };
        let sparse = fields.choice("sequence", &["contiguous", "sparse"], mistakes) == Some(1);
        let first_position = match fields.take("firstPosition") {
            None => 1,
            Some(Value::Number(first)) if *first == 0.0 => 0,
            Some(Value::Number(first)) if *first == 1.0 => 1,
            Some(_) => {
                mistakes.add("/firstPosition", "expected 0 or 1");
                1
            }
        };
        Self {
            pointers,
            sequence: match sparse {
                true => Sequence::Sparse,
                false => Sequence::Contiguous { first_position },
            },
            strict: fields.flag("strict", mistakes),
        }
    }

    pub fn wanted(&self, parts: &mut Parts, mistakes: &mut Mistakes) -> Wanted {
        wanted(&self.pointers, parts, |name, message| {
            let mut at = String::from("/events");
            pointer::push(&mut at, name);
            mistakes.add(&at, message);
        })
    }

    /// The settings that change what a fold means.
    pub fn meaning(&self) -> Value {
        let EventPointers {
            position,
            id,
            kind,
            data,
        } = &self.pointers;
        let sequence = match self.sequence {
            Sequence::Sparse => "sparse".to_string(),
            Sequence::Contiguous { first_position } => first_position.to_string(),
        };
        let texts = [position, id, kind, data, &sequence].map(|text| Value::Text(text.clone()));
        Value::Array(texts.into())
    }
}

/// A literal, encoded; with its keys as ECMAScript orders them, since it may come from elsewhere.
pub(crate) fn literal(value: &Value) -> Result<Vec<u8>> {
    let mut value = value.clone();
    order::sort(&mut value);
    value::to_vec(&value)
}

/// SHA-256 of everything that a fold means: snapshots of one meaning never meet another.
pub(crate) fn digest(meaning: Vec<Value>) -> Result<[u8; 32]> {
    Ok(Sha256::digest(value::to_vec(&Value::Array(meaning))?).into())
}
