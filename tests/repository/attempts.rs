//! Attempts that fail become rare, in this process and in the next.

use snapfold::policy::Policy;
use snapfold::store::{Outcome, Skipped};

use crate::common::{Log, TestStore};
use crate::{Accounting, Event, STREAM, append, bench, definition, event, key, keys, not_due, open};

/// Appends one event after another and counts the attempts.
fn attempts(repository: &Accounting, log: &Log<Event>, positions: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    let mut handle = repository.blocking().load(STREAM).unwrap();
    let mut attempts = vec![];
    for position in positions {
        append(log, [position]);
        repository.apply(&mut handle, [event(position)]).unwrap();
        let outcome = repository.blocking().maybe_snapshot(&mut handle);
        assert!(!matches!(outcome, Outcome::Taken { .. }), "{outcome:?}");
        if !not_due(&outcome) {
            attempts.push(position);
        }
    }
    attempts
}

#[test]
fn a_frame_that_is_too_large_is_tried_less_and_less() {
    let (repository, store, log) = bench(definition().max_bytes(100), 0);
    assert_eq!(attempts(&repository, &log, 1..=200), [10, 20, 40, 80, 160]);
    assert_eq!(store.keys(), [keys().attempt(1)]);
}

#[test]
fn a_store_that_fails_is_tried_less_and_less_and_once_more_when_it_is_well() {
    let (repository, store, log) = bench(definition(), 0);
    store.fail(&["put"]);
    assert_eq!(attempts(&repository, &log, 1..=100), [10, 20, 40, 80]);
    store.fail(&[]);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    append(&log, 101..=160);
    repository.blocking().refresh(&mut handle).unwrap();
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    assert_eq!(crate::taken(&outcome), key(160));
    append(&log, 161..=170);
    repository.blocking().refresh(&mut handle).unwrap();
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    assert_eq!(crate::taken(&outcome), key(170), "a success ends the damping");
}

#[test]
fn the_next_process_is_damped_too() {
    let (repository, store, log) = bench(definition().max_bytes(100), 0);
    assert_eq!(attempts(&repository, &log, 1..=45), [10, 20, 40]);
    // A host that lives one request long: a new repository for each event.
    let mut attempted = vec![];
    for position in 46..=90 {
        append(&log, [position]);
        let fresh = open(definition().max_bytes(100), &store, &log);
        let mut handle = fresh.blocking().load(STREAM).unwrap();
        if !not_due(&fresh.blocking().maybe_snapshot(&mut handle)) {
            attempted.push(position);
        }
    }
    assert_eq!(attempted, [80]);
}

#[test]
fn the_marker_goes_with_the_success() {
    let (repository, store, log) = bench(definition().max_bytes(100), 0);
    attempts(&repository, &log, 1..=10);
    assert_eq!(store.keys(), [keys().attempt(1)]);
    append(&log, 11..=20);
    let fresh = open(definition(), &store, &log);
    let mut handle = fresh.blocking().load(STREAM).unwrap();
    let outcome = fresh.blocking().maybe_snapshot(&mut handle);
    let Outcome::Taken { deleted, .. } = &outcome else {
        panic!("{outcome:?}")
    };
    assert!(deleted.is_empty(), "the marker is no snapshot that retention deleted");
    assert_eq!(store.keys(), [key(20)]);
}

#[test]
fn a_marker_that_cannot_be_read_is_no_marker() {
    for marker in [
        &b""[..],
        b"\xff",
        b"\xa0",
        b"\x89SNF\r\n\x1a\n",
        b"\xa1\x68failures\x61x",
    ] {
        let (repository, store, _) = bench(definition(), 10);
        store.set(&keys().attempt(1), marker);
        let mut handle = repository.blocking().load(STREAM).unwrap();
        let outcome = repository.blocking().maybe_snapshot(&mut handle);
        assert_eq!(crate::taken(&outcome), key(10), "{marker:02x?}");
    }
}

#[test]
fn the_marker_is_what_the_format_says() {
    let (repository, store, log) = bench(definition().max_bytes(100).clock(|| 77), 0);
    attempts(&repository, &log, 1..=20);
    let marker: snapfold::value::Value =
        snapfold::value::from_slice(&store.bytes(&keys().attempt(1)).unwrap()).unwrap();
    for (field, number) in [
        ("eventCount", 20.0),
        ("failures", 2.0),
        ("at", 77.0),
        ("tailBytes", 0.0),
    ] {
        assert_eq!(
            marker.get(field).and_then(|value| value.as_f64()),
            Some(number),
            "{field}"
        );
    }
    assert_eq!(marker.get("code").and_then(|value| value.as_str()), Some("tooLarge"));
}

#[test]
fn a_stream_that_is_not_due_costs_no_extra_read() {
    let (repository, store, _) = bench(definition(), 9);
    repository.blocking().load(STREAM).unwrap();
    let asked = store.take_trace();
    assert!(!asked.iter().any(|operation| operation.starts_with("get")), "{asked:?}");
}

#[test]
fn a_clear_event_after_a_failure_waits_for_another_event() {
    let policy = || Policy::when_event(["Noted"]).unwrap();
    let typed = || {
        definition()
            .policy(policy())
            .max_bytes(100)
            .type_of(|event| match event {
                Event::Paid(_) => "Paid".into(),
                Event::Noted(_) => "Noted".into(),
            })
    };
    let (store, log) = (TestStore::default(), Log::default());
    append(&log, 1..=3);
    log.insert(STREAM, snapfold::fold::Row::new(4, "e4", Event::Noted("x".into())));
    let repository = open(typed(), &store, &log);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    assert!(matches!(outcome, Outcome::Skipped(Skipped::TooLarge(_))), "{outcome:?}");
    assert!(not_due(&repository.blocking().maybe_snapshot(&mut handle)));
}
