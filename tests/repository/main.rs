//! The driver: a definition, a store and a log together.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod attempts;
mod audits;
mod blocking;
mod built_in;
#[cfg(not(target_family = "wasm"))]
mod commitments;
mod concurrency;
mod definition;
mod forgetting;
mod history;
#[cfg(not(target_family = "wasm"))]
mod laws;
mod loading;
mod maintenance;
mod migration;
mod paced;
mod past;
mod replays;
mod saving;
mod scenarios;
mod signing;
mod sparse;
mod verdicts;

use serde::{Deserialize, Serialize};
use snapfold::fold::{Fold, Row};
use snapfold::policy::Policy;
use snapfold::store::{Definition, Handle, Outcome, Repository, Skipped, StreamKeys};

use common::{Log, TestStore};

/// A state in which the order of events shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Account {
    balance: i64,
    /// Changes with each event and depends on all before it.
    fingerprint: u32,
    notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Event {
    Paid(i64),
    Noted(String),
}

struct Accounts;

impl Fold for Accounts {
    type State = Account;
    type Event = Event;

    fn initial(&self) -> Account {
        Account::default()
    }

    fn evolve(&self, account: &mut Account, event: &Event) {
        let weight = match event {
            Event::Paid(amount) => {
                account.balance += amount;
                *amount as u32
            }
            Event::Noted(note) => {
                account.notes.push(note.clone());
                note.len() as u32
            }
        };
        account.fingerprint = account
            .fingerprint
            .wrapping_mul(31)
            .wrapping_add(weight)
            .wrapping_add(1);
    }
}

const STREAM: &str = "account-7";

type Accounting = Repository<Accounts, TestStore, Log<Event>>;

fn definition() -> Definition<Accounts> {
    Definition::new("account", 1, Accounts).policy(Policy::every_events(10).unwrap())
}

fn open(definition: Definition<Accounts>, store: &TestStore, log: &Log<Event>) -> Accounting {
    Repository::new(definition, store.clone(), log.clone()).unwrap()
}

/// A repository with its store and its log of `events` events from position 1 on.
fn bench(definition: Definition<Accounts>, events: u64) -> (Accounting, TestStore, Log<Event>) {
    let (store, log) = (TestStore::default(), Log::default());
    append(&log, 1..=events);
    (open(definition, &store, &log), store, log)
}

fn event(position: u64) -> Row<Event> {
    Row::new(position, format!("e{position}"), Event::Paid(position as i64))
}

fn append(log: &Log<Event>, positions: impl IntoIterator<Item = u64>) {
    for position in positions {
        log.insert(STREAM, event(position));
    }
}

/// What folding every row by hand gives.
fn replay(log: &Log<Event>) -> Account {
    fold(&log.rows(STREAM))
}

fn fold(rows: &[Row<Event>]) -> Account {
    let mut account = Account::default();
    for row in rows {
        Accounts.evolve(&mut account, &row.event);
    }
    account
}

fn keys() -> StreamKeys {
    StreamKeys::new("account", STREAM).unwrap()
}

fn key(position: u64) -> String {
    keys().snapshot(1, position)
}

/// Loads, and takes a snapshot whatever the policy says.
fn snapshot(repository: &Accounting) -> Handle<Account> {
    let mut handle = repository.blocking().load(STREAM).unwrap();
    let outcome = repository.blocking().snapshot(&mut handle).unwrap();
    assert!(matches!(outcome, Outcome::Taken { .. }), "{outcome:?}");
    handle
}

fn taken(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Taken { key, .. } => key,
        other => panic!("{other:?}"),
    }
}

fn skipped(outcome: Outcome) -> Skipped {
    match outcome {
        Outcome::Skipped(skipped) => skipped,
        other => panic!("{other:?}"),
    }
}

fn not_due(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Skipped(Skipped::NotDue(_)))
}
