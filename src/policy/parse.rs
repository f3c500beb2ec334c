//! From data to [`Policy`], with an error that names the option.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::{Deserialize, Deserializer, Error as _};

use super::spec::{
    MAX_DEPTH, Policy, Rule, event_types, half, insert_kind, invalid, positive, some, state_index, too_deep, whole,
};
use crate::text::text;
use crate::value::Value;
use crate::{Error, Result};

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
pub struct Spec(Value);

impl From<Value> for Spec {
    fn from(written: Value) -> Self {
        Self(written)
    }
}

impl TryFrom<Spec> for Policy {
    type Error = Error;

    fn try_from(spec: Spec) -> Result<Self> {
        rule(&spec.0, 1).map(Policy).map_err(|error| error.under("policy"))
    }
}

impl<'de> Deserialize<'de> for Spec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Spec)
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Policy::try_from(Spec::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

// Paths grow while an error is on its way out, so that a valid policy pays nothing for them.

fn rule(written: &Value, depth: usize) -> Result<Rule> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    if written.as_str() == Some("never") {
        return Ok(Rule::Never);
    }
    let (name, body) = single(written)?;
    let rule = match name {
        "everyEvents" => threshold(body).map(Rule::EveryEvents),
        "everyBytes" => threshold(body).map(Rule::EveryBytes),
        "everyMillis" => threshold(body).map(Rule::EveryMillis),
        "slowLoad" => threshold(body).map(Rule::SlowLoad),
        "tailRatio" => number(body).and_then(positive).map(Rule::TailRatio),
        "whenState" => integer(body).and_then(state_index).map(Rule::WhenState),
        "whenEvent" => texts(body).and_then(|types| event_types(&types)).map(Rule::WhenEvent),
        "anyOf" => rules(body, depth).map(Rule::AnyOf),
        "allOf" => rules(body, depth).map(Rule::AllOf),
        "perKind" => per_kind(body, depth),
        "jitter" => jitter(body, depth),
        _ => {
            return Err(invalid(text!("\"{}\" is not a trigger; there are {}", name, TRIGGERS)));
        }
    };
    rule.map_err(|error| in_field(name, error))
}

fn per_kind(body: &Value, depth: usize) -> Result<Rule> {
    let [listed, otherwise] = fields(body, ["kinds", "otherwise"])?;
    let kinds = kinds(listed, depth).map_err(|error| in_field("kinds", error))?;
    let otherwise = rule(otherwise, depth + 1).map_err(|error| in_field("otherwise", error))?;
    Ok(Rule::PerKind {
        kinds,
        otherwise: Box::new(otherwise),
    })
}

fn kinds(listed: &Value, depth: usize) -> Result<Vec<(String, Rule)>> {
    let mut kinds = Vec::new();
    for (kind, written) in entries(listed)? {
        let policy = rule(written, depth + 1).map_err(|error| in_field(kind, error))?;
        insert_kind(&mut kinds, kind, policy)?;
    }
    some(kinds)
}

fn jitter(body: &Value, depth: usize) -> Result<Rule> {
    let [fraction, policy] = fields(body, ["fraction", "policy"])?;
    let fraction = number(fraction).and_then(half);
    let policy = rule(policy, depth + 1);
    Ok(Rule::Jitter {
        fraction: fraction.map_err(|error| in_field("fraction", error))?,
        policy: Box::new(policy.map_err(|error| in_field("policy", error))?),
    })
}

fn rules(written: &Value, depth: usize) -> Result<Vec<Rule>> {
    let mut rules = Vec::new();
    for (i, member) in list(written)?.iter().enumerate() {
        rules.push(rule(member, depth + 1).map_err(|error| in_element(i, error))?);
    }
    some(rules)
}

fn texts(written: &Value) -> Result<Vec<&str>> {
    let mut texts = Vec::new();
    for (i, member) in list(written)?.iter().enumerate() {
        let text = member.as_str();
        texts.push(text.ok_or_else(|| in_element(i, expected("a text", member)))?);
    }
    Ok(texts)
}

fn single(written: &Value) -> Result<(&str, &Value)> {
    match written {
        Value::Object(entries) => match entries.as_slice() {
            [(name, body)] => Ok((name, body)),
            _ => Err(invalid(text!(
                "{} triggers in one object; write one, or combine them with anyOf or allOf",
                entries.len()
            ))),
        },
        _ => Err(expected("\"never\" or an object with one trigger", written)),
    }
}

/// The named fields of an object that has no others; an absent one is undefined.
fn fields<'v>(written: &'v Value, names: [&str; 2]) -> Result<[&'v Value; 2]> {
    let entries = entries(written)?;
    for (i, (key, _)) in entries.iter().enumerate() {
        let repeated = entries.iter().take(i).any(|(earlier, _)| earlier == key);
        if repeated || !names.contains(&key.as_str()) {
            let [first, second] = names;
            return Err(invalid(text!(
                "\"{}\" does not belong here; write {} and {} once each",
                key,
                first,
                second
            )));
        }
    }
    Ok(names.map(|name| written.get(name).unwrap_or(&Value::Undefined)))
}

fn entries(written: &Value) -> Result<&[(String, Value)]> {
    match written {
        Value::Object(entries) => Ok(entries),
        other => Err(expected("an object", other)),
    }
}

fn list(written: &Value) -> Result<&[Value]> {
    written.as_array().ok_or_else(|| expected("a list", written))
}

fn number(written: &Value) -> Result<f64> {
    written.as_f64().ok_or_else(|| expected("a number", written))
}

/// A whole number, however the host wrote it: JavaScript has one kind of number, so 100.0 is 100.
fn integer(written: &Value) -> Result<u64> {
    let number = number(written)?;
    let whole = number as u64;
    if whole as f64 == number {
        return Ok(whole);
    }
    Err(invalid("not a whole number; write digits without a sign or a fraction"))
}

fn threshold(written: &Value) -> Result<u64> {
    integer(written).and_then(whole)
}

fn expected(what: &str, found: &Value) -> Error {
    let found = match found {
        Value::Undefined | Value::Null => "nothing",
        Value::Number(_) => "a number",
        Value::BigInt(_) => "a BigInt",
        Value::Text(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
        _ => "something else",
    };
    invalid(text!("expected {}, found {}", what, found))
}

#[cold]
fn in_field(name: &str, error: Error) -> Error {
    error.under(name).under(".")
}

#[cold]
fn in_element(index: usize, error: Error) -> Error {
    error.under(&text!("[{}]", index))
}
