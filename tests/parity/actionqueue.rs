//! actionqueue-storage: the threshold, the rhythm of retries, and its state as rules.

use snapfold::Code;
use snapfold::fold::rules::Rules;
use snapfold::fold::{Folded, Progress};
use snapfold::policy::{Attempt, LastSnapshot, Observation, Policy, decide};
use snapfold::value;

use super::folds::task_queue::{Engine, Event, TaskQueue};
use super::folds::task_queue_log::{lines_of, task_queue_log, task_queue_log_after};

/// Threshold default 10,000; none = off; 0 = error ▸ (Our default is 100; theirs is said explicitly.)
#[test]
fn a_threshold_or_off_and_zero_is_an_error() {
    let policy = Policy::every_events(10_000).unwrap();
    let mut observation = Observation::new("wal");
    observation.events = 9_999;
    assert!(!decide(&policy, &observation).take);
    observation.events = 10_000;
    assert!(decide(&policy, &observation).take);
    assert!(!decide(&Policy::never(), &observation).take);
    assert_eq!(Policy::every_events(0).unwrap_err().code(), Code::InvalidOption);
}

/// retry backoff 1 s doubling to 60 s ▸ (Ours doubles to 64 times.)
#[test]
fn a_retry_waits_twice_as_long_each_time() {
    let policy = Policy::every_millis(1_000).unwrap();
    let mut observation = Observation::new("wal");
    observation.events = 1;
    for (failures, wait) in [
        (1, 1_000),
        (2, 2_000),
        (3, 4_000),
        (6, 32_000),
        (7, 64_000),
        (8, 64_000),
        (900, 64_000),
    ] {
        observation.attempt = Some(Attempt {
            events: 1,
            at: Some(5_000),
            tail_bytes: 0,
            failures,
        });
        observation.now = Some(5_000 + wait - 1);
        assert!(!decide(&policy, &observation).take, "{failures} failures");
        observation.now = Some(5_000 + wait);
        assert!(decide(&policy, &observation).take, "{failures} failures");
    }
}

/// due = latest − *published* (survives restart) ▸; ▸ the counter restarts at zero after a restart, ignoring the replayed tail
#[test]
fn what_is_due_follows_from_the_log_and_the_published_snapshot() {
    let policy = Policy::every_events(100).unwrap();
    // Just restarted: the snapshot at 1,000 was loaded and a tail of 100 replayed; nothing was applied since.
    let mut observation = Observation::new("wal");
    observation.events = 1_100;
    observation.snapshot = Some(LastSnapshot {
        events: 1_000,
        ..LastSnapshot::default()
    });
    assert!(decide(&policy, &observation).take);
}

const TASK_QUEUE: &str = include_str!("../../examples/rules/task-queue.json");

/// A fold of this shape (tasks, runs, histories, budgets, subscriptions, actors, tenants, roles, ledger, engine switches) is expressed
/// as `rules` and equals the hand-written reducer on generated logs ▸
#[test]
fn the_queue_as_rules_equals_the_reducer_by_hand() {
    for (seed, count) in [(1, 0), (2, 1), (3, 40), (4, 900), (5, 4_000)] {
        let events = task_queue_log(seed, count);
        let folded = go_on(None, &events);
        let by_hand = TaskQueue::after(&events);
        assert!(
            value::from_slice::<TaskQueue>(&folded.state).unwrap() == by_hand,
            "seed {seed}"
        );
        assert!(folded.state == value::to_vec(&by_hand).unwrap(), "bytes, seed {seed}");
        assert_eq!(folded.progress.event_count(), count as u64);
    }
}

/// Snapshot carries … counts (tasks, runs) checked against the content ▸
#[test]
fn the_counts_are_those_of_the_content() {
    let folded = go_on(None, &task_queue_log(6, 2_000));
    let state: TaskQueue = value::from_slice(&folded.state).unwrap();
    let counted = (state.tasks.len(), state.runs.len());
    assert!(counted.0 > 10 && counted.1 > 10);
    assert_eq!((state.metadata.task_count, state.metadata.run_count), counted);
}

/// New optional fields default when an old snapshot lacks them ▸; Optional parts added over time (engine, dependencies, budgets, …)
/// default to empty when an older snapshot lacks them ▸
#[test]
fn parts_that_an_older_snapshot_lacks_start_empty() {
    let older = r#"{"metadata":{"schemaVersion":1,"taskCount":1,"runCount":0},"tasks":{"task-1":{"spec":{},"createdAt":9}},"runs":{}}"#;
    let older = Folded {
        state: value::from_json(older.as_bytes()).unwrap(),
        progress: Progress::resume(3, 3, None),
        pending: vec![],
    };
    let mut by_hand: TaskQueue = value::from_slice(&older.state).unwrap();
    assert_eq!((&by_hand.engine, by_hand.ledger.len()), (&Engine::default(), 0));

    let tail = task_queue_log_after(3, 7, 3_000);
    let folded = go_on(Some(&older), &tail);
    tail.iter().for_each(|event| by_hand.apply(event));
    assert!(value::from_slice::<TaskQueue>(&folded.state).unwrap() == by_hand);
    assert_eq!(folded.progress.position(), Some(3_003));
    assert!(by_hand.engine.paused_at.is_some() && by_hand.capabilities.len() > 1);
}

/// Folds events in, after those of a base if there is one.
fn go_on(base: Option<&Folded>, events: &[Event]) -> Folded {
    let rules = Rules::from_json(TASK_QUEUE.as_bytes()).unwrap();
    let mut session = match base {
        Some(base) => rules.resume(&base.state, &base.progress).unwrap(),
        None => rules.start(),
    };
    session.json_lines(lines_of(events).concat().as_bytes()).unwrap();
    session.folded()
}
