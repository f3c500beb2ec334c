//! A session that begins again, or goes on elsewhere, is a fresh one.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;
use snapfold::fold::{BuiltIn, Folded, Progress, Session};
use snapfold::{Code, Error, value};

use super::folds::orders_log::{lines_of, order_log};
use super::journals::{Log, text};

const ORDERS: &[u8] = include_bytes!("../../examples/rules/orders.json");

/// Logs of a fold: of different lengths, and some that end in errors.
struct Case {
    fold: BuiltIn,
    logs: Vec<String>,
}

fn fold(kind: &str, spec: &[u8]) -> BuiltIn {
    let spec = value::from_slice(&value::from_json(spec).unwrap()).unwrap();
    BuiltIn::new(kind, &spec).unwrap().unwrap()
}

fn orders() -> Case {
    let log = |seed, count| text(&lines_of(&order_log(seed, count)));
    let spaced = log(1, 30).replace("\":", "\" : ");
    let late = log(2, 40).replacen("\"position\":7,", "\"position\":9,", 1);
    let strange = log(3, 8) + &super::routes::line(9, "Strange", "{}");
    let logs = vec![
        String::new(),
        log(4, 1),
        log(5, 100),
        spaced,
        late,
        strange,
        log(6, 5) + "{\"position\":6,",
    ];
    Case {
        fold: fold("rules", ORDERS),
        logs,
    }
}

fn journals() -> Case {
    let mut done = Log::default();
    done.activity("a", &["scheduled", "completed"])
        .activity("b", &["scheduled", "failed"]);
    let mut waiting = done.clone();
    waiting.event("timer_started", json!({"command_id": "c", "timer_id": "t"}));
    let mut retried = Log::default();
    retried.activity("a", &["scheduled", "failed", "retry_scheduled", "completed"]);
    let [done, waiting, retried] = [done, waiting, retried].map(|log| text(&log.lines));
    let broken = waiting.clone() + "{";
    let compact = waiting.replace("\"id\":", "\"name\":");
    Case {
        fold: fold("journal", b"{}"),
        logs: vec![String::new(), done, waiting, retried, broken, compact],
    }
}

fn take(session: &mut Session, log: &str) -> (Result<(), Error>, Folded, usize) {
    let said = session.json_lines(log.as_bytes());
    (said, session.folded(), session.unsettled())
}

proptest! {
    #[test]
    fn a_session_that_begins_again_is_a_fresh_one(
        case in select(vec![orders as fn() -> Case, journals]),
        rounds in vec((any::<Index>(), any::<Index>(), any::<bool>()), 1..8),
    ) {
        let Case { fold, logs } = case();
        let mut session = fold.session(None).unwrap();
        for (log, cut, resumes) in rounds {
            let log = log.get(&logs);
            let places: Vec<usize> = log.match_indices('\n').map(|(at, _)| at + 1).chain([0]).collect();
            let (before, after) = log.split_at(*cut.get(&places));
            session.restart();
            let mut fresh = fold.session(None).unwrap();
            prop_assert_eq!(take(&mut session, before), take(&mut fresh, before));
            if resumes {
                let Folded { state, progress, .. } = fresh.folded();
                session.resume(&state, &progress).unwrap();
                fresh = fold.session(Some((&state, &progress))).unwrap();
            }
            prop_assert_eq!(take(&mut session, after), take(&mut fresh, after));
        }
    }
}

#[test]
fn some_of_the_logs_end_in_errors() {
    for (Case { fold, logs }, refused) in [(orders(), 3), (journals(), 1)] {
        let mut session = fold.session(None).unwrap();
        let errors = logs.iter().filter(|log| {
            session.restart();
            session.json_lines(log.as_bytes()).is_err()
        });
        assert_eq!(errors.count(), refused);
    }
}

#[test]
fn a_state_that_is_none_leaves_the_session_as_it_is() {
    for Case { fold, logs } in [orders(), journals()] {
        let mut session = fold.session(None).unwrap();
        let before = take(&mut session, &logs[1]).1;
        for state in [b"".as_slice(), b"\xff", b"\xa1\x00\x00"] {
            let error = session.resume(state, &Progress::default()).unwrap_err();
            assert_eq!(error.code(), Code::Malformed);
            assert_eq!(session.folded(), before);
        }
    }
}
