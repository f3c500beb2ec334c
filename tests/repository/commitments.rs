//! Snapshots that commit to the events they were folded of, and what that finds.

use proptest::prelude::*;
use snapfold::Code;
use snapfold::fold::{Commitment, Row, Sequence};
use snapfold::frame::{self, Expect, Header};
use snapfold::policy::Policy;
use snapfold::store::{Definition, LoadOptions, Source, Store, StreamKeys};

use crate::common::{Log, TestStore, now};
use crate::{Accounting, Accounts, Event, STREAM, append, bench, definition, event, key, keys, open, replay, snapshot};

fn committing() -> Definition<Accounts> {
    definition().history_commitment()
}

/// A committing repository with a snapshot at 10 of a log of 13 events.
fn committed() -> (Accounting, TestStore, Log<Event>) {
    let (repository, store, log) = bench(committing(), 10);
    snapshot(&repository);
    append(&log, 11..=13);
    (repository, store, log)
}

fn of(rows: &[Row<Event>]) -> Commitment {
    rows.iter().fold(Commitment::default(), |commitment, row| {
        commitment.after(row.position, &row.anchor)
    })
}

fn header(store: &TestStore, key: &str) -> Header {
    let bytes = now(store.get(key)).unwrap().unwrap();
    frame::inspect(&bytes, &Expect::default()).unwrap().header
}

/// The same rows with others in the place of some.
fn edited(log: &Log<Event>, edit: impl Fn(&mut Vec<Row<Event>>)) -> Log<Event> {
    let mut rows = log.rows(STREAM);
    edit(&mut rows);
    let other = Log::default();
    rows.into_iter().for_each(|row| other.insert(STREAM, row));
    other
}

#[test]
fn a_snapshot_commits_to_all_events_that_were_folded() {
    let (repository, store, log) = bench(committing(), 10);
    let mut handle = snapshot(&repository);
    assert_eq!(header(&store, &key(10)).commitment, Some(of(&log.rows(STREAM))));
    // Applied, refreshed, loaded: the same history.
    append(&log, [11, 12]);
    repository.apply(&mut handle, [event(11), event(12)]).unwrap();
    append(&log, [13]);
    now(repository.refresh(&mut handle)).unwrap();
    now(repository.snapshot(&mut handle)).unwrap();
    assert_eq!(header(&store, &key(13)).commitment, Some(of(&log.rows(STREAM))));
    append(&log, [14]);
    snapshot(&repository);
    assert_eq!(header(&store, &key(14)).commitment, Some(of(&log.rows(STREAM))));
}

#[test]
fn a_row_that_is_refused_leaves_the_commitment_as_it_is() {
    let (repository, store, log) = committed();
    let mut handle = repository.blocking().load(STREAM).unwrap();
    repository.apply(&mut handle, [event(15)]).unwrap_err();
    now(repository.snapshot(&mut handle)).unwrap();
    assert_eq!(header(&store, &key(13)).commitment, Some(of(&log.rows(STREAM))));
}

#[test]
fn an_event_that_was_replaced_below_a_snapshot_is_found_though_the_state_is_equal() {
    let (repository, store, log) = committed();
    let verified = now(repository.verify(STREAM)).unwrap();
    assert_eq!((verified.snapshot, verified.history_compared), (Some(10), true));
    let replaced = edited(&log, |rows| rows[4] = Row::new(5, "another", rows[4].event.clone()));
    let repository = open(committing(), &store, &replaced);
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.source(), handle.state()),
        (Source::Snapshot { position: 10 }, &replay(&replaced))
    );
    let error = now(repository.verify(STREAM)).unwrap_err();
    assert_eq!(
        (error.code(), error.path(), error.position()),
        (Code::Diverged, Some("history"), Some(13))
    );
    assert!(error.message().contains("at 10 or below"), "{error}");
    // Once the snapshot is gone, the log is right.
    now(repository.invalidate(STREAM, 5)).unwrap();
    assert!(!now(repository.verify(STREAM)).unwrap().history_compared);
    snapshot(&repository);
    assert!(now(repository.verify(STREAM)).unwrap().history_compared);
}

#[test]
fn an_edit_is_found_where_anchors_are_digests_and_not_where_they_are_ids() {
    let amount = |position: u64| Event::Paid(position as i64);
    let bytes = |position: u64| Row::of_bytes(position, &position.to_be_bytes(), amount(position));
    let log = Log::default();
    (1..=10).for_each(|position| log.insert(STREAM, bytes(position)));
    let store = TestStore::default();
    snapshot(&open(committing(), &store, &log));
    // The bytes are others, and what the reducer looks at is the same.
    let other = edited(&log, |rows| rows[2] = Row::of_bytes(3, b"edited", amount(3)));
    let error = now(open(committing(), &store, &other).verify(STREAM)).unwrap_err();
    assert_eq!((error.code(), error.path()), (Code::Diverged, Some("history")));

    // With its id it stays the same event: only the state tells, and says so.
    let (_, store, log) = committed();
    let same = edited(&log, |rows| rows[2].event = Event::Noted("edited".into()));
    let error = now(open(committing(), &store, &same).verify(STREAM)).unwrap_err();
    assert_eq!((error.code(), error.path()), (Code::Diverged, None));
}

#[test]
fn events_in_another_order_are_another_history() {
    let (_, store, log) = committed();
    let swapped = edited(&log, |rows| {
        let (second, third) = (rows[1].anchor.clone(), rows[2].anchor.clone());
        (rows[1].anchor, rows[2].anchor) = (third, second);
    });
    let error = now(open(committing(), &store, &swapped).verify(STREAM)).unwrap_err();
    assert_eq!((error.code(), error.path()), (Code::Diverged, Some("history")));
}

#[test]
fn a_snapshot_without_a_commitment_has_none_until_a_full_replay() {
    let (plain, store, log) = bench(definition(), 10);
    snapshot(&plain);
    assert_eq!(header(&store, &key(10)).commitment, None);
    append(&log, 11..=13);
    let repository = open(committing(), &store, &log);
    snapshot(&repository);
    assert_eq!(header(&store, &key(13)).commitment, None);
    let verified = now(repository.verify(STREAM)).unwrap();
    assert_eq!((verified.snapshot, verified.history_compared), (Some(13), false));

    append(&log, [14]);
    let whole = LoadOptions {
        use_snapshots: false,
        ..LoadOptions::default()
    };
    let mut replayed = now(repository.load_with(STREAM, whole)).unwrap();
    now(repository.snapshot(&mut replayed)).unwrap();
    assert_eq!(header(&store, &key(14)).commitment, Some(of(&log.rows(STREAM))));
}

#[test]
fn without_the_option_a_commitment_is_ignored_and_not_carried_on() {
    let (_, store, log) = committed();
    let replaced = edited(&log, |rows| rows[4] = Row::new(5, "another", rows[4].event.clone()));
    let plain = open(definition(), &store, &replaced);
    let verified = now(plain.verify(STREAM)).unwrap();
    assert_eq!((verified.snapshot, verified.history_compared), (Some(10), false));
    snapshot(&plain);
    assert_eq!(header(&store, &key(13)).commitment, None);

    let (_, store, log) = committed();
    log.restore_to(STREAM, 10);
    snapshot(&open(
        Definition::new("account", 2, Accounts).migrate(1, Ok),
        &store,
        &log,
    ));
    assert_eq!(header(&store, &keys().snapshot(2, 10)).commitment, None);
}

#[test]
fn a_migrated_snapshot_goes_on_with_its_commitment() {
    let (_, store, log) = committed();
    let second = || {
        Definition::new("account", 2, Accounts)
            .policy(Policy::never())
            .history_commitment()
            .migrate(1, Ok)
    };
    let repository = open(second(), &store, &log);
    let handle = snapshot(&repository);
    assert_eq!(
        handle.source(),
        Source::Migrated {
            position: 10,
            version: 1
        }
    );
    let migrated = header(&store, &keys().snapshot(2, 13));
    assert_eq!(migrated.commitment, Some(of(&log.rows(STREAM))));
    let replaced = edited(&log, |rows| rows[0] = Row::new(1, "another", rows[0].event.clone()));
    let error = now(open(second(), &store, &replaced).verify(STREAM)).unwrap_err();
    assert_eq!((error.code(), error.path()), (Code::Diverged, Some("history")));
}

#[test]
fn events_that_change_while_they_are_compared_are_named_too() {
    let (repository, _, log) = bench(committing(), 5);
    log.upset_before(2, |rows| rows[0] = Row::new(1, "another", rows[0].event.clone()));
    let error = now(repository.verify(STREAM)).unwrap_err();
    assert_eq!((error.code(), error.path()), (Code::Diverged, Some("history")));
    assert!(error.message().contains("meanwhile"), "{error}");
    assert_eq!(now(repository.verify(STREAM)).unwrap().snapshot, None);
}

/// Rows with gaps, some known by their ids and some by their bytes.
fn logs() -> impl Strategy<Value = Vec<Row<Event>>> {
    prop::collection::vec((1..1u64 << 40, any::<bool>(), -9..9i64), 2..20).prop_map(|steps| {
        let mut position = 0;
        let rows = steps.into_iter().map(|(step, has_id, amount)| {
            position += step;
            match has_id {
                true => Row::new(position, format!("e{position}"), Event::Paid(amount)),
                false => Row::of_bytes(position, &amount.to_be_bytes(), Event::Paid(amount)),
            }
        });
        rows.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_load_commits_to_what_a_full_replay_does_at_every_cut(rows in logs()) {
        for cut in 1..rows.len() {
            let (store, log) = (TestStore::default(), Log::with_bounds());
            let sparse = || committing().sequence(Sequence::Sparse).page_size(3);
            rows[..cut].iter().for_each(|row| log.insert(STREAM, row.clone()));
            snapshot(&open(sparse(), &store, &log));
            rows[cut..].iter().for_each(|row| log.insert(STREAM, row.clone()));
            let handle = snapshot(&open(sparse(), &store, &log));
            prop_assert_eq!(handle.source(), Source::Snapshot { position: rows[cut - 1].position });
            let keys = StreamKeys::new("account", STREAM).unwrap();
            for end in [cut, rows.len()] {
                let found = header(&store, &keys.snapshot(1, rows[end - 1].position)).commitment;
                prop_assert_eq!(found, Some(of(&rows[..end])), "{} of {}", end, rows.len());
            }
        }
    }
}
