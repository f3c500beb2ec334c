//! What holds for any rules and any events: they do what the rules say, whole or not at all, wherever the log is cut.

use proptest::prelude::*;
use snapfold::fold::rules::{Rules, Session};
use snapfold::fold::{Folded, RowEvent};
use snapfold::value::{self, Value};
use snapfold::{Error, Result};

use super::generated::Generator;
use super::reference;
use super::routes::in_order;

/// Rules, and events that they take.
struct Log {
    rules: Rules,
    events: Vec<Value>,
    folded: Folded,
}

/// Folds events into rules and reference, one after the other; those that are refused are left out.
fn log(generator: &mut Generator, count: usize) -> Log {
    let spec = generator.spec();
    let rules = Rules::new(&spec).unwrap();
    let mut session = rules.start();
    let mut expected: Value = value::from_slice(rules.initial()).unwrap();
    let mut events = Vec::new();
    for _ in 0..count {
        let position = events.len() as u64 + 1;
        let event = generator.event(position);
        let by_hand = reference::fold(&spec, &mut expected, &event);
        let ran = push(generator, &mut session, &event);
        let told = ran.map_err(|error: Error| {
            assert_eq!(error.position(), Some(position), "{error}");
            (error.code(), error.path().map(str::to_owned))
        });
        assert_eq!(told, by_hand, "{event:?} under {spec:?}");
        assert_state(&session, &expected, &event);
        if told.is_ok() {
            events.push(event);
        }
    }
    let folded = session.folded();
    Log { rules, events, folded }
}

fn assert_state(session: &Session, expected: &Value, event: &Value) {
    let mut expected = expected.clone();
    in_order(&mut expected);
    let state = session.folded().state;
    assert_eq!(value::validate(&state), Ok(()));
    let folded = || value::from_slice::<Value>(&state);
    assert!(
        state == value::to_vec(&expected).unwrap(),
        "{:?} is not {expected:?} after {event:?}",
        folded()
    );
}

fn push(generator: &mut Generator, session: &mut Session, event: &Value) -> Result<()> {
    match generator.below(3) {
        0 => session.cbor_sequence(&value::to_vec(event).unwrap()),
        _ => session.json_lines(generator.line(event).as_bytes()),
    }
}

/// The events in some batches of both kinds, some of them by sessions of their own.
fn in_pieces(generator: &mut Generator, log: &Log) -> Folded {
    let mut session = log.rules.start();
    let mut rest = log.events.as_slice();
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(generator.below(rest.len()) + 1);
        match generator.below(2) {
            0 => {
                let items: Vec<_> = batch.iter().flat_map(|event| value::to_vec(event).unwrap()).collect();
                session.cbor_sequence(&items).unwrap();
            }
            _ => {
                let lines: Vec<_> = batch.iter().map(|event| generator.line(event)).collect();
                session.json_lines(lines.join("\n").as_bytes()).unwrap();
            }
        }
        if generator.below(3) == 0 {
            let base = session.folded();
            session = log.rules.resume(&base.state, &base.progress).unwrap();
        }
        rest = after;
    }
    session.folded()
}

fn in_rows(generator: &mut Generator, log: &Log) -> Vec<u8> {
    let mut session = log.rules.start();
    for (event, position) in log.events.iter().zip(1..) {
        let (json, bytes) = (generator.line(event), value::to_vec(event).unwrap());
        let event = match generator.below(2) {
            0 => RowEvent::Json(json.as_bytes()),
            _ => RowEvent::Cbor(&bytes),
        };
        session.row(position, None, event).unwrap();
    }
    session.folded().state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn rules_do_what_they_say_however_events_are_cut(seed: u64) {
        let mut generator = Generator::new(seed);
        let log = log(&mut generator, 25);
        prop_assert_eq!(log.folded.progress.event_count(), log.events.len() as u64);
        for _ in 0..3 {
            prop_assert!(in_pieces(&mut generator, &log) == log.folded);
        }
        prop_assert!(in_rows(&mut generator, &log) == log.folded.state);
    }
}

/// So that the law above is about something.
#[test]
fn generated_events_are_taken_and_refused_for_every_reason() {
    let mut codes = std::collections::BTreeMap::new();
    for seed in 0..300 {
        let mut generator = Generator::new(seed);
        let spec = generator.spec();
        let mut state = spec.get("initial").unwrap().clone();
        for position in 1..30 {
            let event = generator.event(position);
            let told = reference::fold(&spec, &mut state, &event);
            let code = told.err().map_or("taken", |(code, _)| code.as_str());
            *codes.entry(code).or_insert(0) += 1;
        }
    }
    for code in [
        "taken",
        "missingTarget",
        "wrongType",
        "missingValue",
        "outOfRange",
        "unknownEvent",
        "patchFailed",
    ] {
        assert!(codes.get(code).is_some_and(|count| *count > 20), "{codes:?}");
    }
    assert!(codes["taken"] > 2_000, "{codes:?}");
}
