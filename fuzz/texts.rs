//! Bytes as JSON, and values as JSON.

use snapfold::value::{self, Value};
use snapfold::{Code, Error};

use super::lies_inside;

/// JSON text becomes a value that becomes that JSON again, and a value becomes JSON exactly if it comes back.
pub fn json_transcode(data: &[u8]) {
    match value::from_json(data) {
        Ok(bytes) => {
            assert_eq!(value::validate(&bytes), Ok(()));
            let json = value::to_json(&bytes).expect("what was JSON can be JSON");
            assert_eq!(value::from_json(json.as_bytes()).as_ref(), Ok(&bytes));
            accepted_elsewhere(data);
            accepted_elsewhere(json.as_bytes());
            lone_number(data, &bytes);
        }
        Err(error) => {
            assert_eq!(error.code(), Code::Malformed);
            assert!(error.offset().is_some(), "{error}");
            lies_inside(&error, data);
            refused_for_a_reason(data, &error);
        }
    }
    match (value::to_json(data), value::validate(data)) {
        (Ok(json), Ok(())) => assert_eq!(value::from_json(json.as_bytes()).as_deref(), Ok(data)),
        (Err(error), Ok(())) => {
            assert_eq!(error.code(), Code::Unencodable);
            assert!(error.path().is_some(), "{error}");
        }
        (written, verdict) => assert_eq!(written.map(drop), verdict),
    }
}

/// Another reader takes it too, if it is not too deep for it.
fn accepted_elsewhere(json: &[u8]) {
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(json) {
        assert!(error.to_string().contains("recursion limit"), "{error}");
    }
}

/// Where others see JSON, it is one of the few things that the profile, or prudence, cannot take.
fn refused_for_a_reason(json: &[u8], error: &Error) {
    const REASONS: [&str; 2] = ["a key that the object holds already", "more than 4,300 digits"];
    let others = serde_json::from_slice::<serde_json::Value>(json);
    assert!(
        others.is_err() || REASONS.iter().any(|reason| error.message().contains(reason)),
        "{error}"
    );
}

/// A text that is one number is the nearest double, or an integer with all its digits.
fn lone_number(json: &[u8], bytes: &[u8]) {
    let text = std::str::from_utf8(json).expect("JSON is UTF-8").trim();
    match value::from_slice::<Value>(bytes) {
        Ok(number @ Value::Number(_)) => assert_eq!(text.parse().map(Value::Number), Ok(number)),
        Ok(Value::BigInt(_)) => assert_eq!(value::to_json(bytes).as_deref(), Ok(text)),
        _ => {}
    }
}
