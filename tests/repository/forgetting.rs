//! Streams that are forgotten, and writers that do not know it yet.

use std::collections::BTreeSet;
use std::pin::pin;

use snapfold::Code;
use snapfold::store::{Forgotten, Outcome, Repository, Skipped, Source, StreamKeys};

use crate::common::now;
use crate::maintenance::{two_snapshots, version};
use crate::paced::{Paced, finish, step};
use crate::{STREAM, append, bench, definition, key, keys, open, replay, skipped, snapshot};

#[test]
fn a_forgotten_stream_is_gone_from_every_slot() {
    let (repository, store, log) = two_snapshots();
    snapshot(&open(version(2), &store, &log));
    store.set(&keys().attempt(1), b"marker");
    store.set("account/account-70/s/v1/0000000000000000", b"another stream");
    let mut late = repository.blocking().load(STREAM).unwrap();
    let forgotten = now(repository.forget(STREAM)).unwrap();
    let deleted = vec![keys().attempt(1), key(20), key(10), keys().snapshot(2, 25)];
    assert_eq!(
        forgotten,
        Forgotten {
            deleted,
            complete: true
        }
    );
    let tombstone = store.bytes(&keys().tombstone()).unwrap();
    assert!(!String::from_utf8_lossy(&tombstone).contains(STREAM));
    let left = [
        "account/account-70/s/v1/0000000000000000".to_owned(),
        keys().tombstone(),
    ];
    assert_eq!(store.keys(), left);
    // Whoever holds the state cannot write it again. The log has the events still: they are loaded, and not snapshotted.
    for _ in 0..2 {
        let outcome = repository.blocking().snapshot(&mut late).unwrap();
        assert_eq!(outcome, Outcome::Skipped(Skipped::Forgotten));
        assert_eq!(store.keys(), left);
        late = repository.blocking().load(STREAM).unwrap();
        assert_eq!((late.state(), late.source()), (&replay(&log), Source::Replay));
    }
    assert!(
        now(repository.forget(STREAM)).unwrap().deleted.is_empty(),
        "twice is no error"
    );
    let rebuilt = now(repository.rebuild([STREAM], |_, _| {}));
    assert_eq!((rebuilt.skipped, rebuilt.errors.len()), (1, 0));
    now(repository.revive(STREAM)).unwrap();
    let outcome = repository.blocking().maybe_snapshot(&mut late);
    assert!(matches!(outcome, Outcome::Taken { .. }), "due at once: {outcome:?}");
}

#[test]
fn long_ids_and_many_keys_are_forgotten_too() {
    let (repository, store, _) = bench(definition(), 0);
    for stream in [
        "é".repeat(48),
        "x".repeat(97),
        format!("{}y", "x".repeat(10_000)),
        "/".into(),
    ] {
        let keys = StreamKeys::new("account", &stream).unwrap();
        let sister = StreamKeys::new("account", &format!("{stream}y"))
            .unwrap()
            .snapshot(1, 1);
        store.set(&sister, b"another stream");
        for position in 1..=250 {
            store.set(&keys.snapshot(1, position), b"frame");
        }
        let forgotten = now(repository.forget(&stream)).unwrap();
        assert_eq!((forgotten.deleted.len(), forgotten.complete), (250, true));
        assert!(store.keys().iter().all(|key| !key.starts_with(keys.all())));
        assert!(store.bytes(&keys.tombstone()).is_some() && store.bytes(&sister).is_some());
    }
}

#[test]
fn what_a_lagging_listing_shows_is_forgotten_and_more_may_appear() {
    let (repository, store, _) = two_snapshots();
    store.list_late();
    let forgotten = now(repository.forget(STREAM)).unwrap();
    let deleted = vec![key(20), key(10)];
    assert_eq!(
        forgotten,
        Forgotten {
            deleted,
            complete: false
        }
    );
    assert_eq!(store.keys(), [keys().tombstone()]);
}

/// The store fails before each operation, then it works again.
#[test]
fn forgetting_goes_on_where_it_was() {
    for operations in 0.. {
        let (repository, store, log) = two_snapshots();
        let mut late = repository.blocking().load(STREAM).unwrap();
        for position in 100..250 {
            store.set(&key(position), b"more than a page");
        }
        let paced = Paced::of(&store);
        paced.dies_after(operations);
        let failing = Repository::new(definition(), paced, log.clone()).unwrap();
        let result = finish(pin!(failing.forget(STREAM)));
        if let Err(error) = &result {
            assert_eq!(error.code(), Code::StoreFailed);
            assert_eq!(store.bytes(&keys().tombstone()).is_some(), operations > 0);
            assert_eq!(*repository.blocking().load(STREAM).unwrap().state(), replay(&log));
            assert!(now(repository.forget(STREAM)).unwrap().complete);
        }
        assert_eq!(store.keys(), [keys().tombstone()], "after {operations} operations");
        assert_eq!(
            repository.blocking().snapshot(&mut late).unwrap(),
            Outcome::Skipped(Skipped::Forgotten)
        );
        if result.is_ok() {
            assert!(operations > 5, "{operations}");
            return;
        }
    }
}

/// In every order of the operations of the two, also those of a save that leaves a marker.
#[test]
fn a_save_that_meets_a_forgetter_leaves_nothing() {
    let mut endings = BTreeSet::new();
    for (max_bytes, exclusive) in [(1_000_000, false), (1_000_000, true), (10, false)] {
        for order in 0..1u32 << 10 {
            let (first, store, log) = bench(definition(), 10);
            snapshot(&first);
            append(&log, 11..=20);
            if exclusive {
                store.exclude();
            }
            let writer = Repository::new(definition().max_bytes(max_bytes), Paced::of(&store), log).unwrap();
            let mut handle = writer.blocking().load(STREAM).unwrap();
            let mut save = pin!(writer.maybe_snapshot(&mut handle));
            let mut forget = pin!(writer.forget(STREAM));
            let (mut saved, mut forgotten) = (None, None);
            for turn in 0.. {
                let savers = order >> turn & 1 == 1;
                match (&saved, &forgotten) {
                    (Some(_), Some(_)) => break,
                    (None, Some(_)) => saved = step(save.as_mut()),
                    (Some(_), None) => forgotten = step(forget.as_mut()),
                    (None, None) if savers => saved = step(save.as_mut()),
                    (None, None) => forgotten = step(forget.as_mut()),
                }
                assert!(turn < 31);
            }
            assert_eq!(store.keys(), [keys().tombstone()], "{order:b}, {max_bytes}, {saved:?}");
            assert!(forgotten.unwrap().unwrap().complete);
            endings.insert(match saved.unwrap() {
                Outcome::Taken { .. } => "taken",
                Outcome::Failed(error) if error.code() == Code::Absent => "gone when it was read back",
                other => match skipped(other) {
                    Skipped::Forgotten => "forgotten",
                    Skipped::TooLarge(_) => "too large",
                    other => panic!("{other:?}"),
                },
            });
        }
    }
    assert_eq!(endings.len(), 4, "{endings:?}");
}
