//! Single events whose place in the log somebody else has checked.

use snapfold::fold::{Anchor, RowEvent};
use snapfold::{Code, value};

use super::routes::{cbor, line, rules, spec, state};

const PUT: &str = r#"[{"put":"/{/data/k}","from":"/data"}]"#;

#[test]
fn json_may_take_several_lines() {
    let pretty = "\r\n\t{\n  \"type\": \"E\",\n  \"data\": {\n    \"k\": \"a\",\r\n    \"long\": [\n \"more than sixteen bytes\",\n 2\n]\n }\n}\n\n ";
    for strict in [false, true] {
        let mut session = rules(&spec("{}", PUT, strict)).start();
        // The second time its keys are known.
        for position in 1..4 {
            session.row(position, None, RowEvent::Json(pretty.as_bytes())).unwrap();
        }
        let folded = session.folded();
        assert_eq!(
            state(&folded),
            r#"{"a":{"k":"a","long":["more than sixteen bytes",2]}}"#
        );
        assert_eq!(
            (folded.progress.position(), folded.progress.event_count()),
            (Some(3), 3)
        );
    }
}

#[test]
fn all_bytes_of_a_value_count() {
    // Values whose last byte would be white space in a text.
    for number in [9, 10, 12, 13, -1] {
        let event = format!(r#"{{"data":{{"k":"a"}},"z":{number}}}"#);
        let mut session = rules(&spec("{}", r#"[{"put":"/z","from":"/z"}]"#, false)).start();
        session.row(1, Some("E"), RowEvent::Cbor(&cbor(&event))).unwrap();
        assert_eq!(state(&session.folded()), format!(r#"{{"z":{number}}}"#));
        for more in [b"\x20", b"\x0a", b"\xf6"] {
            let input = [cbor(&event).as_slice(), more].concat();
            let error = session.row(2, Some("E"), RowEvent::Cbor(&input)).unwrap_err();
            assert_eq!(
                (error.code(), error.offset()),
                (Code::Malformed, Some(input.len() as u64 - 1))
            );
        }
    }
}

#[test]
fn offsets_are_those_of_what_was_given() {
    let mut session = rules(&spec("{}", PUT, false)).start();
    let one = line(1, "E", r#"{"k":"a"}"#);
    let one = one.trim_end();
    for (event, offset) in [
        (format!(" \n {one}x"), one.len() + 3),
        (format!("\n{one}\n{one}"), one.len() + 2),
        (format!(" {one} \u{c}"), one.len() + 2),
        (format!("\u{c}{one}"), 0),
        ("  []".to_owned(), 2),
        ("".to_owned(), 0),
        (" ".to_owned(), 1),
        (r#" {"type":"E","data":{"k":"a","x":01}}"#.to_owned(), 33),
    ] {
        let error = session.row(7, None, RowEvent::Json(event.as_bytes())).unwrap_err();
        assert_eq!(
            (error.code(), error.position()),
            (Code::Malformed, Some(7)),
            "{event:?}: {error}"
        );
        assert_eq!(error.offset(), Some(offset as u64), "{event:?}: {error}");
    }
    let error = session.row(7, None, RowEvent::Json(b" {\"a\":\"\xff\"}")).unwrap_err();
    assert_eq!((error.code(), error.offset()), (Code::Malformed, Some(7)));
    assert_eq!(state(&session.folded()), "{}");
}

#[test]
fn the_caller_may_know_the_type() {
    let mut session = rules(&spec("{}", PUT, false)).start();
    let noted = line(1, "Noted", r#"{"k":"a"}"#);
    session.row(1, None, RowEvent::Json(noted.as_bytes())).unwrap();
    assert_eq!(state(&session.folded()), "{}");
    session.row(2, Some("E"), RowEvent::Json(noted.as_bytes())).unwrap();
    session
        .row(3, Some("E"), RowEvent::Json(br#"{"data":{"k":"b"}}"#))
        .unwrap();
    assert_eq!(state(&session.folded()), r#"{"a":{"k":"a"},"b":{"k":"b"}}"#);
    let error = session
        .row(4, None, RowEvent::Json(br#"{"data":{"k":"b"}}"#))
        .unwrap_err();
    assert_eq!((error.code(), error.position()), (Code::InvalidEvent, Some(4)));
    let error = session.row(4, Some("F"), RowEvent::Json(noted.as_bytes())).unwrap_err();
    assert_eq!((error.code(), error.position()), (Code::UnknownEvent, Some(4)));
    assert_eq!(session.folded().progress.event_count(), 3);
}

/// Nobody has looked at their ids, and so nothing is said of them.
#[test]
fn rows_are_not_taken_for_the_last_event_of_a_batch() {
    let sparse = spec("{}", PUT, false).replacen('{', r#"{"sequence":"sparse","#, 1);
    let mut session = rules(&sparse).start();
    session.json_lines(line(1, "Noted", "0").as_bytes()).unwrap();
    assert_eq!(session.folded().progress.anchor(), Some(&Anchor::id("e1")));
    session
        .row(2, None, RowEvent::Cbor(&cbor(&line(2, "Noted", "0"))))
        .unwrap();
    assert_eq!(
        (session.folded().progress.position(), session.folded().progress.anchor()),
        (Some(2), None)
    );
    session.json_lines(line(2, "Noted", "0").as_bytes()).unwrap();
    assert_eq!(session.folded().progress.event_count(), 2);
}

#[test]
fn a_state_that_is_no_value_is_refused() {
    let rules = rules(&spec("{}", PUT, false));
    for bytes in [
        b"".as_slice(),
        b"\xa1",
        b"\xa0\xa0",
        b"\x18\x01",
        b"\xa2\x61a\x01\x61a\x02",
    ] {
        let error = rules.resume(bytes, &Default::default()).unwrap_err();
        assert_eq!(error, value::validate(bytes).unwrap_err());
    }
}
