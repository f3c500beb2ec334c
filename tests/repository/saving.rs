//! maybe_snapshot and snapshot: what is written, what is left, and when nothing is.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use snapfold::fold::Anchor;
use snapfold::frame;
use snapfold::policy::Policy;
use snapfold::store::{Outcome, Skipped, Source};
use snapfold::{Code, value};

use crate::{
    Account, STREAM, append, bench, definition, event, key, keys, not_due, open, replay, skipped, snapshot, taken,
};

#[test]
fn the_policy_says_when() {
    let (repository, store, log) = bench(definition(), 9);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    assert!(not_due(&outcome), "{outcome:?}");
    assert_eq!(store.keys(), [""; 0]);
    append(&log, [10]);
    repository.apply(&mut handle, [event(10)]).unwrap();
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    let Outcome::Taken {
        reason,
        key: written,
        bytes,
        deleted,
        delete_error,
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert!(reason.contains("10"), "{reason}");
    assert_eq!((written, deleted, delete_error), (key(10), vec![], None));
    assert_eq!(store.bytes(&key(10)).unwrap().len() as u64, bytes);
    assert!(
        not_due(&repository.blocking().maybe_snapshot(&mut handle)),
        "nothing new"
    );
}

#[test]
fn the_frame_says_whose_state_it_is() {
    let (repository, store, log) = bench(definition().clock(|| 1_700_000_000_123), 12);
    snapshot(&repository);
    let bytes = store.bytes(&key(12)).unwrap();
    let opened = frame::open(&bytes, &frame::Expect::of("account", 1, STREAM)).unwrap();
    assert_eq!((opened.header.position, opened.header.event_count), (12, 12));
    assert_eq!(opened.header.anchor, Some(Anchor::id("e12")));
    assert_eq!(opened.header.taken_at, Some(1_700_000_000_123));
    assert_eq!(value::from_slice::<Account>(&opened.payload).unwrap(), replay(&log));
}

#[test]
fn equal_states_have_equal_bytes_however_they_came_about() {
    let (repository, store, log) = bench(definition(), 12);
    snapshot(&repository);
    append(&log, 13..=24);
    let incremental = {
        snapshot(&repository);
        store.bytes(&key(24)).unwrap()
    };
    let (fresh, other_store, _) = bench(definition(), 24);
    snapshot(&fresh);
    assert_eq!(other_store.bytes(&key(24)).unwrap(), incremental);
}

#[test]
fn the_last_n_are_kept() {
    for keep in [1, 2, 3] {
        let (repository, store, log) = bench(definition().keep(keep), 0);
        let mut handle = repository.blocking().load(STREAM).unwrap();
        for position in 1..=50 {
            append(&log, [position]);
            repository.apply(&mut handle, [event(position)]).unwrap();
            repository.blocking().maybe_snapshot(&mut handle);
        }
        let kept: Vec<String> = [50, 40, 30].into_iter().take(keep as usize).map(key).collect();
        assert_eq!(store.keys(), kept, "keep {keep}");
    }
}

#[test]
fn nothing_is_deleted_before_the_new_one_is_written() {
    let (repository, store, log) = bench(definition().keep(1), 10);
    snapshot(&repository);
    append(&log, 11..=20);
    store.take_trace();
    let mut handle = repository.blocking().load(STREAM).unwrap();
    store.take_trace();
    repository.blocking().maybe_snapshot(&mut handle);
    let slot = keys().snapshots(1);
    assert_eq!(
        store.take_trace(),
        [
            format!("list {slot}"),
            format!("put {}", key(20)),
            format!("get {}", keys().tombstone()),
            format!("get {}", key(20)),
            format!("delete {}", key(10))
        ]
    );
    append(&log, 21..=30);
    store.fail(&["put"]);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    assert_eq!(store.keys(), [key(20)]);
}

#[test]
fn a_deletion_that_fails_leaves_the_snapshot_taken() {
    let (repository, store, log) = bench(definition().keep(1), 10);
    snapshot(&repository);
    append(&log, 11..=20);
    store.fail(&["delete"]);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    let Outcome::Taken {
        deleted, delete_error, ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert_eq!((deleted, delete_error.unwrap().code()), (vec![], Code::StoreFailed));
    assert_eq!(store.keys(), [key(20), key(10)]);
    // What was left over goes with the next one.
    store.fail(&[]);
    append(&log, 21..=30);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    repository.blocking().maybe_snapshot(&mut handle);
    assert_eq!(store.keys(), [key(30)]);
}

#[test]
fn a_store_that_lists_late_loses_nothing() {
    let (repository, store, log) = bench(definition().keep(1), 10);
    store.list_late();
    snapshot(&repository);
    append(&log, 11..=20);
    snapshot(&repository);
    assert_eq!(store.keys(), [key(20), key(10)]);
}

#[test]
fn what_another_process_saved_already_is_not_written_again() {
    let (repository, store, log) = bench(definition(), 20);
    let mut slow = open(definition(), &store, &log).blocking().load(STREAM).unwrap();
    let mut late = repository.blocking().load(STREAM).unwrap();
    snapshot(&repository);
    store.take_trace();
    let other = open(definition(), &store, &log);
    assert_eq!(
        skipped(other.blocking().maybe_snapshot(&mut slow)),
        Skipped::AlreadyCovered(key(20))
    );
    append(&log, 21..=40);
    snapshot(&repository);
    let stale = open(definition(), &store, &log);
    assert_eq!(
        skipped(stale.blocking().snapshot(&mut late).unwrap()),
        Skipped::AlreadyCovered(key(40))
    );
    assert!(
        !store.take_trace().contains(&format!("put {}", key(20))),
        "an older one never overwrites"
    );
    assert!(
        not_due(&stale.blocking().maybe_snapshot(&mut late)),
        "and it is not tried again"
    );
}

#[test]
fn another_state_of_the_same_events_is_reported() {
    let (repository, store, log) = bench(definition(), 20);
    snapshot(&repository);
    let sealed = frame::open(&store.bytes(&key(20)).unwrap(), &frame::Expect::default())
        .unwrap()
        .header;
    let other = value::to_vec(&Account {
        balance: 1,
        ..Account::default()
    })
    .unwrap();
    store.set(&key(20), &frame::seal(&sealed, &other).unwrap());
    let options = snapfold::store::LoadOptions {
        use_snapshots: false,
        ..Default::default()
    };
    let fresh = open(definition(), &store, &log);
    let mut handle = fresh.blocking().load_with(STREAM, options).unwrap();
    let error = fresh.blocking().snapshot(&mut handle).unwrap_err();
    assert_eq!((error.code(), error.position()), (Code::Diverged, Some(20)));
}

#[test]
fn the_stores_own_limit_applies_and_is_inclusive() {
    let (repository, store, _) = bench(definition(), 20);
    snapshot(&repository);
    let size = store.bytes(&key(20)).unwrap().len() as u64;
    for (limit, fits) in [(size, true), (size - 1, false)] {
        let (repository, store, _) = bench(definition(), 20);
        store.limit(limit);
        let mut handle = repository.blocking().load(STREAM).unwrap();
        let outcome = repository.blocking().maybe_snapshot(&mut handle);
        match fits {
            true => assert_eq!(taken(&outcome), key(20)),
            false => {
                let Skipped::TooLarge(error) = skipped(outcome) else {
                    panic!()
                };
                assert!(error.message().contains(&size.to_string()) && error.message().contains(&limit.to_string()));
                assert_eq!(store.bytes(&key(20)), None);
                assert_eq!(
                    repository.blocking().snapshot(&mut handle).unwrap_err().code(),
                    Code::TooLarge
                );
            }
        }
    }
}

#[test]
fn lowering_max_bytes_does_not_orphan_what_is_there() {
    let (repository, store, log) = bench(definition(), 20);
    snapshot(&repository);
    append(&log, [21]);
    let handle = open(definition().max_bytes(1), &store, &log)
        .blocking()
        .load(STREAM)
        .unwrap();
    assert_eq!(
        (handle.source(), handle.state()),
        (Source::Snapshot { position: 20 }, &replay(&log))
    );
}

#[test]
fn one_save_per_stream_at_a_time() {
    let (repository, store, log) = bench(definition().policy(Policy::every_events(1).unwrap()), 20);
    store.slow_down();
    let mut first = crate::common::now(repository.load(STREAM)).unwrap();
    let mut second = first.clone();
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut saving = pin!(repository.maybe_snapshot(&mut first));
        assert!(saving.as_mut().poll(&mut context).is_pending());
        for _ in 0..3 {
            let Poll::Ready(outcome) = pin!(repository.maybe_snapshot(&mut second)).poll(&mut context) else {
                panic!("a second save began")
            };
            assert_eq!(skipped(outcome), Skipped::InFlight);
        }
        let Poll::Ready(outcome) = saving.as_mut().poll(&mut context) else {
            panic!("it should be done")
        };
        assert_eq!(taken(&outcome), key(20));
    }
    // A save whose future is dropped half way does not block the stream.
    append(&log, [21]);
    repository.apply(&mut second, [event(21)]).unwrap();
    {
        let mut abandoned = pin!(repository.maybe_snapshot(&mut second));
        assert!(abandoned.as_mut().poll(&mut context).is_pending());
    }
    let mut again = pin!(repository.maybe_snapshot(&mut second));
    assert!(again.as_mut().poll(&mut context).is_pending());
    let Poll::Ready(outcome) = again.as_mut().poll(&mut context) else {
        panic!("it should be done")
    };
    assert_eq!(taken(&outcome), key(21));
}

#[test]
fn a_save_is_under_way_until_its_failure_is_written_down() {
    let (repository, store, _) = bench(definition().max_bytes(100), 20);
    let mut first = repository.blocking().load(STREAM).unwrap();
    let mut second = first.clone();
    store.slow_down();
    let mut context = Context::from_waker(Waker::noop());
    let mut saving = pin!(repository.maybe_snapshot(&mut first));
    assert!(
        saving.as_mut().poll(&mut context).is_pending(),
        "the marker is being written"
    );
    let Poll::Ready(outcome) = pin!(repository.snapshot(&mut second)).poll(&mut context) else {
        panic!("a second save began")
    };
    assert_eq!(skipped(outcome.unwrap()), Skipped::InFlight);
}

#[test]
fn a_snapshot_that_is_gone_no_longer_counts_as_the_last_one() {
    let (repository, store, log) = bench(definition(), 10);
    taken(
        &repository
            .blocking()
            .maybe_snapshot(&mut repository.blocking().load(STREAM).unwrap()),
    );
    store.remove(&key(10)); // as a transaction that was rolled back does, or another process
    append(&log, 11..=12);
    // It is not known whether it is gone.
    store.fail(&["list"]);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    store.fail(&[]);
    assert!(not_due(&repository.blocking().maybe_snapshot(&mut handle)));
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(taken(&repository.blocking().maybe_snapshot(&mut handle)), key(12));
}

#[test]
fn where_listings_lag_a_snapshot_that_is_not_listed_yet_counts() {
    let (repository, store, log) = bench(definition(), 10);
    store.list_late();
    taken(
        &repository
            .blocking()
            .maybe_snapshot(&mut repository.blocking().load(STREAM).unwrap()),
    );
    store.remove(&key(10));
    append(&log, 11..=12);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert!(not_due(&repository.blocking().maybe_snapshot(&mut handle)));
}
