//! States of the past: `at`.

use snapfold::Code;
use snapfold::store::{LoadOptions, Skipped, Source};

use crate::{STREAM, append, bench, definition, event, fold, skipped, snapshot};

fn at(position: u64) -> LoadOptions {
    LoadOptions {
        at: Some(position),
        ..LoadOptions::default()
    }
}

#[test]
fn the_newest_snapshot_at_or_below_and_the_events_up_to_it() {
    let (repository, _, log) = bench(definition(), 10);
    snapshot(&repository);
    append(&log, 11..=20);
    snapshot(&repository);
    append(&log, 21..=25);
    for position in 1..=25 {
        let handle = repository.blocking().load_with(STREAM, at(position)).unwrap();
        assert_eq!(
            *handle.state(),
            fold(&log.rows(STREAM)[..position as usize]),
            "at {position}"
        );
        assert_eq!((handle.position(), handle.event_count()), (Some(position), position));
        let source = match position {
            1..=9 => Source::Replay,
            10..=19 => Source::Snapshot { position: 10 },
            _ => Source::Snapshot { position: 20 },
        };
        assert_eq!(handle.source(), source, "at {position}");
        assert!(handle.is_historical());
        let replayed = LoadOptions {
            use_snapshots: false,
            ..at(position)
        };
        assert_eq!(
            repository.blocking().load_with(STREAM, replayed).unwrap().state(),
            handle.state()
        );
    }
}

#[test]
fn pages_end_anywhere() {
    for page_size in [1, 2, 3, 5, 7] {
        let (repository, _, log) = bench(definition().page_size(page_size), 10);
        for position in 1..=10 {
            let handle = repository.blocking().load_with(STREAM, at(position)).unwrap();
            assert_eq!(
                *handle.state(),
                fold(&log.rows(STREAM)[..position as usize]),
                "{page_size}, at {position}"
            );
        }
    }
}

#[test]
fn beyond_the_log_is_an_error_and_not_the_newest_state() {
    let (repository, _, _) = bench(definition(), 10);
    for taken in [false, true] {
        if taken {
            snapshot(&repository);
        }
        for position in [11, 12, u64::MAX] {
            let error = repository.blocking().load_with(STREAM, at(position)).unwrap_err();
            assert_eq!((error.code(), error.position()), (Code::BeyondLog, Some(position)));
        }
    }
    let error = repository.blocking().load_with("account-8", at(1)).unwrap_err();
    assert_eq!(error.code(), Code::BeyondLog);
}

#[test]
fn a_state_of_the_past_stays_as_it_is() {
    let (repository, store, _) = bench(definition(), 20);
    let mut handle = repository.blocking().load_with(STREAM, at(10)).unwrap();
    let error = repository.apply(&mut handle, [event(11)]).unwrap_err();
    assert_eq!(error.code(), Code::Historical);
    assert_eq!(
        repository.blocking().refresh(&mut handle).unwrap_err().code(),
        Code::Historical
    );
    assert_eq!(
        repository.blocking().snapshot(&mut handle).unwrap_err().code(),
        Code::Historical
    );
    assert_eq!(
        skipped(repository.blocking().maybe_snapshot(&mut handle)),
        Skipped::Historical
    );
    assert_eq!((handle.position(), store.keys().len()), (Some(10), 0));
}

#[test]
fn the_past_before_a_pruned_beginning_is_gone() {
    let (repository, _, log) = bench(definition(), 20);
    snapshot(&repository);
    log.prune_through(STREAM, 15);
    let error = repository.blocking().load_with(STREAM, at(18)).unwrap_err();
    assert_eq!(error.code(), Code::HistoryUnavailable);
    assert_eq!(
        repository.blocking().load_with(STREAM, at(20)).unwrap().position(),
        Some(20)
    );
}
