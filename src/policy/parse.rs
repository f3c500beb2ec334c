//! From data to [`Policy`], with an error that names the option.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::spec::{
    MAX_DEPTH, Policy, Rule, event_types, half, invalid, named, positive, some, state_index, too_deep, whole,
};
use crate::{Error, Result};

/// Lists and objects that a valid policy puts inside one another: three per level (`{"perKind": {"kinds": {"task": …}}}`).
const MAX_NESTING: usize = 3 * MAX_DEPTH + 1;

const TRIGGERS: &str = "everyEvents, everyBytes, everyMillis, tailRatio, slowLoad, whenEvent, whenState, anyOf, allOf, \
    perKind, jitter";

/// A policy as it was written, not looked at yet.
///
/// Deserialising a [`Policy`] directly turns an error into the words of the format's own error type. A host that wants the code
/// and the path deserialises this, which accepts anything, and converts it:
///
/// ```
/// use snapfold::policy::{Policy, Spec};
///
/// let spec: Spec = serde_json::from_str(r#"{"anyOf": ["never", {"everyEvents": 2.5}]}"#)?;
/// let error = Policy::try_from(spec).unwrap_err();
/// assert_eq!(error.code(), snapfold::Code::InvalidOption);
/// assert_eq!(error.path(), Some("policy.anyOf[1].everyEvents"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Spec(Raw);

impl TryFrom<Spec> for Policy {
    type Error = Error;

    fn try_from(spec: Spec) -> Result<Self> {
        rule(spec.0, "policy", 1).map(Policy)
    }
}

impl<'de> Deserialize<'de> for Spec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Nesting(MAX_NESTING).deserialize(deserializer).map(Spec)
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Policy::try_from(Spec::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

fn rule(raw: Raw, path: &str, depth: usize) -> Result<Rule> {
    if depth > MAX_DEPTH {
        return Err(too_deep(path));
    }
    let (name, body) = match raw {
        Raw::Text(name) if name == "never" => return Ok(Rule::Never),
        raw => single(raw, path)?,
    };
    let at = format!("{path}.{name}");
    match name.as_str() {
        "everyEvents" => whole(integer(body, &at)?, &at).map(Rule::EveryEvents),
        "everyBytes" => whole(integer(body, &at)?, &at).map(Rule::EveryBytes),
        "everyMillis" => whole(integer(body, &at)?, &at).map(Rule::EveryMillis),
        "slowLoad" => whole(integer(body, &at)?, &at).map(Rule::SlowLoad),
        "tailRatio" => positive(number(body, &at)?, &at).map(Rule::TailRatio),
        "whenState" => state_index(integer(body, &at)?, &at).map(Rule::WhenState),
        "whenEvent" => event_types(texts(body, &at)?.into_iter(), &at).map(Rule::WhenEvent),
        "anyOf" => some(rules(body, &at, depth)?, &at).map(Rule::AnyOf),
        "allOf" => some(rules(body, &at, depth)?, &at).map(Rule::AllOf),
        "perKind" => per_kind(body, &at, depth),
        "jitter" => jitter(body, &at, depth),
        _ => Err(invalid(
            format!("{name:?} is not a trigger; there are {TRIGGERS}"),
            path,
        )),
    }
}

fn per_kind(body: Raw, path: &str, depth: usize) -> Result<Rule> {
    let [listed, otherwise] = fields(body, ["kinds", "otherwise"], path)?;
    let at = format!("{path}.kinds");
    let mut kinds = BTreeMap::new();
    for (kind, raw) in entries(listed, &at)? {
        let at = format!("{at}.{kind}");
        let policy = rule(raw, &at, depth + 1)?;
        if kinds.insert(kind, policy).is_some() {
            return Err(invalid("this kind is named twice; keep one", &at));
        }
    }
    Ok(Rule::PerKind {
        kinds: named(kinds, &at)?,
        otherwise: Box::new(rule(otherwise, &format!("{path}.otherwise"), depth + 1)?),
    })
}

fn jitter(body: Raw, path: &str, depth: usize) -> Result<Rule> {
    let [fraction, policy] = fields(body, ["fraction", "policy"], path)?;
    let at = format!("{path}.fraction");
    Ok(Rule::Jitter {
        fraction: half(number(fraction, &at)?, &at)?,
        policy: Box::new(rule(policy, &format!("{path}.policy"), depth + 1)?),
    })
}

fn rules(raw: Raw, path: &str, depth: usize) -> Result<Vec<Rule>> {
    let members = list(raw, path)?.into_iter().enumerate();
    members
        .map(|(i, raw)| rule(raw, &format!("{path}[{i}]"), depth + 1))
        .collect()
}

fn texts(raw: Raw, path: &str) -> Result<Vec<String>> {
    let members = list(raw, path)?.into_iter().enumerate();
    members
        .map(|(i, raw)| match raw {
            Raw::Text(text) => Ok(text),
            other => Err(expected("a text", &other, &format!("{path}[{i}]"))),
        })
        .collect()
}

fn single(raw: Raw, path: &str) -> Result<(String, Raw)> {
    const SHAPE: &str = "\"never\" or an object with one trigger";
    let Raw::Object(mut entries) = raw else {
        return Err(expected(SHAPE, &raw, path));
    };
    match (entries.pop(), entries.len()) {
        (Some(entry), 0) => Ok(entry),
        (last, others) => {
            let count = others + usize::from(last.is_some());
            Err(invalid(
                format!("{count} triggers in one object; write one, or combine them with anyOf or allOf"),
                path,
            ))
        }
    }
}

/// The named fields of an object that has no others; an absent one is [`Raw::Nothing`].
fn fields<const N: usize>(raw: Raw, names: [&str; N], path: &str) -> Result<[Raw; N]> {
    let mut left = entries(raw, path)?;
    let found = names.map(|name| match left.iter().position(|(key, _)| key == name) {
        Some(index) => left.swap_remove(index).1,
        None => Raw::Nothing,
    });
    match left.first() {
        Some((key, _)) => Err(invalid(
            format!("{key:?} does not belong here; write {} once each", names.join(" and ")),
            path,
        )),
        None => Ok(found),
    }
}

fn entries(raw: Raw, path: &str) -> Result<Vec<(String, Raw)>> {
    match raw {
        Raw::Object(entries) => Ok(entries),
        other => Err(expected("an object", &other, path)),
    }
}

fn list(raw: Raw, path: &str) -> Result<Vec<Raw>> {
    match raw {
        Raw::List(members) => Ok(members),
        other => Err(expected("a list", &other, path)),
    }
}

fn number(raw: Raw, path: &str) -> Result<f64> {
    match raw {
        Raw::Number(number) => Ok(number),
        other => Err(expected("a number", &other, path)),
    }
}

/// A whole number, however the host wrote it: JavaScript has one kind of number, so 100.0 is 100.
fn integer(raw: Raw, path: &str) -> Result<u64> {
    let number = number(raw, path)?;
    let whole = number as u64;
    if whole as f64 == number {
        return Ok(whole);
    }
    Err(invalid(
        format!("{number} is not a whole number; write digits without a sign or a fraction"),
        path,
    ))
}

fn expected(what: &str, found: &Raw, path: &str) -> Error {
    let found = match found {
        Raw::Nothing => "nothing",
        Raw::Number(_) => "a number",
        Raw::Text(_) => "a text",
        Raw::List(_) => "a list",
        Raw::Object(_) => "an object",
        Raw::Other => "something else",
    };
    invalid(format!("expected {what}, found {found}"), path)
}

/// What any self-describing format can hold, as far as a policy needs it.
#[derive(Clone, Debug)]
enum Raw {
    Nothing,
    /// Whole numbers too: those a policy accepts are exact in a double.
    Number(f64),
    Text(String),
    List(Vec<Raw>),
    Object(Vec<(String, Raw)>),
    /// Booleans, bytes, and what lies deeper than any policy.
    Other,
}

/// How many more lists and objects may be entered.
#[derive(Clone, Copy)]
struct Nesting(usize);

impl<'de> DeserializeSeed<'de> for Nesting {
    type Value = Raw;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        if self.0 == 0 {
            return IgnoredAny::deserialize(deserializer).map(|_| Raw::Other);
        }
        deserializer.deserialize_any(Nesting(self.0 - 1))
    }
}

impl<'de> Visitor<'de> for Nesting {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a policy")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Other)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Raw, E> {
        Ok(Raw::Other)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Raw, E> {
        Ok(Raw::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(member) = members.next_element_seed(self)? {
            list.push(member);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut object = Vec::new();
        while let Some(key) = entries.next_key()? {
            object.push((key, entries.next_value_seed(self)?));
        }
        Ok(Raw::Object(object))
    }
}
