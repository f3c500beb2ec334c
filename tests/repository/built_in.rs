//! Folds with a digest: a slot of their own, and events that change what a snapshot holds.

use serde::{Deserialize, Serialize};
use snapfold::fold::{Fold, Row};
use snapfold::store::{Definition, Repository, Source, StreamKeys};
use snapfold::{Code, Error, Result};

use crate::common::{Log, TestStore};

const STREAM: &str = "run-1";

/// Keeps numbers. A negative one takes back the number at that position, which only a fold that has read it itself can do.
struct Numbers {
    digest: [u8; 32],
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Kept {
    numbers: Vec<i64>,
    /// How many of them did not come out of a snapshot.
    #[serde(skip)]
    read: usize,
}

impl Fold for Numbers {
    type State = Kept;
    type Event = i64;

    fn initial(&self) -> Kept {
        Kept::default()
    }

    fn evolve(&self, kept: &mut Kept, number: &i64) {
        kept.numbers.push(*number);
        kept.read += 1;
    }

    fn try_evolve(&self, kept: &mut Kept, number: &i64) -> Result<()> {
        let Ok(taken_back @ 1..) = usize::try_from(-number) else {
            self.evolve(kept, number);
            return Ok(());
        };
        if taken_back <= kept.numbers.len() - kept.read {
            return Err(Error::new(Code::InvalidatesBase, "load the stream again").at_position(taken_back as u64));
        }
        kept.numbers[taken_back - 1] = 0;
        self.evolve(kept, number);
        Ok(())
    }

    fn digest(&self) -> Option<[u8; 32]> {
        Some(self.digest)
    }
}

fn open(digest: u8, version: u32, store: &TestStore, log: &Log<i64>) -> Repository<Numbers, TestStore, Log<i64>> {
    let fold = Numbers { digest: [digest; 32] };
    Repository::new(
        Definition::new("run", version, fold).keep(9),
        store.clone(),
        log.clone(),
    )
    .unwrap()
}

fn append(log: &Log<i64>, numbers: &[i64]) {
    let after = log.rows(STREAM).len() as u64;
    for (position, number) in (after + 1..).zip(numbers) {
        log.insert(STREAM, Row::new(position, format!("e{position}"), *number));
    }
}

fn key(digest: u8, position: u64) -> String {
    StreamKeys::new("run", STREAM).unwrap().snapshot([digest; 32], position)
}

#[test]
fn a_fold_with_a_digest_has_its_slot_whatever_the_version_and_others_do_not_see_it() {
    let (store, log) = (TestStore::default(), Log::default());
    append(&log, &[5, 6, 7]);
    let repository = open(1, 1, &store, &log);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    repository.blocking().snapshot(&mut handle).unwrap();
    assert_eq!(store.keys(), [key(1, 3)]);
    let restored = repository.blocking().load(STREAM).unwrap();
    assert_eq!(restored.source(), Source::Snapshot { position: 3 });

    let other = open(2, 1, &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!((other.source(), other.rejected()), (Source::Replay, &[][..]));
    store.set(&key(2, 3), &store.bytes(&key(1, 3)).unwrap());
    let moved = open(2, 1, &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(moved.source(), Source::Replay);
    assert_eq!(moved.rejected()[0].code, Code::Foreign);

    let newer = open(1, 2, &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(newer.rejected()[0].code, Code::Stale);
}

#[test]
fn migrations_into_a_built_in_fold_are_refused() {
    let definition = Definition::new("run", 2, Numbers { digest: [1; 32] }).migrate(1, Ok);
    let error = Repository::new(definition, TestStore::default(), Log::<i64>::default())
        .err()
        .unwrap();
    assert_eq!((error.code(), error.path()), (Code::InvalidOption, Some("migrate")));
}

#[test]
fn an_event_that_changes_what_a_snapshot_holds_sends_the_load_below_it() {
    for (taken_back, source, rejected) in [
        (5, Source::Snapshot { position: 4 }, &[][..]),
        (3, Source::Snapshot { position: 2 }, &[4]),
        (2, Source::Replay, &[4, 2]),
    ] {
        let (store, log) = (TestStore::default(), Log::default());
        let repository = open(1, 1, &store, &log);
        for numbers in [[5, 6], [7, 8]] {
            append(&log, &numbers);
            let mut handle = repository.blocking().load(STREAM).unwrap();
            repository.blocking().snapshot(&mut handle).unwrap();
        }
        append(&log, &[9, -taken_back, 10]);
        let handle = repository.blocking().load(STREAM).unwrap();
        let mut truth = vec![5, 6, 7, 8, 9, -taken_back, 10];
        truth[taken_back as usize - 1] = 0;
        assert_eq!(handle.state().numbers, truth);
        assert_eq!((handle.source(), handle.position()), (source, Some(7)));
        let found: Vec<_> = handle
            .rejected()
            .iter()
            .map(|it| (it.position.unwrap(), it.code))
            .collect();
        let expected: Vec<_> = rejected.iter().map(|at| (*at, Code::InvalidatesBase)).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_live_handle_refuses_such_an_event_and_stays_as_it_was() {
    let (store, log) = (TestStore::default(), Log::default());
    append(&log, &[5, 6]);
    let repository = open(1, 1, &store, &log);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    repository.blocking().snapshot(&mut handle).unwrap();
    let mut restored = repository.blocking().load(STREAM).unwrap();
    let before = restored.state().clone();
    let error = repository.apply(&mut restored, [Row::new(3, "e3", -1)]).unwrap_err();
    assert_eq!((error.code(), error.position()), (Code::InvalidatesBase, Some(1)));
    assert_eq!((restored.position(), restored.state()), (Some(2), &before));
    // A refresh reads the log, and can begin below.
    append(&log, &[-1]);
    repository.blocking().refresh(&mut restored).unwrap();
    assert_eq!(
        (restored.source(), &restored.state().numbers),
        (Source::Replay, &vec![0, 6, -1])
    );
}
