//! Writers of two versions, readers, and somebody who deletes events, all at once on one stream: no state is ever wrong.
//!
//! `SNAPFOLD_TRAFFIC_SECONDS=60 cargo test --release --test stores traffic -- --nocapture` goes on for a minute.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use snapfold::Code;
use snapfold::fold::{Fold, Row};
use snapfold::policy::Policy;
use snapfold::store::{
    Bounds, Definition, EventLog, FileStore, Handle, HostError, MemoryStore, Outcome, Repository, Source, Store,
};

use crate::Folder;
use crate::common::now;

const STREAM: &str = "account-7";

/// What was ever appended, and through which position it was deleted.
#[derive(Default)]
struct Truth {
    events: Vec<u64>,
    truncated_through: u64,
}

#[derive(Clone, Default)]
struct SharedLog(Arc<Mutex<Truth>>);

impl SharedLog {
    fn truth(&self) -> MutexGuard<'_, Truth> {
        self.0.lock().unwrap()
    }

    fn row(truth: &Truth, position: u64) -> Row<u64> {
        Row::new(position, format!("e{position}"), truth.events[position as usize - 1])
    }

    /// Appends if nobody did since `after`.
    fn append(&self, after: Option<u64>, event: u64) -> Option<Row<u64>> {
        let mut truth = self.truth();
        if truth.events.len() as u64 != after.unwrap_or(0) {
            return None;
        }
        truth.events.push(event);
        let position = truth.events.len() as u64;
        Some(Self::row(&truth, position))
    }

    /// What folding all of them gives.
    fn folded_through(&self, position: Option<u64>) -> State {
        let truth = self.truth();
        let mut state = State::default();
        truth.events[..position.unwrap_or(0) as usize]
            .iter()
            .for_each(|event| state = state.after(*event));
        state
    }
}

impl EventLog for SharedLog {
    type Event = u64;

    async fn read(&self, _: &str, from: Option<u64>, limit: usize) -> Result<Vec<Row<u64>>, HostError> {
        let truth = self.truth();
        let first = from.unwrap_or(0).max(truth.truncated_through + 1);
        let rows = (first..=truth.events.len() as u64).map(|position| Self::row(&truth, position));
        Ok(rows.take(limit).collect())
    }

    fn has_bounds(&self) -> bool {
        true
    }

    async fn bounds(&self, _: &str, _: Option<u64>) -> Result<Bounds, HostError> {
        let through = self.truth().truncated_through;
        Ok(Bounds {
            truncated_through: (through > 0).then_some(through),
            ..Bounds::default()
        })
    }
}

/// How many, and a number that depends on all of them and on their order.
type State = (u64, u64);

trait After {
    fn after(self, event: u64) -> Self;
}

impl After for State {
    fn after(self, event: u64) -> Self {
        (self.0 + 1, self.1.wrapping_mul(31).wrapping_add(event) % 1_000_003)
    }
}

struct Chain;

impl Fold for Chain {
    type State = State;
    type Event = u64;

    fn initial(&self) -> State {
        State::default()
    }

    fn evolve(&self, state: &mut State, event: &u64) {
        *state = state.after(*event);
    }
}

struct Traffic<S> {
    store: S,
    log: SharedLog,
    ended: AtomicBool,
    loads: AtomicU64,
    from_snapshots: AtomicU64,
    taken: AtomicU64,
    /// Loads that said that they could not: somebody deleted twice while they looked.
    refused: AtomicU64,
}

type Process<S> = Repository<Chain, S, SharedLog>;

impl<S: Store + Clone + Send> Traffic<S> {
    fn process(&self, version: u32) -> Process<S> {
        let definition = Definition::new("account", version, Chain)
            .policy(Policy::every_events(5).unwrap())
            .page_size(16);
        Repository::new(definition, self.store.clone(), self.log.clone()).unwrap()
    }

    fn load(&self, process: &Process<S>) -> Option<Handle<State>> {
        match process.blocking().load(STREAM) {
            Ok(handle) => {
                assert_eq!(
                    *handle.state(),
                    self.log.folded_through(handle.position()),
                    "a wrong state at {:?}",
                    handle.position()
                );
                self.loads.fetch_add(1, Ordering::Relaxed);
                let from_snapshot = handle.source() != Source::Replay;
                self.from_snapshots
                    .fetch_add(u64::from(from_snapshot), Ordering::Relaxed);
                Some(handle)
            }
            Err(error) => {
                assert!(matches!(error.code(), Code::HistoryUnavailable | Code::Gap), "{error}");
                self.refused.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }

    fn write(&self, process: &Process<S>, events: u64) {
        let mut cached: Option<Handle<State>> = None;
        while !self.ended.load(Ordering::Relaxed) {
            let Some(mut handle) = cached.take().or_else(|| self.load(process)) else {
                continue;
            };
            let Some(row) = self.log.append(handle.position(), handle.event_count() % 97) else {
                continue; // somebody was faster: load again
            };
            process.apply(&mut handle, [row]).unwrap();
            match process.blocking().maybe_snapshot(&mut handle) {
                Outcome::Taken { .. } => drop(self.taken.fetch_add(1, Ordering::Relaxed)),
                // Others were so much faster that it was superfluous before it was read back.
                Outcome::Failed(error) => assert_eq!(error.code(), Code::Absent, "{error}"),
                Outcome::Skipped(_) => {}
            }
            if handle.event_count() >= events {
                self.ended.store(true, Ordering::Relaxed);
            }
            cached = Some(handle);
        }
    }

    fn read(&self, process: &Process<S>) {
        while !self.ended.load(Ordering::Relaxed) {
            self.load(process);
        }
    }

    /// Deletes as many events as may go.
    fn delete_events(&self, process: &Process<S>) {
        while !self.ended.load(Ordering::Relaxed) {
            let safe = now(process.safe_to_prune_through(STREAM, &[1.into(), 2.into()], &[])).unwrap();
            if let Some(through) = safe {
                let mut truth = self.log.truth();
                truth.truncated_through = truth.truncated_through.max(through);
            }
            thread::yield_now();
        }
    }
}

fn run(store: impl Store + Clone + Send, events: u64, what: &str) {
    let traffic = Traffic {
        store,
        log: SharedLog::default(),
        ended: AtomicBool::new(false),
        loads: AtomicU64::new(0),
        from_snapshots: AtomicU64::new(0),
        taken: AtomicU64::new(0),
        refused: AtomicU64::new(0),
    };
    let seconds = std::env::var("SNAPFOLD_TRAFFIC_SECONDS")
        .ok()
        .and_then(|seconds| seconds.parse().ok());
    let events = if seconds.is_some() { u64::MAX } else { events };
    let traffic = &traffic;
    thread::scope(|threads| {
        for version in [1, 2, 1] {
            threads.spawn(move || {
                let _ends = EndsAll(&traffic.ended);
                traffic.write(&traffic.process(version), events);
            });
        }
        for version in [1, 2, 2] {
            threads.spawn(move || {
                let _ends = EndsAll(&traffic.ended);
                traffic.read(&traffic.process(version));
            });
        }
        threads.spawn(|| traffic.delete_events(&traffic.process(1)));
        if let Some(seconds) = seconds {
            let began = Instant::now();
            while began.elapsed() < Duration::from_secs(seconds) && !traffic.ended.load(Ordering::Relaxed) {
                thread::park_timeout(Duration::from_millis(50));
            }
            traffic.ended.store(true, Ordering::Relaxed);
        }
    });
    for version in [1, 2] {
        let handle = traffic
            .load(&traffic.process(version))
            .expect("in the end everything can be loaded");
        assert_eq!(handle.event_count(), traffic.log.truth().events.len() as u64);
    }
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    let (appended, deleted) = {
        let truth = traffic.log.truth();
        (truth.events.len(), truth.truncated_through)
    };
    println!(
        "{what}: {appended} events, {deleted} deleted, {} snapshots, {} loads ({} from snapshots), {} refused, none wrong",
        count(&traffic.taken),
        count(&traffic.loads),
        count(&traffic.from_snapshots),
        count(&traffic.refused),
    );
    assert!(count(&traffic.taken) > 10 && count(&traffic.from_snapshots) > 10);
}

/// A thread that panics must not let the others go on for ever.
struct EndsAll<'a>(&'a AtomicBool);

impl Drop for EndsAll<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn no_state_is_wrong_in_memory() {
    run(MemoryStore::default(), 2_000, "memory");
}

#[test]
fn no_state_is_wrong_in_files() {
    let folder = Folder::new();
    run(FileStore::new(&folder.0), 600, "files");
}
