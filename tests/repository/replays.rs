//! What a load may cost: replays while the store is away, long ones, and logs that are truncated while they are folded.

use std::sync::atomic::{AtomicU64, Ordering};

use snapfold::Code;
use snapfold::fold::{Row, Sequence};
use snapfold::store::{
    Bounds, Definition, EventLog, Handle, History, HostError, LoadOptions, OnStoreError, Repository, Source,
};

use crate::common::{Log, TestStore};
use crate::{Account, Accounts, Event, STREAM, append, bench, definition, event, fold, key, open, replay, snapshot};

fn at_most(events: u64) -> LoadOptions {
    LoadOptions {
        max_replay: Some(events),
        ..LoadOptions::default()
    }
}

// A store that cannot be read

#[test]
fn a_dead_store_costs_a_replay_or_an_error_as_is_asked() {
    let throw = LoadOptions {
        on_store_error: Some(OnStoreError::Throw),
        ..LoadOptions::default()
    };
    let replays = LoadOptions {
        on_store_error: Some(OnStoreError::Replay),
        ..LoadOptions::default()
    };
    for operation in ["list", "get"] {
        let (repository, store, log) = bench(definition(), 20);
        let strict = open(definition().on_store_error(OnStoreError::Throw), &store, &log);
        snapshot(&repository);
        assert_eq!(
            strict.blocking().load(STREAM).unwrap().source(),
            Source::Snapshot { position: 20 }
        );
        store.fail(&[operation]);
        log.take_reads();
        for load in [
            strict.blocking().load(STREAM),
            repository.blocking().load_with(STREAM, throw),
        ] {
            let error = load.unwrap_err();
            assert_eq!(error.code(), Code::Unreadable);
            assert!(error.message().contains("out of order"), "{error}");
        }
        assert_eq!(log.take_reads(), [], "the log was spared");
        for load in [
            repository.blocking().load(STREAM),
            strict.blocking().load_with(STREAM, replays),
        ] {
            assert_eq!(*load.unwrap().state(), replay(&log));
        }
        let without = LoadOptions {
            use_snapshots: false,
            ..throw
        };
        let handle = strict.blocking().load_with(STREAM, without).unwrap();
        assert_eq!(*handle.state(), replay(&log), "which does not need the store");
    }
}

// Long replays

#[test]
fn a_load_folds_no_more_than_it_may() {
    let (repository, store, log) = bench(definition().page_size(7), 20);
    assert_eq!(
        repository.blocking().load_with(STREAM, at_most(20)).unwrap().replayed(),
        20
    );
    let error = repository.blocking().load_with(STREAM, at_most(19)).unwrap_err();
    assert_eq!((error.code(), error.position()), (Code::ReplayTooLong, Some(20)));
    assert!(
        error.message().contains(STREAM) && error.message().contains("19"),
        "{error}"
    );

    snapshot(&repository);
    append(&log, 21..=25);
    let limited = open(definition().max_replay(4), &store, &log);
    assert_eq!(limited.blocking().load(STREAM).unwrap_err().code(), Code::ReplayTooLong);
    let handle = limited.blocking().load_with(STREAM, at_most(5)).unwrap();
    assert_eq!((handle.state(), handle.replayed()), (&replay(&log), 5));
    let past = LoadOptions {
        at: Some(24),
        ..LoadOptions::default()
    };
    assert_eq!(limited.blocking().load_with(STREAM, past).unwrap().replayed(), 4);
}

#[test]
fn a_log_that_counts_is_not_read_for_nothing() {
    for sequence in [Sequence::default(), Sequence::Sparse] {
        let definition = || definition().sequence(sequence);
        let (store, log) = (TestStore::default(), Log::with_bounds());
        append(&log, 1..=20);
        let repository = open(definition(), &store, &log);
        let error = repository.blocking().load_with(STREAM, at_most(19)).unwrap_err();
        assert_eq!((error.code(), error.position()), (Code::ReplayTooLong, Some(0)));
        assert!(error.message().contains("20 events"), "{error}");
        assert_eq!(log.take_reads(), []);
        snapshot(&repository);
        append(&log, 21..=25);
        log.take_reads();
        let error = repository.blocking().load_with(STREAM, at_most(4)).unwrap_err();
        assert_eq!((error.code(), error.position()), (Code::ReplayTooLong, Some(20)));
        assert_eq!(log.take_reads(), []);
        assert_eq!(
            repository.blocking().load_with(STREAM, at_most(5)).unwrap().replayed(),
            5
        );
        let past = LoadOptions {
            at: Some(24),
            ..at_most(4)
        };
        assert_eq!(repository.blocking().load_with(STREAM, past).unwrap().replayed(), 4);
    }
}

/// The count of a truncated log says nothing of what a replay would need.
#[test]
fn a_history_that_is_gone_is_not_too_long() {
    let (store, log) = (TestStore::default(), Log::with_bounds());
    append(&log, 1..=20);
    let repository = open(definition(), &store, &log);
    log.prune_through(STREAM, 5);
    let error = repository.blocking().load_with(STREAM, at_most(3)).unwrap_err();
    assert_eq!(error.code(), Code::HistoryUnavailable);
}

#[test]
fn a_handle_too_far_behind_begins_again_at_a_newer_snapshot() {
    let (repository, store, log) = bench(definition(), 20);
    let limited = open(definition().max_replay(5), &store, &log);
    snapshot(&repository);
    let mut handle = limited.blocking().load(STREAM).unwrap();
    append(&log, 21..=40);
    let error = limited.blocking().refresh(&mut handle).unwrap_err();
    assert_eq!(error.code(), Code::ReplayTooLong);
    snapshot(&repository);
    limited.blocking().refresh(&mut handle).unwrap();
    assert_eq!((handle.state(), handle.position()), (&replay(&log), Some(40)));
}

#[test]
fn a_limit_of_nothing_is_refused() {
    let error = Repository::new(definition().max_replay(0), TestStore::default(), Log::default());
    let error = error.err().unwrap();
    assert_eq!((error.code(), error.path()), (Code::InvalidOption, Some("max_replay")));
}

// Truncated while it is folded

fn new_handle(definition: fn() -> Definition<Accounts>) -> Handle<Account> {
    let repository = open(definition(), &TestStore::default(), &Log::with_bounds());
    repository.blocking().load(STREAM).unwrap()
}

/// A snapshot at 20, a newer one at 40, a log to 50 in pages of 5.
fn pruner(definition: fn() -> Definition<Accounts>, history: Option<History>) -> (TestStore, Log<Event>) {
    let store = TestStore::default();
    let log = history.map_or_else(Log::with_bounds, Log::known);
    append(&log, 1..=20);
    let mut handle = new_handle(definition);
    let repository = open(definition().keep(9), &store, &log);
    for last in [20, 40] {
        let rows: Vec<_> = (last - 19..=last).map(event).collect();
        if last == 40 {
            append(&log, 21..=40);
        }
        repository.apply(&mut handle, rows).unwrap();
        repository.blocking().snapshot(&mut handle).unwrap();
    }
    append(&log, 41..=50);
    (store, log)
}

fn contiguous() -> Definition<Accounts> {
    definition().page_size(5)
}

fn sparse() -> Definition<Accounts> {
    contiguous().sequence(Sequence::Sparse).late_arrivals_impossible()
}

#[test]
fn a_log_truncated_between_two_pages_is_loaded_once_more() {
    for (definition, history) in [
        (contiguous as fn() -> _, Some(History::Pruned)),
        (contiguous, None),
        (sparse, Some(History::Pruned)),
        (sparse, None),
    ] {
        let (store, log) = pruner(definition, history);
        let expected = replay(&log);
        let newest = key(40);
        let frame = store.bytes(&newest).unwrap();
        let repository = open(definition(), &store, &log);
        // The newer snapshot is written after the listing, and the log truncated behind it while the tail of the older one is read.
        store.remove(&newest);
        store.appear(&newest, &frame);
        log.upset_before(2, |rows| rows.retain(|row| row.position >= 40));
        let handle = repository.blocking().load(STREAM).unwrap();
        assert_eq!(handle.source(), Source::Snapshot { position: 40 });
        assert_eq!(
            (handle.state(), handle.position(), handle.replayed()),
            (&expected, Some(50), 10)
        );
    }
}

/// A contiguous log shows no hole where nothing is left behind it.
#[test]
fn a_log_of_which_all_the_rest_goes_between_two_pages_has_not_ended_there() {
    /// Before the second read somebody takes a snapshot and deletes all events through it.
    struct Pruned(Log<Event>, TestStore, AtomicU64);
    impl EventLog for Pruned {
        type Event = Event;
        async fn read(&self, stream: &str, from: Option<u64>, limit: usize) -> Result<Vec<Row<Event>>, HostError> {
            if self.2.fetch_add(1, Ordering::SeqCst) == 1 {
                snapshot(&open(contiguous().page_size(100), &self.1, &self.0));
                self.0.prune_through(STREAM, 10);
            }
            self.0.read(stream, from, limit).await
        }
        fn has_bounds(&self) -> bool {
            true
        }
        async fn bounds(&self, stream: &str, through: Option<u64>) -> Result<Bounds, HostError> {
            self.0.bounds(stream, through).await
        }
    }
    for sequence in [Sequence::default(), Sequence::Sparse] {
        let (store, log) = (TestStore::default(), Log::with_bounds());
        append(&log, 1..=10);
        let expected = replay(&log);
        let pruned = Pruned(log, store.clone(), AtomicU64::new(0));
        let repository = Repository::new(contiguous().sequence(sequence), store, pruned).unwrap();
        let handle = repository.blocking().load(STREAM).unwrap();
        assert_eq!((handle.state(), handle.position()), (&expected, Some(10)));
    }
}

#[test]
fn a_log_with_a_hole_is_read_twice_and_refused() {
    let (repository, _, log) = bench(contiguous(), 12);
    log.upset_before(0, |rows| rows.retain(|row| row.position != 8));
    let error = repository.blocking().load(STREAM).unwrap_err();
    assert_eq!((error.code(), error.position()), (Code::Gap, Some(9)));
    let reads = log.take_reads();
    assert_eq!(reads.iter().filter(|from| from.is_none()).count(), 2);
}

#[test]
fn a_handle_is_refreshed_while_the_log_is_truncated() {
    for definition in [contiguous as fn() -> _, sparse] {
        for covered in [true, false] {
            let (store, log) = pruner(definition, Some(History::Pruned));
            let expected = replay(&log);
            let repository = open(definition(), &store, &log);
            let mut handle = new_handle(definition);
            repository.apply(&mut handle, (1..=20).map(event)).unwrap();
            if !covered {
                store.remove(&key(40));
            }
            log.upset_before(1, |rows| rows.retain(|row| row.position >= 40));
            let refreshed = repository.blocking().refresh(&mut handle);
            match covered {
                true => assert_eq!((refreshed, handle.state()), (Ok(()), &expected)),
                false => {
                    assert_eq!(refreshed.unwrap_err().code(), Code::HistoryUnavailable);
                    let folded: Vec<_> = (1..=handle.event_count()).map(event).collect();
                    assert_eq!(*handle.state(), fold(&folded), "nothing behind the hole is folded");
                }
            }
        }
    }
}
