//! Store and log disagree: restored backups, resets, pruned beginnings.

use snapfold::Code;
use snapfold::fold::{Row, Sequence};
use snapfold::store::{Definition, History, LoadOptions, Source};

use crate::common::{Log, TestStore};
use crate::{
    Accounting, Accounts, Event, STREAM, append, bench, definition, event, key, open, replay, snapshot, taken,
};

fn codes(repository: &Accounting) -> (Source, Vec<(Option<u64>, Code)>) {
    let handle = repository.blocking().load(STREAM).unwrap();
    let rejected = handle
        .rejected()
        .iter()
        .map(|rejection| (rejection.position, rejection.code));
    (handle.source(), rejected.collect())
}

/// Other events than before, from a position on.
fn append_others(log: &Log<Event>, positions: std::ops::RangeInclusive<u64>) {
    for position in positions {
        log.insert(STREAM, Row::new(position, format!("x{position}"), Event::Paid(-1)));
    }
}

#[test]
fn a_snapshot_ahead_of_the_log() {
    let (repository, store, log) = bench(definition(), 20);
    snapshot(&repository);
    log.restore_to(STREAM, 15);
    assert_eq!(codes(&repository), (Source::Replay, vec![(Some(20), Code::Ahead)]));
    assert_eq!(*repository.blocking().load(STREAM).unwrap().state(), replay(&log));
    // What was not used is not in the way either.
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(taken(&repository.blocking().maybe_snapshot(&mut handle)), key(15));
    assert_eq!(store.keys(), [key(20), key(15)]);
    assert_eq!(codes(&repository).0, Source::Snapshot { position: 15 });
}

#[test]
fn a_log_restored_and_continued_with_other_events() {
    let (repository, store, log) = bench(definition().keep(3), 800);
    snapshot(&repository);
    append(&log, 801..=1_000);
    snapshot(&repository);
    log.restore_to(STREAM, 900);
    append_others(&log, 901..=1_100);
    let expected = (Source::Snapshot { position: 800 }, vec![(Some(1_000), Code::Diverged)]);
    assert_eq!(codes(&repository), expected);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!((handle.state(), handle.event_count()), (&replay(&log), 1_100));
    assert_eq!(taken(&repository.blocking().maybe_snapshot(&mut handle)), key(1_100));
    let again = open(definition(), &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(
        (again.state(), again.source()),
        (&replay(&log), Source::Snapshot { position: 1_100 })
    );
}

#[test]
fn a_diverged_snapshot_at_the_very_position_is_replaced() {
    let (repository, store, log) = bench(definition(), 20);
    snapshot(&repository);
    log.restore_to(STREAM, 10);
    append_others(&log, 11..=20);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(handle.rejected()[0].code, Code::Diverged);
    assert_eq!(taken(&repository.blocking().maybe_snapshot(&mut handle)), key(20));
    let again = open(definition(), &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(
        (again.state(), again.source()),
        (&replay(&log), Source::Snapshot { position: 20 })
    );
}

#[test]
fn an_empty_log_with_a_snapshot_fails_closed() {
    let (repository, store, log) = bench(definition(), 20);
    snapshot(&repository);
    log.restore_to(STREAM, 0);
    let error = repository.blocking().load(STREAM).unwrap_err();
    assert_eq!(error.code(), Code::HistoryUnavailable);
    assert!(
        error.message().contains("20") && error.message().contains("ahead"),
        "{error}"
    );
    store.damage(&key(20), |bytes| bytes.truncate(50));
    assert_eq!(
        repository.blocking().load(STREAM).unwrap_err().code(),
        Code::HistoryUnavailable
    );
    store.remove(&key(20));
    assert_eq!(
        repository.blocking().load(STREAM).unwrap().position(),
        None,
        "the way out that the message names"
    );
}

#[test]
fn a_pruned_log_without_a_usable_snapshot_fails_closed() {
    let (repository, store, log) = bench(definition(), 20);
    snapshot(&repository);
    log.prune_through(STREAM, 10);
    assert_eq!(codes(&repository), (Source::Snapshot { position: 20 }, vec![]));
    for damage in [50, 0] {
        store.damage(&key(20), |bytes| bytes.truncate(damage));
        let error = repository.blocking().load(STREAM).unwrap_err();
        assert_eq!(error.code(), Code::HistoryUnavailable);
        assert!(error.message().contains("truncated"), "{error}");
    }
    store.fail(&["list"]);
    let error = repository.blocking().load(STREAM).unwrap_err();
    assert_eq!(error.code(), Code::HistoryUnavailable);
    assert!(error.message().contains("unreadable"), "{error}");
}

#[test]
fn a_log_pruned_through_the_snapshot_needs_bounds_to_say_so() {
    for (log, forgiven) in [(Log::with_bounds(), true), (Log::default(), false)] {
        let store = TestStore::default();
        append(&log, 1..=20);
        let before = snapshot(&open(definition(), &store, &log));
        log.prune_through(STREAM, 20);
        append(&log, 21..=22);
        let load = open(definition(), &store, &log).blocking().load(STREAM);
        match forgiven {
            true => {
                let handle = load.unwrap();
                assert_eq!(
                    (handle.position(), handle.event_count(), handle.replayed()),
                    (Some(22), 22, 2)
                );
                assert_eq!(handle.state().balance, before.state().balance + 21 + 22);
            }
            false => assert_eq!(load.unwrap_err().code(), Code::HistoryUnavailable),
        }
    }
}

#[test]
fn a_fully_pruned_log_is_carried_by_its_snapshot() {
    let (store, log) = (TestStore::default(), Log::with_bounds());
    append(&log, 1..=20);
    let before = snapshot(&open(definition(), &store, &log));
    log.prune_through(STREAM, 20);
    let repository = open(definition(), &store, &log);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.state(), handle.position(), handle.event_count()),
        (before.state(), Some(20), 20)
    );
    append(&log, [21]);
    repository.blocking().refresh(&mut handle).unwrap();
    assert_eq!((handle.position(), handle.event_count()), (Some(21), 21));
    log.prune_through(STREAM, 21);
    let error = repository.blocking().load(STREAM).unwrap_err();
    assert_eq!(error.code(), Code::HistoryUnavailable);
}

#[test]
fn a_log_that_begins_below_the_declared_first_position() {
    let (repository, _, log) = bench(definition(), 0);
    append(&log, 0..=3);
    let error = repository.blocking().load(STREAM).unwrap_err();
    assert_eq!((error.code(), error.position()), (Code::InvalidPosition, Some(0)));
}

fn sparse() -> Definition<Accounts> {
    definition().sequence(Sequence::Sparse).late_arrivals_impossible()
}

/// It may be a new stream, or one that lost its events: where nobody knows, the store has to.
#[test]
fn an_empty_log_while_the_store_cannot_be_read() {
    for (log, knows) in [
        (Log::default(), false),
        (Log::known(History::Pruned), false),
        (Log::known(History::Complete), true),
        (Log::with_bounds(), true),
    ] {
        let store = TestStore::default();
        let repository = open(definition(), &store, &log);
        assert_eq!(repository.blocking().load(STREAM).unwrap().position(), None, "{log:?}");
        store.fail(&["list"]);
        let load = repository.blocking().load(STREAM);
        match knows {
            true => assert_eq!(load.unwrap().position(), None),
            false => {
                let error = load.unwrap_err();
                assert_eq!(error.code(), Code::HistoryUnavailable);
                assert!(error.message().contains("history: 'complete'"), "{error}");
            }
        }
    }
}

#[test]
fn without_snapshots_the_store_is_asked_only_whether_a_stream_is_new() {
    let without = LoadOptions {
        use_snapshots: false,
        ..LoadOptions::default()
    };
    let (repository, store, log) = bench(definition(), 20);
    snapshot(&repository);
    store.take_trace();
    repository.blocking().load_with(STREAM, without).unwrap();
    assert_eq!(store.take_trace(), Vec::<String>::new());
    repository.blocking().load_with("account-8", without).unwrap();
    assert_eq!(store.take_trace().len(), 1);
    log.restore_to(STREAM, 0);
    let error = repository.blocking().load_with(STREAM, without).unwrap_err();
    assert_eq!(error.code(), Code::HistoryUnavailable);

    let complete = open(definition(), &store, &Log::known(History::Complete));
    store.fail(&["list"]);
    assert_eq!(complete.blocking().load_with(STREAM, without).unwrap().position(), None);
    let error = repository.blocking().load_with(STREAM, without).unwrap_err();
    assert_eq!(error.code(), Code::HistoryUnavailable);
}

#[test]
fn a_sparse_log_is_replayed_if_it_is_complete() {
    for (history, sound) in [(History::Complete, true), (History::Pruned, false)] {
        let (store, log) = (TestStore::default(), Log::known(history));
        let repository = open(sparse(), &store, &log);
        let mut handle = repository.blocking().load(STREAM).unwrap();
        assert_eq!(handle.position(), None, "a new stream");
        let rows = [event(10), event(20), event(30)];
        rows.iter().for_each(|row| log.insert(STREAM, row.clone()));
        let without = LoadOptions {
            use_snapshots: false,
            ..LoadOptions::default()
        };
        for load in [
            repository.blocking().load(STREAM),
            repository.blocking().load_with(STREAM, without),
        ] {
            let end = load.map(|handle| handle.position()).map_err(|error| error.code());
            let expected = if sound {
                Ok(Some(30))
            } else {
                Err(Code::HistoryUnavailable)
            };
            assert_eq!(end, expected, "{history:?}");
        }
        // A snapshot that was taken from the beginning on carries either.
        repository.apply(&mut handle, rows).unwrap();
        repository.blocking().snapshot(&mut handle).unwrap();
        append(&log, [40]);
        let handle = repository.blocking().load(STREAM).unwrap();
        assert_eq!(
            (handle.source(), handle.state()),
            (Source::Snapshot { position: 30 }, &replay(&log))
        );
    }
}

#[test]
fn a_contiguous_log_shows_by_itself_where_it_begins() {
    for history in [History::Complete, History::Pruned] {
        let (store, log) = (TestStore::default(), Log::known(history));
        append(&log, 1..=5);
        let repository = open(definition(), &store, &log);
        assert_eq!(*repository.blocking().load(STREAM).unwrap().state(), replay(&log));
        log.prune_through(STREAM, 2);
        let error = repository.blocking().load(STREAM).unwrap_err();
        assert_eq!(error.code(), Code::HistoryUnavailable, "{history:?}");
    }
}
