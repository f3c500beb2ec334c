//! After failed attempts.

use serde_json::{Value, json};
use snapfold::policy::{Attempt, LastLoad, LastSnapshot, Observation, decide};

use super::{judge, policy, table};

#[test]
fn failed_attempts_double_every_threshold_up_to_64_times() {
    let doubled = [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 19_200];
    assert_eq!(attempts(json!({"everyEvents": 100}), |_| {}), doubled);
    let ten_bytes_each = |o: &mut Observation| o.tail_bytes = o.events * 10;
    assert_eq!(attempts(json!({"everyBytes": 1_000}), ten_bytes_each), doubled);
    let a_second_each = |o: &mut Observation| {
        o.now = Some(o.events as i64 * 1_000);
        o.first_at = Some(0);
    };
    assert_eq!(attempts(json!({"everyMillis": 100_000}), a_second_each), doubled);
    let ratio = |o: &mut Observation| {
        o.tail_bytes = o.events * 10;
        o.snapshot = Some(LastSnapshot {
            bytes: 500,
            ..LastSnapshot::default()
        });
    };
    assert_eq!(attempts(json!({"tailRatio": 2.0}), ratio), doubled);
}

#[test]
fn failed_attempts_let_every_other_trigger_wait_for_new_events() {
    let waits = |tried: Vec<u64>| {
        tried
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .take(10)
            .collect::<Vec<_>>()
    };
    let doubled = [1, 2, 4, 8, 16, 32, 64, 64, 64, 64];
    let closed = [String::from("CartClosed")];
    assert_eq!(
        waits(attempts(json!({"whenEvent": ["CartClosed"]}), |o| o.event_types =
            closed.to_vec().into())),
        doubled
    );
    assert_eq!(
        waits(attempts(json!({"whenState": 0}), |o| o.states = (&[true]).into())),
        doubled
    );
    let slow = |o: &mut Observation| o.load = Some(LastLoad { millis: 51, events: 1 });
    assert_eq!(waits(attempts(json!({"slowLoad": 50}), slow)), doubled);
    assert_eq!(waits(attempts(json!({"tailRatio": 1.0}), |_| {})), doubled);
    // The time rule, for want of any time to measure from.
    let unknown = |o: &mut Observation| {
        o.now = Some(0);
        if let Some(attempt) = &mut o.attempt {
            attempt.at = None;
        }
    };
    assert_eq!(waits(attempts(json!({"everyMillis": 1_000}), unknown)), doubled);
    let overdue = |o: &mut Observation| {
        unknown(o);
        o.first_at = Some(-1_000_000);
    };
    assert_eq!(waits(attempts(json!({"everyMillis": 1_000}), overdue)), doubled);
}

#[test]
fn damping_says_what_it_waits_for() {
    table(
        json!({"everyEvents": 100}),
        &[
            (
                json!({"events": 140, "attempt": {"events": 100, "failures": 2}}),
                false,
                "waiting after 2 failed attempts: 40 of 200 events",
            ),
            (
                json!({"events": 300, "attempt": {"events": 100, "failures": 2}}),
                true,
                "trying again after 2 failed attempts: 200 of 200 events",
            ),
            (
                json!({"events": 101, "attempt": {"events": 100, "failures": 1}}),
                false,
                "waiting after 1 failed attempt: 1 of 100 events",
            ),
            (
                json!({"events": 101, "attempt": {"events": 1, "failures": u32::MAX}}),
                false,
                "waiting after 4,294,967,295 failed attempts: 100 of 6,400 events",
            ),
        ],
    );
    table(
        json!({"whenState": 0}),
        &[(
            json!({"events": 3, "states": [true], "attempt": {"events": 2, "failures": 2}}),
            false,
            "waiting after 2 failed attempts: 1 of 2 events",
        )],
    );
}

#[test]
fn only_an_attempt_after_the_snapshot_damps() {
    let attempt = |events: u64, failures: u32| json!({"events": 300, "snapshot": {"events": 200}, "attempt": {"events": events, "failures": failures}});
    assert!(!judge(json!({"everyEvents": 100}), attempt(201, 1)).take);
    assert!(
        judge(json!({"everyEvents": 100}), attempt(200, 9)).take,
        "answered by the snapshot"
    );
    assert!(
        judge(json!({"everyEvents": 100}), attempt(150, 9)).take,
        "answered by the snapshot"
    );
    assert!(
        judge(json!({"everyEvents": 100}), attempt(301, 9)).take,
        "of a log that was reset"
    );
    assert!(
        judge(json!({"everyEvents": 100}), attempt(250, 0)).take,
        "nothing failed"
    );
}

#[test]
fn time_alone_allows_a_second_attempt() {
    let later =
        |now: i64| json!({"events": 9, "now": now, "firstAt": 0, "attempt": {"events": 9, "at": 1_000, "failures": 2}});
    assert!(!judge(json!({"everyMillis": 1_000}), later(2_999)).take);
    assert!(judge(json!({"everyMillis": 1_000}), later(3_000)).take);
}

/// Event counts at which `data` tries, if every attempt fails.
fn attempts(data: Value, mut observe: impl FnMut(&mut Observation)) -> Vec<u64> {
    let policy = policy(data);
    let mut observation = Observation::new("cart-42");
    let mut tried = Vec::new();
    for events in 1..=20_000 {
        observation.events = events;
        observe(&mut observation);
        if decide(&policy, &observation).take {
            tried.push(events);
            observation.attempt = Some(Attempt {
                events,
                at: observation.now,
                tail_bytes: observation.tail_bytes,
                failures: tried.len() as u32,
            });
        }
    }
    tried
}

#[test]
fn time_counts_from_the_later_of_attempt_and_snapshot_even_if_clocks_disagree() {
    let skewed = |now: i64| {
        let snapshot = json!({"events": 8, "at": 10_000});
        let attempt = json!({"events": 9, "at": 5_000, "failures": 1});
        json!({"events": 10, "now": now, "snapshot": snapshot, "attempt": attempt})
    };
    assert!(!judge(json!({"everyMillis": 1_000}), skewed(10_999)).take);
    assert!(judge(json!({"everyMillis": 1_000}), skewed(11_000)).take);
}
