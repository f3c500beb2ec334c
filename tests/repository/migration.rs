//! Versions: migrations lead forward, gaps are refused when defined, and what fails is replayed.

use snapfold::store::{Definition, Outcome, Repository, Source};
use snapfold::value::Value;
use snapfold::{Code, Error, Result};

use crate::common::{Log, TestStore};
use crate::{Accounts, Event, STREAM, append, bench, definition, keys, open, replay, snapshot, taken};

fn version(version: u32) -> Definition<Accounts> {
    Definition::new("account", version, Accounts)
}

/// Adds a note that says which step ran.
fn noting(step: &'static str) -> impl Fn(Value) -> Result<Value> + Send + Sync {
    move |state| {
        let Value::Object(mut fields) = state else {
            return Err(Error::new(Code::MigrationFailed, "not an object"));
        };
        for (name, value) in &mut fields {
            if let (true, Value::Array(notes)) = (name == "notes", value) {
                notes.push(step.into());
            }
        }
        Ok(Value::Object(fields))
    }
}

fn with_old_snapshot() -> (TestStore, Log<Event>) {
    let (repository, store, log) = bench(definition(), 20);
    snapshot(&repository);
    append(&log, 21..=22);
    (store, log)
}

#[test]
fn the_steps_run_in_order_from_the_snapshots_version_on() {
    let (store, log) = with_old_snapshot();
    let third = || version(3).migrate(2, noting("from 2")).migrate(1, noting("from 1"));
    let mut handle = open(third(), &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(
        handle.source(),
        Source::Migrated {
            position: 20,
            version: 1
        }
    );
    assert_eq!(handle.state().notes, ["from 1", "from 2"]);
    assert_eq!((handle.position(), handle.replayed()), (Some(22), 2));

    let second = version(2).migrate(1, noting("from 1"));
    let second_handle = open(second, &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(second_handle.state().notes, ["from 1"]);

    // Saved in its own slot it is loaded without a migration, and the old one stays for those who still need it.
    open(third(), &store, &log).blocking().snapshot(&mut handle).unwrap();
    let again = open(third(), &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(
        (again.source(), again.state()),
        (Source::Snapshot { position: 22 }, handle.state())
    );
    assert_eq!(store.keys(), [keys().snapshot(1, 20), keys().snapshot(3, 22)]);
}

#[test]
fn the_newest_version_that_can_be_migrated_goes_first() {
    let (store, log) = with_old_snapshot();
    append(&log, [23]);
    snapshot(&open(version(2).migrate(1, noting("from 1")), &store, &log));
    let third = version(3).migrate(1, noting("from 1")).migrate(2, noting("from 2"));
    let handle = open(third, &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(
        handle.source(),
        Source::Migrated {
            position: 23,
            version: 2
        }
    );
    assert_eq!(handle.state().notes, ["from 1", "from 2"]);
}

#[test]
fn a_migrated_snapshot_is_no_baseline_for_the_policy() {
    let (store, log) = with_old_snapshot();
    let repository = open(version(2).migrate(1, Ok), &store, &log);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    assert!(crate::not_due(&outcome), "22 of 100 events: {outcome:?}");
    append(&log, 23..=100);
    repository.blocking().refresh(&mut handle).unwrap();
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    assert_eq!(
        taken(&outcome),
        keys().snapshot(2, 100),
        "counted from the first event, not from 20"
    );
}

#[test]
fn a_step_that_fails_is_a_rejection_and_the_log_is_replayed() {
    let broken: [fn(Value) -> Result<Value>; 3] = [
        |_| Err(Error::new(Code::Invalid, "no such cart")),
        |_| Ok(Value::from("another shape")),
        |_| {
            Ok(Value::Object(vec![
                ("a".into(), Value::Null),
                ("a".into(), Value::Null),
            ]))
        },
    ];
    for (step, code) in broken
        .into_iter()
        .zip([Code::MigrationFailed, Code::MigrationFailed, Code::MigrationFailed])
    {
        let (store, log) = with_old_snapshot();
        let handle = open(version(2).migrate(1, step), &store, &log)
            .blocking()
            .load(STREAM)
            .unwrap();
        assert_eq!((handle.state(), handle.source()), (&replay(&log), Source::Replay));
        assert_eq!(
            handle
                .rejected()
                .iter()
                .map(|rejection| rejection.code)
                .collect::<Vec<_>>(),
            [code]
        );
    }
}

#[test]
fn a_chain_with_a_gap_is_refused_when_it_is_defined() {
    let refused = |definition: Definition<Accounts>| {
        let error = Repository::new(definition, TestStore::default(), Log::<Event>::default())
            .err()
            .unwrap();
        assert_eq!(error.code(), Code::InvalidOption);
        error.path().unwrap().to_owned()
    };
    assert_eq!(refused(version(4).migrate(1, Ok).migrate(3, Ok)), "migrate(2)");
    assert_eq!(refused(version(4).migrate(1, Ok)), "migrate(2)");
    assert_eq!(refused(version(4).migrate(2, Ok)), "migrate(3)");
    assert_eq!(refused(version(4).migrate(3, Ok).migrate(4, Ok)), "migrate(4)");
    assert_eq!(refused(version(4).migrate(3, Ok).migrate(9, Ok)), "migrate(9)");
    assert_eq!(refused(version(2).migrate(0, Ok).migrate(1, Ok)), "migrate(0)");
    let whole = version(4).migrate(3, Ok).migrate(2, Ok);
    assert!(Repository::new(whole, TestStore::default(), Log::<Event>::default()).is_ok());
}

// validate

fn solvent() -> Definition<Accounts> {
    definition().validate(|account| match account.balance {
        0.. => Ok(()),
        _ => Err(Error::new(Code::Invalid, "an account below zero")),
    })
}

#[test]
fn a_state_that_no_event_could_have_led_to_is_not_loaded() {
    let (repository, store, log) = bench(definition(), 20);
    let handle = snapshot(&repository);
    let impossible = crate::Account {
        balance: -1,
        ..handle.state().clone()
    };
    let header = snapfold::frame::Header::new("account", 1, STREAM, 20, 20);
    let payload = snapfold::value::to_vec(&impossible).unwrap();
    store.set(&crate::key(20), &snapfold::frame::seal(&header, &payload).unwrap());
    let handle = open(solvent(), &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.state(), handle.rejected()[0].code),
        (&replay(&log), Code::Invalid)
    );
    assert!(handle.rejected()[0].message.contains("an account below zero"));
}

#[test]
fn a_state_that_validate_refuses_is_not_sealed() {
    let (repository, store, log) = bench(solvent(), 9);
    log.insert(STREAM, snapfold::fold::Row::new(10, "e10", Event::Paid(-1_000)));
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        handle.state().balance,
        45 - 1_000,
        "the log is the truth, so it is loaded"
    );
    let outcome = repository.blocking().maybe_snapshot(&mut handle);
    let Outcome::Failed(error) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.code(), Code::Invalid);
    assert!(
        store.keys().iter().all(|key| *key == keys().attempt(1)),
        "{:?}",
        store.keys()
    );
}
