//! Tidying up, taking back, checking.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use snapfold::fold::{Fold, Sequence};
use snapfold::store::{Definition, Outcome, Pruned, Rebuilt, Repository, Retention, Slot, Source, Verified};
use snapfold::{Code, Error};

use crate::common::{Log, TestStore, now};
use crate::paced::{Paced, finish, step};
use crate::{Account, Accounts, Event, STREAM, append, bench, definition, event, key, keys, open, replay, snapshot};

/// Snapshots at 10 and 20 of a log of 25 events.
pub fn two_snapshots() -> (crate::Accounting, TestStore, Log<Event>) {
    let (repository, store, log) = bench(definition(), 10);
    snapshot(&repository);
    append(&log, 11..=20);
    snapshot(&repository);
    append(&log, 21..=25);
    (repository, store, log)
}

pub fn version(version: u32) -> Definition<Accounts> {
    Definition::new("account", version, Accounts)
}

#[test]
fn what_is_invalid_goes_and_is_taken_again() {
    let (repository, store, log) = two_snapshots();
    snapshot(&open(version(2), &store, &log));
    let deleted = now(repository.invalidate(STREAM, 15)).unwrap();
    assert_eq!(deleted, [key(20), keys().snapshot(2, 25)]);
    assert_eq!(store.keys(), [key(10)]);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(handle.source(), Source::Snapshot { position: 10 });
    assert_eq!(*handle.state(), replay(&log));
    // What this process took last is gone: it counts no longer, so that the next one is due at once.
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    assert!(matches!(outcome, Outcome::Taken { .. }), "{outcome:?}");
    assert!(now(repository.invalidate(STREAM, 26)).unwrap().is_empty());
}

#[test]
fn slots_are_dropped_once_the_own_one_holds() {
    let (_, store, log) = two_snapshots();
    let second = open(version(2), &store, &log);
    assert!(
        now(second.drop_slots(STREAM, &[])).unwrap().is_empty(),
        "nothing covers yet"
    );
    snapshot(&second);
    assert!(now(second.drop_slots(STREAM, &[1.into()])).unwrap().is_empty());
    assert_eq!(now(second.drop_slots(STREAM, &[])).unwrap(), [key(20), key(10)]);
    assert_eq!(store.keys(), [keys().snapshot(2, 25)]);
}

#[test]
fn slots_are_not_dropped_once_what_covers_them_is_gone() {
    let (_, store, log) = two_snapshots();
    snapshot(&open(version(2), &store, &log));
    let second = Repository::new(version(2), Paced::of(&store), log).unwrap();
    let mut drop = pin!(second.drop_slots(STREAM, &[]));
    store.take_trace();
    let mut listed = 0;
    while listed < 2 {
        assert!(step(drop.as_mut()).is_none());
        let trace = store.take_trace();
        listed += trace.iter().filter(|done| done.starts_with("list")).count();
    }
    store.remove(&keys().snapshot(2, 25));
    assert!(finish(drop).unwrap().is_empty());
    assert_eq!(store.keys(), [key(20), key(10)]);
}

#[test]
fn events_are_safe_to_delete_below_the_oldest_sound_snapshot() {
    let (repository, store, log) = two_snapshots();
    let safe = |live: &[u32], consumers: &[u64]| {
        let live: Vec<_> = live.iter().map(|version| (*version).into()).collect();
        now(repository.safe_to_prune_through(STREAM, &live, consumers)).unwrap()
    };
    assert_eq!(safe(&[], &[]), Some(9));
    assert_eq!(safe(&[1], &[30, 4]), Some(4));
    assert_eq!(safe(&[2], &[]), None, "the other version has none yet");
    snapshot(&open(version(2), &store, &log));
    assert_eq!(safe(&[2], &[]), Some(9));
    store.damage(&key(10), |bytes| bytes.truncate(100));
    assert_eq!(safe(&[2], &[]), Some(19));
    // Exactly so much may go, and the stream can still be loaded; also in the past.
    log.prune_through(STREAM, 19);
    assert_eq!(repository.blocking().load(STREAM).unwrap().event_count(), 25);
    assert_eq!(safe(&[2], &[]), Some(19));
    log.prune_through(STREAM, 20);
    assert_eq!(
        safe(&[], &[]),
        None,
        "its anchor is gone: nothing proves that it belongs to this log"
    );
}

/// What no load would use is no reason to delete events: nothing else could bring them back.
#[test]
fn events_are_not_safe_to_delete_behind_a_snapshot_that_no_load_uses() {
    let safe = |repository: &crate::Accounting, live: &[Slot]| {
        now(repository.safe_to_prune_through(STREAM, live, &[])).unwrap()
    };
    // It misses an event that arrived late.
    let (store, log) = (TestStore::default(), Log::with_bounds());
    append(&log, [10, 20]);
    let sparse = |number| version(number).sequence(Sequence::Sparse);
    let repository = open(sparse(1), &store, &log);
    snapshot(&repository);
    append(&log, [30]);
    snapshot(&repository);
    append(&log, [25]);
    assert_eq!(safe(&repository, &[]), Some(19), "the older one is still right");
    append(&log, [5]);
    assert_eq!(safe(&repository, &[]), None);
    let second = open(sparse(2), &store, &log);
    snapshot(&second);
    assert_eq!(safe(&second, &[]), Some(29));
    assert_eq!(safe(&second, &[1.into()]), None);
    // It is not valid, or counts from another first position.
    let (_, store, log) = two_snapshots();
    let refusing = |account: &Account| match account.balance {
        ..100 => Err(Error::new(Code::Invalid, "too little")),
        _ => Ok(()),
    };
    assert_eq!(safe(&open(version(1).validate(refusing), &store, &log), &[]), Some(19));
    let contiguous = Sequence::Contiguous { first_position: 0 };
    assert_eq!(safe(&open(version(1).sequence(contiguous), &store, &log), &[]), None);
}

#[test]
fn a_replay_tells_whether_the_snapshot_is_right() {
    let (repository, store, log) = two_snapshots();
    let verified = now(repository.verify(STREAM)).unwrap();
    let expected = Verified {
        position: Some(25),
        event_count: 25,
        snapshot: Some(20),
        history_compared: false,
    };
    assert_eq!(verified, expected);
    // The reducer changed, and the version did not.
    let changed = Repository::new(Definition::new("account", 1, Doubled), store.clone(), log.clone()).unwrap();
    let error = now(changed.verify(STREAM)).unwrap_err();
    assert_eq!((error.code(), error.position()), (Code::Diverged, Some(25)));
    now(changed.invalidate(STREAM, 0)).unwrap();
    assert_eq!(now(changed.verify(STREAM)).unwrap().snapshot, None);
    // It costs what it costs.
    let limited = open(definition().max_replay(5), &store, &log);
    now(limited.invalidate(STREAM, 0)).unwrap();
    assert_eq!(limited.blocking().load(STREAM).unwrap_err().code(), Code::ReplayTooLong);
    assert_eq!(now(limited.verify(STREAM)).unwrap().event_count, 25);
    // Nothing to compare with.
    snapshot(&repository);
    log.prune_through(STREAM, 24);
    assert_eq!(
        now(repository.verify(STREAM)).unwrap_err().code(),
        Code::HistoryUnavailable
    );
}

/// Counts each payment twice.
struct Doubled;

impl Fold for Doubled {
    type State = Account;
    type Event = Event;

    fn initial(&self) -> Account {
        Account::default()
    }

    fn evolve(&self, account: &mut Account, event: &Event) {
        Accounts.evolve(account, event);
        Accounts.evolve(account, event);
    }
}

#[test]
fn a_rebuild_goes_through_all_streams_and_goes_on_where_it_was() {
    let (store, log) = (TestStore::default(), Log::default());
    for stream in ["a", "b", "bad", "c"] {
        for position in 1..=12 {
            log.insert(stream, event(position));
        }
    }
    let first = open(version(1), &store, &log);
    let mut handle = first.blocking().load("a").unwrap();
    first.blocking().snapshot(&mut handle).unwrap();
    log.prune_through("bad", 3);
    let second = || open(version(2).migrate(1, Ok), &store, &log);
    let streams = ["a", "b", "bad", "c", "none"];
    let mut progress = Vec::new();
    let report = now(second().rebuild(streams, |stream, report| {
        progress.push((stream.to_owned(), report.migrated + report.rebuilt + report.skipped));
    }));
    assert_eq!((report.migrated, report.rebuilt, report.skipped), (1, 2, 1));
    assert_eq!(report.errors.len(), 1);
    assert_eq!(
        (report.errors[0].0.as_str(), report.errors[0].1.code()),
        ("bad", Code::HistoryUnavailable)
    );
    assert_eq!(progress.len(), 5);
    assert_eq!(progress[4], ("none".to_owned(), 4));
    let again = now(second().rebuild(streams, |_, _| {}));
    assert_eq!(
        again,
        Rebuilt {
            skipped: 4,
            errors: report.errors,
            ..Rebuilt::default()
        }
    );
}

#[test]
fn nothing_is_deleted_where_listings_lag() {
    let (repository, store, _) = two_snapshots();
    store.list_late();
    let before = store.keys();
    for error in [
        now(repository.invalidate(STREAM, 0)).unwrap_err(),
        now(repository.drop_slots(STREAM, &[])).unwrap_err(),
        now(repository.prune(STREAM)).unwrap_err(),
        now(repository.safe_to_prune_through(STREAM, &[], &[])).unwrap_err(),
    ] {
        assert_eq!(
            (error.code(), error.path()),
            (Code::InvalidOption, Some("store.listing"))
        );
    }
    assert_eq!(store.keys(), before);
}

#[test]
fn a_store_that_fails_is_an_error_and_loses_nothing() {
    let (repository, store, log) = two_snapshots();
    for operation in ["list", "delete"] {
        store.fail(&[operation]);
        assert_eq!(
            now(repository.invalidate(STREAM, 0)).unwrap_err().code(),
            Code::StoreFailed
        );
    }
    store.fail(&[]);
    assert_eq!(*repository.blocking().load(STREAM).unwrap().state(), replay(&log));
}

/// Snapshots at 10, 20, 30 and 40, taken at these moments, with a retention of periods of 100 ms.
fn by_period() -> (crate::Accounting, TestStore, Log<Event>) {
    let moment = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&moment);
    let retention = Retention {
        every: Some(100),
        ..Retention::from(1)
    };
    let definition = definition()
        .retention(retention)
        .clock(move || clock.load(Ordering::SeqCst));
    let (repository, store, log) = bench(definition, 0);
    for (taken, at) in (1..).zip([0, 50, 120, 250]) {
        moment.store(at, Ordering::SeqCst);
        append(&log, taken * 10 - 9..=taken * 10);
        snapshot(&repository);
    }
    (repository, store, log)
}

#[test]
fn a_period_keeps_its_newest_snapshot_and_a_prune_deletes_the_others() {
    let (repository, store, log) = by_period();
    store.take_trace();
    let pruned = now(repository.prune(STREAM)).unwrap();
    let expected = Pruned {
        deleted: vec![key(10)],
        covered_by: Some(key(40)),
    };
    assert_eq!(pruned, expected);
    let trace = store.take_trace();
    let last = [format!("get {}", key(40)), format!("delete {}", key(10))];
    assert!(trace.ends_with(&last), "what covers is read just before: {trace:?}");
    assert_eq!(store.keys(), [key(40), key(30), key(20)]);
    assert_eq!(now(repository.prune(STREAM)).unwrap().deleted, [""; 0]);
    assert_eq!(*repository.blocking().load(STREAM).unwrap().state(), replay(&log));
}

#[test]
fn what_is_not_sound_neither_counts_nor_is_pruned() {
    let (repository, store, _) = by_period();
    store.damage(&key(20), |bytes| bytes.truncate(50));
    store.damage(&key(40), |bytes| bytes[60] ^= 1);
    let pruned = now(repository.prune(STREAM)).unwrap();
    assert_eq!(pruned.covered_by, Some(key(30)));
    assert!(pruned.deleted.is_empty(), "10 is the newest sound one of its period");
    assert_eq!(store.keys().len(), 4);
}

#[test]
fn a_prune_deletes_nothing_that_nothing_covers() {
    let (_, store, log) = two_snapshots();
    let second = open(version(2).migrate(1, Ok).keep(1), &store, &log);
    assert_eq!(now(second.prune(STREAM)).unwrap(), Pruned::default());
    let one = open(definition().keep(1), &store, &log);
    for position in [10, 20] {
        store.damage(&key(position), |bytes| bytes.truncate(50));
    }
    assert_eq!(now(one.prune(STREAM)).unwrap(), Pruned::default());
    assert_eq!(store.keys(), [key(20), key(10)]);
}

/// What the load used vanishes before the prune has listed it, or after.
#[test]
fn a_prune_that_somebody_outran_deletes_nothing() {
    for lists in [1, 2] {
        let (_, store, log) = two_snapshots();
        let paced = Paced::of(&store);
        let repository = Repository::new(definition().keep(1), paced, log).unwrap();
        let mut prune = pin!(repository.prune(STREAM));
        store.take_trace();
        let mut listed = 0;
        let mut used = false;
        while !used || listed < lists {
            assert!(step(prune.as_mut()).is_none());
            let trace = store.take_trace();
            listed += trace.iter().filter(|done| done.starts_with("list")).count();
            used |= trace.contains(&format!("get {}", key(20)));
        }
        store.remove(&key(20));
        assert_eq!(finish(prune).unwrap(), Pruned::default(), "{lists}");
        assert_eq!(store.keys(), [key(10)]);
    }
}
