//! mako-engine: the interval policy, state snapshots, the store's contract.

use serde::{Deserialize, Serialize};
use snapfold::Code;
use snapfold::fold::{Fold, Row};
use snapfold::frame::{self, Header};
use snapfold::policy::{LastSnapshot, Observation, Policy, decide};
use snapfold::store::{Definition, MemoryStore, Outcome, Repository, Skipped, Source, Store, StreamKeys};

use crate::common::{Log, TestStore, now};

// The policy

/// mako's `should_take(count, last, interval)`. Its interval 0 is our [`Policy::never`]; its `last` 0 is no snapshot.
fn should_take(count: u64, last: u64, interval: u64) -> bool {
    let policy = match interval {
        0 => Policy::never(),
        interval => Policy::every_events(interval).unwrap(),
    };
    decide(&policy, &stream(count, last)).take
}

fn stream(count: u64, last: u64) -> Observation<'static> {
    let mut observation = Observation::new("process-7");
    observation.events = count;
    observation.snapshot = (last > 0).then(|| LastSnapshot {
        events: last,
        ..LastSnapshot::default()
    });
    observation
}

/// `should_take(count, last, interval) = interval ≠ 0 and count > 0 and count − last (saturating) ≥ interval` ▸
#[test]
fn the_table_of_should_take() {
    for (count, last, interval, take) in [
        (0, 0, 100, false),
        (99, 0, 100, false),
        (100, 0, 100, true),
        (101, 0, 100, true),
        (200, 0, 100, true),
        (101, 100, 100, false),
        (200, 100, 100, true),
        (250, 100, 100, true),
        (1_000, 0, 0, false),
    ] {
        assert_eq!(
            should_take(count, last, interval),
            take,
            "({count}, {last}, {interval})"
        );
    }
    for i in 1..1_000 {
        assert!(should_take(i, i - 1, 1), "({i}, {}, 1)", i - 1);
    }
}

/// ▸ an old snapshot of another version still counts as "last", so none is taken for N more events
#[test]
fn only_a_snapshot_of_the_own_slot_is_a_baseline() {
    // The newest snapshot at 950 belongs to another version: the own slot is empty.
    assert!(should_take(1_000, 0, 100));
}

/// ▸ a log that was reset (last > count) suppresses snapshots
#[test]
fn a_reset_log_does_not_suppress_snapshots() {
    assert!(should_take(100, 5_000, 100));
    assert!(should_take(4_999, 5_000, 100));
    assert!(
        !should_take(99, 5_000, 100),
        "the new log has its own threshold to reach"
    );
}

// The driver: processes of an energy market, which count what they have seen

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Process {
    status: String,
    steps: Vec<String>,
}

struct Processes;

impl Fold for Processes {
    type State = Process;
    type Event = String;

    fn initial(&self) -> Process {
        Process::default()
    }

    fn evolve(&self, process: &mut Process, event: &String) {
        process.status = format!("after {event}");
        process.steps.push(event.clone());
    }
}

const STREAM: &str = "process-7";

type Engine = Repository<Processes, TestStore, Log<String>>;

fn engine(version: u32, store: &TestStore, log: &Log<String>) -> Engine {
    let policy = Policy::every_events(10).unwrap();
    let definition = Definition::new("process", version, Processes).policy(policy);
    Repository::new(definition, store.clone(), log.clone()).unwrap()
}

fn row(position: u64) -> Row<String> {
    Row::new(position, format!("e{position}"), format!("step {position}"))
}

fn append(log: &Log<String>, positions: std::ops::RangeInclusive<u64>) {
    positions.for_each(|position| log.insert(STREAM, row(position)));
}

fn key(version: u32, position: u64) -> String {
    StreamKeys::new("process", STREAM).unwrap().snapshot(version, position)
}

fn replay(log: &Log<String>) -> Process {
    let mut process = Process::default();
    log.rows(STREAM)
        .iter()
        .for_each(|row| Processes.evolve(&mut process, &row.event));
    process
}

/// A log of `events` events, all of them in a snapshot of version 1.
fn snapshotted(events: u64) -> (TestStore, Log<String>) {
    let (store, log) = (TestStore::default(), Log::default());
    append(&log, 1..=events);
    let engine = engine(1, &store, &log);
    let mut handle = engine.blocking().load(STREAM).unwrap();
    assert!(matches!(
        engine.blocking().snapshot(&mut handle),
        Ok(Outcome::Taken { .. })
    ));
    (store, log)
}

/// Store: `save` durable before it returns, `load` the most recent or none; an in-memory store whose clones share data, isolated per
/// stream, later save wins ▸
#[test]
fn the_memory_store_keeps_the_contract() {
    let store = MemoryStore::default();
    let clone = store.clone();
    let keys = |stream| StreamKeys::new("process", stream).unwrap();
    now(store.put(&keys("a").snapshot(1, 5), b"first", None)).unwrap();
    now(store.put(&keys("a").snapshot(1, 9), b"second", None)).unwrap();
    now(store.put(&keys("a").snapshot(1, 5), b"later save", None)).unwrap();
    now(store.put(&keys("ab").snapshot(1, 7), b"other", None)).unwrap();
    let listed = now(clone.list(keys("a").all(), None, 10)).unwrap();
    assert_eq!(
        listed,
        [keys("a").snapshot(1, 9), keys("a").snapshot(1, 5)],
        "the most recent first, and no other stream's"
    );
    assert_eq!(
        now(clone.list(keys("a").all(), Some(&keys("a").snapshot(1, 8)), 10)).unwrap(),
        listed[1..]
    );
    assert_eq!(now(clone.list(keys("a").all(), None, 1)).unwrap(), listed[..1]);
    assert_eq!(
        now(clone.get(&keys("a").snapshot(1, 5))).unwrap().as_deref(),
        Some(&b"later save"[..])
    );
    assert_eq!(now(clone.get(&keys("a").snapshot(1, 6))).unwrap(), None);
    now(clone.delete(&listed)).unwrap();
    now(clone.delete(&listed)).unwrap();
    assert_eq!(now(store.list("", None, 10)).unwrap(), [keys("ab").snapshot(1, 7)]);
}

/// Load: equal schema version → decode, fold events with sequence > snapshot's; tail events pass the upcaster first ▸
#[test]
fn an_equal_version_is_decoded_and_its_tail_upcast_before_it_is_folded() {
    /// Events as they were written, and as the code knows them today.
    struct Upcasting(Log<String>);
    impl snapfold::store::EventLog for Upcasting {
        type Event = String;
        async fn read(
            &self,
            stream: &str,
            from: Option<u64>,
            limit: usize,
        ) -> Result<Vec<Row<String>>, snapfold::store::HostError> {
            let mut rows = self.0.read(stream, from, limit).await?;
            for row in &mut rows {
                row.event = row.event.replace("step", "phase");
            }
            Ok(rows)
        }
    }
    let (store, log) = (TestStore::default(), Log::default());
    append(&log, 1..=12);
    let definition = Definition::new("process", 1, Processes);
    let engine = Repository::new(definition, store, Upcasting(log.clone())).unwrap();
    let mut handle = engine.blocking().load(STREAM).unwrap();
    engine.blocking().snapshot(&mut handle).unwrap();
    append(&log, 13..=15);
    let handle = engine.blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.source(), handle.replayed()),
        (Source::Snapshot { position: 12 }, 3)
    );
    let phases: Vec<String> = (1..=15).map(|n| format!("phase {n}")).collect();
    assert_eq!(handle.state().steps, phases);
}

/// other version → full replay ▸
#[test]
fn another_version_is_replayed_in_full() {
    let (store, log) = snapshotted(12);
    for version in [2, 7] {
        let handle = engine(version, &store, &log).blocking().load(STREAM).unwrap();
        assert_eq!(
            (handle.source(), handle.replayed(), handle.state()),
            (Source::Replay, 12, &replay(&log))
        );
    }
}

/// none → full replay ▸
#[test]
fn no_snapshot_is_a_full_replay() {
    let log = Log::default();
    append(&log, 1..=12);
    let handle = engine(1, &TestStore::default(), &log).blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.source(), handle.replayed(), handle.state()),
        (Source::Replay, 12, &replay(&log))
    );
}

/// A failed snapshot after a committed command is reported, never an error of the command (a retry would run it twice) ▸
#[test]
fn a_failed_snapshot_is_no_error_of_the_command() {
    let (store, log) = (TestStore::default(), Log::default());
    append(&log, 1..=9);
    let engine = engine(1, &store, &log);
    let mut handle = engine.blocking().load(STREAM).unwrap();
    append(&log, 10..=10); // committed
    store.fail(&["list", "get", "put", "delete"]);
    engine.apply(&mut handle, [row(10)]).unwrap();
    let outcome = engine.blocking().maybe_snapshot(&mut handle);
    assert!(
        matches!(&outcome, Outcome::Failed(error) if error.code() == Code::StoreFailed),
        "{outcome:?}"
    );
    assert_eq!((handle.state(), handle.position()), (&replay(&log), Some(10)));
}

/// ▸ count is read and state folded separately, so an append between them puts events into the state twice
#[test]
fn an_append_between_load_and_snapshot_is_folded_once() {
    let (store, log) = (TestStore::default(), Log::default());
    append(&log, 1..=10);
    let engine = engine(1, &store, &log);
    let mut handle = engine.blocking().load(STREAM).unwrap();
    append(&log, 11..=13); // another process
    engine.blocking().snapshot(&mut handle).unwrap();
    let header = frame::inspect(&store.bytes(&key(1, 10)).unwrap(), &frame::Expect::default())
        .unwrap()
        .header;
    assert_eq!(
        (header.position, header.event_count),
        (10, 10),
        "what the state holds, not what the log has by now"
    );
    let handle = engine.blocking().load(STREAM).unwrap();
    assert_eq!((handle.state(), handle.replayed()), (&replay(&log), 3));
    let mut twice = handle.clone();
    assert_eq!(
        engine.apply(&mut twice, [row(13)]).unwrap_err().code(),
        Code::OutOfOrder
    );
}

/// ▸ an old snapshot of another version still counts as "last", so none is taken for N more events
#[test]
fn a_new_version_takes_its_first_snapshot_at_once() {
    let (store, log) = snapshotted(12);
    let engine = engine(2, &store, &log);
    let mut handle = engine.blocking().load(STREAM).unwrap();
    let outcome = engine.blocking().maybe_snapshot(&mut handle);
    assert!(
        matches!(&outcome, Outcome::Taken { key: taken, .. } if *taken == key(2, 12)),
        "{outcome:?}"
    );
}

/// ▸ a log that was reset … and a snapshot ahead of the log is not noticed
#[test]
fn a_snapshot_ahead_of_the_log_is_noticed() {
    let (store, log) = snapshotted(40);
    log.restore_to(STREAM, 12);
    let engine = engine(1, &store, &log);
    let mut handle = engine.blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.state(), handle.rejected()[0].code),
        (&replay(&log), Code::Ahead)
    );
    let outcome = engine.blocking().maybe_snapshot(&mut handle);
    assert!(
        matches!(&outcome, Outcome::Taken { key: taken, .. } if *taken == key(1, 12)),
        "{outcome:?}"
    );
}

/// ▸ an older snapshot overwrites a newer one
#[test]
fn an_older_snapshot_does_not_overwrite_a_newer_one() {
    let (store, log) = snapshotted(12);
    let slow_engine = engine(1, &store, &log);
    let mut slow = slow_engine.blocking().load(STREAM).unwrap();
    append(&log, 13..=30);
    let fast = engine(1, &store, &log);
    let mut handle = fast.blocking().load(STREAM).unwrap();
    fast.blocking().snapshot(&mut handle).unwrap();
    slow_engine.apply(&mut slow, [row(13)]).unwrap();
    let outcome = slow_engine.blocking().snapshot(&mut slow).unwrap();
    assert_eq!(outcome, Outcome::Skipped(Skipped::AlreadyCovered(key(1, 30))));
    assert_eq!(
        fast.blocking().load(STREAM).unwrap().source(),
        Source::Snapshot { position: 30 }
    );
}

/// ▸ the loaded stream id is not checked
#[test]
fn a_snapshot_of_another_stream_is_foreign() {
    let (store, log) = snapshotted(12);
    let header = Header::new("process", 1, "process-8", 12, 12);
    let other = snapfold::value::to_vec(&Process::default()).unwrap();
    store.set(&key(1, 12), &frame::seal(&header, &other).unwrap());
    let handle = engine(1, &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.state(), handle.rejected()[0].code),
        (&replay(&log), Code::Foreign)
    );
}

/// ▸ corrupt stored bytes are a hard error
#[test]
fn corrupt_stored_bytes_are_survived() {
    let (store, log) = snapshotted(12);
    store.damage(&key(1, 12), |bytes| bytes[60] ^= 0x10);
    let handle = engine(1, &store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.state(), handle.rejected()[0].code),
        (&replay(&log), Code::Corrupt)
    );
}

/// Migration runner: per stream, pure `migrate(old) → new`, saves under the new version at the last sequence; one bad stream does not stop
/// the rest; report {migrated, skipped, errors} ▸
#[test]
fn a_migration_goes_through_all_streams() {
    let (store, log) = snapshotted(12);
    for stream in ["process-8", "process-9"] {
        (1..=4).for_each(|position| log.insert(stream, row(position)));
    }
    log.prune_through("process-9", 2);
    let upgrade = |plain| Ok(plain);
    let definition = Definition::new("process", 2, Processes).migrate(1, upgrade);
    let second = Repository::new(definition, store.clone(), log.clone()).unwrap();
    let report = now(second.rebuild([STREAM, "process-8", "process-9"], |_, _| {}));
    assert_eq!((report.migrated, report.rebuilt, report.skipped), (1, 1, 0));
    assert_eq!(report.errors.len(), 1);
    assert_eq!(report.errors[0].0, "process-9");
    assert!(store.keys().contains(&key(2, 12)));
    assert_eq!(
        second.blocking().load(STREAM).unwrap().source(),
        Source::Snapshot { position: 12 }
    );
    assert_eq!(now(second.rebuild([STREAM, "process-8"], |_, _| {})).skipped, 2);
}
