//! Targets whose segments are filled from the event.

use snapfold::Code;

use super::routes::{line, once, one, refused, rules, spec};

const MISSING: Code = Code::MissingTarget;
const TYPE: Code = Code::WrongType;

#[test]
fn references_fill_one_segment_whatever_they_hold() {
    let put = |id: &str| {
        once(
            "{}",
            &one("put", "/{/data/id}", r#","value":1"#),
            &format!(r#"{{"id":{id}}}"#),
        )
    };
    for (id, key) in [
        (r#""a""#, "a"),
        (r#""""#, ""),
        (r#""a/b""#, "a/b"),
        (r#""~1~0~""#, "~1~0~"),
        (r#""{/data/id}""#, "{/data/id}"),
        (r#""{{}}""#, "{{}}"),
        (r#""__proto__""#, "__proto__"),
        (r#""constructor""#, "constructor"),
        (r#""-""#, "-"),
        (r#""01""#, "01"),
        (r#""1.5""#, "1.5"),
        (r#""4294967295""#, "4294967295"),
        ("7", "7"),
        ("0", "0"),
        ("-1", "-1"),
        ("9007199254740991", "9007199254740991"),
        ("-9007199254740991", "-9007199254740991"),
        ("9007199254740992", "9007199254740992"),
        ("-18446744073709551616", "-18446744073709551616"),
        (
            "99999999999999999999999999999999999999",
            "99999999999999999999999999999999999999",
        ),
        (r#""\u00e9\ud83d\ude00""#, "é😀"),
        (r#""\u0061""#, "a"),
        (
            r#""a text of more than sixteen bytes""#,
            "a text of more than sixteen bytes",
        ),
    ] {
        assert_eq!(put(id), format!(r#"{{"{key}":1}}"#), "{id}");
    }
    assert_eq!(put(r#""\"\\\n""#), r#"{"\"\\\n":1}"#);
}

#[test]
fn references_that_are_neither_text_nor_integer_are_missing() {
    for id in [
        "null",
        "true",
        "{}",
        "[]",
        "1.5",
        "-0",
        "1e400",
        "100000000000000000000000000000000000000",
        "-100000000000000000000000000000000000000",
        r#""\ud800""#,
        r#""a\udc00""#,
    ] {
        let (operations, data) = (one("put", "/x/{/data/id}", ""), format!(r#"{{"id":{id}}}"#));
        if id == "1e400" {
            let mut session = rules(&spec(
                r#"{"x":{}}"#,
                &one("put", "/x/{/data/id}", r#","value":1"#),
                false,
            ))
            .start();
            let error = session.json_lines(line(1, "E", &data).as_bytes()).unwrap_err();
            assert_eq!(error.code(), Code::MissingValue);
            continue;
        }
        refused(
            r#"{"x":{}}"#,
            &operations,
            &data,
            Code::MissingValue,
            "/x/{/data/id}",
            "no text at",
        );
    }
    refused(
        "{}",
        &one("put", "/{/data/id}", ""),
        "{}",
        Code::MissingValue,
        "/{/data/id}",
        "no text at",
    );
    refused(
        "{}",
        &one("put", "/{}", ""),
        "1",
        Code::MissingValue,
        "/{}",
        "no text at",
    );
}

#[test]
fn references_choose_elements_and_may_be_anywhere() {
    let target = "/{/data/list}/{/data/at}/{/type}";
    let state = r#"{"l":[{"E":1},{"E":2}]}"#;
    assert_eq!(
        once(state, &one("put", target, r#","value":9"#), r#"{"list":"l","at":1}"#),
        r#"{"l":[{"E":1},{"E":9}]}"#
    );
    let text = r#"{"list":"l","at":"0"}"#;
    assert_eq!(once(state, &one("remove", target, ""), text), r#"{"l":[{},{"E":2}]}"#);
    for (at, code, path) in [
        ("2", MISSING, "/l/2/E"),
        (r#""00""#, TYPE, "/l/00/E"),
        ("-1", TYPE, "/l/-1/E"),
        (r#""a/b~c""#, TYPE, "/l/a~1b~0c/E"),
        ("null", Code::MissingValue, "/l/{/data/at}/E"),
    ] {
        refused(
            state,
            &one("put", target, r#","value":9"#),
            &format!(r#"{{"list":"l","at":{at}}}"#),
            code,
            path,
            "operation 0",
        );
    }
}

#[test]
fn braces_are_parsed_first_and_literal_ones_double() {
    for (target, data, key) in [
        ("/{{a}}", "{}", "{a}"),
        ("/{{", "{}", "{"),
        ("/a}}b{{", "{}", "a}b{"),
        ("/{/data/a~1b}", r#"{"a/b":"x"}"#, "x"),
        ("/{/data/a}}b}", r#"{"a}b":"x"}"#, "x"),
        ("/{/data/{{a}", r#"{"{a":"x"}"#, "x"),
        ("/{/data/a~1b/~0}", r#"{"a/b":{"~":"x"}}"#, "x"),
    ] {
        assert_eq!(
            once("{}", &one("put", target, r#","value":1"#), data),
            format!(r#"{{"{key}":1}}"#),
            "{target}"
        );
    }
}
