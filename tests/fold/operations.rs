//! Operations other than those of the RFCs: what each does to which target, with which value.

use snapfold::Code;
use snapfold::fold::rules::Rules;
use snapfold::value::{self, Value};

use super::routes::{line, once, one, refused, rules, spec, state, try_once};

const MISSING: Code = Code::MissingTarget;
const TYPE: Code = Code::WrongType;

/// One of everything.
const STATE: &str = r#"{"o":{"k":1},"a":[1,2],"n":1,"t":"text","f":false,"z":null}"#;

#[test]
fn put_sets_members_and_replaces_what_is_there() {
    let put = |target: &str| once(r#"{"b":{"x":1},"a":[1,2]}"#, &one("put", target, ""), r#""new""#);
    assert_eq!(put("/c"), r#"{"b":{"x":1},"a":[1,2],"c":"new"}"#);
    assert_eq!(put("/b"), r#"{"b":"new","a":[1,2]}"#);
    assert_eq!(put("/b/x"), r#"{"b":{"x":"new"},"a":[1,2]}"#);
    assert_eq!(put("/b/"), r#"{"b":{"x":1,"":"new"},"a":[1,2]}"#);
    assert_eq!(put("/a/1"), r#"{"b":{"x":1},"a":[1,"new"]}"#);
    assert_eq!(put("/5"), r#"{"5":"new","b":{"x":1},"a":[1,2]}"#);
    assert_eq!(put("/a~1b~0"), r#"{"b":{"x":1},"a":[1,2],"a/b~":"new"}"#);
    assert_eq!(put(""), r#""new""#);
    for (target, code, message) in [
        ("/a/2", MISSING, "append one instead"),
        ("/a/-", TYPE, "has an index, not the name -"),
        ("/a/01", TYPE, "has an index, not the name 01"),
        ("/c/x", MISSING, "put that first"),
        ("/c/x/y", MISSING, "put that first"),
        ("/b/x/y", TYPE, "neither an object nor an array"),
    ] {
        let initial = r#"{"b":{"x":1},"a":[1,2]}"#;
        refused(initial, &one("put", target, ""), "1", code, target, message);
    }
}

#[test]
fn if_absent_leaves_what_is_there() {
    let put = |target: &str| once(STATE, &one("put", target, r#","ifAbsent":true"#), "9");
    for there in ["", "/n", "/z", "/f", "/a/0", "/o/k"] {
        assert_eq!(put(there), STATE, "{there}");
    }
    assert_eq!(put("/o/l"), STATE.replace(r#""k":1"#, r#""k":1,"l":9"#));
    refused(
        STATE,
        &one("put", "/a/2", r#","ifAbsent":true"#),
        "1",
        MISSING,
        "/a/2",
        "append",
    );
}

#[test]
fn append_adds_an_element() {
    assert_eq!(once("[]", &one("append", "", ""), "{}"), "[{}]");
    assert_eq!(once(r#"{"a":[[]]}"#, &one("append", "/a/0", ""), "1"), r#"{"a":[[1]]}"#);
    let start = r#","initial":[0]"#;
    assert_eq!(once("{}", &one("append", "/a", start), "1"), r#"{"a":[0,1]}"#);
    assert_eq!(once(r#"{"a":[5]}"#, &one("append", "/a", start), "1"), r#"{"a":[5,1]}"#);
    for target in ["", "/o", "/n", "/t", "/f", "/z"] {
        refused(STATE, &one("append", target, start), "1", TYPE, target, "only an array");
    }
    refused(STATE, &one("append", "/x", ""), "1", MISSING, "/x", "initial");
    refused(STATE, &one("append", "/a/2", start), "1", MISSING, "/a/2", "append one");
    refused(
        STATE,
        &one("append", "/x/y", start),
        "1",
        MISSING,
        "/x/y",
        "put that first",
    );
}

#[test]
fn remove_takes_members_and_elements_away() {
    let remove = |target: &str| once(r#"{"b":{"x":1},"a":[1,2,3]}"#, &one("remove", target, ""), "{}");
    assert_eq!(remove("/b"), r#"{"a":[1,2,3]}"#);
    assert_eq!(remove("/b/x"), r#"{"b":{},"a":[1,2,3]}"#);
    assert_eq!(remove("/a/0"), r#"{"b":{"x":1},"a":[2,3]}"#);
    assert_eq!(remove("/a/2"), r#"{"b":{"x":1},"a":[1,2]}"#);
    refused(
        STATE,
        &one("remove", "", ""),
        "1",
        TYPE,
        "",
        "put another one in its place",
    );
    for (target, code) in [
        ("/x", MISSING),
        ("/a/2", MISSING),
        ("/x/y", MISSING),
        ("/n/y", TYPE),
        ("/a/x", TYPE),
    ] {
        refused(
            STATE,
            &one("remove", target, ""),
            "1",
            code,
            target,
            "E, operation 0 (remove): ",
        );
    }
    for target in ["/x", "/a/2", "/x/y/z", "/o/x"] {
        assert_eq!(once(STATE, &one("remove", target, r#","optional":true"#), "{}"), STATE);
    }
    assert_eq!(once("[1]", &one("remove", "/0", r#","optional":true"#), "{}"), "[]");
    refused(
        STATE,
        &one("remove", "/n/y", r#","optional":true"#),
        "1",
        TYPE,
        "/n/y",
        "neither",
    );
}

#[test]
fn what_comes_back_stands_last() {
    let moved =
        r#"[{"remove":"/o"},{"put":"/o","value":1},{"remove":"/a"},{"put":"/a","value":2},{"put":"/n","value":3}]"#;
    assert_eq!(
        once(STATE, moved, "{}"),
        r#"{"n":3,"t":"text","f":false,"z":null,"o":1,"a":2}"#
    );
}

#[test]
fn values_come_from_four_places() {
    let put = |rest: &str, data: &str| once("{}", &one("put", "/v", rest), data);
    assert_eq!(put("", r#"{"x":[1]}"#), r#"{"v":{"x":[1]}}"#);
    assert_eq!(put(r#","value":{"b":1,"7":2}"#, "0"), r#"{"v":{"7":2,"b":1}}"#);
    assert_eq!(put(r#","value":null"#, "0"), r#"{"v":null}"#);
    assert_eq!(put(r#","from":"/data/x""#, r#"{"x":2}"#), r#"{"v":2}"#);
    assert_eq!(put(r#","fields":{"y":"/data/x"}"#, r#"{"x":2}"#), r#"{"v":{"y":2}}"#);
}

#[test]
fn parts_are_found_at_any_depth_and_in_arrays() {
    let from = |pointer: &str, data: &str| once("{}", &one("put", "/v", &format!(r#","from":"{pointer}""#)), data);
    assert_eq!(from("/data/x/1", r#"{"x":[1,{"y":2},3]}"#), r#"{"v":{"y":2}}"#);
    assert_eq!(from("/data/x/1/y", r#"{"x":[1,{"y":2},3]}"#), r#"{"v":2}"#);
    assert_eq!(from("/data/1", r#"{"1":"name"}"#), r#"{"v":"name"}"#);
    assert_eq!(from("/data/~01~1", r#"{"~1/":null}"#), r#"{"v":null}"#);
    assert_eq!(from("/data/é\\n", r#"{"\u00e9\u000a":1}"#), r#"{"v":1}"#);
    assert_eq!(from("/data/", r#"{"":1}"#), r#"{"v":1}"#);
    assert_eq!(from("/type", "1"), r#"{"v":"E"}"#);
    for (pointer, data) in [
        ("/data/x", "{}"),
        ("/data/x", "[]"),
        ("/data/x", "1"),
        ("/data/01", "[1,2]"),
        ("/data/-", "[1,2]"),
        ("/data/2", "[1,2]"),
        ("/nothing", "1"),
    ] {
        let operations = one("put", "/v", &format!(r#","from":"{pointer}""#));
        let message = format!("E, operation 0 (put): the event has nothing at {pointer}; if it need not, say optional");
        refused("{}", &operations, data, Code::MissingValue, "/v", &message);
    }
}

#[test]
fn fields_make_an_object() {
    let fields = r#","fields":{"b":"/data/x","2":"/data/y","1":"/type","":"/data"}"#;
    assert_eq!(
        once("{}", &one("put", "/v", fields), r#"{"x":[1],"y":null}"#),
        r#"{"v":{"1":"E","2":null,"b":[1],"":{"x":[1],"y":null}}}"#
    );
    assert_eq!(once("[]", &one("append", "", r#","fields":{}"#), "1"), "[{}]");
    refused(
        "{}",
        &one("put", "/v", fields),
        r#"{"x":1}"#,
        Code::MissingValue,
        "/v",
        "nothing at /data/y",
    );
    let optional = format!(r#"{fields},"optional":true"#);
    assert_eq!(
        once("{}", &one("put", "/v", &optional), r#"{"y":1}"#),
        r#"{"v":{"1":"E","2":1,"":{"y":1}}}"#
    );
    // Counts change the size of the object's head.
    for (there, named) in [(23, 24), (24, 24), (0, 30), (255, 256), (256, 257)] {
        let fields: Vec<_> = (0..named)
            .map(|index| format!(r#""f{index}":"/data/d{index}""#))
            .collect();
        let data: Vec<_> = (0..there).map(|index| format!(r#""d{index}":{index}"#)).collect();
        let made: Vec<_> = (0..there).map(|index| format!(r#""f{index}":{index}"#)).collect();
        let rest = format!(r#","optional":true,"fields":{{{}}}"#, fields.join(","));
        let result = once("{}", &one("put", "/v", &rest), &format!("{{{}}}", data.join(",")));
        assert_eq!(result, format!(r#"{{"v":{{{}}}}}"#, made.join(",")));
    }
}

#[test]
fn an_optional_value_that_is_not_there_leaves_the_operation_out() {
    for action in ["put", "merge", "patch", "append", "add", "subtract"] {
        // Even where the target would not fit, and without what it would start as.
        for target in ["", "/o", "/a", "/t", "/x", "/x/y"] {
            let operation = one(action, target, r#","from":"/data/x","optional":true"#);
            assert_eq!(once(STATE, &operation, "{}"), STATE, "{operation}");
        }
    }
    for (action, initial) in [("merge", "{}"), ("append", "[]"), ("add", "0"), ("subtract", "0")] {
        let rest = format!(r#","from":"/data/x","optional":true,"initial":{initial}"#);
        assert_eq!(once(STATE, &one(action, "/x", &rest), "{}"), STATE, "{action}");
    }
    // Null is a value.
    assert_eq!(
        once(
            "{}",
            &one("put", "/v", r#","from":"/data/x","optional":true"#),
            r#"{"x":null}"#
        ),
        r#"{"v":null}"#
    );
}

#[test]
fn an_error_says_where_and_leaves_nothing() {
    let operations = r#"[{"put":"/a","value":1},{"remove":"/o"},{"add":"/l/{/data/at}","value":1}]"#;
    let initial = r#"{"o":{"x":[1]},"l":[0,"one"]}"#;
    assert_eq!(once(initial, operations, r#"{"at":0}"#), r#"{"l":[1,"one"],"a":1}"#);
    let message = "E, operation 2 (add): only a number or a BigInt can be added to";
    refused(initial, operations, r#"{"at":1}"#, TYPE, "/l/1", message);

    let rules = rules(&spec(initial, operations, false));
    let mut session = rules.start();
    let good = line(1, "Noted", "0");
    let bad = line(2, "E", r#"{"at":1}"#);
    let error = session
        .json_lines([good.as_str(), &bad].concat().as_bytes())
        .unwrap_err();
    assert_eq!((error.offset(), error.position()), (Some(good.len() as u64), Some(2)));
    assert_eq!(
        error.to_string(),
        format!(
            "wrongType: {message} (at /l/1) (at byte {}) (at position 2)",
            good.len()
        )
    );
}

#[test]
fn what_an_event_lacks_is_told_before_what_the_state_lacks() {
    let lacking = r#","fields":{"v":"/data/none"}"#;
    for rest in [lacking.into(), format!(r#"{lacking},"initial":{{}}"#)] {
        for (initial, target) in [("{}", "/x"), ("[]", "/1"), (r#"{"x":1}"#, "/x")] {
            let operation = one("merge", target, &rest);
            refused(
                initial,
                &operation,
                "{}",
                Code::MissingValue,
                target,
                "nothing at /data/none",
            );
        }
    }
}

#[test]
fn values_of_every_kind_are_kept() {
    let date = Value::Date(value::Date::from_millis(1_500).unwrap());
    let unordered = |keys: [&str; 3]| Value::Object(keys.map(|key| (key.to_owned(), Value::Null)).into());
    let map = |inner| Value::Map(vec![(Value::from(1), inner)]);
    for (given, kept) in [
        (Value::Null, Value::Null),
        (date.clone(), date),
        (Value::Bytes(vec![0x31; 40]), Value::Bytes(vec![0x31; 40])),
        (
            Value::Set(vec![Value::from("2"), Value::from("1")]),
            Value::Set(vec![Value::from("2"), Value::from("1")]),
        ),
        (map(unordered(["b", "1", "0"])), map(unordered(["0", "1", "b"]))),
        (
            Value::Array(vec![unordered(["9", "10", "8"])]),
            Value::Array(vec![unordered(["8", "9", "10"])]),
        ),
        (
            unordered(["4294967295", "4294967294", "01"]),
            unordered(["4294967294", "4294967295", "01"]),
        ),
    ] {
        let event = Value::Object(vec![
            ("position".to_owned(), Value::from(1)),
            ("type".to_owned(), Value::from("E")),
            ("data".to_owned(), given.clone()),
        ]);
        let mut session = rules(&spec("{}", r#"[{"put":"/v"}]"#, true)).start();
        session.cbor_sequence(&value::to_vec(&event).unwrap()).unwrap();
        let state: Value = value::from_slice(&session.folded().state).unwrap();
        assert_eq!(state.get("v"), Some(&kept), "{given:?}");
        // And nothing can be put into what is no plain object or array.
        if !matches!(kept, Value::Object(_) | Value::Array(_)) {
            let state = session.folded();
            let inside = rules(&spec("{}", r#"[{"put":"/v/1","value":1}]"#, true));
            let mut session = inside.resume(&state.state, &Default::default()).unwrap();
            let error = session.json_lines(line(1, "E", "1").as_bytes()).unwrap_err();
            assert_eq!(error.code(), TYPE);
        }
    }
}

#[test]
fn nothing_makes_the_state_deeper_than_values_are() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let holder = r#"{"h":{"h":{"h":{"h":{"a":[]}}}}}"#;
    let (inside, array) = ("/h/h/h/h/x", "/h/h/h/h/a");
    for (action, target, room) in [("put", inside, 251), ("append", array, 250)] {
        assert!(try_once(holder, &one(action, target, ""), &nested(room)).is_ok());
        let data = nested(room + 1);
        refused(
            holder,
            &one(action, target, ""),
            &data,
            Code::Malformed,
            target,
            "deeper than 256 levels",
        );
    }
    let object = |levels: usize| format!(r#"{{"d":{}}}"#, nested(levels));
    refused(
        holder,
        &one("merge", "/h/h/h/h", ""),
        &object(252),
        Code::Malformed,
        "/h/h/h/h",
        "deeper",
    );
    let fields = r#","fields":{"d":"/data"}"#;
    assert!(try_once(holder, &one("put", inside, fields), &nested(250)).is_ok());
    refused(
        holder,
        &one("put", inside, fields),
        &nested(251),
        Code::Malformed,
        inside,
        "deeper than 256 levels",
    );
    // A literal is known beforehand.
    for (action, target, room) in [("put", inside, 251), ("append", array, 250), ("merge", inside, 251)] {
        let operation = |levels| {
            spec(
                holder,
                &one(action, target, &format!(r#","value":{}"#, nested(levels))),
                false,
            )
        };
        assert!(Rules::from_json(operation(room).as_bytes()).is_ok());
        let error = Rules::from_json(operation(room + 1).as_bytes()).unwrap_err();
        assert_eq!((error.code(), error.path()), (Code::InvalidOption, Some("/rules/E/0")));
    }
}

/// Members on the way to a part that is looked for are counted, and their count must not run over.
#[test]
fn a_part_with_a_deep_pointer_inside_is_not_taken_for_a_shallow_one() {
    let way = 254;
    let pointer = "/a".repeat(way);
    let rules = rules(&format!(
        r#"{{"rules":{{"E":[{{"put":"/x","from":"/data"}}],"Noted":[],"Other":[{{"put":"/y","from":"/data{pointer}/b"}}]}}}}"#
    ));
    let inner = format!("{}{}", "[".repeat(12), "]".repeat(12));
    let data = format!(r#"{}{{"b":{inner}}}{}"#, r#"{"a":"#.repeat(way), "}".repeat(way));
    let mut session = rules.start();
    for position in 1..3 {
        session.json_lines(line(position, "Noted", &data).as_bytes()).unwrap();
    }
    let error = session.json_lines(line(3, "E", &data).as_bytes()).unwrap_err();
    assert_eq!((error.code(), error.position()), (Code::Malformed, Some(3)), "{error}");
    assert_eq!(state(&session.folded()), "{}");
}
