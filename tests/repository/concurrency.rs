//! Several writers, old owners, old code, and streams that were forgotten meanwhile: nothing newer is hidden, nothing needed deleted.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use serde::{Deserialize, Serialize};
use snapfold::Code;
use snapfold::fold::{Fold, Row};
use snapfold::frame::{self, Expect};
use snapfold::policy::Policy;
use snapfold::store::{Definition, Outcome, Repository, Retention, Skipped, Source};

use crate::common::{Log, TestStore};
use crate::{
    Accounting, Event, STREAM, append, bench, definition, event, key, keys, open, replay, skipped, snapshot, taken,
};

fn fence_at(store: &TestStore, position: u64) -> Option<u64> {
    let frame = store.bytes(&key(position)).unwrap();
    frame::inspect(&frame, &Expect::default()).unwrap().header.fence
}

/// A repository whose streams have the owner that the number says.
fn owned(fence: &Arc<AtomicU64>, store: &TestStore, log: &Log<Event>) -> Accounting {
    let fence = Arc::clone(fence);
    open(
        definition().fence(move |_| Some(fence.load(Ordering::SeqCst))),
        store,
        log,
    )
}

#[test]
fn an_old_owner_writes_nothing_once_the_new_one_has() {
    let (unfenced, store, log) = bench(definition(), 20);
    let old = owned(&Arc::new(AtomicU64::new(1)), &store, &log);
    let new = owned(&Arc::new(AtomicU64::new(2)), &store, &log);
    let mut zombie = old.blocking().load(STREAM).unwrap();
    assert_eq!(zombie.fence(), Some(1));
    snapshot(&new);
    assert_eq!(fence_at(&store, 20), Some(2));
    // At the same position, and above it: its snapshot would be the newest.
    for events in [20, 40] {
        append(&log, 21..=events);
        old.apply(&mut zombie, (21..=events).map(event)).unwrap();
        store.take_trace();
        let Outcome::Failed(error) = old.blocking().maybe_snapshot(&mut zombie) else {
            panic!("{events}")
        };
        assert_eq!((error.code(), error.position()), (Code::Fenced, Some(20)));
        assert_eq!(old.blocking().snapshot(&mut zombie).unwrap_err().code(), Code::Fenced);
        assert!(
            store.take_trace().iter().all(|done| !done.starts_with("put")),
            "not even a marker"
        );
    }
    assert_eq!(store.keys(), [key(20)]);
    assert_eq!(unfenced.blocking().load(STREAM).unwrap().state(), &replay(&log));
}

#[test]
fn a_handle_keeps_the_fence_that_it_was_loaded_with() {
    let (_, store, log) = bench(definition(), 20);
    let fence = Arc::new(AtomicU64::new(1));
    let repository = owned(&fence, &store, &log);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    fence.store(3, Ordering::SeqCst);
    assert_eq!(
        handle.fence(),
        Some(1),
        "who owned the stream when its events were read"
    );
    let mut stale = handle.clone();
    repository.blocking().refresh(&mut handle).unwrap();
    assert_eq!(handle.fence(), Some(3));
    taken(&repository.blocking().maybe_snapshot(&mut handle));
    append(&log, 21..=40);
    repository.apply(&mut stale, (21..=40).map(event)).unwrap();
    let Outcome::Failed(error) = repository.blocking().maybe_snapshot(&mut stale) else {
        panic!()
    };
    assert_eq!(error.code(), Code::Fenced);
}

#[test]
fn an_owner_goes_on_after_its_predecessor() {
    let (unfenced, store, log) = bench(definition(), 10);
    snapshot(&unfenced);
    for owner in 1..=3 {
        append(&log, (owner * 10 + 1)..=(owner * 10 + 10));
        snapshot(&owned(&Arc::new(AtomicU64::new(owner)), &store, &log));
        assert_eq!(fence_at(&store, owner * 10 + 10), Some(owner));
    }
}

/// Both have listed an empty slot; then one writes, then the other.
#[test]
fn two_writers_at_one_position() {
    for exclusive in [false, true] {
        let (first, store, log) = bench(definition(), 20);
        let second = open(definition(), &store, &log);
        if exclusive {
            store.exclude();
        }
        let mut ours = first.blocking().load(STREAM).unwrap();
        let mut theirs = second.blocking().load(STREAM).unwrap();
        store.slow_down();
        let mut saving = pin!(first.maybe_snapshot(&mut ours));
        let mut context = Context::from_waker(Waker::noop());
        assert!(saving.as_mut().poll(&mut context).is_pending());
        taken(&second.blocking().maybe_snapshot(&mut theirs));
        let Poll::Ready(outcome) = saving.as_mut().poll(&mut context) else {
            panic!()
        };
        match exclusive {
            true => assert_eq!(skipped(outcome), Skipped::AlreadyCovered(key(20))),
            false => assert_eq!(taken(&outcome), key(20)),
        }
        assert_eq!(store.keys(), [key(20)]);
        let restored = second.blocking().load(STREAM).unwrap();
        assert_eq!(
            (restored.source(), restored.state()),
            (Source::Snapshot { position: 20 }, &replay(&log))
        );
    }
}

#[test]
fn a_store_that_tears_what_it_is_given_costs_no_snapshot() {
    let (repository, store, log) = bench(definition().keep(1), 20);
    snapshot(&repository);
    append(&log, 21..=40);
    store.tear(true);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    let Outcome::Failed(error) = repository.blocking().maybe_snapshot(&mut handle) else {
        panic!()
    };
    assert_eq!((error.code(), error.position()), (Code::Truncated, Some(40)));
    assert!(store.bytes(&key(20)).is_some(), "the sound one stays");
    store.tear(false);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.source(), handle.state()),
        (Source::Snapshot { position: 20 }, &replay(&log))
    );
    assert!(matches!(
        repository.blocking().snapshot(&mut handle),
        Ok(Outcome::Taken { .. })
    ));
    assert_eq!(
        repository.blocking().load(STREAM).unwrap().source(),
        Source::Snapshot { position: 40 }
    );
}

#[test]
fn without_reading_back_a_torn_snapshot_costs_none_either() {
    let (repository, store, log) = bench(definition().keep(1).read_back(false), 20);
    snapshot(&repository);
    for last in [40, 60] {
        append(&log, (last - 19)..=last);
        store.tear(true);
        let mut handle = repository.blocking().load(STREAM).unwrap();
        assert_eq!(handle.source(), Source::Snapshot { position: 20 });
        assert!(matches!(
            repository.blocking().maybe_snapshot(&mut handle),
            Outcome::Taken { .. }
        ));
    }
    store.tear(false);
    // One that a load used lets go of what lies behind it.
    append(&log, 61..=80);
    snapshot(&repository);
    append(&log, 81..=100);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(handle.source(), Source::Snapshot { position: 80 });
    let Outcome::Taken { deleted, .. } = repository.blocking().maybe_snapshot(&mut handle) else {
        panic!()
    };
    assert!(deleted.contains(&key(20)) && !deleted.contains(&key(80)), "{deleted:?}");
}

#[test]
fn named_positions_are_kept() {
    let retention = Retention {
        positions: vec![25],
        ..Retention::from(1)
    };
    let (repository, store, log) = bench(definition().retention(retention), 0);
    for last in [10, 20, 30, 40] {
        append(&log, (last - 9)..=last);
        snapshot(&repository);
    }
    assert_eq!(store.keys(), [key(40), key(20)]);
}

#[test]
fn a_late_writer_does_not_bring_a_forgotten_stream_back() {
    let (repository, store, log) = bench(definition(), 20);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    store.set(&keys().tombstone(), b"\xa0");
    assert_eq!(
        skipped(repository.blocking().snapshot(&mut handle).unwrap()),
        Skipped::Forgotten
    );
    assert_eq!(store.keys(), [keys().tombstone()]);
    // Nor does the marker of an attempt that fails.
    append(&log, 21..=80);
    repository.apply(&mut handle, (21..=80).map(event)).unwrap();
    store.limit(10);
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    assert!(matches!(skipped(outcome), Skipped::TooLarge(_)));
    assert_eq!(store.keys(), [keys().tombstone()]);
}

fn type_of(event: &Event) -> String {
    match event {
        Event::Paid(_) => "Paid".into(),
        Event::Noted(_) => "Noted".into(),
    }
}

fn noted(position: u64) -> Row<Event> {
    Row::new(
        position,
        format!("e{position}"),
        Event::Noted(format!("note {position}")),
    )
}

#[test]
fn an_event_that_this_code_does_not_know_keeps_it_from_snapshotting() {
    let (repository, store, log) = bench(definition().type_of(type_of).knows(["Paid"]), 15);
    log.insert(STREAM, noted(16));
    append(&log, [17]);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        skipped(repository.blocking().maybe_snapshot(&mut handle)),
        Skipped::UnknownEvent("Noted".into())
    );
    let refused = repository.blocking().snapshot(&mut handle).unwrap_err();
    assert_eq!(refused.code(), Code::UnknownEvent);
    assert_eq!(store.keys(), [""; 0]);
}

#[test]
fn knows_needs_the_type_of_events() {
    let (store, log) = (TestStore::default(), Log::<Event>::default());
    let refused = Repository::new(definition().knows(["Paid"]), store, log).err().unwrap();
    assert_eq!((refused.code(), refused.path()), (Code::InvalidOption, Some("type_of")));
}

/// As the new code has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Noting {
    balance: i64,
    #[serde(default)]
    notes: Vec<String>,
}

/// As the old code had it: reading and writing it drops the notes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Paying {
    balance: i64,
}

struct New;

impl Fold for New {
    type State = Noting;
    type Event = Event;

    fn initial(&self) -> Noting {
        Noting::default()
    }

    fn evolve(&self, state: &mut Noting, event: &Event) {
        match event {
            Event::Paid(amount) => state.balance += amount,
            Event::Noted(note) => state.notes.push(note.clone()),
        }
    }
}

struct Old;

impl Fold for Old {
    type State = Paying;
    type Event = Event;

    fn initial(&self) -> Paying {
        Paying::default()
    }

    fn evolve(&self, state: &mut Paying, event: &Event) {
        if let Event::Paid(amount) = event {
            state.balance += amount;
        }
    }
}

fn deployed<F: Fold<Event = Event>>(fold: F, knows: &[&str]) -> Definition<F> {
    Definition::new("account", 1, fold)
        .policy(Policy::every_events(1).unwrap())
        .type_of(type_of)
        .knows(knows.iter().copied())
}

/// Old and new code take turns on one stream, and no version was bumped. The old code ignores the events that it does not know, and drops
/// from states what it does not know: what it saved on top of either would hide it from the new code for good.
#[test]
fn a_rolling_deploy_loses_nothing_for_the_new_code() {
    // Which of the last 3 of 6 events are of the new type, and which of the 6 the old code answers to.
    let (mut old_took, mut new_took) = (0, 0);
    for types in 0..8u32 {
        for turns in 0..64u32 {
            let (store, log) = (TestStore::default(), Log::default());
            let new = Repository::new(deployed(New, &["Paid", "Noted"]), store.clone(), log.clone()).unwrap();
            let old = Repository::new(deployed(Old, &["Paid"]), store.clone(), log.clone()).unwrap();
            for position in 1..=6u64 {
                let is_new = position > 3 && types >> (position - 4) & 1 == 1;
                log.insert(STREAM, if is_new { noted(position) } else { event(position) });
                if turns >> (position - 1) & 1 == 1 {
                    let mut handle = old.blocking().load(STREAM).unwrap();
                    old_took += u32::from(matches!(
                        old.blocking().maybe_snapshot(&mut handle),
                        Outcome::Taken { .. }
                    ));
                } else {
                    let mut handle = new.blocking().load(STREAM).unwrap();
                    let mut truth = Noting::default();
                    log.rows(STREAM)
                        .iter()
                        .for_each(|row| New.evolve(&mut truth, &row.event));
                    assert_eq!(
                        handle.state(),
                        &truth,
                        "types {types:b}, turns {turns:b}, at {position}"
                    );
                    new_took += u32::from(matches!(
                        new.blocking().maybe_snapshot(&mut handle),
                        Outcome::Taken { .. }
                    ));
                }
            }
        }
    }
    println!("rolling deploys: 512 of 6 events; the old code took {old_took} snapshots, the new one {new_took}");
    assert!(old_took > 500 && new_took > 500);
}
