//! The data form of rules: parsing and validating it.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::known::Paths;
use super::node::Node;
use super::nodes::fits;
use super::sum::Term;
use super::target::Target;
use crate::fold::batch::Wanted;
use crate::fold::events::{Event, Parts};
use crate::fold::names::{OwnName, Table};
use crate::fold::spec::{self, Fields, Mistakes, Reference, Settings};
use crate::fold::{order, pointer};
use crate::value::Value;

/// Rules, ready to be used.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    /// The initial state, encoded.
    pub initial: Vec<u8>,
    pub parts: Parts,
    pub wanted: Wanted,
    /// By event type.
    pub rules: Table<Vec<Operation>>,
    pub ignores_unknown: bool,
    pub settings: Settings,
}

#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub action: Action,
    pub target: Target,
    /// What it works with; nothing for `remove`.
    pub source: Source,
    /// Whether it is left out if the event has no such value, or if nothing is there to remove.
    pub optional: bool,
    /// What a missing target starts as, encoded.
    pub initial: Option<Vec<u8>>,
    /// Whether it is left out if something is there already.
    pub if_absent: bool,
    /// Whether objects that are missing on the way to the target are made.
    pub parents: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Put,
    Merge,
    Patch,
    Append,
    Remove,
    Add,
    Subtract,
}

#[derive(Clone, Debug)]
pub(super) enum Source {
    Literal(Literal),
    Part(Reference),
    /// An object of parts.
    Fields(Vec<Field>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Literal {
    pub encoded: Vec<u8>,
    /// The same, if it is short.
    pub node: Option<Node>,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub name: OwnName,
    pub content: Content,
    /// Whether it is left out if the event has no such value.
    pub optional: bool,
}

/// What becomes a member of an object.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// An encoded value.
    Literal(Vec<u8>),
    Part(Reference),
}

impl Action {
    const ALL: [Self; 7] = [
        Self::Put,
        Self::Merge,
        Self::Patch,
        Self::Append,
        Self::Remove,
        Self::Add,
        Self::Subtract,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Merge => "merge",
            Self::Patch => "patch",
            Self::Append => "append",
            Self::Remove => "remove",
            Self::Add => "add",
            Self::Subtract => "subtract",
        }
    }

    /// Whether something can be there afterwards that was not there before.
    fn puts_something(self) -> bool {
        self == Self::Put || self.takes_initial()
    }

    fn takes_initial(self) -> bool {
        matches!(self, Self::Merge | Self::Append | Self::Add | Self::Subtract)
    }
}

impl Source {
    /// Whether the event lacks what an optional operation is left out without.
    pub fn is_missing(&self, event: &Event<'_>) -> bool {
        matches!(self, Self::Part(reference) if event.part(reference.part).is_none())
    }
}

/// Parses a specification. Every mistake is noted; what is returned makes no sense if there are any.
pub(super) fn parse(spec: &Value, mistakes: &mut Mistakes) -> Compiled {
    let mut parts = Parts::default();
    let mut fields = Fields::of(spec, "", mistakes);
    let settings = Settings::parse(&mut fields, mistakes);
    let wanted = settings.wanted(&mut parts, mistakes);
    let initial = match fields.take("initial") {
        Some(initial) => literal(initial, "/initial", mistakes),
        None => EMPTY_OBJECT.to_vec(),
    };
    let ignores_unknown = fields.choice("unknown", &["error", "ignore"], mistakes) == Some(1);
    let mut parser = Parser {
        parts: &mut parts,
        data: Reference {
            part: wanted.data,
            pointer: settings.pointers.data.clone(),
        },
        paths: Paths::default(),
        mistakes,
    };
    let mut rules: BTreeMap<_, _> = match fields.take("rules") {
        Some(Value::Object(rules)) => rules.iter().map(|(name, rule)| parser.rule(name, rule)).collect(),
        Some(_) => {
            parser
                .mistakes
                .add("/rules", "expected an object: event type → list of operations");
            BTreeMap::new()
        }
        None => {
            parser
                .mistakes
                .add("/rules", "rules are missing: event type → list of operations");
            BTreeMap::new()
        }
    };
    for operation in rules.values_mut().flatten() {
        operation.target.whole = parser.paths.find(&operation.target.text);
    }
    fields.finish(mistakes);
    Compiled {
        initial,
        parts,
        wanted,
        rules: Table::of(rules),
        ignores_unknown,
        settings,
    }
}

impl Compiled {
    /// What makes these rules these: everything that has a part in what events become.
    pub fn meaning(&self) -> Vec<Value> {
        let rules = self.rules.iter().map(|(kind, operations)| {
            let operations = operations.iter().map(Operation::meaning).collect();
            Value::Array(Vec::from([Value::Text(kind.into()), Value::Array(operations)]))
        });
        Vec::from([
            self.settings.meaning(),
            Value::Bool(self.ignores_unknown),
            Value::Bytes(self.initial.clone()),
            Value::Array(rules.collect()),
        ])
    }
}

impl Operation {
    /// Whether what it puts there itself is not nested too deep. What comes from events is looked at with them.
    fn fits(&self) -> bool {
        let depth = self.target.segments.len();
        let inside = depth.saturating_add(usize::from(self.action == Action::Append));
        let member = |field: &Field| match &field.content {
            Content::Literal(value) => fits(value, inside.saturating_add(1)),
            Content::Part(_) => true,
        };
        let source = match &self.source {
            Source::Literal(literal) => {
                let value = &literal.encoded;
                value.is_empty() || self.action == Action::Patch || fits(value, inside)
            }
            Source::Fields(fields) => fits(EMPTY_OBJECT, inside) && fields.iter().all(member),
            Source::Part(_) => true,
        };
        source && self.initial.as_ref().is_none_or(|initial| fits(initial, depth))
    }

    fn meaning(&self) -> Value {
        let source = match &self.source {
            Source::Literal(literal) => Value::Bytes(literal.encoded.clone()),
            Source::Part(reference) => Value::Text(reference.pointer.clone()),
            Source::Fields(fields) => {
                let member = |field: &Field| {
                    let content = match &field.content {
                        Content::Literal(value) => Value::Bytes(value.clone()),
                        Content::Part(reference) => Value::Text(reference.pointer.clone()),
                    };
                    (
                        field.name.as_str().into(),
                        Value::Array(vec![content, Value::Bool(field.optional)]),
                    )
                };
                Value::Object(fields.iter().map(member).collect())
            }
        };
        Value::Array(Vec::from([
            Value::Text(self.action.name().into()),
            Value::Text(self.target.text.clone()),
            source,
            Value::Bool(self.optional),
            self.initial.clone().map_or(Value::Null, Value::Bytes),
            Value::Bool(self.if_absent),
            Value::Bool(self.parents),
        ]))
    }
}

struct Parser<'a> {
    parts: &'a mut Parts,
    /// The payload of an event.
    data: Reference,
    /// What targets begin with.
    paths: Paths,
    mistakes: &'a mut Mistakes,
}

impl Parser<'_> {
    fn rule(&mut self, name: &str, rule: &Value) -> (String, Vec<Operation>) {
        let mut at = "/rules".to_owned();
        pointer::push(&mut at, name);
        let Value::Array(operations) = rule else {
            self.mistakes.add(&at, "expected a list of operations");
            return (name.into(), Vec::new());
        };
        let operations = operations.iter().enumerate().filter_map(|(index, operation)| {
            let mut at = at.clone();
            pointer::push(&mut at, &alloc::string::ToString::to_string(&index));
            self.operation(operation, &at)
        });
        (name.into(), operations.collect())
    }

    fn operation(&mut self, operation: &Value, at: &str) -> Option<Operation> {
        let mut fields = Fields::of(operation, at, self.mistakes);
        let mut actions = Action::ALL
            .into_iter()
            .filter_map(|action| Some((action, fields.take(action.name())?)));
        let first = actions.next();
        let (Some((action, target)), None) = (first, actions.next()) else {
            let expected = "expected exactly one of put, merge, patch, append, remove, add and subtract";
            self.mistakes.add(at, expected);
            return None;
        };
        drop(actions);
        let target = self.target(target, &[at, "/", action.name()].concat());
        let source = self.source(&mut fields, action, at);
        let optional = fields.flag("optional", self.mistakes);
        let initial = self.initial(&mut fields, action, at);
        let if_absent = action == Action::Put && fields.flag("ifAbsent", self.mistakes);
        let parents = action.puts_something() && fields.flag("parents", self.mistakes);
        fields.finish(self.mistakes);
        let operation = Operation {
            action,
            target: target?,
            source: source?,
            optional,
            initial,
            if_absent,
            parents,
        };
        if !operation.fits() {
            let message = "the state would be nested deeper than 256 levels: flatten it, or shorten the target";
            self.mistakes.add(at, message);
        }
        Some(operation)
    }

    fn target(&mut self, target: &Value, at: &str) -> Option<Target> {
        let parsed = match target {
            Value::Text(target) => Target::parse(target, self.parts, &mut self.paths),
            _ => Err("expected a JSON Pointer into the state, as text"),
        };
        parsed.map_err(|message| self.mistakes.add(at, message)).ok()
    }

    fn source(&mut self, fields: &mut Fields<'_>, action: Action, at: &str) -> Option<Source> {
        let given = ["value", "from", "fields"].map(|name| fields.take(name));
        if let Some(name) = fields.undefined(&["value", "from", "fields"]) {
            let message = "it is undefined; leave it out if the event's payload is meant";
            self.mistakes.add(&[at, "/", name].concat(), message);
            return None;
        }
        if action == Action::Remove {
            if given.iter().any(Option::is_some) {
                self.mistakes.add(at, "remove takes no value");
            }
            return Some(Source::Literal(Literal::default()));
        }
        match given {
            [None, None, None] => Some(Source::Part(self.data.clone())),
            [Some(value), None, None] => self.value(value, action, &[at, "/value"].concat()),
            [None, Some(from), None] => self.reference(from, &[at, "/from"].concat()).map(Source::Part),
            [None, None, Some(fields)] => self.parts_of_object(fields, &[at, "/fields"].concat()),
            _ => {
                self.mistakes.add(at, "expected only one of value, from and fields");
                None
            }
        }
    }

    fn value(&mut self, value: &Value, action: Action, at: &str) -> Option<Source> {
        let number = matches!(value, Value::Number(_) | Value::BigInt(_));
        if matches!(action, Action::Add | Action::Subtract) && !number {
            self.mistakes.add(at, "expected a number or a BigInt");
        }
        let encoded = literal(value, at, self.mistakes);
        let integer = Term::read(&encoded).and_then(|number| number.integer());
        let node = integer.map(Node::integer).or_else(|| Node::short(&encoded));
        Some(Source::Literal(Literal { encoded, node }))
    }

    fn parts_of_object(&mut self, fields: &Value, at: &str) -> Option<Source> {
        let Value::Object(members) = fields else {
            self.mistakes.add(at, "expected an object: name → what becomes of it");
            return None;
        };
        let mut fields: Vec<Field> = Vec::new();
        for (name, content) in members {
            let mut at = at.to_owned();
            pointer::push(&mut at, name);
            fields.extend(self.field(name, content, &at));
        }
        fields.sort_by_key(|field| order::rank(field.name.name().text));
        Some(Source::Fields(fields))
    }

    /// A pointer into the event, `{ value: literal }`, or `{ from: pointer, optional: true }`.
    fn field(&mut self, name: &str, content: &Value, at: &str) -> Option<Field> {
        let name = OwnName::new(name.to_owned());
        let (content, optional) = match content {
            Value::Text(_) => (Content::Part(self.reference(content, at)?), false),
            Value::Object(_) => self.field_of_object(content, at)?,
            _ => {
                self.mistakes.add(at, FIELD_EXPECTED);
                return None;
            }
        };
        Some(Field {
            name,
            content,
            optional,
        })
    }

    fn field_of_object(&mut self, content: &Value, at: &str) -> Option<(Content, bool)> {
        let mut given = Fields::of(content, at, self.mistakes);
        let field = match (given.take("value"), given.take("from")) {
            (Some(value), None) => Some((Content::Literal(literal(value, at, self.mistakes)), false)),
            (None, Some(from)) => {
                let optional = given.flag("optional", self.mistakes);
                let reference = self.reference(from, &[at, "/from"].concat());
                reference.map(|reference| (Content::Part(reference), optional))
            }
            _ => {
                self.mistakes.add(at, FIELD_EXPECTED);
                None
            }
        };
        given.finish(self.mistakes);
        field
    }

    fn reference(&mut self, pointer: &Value, at: &str) -> Option<Reference> {
        Reference::parse(pointer, at, self.parts, self.mistakes)
    }

    fn initial(&mut self, fields: &mut Fields<'_>, action: Action, at: &str) -> Option<Vec<u8>> {
        let initial = action.takes_initial().then(|| fields.take("initial")).flatten()?;
        let at = [at, "/initial"].concat();
        let fits = match action {
            Action::Append => matches!(initial, Value::Array(_)),
            Action::Merge => matches!(initial, Value::Object(_)),
            _ => matches!(initial, Value::Number(_) | Value::BigInt(_)),
        };
        if !fits {
            self.mistakes.add(
                &at,
                match action {
                    Action::Append => "expected an array to append to",
                    Action::Merge => "expected an object to merge into",
                    _ => "expected a number or a BigInt to add to",
                },
            );
        }
        Some(literal(initial, &at, self.mistakes))
    }
}

const FIELD_EXPECTED: &str = "expected a JSON Pointer into the event, or an object with either value or from";

/// Encoded.
pub(super) const EMPTY_OBJECT: &[u8] = b"\xa0";

fn literal(value: &Value, at: &str, mistakes: &mut Mistakes) -> Vec<u8> {
    spec::literal(value).unwrap_or_else(|error| {
        mistakes.add(at, error.message());
        Vec::new()
    })
}
