//! What must hold for any bytes at all: the bodies of the fuzz targets. Each panics where a law breaks.
//!
//! `cargo xtask fuzz` runs them under libFuzzer, `tests/fuzz_smoke` on the stable toolchain.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use snapfold::frame::{self, Expect, Inspection, MAX_HEAD_BYTES, Opened, sha256};
use snapfold::value::{self, BigInt, Bytes, Date, OrderedMap, Set, TypedArray, Value, Wtf8};
use snapfold::{Code, Error};

#[allow(dead_code)] // its other user is tests/frame
#[path = "../tests/frame/forge.rs"]
mod forge;

/// Bytes as a value: all readers agree, and what they accept has no other spelling.
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
    typed_states(data);
}

/// Bytes as a frame: a verdict with its place, or exactly what was sealed.
pub fn frame_open(data: &[u8]) {
    let inspected = frame::inspect(data);
    assert_eq!(
        inspected,
        frame::inspect_head(&data[..data.len().min(MAX_HEAD_BYTES)], data.len() as u64)
    );
    match (frame::open(data, &Expect::default()), inspected) {
        (Ok(opened), Ok(inspection)) => sound_frame(data, &opened, &inspection),
        (Err(error), Ok(inspection)) => {
            // Nothing but the payload itself is left to find fault with.
            assert!(matches!(error.code(), Code::Corrupt | Code::TooLarge), "{error}");
            assert!(error.code() == Code::TooLarge || sha256(&data[inspection.offset..]) != inspection.payload.digest);
            lies_inside(&error, data);
        }
        (opened, Err(error)) => {
            assert_eq!(opened, Err(error.clone()));
            assert!(
                matches!(error.code(), Code::Truncated | Code::Corrupt | Code::TooNew),
                "{error}"
            );
            lies_inside(&error, data);
        }
    }
}

/// As [`frame_open`], with lengths and digests put right first: what lies behind them is reached by chance only otherwise.
pub fn frame_open_repaired(data: &[u8]) {
    let frame = repaired(data);
    let verdict = frame::open(&frame, &Expect::default());
    assert!(
        verdict.is_err() || verdict.is_ok_and(|opened| frame.ends_with(opened.payload)),
        "an opened payload is what the frame ends in"
    );
    frame_open(&frame);
}

fn lies_inside(error: &Error, data: &[u8]) {
    assert!(
        error.offset().is_none_or(|offset| offset <= data.len() as u64),
        "{error}"
    );
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

fn typed_states(data: &[u8]) {
    typed::<State>(data);
    typed::<Vec<Choice>>(data);
    typed::<(i8, u64, f32, bool)>(data);
    typed::<Vec<Option<i128>>>(data);
    typed::<BTreeMap<bool, Option<String>>>(data);
    typed::<OrderedMap<BigInt, Value>>(data);
    typed::<Vec<Wtf8>>(data);
    typed::<TypedArray>(data);
}

/// What fits a type is written in a form that reads and writes itself.
fn typed<T: DeserializeOwned + Serialize>(data: &[u8]) {
    match value::from_slice::<T>(data) {
        Ok(state) => {
            let bytes = value::to_vec(&state).expect("what was read can be written");
            let again: T = value::from_slice(&bytes).expect("what was written can be read");
            assert_eq!(value::to_vec(&again).as_ref(), Ok(&bytes));
        }
        Err(error) => {
            assert_eq!(error.code(), Code::Malformed);
            lies_inside(&error, data);
        }
    }
}

fn sound_frame(data: &[u8], opened: &Opened<'_>, inspection: &Inspection) {
    let Opened { header, facts, payload } = opened;
    assert_eq!((header, facts), (&inspection.header, &inspection.payload));
    assert_eq!(*payload, &data[inspection.offset..]);
    assert_eq!((facts.bytes, facts.digest), (payload.len() as u64, sha256(payload)));

    // A head of known fields has one spelling; unknown fields are not written again.
    let head = frame::head(header, facts).expect("what was read can be written");
    assert!(head.len() <= inspection.offset);
    assert!(head.len() < inspection.offset || data.starts_with(&head));
    let resealed = [&head, *payload].concat();
    assert_eq!(frame::open(&resealed, &Expect::default()).as_ref(), Ok(opened));

    let own = Expect::of(&header.name, header.version, &header.stream);
    assert_eq!(frame::open(data, &own).as_ref(), Ok(opened));
    let other = Expect {
        position: Some(!header.position),
        ..own
    };
    assert_eq!(
        frame::open(data, &other).map_err(|error| error.code()),
        Err(Code::Foreign)
    );
    if let Some(cut) = payload.len().checked_sub(1) {
        let cut = frame::open(&data[..inspection.offset + cut], &Expect::default());
        assert_eq!(cut.map_err(|error| error.code()), Err(Code::Truncated));
    }
}

/// The nearest frame whose lengths and digests fit.
fn repaired(data: &[u8]) -> Vec<u8> {
    const PRELUDE_BYTES: usize = 14;
    const DIGEST_BYTES: usize = 32;
    let body = data.get(PRELUDE_BYTES..).unwrap_or_default();
    let (header, rest) = body.split_at(item_end(body).unwrap_or(body.len()));
    let payload = rest.get(DIGEST_BYTES..).unwrap_or_default();
    let header = with_facts(header, payload).unwrap_or_else(|| header.to_vec());
    forge::frame(&header, payload)
}

/// The same header with stored length and payload digest of this payload, where it has those fields.
fn with_facts(header: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    let first = *header.first()?;
    if !(0xa0..0xb8).contains(&first) {
        return None;
    }
    let mut repaired = vec![first];
    let mut rest = &header[1..];
    while !rest.is_empty() {
        let (key, after) = rest.split_at(item_end(rest)?);
        let (value, after) = after.split_at(item_end(after)?);
        repaired.extend(key);
        match key {
            [11] => repaired.extend(forge::uint(payload.len() as u64)),
            [12] => repaired.extend(forge::bytes(&sha256(payload))),
            _ => repaired.extend(value),
        }
        rest = after;
    }
    Some(repaired)
}

/// Where the first CBOR item ends. It knows of lengths only, so that the rest may be wrong.
fn item_end(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut left) = (0usize, 1u64);
    while left > 0 {
        let first = *bytes.get(at)?;
        let width = match first & 31 {
            0..24 => 0,
            info @ 24..28 => 1 << (info - 24),
            _ => return None,
        };
        let argument = bytes.get(at + 1..at + 1 + width)?;
        let argument = match width {
            0 => u64::from(first & 31),
            _ => argument.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
        };
        at += 1 + width;
        left -= 1;
        match first >> 5 {
            2 | 3 => at = at.checked_add(usize::try_from(argument).ok()?)?,
            4 => left = left.checked_add(argument)?,
            5 => left = left.checked_add(argument.checked_mul(2)?)?,
            6 => left += 1,
            _ => {}
        }
    }
    (at <= bytes.len()).then_some(at)
}
