//! Compacted histories in a store.

use std::cell::Cell;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use snapfold::Code;
use snapfold::fold::journal::{Journal, Steps};
use snapfold::fold::{Anchor, Fold, Folded, Progress, Row};
use snapfold::frame::{self, Header};
use snapfold::policy::Policy;
use snapfold::store::{
    Definition, HostError, MemoryStore, Outcome, Repository, SaveFact, SaveRequest, SaveResult, SaveStep, Skipped,
    Source, Store, StreamKeys, next_save,
};
use snapfold::value::Bytes;

use crate::common::{Log as Rows, TestStore, now};
use crate::journals::{Log, activity, line, text};

/// A run's history: completed steps, and the events that wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct History {
    #[serde(serialize_with = "counted")]
    steps: Bytes,
    through: Option<u64>,
    events: u64,
    pending: Vec<String>,
}

thread_local!(static ENCODINGS: Cell<u32> = const { Cell::new(0) });

fn counted<S: Serializer>(steps: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    ENCODINGS.set(ENCODINGS.get() + 1);
    steps.serialize(serializer)
}

struct Runs;

impl Fold for Runs {
    type State = History;
    type Event = String;

    fn initial(&self) -> History {
        History {
            steps: Bytes(Journal::default().initial().to_vec()),
            ..History::default()
        }
    }

    fn evolve(&self, history: &mut History, event: &String) {
        let progress = match history.through {
            Some(through) => Progress::resume(through, history.events, None),
            None => Progress::default(),
        };
        let mut session = Journal::default().resume(&history.steps.0, &progress).unwrap();
        session.json_lines(text(&history.pending).as_bytes()).unwrap();
        session.json_lines(event.as_bytes()).unwrap();
        let folded = session.folded();
        *history = History {
            through: folded.progress.position(),
            events: folded.progress.event_count(),
            pending: folded
                .pending
                .iter()
                .map(|event| String::from_utf8(event.clone()).unwrap())
                .collect(),
            steps: Bytes(folded.state),
        };
    }
}

const RUN: &str = "run-1";

type Engine = Repository<Runs, TestStore, Rows<String>>;

/// The version stands for the hash of the workflow's code.
fn definition(version: u32) -> Definition<Runs> {
    Definition::new("run", version, Runs).policy(Policy::every_events(5).unwrap())
}

fn open(definition: Definition<Runs>, store: &TestStore, rows: &Rows<String>) -> Engine {
    Repository::new(definition, store.clone(), rows.clone()).unwrap()
}

/// `activities` activities of two events each, and an opener that waits.
fn journal(activities: u64) -> (Log, Rows<String>) {
    let mut log = Log::default();
    for n in 0..activities {
        log.activity(&format!("c{n}"), &["scheduled", "completed"]);
    }
    log.event("activity_scheduled", activity("waits"));
    let rows = Rows::default();
    insert(&rows, 1, &log.lines);
    (log, rows)
}

fn insert(rows: &Rows<String>, first: u64, lines: &[String]) {
    for (position, line) in (first..).zip(lines) {
        rows.insert(RUN, Row::new(position, format!("e{position}"), line.clone()));
    }
}

fn key(position: u64) -> String {
    StreamKeys::new("run", RUN).unwrap().snapshot(1, position)
}

fn snapshot(engine: &Engine) -> Outcome {
    let mut handle = engine.blocking().load(RUN).unwrap();
    engine.blocking().snapshot(&mut handle).unwrap()
}

fn fold(lines: &[String]) -> Folded {
    let mut session = Journal::default().start();
    session.json_lines(text(lines).as_bytes()).unwrap();
    session.folded()
}

// When

/// A missing run or infinity is a silent no-op ▸
#[test]
fn nothing_happens_without_a_run_or_a_threshold() {
    let store = TestStore::default();
    let engine = open(definition(1), &store, &Rows::default());
    let mut missing = engine.blocking().load(RUN).unwrap();
    let outcome = engine.blocking().maybe_snapshot(&mut missing);
    assert!(matches!(outcome, Outcome::Skipped(_)), "{outcome:?}");
    assert!(matches!(
        engine.blocking().snapshot(&mut missing),
        Ok(Outcome::Skipped(Skipped::NothingFolded))
    ));

    let (_, rows) = journal(50);
    let engine = open(definition(1).policy(Policy::never()), &store, &rows);
    let mut handle = engine.blocking().load(RUN).unwrap();
    let outcome = engine.blocking().maybe_snapshot(&mut handle);
    assert!(matches!(outcome, Outcome::Skipped(Skipped::NotDue(_))), "{outcome:?}");
    assert_eq!(store.keys(), [""; 0]);
}

/// Take when `number of events after the base ≥ threshold` (incomplete events count too)
#[test]
fn events_that_wait_are_counted() {
    let store = TestStore::default();
    let (_, rows) = journal(2);
    let engine = open(definition(1), &store, &rows);
    let mut handle = engine.blocking().load(RUN).unwrap();
    assert_eq!((handle.event_count(), handle.state().events), (5, 4));
    let outcome = engine.blocking().maybe_snapshot(&mut handle);
    assert!(matches!(outcome, Outcome::Taken { .. }), "{outcome:?}");
}

/// Nothing new completed → skip, reason "no complete steps" ▸ (Ours: the newest snapshot covers the position already.)
#[test]
fn nothing_new_is_nothing_to_save() {
    let (log, _) = journal(3);
    let base = fold(&log.lines[..6]);
    let next = fold(&log.lines);
    assert_eq!(
        (next.pending.len(), &next.state, &next.progress),
        (1, &base.state, &base.progress)
    );
    let header = header(&next);
    let bytes = frame::seal(&header, &next.state).unwrap();
    let inspected = frame::inspect(&bytes, &frame::Expect::default()).unwrap();
    let request = SaveRequest {
        max_bytes: 1_000_000,
        ..SaveRequest::new(header, inspected.payload.clone(), bytes.len() as u64)
    };
    let facts = [
        SaveFact::Listed { keys: vec![key(6)] },
        SaveFact::Opened {
            digest: inspected.payload.digest,
            anchor: next.progress.anchor().cloned(),
            fence: None,
        },
    ];
    let SaveStep::Done { result } = next_save(&request, &facts).unwrap() else {
        panic!()
    };
    assert_eq!(result, SaveResult::AlreadyCovered { key: key(6) });
    assert_eq!(
        fold(&log.lines[..1]).progress.position(),
        None,
        "without a step there is no position to save at"
    );
}

fn header(folded: &Folded) -> Header {
    let position = folded.progress.position().unwrap();
    Header {
        anchor: folded.progress.anchor().cloned(),
        ..Header::new("run", 1, RUN, position, folded.progress.event_count())
    }
}

// Base

/// Reused only if its version hash equals the run's; otherwise dropped and compacted from full history ▸
#[test]
fn a_base_of_other_code_is_dropped() {
    let store = TestStore::default();
    let (log, rows) = journal(3);
    snapshot(&open(definition(1), &store, &rows));
    let mut longer = log.clone();
    longer.event("activity_completed", activity("waits"));
    insert(&rows, 8, &longer.lines[7..]);
    for (version, source, replayed) in [(1, Source::Snapshot { position: 7 }, 1), (2, Source::Replay, 8)] {
        let handle = open(definition(version), &store, &rows).blocking().load(RUN).unwrap();
        assert_eq!(
            (handle.source(), handle.replayed()),
            (source, replayed),
            "version {version}"
        );
        assert_eq!(handle.state().steps.0, fold(&longer.lines).state, "version {version}");
    }
    let other_table = Journal::from_json(br#"{"ignore": ["heartbeat"]}"#).unwrap();
    assert_ne!(
        other_table.digest(),
        Journal::default().digest(),
        "another table is another meaning"
    );
}

// Size

/// Default limit 1,000,000 bytes, inclusive ▸; above → skipped with (actual, max), nothing written ▸
#[test]
fn a_million_bytes_and_not_one_more() {
    let sized = |payload: usize, limit: Option<u64>| {
        let (store, rows) = (TestStore::default(), Rows::default());
        let data = json!({"command_id": "c", "kind": "blob", "payload": "x".repeat(payload)});
        rows.insert(RUN, Row::new(1, "e1", line(1, "side_effect", data)));
        let each = definition(1).policy(Policy::every_events(1).unwrap());
        let engine = open(limit.into_iter().fold(each, Definition::max_bytes), &store, &rows);
        let mut handle = engine.blocking().load(RUN).unwrap();
        (engine.blocking().maybe_snapshot(&mut handle), store)
    };
    let (Outcome::Taken { bytes, .. }, _) = sized(900_000, Some(u64::MAX)) else {
        panic!()
    };
    let fits = 900_000 + (1_000_000 - bytes as usize);
    let (outcome, store) = sized(fits, None);
    assert!(
        matches!(outcome, Outcome::Taken { bytes: 1_000_000, .. }),
        "{outcome:?}"
    );
    assert_eq!(store.bytes(&key(1)).unwrap().len(), 1_000_000);

    let (outcome, store) = sized(fits + 1, None);
    let Outcome::Skipped(Skipped::TooLarge(error)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.code(), Code::TooLarge);
    for number in ["1000001", "1000000"] {
        assert!(error.message().contains(number), "{error}");
    }
    assert_eq!(store.bytes(&key(1)), None, "nothing but the marker of the attempt");
}

// Store

/// Unique per (run, through). Load: highest `through` whose format version is known ▸; undecodable → full history ▸
#[test]
fn the_newest_snapshot_that_can_be_read_is_loaded() {
    let store = TestStore::default();
    let (log, rows) = journal(2);
    snapshot(&open(definition(1), &store, &rows));
    let mut longer = log.clone();
    longer.event("activity_completed", activity("waits"));
    insert(&rows, 6, &longer.lines[5..]);
    let engine = open(definition(1), &store, &rows);
    snapshot(&engine);
    snapshot(&engine);
    assert_eq!(store.keys(), [key(6), key(5)], "one for each position");
    let load = || {
        let handle = open(definition(1), &store, &rows).blocking().load(RUN).unwrap();
        assert_eq!(handle.state().steps.0, fold(&longer.lines).state);
        let codes: Vec<Code> = handle.rejected().iter().map(|rejection| rejection.code).collect();
        (handle.source(), codes)
    };
    assert_eq!(load(), (Source::Snapshot { position: 6 }, vec![]));

    let newer = store.bytes(&key(6)).unwrap();
    let opened = frame::open(&newer, &frame::Expect::default()).unwrap();
    let unknown = Header {
        floor: Some(u32::MAX),
        ..opened.header.clone()
    };
    store.set(&key(6), &frame::seal(&unknown, &opened.payload).unwrap());
    assert_eq!(load(), (Source::Snapshot { position: 5 }, vec![Code::TooNew]));

    for position in [5, 6] {
        store.set(&key(position), b"not a frame");
    }
    let (source, codes) = load();
    assert_eq!((source, codes.len()), (Source::Replay, 2));
}

/// a lease token travels with the load ▸ (our `fence`). ▸ writes are not fenced
#[test]
fn a_fence_travels_with_the_snapshot_and_stores_can_refuse_an_old_owner() {
    /// Refuses what an owner writes who has lost the run to another.
    struct Fenced(MemoryStore);
    impl Fenced {
        fn put(&self, bytes: &[u8], header: &Header) -> Result<(), HostError> {
            let keys = now(self.0.list("", None, usize::MAX))?;
            for key in keys {
                let there = now(self.0.get(&key))?.unwrap_or_default();
                if frame::inspect(&there, &frame::Expect::default())?.header.fence > header.fence {
                    return Err("another owner has this run".into());
                }
            }
            now(self.0.put(&key(header.position), bytes, Some(header)))
        }
    }
    let (log, _) = journal(3);
    let store = Fenced(MemoryStore::default());
    let take = |through: usize, fence: u64| {
        let folded = fold(&log.lines[..through]);
        let header = Header {
            fence: Some(fence),
            ..header(&folded)
        };
        store.put(&frame::seal(&header, &folded.state).unwrap(), &header)
    };
    take(4, 7).unwrap();
    let bytes = now(store.0.get(&key(4))).unwrap().unwrap();
    let opened = frame::open(&bytes, &frame::Expect::of("run", 1, RUN)).unwrap();
    assert_eq!(opened.header.fence, Some(7));
    assert!(take(6, 6).is_err(), "the owner before");
    take(6, 8).unwrap();
}

/// Retrying an activity invalidates snapshots at or after its seq ▸
#[test]
fn a_retry_invalidates_the_snapshots_from_its_step_on() {
    let mut log = Log::default();
    log.activity("a", &["scheduled", "completed"]);
    log.activity(
        "b",
        &[
            "scheduled",
            "failed",
            "retry_scheduled",
            "failed",
            "retry_scheduled",
            "completed",
        ],
    );
    let store = MemoryStore::default();
    for through in [2, 4, 6] {
        let folded = fold(&log.lines[..through]);
        now(store.put(
            &key(through as u64),
            &frame::seal(&header(&folded), &folded.state).unwrap(),
            None,
        ))
        .unwrap();
    }
    let slot = StreamKeys::new("run", RUN).unwrap().snapshots(1);
    let mut rejected = vec![];
    let folded = loop {
        let newest = now(store.list(&slot, None, 1)).unwrap().remove(0);
        let bytes = now(store.get(&newest)).unwrap().unwrap();
        let base = frame::open(&bytes, &frame::Expect::of("run", 1, RUN)).unwrap();
        let Header {
            position,
            event_count,
            anchor,
            ..
        } = base.header;
        let mut session = Journal::default()
            .resume(&base.payload, &Progress::resume(position, event_count, anchor))
            .unwrap();
        match session.json_lines(text(&log.lines[position as usize..]).as_bytes()) {
            Ok(()) => break session.folded(),
            Err(error) => {
                assert_eq!((error.code(), error.position()), (Code::InvalidatesBase, Some(3)));
                // Keys go from the newest to the oldest: what comes up to that of the step lies at or after it.
                let keys = now(store.list(&slot, None, usize::MAX)).unwrap();
                let invalid: Vec<String> = keys.into_iter().filter(|key_there| *key_there <= key(3)).collect();
                now(store.delete(&invalid)).unwrap();
                rejected.extend(invalid);
            }
        }
    };
    assert_eq!(rejected, [key(6), key(4)]);
    assert_eq!(folded, fold(&log.lines));
}

// Telemetry

/// `taken {event_count, size_bytes}` with through, format version, compacted length; `skipped {reason}` ▸ "event_count" counts steps
#[test]
fn outcomes_say_what_happened() {
    let store = TestStore::default();
    let (_, rows) = journal(3);
    let engine = open(definition(1), &store, &rows);
    let mut handle = engine.blocking().load(RUN).unwrap();
    let outcome = engine.blocking().maybe_snapshot(&mut handle);
    let Outcome::Taken {
        reason,
        key: written,
        bytes,
        ..
    } = outcome
    else {
        panic!("{outcome:?}")
    };
    assert!(reason.contains('7'), "{reason}");
    assert_eq!((written, bytes), (key(7), store.bytes(&key(7)).unwrap().len() as u64));
    let inspected = frame::inspect(&store.bytes(&key(7)).unwrap(), &frame::Expect::default()).unwrap();
    assert_eq!(
        (inspected.header.position, inspected.header.event_count),
        (7, 7),
        "events, not steps"
    );
    assert_eq!(inspected.header.anchor, Some(Anchor::id("e7")));
    assert_eq!(Steps::new(&handle.state().steps.0).unwrap().len(), 3);
    let Outcome::Skipped(Skipped::NotDue(reason)) = engine.blocking().maybe_snapshot(&mut handle) else {
        panic!()
    };
    assert!(!reason.is_empty());
}

/// Never raises into the workflow, whatever the store does ▸
#[test]
fn whatever_the_store_does_the_workflow_goes_on() {
    for broken in [
        &["list"][..],
        &["get"],
        &["put"],
        &["delete"],
        &["list", "get", "put", "delete"],
    ] {
        let (log, rows) = journal(20);
        let store = TestStore::default();
        store.set(&key(30), b"not a frame");
        store.fail(broken);
        let engine = open(definition(1).keep(1), &store, &rows);
        let mut handle = engine.blocking().load(RUN).unwrap();
        assert_eq!(handle.state().steps.0, fold(&log.lines).state, "{broken:?}");
        match engine.blocking().maybe_snapshot(&mut handle) {
            Outcome::Taken { .. } => {}
            Outcome::Failed(error) => assert_eq!(error.code(), Code::StoreFailed, "{broken:?}"),
            outcome => panic!("{broken:?}: {outcome:?}"),
        }
    }
}

// Defects

/// ▸ a damaged or wrong-version row at the same `through` is never replaced, though "taken" is reported
#[test]
fn a_bad_snapshot_at_the_same_position_is_replaced() {
    let (_, rows) = journal(3);
    let key = StreamKeys::new("run", RUN).unwrap().snapshot(3, 7);
    let sound = {
        let store = TestStore::default();
        snapshot(&open(definition(3), &store, &rows));
        store.bytes(&key).unwrap()
    };
    let opened = frame::open(&sound, &frame::Expect::default()).unwrap();
    let of_version = |version| {
        let header = Header {
            version,
            ..opened.header.clone()
        };
        frame::seal(&header, &opened.payload).unwrap()
    };
    let mut flipped = sound.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for bad in [&sound[..sound.len() - 1], &flipped, &of_version(2)] {
        let store = TestStore::default();
        store.set(&key, bad);
        let outcome = snapshot(&open(definition(3), &store, &rows));
        assert!(matches!(outcome, Outcome::Taken { .. }), "{outcome:?}");
        assert_eq!(store.bytes(&key).unwrap(), sound);
    }
    let store = TestStore::default();
    store.set(&key, &of_version(4));
    let engine = open(definition(3), &store, &rows);
    let mut handle = engine.blocking().load(RUN).unwrap();
    let outcome = engine.blocking().snapshot(&mut handle);
    assert_eq!(
        outcome.unwrap_err().code(),
        Code::TooNew,
        "newer code's is left alone, and \"taken\" is not reported"
    );
}

/// ▸ the state is encoded three times per snapshot (once here)
#[test]
fn the_state_is_encoded_once() {
    let (log, rows) = journal(3);
    let engine = open(definition(1), &TestStore::default(), &rows);
    let mut handle = engine.blocking().load(RUN).unwrap();
    ENCODINGS.set(0);
    engine.blocking().snapshot(&mut handle).unwrap();
    // Debug builds open what they sealed, and encode it again to compare.
    assert_eq!(ENCODINGS.get(), 1 + u32::from(cfg!(debug_assertions)));

    let folded = fold(&log.lines);
    let sealed = frame::seal(&header(&folded), &folded.state).unwrap();
    let opened = frame::open(&sealed, &frame::Expect::default()).unwrap();
    assert_eq!(
        *opened.payload, *folded.state,
        "what the fold has made is sealed as it is"
    );
}
