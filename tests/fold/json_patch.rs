//! `patch` is JSON Patch (RFC 6902).

use snapfold::Code;
use snapfold::fold::rules::Rules;

use super::routes::{once, refused, try_once};

/// Patches the whole state, and a part of it.
#[track_caller]
fn assert_patches(document: &str, patch: &str, result: &str) {
    assert_eq!(once(document, r#"[{"patch":""}]"#, patch), result, "{patch}");
    let (outer, inner) = (
        format!(r#"{{"u":0,"t":{document}}}"#),
        format!(r#"{{"u":0,"t":{result}}}"#),
    );
    assert_eq!(once(&outer, r#"[{"patch":"/t"}]"#, patch), inner, "{patch}");
    let literal = format!(r#"[{{"patch":"/1","value":{patch}}}]"#);
    assert_eq!(
        once(&format!("[0,{document}]"), &literal, "{}"),
        format!("[0,{result}]")
    );
}

/// That nothing is left of it is for the routes to say.
#[track_caller]
fn assert_fails(document: &str, patch: &str, message: &str) {
    let outer = format!(r#"{{"u":0,"t":{document}}}"#);
    for (state, operations, path, number) in [
        (document, r#"[{"patch":""}]"#, "", 0),
        (&outer, r#"[{"put":"/u","value":1},{"patch":"/t"}]"#, "/t", 1),
    ] {
        let said = format!("E, operation {number} (patch): ");
        refused(state, operations, patch, Code::PatchFailed, path, &said);
        refused(state, operations, patch, Code::PatchFailed, path, message);
    }
}

/// RFC 6902, appendix A, but for its names. A.11 and A.13 to A.16 are below.
#[test]
fn the_rfcs_appendix_holds() {
    for [document, patch, result] in [
        [
            r#"{"n":"x"}"#,
            r#"[{"op":"add","path":"/m","value":"y"}]"#,
            r#"{"n":"x","m":"y"}"#,
        ],
        [
            r#"{"n":["x","z"]}"#,
            r#"[{"op":"add","path":"/n/1","value":"y"}]"#,
            r#"{"n":["x","y","z"]}"#,
        ],
        [
            r#"{"m":"y","n":"x"}"#,
            r#"[{"op":"remove","path":"/m"}]"#,
            r#"{"n":"x"}"#,
        ],
        [
            r#"{"n":["x","y","z"]}"#,
            r#"[{"op":"remove","path":"/n/1"}]"#,
            r#"{"n":["x","z"]}"#,
        ],
        [
            r#"{"m":"y","n":"x"}"#,
            r#"[{"op":"replace","path":"/m","value":"z"}]"#,
            r#"{"m":"z","n":"x"}"#,
        ],
        [
            r#"{"a":{"x":1,"y":2},"b":{"c":3}}"#,
            r#"[{"op":"move","from":"/a/y","path":"/b/d"}]"#,
            r#"{"a":{"x":1},"b":{"c":3,"d":2}}"#,
        ],
        [
            r#"{"n":["w","x","y","z"]}"#,
            r#"[{"op":"move","from":"/n/1","path":"/n/3"}]"#,
            r#"{"n":["w","y","z","x"]}"#,
        ],
        [
            r#"{"m":"y","n":["x",2,"z"]}"#,
            r#"[{"op":"test","path":"/m","value":"y"},{"op":"test","path":"/n/1","value":2}]"#,
            r#"{"m":"y","n":["x",2,"z"]}"#,
        ],
        [
            r#"{"n":"x"}"#,
            r#"[{"op":"add","path":"/c","value":{"g":{}}}]"#,
            r#"{"n":"x","c":{"g":{}}}"#,
        ],
        [
            r#"{"n":"x"}"#,
            r#"[{"op":"add","path":"/m","value":"y","xyz":123}]"#,
            r#"{"n":"x","m":"y"}"#,
        ],
        [
            r#"{"/":9,"~1":10}"#,
            r#"[{"op":"test","path":"/~01","value":10}]"#,
            r#"{"/":9,"~1":10}"#,
        ],
        [
            r#"{"n":["x"]}"#,
            r#"[{"op":"add","path":"/n/-","value":["y","z"]}]"#,
            r#"{"n":["x",["y","z"]]}"#,
        ],
    ] {
        assert_patches(document, patch, result);
    }
    assert_fails(
        r#"{"m":"y"}"#,
        r#"[{"op":"test","path":"/m","value":"z"}]"#,
        "operation 0 of the patch: the test finds another",
    );
    assert_fails(
        r#"{"n":"x"}"#,
        r#"[{"op":"add","path":"/m/x","value":"y"}]"#,
        "nothing that /m/x could be a part of",
    );
    assert_fails(
        r#"{"/":9,"~1":10}"#,
        r#"[{"op":"test","path":"/~01","value":"10"}]"#,
        "the test finds another",
    );
}

#[test]
fn array_indices_are_digits_without_leading_zeros() {
    for index in [
        "00",
        "01",
        "1e0",
        "-1",
        "+1",
        "1.0",
        "0x1",
        " 1",
        "1 ",
        "",
        "one",
        "١",
        "18446744073709551616",
    ] {
        for operation in [
            format!(r#"{{"op":"add","path":"/{index}","value":1}}"#),
            format!(r#"{{"op":"replace","path":"/{index}","value":1}}"#),
            format!(r#"{{"op":"remove","path":"/{index}"}}"#),
            format!(r#"{{"op":"test","path":"/{index}","value":6}}"#),
            format!(r#"{{"op":"copy","from":"/{index}","path":"/0"}}"#),
            format!(r#"{{"op":"move","from":"/{index}","path":"/0"}}"#),
        ] {
            assert_fails("[5,6,7]", &format!("[{operation}]"), "operation 0 of the patch: ");
        }
    }
    // In an object they are names like any other.
    assert_patches(
        r#"{"00":1}"#,
        r#"[{"op":"replace","path":"/00","value":2},{"op":"add","path":"/-1","value":3}]"#,
        r#"{"00":2,"-1":3}"#,
    );
    assert_patches(
        r#"{"-":1}"#,
        r#"[{"op":"replace","path":"/-","value":2}]"#,
        r#"{"-":2}"#,
    );
}

#[test]
fn elements_are_added_up_to_the_end_and_not_beyond() {
    let add = |at: &str| format!(r#"[{{"op":"add","path":"/{at}","value":9}}]"#);
    assert_patches("[5,6]", &add("0"), "[9,5,6]");
    assert_patches("[5,6]", &add("1"), "[5,9,6]");
    assert_patches("[5,6]", &add("2"), "[5,6,9]");
    assert_patches("[5,6]", &add("-"), "[5,6,9]");
    assert_patches("[]", &add("0"), "[9]");
    assert_patches("[]", &add("-"), "[9]");
    for at in ["3", "4294967296"] {
        assert_fails("[5,6]", &add(at), "no such place");
    }
    for operation in [
        r#"{"op":"replace","path":"/2","value":1}"#,
        r#"{"op":"replace","path":"/-","value":1}"#,
        r#"{"op":"remove","path":"/2"}"#,
        r#"{"op":"remove","path":"/-"}"#,
        r#"{"op":"test","path":"/-","value":6}"#,
        r#"{"op":"copy","from":"/-","path":"/0"}"#,
        r#"{"op":"move","from":"/2","path":"/0"}"#,
    ] {
        assert_fails("[5,6]", &format!("[{operation}]"), "there is nothing at /");
    }
    assert_fails("[5]", r#"[{"op":"add","path":"/-/a","value":1}]"#, "could be a part of");
}

#[test]
fn what_is_not_there_is_neither_replaced_nor_removed() {
    for (document, operation) in [
        ("{}", r#"{"op":"replace","path":"/a","value":1}"#),
        ("{}", r#"{"op":"remove","path":"/a"}"#),
        ("{}", r#"{"op":"test","path":"/a","value":null}"#),
        (r#"{"a":{}}"#, r#"{"op":"remove","path":"/a/b"}"#),
        (r#"{"a":{}}"#, r#"{"op":"copy","from":"/a/b","path":"/c"}"#),
        (r#"{"a":{}}"#, r#"{"op":"move","from":"/b","path":"/c"}"#),
        (r#"{"a":{}}"#, r#"{"op":"replace","path":"/b/c","value":1}"#),
        (r#"{"a":1}"#, r#"{"op":"add","path":"/a/b","value":1}"#),
        (r#"{"a":"text"}"#, r#"{"op":"add","path":"/a/0","value":1}"#),
        (r#"{"a":null}"#, r#"{"op":"remove","path":"/a/b"}"#),
        (r#"{"a":1}"#, r#"{"op":"remove","path":""}"#),
        (r#"{"a":1}"#, r#"{"op":"move","from":"","path":"/b"}"#),
    ] {
        assert_fails(document, &format!("[{operation}]"), "operation 0 of the patch: ");
    }
}

#[test]
fn moving_and_copying() {
    for [document, patch, result] in [
        // To where it is.
        [
            r#"{"a":1,"b":2}"#,
            r#"[{"op":"move","from":"/a","path":"/a"}]"#,
            r#"{"a":1,"b":2}"#,
        ],
        [
            r#"{"a":1,"b":2}"#,
            r#"[{"op":"copy","from":"/a","path":"/a"}]"#,
            r#"{"a":1,"b":2}"#,
        ],
        ["[1,2]", r#"[{"op":"move","from":"/0","path":"/0"}]"#, "[1,2]"],
        ["[1,2]", r#"[{"op":"copy","from":"/0","path":"/0"}]"#, "[1,1,2]"],
        ["[1,2]", r#"[{"op":"move","from":"/0","path":"/-"}]"#, "[2,1]"],
        ["[1,2,3]", r#"[{"op":"move","from":"/2","path":"/0"}]"#, "[3,1,2]"],
        [r#"{"a":1}"#, r#"[{"op":"move","from":"","path":""}]"#, r#"{"a":1}"#],
        // Over something.
        [
            r#"{"a":1,"b":2}"#,
            r#"[{"op":"move","from":"/a","path":"/b"}]"#,
            r#"{"b":1}"#,
        ],
        [
            r#"{"a":1,"b":2}"#,
            r#"[{"op":"copy","from":"/a","path":"/b"}]"#,
            r#"{"a":1,"b":1}"#,
        ],
        // Out of itself, over what held it.
        [
            r#"{"a":{"b":{"c":1}}}"#,
            r#"[{"op":"move","from":"/a/b","path":"/a"}]"#,
            r#"{"a":{"c":1}}"#,
        ],
        [
            r#"{"a":{"b":1}}"#,
            r#"[{"op":"copy","from":"/a","path":"/a/a"}]"#,
            r#"{"a":{"b":1,"a":{"b":1}}}"#,
        ],
        [
            r#"{"a":{"b":1}}"#,
            r#"[{"op":"copy","from":"","path":"/c"}]"#,
            r#"{"a":{"b":1},"c":{"a":{"b":1}}}"#,
        ],
        [r#"{"a":[1]}"#, r#"[{"op":"copy","from":"/a","path":""}]"#, "[1]"],
        [
            r#"{"a":1,"ab":2}"#,
            r#"[{"op":"move","from":"/a","path":"/abc"}]"#,
            r#"{"ab":2,"abc":1}"#,
        ],
        // A copy is a value of its own.
        [
            r#"{"a":{"n":1}}"#,
            r#"[{"op":"copy","from":"/a","path":"/b"},{"op":"replace","path":"/a/n","value":2}]"#,
            r#"{"a":{"n":2},"b":{"n":1}}"#,
        ],
    ] {
        assert_patches(document, patch, result);
    }
    for path in ["/a/b", "/a/x", "/a/b/c"] {
        let patch = format!(r#"[{{"op":"move","from":"/a","path":"{path}"}}]"#);
        assert_fails(r#"{"a":{"b":{}}}"#, &patch, "into itself");
    }
    assert_fails("{}", r#"[{"op":"move","from":"/a","path":"/a"}]"#, "nothing at /a");
    // After the element is gone, that place is beyond the end.
    assert_fails("[1,2]", r#"[{"op":"move","from":"/0","path":"/2"}]"#, "no such place");
}

#[test]
fn operations_are_whole() {
    for (operation, message) in [
        (r#"{"path":"/a","value":1}"#, "there is no operation"),
        (r#"{"op":"spam","path":"/a","value":1}"#, "there is no operation spam"),
        (r#"{"op":"ADD","path":"/a","value":1}"#, "there is no operation ADD"),
        (r#"{"op":null,"path":"/a"}"#, "op, path and from are text"),
        (r#"{"op":"add","value":1}"#, "it has no path"),
        (r#"{"op":"add","path":null,"value":1}"#, "op, path and from are text"),
        (r#"{"op":"add","path":["a"],"value":1}"#, "op, path and from are text"),
        (r#"{"op":"add","path":"a","value":1}"#, "begins with a slash"),
        (r#"{"op":"add","path":"/a~","value":1}"#, "~0"),
        (r#"{"op":"add","path":"/a~2","value":1}"#, "~0"),
        (r#"{"op":"add","path":"/a"}"#, "it has no value"),
        (r#"{"op":"replace","path":"/a"}"#, "it has no value"),
        (r#"{"op":"test","path":"/a"}"#, "it has no value"),
        (r#"{"op":"copy","path":"/a"}"#, "it has no from"),
        (r#"{"op":"move","path":"/a"}"#, "it has no from"),
        (r#"{"op":"move","from":"a","path":"/b"}"#, "begins with a slash"),
        (r#"{"op":"copy","from":7,"path":"/b"}"#, "op, path and from are text"),
        (
            r#"{"op":"add","path":"/\ud800","value":1}"#,
            "op, path and from are text",
        ),
        ("[]", "it is no object"),
        ("null", "it is no object"),
        (r#""add""#, "it is no object"),
    ] {
        assert_fails(r#"{"a":0}"#, &format!("[{operation}]"), message);
    }
    for patch in ["{}", r#"{"op":"add","path":"/a","value":1}"#, "null", "1", r#""[]""#] {
        assert_fails("{}", patch, "a patch is an array");
    }
    assert_patches(r#"{"a":0}"#, "[]", r#"{"a":0}"#);
}

#[test]
fn tests_compare_what_values_mean() {
    let document =
        r#"{"o":{"a":[1,{"b":2}],"c":null},"n":[1,1.5,100,-7,9007199254740993],"t":"é","f":false,"e":{},"l":[]}"#;
    for (path, value) in [
        ("/o", r#"{"c":null,"a":[1,{"b":2}]}"#),
        ("/n/0", "1.0"),
        ("/n/0", "10e-1"),
        ("/n/1", "15E-1"),
        ("/n/2", "1e2"),
        ("/n/3", "-7.0"),
        ("/n/4", "9007199254740993"),
        ("/o/c", "null"),
        ("/t", r#""\u00e9""#),
        ("/f", "false"),
        ("", document),
    ] {
        assert_patches(
            document,
            &format!(r#"[{{"op":"test","path":"{path}","value":{value}}}]"#),
            document,
        );
    }
    for (path, value) in [
        ("/o", r#"{"c":null}"#),
        ("/o", r#"{"c":null,"a":[1,{"b":3}]}"#),
        ("/o", r#"{"c":null,"a":[1,{"b":2}],"d":1}"#),
        ("/o/a", r#"[{"b":2},1]"#),
        ("/n/0", r#""1""#),
        ("/n/0", "true"),
        ("/n/4", "9007199254740992"),
        ("/n/4", "9007199254740994"),
        ("/o/c", "false"),
        ("/t", r#""e\u0301""#),
        ("/f", "null"),
        ("/f", "0"),
        ("/e", "[]"),
        ("/l", "{}"),
        ("/e", "null"),
    ] {
        assert_fails(
            document,
            &format!(r#"[{{"op":"test","path":"{path}","value":{value}}}]"#),
            "the test finds another",
        );
    }
}

#[test]
fn null_is_a_value_and_keys_may_be_anything() {
    for [document, patch, result] in [
        [
            r#"{"a":1}"#,
            r#"[{"op":"add","path":"/a","value":null}]"#,
            r#"{"a":null}"#,
        ],
        [
            r#"{"a":null}"#,
            r#"[{"op":"replace","path":"/a","value":1}]"#,
            r#"{"a":1}"#,
        ],
        [r#"{"a":null}"#, r#"[{"op":"remove","path":"/a"}]"#, "{}"],
        [
            r#"{"a":null}"#,
            r#"[{"op":"move","from":"/a","path":"/b"}]"#,
            r#"{"b":null}"#,
        ],
        [
            r#"{"a":null}"#,
            r#"[{"op":"copy","from":"/a","path":"/b"}]"#,
            r#"{"a":null,"b":null}"#,
        ],
        ["[null]", r#"[{"op":"test","path":"/0","value":null}]"#, "[null]"],
        [
            "{}",
            r#"[{"op":"add","path":"/","value":1},{"op":"add","path":"//","value":1}]"#,
            "",
        ],
        [
            r#"{"":{"":1}}"#,
            r#"[{"op":"replace","path":"//","value":2}]"#,
            r#"{"":{"":2}}"#,
        ],
        [
            r#"{"a/b":1,"m~n":2}"#,
            r#"[{"op":"move","from":"/a~1b","path":"/~0~1"},{"op":"remove","path":"/m~0n"}]"#,
            r#"{"~/":1}"#,
        ],
        [
            r#"{"{a}":1}"#,
            r#"[{"op":"replace","path":"/{a}","value":2}]"#,
            r#"{"{a}":2}"#,
        ],
        [
            "{}",
            r#"[{"op":"add","path":"/__proto__","value":{"x":1}}]"#,
            r#"{"__proto__":{"x":1}}"#,
        ],
        [
            r#"{"b":1}"#,
            r#"[{"op":"add","path":"/1","value":1},{"op":"add","path":"/0","value":0}]"#,
            r#"{"0":0,"1":1,"b":1}"#,
        ],
        [r#"{"a":{"b":1}}"#, r#"[{"op":"add","path":"","value":[1]}]"#, "[1]"],
        [
            r#"{"a":{"b":1}}"#,
            r#"[{"op":"replace","path":"","value":null}]"#,
            "null",
        ],
        [
            r#"{"a":1}"#,
            r#"[{"op":"add","path":"","value":{"b":{}}},{"op":"add","path":"/b/c","value":2}]"#,
            r#"{"b":{"c":2}}"#,
        ],
    ] {
        if result.is_empty() {
            assert_fails(document, patch, "operation 1 of the patch: ");
        } else {
            assert_patches(document, patch, result);
        }
    }
}

#[test]
fn operations_see_what_those_before_have_done() {
    let grown = r#"[{"op":"add","path":"/a","value":[]},{"op":"add","path":"/a/-","value":{"n":1}},
        {"op":"copy","from":"/a/0","path":"/a/0"},{"op":"replace","path":"/a/0/n","value":2},{"op":"test","path":"/a/1/n","value":1},
        {"op":"move","from":"/a/1","path":"/b"},{"op":"remove","path":"/a/0"}]"#;
    assert_patches(r#"{"z":0}"#, &grown.replace('\n', " "), r#"{"z":0,"a":[],"b":{"n":1}}"#);
}

#[test]
fn a_later_failure_leaves_nothing_of_the_event() {
    let changes = [
        r#"{"op":"add","path":"/new","value":{"deep":[1,2,3]}}"#,
        r#"{"op":"remove","path":"/o/b"}"#,
        r#"{"op":"add","path":"/o/b","value":"again"}"#,
        r#"{"op":"remove","path":"/l/1"}"#,
        r#"{"op":"add","path":"/l/0","value":0}"#,
        r#"{"op":"move","from":"/o/a","path":"/l/-"}"#,
        r#"{"op":"replace","path":"/o","value":{}}"#,
        r#"{"op":"add","path":"/o/x","value":1}"#,
        r#"{"op":"replace","path":"","value":[]}"#,
        r#"{"op":"add","path":"/-","value":1}"#,
    ];
    let document = r#"{"o":{"a":{"n":1},"b":2,"c":3},"l":[1,2,3]}"#;
    for done in 0..=changes.len() {
        let mut patch = changes[..done].to_vec();
        patch.push(r#"{"op":"test","path":"/never","value":1}"#);
        assert_fails(
            document,
            &format!("[{}]", patch.join(",")),
            &format!("operation {done} of the patch: "),
        );
        assert!(
            try_once(
                document,
                r#"[{"patch":""}]"#,
                &format!("[{}]", changes[..done].join(","))
            )
            .is_ok()
        );
    }
}

#[test]
fn patches_keep_within_the_depth_of_values() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    // The patch and the event around it take levels of their own, the path gives them back.
    let deep = format!(r#"{{"a":{}}}"#, nested(251));
    let add = |path: &str| format!(r#"[{{"op":"copy","from":"/a","path":"{path}"}}]"#);
    assert_patches(&deep, &add("/b"), &format!(r#"{{"a":{0},"b":{0}}}"#, nested(251)));
    let holder = format!(r#"{{"a":{},"h":{{"h":{{"h":{{"h":{{"h":{{}}}}}}}}}}}}"#, nested(251));
    assert_fails(&holder, &add("/h/h/h/h/h/h/a"), "could be a part of");
    refused(
        &holder,
        r#"[{"patch":""}]"#,
        &add("/h/h/h/h/h/h"),
        Code::PatchFailed,
        "",
        "deeper than 256 levels",
    );
}

/// Each copy doubles the text: 2^40 bytes would be a million million. Once, and not on all routes, because it takes its time.
#[test]
fn a_patch_does_not_copy_without_end() {
    let text = "long text ".repeat(100_000);
    let grow = r#"{"op":"copy","from":"","path":"/0"}"#;
    let patch = format!("[{}]", vec![grow; 40].join(","));
    let rules =
        Rules::from_json(format!(r#"{{"initial":["{text}"],"rules":{{"E":[{{"patch":""}}]}}}}"#).as_bytes()).unwrap();
    let mut session = rules.start();
    let event = format!(r#"{{"position":1,"type":"E","data":{patch}}}"#);
    let error = session.json_lines(event.as_bytes()).unwrap_err();
    assert_eq!(error.code(), Code::PatchFailed);
    assert!(error.message().contains("copies and moves more than 64 MiB"), "{error}");
    assert_eq!(session.folded().state, rules.initial());
}
