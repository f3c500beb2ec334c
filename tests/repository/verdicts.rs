//! What lies in the store is not trusted: each kind of bad snapshot is named and survived.

use snapfold::Code;
use snapfold::frame::{self, Header};
use snapfold::store::{Handle, Outcome, Source};

use crate::common::{Log, TestStore};
use crate::{Account, Accounting, Event, STREAM, append, bench, definition, key, keys, open, replay, snapshot, taken};

/// Snapshots at 10 and 20, 25 events.
fn two_snapshots() -> (Accounting, TestStore, Log<Event>) {
    let (repository, store, log) = bench(definition(), 10);
    snapshot(&repository);
    append(&log, 11..=20);
    snapshot(&repository);
    append(&log, 21..=25);
    (open(definition(), &store, &log), store, log)
}

fn codes(handle: &Handle<Account>) -> Vec<Code> {
    handle.rejected().iter().map(|rejection| rejection.code).collect()
}

#[track_caller]
fn assert_rejected(repository: &Accounting, log: &Log<Event>, source: Source, verdicts: &[Code]) {
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(*handle.state(), replay(log));
    assert_eq!((handle.position(), handle.event_count()), (Some(25), 25));
    assert_eq!((handle.source(), codes(&handle)), (source, verdicts.to_vec()));
}

#[test]
fn a_damaged_newest_snapshot_falls_back_to_the_older_one() {
    for (change, verdict) in [
        (
            (|bytes: &mut Vec<u8>| *bytes.last_mut().unwrap() ^= 1) as fn(&mut Vec<u8>),
            Code::Corrupt,
        ),
        (|bytes| bytes[20] ^= 1, Code::Corrupt),
        (|bytes| bytes.push(0), Code::Corrupt),
        (|bytes| bytes.truncate(100), Code::Truncated),
        (|bytes| bytes.clear(), Code::Truncated),
        (|bytes| bytes[9] = 9, Code::TooNew),
        (|bytes| *bytes = b"{}".to_vec(), Code::Corrupt),
    ] {
        let (repository, store, log) = two_snapshots();
        store.damage(&key(20), change);
        assert_rejected(&repository, &log, Source::Snapshot { position: 10 }, &[verdict]);
    }
}

#[test]
fn when_all_are_damaged_the_log_is_replayed() {
    let (repository, store, log) = two_snapshots();
    for position in [10, 20] {
        store.damage(&key(position), |bytes| bytes[30] ^= 4);
    }
    assert_rejected(&repository, &log, Source::Replay, &[Code::Corrupt, Code::Corrupt]);
}

/// The old trap: a default state beside the stored position.
#[test]
fn a_payload_that_is_no_state_never_becomes_a_default_one() {
    for payload in [&[0xff][..], b"\xa0", b"\xf6", b"\x80", b"\xa1\x67balance\x61x"] {
        let (repository, store, log) = two_snapshots();
        let frame = frame::seal(&Header::new("account", 1, STREAM, 20, 20), payload).unwrap();
        store.set(&key(20), &frame);
        assert_rejected(&repository, &log, Source::Snapshot { position: 10 }, &[Code::Corrupt]);
    }
}

#[test]
fn a_payload_in_another_format_is_not_guessed_at() {
    let (repository, store, log) = two_snapshots();
    let sealing = frame::Sealing {
        media_type: Some("application/json"),
        ..frame::Sealing::default()
    };
    let sealed = frame::seal_with(&Header::new("account", 1, STREAM, 20, 20), b"{}", &sealing).unwrap();
    store.set(&key(20), &sealed.frame);
    assert_rejected(&repository, &log, Source::Snapshot { position: 10 }, &[Code::TooNew]);
}

#[test]
fn a_snapshot_of_another_stream_under_our_key() {
    let (repository, store, log) = two_snapshots();
    let header = Header::new("account", 1, "account-8", 20, 20);
    let payload = snapfold::value::to_vec(&Account::default()).unwrap();
    store.set(&key(20), &frame::seal(&header, &payload).unwrap());
    assert_rejected(&repository, &log, Source::Snapshot { position: 10 }, &[Code::Foreign]);
}

#[test]
fn a_snapshot_under_the_key_of_another_position() {
    let (repository, store, log) = two_snapshots();
    store.set(&key(24), &store.bytes(&key(10)).unwrap());
    assert_rejected(&repository, &log, Source::Snapshot { position: 20 }, &[Code::Foreign]);
}

#[test]
fn snapshots_of_other_versions() {
    let (_, store, log) = two_snapshots();
    let second = || snapfold::store::Definition::new("account", 2, crate::Accounts);
    // Another version has its own slot: it does not even see them.
    assert_rejected(&open(second(), &store, &log), &log, Source::Replay, &[]);
    // Copied into that slot they are what they are.
    store.set(&keys().snapshot(2, 20), &store.bytes(&key(20)).unwrap());
    assert_rejected(&open(second(), &store, &log), &log, Source::Replay, &[Code::Stale]);
    snapshot(&open(second(), &store, &log));
    store.set(&key(25), &store.bytes(&keys().snapshot(2, 25)).unwrap());
    assert_rejected(
        &open(definition(), &store, &log),
        &log,
        Source::Snapshot { position: 20 },
        &[Code::TooNew],
    );
}

#[test]
fn a_state_above_the_limit_is_not_read() {
    let (_, store, log) = two_snapshots();
    let small = || definition().max_state_bytes(10);
    let handle = open(small(), &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.state(), codes(&handle)),
        (&replay(&log), vec![Code::TooLarge, Code::TooLarge])
    );
}

#[test]
fn a_store_that_errors_on_everything_costs_time_and_nothing_else() {
    let (repository, store, log) = two_snapshots();
    store.fail(&["list", "get", "put", "delete"]);
    store.take_trace();
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        store.take_trace().len(),
        1,
        "a load asks a store that cannot answer only once"
    );
    assert_eq!(
        (handle.state(), codes(&handle)),
        (&replay(&log), vec![Code::Unreadable])
    );
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    let Outcome::Failed(error) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.code(), Code::StoreFailed);
    assert!(error.message().contains("out of order"), "{error}");
    let error = repository.blocking().snapshot(&mut handle).unwrap_err();
    assert_eq!(error.code(), Code::StoreFailed);
    assert_eq!(
        (handle.state(), handle.position()),
        (&replay(&log), Some(25)),
        "the caller is unharmed"
    );
    append(&log, [26]);
    repository.apply(&mut handle, [crate::event(26)]).unwrap();
    assert_eq!(*handle.state(), replay(&log));
}

#[test]
fn a_store_that_lists_but_cannot_read() {
    let (repository, store, log) = two_snapshots();
    store.fail(&["get"]);
    assert_rejected(&repository, &log, Source::Replay, &[Code::Unreadable]);
}

#[test]
fn a_damaged_snapshot_is_replaced_by_the_next_one_at_its_position() {
    let (repository, store, log) = bench(definition(), 20);
    snapshot(&repository);
    let sound = store.bytes(&key(20));
    store.damage(&key(20), |bytes| bytes[40] ^= 1);
    // In the same process, which remembers that it took one, and in another.
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(taken(&repository.blocking().maybe_snapshot(&mut handle)), key(20));
    assert_eq!(store.bytes(&key(20)), sound);
    store.damage(&key(20), |bytes| bytes.truncate(7));
    let other = open(definition(), &store, &log);
    let mut handle = other.blocking().load(STREAM).unwrap();
    assert_eq!(taken(&other.blocking().maybe_snapshot(&mut handle)), key(20));
    assert_eq!(store.bytes(&key(20)), sound);
}

#[test]
fn what_another_handle_took_is_a_baseline_unless_it_is_the_rejected_one() {
    let (repository, store, _) = two_snapshots();
    store.damage(&key(20), |bytes| bytes[40] ^= 1);
    let mut first = repository.blocking().load(STREAM).unwrap();
    let mut second = repository.blocking().load(STREAM).unwrap();
    assert_eq!(codes(&second), [Code::Corrupt]);
    assert_eq!(taken(&repository.blocking().maybe_snapshot(&mut first)), key(25));
    store.take_trace();
    let outcome = repository.blocking().maybe_snapshot(&mut second);
    assert!(crate::not_due(&outcome), "{outcome:?}");
    assert_eq!(store.take_trace(), [""; 0]);
}

#[test]
fn a_snapshot_that_one_load_rejected_is_no_baseline_for_any_handle() {
    let (repository, store, _) = bench(definition(), 20);
    let mut early = repository.blocking().load(STREAM).unwrap();
    snapshot(&repository);
    assert!(crate::not_due(&repository.blocking().maybe_snapshot(&mut early)));
    store.damage(&key(20), |bytes| bytes[40] ^= 1);
    assert_eq!(codes(&repository.blocking().load(STREAM).unwrap()), [Code::Corrupt]);
    assert_eq!(taken(&repository.blocking().maybe_snapshot(&mut early)), key(20));
}
