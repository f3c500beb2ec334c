//! Loads that are compared with the full replay: what is wrong is replaced, and nothing ever fails for it.

use snapfold::Code;
use snapfold::fold::{Row, Sequence};
use snapfold::store::{Audit, Definition, LoadOptions, Source};

use crate::common::{Log, TestStore};
use crate::{Accounts, Event, STREAM, append, bench, definition, event, key, open, replay, snapshot};

fn audited(loads: u64) -> Definition<Accounts> {
    definition().audit_every(loads)
}

#[test]
fn each_so_many_loads_that_a_snapshot_served_are_compared() {
    let (repository, _, log) = bench(audited(3), 10);
    let load = || repository.blocking().load(STREAM).unwrap();
    assert_eq!(load().audit(), None, "a replay is what it is");
    snapshot(&repository);
    append(&log, [11]);
    let audits: Vec<bool> = (0..7).map(|_| load().audit() == Some(&Audit::Equal)).collect();
    assert_eq!(audits, [false, false, true, false, false, true, false]);
    let (plain, ..) = bench(definition(), 10);
    snapshot(&plain);
    assert_eq!(plain.blocking().load(STREAM).unwrap().audit(), None);
}

/// As a fold that was changed without a new version leaves it: another event was folded where e5 is now.
fn another_state() -> (TestStore, Log<Event>) {
    let (store, other) = (TestStore::default(), Log::default());
    append(&other, 1..=4);
    other.insert(STREAM, Row::new(5, "e5", Event::Paid(1_000)));
    append(&other, 6..=10);
    snapshot(&open(definition(), &store, &other));
    let log = Log::default();
    append(&log, 1..=12);
    (store, log)
}

#[test]
fn a_state_that_differs_is_replaced_by_the_replay_and_so_is_the_snapshot() {
    let (store, log) = another_state();
    let repository = open(audited(1), &store, &log);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    let Some(Audit::Diverged(error)) = handle.audit() else {
        panic!("{:?}", handle.audit())
    };
    assert_eq!(
        (error.code(), error.position(), error.path()),
        (Code::Diverged, Some(10), None)
    );
    assert_eq!(*handle.state(), replay(&log));
    assert_eq!(
        (handle.source(), handle.replayed(), handle.is_historical()),
        (Source::Replay, 12, false)
    );
    let [rejection] = handle.rejected() else {
        panic!("{:?}", handle.rejected())
    };
    assert_eq!(
        (rejection.key.as_str(), rejection.code),
        (key(10).as_str(), Code::Diverged)
    );
    append(&log, [13]);
    repository.apply(&mut handle, [event(13)]).unwrap(); // it is as good as any
    repository.blocking().snapshot(&mut handle).unwrap();
    let next = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        (next.source(), next.audit()),
        (Source::Snapshot { position: 13 }, Some(&Audit::Equal))
    );
}

#[test]
fn other_events_with_the_same_state_are_found_where_snapshots_commit_to_them() {
    let (store, log) = (TestStore::default(), Log::default());
    append(&log, 1..=10);
    snapshot(&open(definition().history_commitment(), &store, &log));
    let other = Log::default();
    let mut rows = log.rows(STREAM);
    rows[4].anchor = snapfold::fold::Anchor::id("another");
    rows.into_iter().for_each(|row| other.insert(STREAM, row));
    let repository = open(audited(1).history_commitment(), &store, &other);
    let handle = repository.blocking().load(STREAM).unwrap();
    let Some(Audit::Diverged(error)) = handle.audit() else {
        panic!("{:?}", handle.audit())
    };
    assert_eq!(error.path(), Some("history"));
    assert_eq!(*handle.state(), replay(&other));
}

#[test]
fn what_cannot_be_replayed_is_no_reason_to_fail() {
    let (repository, _, log) = bench(audited(1).max_replay(5), 4);
    snapshot(&repository);
    append(&log, 5..=9);
    snapshot(&repository);
    append(&log, [10]);
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(handle.audit(), Some(&Audit::Equal), "a check costs what it costs");
    log.prune_through(STREAM, 8);
    let handle = repository.blocking().load(STREAM).unwrap();
    let Some(Audit::Unavailable(error)) = handle.audit() else {
        panic!("{:?}", handle.audit())
    };
    assert_eq!((error.code(), handle.event_count()), (Code::HistoryUnavailable, 10));
}

#[test]
fn an_event_that_arrives_late_meanwhile_is_no_divergence() {
    let (store, log) = (TestStore::default(), Log::with_bounds());
    append(&log, (1..=12).map(|n| n * 10));
    let repository = open(audited(1).sequence(Sequence::Sparse), &store, &log);
    snapshot(&repository);
    log.upset_before(2, |rows| rows.insert(5, event(55)));
    let handle = repository.blocking().load(STREAM).unwrap();
    assert!(
        matches!(handle.audit(), Some(Audit::Unavailable(_))),
        "{:?}",
        handle.audit()
    );
    assert_eq!(handle.event_count(), 12);
    assert_eq!(repository.blocking().load(STREAM).unwrap().event_count(), 13);
}

#[test]
fn states_of_the_past_are_compared_too_and_stay_of_the_past() {
    let (store, log) = another_state();
    let repository = open(audited(1), &store, &log);
    let past = LoadOptions {
        at: Some(11),
        ..LoadOptions::default()
    };
    let handle = repository.blocking().load_with(STREAM, past).unwrap();
    assert!(matches!(handle.audit(), Some(Audit::Diverged(_))) && handle.is_historical());
    assert_eq!(handle.position(), Some(11));
}
