//! stabilize: the count-or-time policy.

use std::collections::BTreeMap;

use snapfold::Code;
use snapfold::policy::{LastSnapshot, Observation, Policy, decide};

const HOUR: u64 = 3_600_000;

fn default_policy() -> Policy {
    Policy::any_of(vec![
        Policy::every_events(100).unwrap(),
        Policy::every_millis(HOUR).unwrap(),
    ])
    .unwrap()
}

/// A stream whose snapshot covers 1,000 events and was taken at time 0.
fn later(new_events: u64, millis: u64) -> Observation<'static> {
    let mut observation = Observation::new("workflow-1");
    observation.events = 1_000 + new_events;
    observation.now = Some(millis as i64);
    observation.snapshot = Some(LastSnapshot {
        events: 1_000,
        at: Some(0),
        ..LastSnapshot::default()
    });
    observation
}

/// Policy: take when events since ≥ 100, or 3600 s elapsed since the last one ▸
#[test]
fn a_hundred_events_or_an_hour() {
    for (new_events, millis, take) in [
        (99, HOUR - 1, false),
        (100, 0, true),
        (101, 0, true),
        (1, HOUR, true),
        (1, HOUR - 1, false),
    ] {
        let found = decide(&default_policy(), &later(new_events, millis)).take;
        assert_eq!(found, take, "{new_events} events, {millis} ms");
    }
}

/// "workflows matter more than tasks" is documented but not implemented: per-kind thresholds here ▸
#[test]
fn workflows_matter_more_than_tasks() {
    let kinds = BTreeMap::from([
        ("workflow".to_owned(), Policy::every_events(20).unwrap()),
        ("stage".to_owned(), Policy::every_events(50).unwrap()),
    ]);
    let policy = Policy::per_kind(kinds, Policy::every_events(200).unwrap()).unwrap();
    for (kind, threshold) in [("workflow", 20), ("stage", 50), ("task", 200)] {
        let take = |events: u64| {
            let mut observation = later(events, 0);
            observation.kind = Some(kind.into());
            decide(&policy, &observation).take
        };
        assert!(!take(threshold - 1) && take(threshold), "{kind}");
    }
}

/// ▸ the time rule never fires for a first snapshot
#[test]
fn the_time_rule_fires_for_a_first_snapshot() {
    let mut observation = Observation::new("workflow-1");
    observation.events = 3;
    observation.first_at = Some(0);
    observation.now = Some(HOUR as i64 - 1);
    assert!(!decide(&default_policy(), &observation).take);
    observation.now = Some(HOUR as i64);
    assert!(decide(&default_policy(), &observation).take);
}

/// ▸ the time rule … fires with no new events
#[test]
fn the_time_rule_needs_a_new_event() {
    assert!(!decide(&default_policy(), &later(0, 1_000 * HOUR)).take);
    assert!(decide(&default_policy(), &later(1, 1_000 * HOUR)).take);
}

/// ▸ the time rule … is lost on restart (the header carries taken-at)
#[test]
fn the_time_rule_needs_nothing_but_the_stored_snapshot() {
    // A process that has just started knows the header, the log and the time.
    assert!(decide(&default_policy(), &later(1, HOUR)).take);
}

/// ▸ an interval of 0 means "always" (elsewhere "never"): here 0 is refused with a clear error, and *never* has its own name
#[test]
fn an_interval_of_zero_is_refused() {
    for (zero, option) in [
        (Policy::every_events(0), "policy.everyEvents"),
        (Policy::every_millis(0), "policy.everyMillis"),
    ] {
        let error = zero.unwrap_err();
        assert_eq!((error.code(), error.path()), (Code::InvalidOption, Some(option)));
        assert!(error.message().contains("write \"never\""), "{error}");
    }
    assert!(!decide(&Policy::never(), &later(1_000_000, HOUR)).take);
}
