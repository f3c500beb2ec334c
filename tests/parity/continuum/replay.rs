//! What a workflow that runs again is told.

use serde_json::{Value, json};
use snapfold::fold::journal::{Expected, Journal, Outcome, Replay, Step, Steps};
use snapfold::value;

use crate::journals::Log;

fn bytes(json: &Value) -> Vec<u8> {
    value::from_json(json.to_string().as_bytes()).unwrap()
}

/// Positions 1–2: an activity; 3: a patch; 4: a heartbeat, which is ignored; 5–8: an activity with a retry; 9: one that waits.
fn steps() -> Steps<'static> {
    let mut log = Log::default();
    log.activity("a", &["scheduled", "completed"]);
    log.event(
        "patched",
        json!({"command_id": "p", "patch_name": "new-tax", "value": true}),
    );
    log.event("heartbeat", json!({}));
    log.activity("b", &["scheduled", "failed", "retry_scheduled", "failed"]);
    log.event("timer_started", json!({"command_id": "t", "timer_id": 1}));
    let journal = Journal::from_json(br#"{"ignore": ["heartbeat"]}"#).unwrap();
    let mut session = journal.start();
    session
        .json_lines(crate::journals::text(&log.lines).as_bytes())
        .unwrap();
    Steps::new(session.folded().state).unwrap()
}

/// Asks for a step and hands the answer to a check.
fn ask(cursor: u64, kind: &str, command_id: Value, shape: Value, check: impl FnOnce(&Expected<'_>, Replay<'_>)) {
    let (command_id, shape) = (bytes(&command_id), bytes(&shape));
    let expected = Expected {
        kind,
        command_id: &command_id,
        shape: &shape,
    };
    check(&expected, steps().step_at(cursor, &expected));
}

fn charge() -> Value {
    json!({"module": "Billing", "function": "charge", "arity": 1})
}

/// A step at cursor c must match the requested command id, kind and shape, else drift (typed error with both sides) ▸
#[test]
fn a_step_must_be_the_one_that_is_asked_for() {
    for (kind, command_id, shape) in [
        ("compensation", json!("a"), charge()),
        ("activity", json!("b"), charge()),
        (
            "activity",
            json!("a"),
            json!({"module": "Billing", "function": "refund", "arity": 1}),
        ),
        ("activity", json!("a"), json!("Billing")),
    ] {
        ask(1, kind, command_id, shape, |expected, replay| {
            let Replay::Drift { expected: asked, found } = replay else {
                panic!("{replay:?}")
            };
            assert_eq!(asked, *expected);
            let Some(Step {
                position: 1,
                kind: "activity",
                command_id,
                shape,
                ..
            }) = found
            else {
                panic!("{found:?}")
            };
            assert_eq!((command_id, shape), (&*bytes(&json!("a")), &*charge_in_order()));
        });
    }
    let other_order: Value =
        serde_json::from_str(r#"{"arity": 1, "module": "Billing", "function": "charge"}"#).unwrap();
    ask(1, "activity", json!("a"), other_order, |_, replay| {
        assert!(matches!(replay, Replay::Step { .. }), "{replay:?}")
    });
}

/// As the table orders the fields.
fn charge_in_order() -> Vec<u8> {
    value::from_json(br#"{"module": "Billing", "function": "charge", "arity": 1}"#).unwrap()
}

/// a match moves the cursor by `advance_by` ▸
#[test]
fn a_match_moves_the_cursor_to_the_next_step() {
    let receipt = bytes(&json!({"receipt": "a", "cents": [1, 2, 3]}));
    ask(1, "activity", json!("a"), charge(), |_, replay| {
        let outcome = Outcome::Result(&receipt);
        assert_eq!(replay, Replay::Step { outcome, advance_by: 2 });
    });
    ask(3, "patched", json!("p"), json!("new-tax"), |_, replay| {
        let outcome = Outcome::Result(b"\xf5");
        assert_eq!(replay, Replay::Step { outcome, advance_by: 1 });
    });
    let error = bytes(&json!("b is out of order"));
    for (cursor, advance_by) in [(4, 5), (5, 4)] {
        ask(cursor, "activity", json!("b"), charge(), |_, replay| {
            let outcome = Outcome::Error(&error);
            assert_eq!(
                replay,
                Replay::Step { outcome, advance_by },
                "at {cursor}, over what is ignored"
            );
        });
    }
    for cursor in [9, 10, u64::MAX] {
        ask(cursor, "timer", json!("t"), json!("timer"), |_, replay| {
            assert_eq!(replay, Replay::Beyond)
        });
    }
}

/// a cursor inside the compacted prefix without a step is drift ▸
#[test]
fn a_cursor_in_the_middle_of_a_step_drifts() {
    for cursor in [2, 6, 7, 8] {
        ask(cursor, "activity", json!("b"), charge(), |expected, replay| {
            let drift = Replay::Drift {
                expected: *expected,
                found: None,
            };
            assert_eq!(replay, drift, "at {cursor}");
        });
    }
}

/// save for "patched?", which answers false and does not move ▸
#[test]
fn a_patch_that_was_never_applied_is_false_and_does_not_move() {
    for cursor in 1..=8 {
        ask(cursor, "patched", json!("q"), json!("other-patch"), |_, replay| {
            let outcome = Outcome::Result(b"\xf4");
            assert_eq!(replay, Replay::Step { outcome, advance_by: 0 }, "at {cursor}");
        });
    }
    ask(9, "patched", json!("q"), json!("other-patch"), |_, replay| {
        assert_eq!(replay, Replay::Beyond)
    });
    ask(3, "patched", json!("q"), json!("new-tax"), |_, replay| {
        assert!(
            matches!(replay, Replay::Drift { found: Some(_), .. }),
            "the same patch of another command: {replay:?}"
        );
    });
}
