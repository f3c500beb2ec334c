//! Journals: the laws of compaction, on generated ones.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use snapfold::Code;
use snapfold::fold::journal::{Journal, Session};
use snapfold::fold::{Anchor, Folded, Progress, RowEvent};
use snapfold::value::{self, Value};

use crate::journals::{Log, activity, line, text};

/// What happens in a workflow.
#[derive(Clone, Debug)]
enum Act {
    /// One event that is a step.
    Alone(usize),
    /// An opener and its end.
    Pair(usize),
    /// An activity with this many retries, after some of which it is scheduled again, and whether it fails in the end.
    Activity {
        scheduled: bool,
        again: Vec<bool>,
        fails: bool,
    },
    /// An event that the table ignores.
    Heartbeat,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0..ALONE.len()).prop_map(Act::Alone),
        3 => (0..PAIRS.len()).prop_map(Act::Pair),
        4 => (any::<bool>(), vec(any::<bool>(), 0..3), any::<bool>())
            .prop_map(|(scheduled, again, fails)| Act::Activity { scheduled, again, fails }),
        1 => Just(Act::Heartbeat),
    ]
}

/// Type, payload, and the step without its command id and advance.
const ALONE: &[(&str, &str, &str)] = &[
    (
        "side_effect",
        r#"{"kind": "now", "payload": 7.5}"#,
        r#"{"kind": "side_effect", "shape": "now", "result": 7.5}"#,
    ),
    (
        "signal_received",
        r#"{"name": "go", "payload": null}"#,
        r#"{"kind": "await_signal", "shape": "go", "result": null}"#,
    ),
    (
        "timer_fired",
        r#"{"timer_id": 3}"#,
        r#"{"kind": "timer", "shape": "timer", "result": "ok"}"#,
    ),
    (
        "patched",
        r#"{"patch_name": "p", "value": true}"#,
        r#"{"kind": "patched", "shape": "p", "result": true}"#,
    ),
    (
        "compensation_failed",
        r#"{"target_activity_id": "a", "error": {"why": "no"}}"#,
        r#"{"kind": "compensation", "shape": "a", "error": {"why": "no"}}"#,
    ),
    (
        "child_started",
        r#"{"workflow": "W", "child_run_id": "r", "input_hash": "h"}"#,
        r#"{"kind": "start_child", "shape": "W", "result": {"runId": "r", "inputHash": "h"}}"#,
    ),
    (
        "child_completed",
        r#"{"child_run_id": "r", "result": [1]}"#,
        r#"{"kind": "await_child", "shape": "r", "result": [1]}"#,
    ),
    (
        "child_cancelled",
        r#"{"child_run_id": "r"}"#,
        r#"{"kind": "await_child", "shape": "r", "error": "cancelled"}"#,
    ),
    (
        "continued_as_new",
        r#"{"next_run_id": "n"}"#,
        r#"{"kind": "continue_as_new", "shape": "continue_as_new", "result": {"runId": "n"}}"#,
    ),
    (
        "workflow_log",
        r#"{"level": "info", "message": "hi \u00e9"}"#,
        r#"{"kind": "workflow_log", "shape": {"level": "info", "message": "hi é"}, "result": "ok"}"#,
    ),
];

/// Opener and end, each with its payload, and the step.
const PAIRS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "signal_awaited",
        r#"{"name": "go"}"#,
        "signal_received",
        r#"{"name": "go", "payload": {"b": 1, "a": 2}}"#,
        r#"{"kind": "await_signal", "shape": "go", "result": {"b": 1, "a": 2}}"#,
    ),
    (
        "signal_awaited",
        r#"{"name": "go", "timeout_timer_id": 9}"#,
        "timer_fired",
        r#"{"timer_id": 9}"#,
        r#"{"kind": "await_signal", "shape": "go", "error": "timeout"}"#,
    ),
    (
        "timer_started",
        r#"{"timer_id": "t"}"#,
        "timer_fired",
        r#"{"timer_id": "t"}"#,
        r#"{"kind": "timer", "shape": "timer", "result": "ok"}"#,
    ),
    (
        "compensation_scheduled",
        r#"{"target_activity_id": "a"}"#,
        "compensation_completed",
        r#"{"target_activity_id": "a", "result": "undone"}"#,
        r#"{"kind": "compensation", "shape": "a", "result": "undone"}"#,
    ),
];

fn parse(json: &str) -> Json {
    serde_json::from_str(json).unwrap()
}

fn build(acts: &[Act]) -> Log {
    let mut log = Log::default();
    for act in acts {
        let command = format!("c{}", log.next());
        let with_command = |data: &str| {
            let mut data = parse(data);
            data["command_id"] = json!(command);
            data
        };
        match act {
            Act::Heartbeat => drop(log.event("heartbeat", json!({"node": 1}))),
            Act::Alone(index) => {
                let (kind, data, step) = ALONE[*index];
                let mut step = parse(step);
                step["commandId"] = json!(command);
                log.event(kind, with_command(data)).step(1, step);
            }
            Act::Pair(index) => {
                let (opener, data, end, end_data, step) = PAIRS[*index];
                let mut step = parse(step);
                step["commandId"] = json!(command);
                log.event(opener, with_command(data));
                log.event(end, with_command(end_data)).step(2, step);
            }
            Act::Activity {
                scheduled,
                again,
                fails,
            } => {
                let mut events = if *scheduled { vec!["scheduled"] } else { vec![] };
                for again in again {
                    events.extend(["failed", "retry_scheduled"]);
                    events.extend(again.then_some("scheduled"));
                }
                events.push(if *fails { "failed" } else { "completed" });
                log.activity(&command, &events);
            }
        }
    }
    log
}

fn journal() -> Journal {
    Journal::from_json(br#"{"ignore": ["heartbeat"]}"#).unwrap()
}

fn fold(lines: &[String]) -> Folded {
    let mut session = journal().start();
    session.json_lines(text(lines).as_bytes()).unwrap();
    session.folded()
}

/// The steps that a log has in its first `events` events: what is expected of a fold of these.
fn steps(log: &Log, events: usize) -> Vec<(u64, Json)> {
    let complete = log.ends.iter().filter(|end| **end <= events).count();
    log.steps[..complete].to_vec()
}

pub fn decode(state: &[u8]) -> Vec<(u64, Json)> {
    value::validate(state).unwrap();
    let Value::Map(entries) = value::from_slice(state).unwrap() else {
        panic!("not a Map")
    };
    let entry = |(position, step): (Value, Value)| {
        let step = value::to_json(&value::to_vec(&step).unwrap()).unwrap();
        (position.as_f64().unwrap() as u64, parse(&step))
    };
    entries.into_iter().map(entry).collect()
}

fn is(line: &str, kind: &str) -> bool {
    parse(line)["type"] == kind
}

/// If the events before `cut` end in a failure that the events after it retry: the position of its step.
fn retried(log: &Log, cut: usize) -> Option<u64> {
    let next = log.lines[cut..].iter().find(|line| !is(line, "heartbeat"))?;
    let last = log.lines[..cut].iter().rev().find(|line| !is(line, "heartbeat"))?;
    if !is(next, "activity_retry_scheduled") || !is(last, "activity_failed") {
        return None;
    }
    let mut steps = log.steps.iter().zip(&log.ends);
    let open = steps.find(|((first, _), end)| (*first as usize..**end).contains(&cut));
    open.map(|((first, _), _)| *first)
}

fn strings(events: &[Vec<u8>]) -> Vec<String> {
    let text = |event: &Vec<u8>| String::from_utf8(event.clone()).unwrap();
    events.iter().map(text).collect()
}

/// Everything that is said of a fold of the first `events` events.
fn check_folded(log: &Log, events: usize, folded: &Folded) {
    let through = events - folded.pending.len();
    assert_eq!(strings(&folded.pending), log.lines[through..events]);
    assert_eq!(folded.progress.event_count(), through as u64);
    let last = (through > 0).then_some(through as u64);
    assert_eq!(folded.progress.position(), last);
    assert_eq!(
        folded.progress.anchor().cloned(),
        last.map(|last| Anchor::id(format!("e{last}")))
    );
}

/// The state of each prefix, made of nothing but that prefix.
fn check_every_cut(log: &Log) {
    let whole = fold(&log.lines);
    let mut session = journal().start();
    let mut settled = 0;
    for cut in 0..=log.lines.len() {
        let (before, after) = log.lines.split_at(cut);
        let first = fold(before);
        check_folded(log, cut, &first);
        assert_eq!(session.folded(), first, "one event after the other, {cut}");
        assert!(settled <= first.progress.event_count(), "what was settled stays, {cut}");
        assert!(
            first.pending.len() <= session.unsettled(),
            "what waits is not settled, {cut}"
        );
        settled = settled.max((cut - session.unsettled()) as u64);

        let mut second = resume(&first);
        let rest = [strings(&first.pending), after.to_vec()].concat();
        match (second.json_lines(text(&rest).as_bytes()), retried(log, cut)) {
            (Ok(()), None) => assert_eq!(second.folded(), whole, "cut at {cut}"),
            (Err(error), Some(position)) => {
                assert_eq!(
                    (error.code(), error.position()),
                    (Code::InvalidatesBase, Some(position)),
                    "cut at {cut}"
                );
                let below = fold(&log.lines[..position as usize - 1]);
                let mut again = resume(&below);
                let rest = [strings(&below.pending), log.lines[position as usize - 1..].to_vec()].concat();
                again.json_lines(text(&rest).as_bytes()).unwrap();
                assert_eq!(again.folded(), whole, "folded again from below {position}");
            }
            (resumed, retried) => panic!("cut at {cut}: {resumed:?}, {retried:?}"),
        }

        let mut same = journal().start();
        same.json_lines(text(before).as_bytes()).unwrap();
        same.folded();
        same.json_lines(text(after).as_bytes()).unwrap();
        assert_eq!(same.folded(), whole, "one session, cut at {cut}");
        if let Some(line) = after.first() {
            session.json_lines(line.as_bytes()).unwrap();
        }
    }
}

fn resume(folded: &Folded) -> Session {
    journal().resume(&folded.state, &folded.progress).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Steps are what the acts were, and nothing waits after the last one.
    #[test]
    fn every_act_becomes_its_step(acts in vec(act(), 0..20)) {
        let log = build(&acts);
        let folded = fold(&log.lines);
        prop_assert_eq!(decode(&folded.state), log.steps.clone());
        prop_assert_eq!(folded.pending.len(), 0);
        check_folded(&log, log.lines.len(), &folded);
    }

    /// base + tail = all, for every cut, within a session and over two; only a cut before a retry is refused, and says where to go.
    #[test]
    fn batches_may_be_cut_anywhere(acts in vec(act(), 0..8)) {
        check_every_cut(&build(&acts));
    }

    /// The same with an opener that never ends, and one that stands beside another.
    #[test]
    fn what_waits_is_handed_on(acts in vec(act(), 0..4), beside in any::<bool>(), later in vec(act(), 0..3)) {
        let mut log = build(&acts);
        let done = log.lines.len();
        log.event("compensation_scheduled", json!({"command_id": "x", "target_activity_id": "a"}));
        if beside {
            log.event("compensation_scheduled", json!({"command_id": "y", "target_activity_id": "b"}));
            let rest = build(&later);
            for line in &rest.lines {
                let event = parse(line);
                log.event(event["type"].as_str().unwrap(), event["data"].clone());
            }
        }
        let folded = fold(&log.lines);
        prop_assert_eq!(folded.pending.len(), log.lines.len() - done);
        prop_assert_eq!(decode(&folded.state), log.steps.clone());
        check_every_cut(&log);
    }

    /// Lines, a CBOR sequence and single rows are the same to it.
    #[test]
    fn the_form_of_events_does_not_matter(acts in vec(act(), 0..12)) {
        let log = build(&acts);
        let lines = fold(&log.lines);
        let mut cbor = journal().start();
        let values: Vec<Vec<u8>> = log.lines.iter().map(|line| value::from_json(line.as_bytes()).unwrap()).collect();
        cbor.cbor_sequence(&values.concat()).unwrap();
        prop_assert_eq!(&cbor.folded().state, &lines.state);
        prop_assert_eq!(&cbor.folded().progress, &lines.progress);
        let mut rows = journal().start();
        for (position, line) in (1..).zip(&log.lines) {
            rows.row(position, None, RowEvent::Json(line.as_bytes())).unwrap();
        }
        prop_assert_eq!(rows.folded(), lines);
        let mut rows = journal().start();
        for (position, value) in (1..).zip(&values) {
            rows.row(position, None, RowEvent::Cbor(value)).unwrap();
        }
        prop_assert_eq!(rows.folded(), cbor.folded());
    }

    /// One bad event: what stands before it is folded in, nothing of it is, and the session goes on with a good one in its place.
    #[test]
    fn the_good_prefix_stays(acts in vec(act(), 0..8), at in any::<prop::sample::Index>(), bad in 0..BAD.len()) {
        let log = build(&acts);
        let cut = at.index(log.lines.len() + 1);
        let (kind, data, code) = BAD[bad];
        let mut session = journal().start();
        session.json_lines(text(&log.lines[..cut]).as_bytes()).unwrap();
        let before = session.folded();
        let position = cut as u64 + 1;
        let line = format!(r#"{{"position": {position}, "type": "{kind}", "data": {data}}}"#);
        let error = session.json_lines(line.as_bytes()).unwrap_err();
        prop_assert!(code.is_none_or(|code| code == error.code()), "{}", error);
        prop_assert_eq!(error.position(), Some(position));
        prop_assert_eq!(session.folded(), before);
        session.json_lines(text(&log.lines[cut..]).as_bytes()).unwrap();
        prop_assert_eq!(session.folded(), fold(&log.lines));
    }
}

/// Events that fit nowhere. What exactly is wrong depends on what is open, where no code is given.
const BAD: &[(&str, &str, Option<Code>)] = &[
    ("nobody_knows", r#"{"command_id": "c"}"#, Some(Code::UnknownEvent)),
    ("side_effect", r#"{"kind": "now"}"#, None),
    ("side_effect", r#"{"command_id": "c"}"#, None),
    ("signal_awaited", r#"{"command_id": null, "name": "n"}"#, None),
    ("activity_completed", r#"{"command_id": "other", "module": 1}"#, None),
    (
        "activity_retry_scheduled",
        r#"{"command_id": "other"}"#,
        Some(Code::PairMismatch),
    ),
    (
        "workflow_log",
        r#"{"command_id": "c", "level": 1, "message": "\ud800\ud8"}"#,
        None,
    ),
];

#[test]
fn large_journals_are_the_same_however_they_are_cut() {
    let mut random = crate::folds::random::Random::new(7);
    let acts: Vec<Act> = (0..4_000)
        .map(|_| match random.below(4) {
            0 => Act::Alone(random.below(ALONE.len())),
            1 => Act::Pair(random.below(PAIRS.len())),
            2 => Act::Heartbeat,
            _ => Act::Activity {
                scheduled: true,
                again: vec![true; random.below(3)],
                fails: random.below(4) == 0,
            },
        })
        .collect();
    let log = build(&acts);
    let whole = fold(&log.lines);
    assert_eq!(decode(&whole.state), log.steps);
    let mut folded = Folded {
        state: journal().initial().to_vec(),
        ..Folded::default()
    };
    let mut at = 0;
    while at < log.lines.len() {
        let mut end = (at + 1 + random.below(300)).min(log.lines.len());
        while retried(&log, end).is_some() {
            end += 1;
        }
        let batch = [strings(&folded.pending), log.lines[at..end].to_vec()].concat();
        let mut session = resume(&folded);
        session.json_lines(text(&batch).as_bytes()).unwrap();
        folded = session.folded();
        check_folded(&log, end, &folded);
        assert_eq!(decode(&folded.state), steps(&log, end));
        at = end;
    }
    assert_eq!(folded, whole);
}

#[test]
fn an_event_without_an_id_is_known_by_its_bytes() {
    let event = br#"{"position": 1, "type": "side_effect", "data": {"command_id": 1, "kind": "now"}}"#;
    let mut session = journal().start();
    session.json_lines(event).unwrap();
    session
        .json_lines(br#"{"position": 2, "id": 5, "type": "timer_started", "data": {"command_id": 2, "timer_id": 1}}"#)
        .unwrap();
    assert_eq!(
        session.folded().progress,
        Progress::resume(1, 1, Some(Anchor::of_bytes(event)))
    );
}

#[test]
fn positions_may_be_sparse() {
    let journal = Journal::from_json(br#"{"sequence": "sparse"}"#).unwrap();
    let mut session = journal.start();
    let timer = |position, kind| line(position, kind, json!({"command_id": "c", "timer_id": 1}));
    let large = (1 << 53) + 10;
    session
        .json_lines(
            text(&[
                timer(10, "timer_started"),
                timer(900, "timer_fired"),
                timer(large, "timer_fired"),
            ])
            .as_bytes(),
        )
        .unwrap();
    let folded = session.folded();
    assert_eq!(
        (folded.progress.position(), folded.progress.event_count()),
        (Some(large), 3)
    );
    let Value::Map(steps) = value::from_slice(&folded.state).unwrap() else {
        panic!()
    };
    assert_eq!(steps[0].0, Value::Number(10.0));
    assert_eq!(steps[1].0, Value::from(large), "a BigInt");
    assert_eq!(steps[0].1.get("advanceBy"), Some(&Value::Number(2.0)));
}

#[test]
fn what_the_table_does_not_know_may_be_ignored() {
    let mut log = Log::default();
    log.event("run_started", json!(null));
    log.event("timer_started", json!({"command_id": "c", "timer_id": 1}));
    log.event("note", json!("between"));
    log.event("timer_fired", json!({"command_id": "c", "timer_id": 1}));
    log.event("run_paused", json!(null));
    let journal = Journal::from_json(br#"{"unknown": "ignore"}"#).unwrap();
    let mut session = journal.start();
    session.json_lines(text(&log.lines).as_bytes()).unwrap();
    let folded = session.folded();
    let step = json!({"kind": "timer", "commandId": "c", "shape": "timer", "result": "ok", "advanceBy": 3});
    assert_eq!(decode(&folded.state), [(2, step)]);
    assert_eq!(folded.progress, Progress::resume(5, 5, Some(Anchor::id("e5"))));
    assert_eq!(folded.pending, [[0; 0]; 0]);
}

#[test]
fn a_state_of_something_else_is_not_resumed() {
    let steps = fold(&build(&[Act::Alone(0), Act::Pair(0), Act::Alone(1)]).lines).state;
    let progress = Progress::resume(4, 4, None);
    assert!(journal().resume(&steps, &progress).is_ok());
    for cut in 0..steps.len() {
        assert_eq!(
            journal().resume(&steps[..cut], &progress).unwrap_err().code(),
            Code::Malformed,
            "cut at {cut}"
        );
    }
    let swap = |json: &str| value::from_json(json.as_bytes()).unwrap();
    let one = |step: Json| {
        let step: Value = value::from_slice(&swap(&step.to_string())).unwrap();
        value::to_vec(&Value::Map(vec![
            (Value::Number(1.0), step.clone()),
            (Value::Number(1.5), step),
        ]))
        .unwrap()
    };
    for other in [
        swap("{}"),
        swap("[]"),
        swap("1"),
        one(json!({})),
        one(json!([])),
        one(json!({"kind": "a"})),
    ] {
        let error = journal().resume(&other, &progress).unwrap_err();
        assert_eq!(error.code(), Code::Malformed);
        assert!(error.offset().is_some(), "{error}");
    }
}

#[test]
fn retries_go_on_however_often_the_session_is_asked() {
    let mut log = Log::default();
    log.activity(
        "c",
        &[
            "scheduled",
            "failed",
            "retry_scheduled",
            "failed",
            "retry_scheduled",
            "scheduled",
            "completed",
        ],
    );
    let mut session = journal().start();
    let mut standing = vec![];
    for line in &log.lines {
        session.json_lines(line.as_bytes()).unwrap();
        let folded = session.folded();
        standing.push((folded.progress.event_count(), folded.pending.len()));
    }
    assert_eq!(standing, [(0, 1), (2, 0), (0, 3), (4, 0), (0, 5), (0, 6), (7, 0)]);
    let error = session
        .json_lines(line(8, "activity_retry_scheduled", activity("c")).as_bytes())
        .unwrap_err();
    assert_eq!(error.code(), Code::PairMismatch, "it was completed");
}
