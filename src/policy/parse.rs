//! From data to [`Policy`], with an error that names the option.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::de::{Deserialize, Deserializer, Error as _};

use super::spec::{
    MAX_DEPTH, Policy, Rule, event_types, half, insert_kind, invalid, positive, some, state_index, too_deep, whole,
};
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
        rule(&spec.0, "policy", 1).map(Policy)
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

fn rule(written: &Value, path: &str, depth: usize) -> Result<Rule> {
    if depth > MAX_DEPTH {
        return Err(too_deep(path));
    }
    if written.as_str() == Some("never") {
        return Ok(Rule::Never);
    }
    let (name, body) = single(written, path)?;
    let at = format!("{path}.{name}");
    match name {
        "everyEvents" => whole(integer(body, &at)?, &at).map(Rule::EveryEvents),
        "everyBytes" => whole(integer(body, &at)?, &at).map(Rule::EveryBytes),
        "everyMillis" => whole(integer(body, &at)?, &at).map(Rule::EveryMillis),
        "slowLoad" => whole(integer(body, &at)?, &at).map(Rule::SlowLoad),
        "tailRatio" => positive(number(body, &at)?, &at).map(Rule::TailRatio),
        "whenState" => state_index(integer(body, &at)?, &at).map(Rule::WhenState),
        "whenEvent" => event_types(&texts(body, &at)?, &at).map(Rule::WhenEvent),
        "anyOf" => some(rules(body, &at, depth)?, &at).map(Rule::AnyOf),
        "allOf" => some(rules(body, &at, depth)?, &at).map(Rule::AllOf),
        "perKind" => per_kind(body, &at, depth),
        "jitter" => jitter(body, &at, depth),
        _ => Err(invalid(
            format!("\"{name}\" is not a trigger; there are {TRIGGERS}"),
            path,
        )),
    }
}

fn per_kind(body: &Value, path: &str, depth: usize) -> Result<Rule> {
    let [listed, otherwise] = fields(body, ["kinds", "otherwise"], path)?;
    let at = format!("{path}.kinds");
    let mut kinds = Vec::new();
    for (kind, written) in entries(listed, &at)? {
        let policy = rule(written, &format!("{at}.{kind}"), depth + 1)?;
        insert_kind(&mut kinds, kind, policy, &at)?;
    }
    Ok(Rule::PerKind {
        kinds: some(kinds, &at)?,
        otherwise: Box::new(rule(otherwise, &format!("{path}.otherwise"), depth + 1)?),
    })
}

fn jitter(body: &Value, path: &str, depth: usize) -> Result<Rule> {
    let [fraction, policy] = fields(body, ["fraction", "policy"], path)?;
    let at = format!("{path}.fraction");
    Ok(Rule::Jitter {
        fraction: half(number(fraction, &at)?, &at)?,
        policy: Box::new(rule(policy, &format!("{path}.policy"), depth + 1)?),
    })
}

fn rules(written: &Value, path: &str, depth: usize) -> Result<Vec<Rule>> {
    let members = list(written, path)?.iter().enumerate();
    members
        .map(|(i, member)| rule(member, &format!("{path}[{i}]"), depth + 1))
        .collect()
}

fn texts<'v>(written: &'v Value, path: &str) -> Result<Vec<&'v str>> {
    let members = list(written, path)?.iter().enumerate();
    members
        .map(|(i, member)| {
            member
                .as_str()
                .ok_or_else(|| expected("a text", member, &format!("{path}[{i}]")))
        })
        .collect()
}

fn single<'v>(written: &'v Value, path: &str) -> Result<(&'v str, &'v Value)> {
    match written {
        Value::Object(entries) => match entries.as_slice() {
            [(name, body)] => Ok((name, body)),
            _ => Err(invalid(
                format!(
                    "{} triggers in one object; write one, or combine them with anyOf or allOf",
                    entries.len()
                ),
                path,
            )),
        },
        _ => Err(expected("\"never\" or an object with one trigger", written, path)),
    }
}

/// The named fields of an object that has no others; an absent one is undefined.
fn fields<'v>(written: &'v Value, names: [&str; 2], path: &str) -> Result<[&'v Value; 2]> {
    let entries = entries(written, path)?;
    let misplaced = |(i, (key, _)): &(usize, &(String, Value))| {
        !names.contains(&key.as_str()) || entries.iter().take(*i).any(|(earlier, _)| earlier == key)
    };
    match entries.iter().enumerate().find(misplaced) {
        Some((_, (key, _))) => {
            let [first, second] = names;
            let message = format!("\"{key}\" does not belong here; write {first} and {second} once each");
            Err(invalid(message, path))
        }
        None => Ok(names.map(|name| written.get(name).unwrap_or(&Value::Undefined))),
    }
}

fn entries<'v>(written: &'v Value, path: &str) -> Result<&'v [(String, Value)]> {
    match written {
        Value::Object(entries) => Ok(entries),
        other => Err(expected("an object", other, path)),
    }
}

fn list<'v>(written: &'v Value, path: &str) -> Result<&'v [Value]> {
    written.as_array().ok_or_else(|| expected("a list", written, path))
}

fn number(written: &Value, path: &str) -> Result<f64> {
    written.as_f64().ok_or_else(|| expected("a number", written, path))
}

/// A whole number, however the host wrote it: JavaScript has one kind of number, so 100.0 is 100.
fn integer(written: &Value, path: &str) -> Result<u64> {
    let number = number(written, path)?;
    let whole = number as u64;
    if whole as f64 == number {
        return Ok(whole);
    }
    Err(invalid(
        "not a whole number; write digits without a sign or a fraction",
        path,
    ))
}

fn expected(what: &str, found: &Value, path: &str) -> Error {
    let found = match found {
        Value::Undefined | Value::Null => "nothing",
        Value::Number(_) => "a number",
        Value::BigInt(_) => "a BigInt",
        Value::Text(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
        _ => "something else",
    };
    invalid(format!("expected {what}, found {found}"), path)
}
