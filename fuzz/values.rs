//! Bytes as values.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use snapfold::value::{self, BigInt, Bytes, Date, OrderedMap, Set, TypedArray, Value, Wtf8};
use snapfold::{Code, Result};

use super::lies_inside;

/// All readers agree, and what they accept has no other spelling.
pub fn value_decode(data: &[u8]) {
    let verdict = value::validate(data);
    let decoded = value::from_slice::<Value>(data);
    assert_eq!(verdict, decoded.as_ref().map(drop).map_err(Clone::clone));
    assert_eq!(verdict, value::from_slice::<IgnoredAny>(data).map(drop));
    match decoded {
        Ok(decoded) => {
            assert_eq!(value::to_vec(&decoded).as_deref(), Ok(data));
            canonical_form(data, &decoded);
        }
        Err(error) => {
            assert_eq!(error.code(), Code::Malformed);
            assert!(error.offset().is_some(), "{error}");
            lies_inside(&error, data);
            assert_eq!(value::canonicalize(data), Err(error));
        }
    }
    typed_states(data, &verdict);
    diagnosis(data);
}

/// Any bytes have a diagnosis within its limit; a shorter one is the beginning of a longer one.
fn diagnosis(data: &[u8]) {
    const NOTE: usize = 120;
    let whole = value::diagnose(data, usize::MAX);
    let others = whole.bytes().filter(|byte| !byte.is_ascii()).count();
    assert!(others <= '…'.len_utf8(), "{whole}");
    for most in [0, 1, 10, 100] {
        let some = value::diagnose(data, most);
        let shown = some.split_once('…').map_or(&some[..], |(shown, _)| shown);
        assert!(whole.starts_with(shown), "{some}\n{whole}");
        assert!(some.chars().count() <= most + NOTE, "{most}: {some}");
    }
}

/// The canonical form is the value with the keys of its objects sorted, and it is its own canonical form.
fn canonical_form(data: &[u8], decoded: &Value) {
    let canonical = value::canonicalize(data).expect("a value has a canonical form");
    assert_eq!(value::to_vec(&sorted(decoded)).as_deref(), Ok(&canonical[..]));
    assert_eq!(value::canonicalize(&canonical).as_deref(), Ok(&canonical[..]));
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(elements) => Value::Array(elements.iter().map(sorted).collect()),
        Value::Set(elements) => Value::Set(elements.iter().map(sorted).collect()),
        Value::Map(entries) => Value::Map(
            entries
                .iter()
                .map(|(key, value)| (sorted(key), sorted(value)))
                .collect(),
        ),
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| (key.clone(), sorted(value)))
                .collect();
            entries.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
            Value::Object(entries)
        }
        other => other.clone(),
    }
}

#[derive(Deserialize, Serialize)]
struct State {
    a: Option<i64>,
    #[serde(default)]
    b: Vec<f64>,
    #[serde(default)]
    c: Option<String>,
    #[serde(default)]
    d: BTreeMap<i32, Choice>,
}

#[derive(Deserialize, Serialize)]
enum Choice {
    Unit,
    One(u8),
    Two(char, Set<String>),
    Named { at: Date, bytes: Bytes },
}

/// Goes through serde's buffers.
#[derive(Deserialize, Serialize)]
struct Open {
    a: u8,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

fn typed_states(data: &[u8], verdict: &Result<()>) {
    typed::<State>(data, verdict);
    typed::<Vec<Choice>>(data, verdict);
    typed::<Open>(data, verdict);
    typed::<(i8, u64, f32, bool)>(data, verdict);
    typed::<Vec<Option<i128>>>(data, verdict);
    typed::<BTreeMap<bool, Option<String>>>(data, verdict);
    typed::<OrderedMap<BigInt, Value>>(data, verdict);
    typed::<Vec<Wtf8>>(data, verdict);
    typed::<TypedArray>(data, verdict);
}

/// A type takes nothing that is no value, and what fits it is written in a form that reads and writes itself.
fn typed<T: DeserializeOwned + Serialize>(data: &[u8], verdict: &Result<()>) {
    match (value::from_slice::<T>(data), verdict) {
        (Ok(state), verdict) => {
            assert_eq!(*verdict, Ok(()));
            let bytes = match value::to_vec(&state) {
                Ok(bytes) => bytes,
                Err(error) => return assert!(has_number_twice(data), "{error}"),
            };
            let again: T = value::from_slice(&bytes).expect("what was written can be read");
            assert_eq!(value::to_vec(&again).as_ref(), Ok(&bytes));
        }
        (Err(error), Ok(())) => {
            assert_eq!(error.code(), Code::Malformed);
            lies_inside(&error, data);
        }
        (Err(error), Err(malformed)) => assert_eq!(error, *malformed),
    }
}

/// `1` and `1n` are two keys of a Map, and one where the type of keys takes both.
fn has_number_twice(data: &[u8]) -> bool {
    let Ok(Value::Map(entries)) = value::from_slice(data) else {
        return false;
    };
    let numbers = entries.iter().filter_map(|(key, _)| match key {
        Value::Number(number) => Some(*number as i128),
        Value::BigInt(number) => i128::try_from(number).ok(),
        _ => None,
    });
    let mut seen = BTreeSet::new();
    !numbers.into_iter().all(|number| seen.insert(number))
}
