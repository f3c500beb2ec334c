//! tests/scenarios: what happens to a stream, step by step, and what the driver asks of store and log. The npm package's driver runs the
//! same files (pkg/test/scenarios.test.ts).
//!
//! `SCENARIOS=write cargo test --test repository scenarios` writes what this driver does into the files, for reading and committing.

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs};

use serde_json::Value;
use snapfold::Code;
use snapfold::fold::{Fold, Row, Sequence};
use snapfold::frame::{self, Expect, Header};
use snapfold::policy::Policy;
use snapfold::store::{
    Bounds, Definition, EventLog, Handle, History, HostError, LoadOptions, OnStoreError, Outcome, Pruned, Repository,
    Skipped, Source, StreamKeys,
};

use crate::common::{Log, TestStore, now};

const NAME: &str = "n";
const STREAM: &str = "a";

/// The state is the list of positions that were folded: nothing hides in it.
struct Positions;

impl Fold for Positions {
    type State = Vec<u64>;
    type Event = u64;

    fn initial(&self) -> Vec<u64> {
        Vec::new()
    }

    fn evolve(&self, positions: &mut Vec<u64>, position: &u64) {
        positions.push(*position);
    }
}

#[test]
fn the_driver_does_what_the_scenarios_say() {
    let write = env::var("SCENARIOS").is_ok_and(|value| value == "write");
    let mut count = 0;
    for file in ["loading", "verdicts", "history", "saving", "maintenance"] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/scenarios/{file}.json"));
        let mut scenarios: Vec<Value> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for scenario in &mut scenarios {
            let happened = World::new(scenario["definition"].clone()).run(scenario["steps"].as_array().unwrap());
            if write {
                scenario["expect"] = happened.clone().into();
            }
            assert_eq!(
                scenario["expect"],
                Value::from(happened),
                "{file}: {}",
                scenario["what"]
            );
            count += 1;
        }
        if write {
            fs::write(&path, shown(&scenarios)).unwrap();
        }
    }
    assert!(count > 60, "{count} scenarios");
}

/// As in the files: a line for each step and for each thing that happened.
fn shown(scenarios: &[Value]) -> String {
    let mut text = String::from("[");
    for (index, scenario) in scenarios.iter().enumerate() {
        let list = |name: &str| {
            let lines = scenario[name].as_array().unwrap().iter();
            lines
                .map(|line| format!("\n      {line}"))
                .collect::<Vec<_>>()
                .join(",")
        };
        let comma = if index == 0 { "" } else { "," };
        write!(
            text,
            "{comma}\n  {{\n    \"what\": {},\n    \"definition\": {},\n    \"steps\": [{}\n    ],\n    \"expect\": [{}\n    ]\n  }}",
            scenario["what"],
            scenario["definition"],
            list("steps"),
            list("expect"),
        )
        .unwrap();
    }
    text + "\n]\n"
}

/// A log that writes into the store's trace what it is asked.
struct TracedLog {
    log: Log<u64>,
    store: TestStore,
    history: Option<History>,
}

impl EventLog for TracedLog {
    type Event = u64;

    async fn read(&self, stream: &str, from: Option<u64>, limit: usize) -> Result<Vec<Row<u64>>, HostError> {
        // From the start is from 0.
        self.store
            .note("read", &format!("from {}, {limit}", from.unwrap_or(0)))?;
        self.log.read(stream, from, limit).await
    }

    fn history(&self) -> Option<History> {
        self.history
    }

    fn has_bounds(&self) -> bool {
        self.log.has_bounds()
    }

    async fn bounds(&self, stream: &str, through: Option<u64>) -> Result<Bounds, HostError> {
        let through_what = through.map_or("the end".into(), |through| through.to_string());
        self.store.note("bounds", &format!("through {through_what}"))?;
        self.log.bounds(stream, through).await
    }
}

type Driver = Repository<Positions, TestStore, TracedLog>;

struct World {
    given: Value,
    store: TestStore,
    log: Log<u64>,
    repository: Driver,
    handle: Option<Handle<Vec<u64>>>,
    /// Named in ids, so that what was appended after a restore is another history.
    history: &'static str,
    happened: Vec<String>,
}

impl World {
    fn new(given: Value) -> Self {
        let store = TestStore::default();
        if given["listing"] == "eventual" {
            store.list_late();
        }
        let log = match given["bounds"] == true {
            true => Log::with_bounds(),
            false => Log::default(),
        };
        Self {
            repository: open(&given, &store, &log),
            given,
            store,
            log,
            handle: None,
            history: "e",
            happened: Vec::new(),
        }
    }

    fn run(mut self, steps: &[Value]) -> Vec<String> {
        for step in steps {
            let (name, given) = step.as_object().unwrap().iter().next().unwrap();
            self.step(name, given);
        }
        self.happened
    }

    fn step(&mut self, name: &str, given: &Value) {
        match name {
            "append" => {
                let first = self
                    .log
                    .rows(STREAM)
                    .last()
                    .map_or(self.start(), |row| row.position + 1);
                self.append(first..first + given.as_u64().unwrap());
            }
            "appendAt" => self.append(given.as_array().unwrap().iter().map(|at| at.as_u64().unwrap())),
            "insert" => self.append([given.as_u64().unwrap()]),
            "truncate" => self.log.prune_through(STREAM, given.as_u64().unwrap()),
            "restoreTo" => {
                self.log.restore_to(STREAM, given.as_u64().unwrap());
                self.history = "other";
            }
            "damage" => self.damage(given["at"].as_u64().unwrap(), given["how"].as_str().unwrap()),
            "vanishing" => self.store.vanish(&self.key(given.as_u64().unwrap())),
            "failing" => {
                let operations = ["list", "get", "put", "delete"];
                let fails = |operation: &&str| given.as_array().unwrap().contains(&Value::from(*operation));
                self.store
                    .fail(&operations.into_iter().filter(fails).collect::<Vec<_>>());
            }
            "define" => {
                for (name, value) in given.as_object().unwrap() {
                    self.given[name] = value.clone();
                }
                self.repository = open(&self.given, &self.store, &self.log);
                self.handle = None;
            }
            _ => self.ask(name, given),
        }
    }

    /// What the repository is asked for, and what it asks and answers.
    fn ask(&mut self, name: &str, given: &Value) {
        let repository = self.repository.blocking();
        let answer = match (name, &mut self.handle) {
            ("load", handle) => {
                let options = LoadOptions {
                    at: given["at"].as_u64(),
                    use_snapshots: given["useSnapshots"] != false,
                    on_store_error: on_store_error(given),
                    max_replay: given["maxReplay"].as_u64(),
                };
                repository.load_with(STREAM, options).map(|loaded| {
                    let told = told(&loaded, &self.log);
                    *handle = Some(loaded);
                    told
                })
            }
            ("refresh", Some(handle)) => repository.refresh(handle).map(|()| told(handle, &self.log)),
            ("maybeSnapshot", Some(handle)) => Ok(ended(&repository.maybe_snapshot(handle))),
            ("snapshot", Some(handle)) => repository.snapshot(handle).map(|outcome| ended(&outcome)),
            ("prune", _) => now(self.repository.prune(STREAM)).map(|pruned| pruned_words(&pruned)),
            ("forget", _) => now(self.repository.forget(STREAM)).map(|forgotten| {
                let complete = if forgotten.complete {
                    "complete"
                } else {
                    "more may appear"
                };
                format!("{complete}, deleted {}", listed(&forgotten.deleted))
            }),
            ("revive", _) => now(self.repository.revive(STREAM)).map(|()| "done".into()),
            ("invalidate", _) => {
                let from = given["from"].as_u64().unwrap();
                now(self.repository.invalidate(STREAM, from)).map(|deleted| format!("deleted {}", listed(&deleted)))
            }
            _ => panic!("{name}?"),
        };
        self.happened.extend(self.store.take_trace());
        self.happened.push(match answer {
            Ok(told) => format!("{name}: {told}"),
            Err(error) => format!("{name}: {}", error.code()),
        });
    }

    fn start(&self) -> u64 {
        self.given["firstPosition"].as_u64().unwrap_or(1)
    }

    fn append(&self, positions: impl IntoIterator<Item = u64>) {
        for at in positions {
            self.log
                .insert(STREAM, Row::new(at, format!("{}{at}", self.history), at));
        }
    }

    fn key(&self, position: u64) -> String {
        let version = self.given["version"].as_u64().unwrap_or(1) as u32;
        StreamKeys::new(NAME, STREAM).unwrap().snapshot(version, position)
    }

    fn damage(&self, position: u64, how: &str) {
        self.store.damage(&self.key(position), |bytes| match how {
            "flip" => *bytes.last_mut().unwrap() ^= 1,
            "cut" => bytes.truncate(bytes.len() - 1),
            "empty" => bytes.clear(),
            "foreign" => {
                let opened = frame::open(bytes, &Expect::default()).unwrap();
                let header = Header {
                    stream: "b".into(),
                    ..opened.header
                };
                *bytes = frame::seal(&header, &opened.payload).unwrap();
            }
            _ => panic!("{how}?"),
        });
    }
}

fn open(given: &Value, store: &TestStore, log: &Log<u64>) -> Driver {
    let number = |name: &str, otherwise| given[name].as_u64().unwrap_or(otherwise);
    let sequence = match given["sequence"] == "sparse" {
        true => Sequence::Sparse,
        false => Sequence::Contiguous {
            first_position: number("firstPosition", 1),
        },
    };
    let mut definition = Definition::new(NAME, number("version", 1) as u32, Positions)
        .policy(Policy::every_events(number("every", 6)).unwrap())
        .sequence(sequence)
        .keep(number("keep", 2) as u32)
        .max_bytes(number("maxBytes", 1_000_000))
        .page_size(number("pageSize", 1_000) as usize);
    if let Some(fence) = given["fence"].as_u64() {
        definition = definition.fence(move |_| Some(fence));
    }
    if let Some(max_replay) = given["maxReplay"].as_u64() {
        definition = definition.max_replay(max_replay);
    }
    if let Some(on_store_error) = on_store_error(given) {
        definition = definition.on_store_error(on_store_error);
    }
    for from in given["migrate"].as_array().into_iter().flatten() {
        definition = definition.migrate(from.as_u64().unwrap() as u32, Ok);
    }
    let traced = TracedLog {
        log: log.clone(),
        store: store.clone(),
        history: match given["history"].as_str() {
            Some("complete") => Some(History::Complete),
            Some("pruned") => Some(History::Pruned),
            _ => None,
        },
    };
    Repository::new(definition, store.clone(), traced).unwrap()
}

/// What a handle says; its state must be what the log says.
fn told(handle: &Handle<Vec<u64>>, log: &Log<u64>) -> String {
    let through = handle.position();
    let all = log.rows(STREAM).into_iter().map(|row| row.position);
    let expected: Vec<u64> = all.filter(|position| Some(*position) <= through).collect();
    assert!(handle.state().ends_with(&expected), "{:?}", handle.state());
    let mut told = match through {
        Some(at) => format!("{} events through {at}", handle.event_count()),
        None => "nothing".into(),
    };
    assert_eq!(handle.state().len() as u64, handle.event_count());
    match handle.source() {
        Source::Replay => told += ", replayed",
        Source::Snapshot { position } => write!(told, ", from {position}").unwrap(),
        Source::Migrated { position, version } => write!(told, ", from {position} of version {version}").unwrap(),
    }
    write!(told, ", folded {}", handle.replayed()).unwrap();
    for rejected in handle.rejected() {
        let at = rejected.position.map_or("the listing".into(), |at| at.to_string());
        write!(told, "; {at} {}", code(rejected.code)).unwrap();
    }
    told
}

fn on_store_error(given: &Value) -> Option<OnStoreError> {
    match given["onStoreError"].as_str()? {
        "throw" => Some(OnStoreError::Throw),
        "replay" => Some(OnStoreError::Replay),
        other => panic!("{other}?"),
    }
}

fn pruned_words(pruned: &Pruned) -> String {
    match &pruned.covered_by {
        Some(key) => format!("{key} covers, deleted {}", listed(&pruned.deleted)),
        None => "nothing covers".into(),
    }
}

fn listed(keys: &[String]) -> String {
    match keys {
        [] => "nothing".into(),
        keys => keys.join(" "),
    }
}

fn ended(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Taken { .. } => "taken".into(),
        Outcome::Failed(error) => format!("failed {}", code(error.code())),
        Outcome::Skipped(skipped) => format!(
            "skipped {}",
            match skipped {
                Skipped::NotDue(_) => "notDue",
                Skipped::NothingFolded => "nothingFolded",
                Skipped::InFlight => "inFlight",
                Skipped::AlreadyCovered(_) => "alreadyCovered",
                Skipped::Historical => "historical",
                Skipped::TooLarge(_) => "tooLarge",
                Skipped::UnknownEvent(_) => "unknownEvent",
                Skipped::Forgotten => "forgotten",
            }
        ),
    }
}

fn code(code: Code) -> String {
    code.to_string()
}
