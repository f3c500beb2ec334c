//! Keys, compression and verification in the driver.

use std::sync::atomic::{AtomicU32, Ordering};

use snapfold::fold::Fold;
use snapfold::frame::{self, Compression, Expect, Key};
use snapfold::store::{Definition, MemoryStore, Outcome, Repository, Source};
use snapfold::{Code, value};

use crate::common::Log;
use crate::{Event, STREAM, append, bench, definition, key, open, replay, snapshot};

fn secret(id: &str, byte: u8) -> Key {
    Key::new(id, [byte; 32]).unwrap()
}

#[test]
fn what_is_written_is_signed_with_the_first_key() {
    let (old, new) = (secret("2024", 1), secret("2025", 2));
    let (repository, store, log) = bench(definition().keys([old.clone()]), 10);
    snapshot(&repository);
    let key_id = |position| {
        let keys = [old.clone(), new.clone()];
        let expect = Expect {
            keys: &keys,
            ..Expect::default()
        };
        frame::inspect(&store.bytes(&key(position)).unwrap(), &expect)
            .unwrap()
            .key_id
    };
    assert_eq!(key_id(10).as_deref(), Some("2024"));

    // Rotated: what the old key signed is read, what is written is signed with the new one.
    append(&log, 11..=20);
    let rotated = open(definition().keys([new.clone(), old.clone()]), &store, &log);
    let handle = snapshot(&rotated);
    assert_eq!(handle.source(), Source::Snapshot { position: 10 });
    assert_eq!((handle.state(), key_id(20).as_deref()), (&replay(&log), Some("2025")));
}

#[test]
fn a_load_with_keys_uses_nothing_that_is_not_signed_with_one_of_them() {
    let ours = secret("2024", 1);
    for (writer, verdict) in [
        (definition(), Code::Unsigned),
        (definition().keys([secret("2023", 1)]), Code::UnknownKey),
        (definition().keys([secret("2024", 9)]), Code::Corrupt),
    ] {
        let (repository, store, log) = bench(writer, 10);
        snapshot(&repository);
        let reader = open(definition().keys([ours.clone()]), &store, &log);
        let handle = reader.blocking().load(STREAM).unwrap();
        assert_eq!((handle.source(), handle.state()), (Source::Replay, &replay(&log)));
        let codes: Vec<Code> = handle.rejected().iter().map(|rejection| rejection.code).collect();
        assert_eq!(codes, [verdict]);
    }
}

#[test]
fn a_snapshot_of_another_key_at_our_position_stays() {
    let (theirs, store, log) = bench(definition().keys([secret("2025", 2)]), 10);
    snapshot(&theirs);
    let bytes = store.bytes(&key(10)).unwrap();
    let ours = open(definition().keys([secret("2024", 1)]), &store, &log);
    let mut handle = ours.blocking().load(STREAM).unwrap();
    let error = ours.blocking().snapshot(&mut handle).unwrap_err();
    assert_eq!(
        (error.code(), error.position()),
        (Code::UnknownKey, Some(10)),
        "{error}"
    );
    assert_eq!(store.bytes(&key(10)).unwrap(), bytes);
    // Elsewhere nothing is in the way, and theirs is neither counted nor deleted.
    append(&log, 11..=30);
    snapshot(&open(definition().keep(1).keys([secret("2024", 1)]), &store, &log));
    assert_eq!(store.keys(), [key(30), key(10)]);
}

#[test]
fn a_snapshot_that_is_not_signed_is_replaced() {
    let (unsigned, store, log) = bench(definition(), 10);
    snapshot(&unsigned);
    let signing = open(definition().keys([secret("2024", 1)]), &store, &log);
    snapshot(&signing);
    assert_eq!(
        signing.blocking().load(STREAM).unwrap().source(),
        Source::Snapshot { position: 10 }
    );
}

#[test]
fn two_keys_of_one_name_are_refused() {
    let definition = definition().keys([secret("2024", 1), secret("2025", 1), secret("2024", 2)]);
    let made = Repository::new(definition, MemoryStore::default(), Log::<Event>::default());
    let error = made.err().unwrap();
    assert_eq!((error.code(), error.path()), (Code::InvalidOption, Some("keys")));
}

#[test]
fn compressed_snapshots_are_loaded_covered_and_measured_as_stored() {
    let noted = |position: u64| {
        snapfold::fold::Row::new(position, format!("e{position}"), Event::Noted("the same words".into()))
    };
    let (repository, store, log) = bench(definition().compression(Compression::Auto), 0);
    (1..=400).for_each(|position| log.insert(STREAM, noted(position)));
    let mut handle = snapshot(&repository);
    let bytes = store.bytes(&key(400)).unwrap();
    let facts = frame::inspect(&bytes, &Expect::default()).unwrap().payload;
    assert_eq!(facts.bytes, value::to_vec(&replay(&log)).unwrap().len() as u64);
    assert!(facts.stored_bytes() < facts.bytes / 4 && (bytes.len() as u64) < facts.bytes / 2);
    let outcome = repository.blocking().snapshot(&mut handle).unwrap();
    assert!(format!("{outcome:?}").contains("AlreadyCovered"), "{outcome:?}");

    // The state digest is what counts: one that is stored otherwise covers it too.
    let plain = open(definition(), &store, &log);
    let mut handle = plain.blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.source(), handle.state()),
        (Source::Snapshot { position: 400 }, &replay(&log))
    );
    let outcome = plain.blocking().snapshot(&mut handle).unwrap();
    assert!(format!("{outcome:?}").contains("AlreadyCovered"), "{outcome:?}");

    // max_bytes is about the frame, max_state_bytes about the state.
    let limit = bytes.len() as u64;
    let small = definition().compression(Compression::Auto).max_bytes(limit);
    store.remove(&key(400));
    snapshot(&open(small, &store, &log));
    let too_small = open(
        definition()
            .compression(Compression::Auto)
            .max_state_bytes(facts.bytes - 1),
        &store,
        &log,
    );
    let handle = too_small.blocking().load(STREAM).unwrap();
    assert_eq!(handle.rejected()[0].code, Code::TooLarge);
}

/// Encodes differently each time, but not while the repository is made.
struct Restless;

static ENCODED: AtomicU32 = AtomicU32::new(0);

#[derive(Clone, serde::Deserialize)]
struct Moody(u32);

impl serde::Serialize for Moody {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mood = if self.0 == 0 {
            0
        } else {
            ENCODED.fetch_add(1, Ordering::Relaxed) + 1
        };
        serializer.serialize_u32(mood)
    }
}

impl Fold for Restless {
    type State = Moody;
    type Event = Event;

    fn initial(&self) -> Moody {
        Moody(0)
    }

    fn evolve(&self, state: &mut Moody, _: &Event) {
        state.0 = 1;
    }
}

#[test]
fn verify_on_seal_refuses_a_state_that_does_not_survive_its_encoding() {
    let log = Log::default();
    append(&log, 1..=10);
    let restless = Definition::new("account", 1, Restless).verify_on_seal();
    let repository = Repository::new(restless, MemoryStore::default(), log).unwrap();
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        repository.blocking().snapshot(&mut handle).unwrap_err().code(),
        Code::Unencodable
    );

    let (sound, _, _) = bench(definition().verify_on_seal().compression(Compression::Auto), 10);
    let mut handle = sound.blocking().load(STREAM).unwrap();
    assert!(matches!(
        sound.blocking().snapshot(&mut handle).unwrap(),
        Outcome::Taken { .. }
    ));
}
