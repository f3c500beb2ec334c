//! The data form of a journal's table: parsing and validating it.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::source::Source;
use crate::fold::batch::Wanted;
use crate::fold::events::Parts;
use crate::fold::names::Table;
use crate::fold::pointer;
use crate::fold::spec::{Fields, Mistakes, Reference, Settings};
use crate::value::{self, Value, Writer};
use crate::{Code, Error, Result};

/// A table, ready to be used.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub parts: Parts,
    pub wanted: Wanted,
    pub settings: Settings,
    pub ignores_unknown: bool,
    pub kinds: Vec<Kind>,
    /// What events can do, by their type.
    pub roles: Table<Role>,
}

/// A kind of step.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub name: String,
    /// The start of each step of it, encoded: the head of the object, the kind, and the key of the command id.
    pub start: Vec<u8>,
    /// Where its events have it; nothing if there are no command ids.
    pub command_id: Option<Pair>,
    pub shape: Source,
    pub ends: Vec<End>,
    pub opens: Vec<String>,
    pub retries: Vec<String>,
    /// What may come between an opener and its end: then everything from the opener on waits.
    pub parallel: Vec<String>,
}

/// An event that completes a step.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub name: String,
    pub failed: bool,
    pub outcome: Source,
    /// What ties it to its opener, instead of the shape.
    pub ties: Option<Pair>,
    /// Whether it is a step without an opener, too.
    pub alone: bool,
}

/// Places in an opener and in its end whose values are equal.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub opener: Reference,
    pub end: Reference,
}

impl Pair {
    pub fn of(&self, side: Side) -> &Reference {
        match side {
            Side::Opener => &self.opener,
            Side::End => &self.end,
        }
    }
}

/// Which of two events it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Opener,
    End,
}

/// What an event type does.
#[derive(Clone, Debug, Default)]
pub(super) struct Role {
    /// Where nothing is open.
    pub first: First,
    /// Which ends it can be: a kind of step and the place among its ends.
    pub ends: Vec<(usize, usize)>,
    /// Which kind of step it takes up again after a failure.
    pub retries: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum First {
    /// It must not come there.
    #[default]
    Misplaced,
    Ignored,
    /// It opens a step of this kind.
    Opens(usize),
    /// It is a step by itself: this end, of this kind, without its opener.
    Alone {
        kind: usize,
        nth: usize,
    },
}

/// Parses a specification. Every mistake is noted; what is returned makes no sense if there are any.
pub(super) fn parse(spec: &Value, mistakes: &mut Mistakes) -> Compiled {
    let mut parts = Parts::default();
    let mut fields = Fields::of(spec, "", mistakes);
    let settings = Settings::parse(&mut fields, mistakes);
    let wanted = settings.wanted(&mut parts, mistakes);
    let ignores_unknown = fields.choice("unknown", &["error", "ignore"], mistakes) == Some(1);
    let command_id = fields.take("commandId").cloned();
    let mut parser = Parser {
        parts: &mut parts,
        command_id: None,
        kinds: Vec::new(),
        roles: BTreeMap::new(),
        mistakes,
    };
    let command_id = command_id.unwrap_or_else(|| Value::from("/data/command_id"));
    parser.command_id = parser.place_of_commands(&command_id, "/commandId");
    let ignored = types(&mut fields, "ignore", parser.mistakes);
    match fields.take("table").cloned().unwrap_or_else(shipped) {
        Value::Object(table) => table.iter().for_each(|(name, kind)| parser.kind(name, kind)),
        _ => parser
            .mistakes
            .add("/table", "expected an object: kind of step → how events become one"),
    }
    for (at, name) in ignored {
        parser.ignore(&name, &at);
    }
    let Parser { kinds, roles, .. } = parser;
    fields.finish(mistakes);
    Compiled {
        parts,
        wanted,
        settings,
        ignores_unknown,
        kinds,
        roles: Table::of(roles),
    }
}

/// The table that is used if none is given.
fn shipped() -> Value {
    let table = value::from_json(include_bytes!("default.json"));
    table.and_then(|table| value::from_slice(&table)).unwrap_or_default()
}

impl Compiled {
    pub fn kind(&self, index: usize) -> Result<&Kind> {
        let kind = self.kinds.get(index);
        kind.ok_or_else(|| Error::new(Code::InvalidOption, "the table has no such kind of step"))
    }

    /// What makes this table this one: everything that has a part in what events become.
    pub fn meaning(&self) -> Vec<Value> {
        let mut kinds: Vec<&Kind> = self.kinds.iter().collect();
        kinds.sort_by_key(|kind| &kind.name);
        let ignored = self.roles.iter().filter(|(_, role)| role.first == First::Ignored);
        Vec::from([
            self.settings.meaning(),
            Value::Bool(self.ignores_unknown),
            texts(ignored.map(|(name, _)| name)),
            Value::Array(kinds.into_iter().map(Kind::meaning).collect()),
        ])
    }
}

impl Kind {
    /// The end at a place among its ends.
    pub fn end(&self, nth: usize) -> Result<&End> {
        let end = self.ends.get(nth);
        end.ok_or_else(|| Error::new(Code::InvalidOption, "the kind of step has no such end"))
    }

    fn meaning(&self) -> Value {
        let mut ends: Vec<&End> = self.ends.iter().collect();
        ends.sort_by_key(|end| &end.name);
        let ends = ends.into_iter().map(|end| {
            Value::Array(Vec::from([
                Value::Text(end.name.clone()),
                Value::Bool(end.failed),
                end.outcome.meaning(),
                Pair::meaning(end.ties.as_ref()),
                Value::Bool(end.alone),
            ]))
        });
        Value::Array(Vec::from([
            Value::Text(self.name.clone()),
            Pair::meaning(self.command_id.as_ref()),
            self.shape.meaning(),
            sorted(&self.opens),
            sorted(&self.retries),
            sorted(&self.parallel),
            Value::Array(ends.collect()),
        ]))
    }
}

impl Pair {
    fn meaning(pair: Option<&Self>) -> Value {
        match pair {
            Some(pair) => texts(
                [&pair.opener.pointer, &pair.end.pointer]
                    .map(String::as_str)
                    .into_iter(),
            ),
            None => Value::Null,
        }
    }
}

fn sorted(names: &[String]) -> Value {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    texts(names.into_iter())
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    Value::Array(texts.map(|text| Value::Text(text.into())).collect())
}

/// A list of event types, each with its pointer into the specification.
fn types(fields: &mut Fields<'_>, name: &str, mistakes: &mut Mistakes) -> Vec<(String, String)> {
    let at = fields.below(name);
    let given = match fields.take(name) {
        None => return Vec::new(),
        Some(Value::Array(given)) => given.as_slice(),
        Some(_) => {
            mistakes.add(&at, "expected a list of event types");
            return Vec::new();
        }
    };
    let mut types = Vec::new();
    for (index, name) in given.iter().enumerate() {
        let mut at = at.clone();
        pointer::push(&mut at, &index.to_string());
        match name {
            Value::Text(name) => types.push((at, name.clone())),
            _ => mistakes.add(&at, "expected an event type, as text"),
        }
    }
    types
}

fn names(types: Vec<(String, String)>) -> Vec<String> {
    types.into_iter().map(|(_, name)| name).collect()
}

struct Parser<'a> {
    parts: &'a mut Parts,
    /// Where command ids stand, unless a kind says otherwise.
    command_id: Option<Pair>,
    kinds: Vec<Kind>,
    roles: BTreeMap<String, Role>,
    mistakes: &'a mut Mistakes,
}

impl Parser<'_> {
    fn kind(&mut self, name: &str, kind: &Value) {
        let index = self.kinds.len();
        let mut at = "/table".to_owned();
        pointer::push(&mut at, name);
        let mut fields = Fields::of(kind, &at, self.mistakes);
        let command_id = self.command_id(&mut fields);
        let shape = self.shape(&mut fields);
        let opens = types(&mut fields, "opens", self.mistakes);
        for (at, name) in &opens {
            self.first(name, First::Opens(index), at);
        }
        let retries = types(&mut fields, "retries", self.mistakes);
        for (at, name) in &retries {
            let role = self.roles.entry(name.clone()).or_default();
            if role.retries.replace(index).is_some() {
                self.mistakes.add(at, "this type retries another kind already");
            }
        }
        let parallel = names(types(&mut fields, "parallel", self.mistakes));
        for name in &parallel {
            self.roles.entry(name.clone()).or_default();
        }
        let ends = self.ends(&mut fields, index);
        if !retries.is_empty() && ends.iter().any(|end| end.ties.is_some()) {
            let message = "what is retried is told by its command id: leave match out";
            self.mistakes.add(&fields.below("retries"), message);
        }
        fields.finish(self.mistakes);
        self.kinds.push(Kind {
            start: start(name),
            name: name.into(),
            command_id,
            shape: shape.unwrap_or(Source::Literal(Vec::new())),
            ends,
            opens: names(opens),
            retries: names(retries),
            parallel,
        });
    }

    fn command_id(&mut self, fields: &mut Fields<'_>) -> Option<Pair> {
        match fields.take("commandId") {
            Some(given) => self.place_of_commands(given, &fields.below("commandId")),
            None => self.command_id.clone(),
        }
    }

    fn place_of_commands(&mut self, given: &Value, at: &str) -> Option<Pair> {
        match given {
            Value::Null => None,
            given => self.pair(given, at),
        }
    }

    fn shape(&mut self, fields: &mut Fields<'_>) -> Option<Source> {
        let at = fields.below("shape");
        match fields.take("shape") {
            Some(shape) => Source::parse(shape, &at, self.parts, self.mistakes),
            None => {
                self.mistakes
                    .add(&at, "it is missing: a JSON Pointer into the event, or a literal");
                None
            }
        }
    }

    fn ends(&mut self, fields: &mut Fields<'_>, kind: usize) -> Vec<End> {
        let at = fields.below("ends");
        let mut parsed = Vec::new();
        match fields.take("ends") {
            Some(Value::Object(ends)) if !ends.is_empty() => {
                for (name, end) in ends {
                    let mut at = at.clone();
                    pointer::push(&mut at, name);
                    if let Some(end) = self.end(name, end, &at) {
                        let nth = parsed.len();
                        if end.alone {
                            self.first(name, First::Alone { kind, nth }, &at);
                        }
                        let role = self.roles.entry(name.clone()).or_default();
                        role.ends.push((kind, nth));
                        parsed.push(end);
                    }
                }
            }
            _ => self
                .mistakes
                .add(&at, "expected an object: event type → result or error"),
        }
        parsed
    }

    fn end(&mut self, name: &str, end: &Value, at: &str) -> Option<End> {
        let mut fields = Fields::of(end, at, self.mistakes);
        let ties = match fields.take("match") {
            Some(ties) => Some(self.pair(ties, &fields.below("match"))?),
            None => None,
        };
        let alone = match fields.take("alone") {
            None | Some(Value::Bool(true)) => true,
            Some(Value::Bool(false)) => false,
            Some(_) => {
                self.mistakes.add(&fields.below("alone"), "expected true or false");
                true
            }
        };
        let (member, source) = match (fields.take("result"), fields.take("error")) {
            (Some(result), None) => ("result", result),
            (None, Some(error)) => ("error", error),
            _ => {
                self.mistakes.add(at, "expected one of result and error");
                return None;
            }
        };
        let outcome = Source::parse(source, &fields.below(member), self.parts, self.mistakes);
        fields.finish(self.mistakes);
        Some(End {
            name: name.into(),
            failed: member == "error",
            outcome: outcome?,
            ties,
            alone,
        })
    }

    /// A pointer into both events, or one into each.
    fn pair(&mut self, pair: &Value, at: &str) -> Option<Pair> {
        let (opener, end) = match pair {
            Value::Array(pair) => match pair.as_slice() {
                [opener, end] => (opener, end),
                _ => {
                    self.mistakes
                        .add(at, "expected two pointers: into the opener and into the end");
                    return None;
                }
            },
            one => (one, one),
        };
        let mut reference = |pointer| Reference::parse(pointer, at, self.parts, self.mistakes);
        Some(Pair {
            opener: reference(opener)?,
            end: reference(end)?,
        })
    }

    fn first(&mut self, name: &str, first: First, at: &str) {
        let role = self.roles.entry(name.into()).or_default();
        if core::mem::replace(&mut role.first, first) != First::Misplaced {
            let message = "this type begins another step already; where it only ends one, say alone: false";
            self.mistakes.add(at, message);
        }
    }

    fn ignore(&mut self, name: &str, at: &str) {
        let role = Role {
            first: First::Ignored,
            ..Role::default()
        };
        if self.roles.insert(name.into(), role).is_some() {
            self.mistakes.add(at, "this type is in the table, or stands here twice");
        }
    }
}

fn start(kind: &str) -> Vec<u8> {
    let mut start = Writer::default();
    start.map(5);
    start.text("kind");
    start.text(kind);
    start.text("commandId");
    start.into_bytes()
}
