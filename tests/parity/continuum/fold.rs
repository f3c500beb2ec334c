//! What events become.

use serde_json::{Value, json};
use snapfold::fold::journal::{Journal, Steps};
use snapfold::fold::{Anchor, Folded, Progress};
use snapfold::{Code, value};

use crate::journals::{Log, activity, line, text};

fn fold(lines: &[String]) -> Folded {
    let mut session = Journal::default().start();
    session.json_lines(text(lines).as_bytes()).unwrap();
    session.folded()
}

/// The steps of a state, each with its position.
fn steps(state: &[u8]) -> Vec<(u64, Value)> {
    let json = |bytes: &[u8]| serde_json::from_str::<Value>(&value::to_json(bytes).unwrap()).unwrap();
    let steps = Steps::new(state).unwrap();
    let step = |step: snapfold::fold::journal::Step<'_>| {
        let (name, outcome) = match step.outcome {
            snapfold::fold::journal::Outcome::Result(result) => ("result", result),
            snapfold::fold::journal::Outcome::Error(error) => ("error", error),
        };
        let mut plain = json!({
            "kind": step.kind, "commandId": json(step.command_id), "shape": json(step.shape), "advanceBy": step.advance_by
        });
        plain[name] = json(outcome);
        (step.position, plain)
    };
    steps.iter().map(step).collect()
}

fn log(events: &[(&str, Value)]) -> Log {
    let mut log = Log::default();
    for (kind, data) in events {
        log.event(kind, data.clone());
    }
    log
}

/// The table, line by line.
#[test]
fn every_line_of_the_table() {
    let shape = json!({"module": "M", "function": "f", "arity": 2});
    let activity = |more: Value| {
        let mut data = json!({"command_id": "c", "module": "M", "function": "f", "arity": 2});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    let with = |more: Value| {
        let mut data = json!({"command_id": "c"});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    let result = |kind: &str, shape: &Value, result: Value| json!({"kind": kind, "shape": shape, "result": result});
    let error = |kind: &str, shape: &Value, error: Value| json!({"kind": kind, "shape": shape, "error": error});
    let completed = ("activity_completed", activity(json!({"payload": 5})));
    let failed = ("activity_failed", activity(json!({"error": "no"})));
    let scheduled = ("activity_scheduled", activity(json!({})));
    let retried = ("activity_retry_scheduled", activity(json!({"attempt": 2})));
    let target = with(json!({"target_activity_id": "a", "result": 1, "error": "e"}));
    let child = with(json!({"child_run_id": "r", "result": [2], "error": "lost"}));
    let awaited = with(json!({"name": "n", "timeout_timer_id": "t"}));
    let timer = with(json!({"timer_id": "t"}));
    let lines: Vec<(Vec<(&str, Value)>, Value)> = vec![
        (
            vec![("side_effect", with(json!({"kind": "uuid", "payload": "x"})))],
            result("side_effect", &json!("uuid"), json!("x")),
        ),
        (vec![completed.clone()], result("activity", &shape, json!(5))),
        (vec![failed.clone()], error("activity", &shape, json!("no"))),
        (
            vec![("signal_received", with(json!({"name": "n", "payload": 1})))],
            result("await_signal", &json!("n"), json!(1)),
        ),
        (
            vec![("timer_fired", timer.clone())],
            result("timer", &json!("timer"), json!("ok")),
        ),
        (
            vec![("patched", with(json!({"patch_name": "p", "value": true})))],
            result("patched", &json!("p"), json!(true)),
        ),
        (
            vec![("compensation_completed", target.clone())],
            result("compensation", &json!("a"), json!(1)),
        ),
        (
            vec![("compensation_failed", target.clone())],
            error("compensation", &json!("a"), json!("e")),
        ),
        (
            vec![(
                "child_started",
                with(json!({"workflow": "W", "child_run_id": "r", "input_hash": "h"})),
            )],
            result("start_child", &json!("W"), json!({"runId": "r", "inputHash": "h"})),
        ),
        (
            vec![("child_started", with(json!({"workflow": "W", "child_run_id": "r"})))],
            result("start_child", &json!("W"), json!({"runId": "r"})),
        ),
        (
            vec![("child_completed", child.clone())],
            result("await_child", &json!("r"), json!([2])),
        ),
        (
            vec![("child_failed", child.clone())],
            error("await_child", &json!("r"), json!("lost")),
        ),
        (
            vec![("child_cancelled", child)],
            error("await_child", &json!("r"), json!("cancelled")),
        ),
        (
            vec![(
                "continued_as_new",
                with(json!({"next_run_id": "n", "next_input_hash": "h"})),
            )],
            result(
                "continue_as_new",
                &json!("continue_as_new"),
                json!({"runId": "n", "inputHash": "h"}),
            ),
        ),
        (
            vec![("workflow_log", with(json!({"level": "warn", "message": "m"})))],
            result("workflow_log", &json!({"level": "warn", "message": "m"}), json!("ok")),
        ),
        (
            vec![scheduled.clone(), completed.clone()],
            result("activity", &shape, json!(5)),
        ),
        (
            vec![scheduled.clone(), failed.clone()],
            error("activity", &shape, json!("no")),
        ),
        (
            vec![
                scheduled.clone(),
                failed.clone(),
                retried.clone(),
                failed.clone(),
                retried.clone(),
                completed,
            ],
            result("activity", &shape, json!(5)),
        ),
        (
            vec![scheduled.clone(), failed.clone(), retried, scheduled, failed],
            error("activity", &shape, json!("no")),
        ),
        (
            vec![
                ("compensation_scheduled", target.clone()),
                ("compensation_completed", target.clone()),
            ],
            result("compensation", &json!("a"), json!(1)),
        ),
        (
            vec![
                ("compensation_scheduled", target.clone()),
                ("compensation_failed", target),
            ],
            error("compensation", &json!("a"), json!("e")),
        ),
        (
            vec![
                ("signal_awaited", awaited.clone()),
                ("signal_received", with(json!({"name": "n", "payload": 1}))),
            ],
            result("await_signal", &json!("n"), json!(1)),
        ),
        (
            vec![("signal_awaited", awaited), ("timer_fired", timer.clone())],
            error("await_signal", &json!("n"), json!("timeout")),
        ),
        (
            vec![("timer_started", timer.clone()), ("timer_fired", timer)],
            result("timer", &json!("timer"), json!("ok")),
        ),
    ];
    for (events, mut step) in lines {
        step["commandId"] = json!("c");
        step["advanceBy"] = json!(events.len());
        let folded = fold(&log(&events).lines);
        assert_eq!(steps(&folded.state), [(1, step)], "{events:?}");
        assert_eq!(folded.progress.position(), Some(events.len() as u64));
    }
}

/// Stop **without** error, keeping what is complete, at an opener without its closer, and at a compensation scheduled that is followed by
/// another one (a parallel batch) ▸
#[test]
fn an_opener_without_its_end_and_parallel_compensations_stop() {
    let compensation = |kind: &str, command: &str| {
        (
            format!("compensation_{kind}"),
            json!({"command_id": command, "target_activity_id": command}),
        )
    };
    let batch = [
        compensation("scheduled", "a"),
        compensation("scheduled", "b"),
        compensation("completed", "b"),
        compensation("completed", "a"),
        (
            "side_effect".into(),
            json!({"command_id": "s", "kind": "now", "payload": 1}),
        ),
    ];
    for waiting in 0..=batch.len() {
        let mut log = Log::default();
        log.activity("c", &["scheduled", "completed"]);
        for (kind, data) in &batch[..waiting] {
            log.event(kind, data.clone());
        }
        let folded = fold(&log.lines);
        assert_eq!(steps(&folded.state), log.steps);
        assert_eq!(folded.progress.position(), Some(2));
        assert_eq!(folded.pending.len(), waiting, "all of it waits");
    }
    for opener in [
        "activity_scheduled",
        "signal_awaited",
        "timer_started",
        "compensation_scheduled",
    ] {
        let data = json!({"command_id": "c", "module": 1, "function": 2, "arity": 3, "name": "n", "timer_id": 1, "target_activity_id": 1});
        let mut log = Log::default();
        log.activity("c", &["completed"]);
        log.event(opener, data);
        let folded = fold(&log.lines);
        assert_eq!((steps(&folded.state), folded.pending.len()), (log.steps, 1), "{opener}");
    }
}

/// `through` = seq of the last consumed event ▸; ▸ "event_count" counts steps
#[test]
fn through_is_the_last_event_that_is_part_of_a_step() {
    let mut log = Log::default();
    log.activity("a", &["scheduled", "completed"]);
    log.activity("b", &["scheduled", "failed", "retry_scheduled", "completed"]);
    log.event("activity_scheduled", activity("c"));
    let folded = fold(&log.lines);
    assert_eq!(folded.progress, Progress::resume(6, 6, Some(Anchor::id("e6"))));
    assert_eq!(Steps::new(&folded.state).unwrap().len(), 2);
}

/// Errors, each typed with its seq ▸: missing seq; missing command id; command id mismatch; shape mismatch; winner mismatch; non-contiguous
/// pair; unsupported event type. ▸ one bad event blocks the run for ever (it must keep the good prefix and report the bad event)
#[test]
fn every_error_is_typed_and_keeps_what_stands_before_it() {
    let with = |more: Value| {
        let mut data = activity("c");
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    let scheduled = || Some(("activity_scheduled", with(json!({}))));
    let awaited = Some((
        "signal_awaited",
        json!({"command_id": "c", "name": "n", "timeout_timer_id": 1}),
    ));
    let timer = Some(("timer_started", json!({"command_id": "c", "timer_id": 1})));
    type Case<'a> = (
        &'a str,
        Option<(&'a str, Value)>,
        (u64, &'a str, Value),
        Code,
        Option<&'a str>,
    );
    let command_id = Some("/data/command_id");
    let cases: Vec<Case<'_>> = vec![
        (
            "missing command id",
            None,
            (0, "side_effect", json!({"kind": "now"})),
            Code::MissingValue,
            command_id,
        ),
        (
            "none in the end",
            scheduled(),
            (0, "activity_completed", with(json!({"command_id": null}))),
            Code::MissingValue,
            command_id,
        ),
        (
            "command id mismatch",
            scheduled(),
            (0, "activity_completed", with(json!({"command_id": "d"}))),
            Code::PairMismatch,
            command_id,
        ),
        (
            "shape mismatch",
            scheduled(),
            (0, "activity_failed", with(json!({"arity": 9}))),
            Code::PairMismatch,
            Some("/data/module"),
        ),
        (
            "shape mismatch",
            awaited.clone(),
            (0, "signal_received", json!({"command_id": "c", "name": "o"})),
            Code::PairMismatch,
            Some("/data/name"),
        ),
        (
            "winner mismatch",
            scheduled(),
            (0, "side_effect", json!({"command_id": "c", "kind": 1})),
            Code::PairMismatch,
            Some("/type"),
        ),
        (
            "winner mismatch",
            awaited,
            (0, "timer_fired", json!({"command_id": "c", "timer_id": 2})),
            Code::PairMismatch,
            Some("/data/timer_id"),
        ),
        (
            "winner mismatch",
            timer,
            (0, "timer_fired", json!({"command_id": "c"})),
            Code::PairMismatch,
            Some("/data/timer_id"),
        ),
        (
            "non-contiguous pair",
            scheduled(),
            (1, "activity_completed", with(json!({}))),
            Code::Gap,
            None,
        ),
        (
            "unsupported type",
            None,
            (0, "run_started", json!({})),
            Code::UnknownEvent,
            None,
        ),
        (
            "no shape",
            None,
            (0, "patched", json!({"command_id": "c"})),
            Code::MissingValue,
            Some("/data/patch_name"),
        ),
        (
            "no failure",
            None,
            (0, "activity_retry_scheduled", with(json!({}))),
            Code::PairMismatch,
            Some("/type"),
        ),
    ];
    for (name, opener, (skipped, kind, data), code, path) in cases {
        let mut log = Log::default();
        log.activity("a", &["scheduled", "completed"]);
        let waits = opener.is_some();
        if let Some((kind, data)) = opener {
            log.event(kind, data);
        }
        let position = log.next() + skipped;
        let good = log.lines.clone();
        log.lines.push(line(position, kind, data));
        log.event("workflow_log", json!({}));
        let mut session = Journal::default().start();
        let error = session.json_lines(text(&log.lines).as_bytes()).unwrap_err();
        assert_eq!(
            (error.code(), error.position(), error.path()),
            (code, Some(position), path),
            "{name}: {error}"
        );
        assert_eq!(session.folded(), fold(&good), "{name}");
        assert_eq!(session.folded().pending.len(), usize::from(waits), "{name}");
    }
    let unnumbered = r#"{"id": "e", "type": "side_effect", "data": {"command_id": "c", "kind": "now"}}"#;
    let mut session = Journal::default().start();
    let error = session.json_lines(unnumbered.as_bytes()).unwrap_err();
    assert_eq!(
        (error.code(), error.offset()),
        (Code::InvalidEvent, Some(0)),
        "missing seq"
    );
}

/// ▸ gaps between steps, duplicate seqs, and `base.through + 1 ≠ first.seq` go unnoticed
#[test]
fn positions_are_checked() {
    let effect = |position| line(position, "side_effect", json!({"command_id": position, "kind": "now"}));
    for (positions, code, bad) in [
        (&[1, 2, 4][..], Code::Gap, 4),
        (&[1, 2, 2], Code::OutOfOrder, 2),
        (&[1, 2, 1], Code::OutOfOrder, 1),
        (&[2], Code::Gap, 2),
        (&[0], Code::OutOfOrder, 0),
    ] {
        let lines: Vec<String> = positions.iter().copied().map(effect).collect();
        let mut session = Journal::default().start();
        let error = session.json_lines(text(&lines).as_bytes()).unwrap_err();
        assert_eq!((error.code(), error.position()), (code, Some(bad)), "{positions:?}");
        assert_eq!(session.folded(), fold(&lines[..lines.len() - 1]));
    }
    let base = fold(&[effect(1), effect(2)]);
    for (first, code) in [(2, Code::OutOfOrder), (4, Code::Gap)] {
        let mut session = Journal::default().resume(&base.state, &base.progress).unwrap();
        let error = session.json_lines(effect(first).as_bytes()).unwrap_err();
        assert_eq!((error.code(), error.position()), (code, Some(first)));
        assert_eq!(session.folded(), base);
    }
}

/// … so that journals with other names and the same adjacency fold too ▸
#[test]
fn other_names_fold_too() {
    let journal = Journal::from_json(
        br#"{
            "events": { "position": "/seq", "type": "/kind" },
            "commandId": "/cmd",
            "table": {
                "call": {
                    "shape": "/method",
                    "opens": ["CallStarted"],
                    "retries": ["CallRetried"],
                    "ends": { "CallReturned": { "result": "/value" }, "CallThrew": { "error": "/error" } }
                }
            }
        }"#,
    )
    .unwrap();
    let lines = br#"
        {"seq": 1, "kind": "CallStarted", "cmd": 1, "method": "charge"}
        {"seq": 2, "kind": "CallThrew", "cmd": 1, "method": "charge", "error": "busy"}
        {"seq": 3, "kind": "CallRetried", "cmd": 1}
        {"seq": 4, "kind": "CallReturned", "cmd": 1, "method": "charge", "value": {"ok": true}}
        {"seq": 5, "kind": "CallStarted", "cmd": 2, "method": "ship"}
    "#;
    let mut session = journal.start();
    session.json_lines(lines).unwrap();
    let folded = session.folded();
    let step = json!({"kind": "call", "commandId": 1, "shape": "charge", "result": {"ok": true}, "advanceBy": 4});
    assert_eq!(steps(&folded.state), [(1, step)]);
    assert_eq!((folded.progress.position(), folded.pending.len()), (Some(4), 1));
}

/// An opener still waiting at the end of a batch comes back as `pending` and is taken first next time, so the batch law holds over pending
/// ++ next ▸
#[test]
fn pending_comes_first_next_time() {
    let mut log = Log::default();
    log.activity("a", &["scheduled", "completed"]);
    log.activity("b", &["scheduled", "failed"]);
    log.activity("c", &["scheduled", "completed"]);
    let whole = fold(&log.lines);
    for cut in 0..=log.lines.len() {
        let first = fold(&log.lines[..cut]);
        let pending: Vec<String> = first
            .pending
            .iter()
            .map(|event| String::from_utf8(event.clone()).unwrap())
            .collect();
        let next = [pending, log.lines[cut..].to_vec()].concat();
        let mut session = Journal::default().resume(&first.state, &first.progress).unwrap();
        session.json_lines(text(&next).as_bytes()).unwrap();
        assert_eq!(session.folded(), whole, "cut at {cut}");
    }
}

/// A retry of the base's last failed step means the base is invalid from that seq: typed `invalidatesBase(seq)`, refold below it ▸
#[test]
fn a_retry_of_the_last_failed_step_invalidates_the_base() {
    let mut log = Log::default();
    log.activity("a", &["scheduled", "completed"]);
    log.activity(
        "b",
        &[
            "scheduled",
            "failed",
            "retry_scheduled",
            "failed",
            "retry_scheduled",
            "completed",
        ],
    );
    log.activity("c", &["scheduled", "completed"]);
    let whole = fold(&log.lines);
    for cut in [4, 6] {
        let base = fold(&log.lines[..cut]);
        let mut session = Journal::default().resume(&base.state, &base.progress).unwrap();
        let error = session.json_lines(text(&log.lines[cut..]).as_bytes()).unwrap_err();
        assert_eq!(
            (error.code(), error.position()),
            (Code::InvalidatesBase, Some(3)),
            "{error}"
        );
        assert_eq!(session.folded(), base, "nothing of it is folded in");
        let below = fold(&log.lines[..2]);
        let mut session = Journal::default().resume(&below.state, &below.progress).unwrap();
        session.json_lines(text(&log.lines[2..]).as_bytes()).unwrap();
        assert_eq!(session.folded(), whole);
    }
    let base = fold(&log.lines[..4]);
    let mut session = Journal::default().resume(&base.state, &base.progress).unwrap();
    let error = session
        .json_lines(line(5, "activity_retry_scheduled", activity("a")).as_bytes())
        .unwrap_err();
    assert_eq!(
        error.code(),
        Code::PairMismatch,
        "another command's retry says nothing of the base"
    );
}
