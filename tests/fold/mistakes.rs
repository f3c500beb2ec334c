//! Specifications: what is wrong with one is said at once, and what it means has a digest.

use snapfold::fold::Sequence;
use snapfold::fold::rules::Rules;
use snapfold::value::{self, BigInt, Value};
use snapfold::{Code, Error};

fn refused(spec: &str) -> Error {
    Rules::from_json(spec.as_bytes()).unwrap_err()
}

/// The mistakes of a specification: pointer and words, in their order.
fn mistakes(spec: &str) -> Vec<(String, String)> {
    let error = refused(spec);
    assert_eq!(error.code(), Code::InvalidOption, "{error}");
    let told = error.message().lines().map(|told| {
        let (at, words) = told.split_once(": ").unwrap_or_else(|| panic!("{told}"));
        (at.to_owned(), words.to_owned())
    });
    let told: Vec<_> = told.collect();
    let first = told[0].0.replace("the specification", "");
    assert_eq!(error.path(), Some(first.as_str()), "{error}");
    told
}

fn rule(operation: &str) -> String {
    format!(r#"{{"rules":{{"E":[{operation}]}}}}"#)
}

#[test]
fn all_mistakes_are_told_at_once_each_with_its_pointer() {
    let spec = r#"{
        "events": { "position": "seq", "id": 7, "kind": "/kind", "data": "/~2" },
        "sequence": "dense", "firstPosition": 2, "strict": "yes", "unknown": "skip", "inital": {},
        "rules": {
            "A": { "put": "/a" },
            "a/b~": [
                { "put": "a" },
                { "put": "/a", "remove": "/b" },
                { "set": "/a" },
                7,
                { "add": "/n", "value": "1", "initial": [] },
                { "append": "/l", "from": "data", "initial": {} },
                { "put": "/x{/data}", "value": 1, "from": "/data" },
                { "merge": "/{/data", "fields": { "a": "a", "b": 1, "c": "/c" }, "optional": 1 },
                { "remove": "/r", "value": 1, "initial": 0, "ifAbsent": true },
                { "patch": 5, "ifAbsent": true }
            ]
        }
    }"#;
    let told: Vec<_> = mistakes(spec).into_iter().map(|(at, _)| at).collect();
    let mut expected = vec![
        "/events/id",
        "/events/kind",
        "/sequence",
        "/firstPosition",
        "/strict",
        "/events/position",
        "/events/data",
        "/unknown",
        "/rules/A",
        "/rules/a~1b~0/0/put",
        "/rules/a~1b~0/1",
        "/rules/a~1b~0/2",
        "/rules/a~1b~0/3",
        "/rules/a~1b~0/3",
        "/rules/a~1b~0/4/value",
        "/rules/a~1b~0/4/initial",
        "/rules/a~1b~0/5/from",
        "/rules/a~1b~0/5/initial",
        "/rules/a~1b~0/6/put",
        "/rules/a~1b~0/6",
        "/rules/a~1b~0/7/merge",
        "/rules/a~1b~0/7/fields/a",
        "/rules/a~1b~0/7/fields/b",
        "/rules/a~1b~0/7/optional",
        "/rules/a~1b~0/8",
        "/rules/a~1b~0/8/initial",
        "/rules/a~1b~0/8/ifAbsent",
        "/rules/a~1b~0/9/patch",
        "/rules/a~1b~0/9/ifAbsent",
        "/inital",
    ];
    expected.sort_unstable();
    let mut sorted = told.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, expected, "{told:#?}");
}

#[test]
fn each_mistake_says_what_is_expected() {
    for (spec, at, words) in [
        ("{}", "/rules", "rules are missing"),
        (r#"{"rules":[]}"#, "/rules", "event type → list of operations"),
        (r#"{"rules":{},"events":[]}"#, "/events", "expected an object"),
        (
            r#"{"rules":{},"events":{"id":"id"}}"#,
            "/events/id",
            "begins with a slash",
        ),
        (r#"{"rules":{},"events":{"id":"/~"}}"#, "/events/id", "~0"),
        (
            r#"{"rules":{},"events":{"type":null}}"#,
            "/events/type",
            "expected text",
        ),
        (r#"{"rules":{},"sequence":true}"#, "/sequence", "contiguous, sparse"),
        (r#"{"rules":{},"unknown":"warn"}"#, "/unknown", "error, ignore"),
        (r#"{"rules":{},"firstPosition":"1"}"#, "/firstPosition", "0 or 1"),
        (r#"{"rules":{},"firstPosition":0.5}"#, "/firstPosition", "0 or 1"),
        (r#"{"rules":{},"strict":null}"#, "/strict", "true or false"),
        (r#"{"rules":{},"a/b":1}"#, "/a~1b", "no such option"),
        (r#"{"rules":{"":{}}}"#, "/rules/", "list of operations"),
    ] {
        let told = mistakes(spec);
        assert_eq!((told.len(), told[0].0.as_str()), (1, at), "{told:?}");
        assert!(told[0].1.contains(words), "{told:?}");
    }
    for (operation, at, words) in [
        ("{}", "", "exactly one of put, merge"),
        (r#"{"put":"/a","add":"/b"}"#, "", "exactly one of"),
        (r#"{"Put":"/a"}"#, "", "exactly one of"),
        (r#"{"put":7}"#, "/put", "as text"),
        (r#"{"put":"a"}"#, "/put", "begins with a slash"),
        (r#"{"put":"/a/~"}"#, "/put", "~0"),
        (r#"{"put":"/{a}"}"#, "/put", "begins with a slash"),
        (r#"{"put":"/{/a~}"}"#, "/put", "~0"),
        (r#"{"put":"/{/a"}"#, "/put", "not closed"),
        (r#"{"put":"/{/a}}"}"#, "/put", "not closed"),
        (r#"{"put":"/{/a{b}"}"#, "/put", "not closed"),
        (r#"{"put":"/{/a}b"}"#, "/put", "a whole segment"),
        (r#"{"put":"/b{/a}"}"#, "/put", "a whole segment"),
        (r#"{"put":"/a}"}"#, "/put", "doubled"),
        (r#"{"put":"/{{a}"}"#, "/put", "doubled"),
        (
            r#"{"put":"/a","value":1,"from":"/b"}"#,
            "",
            "only one of value, from and fields",
        ),
        (
            r#"{"put":"/a","fields":{},"from":"/b"}"#,
            "",
            "only one of value, from and fields",
        ),
        (r#"{"put":"/a","from":null}"#, "/from", "as text"),
        (r#"{"put":"/a","from":"b"}"#, "/from", "begins with a slash"),
        (
            r#"{"put":"/a","fields":["/b"]}"#,
            "/fields",
            "name → what becomes of it",
        ),
        (
            r#"{"put":"/a","fields":{"x/y":"b"}}"#,
            "/fields/x~1y",
            "begins with a slash",
        ),
        (r#"{"put":"/a","fields":{"x":1}}"#, "/fields/x", "either value or from"),
        (r#"{"put":"/a","fields":{"x":{}}}"#, "/fields/x", "either value or from"),
        (
            r#"{"put":"/a","fields":{"x":{"value":1,"optional":true}}}"#,
            "/fields/x/optional",
            "no such option",
        ),
        (r#"{"remove":"/a","parents":true}"#, "/parents", "no such option"),
        (r#"{"put":"/a","initial":1}"#, "/initial", "no such option"),
        (r#"{"put":"/a","ifAbsent":1}"#, "/ifAbsent", "true or false"),
        (r#"{"append":"/a","ifAbsent":true}"#, "/ifAbsent", "no such option"),
        (r#"{"append":"/a","initial":{}}"#, "/initial", "an array"),
        (r#"{"merge":"/a","initial":[]}"#, "/initial", "an object"),
        (r#"{"add":"/a","initial":"0"}"#, "/initial", "a number"),
        (r#"{"subtract":"/a","value":null}"#, "/value", "a number"),
        (r#"{"remove":"/a","from":"/b"}"#, "", "remove takes no value"),
        (r#"{"remove":"/a","initial":0}"#, "/initial", "no such option"),
        (r#"{"put":"/a","optional":"yes"}"#, "/optional", "true or false"),
    ] {
        let told = mistakes(&rule(operation));
        let at = format!("/rules/E/0{at}");
        assert_eq!((told.len(), &told[0].0), (1, &at), "{operation}: {told:?}");
        assert!(told[0].1.contains(words), "{operation}: {told:?}");
    }
}

#[test]
fn text_that_is_no_json_says_where() {
    for (spec, offset) in [
        ("", 0),
        ("{", 1),
        (r#"{"rules":{},"rules":{}}"#, 12),
        (r#"{"rules":{"E":[],"E":[]}}"#, 17),
    ] {
        let error = refused(spec);
        assert_eq!(
            (error.code(), error.offset()),
            (Code::Malformed, Some(offset)),
            "{spec}"
        );
    }
}

#[test]
fn what_is_not_given_has_a_default() {
    let rules = |spec: &str| Rules::from_json(spec.as_bytes()).unwrap();
    let plain = rules(r#"{"rules":{}}"#);
    assert_eq!(
        (plain.initial(), plain.sequence()),
        (b"\xa0".as_slice(), Sequence::default())
    );
    let defaults = rules(
        r#"{"initial":{},"events":{"position":"/position","id":"/id","type":"/type","data":"/data"},"sequence":"contiguous",
            "firstPosition":1,"unknown":"error","strict":false,"rules":{}}"#,
    );
    assert_eq!(plain.digest(), defaults.digest());
    assert_eq!(
        rules(r#"{"rules":{},"firstPosition":0}"#).sequence(),
        Sequence::Contiguous { first_position: 0 }
    );
    assert_eq!(
        rules(r#"{"rules":{},"sequence":"sparse"}"#).sequence(),
        Sequence::Sparse
    );
    // The initial state has its keys in ECMAScript's order.
    assert_eq!(
        value::to_json(rules(r#"{"initial":{"b":{"2":0,"1":0},"0":1},"rules":{}}"#).initial()).unwrap(),
        r#"{"0":1,"b":{"1":0,"2":0}}"#
    );
}

#[test]
fn what_is_undefined_is_not_given() {
    let object = |members: &[(&str, Value)]| {
        let members = members.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Value::Object(members.collect())
    };
    let rules = |put: &[(&str, Value)]| object(&[("E", Value::Array(vec![object(put)]))]);
    let put = ("put", Value::from("/a"));
    let spec = object(&[
        (
            "rules",
            rules(&[put.clone(), ("optional", Value::Undefined), ("from", Value::from("/b"))]),
        ),
        ("initial", Value::Undefined),
        ("sequence", Value::Undefined),
    ]);
    let given = Rules::from_json(rule(r#"{"put":"/a","from":"/b"}"#).as_bytes()).unwrap();
    assert_eq!(Rules::new(&spec).unwrap().digest(), given.digest());
    // Without a value the payload is meant, which nobody who gave one means.
    for name in ["value", "from", "fields"] {
        let spec = object(&[("rules", rules(&[put.clone(), (name, Value::Undefined)]))]);
        let error = Rules::new(&spec).unwrap_err();
        let at = format!("/rules/E/0/{name}");
        assert_eq!((error.code(), error.path()), (Code::InvalidOption, Some(at.as_str())));
    }
}

/// As it is in JSON.
#[test]
fn a_part_that_is_undefined_is_not_there() {
    let rules = Rules::from_json(rule(r#"{"put":"/a","from":"/data","optional":true}"#).as_bytes()).unwrap();
    let mut session = rules.start();
    let event = Value::Object(vec![
        ("position".to_owned(), Value::from(1)),
        ("type".to_owned(), Value::from("E")),
        ("data".to_owned(), Value::Undefined),
    ]);
    session.cbor_sequence(&value::to_vec(&event).unwrap()).unwrap();
    assert_eq!(session.folded().state, rules.initial());
}

#[test]
fn the_digest_tells_meanings_apart_and_nothing_else() {
    let digest = |spec: &str| Rules::from_json(spec.as_bytes()).unwrap().digest();
    let base = r#"{"initial":{"n":0},"events":{"position":"/p","id":"/i","type":"/t","data":"/d"},"sequence":"contiguous",
        "firstPosition":1,"unknown":"error","rules":{"A":[{"add":"/n","value":1},{"put":"/{/d/a}","from":"/d/b"}],"B":[]}}"#;
    let changes = [
        (r#"{"n":0}"#, r#"{"n":1}"#),
        (r#"{"n":0}"#, r#"{"n":0,"m":0}"#),
        (r#""position":"/p""#, r#""position":"/q""#),
        (r#""id":"/i""#, r#""id":"/j""#),
        (r#""type":"/t""#, r#""type":"/k""#),
        (r#""data":"/d""#, r#""data":"/e""#),
        ("contiguous", "sparse"),
        (r#""firstPosition":1"#, r#""firstPosition":0"#),
        (r#""unknown":"error""#, r#""unknown":"ignore""#),
        (r#""B":[]"#, r#""C":[]"#),
        (r#","B":[]"#, ""),
        (
            r#"[{"add":"/n","value":1},{"put":"/{/d/a}","from":"/d/b"}]"#,
            r#"[{"put":"/{/d/a}","from":"/d/b"},{"add":"/n","value":1}]"#,
        ),
        (r#""add":"/n""#, r#""subtract":"/n""#),
        (r#""add":"/n""#, r#""add":"/m""#),
        (r#""value":1"#, r#""value":2"#),
        (r#""value":1"#, r#""value":1,"initial":0"#),
        (r#""value":1"#, r#""value":1,"optional":true"#),
        (r#""value":1"#, r#""from":"/1""#),
        (r#""from":"/d/b""#, r#""from":"/d/c""#),
        (r#""from":"/d/b""#, r#""value":"/d/b""#),
        (r#""from":"/d/b""#, r#""fields":{"b":"/d/b"}"#),
        (r#""from":"/d/b""#, r#""from":"/d/b","ifAbsent":true"#),
        (r#""from":"/d/b""#, r#""from":"/d/b","optional":true"#),
        (r#","from":"/d/b""#, ""),
        ("{/d/a}", "{{/d/a}}"),
        ("{/d/a}", "{/d/b}"),
    ];
    let mut digests = vec![digest(base)];
    for (from, to) in changes {
        assert_eq!(base.matches(from).count(), 1, "{from}");
        digests.push(digest(&base.replace(from, to)));
    }
    // Fields mean their order.
    let fields = |fields: &str| digest(&rule(&format!(r#"{{"put":"/a","fields":{{{fields}}}}}"#)));
    digests.extend([
        fields(r#""x":"/x","y":"/y""#),
        fields(r#""y":"/y","x":"/x""#),
        fields(r#""x":"/x""#),
    ]);
    let all = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), all, "two of them are equal");

    for (from, to) in [
        (r#""unknown":"error""#, r#""unknown":"error","strict":true"#),
        (r#""B":[]"#, r#""B":[],"strict":false"#),
        (r#"{"n":0}"#, r#"{"n":0.0}"#),
    ] {
        let changed = base.replace(from, to).replace(r#"[],"strict":false}"#, "[]}");
        assert_eq!(digest(&changed), digest(base), "{to}");
    }
    let turned = base
        .replace(r#","B":[]"#, "")
        .replace(r#""rules":{"#, r#""rules":{"B":[],"#);
    assert_eq!(digest(&turned), digest(base));
    // Where events lie has one order, and sparse streams have no first position.
    let sparse = |first: u8| {
        digest(&format!(
            r#"{{"rules":{{}},"sequence":"sparse","firstPosition":{first}}}"#
        ))
    };
    assert_eq!(sparse(0), sparse(1));
    assert_eq!(
        digest(&rule(r#"{"put":"/a","from":"/data"}"#)),
        digest(&rule(r#"{"put":"/a"}"#))
    );
}

#[test]
fn big_ints_may_be_added_to() {
    let big = |number: i64| Value::BigInt(BigInt::from(number));
    let object = |members: Vec<(&str, Value)>| {
        Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    };
    let add = object(vec![("add", Value::from("/n")), ("value", big(1)), ("initial", big(0))]);
    let rules = Rules::new(&object(vec![("rules", object(vec![("E", Value::Array(vec![add]))]))])).unwrap();
    let mut session = rules.start();
    session.json_lines(br#"{"position":1,"type":"E"}"#).unwrap();
    let state: Value = value::from_slice(&session.folded().state).unwrap();
    assert_eq!(state, object(vec![("n", big(1))]));
}
