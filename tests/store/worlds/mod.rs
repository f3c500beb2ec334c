//! Every load of a small world: snapshots × verdicts × logs × what is known of them × stores × races × positions asked for.
//!
//! A world's state is the list of the events folded into it, so that "equals the full replay" can be read off. A driver of a few
//! lines performs the steps of [`next`](snapfold::store::next); each load must end, soon, with the state of the full replay or with a
//! typed error, and with the state where there is a way to it.

mod world;

use std::collections::BTreeMap;

use snapfold::Code;
use snapfold::fold::Sequence;
use snapfold::store::{History, LoadRequest, OnStoreError, StreamKeys};

use world::{Event, HISTORY, Log, Snapshot, Trouble, Verdict, World, place};

#[derive(Default)]
struct Counts {
    used: u32,
    replayed: u32,
    failed: BTreeMap<Code, u32>,
    most_steps: usize,
}

impl Counts {
    /// Explores the world; says how many ticks its load took.
    fn add(&mut self, world: &World) -> usize {
        let (end, steps, ticks) = world.explore();
        self.most_steps = self.most_steps.max(steps);
        match end {
            Ok(Some(_)) => self.used += 1,
            Ok(None) => self.replayed += 1,
            Err(code) => *self.failed.entry(code).or_default() += 1,
        }
        ticks
    }

    fn failed(&self, code: Code) -> u32 {
        self.failed.get(&code).copied().unwrap_or_default()
    }

    /// Prints the counts; there must be enough to speak of.
    fn report(&self, what: &str, least_replayed: u32) {
        let Self {
            used,
            replayed,
            failed,
            most_steps,
        } = self;
        println!("{what}: {used} used, {replayed} replayed, {failed:?}; most steps {most_steps}");
        assert!(*used > 1_000 && *replayed >= least_replayed && self.failed(Code::HistoryUnavailable) > 1_000);
    }
}

/// What a definition and a log say of themselves.
#[derive(Clone, Copy, Debug)]
struct Known {
    sequence: Sequence,
    has_bounds: bool,
    /// Whether the bounds count.
    counting: bool,
    late_arrivals: bool,
    history: Option<History>,
}

const CONTIGUOUS: Known = Known {
    sequence: Sequence::Contiguous { first_position: 1 },
    has_bounds: false,
    counting: false,
    late_arrivals: false,
    history: None,
};

const SPARSE: Known = Known {
    sequence: Sequence::Sparse,
    ..CONTIGUOUS
};

impl Known {
    fn with_bounds(self) -> Self {
        Self {
            has_bounds: true,
            counting: true,
            late_arrivals: true,
            ..self
        }
    }

    fn said(self, history: History) -> Self {
        Self {
            history: Some(history),
            ..self
        }
    }

    /// Whether a log that shows nothing missing is believed.
    fn vouched_for(self) -> bool {
        self.has_bounds || self.history == Some(History::Complete)
    }

    /// Everything that can be known; a sparse stream whose events may arrive late must have bounds.
    fn all() -> Vec<Self> {
        let mut all = vec![CONTIGUOUS, SPARSE];
        all = all
            .iter()
            .flat_map(|known| {
                [None, Some(History::Complete), Some(History::Pruned)].map(|history| Self { history, ..*known })
            })
            .collect();
        all = all
            .iter()
            .flat_map(|known| {
                let silent = |late_arrivals| Self {
                    counting: false,
                    late_arrivals,
                    ..known.with_bounds()
                };
                let counting = |late_arrivals| Self {
                    late_arrivals,
                    ..known.with_bounds()
                };
                [*known, silent(false), silent(true), counting(false), counting(true)]
            })
            .collect();
        all
    }
}

fn request(known: Known, at: Option<usize>) -> LoadRequest {
    LoadRequest {
        name: "n".into(),
        stream: "s".into(),
        version: 3,
        fold_digest: None,
        migratable: vec![2, 1],
        sequence: known.sequence,
        at: at.map(|n| place(known.sequence, n)),
        use_snapshots: true,
        has_bounds: known.has_bounds,
        late_arrivals: known.late_arrivals,
        history: known.history,
        on_store_error: OnStoreError::Replay,
        max_replay: None,
    }
}

fn original(sequence: Sequence) -> Vec<Event> {
    (1..).map(|n| place(sequence, n)).zip(HISTORY).collect()
}

fn whole(what: &'static str, events: Vec<Event>) -> Log {
    Log {
        what,
        truth: events.clone(),
        rows: events,
        truncated_through: None,
    }
}

/// The original log without its first events, which are told to be gone if the log can tell.
fn pruned(known: Known, events: usize) -> Log {
    let all = original(known.sequence);
    Log {
        what: "pruned",
        rows: all[events..].to_vec(),
        truth: all,
        truncated_through: known.has_bounds.then(|| place(known.sequence, events)),
    }
}

fn logs(known: Known) -> Vec<Log> {
    let sequence = known.sequence;
    let all = original(sequence);
    let rewritten = |shift: u64| {
        let (kept, gone) = all.split_at(3);
        let other = gone
            .iter()
            .zip(["b4", "b5", "b6"])
            .map(|((position, _), id)| (position + shift, id));
        kept.iter().copied().chain(other).collect::<Vec<_>>()
    };
    let mut logs = vec![
        whole("complete", all.clone()),
        whole("new", vec![]),
        Log {
            what: "lost",
            rows: vec![],
            ..whole("", all.clone())
        },
        whole("shorter", all[..3].to_vec()),
        whole("diverged", rewritten(0)),
        whole(
            "another stream's",
            (1..)
                .map(|n| place(sequence, n))
                .zip(["c1", "c2", "c3", "c4", "c5", "c6"])
                .collect(),
        ),
    ];
    if sequence == Sequence::Sparse {
        logs.push(whole("diverged in place", rewritten(5)));
    }
    // A sparse log that is said to be complete shows nothing of what is gone, and a log of any kind that is gone as a whole.
    for events in [1, 2, 3, 4, 5, 6] {
        let shows = known.has_bounds || (events < 6 && known.history != Some(History::Complete));
        if shows || (sequence != Sequence::Sparse && events < 6) {
            logs.push(pruned(known, events));
        }
    }
    if known.late_arrivals && sequence == Sequence::Sparse {
        for late in [5, 15, 35, 55] {
            let straggled = |events: &[Event]| {
                let mut events = events.to_vec();
                events.push((late, "late"));
                events.sort_unstable();
                events
            };
            logs.push(whole("with a straggler", straggled(&all)));
            // A count cannot tell a straggler from a deleted event that was folded.
            if !known.counting && late > 20 {
                let pruned = pruned(known, 2);
                logs.push(Log {
                    truth: straggled(&pruned.truth),
                    rows: straggled(&pruned.rows),
                    ..pruned
                });
            }
        }
    }
    logs
}

/// Snapshots of these versions after so many events, each of them missing, sound or damaged.
fn stores(sequence: Sequence, places: &[(u32, usize)]) -> Vec<Vec<Snapshot>> {
    let keys = StreamKeys::new("n", "s").unwrap();
    let mut stores = vec![vec![]];
    for (version, events) in places {
        let with = |verdict| Snapshot {
            key: keys.snapshot(*version, place(sequence, *events)),
            folded: original(sequence)[..*events].to_vec(),
            verdict,
        };
        let choices = [None, Some(Verdict::Usable), Some(Verdict::Corrupt)];
        stores = stores
            .into_iter()
            .flat_map(|store| {
                choices.map(|choice| [&store[..], &choice.map(with).into_iter().collect::<Vec<_>>()].concat())
            })
            .collect();
    }
    stores
}

fn troubles(snapshots: usize) -> Vec<Trouble> {
    let mut troubles = vec![Trouble::None, Trouble::ListFails, Trouble::GetFails];
    troubles.extend((0..snapshots).flat_map(|index| [Trouble::Pruned(index), Trouble::Flickers(index)]));
    troubles
}

/// Where nothing shows that a stream has a past, nobody can know it; nor where the host says of a lost log that it is complete.
fn can_be_known(world: &World) -> bool {
    let Known { sequence, .. } = world.known;
    let shown = match world.trouble {
        Trouble::ListFails => !world.known.vouched_for(),
        Trouble::Pruned(_) => world.snapshots.len() > 1,
        _ => !world.snapshots.is_empty(),
    };
    let asked = world.request.use_snapshots || !world.known.vouched_for();
    match world.log.what {
        "lost" => shown && asked,
        "pruned" if world.log.rows.is_empty() => world.log.truncated_through.is_some(),
        // Whoever says that nothing was deleted, and has bounds that say otherwise, is believed the worse.
        "pruned" => sequence != Sequence::Sparse || world.log.truncated_through.is_some() || !world.known.vouched_for(),
        "new" => world.snapshots.is_empty(),
        _ => true,
    }
}

#[test]
fn every_load_equals_the_full_replay_or_fails_with_a_code() {
    for known in [
        CONTIGUOUS,
        CONTIGUOUS.with_bounds(),
        SPARSE.said(History::Complete),
        SPARSE.said(History::Pruned),
        SPARSE.with_bounds(),
    ] {
        let mut counts = Counts::default();
        for log in logs(known) {
            for snapshots in stores(known.sequence, &[(3, 2), (3, 5), (2, 4), (1, 3)]) {
                for trouble in troubles(snapshots.len()) {
                    // The event that changes something is the last one: not before it.
                    for (at, invalid_from) in [
                        (None, None),
                        (None, Some(3)),
                        (Some(3), None),
                        (Some(5), None),
                        (Some(9), Some(3)),
                    ] {
                        let world = World {
                            known,
                            request: request(known, at),
                            log: log.clone(),
                            moved: None,
                            snapshots: snapshots.clone(),
                            trouble,
                            invalid_from: invalid_from.map(|n| place(known.sequence, n)),
                        };
                        if can_be_known(&world) {
                            counts.add(&world);
                        }
                    }
                }
            }
        }
        // Of such a log nothing is replayed but a new stream.
        let never = known.history == Some(History::Pruned);
        counts.report(&format!("{known:?}"), if never { 1 } else { 1_000 });
    }
}

/// What a host says of its log and asks of a load, in every combination.
#[test]
fn whatever_is_known_and_asked_for() {
    let mut counts = Counts::default();
    for known in Known::all() {
        for log in logs(known) {
            for snapshots in stores(known.sequence, &[(3, 5), (2, 4)]) {
                for trouble in troubles(snapshots.len()) {
                    for (at, use_snapshots, on_store_error, max_replay) in [
                        (None, true, OnStoreError::Replay, None),
                        (None, false, OnStoreError::Replay, None),
                        (None, true, OnStoreError::Throw, None),
                        (None, false, OnStoreError::Throw, None),
                        (None, true, OnStoreError::Replay, Some(1)),
                        (None, true, OnStoreError::Replay, Some(3)),
                        (None, false, OnStoreError::Throw, Some(3)),
                        (Some(5), true, OnStoreError::Replay, Some(1)),
                        (Some(5), false, OnStoreError::Replay, None),
                    ] {
                        let world = World {
                            known,
                            request: LoadRequest {
                                use_snapshots,
                                on_store_error,
                                max_replay,
                                ..request(known, at)
                            },
                            log: log.clone(),
                            moved: None,
                            snapshots: snapshots.clone(),
                            trouble,
                            invalid_from: None,
                        };
                        if can_be_known(&world) {
                            counts.add(&world);
                        }
                    }
                }
            }
        }
    }
    counts.report("whatever is known", 1_000);
    for code in [Code::Unreadable, Code::ReplayTooLong, Code::ReadFailed] {
        assert!(counts.failed(code) > 100, "{code}");
    }
}

/// Events are appended, or truncated behind a snapshot, before any of the load's steps, and between any two pages.
#[test]
fn the_log_moves_under_the_load() {
    let mut counts = Counts::default();
    for known in [
        CONTIGUOUS,
        CONTIGUOUS.with_bounds(),
        SPARSE.said(History::Complete),
        SPARSE.said(History::Pruned),
        SPARSE.with_bounds(),
        Known {
            late_arrivals: false,
            ..SPARSE.with_bounds()
        },
    ] {
        let all = original(known.sequence);
        let mut moves = vec![
            (whole("growing", all[..4].to_vec()), whole("grown", all.clone())),
            (whole("new", vec![]), whole("begun", all.clone())),
        ];
        if known.history != Some(History::Complete) {
            moves.extend((1..6).map(|events| (whole("complete", all.clone()), pruned(known, events))));
            moves.extend((3..6).map(|events| (pruned(known, 2), pruned(known, events))));
        }
        for (before, after) in moves {
            for snapshots in stores(known.sequence, &[(3, 2), (3, 5), (2, 4)]) {
                for at in [None, Some(5)] {
                    for tick in 0.. {
                        let world = World {
                            known,
                            request: request(known, at),
                            log: before.clone(),
                            moved: Some((tick, after.clone())),
                            snapshots: snapshots.clone(),
                            trouble: Trouble::None,
                            invalid_from: None,
                        };
                        if counts.add(&world) < tick {
                            break;
                        }
                    }
                }
            }
        }
    }
    counts.report("moving", 1_000);
}
