//! `merge` is JSON Merge Patch (RFC 7396).

use snapfold::Code;

use super::routes::{once, refused};

/// RFC 7396, appendix A: original, patch, result.
const APPENDIX: [[&str; 3]; 15] = [
    [r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#],
    [r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#],
    [r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"],
    [r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#],
    [r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#],
    [r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#],
    [
        r#"{"a":{"b":"c"}}"#,
        r#"{"a":{"b":"d","c":null}}"#,
        r#"{"a":{"b":"d"}}"#,
    ],
    [r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#],
    [r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#],
    [r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#],
    [r#"{"a":"foo"}"#, "null", "null"],
    [r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#],
    [r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#],
    ["[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#],
    ["{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#],
];

/// Merges a patch into the whole state and into a part of it; from the payload and as a literal.
#[track_caller]
fn assert_merges([original, patch, result]: [&str; 3]) {
    let literal = |target: &str| format!(r#"[{{"merge":"{target}","value":{patch}}}]"#);
    assert_eq!(once(original, r#"[{"merge":""}]"#, patch), result);
    assert_eq!(once(original, &literal(""), "{}"), result);
    let (outer, inner) = (
        format!(r#"{{"t":{original},"u":0}}"#),
        format!(r#"{{"t":{result},"u":0}}"#),
    );
    assert_eq!(once(&outer, r#"[{"merge":"/t"}]"#, patch), inner);
    assert_eq!(once(&outer, &literal("/t"), "{}"), inner);
    let (outer, inner) = (format!("[0,{original}]"), format!("[0,{result}]"));
    assert_eq!(once(&outer, r#"[{"merge":"/1"}]"#, patch), inner);
}

#[test]
fn the_rfcs_appendix_holds() {
    APPENDIX.into_iter().for_each(assert_merges);
}

#[test]
fn the_rfcs_own_example_holds() {
    assert_merges([
        r#"{"title":"Goodbye!","author":{"givenName":"John","familyName":"Doe"},"tags":["example","sample"],"content":"This will be unchanged"}"#,
        r#"{"title":"Hello!","phoneNumber":"+01-123-456-7890","author":{"familyName":null},"tags":["example"]}"#,
        r#"{"title":"Hello!","author":{"givenName":"John"},"tags":["example"],"content":"This will be unchanged","phoneNumber":"+01-123-456-7890"}"#,
    ]);
}

#[test]
fn objects_merge_at_every_depth_and_nothing_else_does() {
    for rows in [
        [
            r#"{"a":{"b":{"c":{"d":1,"e":2}},"x":0}}"#,
            r#"{"a":{"b":{"c":{"d":null,"f":3}}}}"#,
            r#"{"a":{"b":{"c":{"e":2,"f":3}},"x":0}}"#,
        ],
        [r#"{"a":[{"b":1},2]}"#, r#"{"a":[{"c":null}]}"#, r#"{"a":[{"c":null}]}"#],
        [r#"{"a":{"b":1}}"#, r#"{"a":{}}"#, r#"{"a":{"b":1}}"#],
        [r#"{"a":1}"#, r#"{"a":{}}"#, r#"{"a":{}}"#],
        [
            r#"{"a":null}"#,
            r#"{"a":{"b":{"c":null,"d":false}}}"#,
            r#"{"a":{"b":{"d":false}}}"#,
        ],
        [r#"{"":{"":1}}"#, r#"{"":{"":null,"a/b~":1}}"#, r#"{"":{"a/b~":1}}"#],
        [
            r#"{"z":1}"#,
            r#"{"10":1,"9":2,"__proto__":{"a":1}}"#,
            r#"{"9":2,"10":1,"z":1,"__proto__":{"a":1}}"#,
        ],
    ] {
        assert_merges(rows);
    }
}

#[test]
fn a_member_that_goes_and_comes_again_stands_last() {
    let twice = r#"[{"merge":"","value":{"a":null}},{"merge":"","value":{"a":3}}]"#;
    assert_eq!(once(r#"{"a":1,"b":2}"#, twice, "{}"), r#"{"b":2,"a":3}"#);
    let stays = r#"[{"merge":"","value":{"a":3}}]"#;
    assert_eq!(once(r#"{"a":1,"b":2}"#, stays, "{}"), r#"{"a":3,"b":2}"#);
}

#[test]
fn what_is_missing_starts_as_said() {
    let with_initial = r#"[{"merge":"/a","initial":{"n":0,"gone":1}}]"#;
    assert_eq!(
        once("{}", with_initial, r#"{"gone":null,"m":[null]}"#),
        r#"{"a":{"n":0,"m":[null]}}"#
    );
    assert_eq!(once(r#"{"a":5}"#, with_initial, r#"{"m":1}"#), r#"{"a":{"m":1}}"#);
    assert_eq!(once("{}", with_initial, "7"), r#"{"a":7}"#);
    let missing = Code::MissingTarget;
    refused(
        "{}",
        r#"[{"merge":"/a"}]"#,
        "{}",
        missing,
        "/a",
        "E, operation 0 (merge): there is nothing there",
    );
    refused(
        "{}",
        r#"[{"merge":"/a/b","initial":{}}]"#,
        "{}",
        missing,
        "/a/b",
        "put that first",
    );
    refused(
        "[]",
        r#"[{"merge":"/0","initial":{}}]"#,
        "{}",
        missing,
        "/0",
        "append one instead",
    );
}

#[test]
fn members_of_the_event_merge() {
    let fields = r#"[{"merge":"/a","fields":{"x":"/data/x","y":"/data/y"},"optional":true}]"#;
    assert_eq!(
        once(r#"{"a":{"x":1,"y":2}}"#, fields, r#"{"y":null}"#),
        r#"{"a":{"x":1}}"#
    );
    assert_eq!(once(r#"{"a":{"x":1}}"#, fields, "{}"), r#"{"a":{"x":1}}"#);
}
