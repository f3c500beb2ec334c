//! Batches of events: where one ends and the next begins, which comes next, and what is left after an error.

use snapfold::fold::rules::{Rules, Session};
use snapfold::fold::{Anchor, Folded, Progress};
use snapfold::{Code, Error};

use super::routes::{cbor, line, rules, state};

/// Counts events, and keeps the last payload.
const COUNTING: &str = r#""rules":{"E":[{"put":"/last"},{"add":"/n","value":1,"initial":0}]}"#;

fn counting(settings: &str) -> Rules {
    rules(&format!("{{{settings}{COUNTING}}}"))
}

fn lines(rules: &Rules, input: impl AsRef<[u8]>) -> (Result<(), Error>, Folded) {
    let mut session = rules.start();
    let ran = session.json_lines(input.as_ref());
    (ran, session.folded())
}

/// The error of a batch, after which the first events are folded in, all of them.
#[track_caller]
fn refused(rules: &Rules, input: impl AsRef<[u8]>, before: u64) -> Error {
    let (ran, folded) = lines(rules, input);
    assert_counted(&folded, before);
    ran.unwrap_err()
}

#[track_caller]
fn assert_counted(folded: &Folded, count: u64) {
    assert_eq!(folded.progress.event_count(), count);
    let counted = format!(r#""n":{count}}}"#);
    assert!(if count == 0 {
        state(folded) == "{}"
    } else {
        state(folded).ends_with(&counted)
    });
}

#[test]
fn lines_end_as_they_like_and_blank_ones_are_stepped_over() {
    let rules = counting(r#""strict":true,"#);
    let [one, two] = [1, 2].map(|position| line(position, "E", "0").trim_end().to_owned());
    for input in [
        format!("{one}\n{two}\n"),
        format!("{one}\n{two}"),
        format!("{one}\r\n{two}\r\n"),
        format!("\n\r\n \t\n{one}\n\n\n{two}\n \n\t"),
        format!("  {one} \t \r\n\t {two}   "),
        format!(
            "{one}\n{}\n",
            two.replace(',', " ,\t")
                .replace(':', "\r: ")
                .replace('{', "{ ")
                .replace('}', " }")
        ),
    ] {
        let (ran, folded) = lines(&rules, &input);
        assert_eq!(ran, Ok(()), "{input:?}");
        assert_counted(&folded, 2);
        assert_eq!(folded.progress.anchor(), Some(&Anchor::id("e2")));
    }
    for nothing in ["", "\n", " \r\n\t\n "] {
        let (ran, folded) = lines(&rules, nothing);
        assert_eq!((ran, folded.progress), (Ok(()), Progress::default()));
    }
}

#[test]
fn there_is_one_event_on_a_line_and_one_line_for_an_event() {
    let (good, next) = (line(1, "E", "0"), line(2, "E", "[1,\"a\"]"));
    let next = next.trim_end();
    for (bad, at) in [
        ("\u{feff}{}".to_owned(), 0),
        (format!("{next} {next}"), next.len() + 1),
        (format!("{next}{next}"), next.len()),
        (format!("{next},"), next.len()),
        (format!("{next}x"), next.len()),
        (next.replace(r#""type""#, "\n\"type\""), 24),
        (next.replace("[1,", "[1,\n"), next.find("[1,").unwrap() + 3),
        (next.replace("\"a\"", "\"a\nb\""), next.find("\"a\"").unwrap() + 2),
        (next.replace("\"a\"", "\"a\\\nb\""), next.find("\"a\"").unwrap() + 2),
        (next.replace(":2,", ":2\n,"), 13),
        (next.replace(":2,", "\n:2,"), 11),
        ("[]".to_owned(), 0),
        ("1".to_owned(), 0),
        ("null".to_owned(), 0),
        ("\"text\"".to_owned(), 0),
        ("}".to_owned(), 0),
        ("\u{c}{}".to_owned(), 0),
        ("\0".to_owned(), 0),
        ("{} {}".to_owned(), 3),
    ] {
        for settings in ["", r#""strict":true,"#] {
            let input = format!("{good}{bad}\n{}", line(2, "E", "1"));
            let error = refused(&counting(settings), &input, 1);
            assert_eq!(error.code(), Code::Malformed, "{bad:?}: {error}");
            assert_eq!(error.offset(), Some((good.len() + at) as u64), "{bad:?}: {error}");
        }
    }
}

#[test]
fn an_event_that_is_cut_is_refused_wherever_it_is_cut() {
    let (good, cut) = (
        line(1, "E", "0"),
        line(2, "E", r#"{"a":[1.5e3,"\u00e9\n",true,{"b":null}]}"#),
    );
    let rules = counting("");
    for end in 1..cut.len() - 1 {
        for tail in ["", "\n"] {
            let input = format!("{good}{}{tail}", &cut[..end]);
            let error = refused(&rules, &input, 1);
            assert_eq!(error.code(), Code::Malformed, "{input}");
            assert!(error.offset().unwrap() <= input.len() as u64, "{error}");
        }
    }
    let encoded = cbor(&cut);
    for end in 1..encoded.len() {
        let mut session = rules.start();
        let input = [cbor(&good), encoded[..end].to_vec()].concat();
        let error = session.cbor_sequence(&input).unwrap_err();
        assert_eq!(error.code(), Code::Malformed);
        assert!(error.offset().unwrap() <= input.len() as u64, "{error}");
        assert_counted(&session.folded(), 1);
    }
}

#[test]
fn bytes_that_are_not_utf_8_spoil_their_line_and_no_other() {
    let rules = counting("");
    let [one, two, three] = [1, 2, 3].map(|position| line(position, "E", r#"{"a":["é","two"]}"#).into_bytes());
    for damage in [
        b"\xff".as_slice(),
        b"\x80",
        b"\xc3",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xc0\xaf",
    ] {
        for at in (0..two.len()).filter(|at| two[*at] & 0xc0 != 0x80) {
            let damaged = [&two[..at], damage, &two[at..]].concat();
            let error = refused(&rules, [one.as_slice(), &damaged, &three].concat(), 1);
            assert_eq!(error.code(), Code::Malformed);
            assert_eq!(error.offset(), Some((one.len() + at) as u64), "{error}");
            assert!(error.message().contains("UTF-8"), "{error}");
        }
    }
    // The first error counts.
    let error = refused(&rules, [one.as_slice(), b"[]\n", b"\xff"].concat(), 1);
    assert_eq!(error.offset(), Some(one.len() as u64));
}

/// Events that do not come next, and what is said of them.
fn next_codes(settings: &str, positions: &[(u64, Option<Code>)]) -> Folded {
    let rules = counting(settings);
    let (mut in_lines, mut in_cbor) = (rules.start(), rules.start());
    for (position, code) in positions {
        let event = line(*position, "E", "0");
        let before = in_lines.folded();
        let told = |ran: Result<(), Error>| {
            ran.err().map(|error| {
                assert_eq!(
                    (error.position(), error.offset()),
                    (Some(*position), Some(0)),
                    "{error}"
                );
                error.code()
            })
        };
        assert_eq!(told(in_lines.json_lines(event.as_bytes())), *code, "{position}");
        assert_eq!(told(in_cbor.cbor_sequence(&cbor(&event))), *code, "{position}");
        assert_eq!(in_lines.folded(), in_cbor.folded());
        assert_eq!(in_lines.folded() == before, code.is_some(), "{position}");
    }
    in_lines.folded()
}

#[test]
fn contiguous_positions_follow_each_other() {
    let (gap, order) = (Some(Code::Gap), Some(Code::OutOfOrder));
    let folded = next_codes(
        "",
        &[
            (0, order),
            (2, gap),
            (1, None),
            (1, order),
            (3, gap),
            (2, None),
            (u64::MAX, gap),
            (3, None),
        ],
    );
    assert_counted(&folded, 3);
    let folded = next_codes(r#""firstPosition":0,"#, &[(1, gap), (0, None), (0, order), (1, None)]);
    assert_counted(&folded, 2);
}

#[test]
fn sparse_positions_grow() {
    let order = Some(Code::OutOfOrder);
    let folded = next_codes(
        r#""sequence":"sparse","#,
        &[
            (0, None),
            (7, None),
            (6, order),
            (0, order),
            (u64::MAX, None),
            (8, order),
        ],
    );
    assert_counted(&folded, 3);
    assert_eq!(folded.progress.position(), Some(u64::MAX));
}

#[test]
fn the_last_event_of_a_sparse_stream_may_come_again_and_counts_once() {
    let rules = counting(r#""sequence":"sparse","#);
    let event = line(5, "E", "1");
    let mut session = rules.start();
    session.json_lines(event.repeat(3).as_bytes()).unwrap();
    session.json_lines(event.as_bytes()).unwrap();
    session.cbor_sequence(&cbor(&event)).unwrap();
    assert_counted(&session.folded(), 1);
    // Its id says which it is, whatever else is in it.
    session.json_lines(line(5, "Other", "2").as_bytes()).unwrap();
    assert_eq!(state(&session.folded()), r#"{"last":1,"n":1}"#);
    let other = event.replace("e5", "another");
    for input in [other.clone(), event.replace(r#""id":"e5","#, "")] {
        let error = session.json_lines(input.as_bytes()).unwrap_err();
        assert_eq!((error.code(), error.position()), (Code::OutOfOrder, Some(5)), "{error}");
    }
    let error = rules
        .start()
        .json_lines([event.as_str(), &other].concat().as_bytes())
        .unwrap_err();
    assert_eq!(
        (error.code(), error.offset()),
        (Code::OutOfOrder, Some(event.len() as u64))
    );
    // Whoever does not know the last event believes that it is the same.
    let base = session.folded();
    let unknown = Progress::resume(5, 1, None);
    for (progress, input, same) in [
        (&base.progress, &event, true),
        (&base.progress, &other, false),
        (&unknown, &other, true),
    ] {
        let mut session = rules.resume(&base.state, progress).unwrap();
        assert_eq!(session.json_lines(input.as_bytes()).is_ok(), same);
        assert_counted(&session.folded(), 1);
    }
}

#[test]
fn without_an_id_an_event_is_its_bytes() {
    let rules = counting(r#""sequence":"sparse","#);
    let event = r#"{ "position": 5, "type": "E", "data": 0 }"#;
    let (ran, folded) = lines(&rules, format!(" {event} \n\t{event}\r\n"));
    assert_eq!(ran, Ok(()));
    assert_counted(&folded, 1);
    assert_eq!(folded.progress.anchor(), Some(&Anchor::of_bytes(event.as_bytes())));
    let error = refused(&rules, format!("{event}\n{}", event.replace(' ', "")), 1);
    assert_eq!(error.code(), Code::OutOfOrder);
    let mut session = rules.start();
    session.cbor_sequence(&cbor(event).repeat(2)).unwrap();
    assert_eq!(
        session.folded().progress.anchor(),
        Some(&Anchor::of_bytes(&cbor(event)))
    );
}

#[test]
fn ids_are_text_or_integers() {
    for (id, anchor) in [
        (r#""e-1""#, Some("e-1")),
        (r#""\u0065\n""#, Some("e\n")),
        ("7", Some("7")),
        ("-1", Some("-1")),
        ("9007199254740991", Some("9007199254740991")),
        ("9007199254740992", Some("9007199254740992")),
        ("100000000000000000000000000000000000000", None),
        (r#""""#, None),
        ("null", None),
        ("1.5", None),
        ("true", None),
        ("[1]", None),
        (r#""\ud800""#, None),
    ] {
        let event = format!(r#"{{"id":{id},"position":1,"type":"E","data":0}}"#);
        let (ran, folded) = lines(&counting(""), &event);
        assert_eq!(ran, Ok(()), "{event}");
        let expected = anchor.map_or_else(|| Anchor::of_bytes(event.as_bytes()), Anchor::id);
        assert_eq!(folded.progress.anchor(), Some(&expected), "{event}");
        let mut session = counting("").start();
        session.cbor_sequence(&cbor(&event)).unwrap();
        let expected = anchor.map_or_else(|| Anchor::of_bytes(&cbor(&event)), Anchor::id);
        assert_eq!(session.folded().progress.anchor(), Some(&expected), "{event}");
    }
}

#[test]
fn positions_are_whole_numbers_or_their_decimal_text() {
    let sparse = counting(r#""sequence":"sparse","#);
    let event = |position: &str| format!(r#"{{"position":{position},"type":"E","data":0}}"#);
    for (position, number) in [
        ("0", 0),
        ("1", 1),
        (r#""1""#, 1),
        (r#""\u0031\u0030""#, 10),
        ("9007199254740993", 9_007_199_254_740_993),
        ("18446744073709551615", u64::MAX),
        (r#""18446744073709551615""#, u64::MAX),
    ] {
        let (ran, folded) = lines(&sparse, event(position));
        assert_eq!((ran, folded.progress.position()), (Ok(()), Some(number)), "{position}");
        let mut session = sparse.start();
        session.cbor_sequence(&cbor(&event(position))).unwrap();
        assert_eq!(session.folded().progress.position(), Some(number), "{position}");
    }
    for position in [
        "1.5",
        "-1",
        "-0",
        "1e400",
        "null",
        "true",
        "[1]",
        "{}",
        r#""""#,
        r#""01""#,
        r#""+1""#,
        r#"" 1""#,
        r#""1.0""#,
        r#""0x1""#,
        "18446744073709551616",
        "99999999999999999999",
        "100000000000000000000",
        r#""18446744073709551616""#,
        "01",
        "+1",
        "1x",
    ] {
        let error = refused(&sparse, event(position), 0);
        assert_eq!(
            (error.code(), error.offset(), error.position()),
            (Code::InvalidEvent, Some(0), None),
            "{position}"
        );
        if let Ok(encoded) = snapfold::value::from_json(event(position).as_bytes()) {
            let error = sparse.start().cbor_sequence(&encoded).unwrap_err();
            assert_eq!(
                (error.code(), error.offset()),
                (Code::InvalidEvent, Some(0)),
                "{position}"
            );
        }
    }
}

#[test]
fn an_event_has_a_position_and_a_type() {
    for (event, position) in [
        (r#"{}"#, None),
        (r#"{"type":"E"}"#, None),
        (r#"{"position":1}"#, Some(1)),
        (r#"{"position":1,"type":null}"#, Some(1)),
        (r#"{"position":1,"type":7}"#, Some(1)),
        (r#"{"position":1,"type":["E"]}"#, Some(1)),
        (r#"{"position":1,"type":"\ud800"}"#, Some(1)),
        (r#"{"meta":{"position":1,"type":"E"}}"#, None),
    ] {
        let error = refused(&counting(""), event, 0);
        assert_eq!(
            (error.code(), error.position()),
            (Code::InvalidEvent, position),
            "{event}"
        );
        assert_eq!(counting("").start().cbor_sequence(&cbor(event)).unwrap_err(), error);
    }
}

#[test]
fn parts_lie_where_the_rules_say() {
    let spec = r#"{"events":{"position":"/m/0","id":"/m/1","type":"/~1/~0","data":""},
        "rules":{"E":[{"put":"/{/m/0}"}],"a/b":[{"put":"/{/m/1}","from":"/m"}]}}"#;
    let events = concat!(
        r#"{"m":["1","x"],"/":{"~":"E"}}"#,
        "\n",
        r#"{"m":[2,"y"],"/":{"~":"a\/b"}}"#
    );
    let (ran, folded) = lines(&rules(spec), events);
    assert_eq!(ran, Ok(()));
    assert_eq!(state(&folded), r#"{"1":{"m":["1","x"],"/":{"~":"E"}},"y":[2,"y"]}"#);
    assert_eq!(
        (folded.progress.position(), folded.progress.anchor()),
        (Some(2), Some(&Anchor::id("y")))
    );
}

#[test]
fn types_without_a_rule_are_an_error_or_count() {
    let error = refused(&counting(""), [line(1, "E", "0"), line(2, "e", "0")].concat(), 1);
    assert_eq!((error.code(), error.position()), (Code::UnknownEvent, Some(2)));
    assert!(error.message().contains("type e;"), "{error}");
    let input = [
        line(1, "e", "0"),
        line(2, "E", "0"),
        line(3, "", "0"),
        line(4, "__proto__", "0"),
    ]
    .concat();
    let (ran, folded) = lines(&counting(r#""unknown":"ignore","#), input);
    assert_eq!((ran, folded.progress.event_count()), (Ok(()), 4));
    assert_eq!(state(&folded), r#"{"last":0,"n":1}"#);
}

/// Everything before the error is there, nothing of it, and the session goes on.
#[test]
fn after_an_error_the_session_goes_on() {
    let rules = rules(
        r#"{"initial":{"n":0,"l":[],"o":{"k":1}},"rules":{
            "E":[{"append":"/l"},{"put":"/o/new"},{"remove":"/o/k","optional":true},{"add":"/n","from":"/data/n"}]}}"#,
    );
    let good = |position: u64| line(position, "E", &format!(r#"{{"n":{position},"x":["some","more"]}}"#));
    let all = {
        let mut session = rules.start();
        session
            .json_lines([good(1), good(2), good(3)].concat().as_bytes())
            .unwrap();
        session.folded()
    };
    for (bad, code) in [
        (line(2, "E", r#"{"n":"1"}"#), Code::WrongType),
        (line(2, "E", "{}"), Code::MissingValue),
        (line(2, "E", r#"{"n":9007199254740991}"#), Code::OutOfRange),
        (line(2, "E", r#"{"n":1,"x":01}"#), Code::Malformed),
        (line(2, "F", "1"), Code::UnknownEvent),
        (line(3, "E", "1"), Code::Gap),
        (line(1, "E", "1"), Code::OutOfOrder),
        ("{\"position\":2}\n".to_owned(), Code::InvalidEvent),
        ("{\"position\":2,\n".to_owned(), Code::Malformed),
    ] {
        let mut session = rules.start();
        let before = good(1);
        let error = session
            .json_lines([&before, &bad, &good(2)].map(String::as_str).concat().as_bytes())
            .unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.offset().unwrap() >= before.len() as u64);
        let mut alone = rules.start();
        alone.json_lines(before.as_bytes()).unwrap();
        assert!(session.folded() == alone.folded(), "{error}");
        // The same error again changes nothing either.
        assert_eq!(session.json_lines(bad.as_bytes()).unwrap_err().code(), code);
        finish(session, &[good(2), good(3)], &all);
    }
}

fn finish(mut session: Session, rest: &[String], all: &Folded) {
    session.json_lines(rest[0].as_bytes()).unwrap();
    session.cbor_sequence(&cbor(&rest[1])).unwrap();
    assert!(&session.folded() == all);
}
