//! A definition: its defaults, and options that make no sense.

use std::collections::{BTreeMap, HashSet};

use snapfold::Code;
use snapfold::fold::{Fold, Row, Sequence};
use snapfold::policy::Policy;
use snapfold::store::{Definition, MemoryStore, Outcome, Repository, Retention, Skipped};

use crate::common::{Log, TestStore};
use crate::{Accounts, Event, STREAM, append, bench, event, keys, not_due, taken};

fn plain() -> Definition<Accounts> {
    Definition::new("account", 1, Accounts)
}

#[test]
fn the_defaults() {
    // Policy every 100 events, contiguous from 1, keep 2.
    let (repository, store, log) = bench(plain(), 99);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert!(not_due(&repository.blocking().maybe_snapshot(&mut handle)));
    for position in 100..=300 {
        append(&log, [position]);
        repository.apply(&mut handle, [event(position)]).unwrap();
        let outcome = repository.blocking().maybe_snapshot(&mut handle);
        assert_eq!(
            matches!(outcome, Outcome::Taken { .. }),
            position % 100 == 0,
            "{position}: {outcome:?}"
        );
    }
    assert_eq!(store.keys(), [crate::key(300), crate::key(200)]);
    // No clock.
    let header = snapfold::frame::inspect(&store.bytes(&crate::key(300)).unwrap(), &Default::default())
        .unwrap()
        .header;
    assert_eq!(header.taken_at, None);
    // Pages of 1,000 events.
    append(&log, 301..=2_500);
    log.take_reads();
    repository.blocking().load(STREAM).unwrap();
    assert_eq!(log.take_reads(), [Some(300), Some(1_300), Some(2_300), Some(2_501)]);
}

#[test]
fn frames_up_to_a_million_bytes() {
    let with_note = |length: usize| {
        let (repository, store, log) = bench(plain(), 0);
        log.insert(STREAM, Row::new(1, "e1", Event::Noted("x".repeat(length))));
        let mut handle = repository.blocking().load(STREAM).unwrap();
        let outcome = repository
            .blocking()
            .snapshot(&mut handle)
            .map_err(|error| error.code());
        outcome.map(|_| store.bytes(&crate::key(1)).unwrap().len())
    };
    let overhead = with_note(900_000).unwrap() - 900_000;
    assert_eq!(with_note(1_000_000 - overhead), Ok(1_000_000));
    assert_eq!(with_note(1_000_001 - overhead), Err(Code::TooLarge));
}

#[test]
fn options_that_make_no_sense_are_named() {
    let kinds = BTreeMap::from([("a".to_owned(), Policy::never())]);
    let daily = Retention {
        every: Some(86_400_000),
        ..Retention::from(2)
    };
    for (option, definition) in [
        ("name", Definition::new("", 1, Accounts)),
        ("version", Definition::new("account", 0, Accounts)),
        ("keep", plain().keep(0)),
        ("max_bytes", plain().max_bytes(0)),
        ("max_state_bytes", plain().max_state_bytes(0)),
        ("page_size", plain().page_size(0)),
        ("audit_every", plain().audit_every(0)),
        (
            "first_position",
            plain().sequence(Sequence::Contiguous { first_position: 2 }),
        ),
        ("bounds", plain().sequence(Sequence::Sparse)),
        ("clock", plain().policy(Policy::every_millis(1).unwrap())),
        ("clock", plain().policy(Policy::slow_load(1).unwrap())),
        ("clock", plain().retention(daily)),
        ("size_of", plain().policy(Policy::every_bytes(1).unwrap())),
        ("type_of", plain().policy(Policy::when_event(["Closed"]).unwrap())),
        (
            "kind_of",
            plain().policy(Policy::per_kind(kinds, Policy::never()).unwrap()),
        ),
        ("when", plain().policy(Policy::when_state(1).unwrap()).when(|_| true)),
    ] {
        let error = Repository::new(definition, MemoryStore::default(), Log::<Event>::default())
            .err()
            .unwrap();
        assert_eq!(
            (error.code(), error.path()),
            (Code::InvalidOption, Some(option)),
            "{error}"
        );
    }
}

#[test]
fn policies_see_what_the_accessors_say() {
    let typed = |event: &Event| match event {
        Event::Paid(_) => "Paid".to_owned(),
        Event::Noted(_) => "Noted".to_owned(),
    };
    let kinds = BTreeMap::from([("account".to_owned(), Policy::every_events(3).unwrap())]);
    for (what, definition) in [
        (
            "bytes",
            plain().policy(Policy::every_bytes(30).unwrap()).size_of(|_| 10),
        ),
        (
            "state",
            plain()
                .policy(Policy::when_state(0).unwrap())
                .when(|account| account.balance >= 6),
        ),
        (
            "kind",
            plain()
                .policy(Policy::per_kind(kinds, Policy::never()).unwrap())
                .kind_of(|stream| stream.split('-').next().unwrap().to_owned()),
        ),
        (
            "age of the first event",
            plain()
                .policy(Policy::every_millis(100).unwrap())
                .clock(|| 103)
                .time_of(|event| match event {
                    Event::Paid(1) => 0,
                    _ => 3,
                }),
        ),
        (
            "type",
            plain().policy(Policy::when_event(["Noted"]).unwrap()).type_of(typed),
        ),
    ] {
        let (repository, _, log) = bench(definition, 2);
        let early = what != "age of the first event";
        let mut handle = repository.blocking().load(STREAM).unwrap();
        assert_eq!(
            not_due(&repository.blocking().maybe_snapshot(&mut handle)),
            early,
            "{what}"
        );
        let third = match what {
            "type" => Row::new(3, "e3", Event::Noted("x".into())),
            _ => event(3),
        };
        log.insert(STREAM, third.clone());
        repository.apply(&mut handle, [third]).unwrap();
        let outcome = repository.blocking().maybe_snapshot(&mut handle);
        assert_eq!(matches!(outcome, Outcome::Taken { .. }), early, "{what}: {outcome:?}");
        assert!(not_due(&repository.blocking().maybe_snapshot(&mut handle)), "{what}");
    }
}

/// A state whose bytes would differ from one process to the next.
struct Tags;

impl Fold for Tags {
    type State = HashSet<String>;
    type Event = String;

    fn initial(&self) -> HashSet<String> {
        HashSet::new()
    }

    fn evolve(&self, tags: &mut HashSet<String>, tag: &String) {
        tags.insert(tag.clone());
    }
}

#[cfg(debug_assertions)]
#[test]
fn a_state_without_a_fixed_order_is_refused_in_debug_builds() {
    let log = Log::default();
    for position in 1..=200 {
        log.insert(
            "tags",
            Row::new(position, position.to_string(), format!("tag {position}")),
        );
    }
    let store = TestStore::default();
    let repository = Repository::new(Definition::new("tags", 1, Tags), store.clone(), log).unwrap();
    let mut handle = repository.blocking().load("tags").unwrap();
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    let Outcome::Failed(error) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.code(), Code::Unencodable);
    assert!(error.message().contains("BTreeSet"), "{error}");
    let attempt = snapfold::store::StreamKeys::new("tags", "tags").unwrap().attempt(1);
    assert_eq!(store.keys(), [attempt]);
}

/// An initial state that could never be snapshotted is found when the repository is made, not at the hundredth event.
#[test]
fn an_initial_state_that_cannot_be_encoded_is_refused_at_once() {
    struct Broken;
    impl Fold for Broken {
        type State = BTreeMap<Vec<u8>, u8>;
        type Event = ();

        fn initial(&self) -> Self::State {
            BTreeMap::from([(vec![1], 1)])
        }

        fn evolve(&self, _: &mut Self::State, (): &()) {}
    }
    let made = Repository::new(
        Definition::new("broken", 1, Broken),
        MemoryStore::default(),
        Log::default(),
    );
    assert_eq!(made.err().unwrap().code(), Code::Unencodable);
}

#[test]
fn clones_of_a_memory_store_share_what_is_stored() {
    let (store, log) = (MemoryStore::default(), Log::default());
    append(&log, 1..=100);
    let repository = Repository::new(plain(), store.clone(), log.clone()).unwrap();
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        taken(&repository.blocking().maybe_snapshot(&mut handle)),
        keys().snapshot(1, 100)
    );
    let other = Repository::new(plain(), store, log).unwrap();
    let mut handle = other.blocking().load(STREAM).unwrap();
    let outcome = other.blocking().snapshot(&mut handle).unwrap();
    assert_eq!(
        outcome,
        Outcome::Skipped(Skipped::AlreadyCovered(keys().snapshot(1, 100)))
    );
}
