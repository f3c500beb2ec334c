//! NoETL server: a watermark, a count of what was applied, and events that arrive late. Executions whose event ids are sparse.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use snapfold::Code;
use snapfold::fold::rules::Rules;
use snapfold::fold::{Fold, Progress, Row, Sequence};
use snapfold::frame::{self, Expect, Header};
use snapfold::policy::Policy;
use snapfold::store::{Definition, EventLog, Outcome, Repository, Skipped, Source, StreamKeys};
use snapfold::value::{self, Value};

use crate::common::{Log, TestStore, now};

/// What an execution has done: steps by name, and every id that was counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Execution {
    applied: BTreeMap<u64, String>,
}

struct Executions;

impl Fold for Executions {
    type State = Execution;
    type Event = (u64, String);

    fn initial(&self) -> Execution {
        Execution::default()
    }

    fn evolve(&self, execution: &mut Execution, (id, what): &(u64, String)) {
        execution.applied.insert(*id, what.clone());
    }
}

const STREAM: &str = "acme/eu/9";

type Server = Repository<Executions, TestStore, Log<(u64, String)>>;

fn server(store: &TestStore, log: &Log<(u64, String)>) -> Server {
    let definition = Definition::new("execution", 1, Executions)
        .sequence(Sequence::Sparse)
        .policy(Policy::every_events(500).unwrap());
    Repository::new(definition, store.clone(), log.clone()).unwrap()
}

/// Ids as a generator of snowflakes hands them out: far apart.
fn snowflake(n: u64) -> u64 {
    n * 4_096 + n % 7
}

fn arrive(log: &Log<(u64, String)>, id: u64) {
    log.insert(STREAM, Row::new(id, format!("e{id}"), (id, format!("step {id}"))));
}

fn append(log: &Log<(u64, String)>, numbers: std::ops::RangeInclusive<u64>) {
    numbers.for_each(|n| arrive(log, snowflake(n)));
}

fn replay(log: &Log<(u64, String)>) -> Execution {
    let mut execution = Execution::default();
    log.rows(STREAM)
        .iter()
        .for_each(|row| Executions.evolve(&mut execution, &row.event));
    execution
}

/// A log of that many events, all of them in a snapshot.
fn snapshotted(events: u64) -> (TestStore, Log<(u64, String)>) {
    let (store, log) = (TestStore::default(), Log::with_bounds());
    append(&log, 1..=events);
    let server = server(&store, &log);
    let mut handle = server.blocking().load(STREAM).unwrap();
    server.blocking().snapshot(&mut handle).unwrap();
    (store, log)
}

fn key(position: u64) -> String {
    StreamKeys::new("execution", STREAM).unwrap().snapshot(1, position)
}

/// Row keyed by (tenant, organisation, aggregate type, aggregate id) ▸
#[test]
fn every_part_of_an_identity_keeps_snapshots_apart() {
    let store = TestStore::default();
    let identities = [
        ("acme/eu/9", "a"),
        ("acme/eu/90", "b"),
        ("acme/e/u9", "c"),
        ("acme%2Feu/9", "d"),
        ("Acme/eu/9", "e"),
    ];
    for (stream, what) in identities {
        for name in ["execution", "workflow"] {
            let definition = Definition::new(name, 1, Executions).sequence(Sequence::Sparse);
            let log = Log::with_bounds();
            log.insert(stream, Row::new(1, "e1", (1, format!("{name} {what}"))));
            let server = Repository::new(definition, store.clone(), log).unwrap();
            let mut handle = server.blocking().load(stream).unwrap();
            server.blocking().snapshot(&mut handle).unwrap();
            let handle = server.blocking().load(stream).unwrap();
            assert_eq!(handle.source(), Source::Snapshot { position: 1 });
            assert_eq!(handle.state().applied[&1], format!("{name} {what}"));
        }
    }
    let keys: HashSet<String> = store.keys().into_iter().collect();
    assert_eq!(keys.len(), identities.len() * 2);
}

/// `version` = highest event id folded (ids are sparse snowflakes) ▸
#[test]
fn the_position_is_the_highest_id() {
    let (store, _) = snapshotted(40);
    let header = frame::inspect(&store.bytes(&key(snowflake(40))).unwrap(), &Expect::default())
        .unwrap()
        .header;
    assert_eq!((header.position, header.event_count), (snowflake(40), 40));
}

/// `meta` { applied_count, routing_meta } where routing meta comes from an event that no tail ever contains again ▸
#[test]
fn metadata_lie_in_the_header() {
    let routing = Value::Object(vec![("queue".into(), Value::Text("gpu".into()))]);
    let mut header = Header::new("execution", 1, STREAM, snowflake(40), 40);
    header.meta = Value::Object(vec![("routing".into(), routing)]);
    let bytes = frame::seal(&header, &value::to_vec(&Execution::default()).unwrap()).unwrap();
    let opened = frame::inspect(&bytes, &Expect::default()).unwrap().header;
    assert_eq!((opened.event_count, opened.meta), (40, header.meta));
}

/// Take when total events in the log = applied count, and at least 500 have been applied since the last one ▸
/// ▸ the 500 compares *ids*, not counts, and so fires nearly always
#[test]
fn events_are_counted_not_ids() {
    let (store, log) = snapshotted(10);
    let server = server(&store, &log);
    append(&log, 11..=509);
    let mut handle = server.blocking().load(STREAM).unwrap();
    let outcome = server.blocking().maybe_snapshot(&mut handle);
    assert!(
        matches!(outcome, Outcome::Skipped(Skipped::NotDue(_))),
        "499 events, two million ids: {outcome:?}"
    );
    append(&log, 510..=510);
    server.blocking().refresh(&mut handle).unwrap();
    let outcome = server.blocking().maybe_snapshot(&mut handle);
    assert!(matches!(outcome, Outcome::Taken { .. }), "{outcome:?}");
    assert_eq!(
        now(log.bounds(STREAM, handle.position())).unwrap().count,
        Some(handle.event_count())
    );
}

/// Rebuild: snapshot + events with id > version **or** created after `snapshot time − 30 s` ▸
#[test]
fn a_load_folds_the_tail_and_what_came_late() {
    let (store, log) = snapshotted(40);
    append(&log, 41..=45);
    let server = server(&store, &log);
    let handle = server.blocking().load(STREAM).unwrap();
    assert_eq!((handle.state(), handle.replayed()), (&replay(&log), 5));
    arrive(&log, snowflake(39) + 1);
    let handle = server.blocking().load(STREAM).unwrap();
    assert_eq!((handle.state(), handle.event_count()), (&replay(&log), 46));
}

/// state that no longer decodes → full rebuild with a warning ▸
#[test]
fn a_state_that_does_not_decode_is_rebuilt() {
    let (store, log) = snapshotted(40);
    let header = Header::new("execution", 1, STREAM, snowflake(40), 40);
    let other = Value::Object(vec![("applied".into(), Value::Text("a list, once".into()))]);
    store.set(
        &key(snowflake(40)),
        &frame::seal(&header, &value::to_vec(&other).unwrap()).unwrap(),
    );
    let handle = server(&store, &log).blocking().load(STREAM).unwrap();
    assert_eq!((handle.state(), handle.source()), (&replay(&log), Source::Replay));
    assert_eq!(handle.rejected().len(), 1, "the warning");
}

/// Late arrivals are found because log count ≠ applied count ▸ → rebuild from an older snapshot or from zero ▸
#[test]
fn late_arrivals_lead_to_an_older_snapshot_or_to_zero() {
    let (store, log) = snapshotted(40);
    append(&log, 41..=80);
    let first = server(&store, &log);
    let mut handle = first.blocking().load(STREAM).unwrap();
    first.blocking().snapshot(&mut handle).unwrap();
    for (late, source, rejected) in [
        (
            snowflake(60) + 1,
            Source::Snapshot {
                position: snowflake(40),
            },
            1,
        ),
        (snowflake(20) + 1, Source::Replay, 2),
    ] {
        arrive(&log, late);
        let handle = server(&store, &log).blocking().load(STREAM).unwrap();
        assert_eq!((handle.source(), handle.rejected().len()), (source, rejected));
        assert!(
            handle
                .rejected()
                .iter()
                .all(|rejection| rejection.code == Code::Stragglers)
        );
        assert_eq!(*handle.state(), replay(&log));
    }
}

/// ▸ after a rebuild a straggler older than the margin is masked for ever
#[test]
fn no_late_arrival_is_masked_by_a_rebuild() {
    let (store, log) = snapshotted(40);
    for late in [5, 30, 6] {
        arrive(&log, snowflake(late) + 1);
        let server = server(&store, &log);
        let mut handle = server.blocking().load(STREAM).unwrap();
        assert_eq!(*handle.state(), replay(&log), "however old it is");
        server.blocking().snapshot(&mut handle).unwrap();
        let healed = server.blocking().load(STREAM).unwrap();
        assert_eq!((healed.state(), healed.rejected().len()), (&replay(&log), 0));
    }
}

/// ▸ the stored checksum is never read
#[test]
fn the_digest_is_checked_by_every_load() {
    let (store, log) = snapshotted(40);
    store.damage(&key(snowflake(40)), |bytes| *bytes.last_mut().unwrap() ^= 1);
    let handle = server(&store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.source(), handle.rejected()[0].code),
        (Source::Replay, Code::Corrupt)
    );
    assert_eq!(*handle.state(), replay(&log));
}

/// ▸ the watermark can move backwards
/// ▸ upsert is not monotonic
#[test]
fn an_older_state_does_not_replace_a_newer_one() {
    let (store, log) = snapshotted(40);
    let slow = server(&store, &log);
    let mut behind = slow.blocking().load(STREAM).unwrap();
    append(&log, 41..=50);
    let fast = server(&store, &log);
    let mut ahead = fast.blocking().load(STREAM).unwrap();
    fast.blocking().snapshot(&mut ahead).unwrap();
    let newest = store.bytes(&key(snowflake(50))).unwrap();
    let outcome = slow.blocking().snapshot(&mut behind).unwrap();
    assert!(
        matches!(outcome, Outcome::Skipped(Skipped::AlreadyCovered(_))),
        "{outcome:?}"
    );
    assert_eq!(store.bytes(&key(snowflake(50))), Some(newest));
    assert_eq!(
        fast.blocking().load(STREAM).unwrap().source(),
        Source::Snapshot {
            position: snowflake(50)
        }
    );
}

/// ▸ a re-scanned overlap double-counts (de-duplicate by position)
#[test]
fn what_is_read_twice_counts_once() {
    let rules = br#"{ "sequence": "sparse", "events": { "position": "/id" }, "initial": { "count": 0 },
        "rules": { "step": [{ "add": "/count", "value": 1 }] } }"#;
    let rules = Rules::from_json(rules).unwrap();
    let lines = |ids: &[u64]| -> String {
        ids.iter()
            .map(|id| format!("{{\"id\":{id},\"type\":\"step\"}}\n"))
            .collect()
    };
    let mut session = rules.start();
    session.json_lines(lines(&[10, 20, 20, 30]).as_bytes()).unwrap();
    session.json_lines(lines(&[30, 40]).as_bytes()).unwrap();
    let folded = session.folded();
    assert_eq!(folded.progress.event_count(), 4);
    assert_eq!(value::to_json(&folded.state).unwrap(), r#"{"count":4}"#);
    let error = session.json_lines(lines(&[30]).as_bytes()).unwrap_err();
    assert_eq!(
        (error.code(), session.folded().progress.event_count()),
        (Code::OutOfOrder, 4),
        "further back it is refused, not counted again"
    );
}

/// ▸ sets serialise in random order, so equal states hash differently
#[test]
fn equal_states_have_equal_bytes() {
    let states: HashSet<Vec<u8>> = (0..32)
        .map(|_| {
            let steps: std::collections::HashMap<String, u64> = (0..50).map(|n| (format!("step {n}"), n)).collect();
            value::to_vec(&steps).unwrap()
        })
        .collect();
    assert_eq!(states.len(), 1, "maps with other hashes each time");
}

/// ▸ snapshots are never collected, even after their events are gone
#[test]
fn older_snapshots_are_collected() {
    let (store, log) = snapshotted(40);
    for (from, to) in [(41, 50), (51, 60), (61, 70)] {
        append(&log, from..=to);
        let server = server(&store, &log);
        let mut handle = server.blocking().load(STREAM).unwrap();
        server.blocking().snapshot(&mut handle).unwrap();
    }
    assert_eq!(store.keys(), [key(snowflake(70)), key(snowflake(60))], "the newest two");
    log.prune_through(STREAM, snowflake(60));
    let handle = server(&store, &log).blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.source(), handle.event_count()),
        (
            Source::Snapshot {
                position: snowflake(70)
            },
            70
        )
    );
}

/// Our large-stream test holds that claim: 200,000 events, flat memory ▸: what is folded goes on from where it stands, without the events
/// before. The memory it takes is counted and printed by `tests/allocation.rs`.
#[test]
fn two_hundred_thousand_events_are_folded_in_batches() {
    let rules = Rules::from_json(
        br#"{ "sequence": "sparse", "initial": { "applied": 0, "nodes": {} },
        "rules": { "step": [{ "put": "/nodes/{/data/node}", "fields": { "status": "/data/status", "at": "/position" } }, { "add": "/applied", "value": 1 }] } }"#,
    )
    .unwrap();
    let (mut state, mut progress) = (rules.initial().to_vec(), Progress::default());
    for batch in 0..200u64 {
        let mut session = rules.resume(&state, &progress).unwrap();
        let lines: String = (batch * 1_000..(batch + 1) * 1_000)
            .map(|n| {
                let (id, node) = (snowflake(n), n % 2_000);
                format!("{{\"position\":{id},\"id\":\"e{id}\",\"type\":\"step\",\"data\":{{\"node\":\"n{node}\",\"status\":\"done\"}}}}\n")
            })
            .collect();
        session.json_lines(lines.as_bytes()).unwrap();
        let folded = session.folded();
        (state, progress) = (folded.state, folded.progress);
    }
    assert_eq!(
        (progress.position(), progress.event_count()),
        (Some(snowflake(199_999)), 200_000)
    );
    let state: Value = value::from_slice(&state).unwrap();
    assert_eq!(state.get("applied").and_then(Value::as_f64), Some(200_000.0));
}

/// `checksum` = hex SHA-256 of compact sorted-key JSON ▸ (ours: of the canonical form, in which equal states are equal whatever order their
/// keys had)
#[test]
fn a_checksum_does_not_depend_on_the_order_of_keys() {
    let checksum = |json: &str| {
        let encoded = value::from_json(json.as_bytes()).unwrap();
        frame::sha256(&value::canonicalize(&encoded).unwrap())
    };
    let one = checksum(r#"{"status":"running","steps":{"b":1,"a":[2,3]}}"#);
    assert_eq!(
        one,
        checksum(r#"{"steps": {"a": [2, 3], "b": 1}, "status": "running"}"#)
    );
    assert_ne!(one, checksum(r#"{"steps":{"a":[3,2],"b":1},"status":"running"}"#));
}

/// ▸ snapshots are never collected, even after their events are gone (those of versions that nobody runs any more)
#[test]
fn snapshots_of_abandoned_versions_are_collected() {
    let (store, log) = snapshotted(600);
    let second = Definition::new("execution", 2, Executions).sequence(Sequence::Sparse);
    let second = Repository::new(second, store.clone(), log.clone()).unwrap();
    let mut handle = second.blocking().load(STREAM).unwrap();
    second.blocking().snapshot(&mut handle).unwrap();
    assert_eq!(store.keys().len(), 2);
    assert_eq!(now(second.drop_slots(STREAM, &[])).unwrap(), [key(snowflake(600))]);
    let safe = now(second.safe_to_prune_through(STREAM, &[], &[])).unwrap().unwrap();
    log.prune_through(STREAM, safe);
    assert_eq!(log.rows(STREAM).len(), 1);
    assert_eq!(second.blocking().load(STREAM).unwrap().event_count(), 600);
}
