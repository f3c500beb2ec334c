//! The driver without an executor.

use snapfold::store::{Outcome, Skipped, Verified};

use crate::maintenance::{two_snapshots, version};
use crate::{STREAM, key, keys, open, snapshot};

#[test]
fn streams_are_cared_for_without_an_executor() {
    let (repository, store, log) = two_snapshots();
    let blocking = repository.blocking();
    let expected = Verified {
        position: Some(25),
        event_count: 25,
        snapshot: Some(20),
        history_compared: false,
    };
    assert_eq!(blocking.verify(STREAM).unwrap(), expected);
    assert_eq!(
        blocking.safe_to_prune_through(STREAM, &[1.into()], &[7]).unwrap(),
        Some(7)
    );
    assert_eq!(blocking.prune(STREAM).unwrap().covered_by, Some(key(20)));
    assert_eq!(blocking.invalidate(STREAM, 20).unwrap(), [key(20)]);

    let second = open(version(2), &store, &log);
    let mut told = Vec::new();
    let rebuilt = second.blocking().rebuild([STREAM], |stream, so_far| {
        told.push((stream.to_owned(), so_far.rebuilt))
    });
    assert_eq!((rebuilt.rebuilt, told), (1, vec![(STREAM.to_owned(), 1)]));
    assert_eq!(second.blocking().drop_slots(STREAM, &[]).unwrap(), [key(10)]);
    assert_eq!(store.keys(), [keys().snapshot(2, 25)]);
}

#[test]
fn streams_are_forgotten_and_revived_without_an_executor() {
    let (repository, store, _) = two_snapshots();
    let blocking = repository.blocking();
    let mut late = blocking.load(STREAM).unwrap();
    assert_eq!(blocking.forget(STREAM).unwrap().deleted, [key(20), key(10)]);
    assert_eq!(
        blocking.snapshot(&mut late).unwrap(),
        Outcome::Skipped(Skipped::Forgotten)
    );
    blocking.revive(STREAM).unwrap();
    assert!(store.keys().is_empty());
    snapshot(&repository);
}
