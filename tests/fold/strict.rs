//! What is stepped over where nobody looks, and refused under `strict`; and what is never taken.

use snapfold::fold::rules::Rules;
use snapfold::value::{self, Value};
use snapfold::{Code, Error};

use super::routes::{cbor, line, rules, state};

const RULES: &str = r#""rules":{"E":[{"put":"/v","from":"/data"},{"put":"/w","from":"/meta/w","optional":true}]}"#;

fn both() -> [Rules; 2] {
    [false, true].map(|strict| rules(&format!(r#"{{"strict":{strict},{RULES}}}"#)))
}

/// The event as it is, and behind one of the same keys. Both ways give the same.
fn lines(rules: &Rules, event: &str) -> Result<String, Error> {
    let first = run(rules, &format!("{event}\n"));
    let before = event.replacen(":1", ":0", 1);
    let known = rules_from_zero(rules, &before, event);
    assert_eq!(known.is_ok(), first.is_ok(), "{event}");
    first
}

fn run(rules: &Rules, input: &str) -> Result<String, Error> {
    let mut session = rules.start();
    session.json_lines(input.as_bytes())?;
    Ok(state(&session.folded()))
}

fn rules_from_zero(rules: &Rules, before: &str, event: &str) -> Result<(), Error> {
    let mut session = rules.start();
    // What comes first is out of order, and has been looked at all the same.
    session.json_lines(before.as_bytes()).unwrap_err();
    session.json_lines(event.as_bytes())
}

/// Balanced, and no JSON.
const JUNK: &[&str] = &[
    "nul",
    "True",
    "NaN",
    "-Infinity",
    "undefined",
    "truefalse",
    "'single'",
    "x",
    "01",
    "+1",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x1f",
    "-",
    "--1",
    "1_000",
    "1e400",
    "-1e999",
    "[1,,2]",
    "[1 2]",
    "[,]",
    "[1,]",
    "[:]",
    "[1:2]",
    "[nul]",
    "[01]",
    r#"["\q"]"#,
    r#"{"a" 1}"#,
    r#"{"a":1,}"#,
    r#"{"a"}"#,
    "{1:2}",
    "{,}",
    r#"{"a":1 "b":2}"#,
    r#"{"a":1,"a":2}"#,
    r#"{"\ud800":1}"#,
    r#""\q""#,
    r#""\u12""#,
    r#""\u12g4""#,
    r#""\U0041""#,
    r#""\x41""#,
    "[1//2]",
    "/*c*/1",
    "\u{a0}",
];

#[test]
fn json_that_is_balanced_is_stepped_over_and_strict_refuses_it() {
    let [lenient, strict] = both();
    for junk in JUNK {
        let event = format!(r#"{{"position":1,"x":{junk},"type":"E","data":7}}"#);
        assert_eq!(lines(&lenient, &event).as_deref(), Ok(r#"{"v":7}"#), "{event}");
        assert_eq!(lines(&strict, &event).unwrap_err().code(), Code::Malformed, "{event}");
        assert!(value::from_json(event.as_bytes()).is_err());
    }
    // The same where it is kept, or holds what is kept: never.
    for junk in [
        "nul",
        "01",
        "1e400",
        "[1,]",
        r#"{"a":1,"a":2}"#,
        r#""\q""#,
        r#"{"a":{"b":1,"b":2}}"#,
        r#"{"a":1,"\u0061":2}"#,
    ] {
        for event in [
            format!(r#"{{"position":1,"type":"E","data":{junk}}}"#),
            format!(r#"{{"position":1,"type":"E","data":{{"x":"and so on, and so on","y":{junk}}}}}"#),
        ] {
            for rules in &both() {
                assert_eq!(lines(rules, &event).unwrap_err().code(), Code::Malformed, "{event}");
            }
        }
    }
}

/// What an event is taken for must not depend on the events before it, whose keys are remembered.
#[test]
fn json_is_stepped_over_in_a_payload_that_is_not_kept_whatever_came_before() {
    let lenient = rules(r#"{"rules":{"E":[{"put":"/{/data/id}","from":"/data/x/y","optional":true}]}}"#);
    for junk in JUNK {
        for data in [
            format!(r#"{{"id":"a","z":{junk}}}"#),
            format!(r#"{{"z":{junk},"id":"a","n":1}}"#),
            format!(r#"{{"id":"a","x":{junk}}}"#),
            format!(r#"{{"id":"a","x":{{"z":{junk}}}}}"#),
            format!(r#"{{"id":"a","x":{{"z":[1,{junk}],"w":1}}}}"#),
            junk.to_string(),
        ] {
            let events: Vec<_> = (1..4).map(|position| line(position, "E", &data)).collect();
            let ran = run(&lenient, &events.concat());
            // Where nothing is looked for.
            assert!(ran.is_ok() || !data.contains("\"z\""), "{data}: {ran:?}");
            let mut cold = lenient.start();
            let mut first = Ok(());
            for event in &events {
                let base = cold.folded();
                cold = lenient.resume(&base.state, &base.progress).unwrap();
                first = first.and(cold.json_lines(event.as_bytes()));
            }
            assert_eq!(
                first.map_err(|error| error.code()),
                ran.map(drop).map_err(|error| error.code()),
                "{data}"
            );
        }
    }
}

#[test]
fn json_that_is_not_balanced_is_never_taken() {
    for junk in [
        "",
        ",",
        ":",
        "]",
        "}",
        "[}",
        "{]",
        "[",
        "{",
        "[[]",
        "[1}]",
        r#"{"a":[}]"#,
        r#"""#,
        r#""a"#,
        r#""a\""#,
        "[\"]",
        "1]",
        "\u{1}",
        "\u{0}",
        "\"\u{1}\"",
        "\"\t\"",
        "[\u{1}]",
        "\"\\\u{1}\"",
        "1 2",
        "\"a\" \"b\"",
        "{} {}",
        "tr\u{1}e",
    ] {
        let event = format!(r#"{{"position":1,"type":"E","data":7,"x":{junk}}}"#);
        for rules in &both() {
            let error = lines(rules, &event).unwrap_err();
            assert_eq!(error.code(), Code::Malformed, "{event}");
            assert!(error.offset().unwrap() <= event.len() as u64, "{error}");
        }
    }
    for event in [
        r#"{"position":1,"type":"E","data":7,}"#,
        r#"{,"position":1,"type":"E","data":7}"#,
        r#"{"position":1 "type":"E","data":7}"#,
        r#"{"position" 1,"type":"E","data":7}"#,
        r#"{"position":1,"type":"E","data"}"#,
        r#"{position:1,"type":"E","data":7}"#,
        r#"{"position":1,"type":"E","data":7]"#,
        r#"{"position":1,"type":"E","data":7"#,
    ] {
        for rules in &both() {
            assert_eq!(run(rules, event).unwrap_err().code(), Code::Malformed, "{event}");
        }
    }
}

#[test]
fn keys_are_found_however_they_are_written() {
    for rules in &both() {
        let event = r#"{"\u0070osition":1,"t\u0079p\u0065":"E","d\u0061ta":{"\u006b":1},"met\u0061":{"\u0077":2}}"#;
        assert_eq!(lines(rules, event).as_deref(), Ok(r#"{"v":{"k":1},"w":2}"#));
    }
    // An escape that JSON does not know makes no key that anybody looks for.
    let [lenient, strict] = both();
    for wrong in [r#""\position""#, r#""\u70osition""#, r#""position\ud800""#] {
        let event = format!(r#"{{{wrong}:1,"type":"E","data":7}}"#);
        assert_eq!(run(&lenient, &event).unwrap_err().code(), Code::InvalidEvent, "{event}");
        assert_eq!(run(&strict, &event).unwrap_err().code(), Code::Malformed, "{event}");
    }
}

/// An event in CBOR whose keys may repeat.
fn map(members: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = vec![0xa0 + members.len() as u8];
    for (key, json) in members {
        bytes.extend(value::to_vec(*key).unwrap());
        bytes.extend(cbor(json));
    }
    bytes
}

#[test]
fn a_key_on_the_way_to_what_is_looked_for_stands_there_once() {
    let members = [
        ("position", "1"),
        ("id", r#""a""#),
        ("type", r#""E""#),
        ("data", "7"),
        ("meta", r#"{"w":1}"#),
    ];
    let twice = [
        ("position", "1"),
        ("id", "null"),
        ("type", r#""E""#),
        ("data", "8"),
        // Nothing that is looked for stands twice here, but another reader would take the last.
        ("meta", "{}"),
        ("meta", "7"),
    ];
    for (key, json) in twice {
        for repeated in [key.to_owned(), format!("\\u{:04x}{}", key.as_bytes()[0], &key[1..])] {
            let plain = members.map(|(key, json)| format!(r#""{key}":{json}"#)).join(",");
            for event in [
                format!(r#"{{{plain},"{repeated}":{json}}}"#),
                format!(r#"{{"{repeated}":{json},{plain}}}"#),
            ] {
                for rules in &both() {
                    let error = lines(rules, &event).unwrap_err();
                    assert_eq!(error.code(), Code::Malformed, "{event}: {error}");
                }
            }
        }
        for rules in &both() {
            let bytes = map(&[members.as_slice(), &[(key, json)]].concat());
            assert_eq!(
                rules.start().cbor_sequence(&bytes).unwrap_err().code(),
                Code::Malformed,
                "{key}"
            );
        }
    }
    let [lenient, strict] = both();
    let elsewhere = r#"{"position":1,"x":1,"type":"E","x":2,"data":7,"meta":{"y":1,"y":2}}"#;
    assert_eq!(lines(&lenient, elsewhere).as_deref(), Ok(r#"{"v":7}"#));
    assert_eq!(lines(&strict, elsewhere).unwrap_err().code(), Code::Malformed);
}

#[test]
fn depth() {
    let [lenient, strict] = both();
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    // The event is a level itself. Where nobody looks, levels are counted from there.
    for (levels, taken, in_strict) in [
        (255, true, true),
        (256, true, false),
        (257, false, false),
        (100_000, false, false),
    ] {
        let event = format!(r#"{{"position":1,"type":"E","data":7,"x":{}}}"#, nested(levels));
        assert_eq!(lines(&lenient, &event).is_ok(), taken, "{levels}");
        assert_eq!(lines(&strict, &event).is_ok(), in_strict, "{levels}");
    }
    let deep = cbor(&line(1, "E", "7"));
    let (head, rest) = deep.split_first().unwrap();
    for levels in [255, 256, 100_000] {
        let mut event = vec![head + 1];
        event.extend_from_slice(b"\x61x");
        event.extend(vec![0x81; levels - 1]);
        event.push(0x80);
        event.extend_from_slice(rest);
        assert_eq!(lenient.start().cbor_sequence(&event), Ok(()), "{levels}");
        assert_eq!(strict.start().cbor_sequence(&event).is_ok(), levels == 255, "{levels}");
    }
}

/// An event with one more member, of any bytes.
fn with(junk: &[u8]) -> Vec<u8> {
    let event = cbor(r#"{"position":1,"type":"E","data":7}"#);
    [&[event[0] + 1], b"\x61x".as_slice(), junk, &event[1..]].concat()
}

#[test]
fn cbor_that_is_well_formed_is_stepped_over_and_strict_refuses_what_is_no_value() {
    let [lenient, strict] = both();
    for junk in [
        b"\xf9\x3c\x00".as_slice(),  // 1.0, which is an integer
        b"\xfa\x3f\xc0\x00\x00",     // 1.5, wider than it needs to be
        b"\xf9\x7e\x01",             // another NaN
        b"\xc1\x61a",                // a date of text
        b"\xc2\x41\x00",             // a bignum with a leading zero
        b"\xd9\xff\xff\x01",         // an unknown tag
        b"\xa1\x01\x02",             // a key that is no text
        b"\xa2\x61a\x01\x61a\x02",   // a key twice
        b"\xd9\x01\x02\x82\x01\x01", // a set with an element twice
        b"\xd9\x01\x11\x41a",        // WTF-8 that is UTF-8
    ] {
        let event = with(junk);
        assert_eq!(lenient.start().cbor_sequence(&event), Ok(()), "{junk:x?}");
        assert_eq!(
            strict.start().cbor_sequence(&event).unwrap_err().code(),
            Code::Malformed,
            "{junk:x?}"
        );
        // Where it is kept: never.
        let kept = [
            b"\xa3".as_slice(),
            &map(&[("position", "1"), ("type", r#""E""#)])[1..],
            b"\x64data",
            junk,
        ]
        .concat();
        for rules in &both() {
            let error = rules.start().cbor_sequence(&kept).unwrap_err();
            assert_eq!(error.code(), Code::Malformed, "{junk:x?}");
            assert!(
                (kept.len() - junk.len()..=kept.len()).contains(&(error.offset().unwrap() as usize)),
                "{error}"
            );
        }
    }
    for junk in [
        b"\x61\xff".as_slice(),                  // text that is not UTF-8
        b"\x18\x01",                             // a head that is not in its shortest form
        b"\x9f\xff",                             // an indefinite length
        b"\xff",                                 // a break
        b"\x1c",                                 // a reserved head
        b"\xf8\x20",                             // an unknown simple value
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", // more elements than there are bytes
        b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        for rules in &both() {
            let error = rules.start().cbor_sequence(&with(junk)).unwrap_err();
            assert_eq!(error.code(), Code::Malformed, "{junk:x?}");
        }
    }
    for no_event in [
        b"\x01".as_slice(),
        b"\x80",
        b"\xf6",
        b"\x61a",
        b"\xd9\x90\x80\x80",
        b"\xbf\xff",
    ] {
        for rules in &both() {
            let error = rules.start().cbor_sequence(no_event).unwrap_err();
            assert_eq!(
                (error.code(), error.offset()),
                (Code::Malformed, Some(0)),
                "{no_event:x?}"
            );
        }
    }
}

#[test]
fn references_are_json_even_where_nobody_else_looks() {
    let rules = rules(r#"{"unknown":"ignore","rules":{"E":[{"put":"/{/x/id}","value":1}]}}"#);
    for wrong in ["+5", "007", "-00", "-01", "5x", "-", "--5", "٥"] {
        let event = format!(r#"{{"position":1,"type":"E","x":{{"id":{wrong}}}}}"#);
        assert_eq!(run(&rules, &event).unwrap_err().code(), Code::MissingValue, "{event}");
    }
}

#[test]
fn lone_surrogates_are_kept() {
    for rules in &both() {
        let folded = {
            let mut session = rules.start();
            session
                .json_lines(line(1, "E", r#"["\ud800 and more, so that it is long"]"#).as_bytes())
                .unwrap();
            session.folded()
        };
        let state: Value = value::from_slice(&folded.state).unwrap();
        let Some([Value::Wtf8(_)]) = state.get("v").and_then(Value::as_array) else {
            panic!("{state:?}");
        };
    }
}
