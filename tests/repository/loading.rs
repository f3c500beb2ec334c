//! load, apply, refresh: state and position move together.

use snapfold::Code;
use snapfold::fold::Sequence;
use snapfold::policy::Policy;
use snapfold::store::{LoadOptions, Outcome, Repository, Skipped, Source};

use crate::common::{Log, TestStore, now};
use crate::{STREAM, append, bench, definition, event, key, open, replay, skipped, snapshot, taken};

#[test]
fn a_stream_without_events_is_its_initial_state() {
    let (repository, store, _) = bench(definition(), 0);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.position(), handle.event_count(), handle.source()),
        (None, 0, Source::Replay)
    );
    assert_eq!(*handle.state(), crate::Account::default());
    assert_eq!(
        skipped(repository.blocking().maybe_snapshot(&mut handle)),
        Skipped::NothingFolded
    );
    assert_eq!(
        skipped(repository.blocking().snapshot(&mut handle).unwrap()),
        Skipped::NothingFolded
    );
    assert_eq!(store.keys(), [""; 0]);
}

#[test]
fn the_newest_snapshot_takes_one_round_trip_and_what_does_not_serve_leads_to_the_next() {
    let (repository, store, log) = bench(definition().keep(9), 0);
    for positions in [1..=8, 9..=16, 17..=25] {
        append(&log, positions);
        snapshot(&repository);
    }
    store.seek();
    store.take_trace();
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(handle.source(), Source::Snapshot { position: 25 });
    let slot = crate::keys().snapshots(1);
    assert_eq!(store.take_trace(), [format!("newest {slot}")]);
    let past = LoadOptions {
        at: Some(20),
        ..LoadOptions::default()
    };
    let handle = repository.blocking().load_with(STREAM, past).unwrap();
    assert_eq!(handle.source(), Source::Snapshot { position: 16 });
    assert_eq!(store.take_trace(), [format!("newest {}", key(20))]);
    store.damage(&key(25), |bytes| bytes.truncate(100));
    store.damage(&key(16), |bytes| bytes[100] ^= 1);
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.source(), handle.replayed()),
        (Source::Snapshot { position: 8 }, 17)
    );
    assert_eq!(*handle.state(), replay(&log));
    let looks = [slot, key(24), key(15)].map(|start| format!("newest {start}"));
    assert_eq!(store.take_trace(), looks);
    store.fail(&["newest"]);
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.source(), handle.rejected()[0].code),
        (Source::Replay, Code::Unreadable)
    );
    assert_eq!(*handle.state(), replay(&log));
}

#[test]
fn the_end_of_the_log_is_read_once() {
    let (repository, _, log) = bench(definition(), 0);
    repository.blocking().load(STREAM).unwrap();
    assert_eq!(log.take_reads(), [None], "an empty log has ended");
    append(&log, 1..=3);
    repository.blocking().load(STREAM).unwrap();
    assert_eq!(log.take_reads(), [None, Some(4)]);
}

#[test]
fn there_is_nothing_to_read_after_the_last_position() {
    let log = Log::with_bounds();
    append(&log, [5, u64::MAX]);
    let repository = open(definition().sequence(Sequence::Sparse), &TestStore::default(), &log);
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!((handle.position(), log.take_reads()), (Some(u64::MAX), vec![None]));
}

#[test]
fn a_load_without_a_snapshot_replays_everything() {
    let (repository, _, log) = bench(definition(), 25);
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(*handle.state(), replay(&log));
    assert_eq!(
        (handle.position(), handle.event_count(), handle.replayed()),
        (Some(25), 25, 25)
    );
    assert_eq!(
        (handle.source(), handle.stream(), handle.rejected()),
        (Source::Replay, STREAM, &[][..])
    );
}

#[test]
fn a_load_with_a_snapshot_reads_only_its_tail() {
    let (repository, _, log) = bench(definition(), 25);
    snapshot(&repository);
    append(&log, 26..=28);
    log.take_reads();
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(*handle.state(), replay(&log));
    assert_eq!(
        (handle.position(), handle.event_count(), handle.replayed()),
        (Some(28), 28, 3)
    );
    assert_eq!(handle.source(), Source::Snapshot { position: 25 });
    assert_eq!(
        log.take_reads(),
        [Some(25), Some(29)],
        "from the snapshot's own position on, until an empty page"
    );
    assert_eq!(handle.into_state(), replay(&log));
}

#[test]
fn the_first_position_may_be_zero() {
    let from_zero = || definition().sequence(Sequence::Contiguous { first_position: 0 });
    let (repository, store, log) = bench(from_zero(), 0);
    append(&log, [0]);
    let handle = snapshot(&repository);
    assert_eq!((handle.position(), handle.event_count()), (Some(0), 1));
    assert_eq!(store.keys(), [key(0)]);
    append(&log, 1..=5);
    let handle = open(from_zero(), &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(handle.source(), Source::Snapshot { position: 0 });
    assert_eq!(
        (handle.position(), handle.event_count(), handle.state()),
        (Some(5), 6, &replay(&log))
    );
}

#[test]
fn pages_of_any_size_give_the_same_state() {
    for page_size in [1, 2, 7, 24, 25, 26, 1_000] {
        let (repository, store, log) = bench(definition().page_size(page_size), 25);
        assert_eq!(
            *repository.blocking().load(STREAM).unwrap().state(),
            replay(&log),
            "{page_size}"
        );
        snapshot(&repository);
        append(&log, 26..=30);
        let handle = open(definition().page_size(page_size), &store, &log)
            .blocking()
            .load(STREAM)
            .unwrap();
        assert_eq!((handle.state(), handle.replayed()), (&replay(&log), 5), "{page_size}");
    }
}

#[test]
fn without_snapshots_the_store_is_not_touched() {
    let (repository, store, log) = bench(definition(), 25);
    snapshot(&repository);
    store.take_trace();
    store.fail(&["list", "get", "put", "delete"]);
    let fresh = open(definition(), &store, &log);
    let options = LoadOptions {
        use_snapshots: false,
        ..LoadOptions::default()
    };
    let handle = fresh.blocking().load_with(STREAM, options).unwrap();
    assert_eq!((handle.source(), handle.state()), (Source::Replay, &replay(&log)));
    assert_eq!(store.take_trace(), [""; 0], "not even the marker of a failed attempt");
}

#[test]
fn a_log_that_fails_is_reported_in_its_own_words() {
    let (repository, _, log) = bench(definition(), 25);
    log.fail(true);
    let error = repository.blocking().load(STREAM).unwrap_err();
    assert_eq!(error.code(), Code::ReadFailed);
    assert!(error.message().contains("the log is away"), "{error}");
}

#[test]
fn a_gap_in_the_log_is_an_error_with_its_position() {
    let (repository, _, log) = bench(definition(), 5);
    append(&log, 7..=9);
    let error = repository.blocking().load(STREAM).unwrap_err();
    assert_eq!((error.code(), error.position()), (Code::Gap, Some(7)));
}

#[test]
fn apply_folds_what_comes_next_and_nothing_else() {
    let (repository, _, log) = bench(definition(), 5);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    append(&log, 6..=8);
    repository.apply(&mut handle, [event(6), event(7), event(8)]).unwrap();
    assert_eq!(
        (handle.state(), handle.position(), handle.event_count()),
        (&replay(&log), Some(8), 8)
    );
    for (row, code) in [
        (event(8), Code::OutOfOrder),
        (event(1), Code::OutOfOrder),
        (event(10), Code::Gap),
    ] {
        let position = row.position;
        let error = repository.apply(&mut handle, [row]).unwrap_err();
        assert_eq!((error.code(), error.position()), (code, Some(position)));
        assert_eq!(
            (handle.state(), handle.position()),
            (&replay(&log), Some(8)),
            "nothing changed"
        );
    }
    let error = repository.apply(&mut handle, [event(9), event(11)]).unwrap_err();
    assert_eq!(
        (error.code(), handle.position()),
        (Code::Gap, Some(9)),
        "the handle stands after the last good row"
    );
    repository.apply(&mut handle, []).unwrap();
}

#[test]
fn refresh_reads_only_what_came_after() {
    let (repository, store, log) = bench(definition(), 20);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    append(&log, 21..=23);
    store.take_trace();
    log.take_reads();
    repository.blocking().refresh(&mut handle).unwrap();
    assert_eq!((handle.state(), handle.position()), (&replay(&log), Some(23)));
    assert_eq!(log.take_reads(), [Some(20), Some(24)]);
    assert_eq!(store.take_trace(), [""; 0]);
    repository.blocking().refresh(&mut handle).unwrap();
    assert_eq!(
        (handle.state(), handle.position()),
        (&replay(&log), Some(23)),
        "nothing new is no event"
    );
}

#[test]
fn refresh_reads_only_what_came_after_from_a_log_with_bounds_too() {
    let (store, log) = (TestStore::default(), Log::with_bounds());
    append(&log, 1..=20);
    let repository = open(definition(), &store, &log);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    append(&log, 21..=23);
    store.take_trace();
    log.take_reads();
    repository.blocking().refresh(&mut handle).unwrap();
    assert_eq!((handle.state(), handle.position()), (&replay(&log), Some(23)));
    assert_eq!(log.take_reads(), [Some(20), Some(24)]);
    assert_eq!(store.take_trace(), [""; 0]);
}

#[test]
fn refresh_does_not_take_an_empty_log_for_a_new_beginning() {
    for log in [Log::default(), Log::with_bounds()] {
        append(&log, 1..=20);
        let repository = open(definition(), &TestStore::default(), &log);
        let mut handle = repository.blocking().load(STREAM).unwrap();
        let state = replay(&log);
        log.restore_to(STREAM, 0);
        let error = repository.blocking().refresh(&mut handle).unwrap_err();
        assert_eq!(error.code(), Code::HistoryUnavailable);
        assert!(error.message().contains("stands at 20"), "{error}");
        assert_eq!(
            (handle.state(), handle.position()),
            (&state, Some(20)),
            "nothing changed"
        );
    }
}

#[test]
fn refresh_loads_anew_when_the_history_is_another_one() {
    let (repository, _, log) = bench(definition(), 20);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    log.restore_to(STREAM, 10);
    for position in 11..=25 {
        log.insert(
            STREAM,
            snapfold::fold::Row::new(position, format!("x{position}"), crate::Event::Paid(1)),
        );
    }
    repository.blocking().refresh(&mut handle).unwrap();
    assert_eq!((handle.state(), handle.position()), (&replay(&log), Some(25)));
    log.restore_to(STREAM, 3);
    repository.blocking().refresh(&mut handle).unwrap();
    assert_eq!((handle.state(), handle.position()), (&replay(&log), Some(3)));
}

#[test]
fn refresh_of_an_empty_handle_is_a_load() {
    let (repository, _, log) = bench(definition(), 0);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    append(&log, 1..=3);
    repository.blocking().refresh(&mut handle).unwrap();
    assert_eq!((handle.state(), handle.position()), (&replay(&log), Some(3)));
}

#[test]
fn streams_do_not_mix() {
    let (repository, _, log) = bench(definition(), 12);
    snapshot(&repository);
    log.insert("account-77", event(1));
    let other = repository.blocking().load("account-77").unwrap();
    assert_eq!(
        (other.event_count(), other.source(), other.rejected()),
        (1, Source::Replay, &[][..])
    );
}

#[test]
fn an_empty_stream_id_is_refused() {
    let (repository, _, _) = bench(definition(), 0);
    assert_eq!(repository.blocking().load("").unwrap_err().code(), Code::InvalidId);
}

#[test]
fn the_async_and_the_blocking_face_do_the_same() {
    let (repository, store, log) = bench(definition().policy(Policy::every_events(1).unwrap()), 12);
    let outcome = now(async {
        let mut handle = repository.load(STREAM).await.unwrap();
        repository.refresh(&mut handle).await.unwrap();
        repository.maybe_snapshot(&mut handle).await
    });
    assert_eq!(taken(&outcome), key(12));
    let written = store.bytes(&key(12));
    store.remove(&key(12));
    let other = open(definition().policy(Policy::every_events(1).unwrap()), &store, &log);
    let mut handle = other.blocking().load(STREAM).unwrap();
    other.blocking().refresh(&mut handle).unwrap();
    assert_eq!(taken(&other.blocking().maybe_snapshot(&mut handle)), key(12));
    assert_eq!(store.bytes(&key(12)), written);
}

#[test]
fn its_futures_can_move_between_threads() {
    fn is_send<T: Send>(future: T) -> T {
        future
    }
    let (repository, _, _) = bench(definition(), 12);
    let outcome: Outcome = now(is_send(async {
        let mut handle = is_send(repository.load(STREAM)).await.unwrap();
        is_send(repository.load_with(STREAM, LoadOptions::default()))
            .await
            .unwrap();
        is_send(repository.refresh(&mut handle)).await.unwrap();
        is_send(repository.snapshot(&mut handle)).await.unwrap();
        is_send(repository.maybe_snapshot(&mut handle)).await
    }));
    assert!(crate::not_due(&outcome), "{outcome:?}");
    fn is_send_sync<T: Send + Sync>(_: &T) {}
    is_send_sync(&repository);
    let _: &Repository<_, _, _> = &repository;
}
