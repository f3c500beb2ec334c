//! The golden vectors, in both directions.

use serde_json::Value as Json;
use snapfold::value::{BigInt, Date, ElementType, TypedArray, Value, Wtf8, canonicalize, from_slice, to_vec, validate};

use crate::{hex, offset, readers::Walk};

fn load(text: &str) -> Vec<Json> {
    serde_json::from_str(text).unwrap()
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} is missing in {json}"))
}

/// Builds a value from the notation of tests/vectors/README.md.
fn build(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(number.as_i64().unwrap() as f64),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(elements) => Value::Array(elements.iter().map(build).collect()),
        Json::Object(_) => build_noted(json),
    }
}

fn build_noted(json: &Json) -> Value {
    let parts = || json["v"].as_array().unwrap().iter();
    let bytes = || hex(text(json, "hex"));
    match text(json, "$") {
        "undefined" => Value::Undefined,
        "number" => Value::Number(text(json, "v").parse().unwrap()),
        "bigint" => Value::BigInt(decimal(text(json, "v"))),
        "date" => Value::Date(
            json["ms"]
                .as_i64()
                .map_or(Date::INVALID, |ms| Date::from_millis(ms).unwrap()),
        ),
        "bytes" => Value::Bytes(bytes()),
        "typed" => {
            let element = ElementType::from_name(text(json, "kind")).unwrap();
            Value::TypedArray(TypedArray::new(element, bytes()).unwrap())
        }
        "wtf16" => {
            let units = json["units"].as_array().unwrap().iter();
            let units: Vec<u16> = units.map(|unit| unit.as_u64().unwrap().try_into().unwrap()).collect();
            Value::Wtf8(Wtf8::from_utf16(&units).unwrap_err())
        }
        "object" => Value::Object(
            parts()
                .map(|entry| (entry[0].as_str().unwrap().to_owned(), build(&entry[1])))
                .collect(),
        ),
        "map" => Value::Map(parts().map(|entry| (build(&entry[0]), build(&entry[1]))).collect()),
        "set" => Value::Set(parts().map(build).collect()),
        "nested" => {
            (1..json["depth"].as_u64().unwrap()).fold(Value::Array(vec![]), |inner, _| Value::Array(vec![inner]))
        }
        other => panic!("unknown notation {other}"),
    }
}

/// By schoolbook multiplication, independent of the conversions under test.
fn decimal(text: &str) -> BigInt {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let mut magnitude = vec![0u8; 32];
    for digit in digits.bytes() {
        let mut carry = u32::from(digit - b'0');
        for byte in magnitude.iter_mut().rev() {
            let value = u32::from(*byte) * 10 + carry;
            *byte = value as u8;
            carry = value >> 8;
        }
        assert_eq!(carry, 0, "{text} is too large for this test");
    }
    BigInt::new(negative, &magnitude)
}

#[test]
fn values_have_exactly_these_bytes() {
    for vector in load(include_str!("../vectors/values.json")) {
        let (name, bytes, value) = (
            text(&vector, "name"),
            hex(text(&vector, "hex")),
            build(&vector["value"]),
        );
        assert_eq!(to_vec(&value).unwrap(), bytes, "encoding {name}");
        assert_eq!(from_slice::<Value>(&bytes).unwrap(), value, "decoding {name}");
        assert_eq!(validate(&bytes), Ok(()), "validating {name}");
        from_slice::<Walk>(&bytes).expect(name);
    }
}

#[test]
fn the_examples_of_rfc_8949_are_read_as_it_says_or_refused() {
    let examples = load(include_str!("../vectors/rfc8949-appendix-a.json"));
    assert_eq!(examples.len(), 82);
    for example in examples {
        let (diagnostic, bytes) = (text(&example, "diagnostic"), hex(text(&example, "hex")));
        match example["offset"].as_u64() {
            Some(at) => assert_eq!(
                offset(&from_slice::<Value>(&bytes).expect_err(diagnostic)),
                at,
                "{diagnostic}"
            ),
            None => {
                assert_eq!(
                    from_slice::<Value>(&bytes).unwrap(),
                    build(&example["value"]),
                    "{diagnostic}"
                );
                assert_eq!(to_vec(&build(&example["value"])).unwrap(), bytes, "{diagnostic}");
            }
        }
    }
}

#[test]
fn different_vectors_are_different_values() {
    let values: Vec<_> = load(include_str!("../vectors/values.json"))
        .iter()
        .filter(|vector| !text(vector, "name").starts_with("rfc"))
        .map(|vector| (hex(text(vector, "hex")), build(&vector["value"])))
        .collect();
    for (bytes_a, a) in &values {
        for (bytes_b, b) in &values {
            assert_eq!(bytes_a == bytes_b, a == b, "{a:?} and {b:?}");
        }
    }
}

#[test]
fn refused_bytes_are_refused_at_the_item_that_breaks_the_rule() {
    for vector in load(include_str!("../vectors/values-refused.json")) {
        let (name, bytes, at) = (
            text(&vector, "name"),
            hex(text(&vector, "hex")),
            vector["offset"].as_u64().unwrap(),
        );
        assert_eq!(offset(&validate(&bytes).expect_err(name)), at, "validating {name}");
        assert_eq!(
            offset(&from_slice::<Value>(&bytes).expect_err(name)),
            at,
            "decoding {name}"
        );
        assert_eq!(
            offset(&from_slice::<serde::de::IgnoredAny>(&bytes).expect_err(name)),
            at,
            "ignoring {name}"
        );
        assert_eq!(
            offset(&canonicalize(&bytes).expect_err(name)),
            at,
            "canonicalizing {name}"
        );
        assert_eq!(
            offset(&from_slice::<Walk>(&bytes).expect_err(name)),
            at,
            "walking {name}"
        );
    }
}
