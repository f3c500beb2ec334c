//! Continuum: when a history is compacted, and into what.

mod fold;
mod replay;
mod snapshots;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use snapfold::Code;
use snapfold::policy::{Attempt, LastSnapshot, Observation, Policy, Spec, decide};

fn run(events: u64, base: u64) -> Observation<'static> {
    let mut observation = Observation::new("run-1");
    observation.events = events;
    observation.snapshot = (base > 0).then(|| LastSnapshot {
        events: base,
        ..LastSnapshot::default()
    });
    observation
}

fn parse(data: Value) -> snapfold::Result<Policy> {
    Policy::try_from(serde_json::from_value::<Spec>(data).unwrap())
}

/// Threshold is "infinity" or a positive integer, anything else is a configuration error ▸
#[test]
fn a_threshold_is_a_positive_integer_or_never() {
    assert_eq!(parse(json!("never")).unwrap(), Policy::never());
    assert_eq!(
        parse(json!({"everyEvents": 1})).unwrap(),
        Policy::every_events(1).unwrap()
    );
    for wrong in [
        json!(0),
        json!(-1),
        json!(1.5),
        json!("100"),
        json!("infinity"),
        json!(null),
        json!(true),
        json!([1]),
    ] {
        let error = parse(json!({"everyEvents": wrong})).unwrap_err();
        assert_eq!(error.code(), Code::InvalidOption, "{wrong}");
        assert_eq!(error.path(), Some("policy.everyEvents"), "{wrong}");
    }
}

/// Order: the workflow's own threshold, then the app's, then infinity ▸
#[test]
fn the_workflows_own_threshold_goes_first() {
    let own = BTreeMap::from([
        ("billing".to_owned(), Policy::every_events(10).unwrap()),
        ("audit".to_owned(), Policy::never()),
    ]);
    let with_app = Policy::per_kind(own.clone(), Policy::every_events(50).unwrap()).unwrap();
    let without_app = Policy::per_kind(own, Policy::never()).unwrap();
    for (workflow, events, take, take_without_app) in [
        ("billing", 9, false, false),
        ("billing", 10, true, true),
        ("audit", 1_000, false, false),
        ("other", 49, false, false),
        ("other", 50, true, false),
    ] {
        let mut observation = run(events, 0);
        observation.kind = Some(workflow.into());
        let found = [&with_app, &without_app].map(|policy| decide(policy, &observation).take);
        assert_eq!(found, [take, take_without_app], "{workflow} with {events} events");
    }
}

/// Take when `number of events after the base ≥ threshold` ▸
#[test]
fn events_after_the_base_are_counted() {
    let policy = Policy::every_events(100).unwrap();
    for (events, base, take) in [
        (99, 0, false),
        (100, 0, true),
        (499, 400, false),
        (500, 400, true),
        (700, 400, true),
    ] {
        assert_eq!(
            decide(&policy, &run(events, base)).take,
            take,
            "{events} events, base {base}"
        );
    }
}

/// ▸ past the size limit every later event reloads, recompacts and re-encodes everything (no damping)
#[test]
fn past_the_size_limit_attempts_become_rare() {
    let policy = Policy::every_events(100).unwrap();
    let mut failures = 0;
    let mut observation = run(0, 0);
    for events in 1..=10_000 {
        observation.events = events;
        if decide(&policy, &observation).take {
            failures += 1; // the frame is larger than the limit, each time
            observation.attempt = Some(Attempt {
                events,
                failures,
                ..Attempt::default()
            });
        }
    }
    assert_eq!(failures, 7, "instead of 9,901");
}
