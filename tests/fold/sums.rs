//! `add` and `subtract`: exact, or an error.

use snapfold::value::{self, BigInt, Value};
use snapfold::{Code, Error};

use super::routes::{cbor, once, one, refused, rules, spec, try_once};

const MISSING: Code = Code::MissingTarget;
const TYPE: Code = Code::WrongType;

#[test]
fn integers_add_exactly_or_not_at_all() {
    let add =
        |state: &str, action: &str, data: &str| try_once(&format!(r#"{{"n":{state}}}"#), &one(action, "/n", ""), data);
    for (state, action, data, total) in [
        ("1", "add", "2", "3"),
        ("1", "subtract", "2", "-1"),
        ("9007199254740990", "add", "1", "9007199254740991"),
        ("-9007199254740990", "subtract", "1", "-9007199254740991"),
        ("9007199254740991", "subtract", "9007199254740991", "0"),
        ("9007199254740991", "add", "-9007199254740991", "0"),
        ("0", "subtract", "0", "0"),
        ("5", "subtract", "5", "0"),
        ("-0", "add", "0", "0"),
        ("-0", "subtract", "0", "-0"),
        ("-0", "add", "-0", "-0"),
        ("0", "add", "-0", "0"),
        ("0.1", "add", "0.2", "0.30000000000000004"),
        ("0.5", "add", "0.5", "1"),
        ("1.5", "subtract", "1", "0.5"),
        ("1e300", "add", "0.5", "1e+300"),
        ("9007199254740991", "add", "0.5", "9007199254740992.0"),
        (
            "18446744073709551616",
            "add",
            "9007199254740993",
            "18455751272964292609",
        ),
        (
            "9007199254740993",
            "subtract",
            "18446744073709551616",
            "-18437736874454810623",
        ),
        ("9007199254740993", "add", "1", "9007199254740994"),
        ("9007199254740993", "subtract", "-7", "9007199254741000"),
    ] {
        let expected = cbor(&format!(r#"{{"n":{total}}}"#));
        let given = add(state, action, data).unwrap();
        assert_eq!(cbor(&given), expected, "{state} {action} {data} gave {given}");
    }
    for (state, action, data) in [
        ("9007199254740991", "add", "1"),
        ("-9007199254740991", "subtract", "1"),
        ("9007199254740991", "add", "9007199254740991"),
        ("1", "add", "9007199254740992.0"),
        ("1e300", "add", "1"),
        ("9007199254740992.0", "subtract", "9007199254740992.0"),
        ("1.7e308", "add", "1.7e308"),
    ] {
        let said = add(state, action, data).unwrap_err();
        assert_eq!(
            (said.code, said.path.as_deref()),
            (Code::OutOfRange, Some("/n")),
            "{state} {action} {data}"
        );
    }
    for (state, data) in [
        ("1", "9007199254740993"),
        ("9007199254740993", "1.5"),
        ("9007199254740993", "-0"),
        ("9007199254740993", "1e300"),
        ("1", r#""1""#),
        ("1", "null"),
        ("1", "[1]"),
        (r#""1""#, "1"),
        (r#""a text of more than sixteen bytes""#, "1"),
        ("null", "1"),
        ("true", "1"),
        ("{}", "1"),
        ("[1]", "1"),
    ] {
        assert_eq!(add(state, "add", data).unwrap_err().code, TYPE, "{state} + {data}");
    }
}

#[test]
fn what_is_missing_starts_as_said() {
    let add = |action: &str, rest: &str| once("{}", &one(action, "/n", rest), "2");
    assert_eq!(add("add", r#","initial":0"#), r#"{"n":2}"#);
    assert_eq!(add("subtract", r#","initial":10.5"#), r#"{"n":8.5}"#);
    assert_eq!(add("add", r#","value":1,"initial":-1"#), r#"{"n":0}"#);
    assert_eq!(
        once(r#"{"n":1}"#, &one("add", "/n", r#","initial":5"#), "2"),
        r#"{"n":3}"#
    );
    refused("{}", &one("add", "/n", ""), "2", MISSING, "/n", "initial");
    refused("[]", &one("add", "/0", r#","initial":0"#), "2", MISSING, "/0", "append");
    refused(
        "{}",
        &one("add", "/n", r#","initial":9007199254740991"#),
        "1",
        Code::OutOfRange,
        "/n",
        "use BigInts",
    );
}

/// What adding a value makes of a member of the state; neither needs to be JSON.
fn sum(number: Value, addend: Value) -> Result<Value, Error> {
    let object = |value| Value::Object(vec![("n".to_owned(), value)]);
    let event = [
        ("position", Value::from(1)),
        ("type", Value::from("E")),
        ("data", addend),
    ];
    let event = Value::Object(event.map(|(key, value)| (key.to_owned(), value)).into());
    let rules = rules(&spec("{}", &one("add", "/n", ""), true));
    let state = value::to_vec(&object(number)).unwrap();
    let mut session = rules.resume(&state, &Default::default()).unwrap();
    session.cbor_sequence(&value::to_vec(&event).unwrap())?;
    let state: Value = value::from_slice(&session.folded().state).unwrap();
    Ok(state.get("n").unwrap().clone())
}

#[test]
fn numbers_that_json_has_not() {
    let big = |n: i128| Value::BigInt(BigInt::from(n));
    let number = |n: f64| Value::Number(n);
    for (a, b, total) in [
        (big(1), big(-1), big(0)),
        (big(9_007_199_254_740_991), big(1), big(9_007_199_254_740_992)),
        (big(-(1 << 64)), big(-1), big(-(1 << 64) - 1)),
        (big(1 << 64), big(-(1 << 64)), big(0)),
        (big(1), number(1.0), big(2)),
        (
            big(1 << 64),
            number(-9_007_199_254_740_991.0),
            big((1 << 64) - 9_007_199_254_740_991),
        ),
        (number(f64::NAN), number(1.0), number(f64::NAN)),
        (number(1.0), number(f64::NAN), number(f64::NAN)),
        (number(f64::INFINITY), number(1.0), number(f64::INFINITY)),
        (number(f64::INFINITY), number(f64::NEG_INFINITY), number(f64::NAN)),
        (number(1e300), number(f64::NEG_INFINITY), number(f64::NEG_INFINITY)),
        (number(5e-324), number(5e-324), number(1e-323)),
    ] {
        assert_eq!(sum(a.clone(), b.clone()), Ok(total), "{a:?} + {b:?}");
    }
    let date = value::Date::from_millis(1_000).unwrap();
    for (a, b) in [
        (big(1), number(0.5)),
        (number(1.0), big(1)),
        (number(f64::NAN), big(1)),
        (number(1.0), Value::Date(date)),
        (Value::Date(date), number(1.0)),
        (Value::Bytes(vec![1]), big(1)),
        (Value::Set(vec![]), number(1.0)),
    ] {
        assert_eq!(sum(a.clone(), b.clone()).unwrap_err().code(), TYPE, "{a:?} + {b:?}");
    }
}
