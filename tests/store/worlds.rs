//! Every load of a small world: snapshots × verdicts × logs × stores × races × positions asked for.
//!
//! A world's state is the list of the events folded into it, so that "equals the full replay" can be read off. A driver of a few
//! lines performs the steps of [`next`]; each load must end, soon, with the state of the full replay or with a typed error.

use std::collections::BTreeMap;

use snapfold::Code;
use snapfold::fold::{Anchor, Sequence};
use snapfold::store::{Bounds, FirstRow, LoadFact, LoadRequest, LoadStep, StreamKeys, next, position_of};

/// Two walks through two listings and three candidates (open, read, bounds), then the log's start (read, bounds).
const MOST_STEPS: usize = 2 * (2 + 3 * 3) + 2;

type Event = (u64, &'static str);
/// The snapshot that was built upon, and the state.
type End = Result<(Option<String>, Vec<Event>), Code>;

const HISTORY: [&str; 6] = ["a1", "a2", "a3", "a4", "a5", "a6"];

#[derive(Clone, Debug)]
struct Log {
    #[allow(dead_code)] // for whoever reads a failure
    what: &'static str,
    /// What was ever committed: the full replay folds this.
    truth: Vec<Event>,
    /// What can still be read.
    rows: Vec<Event>,
    truncated_through: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Usable,
    Corrupt,
    Stale,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    None,
    ListFails,
    GetFails,
    /// The candidate is listed, then gone for good.
    Pruned(usize),
    /// The candidate is listed, then absent once.
    Flickers(usize),
}

#[derive(Clone, Debug)]
struct Snapshot {
    key: String,
    folded: Vec<Event>,
    verdict: Verdict,
}

#[derive(Clone, Debug)]
struct World {
    request: LoadRequest,
    log: Log,
    snapshots: Vec<Snapshot>,
    trouble: Trouble,
    /// The last event of the history changes what snapshots from this position on hold.
    invalid_from: Option<u64>,
}

#[derive(Default)]
struct Counts {
    used: u32,
    replayed: u32,
    failed: BTreeMap<Code, u32>,
    most_steps: usize,
}

/// The n-th event's position: 1, 2, 3 … or 10, 20, 30 ….
fn place(sequence: Sequence, n: usize) -> u64 {
    n as u64 * if sequence == Sequence::Sparse { 10 } else { 1 }
}

fn original(sequence: Sequence) -> Vec<Event> {
    (1..).map(|n| place(sequence, n)).zip(HISTORY).collect()
}

fn logs(sequence: Sequence, has_bounds: bool) -> Vec<Log> {
    let all = original(sequence);
    let whole = |what, events: Vec<Event>| Log {
        what,
        truth: events.clone(),
        rows: events,
        truncated_through: None,
    };
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
        whole("empty", vec![]),
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
    // A sparse log has to tell what was deleted, and a log of any kind that was deleted as a whole.
    for pruned in [1, 2, 3, 4, 5, 6] {
        if has_bounds || (sequence != Sequence::Sparse && pruned < 6) {
            logs.push(Log {
                what: "pruned",
                truth: all.clone(),
                rows: all[pruned..].to_vec(),
                truncated_through: has_bounds.then(|| place(sequence, pruned)),
            });
        }
    }
    if has_bounds && sequence == Sequence::Sparse {
        for late in [5, 15, 35, 55] {
            let mut events = all.clone();
            events.push((late, "late"));
            events.sort_unstable();
            logs.push(whole("with a straggler", events));
        }
    }
    logs
}

/// Two snapshots in the own slot and one in an older slot, each of them missing or with one of the verdicts.
fn stores(sequence: Sequence) -> Vec<Vec<Snapshot>> {
    let keys = StreamKeys::new("n", "s").unwrap();
    let mut stores = vec![vec![]];
    for (version, events) in [(2, 2), (2, 5), (1, 4)] {
        let with = |verdict| Snapshot {
            key: keys.snapshot(version, place(sequence, events)),
            folded: original(sequence)[..events].to_vec(),
            verdict,
        };
        let choices = [
            None,
            Some(Verdict::Usable),
            Some(Verdict::Corrupt),
            Some(Verdict::Stale),
        ];
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

#[test]
fn every_load_equals_the_full_replay_or_fails_with_a_code() {
    for (sequence, has_bounds) in [
        (Sequence::default(), false),
        (Sequence::default(), true),
        (Sequence::Sparse, false),
        (Sequence::Sparse, true),
    ] {
        let mut counts = Counts::default();
        for log in logs(sequence, has_bounds) {
            for snapshots in stores(sequence) {
                for trouble in troubles(snapshots.len()) {
                    for at in [None, Some(3), Some(5), Some(9)] {
                        let request = LoadRequest {
                            name: "n".into(),
                            stream: "s".into(),
                            version: 2,
                            fold_digest: None,
                            migratable: vec![1],
                            sequence,
                            at: at.map(|n| place(sequence, n)),
                            use_snapshots: true,
                            has_bounds,
                            late_arrivals: has_bounds,
                        };
                        for invalid_from in [None, Some(3)] {
                            World {
                                request: request.clone(),
                                log: log.clone(),
                                snapshots: snapshots.clone(),
                                trouble,
                                invalid_from: invalid_from.map(|n| place(sequence, n)),
                            }
                            .explore(&mut counts);
                        }
                    }
                }
            }
        }
        let Counts {
            used,
            replayed,
            failed,
            most_steps,
        } = counts;
        println!(
            "{sequence:?}, bounds: {has_bounds}: {used} used, {replayed} replayed, {failed:?}; most steps {most_steps}"
        );
        assert!(used > 1_000 && replayed > 1_000 && failed.contains_key(&Code::HistoryUnavailable));
    }
}

/// The own slot first, and the newest in it.
fn rank(key: Option<&String>) -> Option<(bool, Option<u64>)> {
    key.map(|key| (key.contains("/v2/"), position_of(key)))
}

impl World {
    fn explore(&self, counts: &mut Counts) {
        let (end, steps) = self.drive();
        counts.most_steps = counts.most_steps.max(steps);
        match end {
            Ok((base, state)) => {
                let truth = self.truth();
                assert_eq!(state, truth, "{self:#?}");
                match base {
                    Some(_) => counts.used += 1,
                    None => counts.replayed += 1,
                }
                assert!(
                    rank(base.as_ref()) >= rank(self.best()),
                    "a better snapshot lay there: {self:#?}"
                );
            }
            Err(code) => {
                assert!(
                    matches!(code, Code::HistoryUnavailable | Code::BeyondLog),
                    "{code}: {self:#?}"
                );
                assert!(
                    code == Code::BeyondLog || !self.must_succeed(),
                    "there was a way to the state: {self:#?}"
                );
                *counts.failed.entry(code).or_default() += 1;
            }
        }
    }

    fn truth(&self) -> Vec<Event> {
        let wanted = |event: &&Event| self.request.at.is_none_or(|at| event.0 <= at);
        self.log.truth.iter().filter(wanted).copied().collect()
    }

    /// The first sound snapshot of this log's own history, whose tail can be read in full.
    fn best(&self) -> Option<&String> {
        let sound = |(index, snapshot): &(usize, &Snapshot)| {
            let last = snapshot.folded.last().unwrap();
            let prefix: Vec<Event> = self
                .log
                .truth
                .iter()
                .filter(|event| event.0 <= last.0)
                .copied()
                .collect();
            snapshot.verdict == Verdict::Usable
                && self.stays(*index)
                && self.request.at.is_none_or(|at| last.0 <= at)
                && prefix == snapshot.folded
                && !self.invalidates(last.0)
                && (self.log.rows.contains(last) || self.log.truncated_through == Some(last.0))
        };
        let readable = !matches!(self.trouble, Trouble::ListFails | Trouble::GetFails);
        let sound = self.snapshots.iter().enumerate().filter(sound);
        let first = sound
            .map(|(_, snapshot)| &snapshot.key)
            .max_by_key(|key| rank(Some(key)));
        first.filter(|_| readable)
    }

    /// Whether the event that changes a snapshot at `position` is folded onto it.
    fn invalidates(&self, position: u64) -> bool {
        let last = HISTORY.last().unwrap();
        let changing = |event: &Event| event.1 == *last && event.0 > position;
        let wanted = |event: &Event| self.request.at.is_none_or(|at| event.0 <= at);
        let follows = self.log.rows.iter().any(|event| changing(event) && wanted(event));
        follows && self.invalid_from.is_some_and(|from| position >= from)
    }

    /// A gap may have used up the one restart that a flickering candidate needs.
    fn stays(&self, index: usize) -> bool {
        match self.trouble {
            Trouble::Pruned(gone) => gone != index,
            Trouble::Flickers(gone) => gone != index || self.log.rows == self.log.truth,
            _ => true,
        }
    }

    /// Something of the log is there, from its first event on; or a snapshot that may be used.
    fn must_succeed(&self) -> bool {
        let complete = !self.log.rows.is_empty() && self.log.rows == self.log.truth;
        complete || self.best().is_some()
    }

    /// What a driver does, and the number of steps it took.
    fn drive(&self) -> (End, usize) {
        let mut facts = vec![];
        let mut missed = false;
        loop {
            let step = next(&self.request, &facts).unwrap().step;
            assert!(facts.len() <= MOST_STEPS, "no end: {self:#?}");
            facts.push(match step {
                LoadStep::List { prefix, start, limit } => self.list(&prefix, start.as_deref(), limit, missed),
                LoadStep::Open { key, position } => self.open(&key, position, &mut missed),
                LoadStep::Read { from } => LoadFact::FirstRow {
                    row: self.rows(from).first().map(|(position, id)| FirstRow {
                        position: *position,
                        anchor: Some(Anchor::id(*id)),
                    }),
                },
                LoadStep::Bounds { through } => self.bounds(through),
                LoadStep::Use { key } if self.invalidates(position_of(&key).unwrap()) => LoadFact::Invalidated {
                    position: self.invalid_from.unwrap(),
                },
                LoadStep::Use { key } => return (self.fold(Some(key)), facts.len()),
                LoadStep::Replay => return (self.fold(None), facts.len()),
                LoadStep::Fail { error } => return (Err(error.code()), facts.len()),
            });
        }
    }

    fn list(&self, prefix: &str, start: Option<&str>, limit: usize, missed: bool) -> LoadFact {
        if self.trouble == Trouble::ListFails {
            return LoadFact::Unreadable {
                message: "no listing".into(),
            };
        }
        let gone = |index: usize| missed && self.trouble == Trouble::Pruned(index);
        let there = self.snapshots.iter().enumerate().filter(|(index, _)| !gone(*index));
        let mut keys: Vec<String> = there
            .map(|(_, snapshot)| snapshot.key.clone())
            .filter(|key| key.starts_with(prefix) && start.is_none_or(|start| &**key >= start))
            .collect();
        keys.sort();
        keys.truncate(limit);
        LoadFact::Listed { keys }
    }

    fn open(&self, key: &str, position: u64, missed: &mut bool) -> LoadFact {
        let rejected = |code| LoadFact::Rejected {
            code,
            message: String::new(),
        };
        let (index, snapshot) = self
            .snapshots
            .iter()
            .enumerate()
            .find(|(_, found)| found.key == key)
            .unwrap();
        assert_eq!(snapshot.folded.last().unwrap().0, position);
        assert!(
            self.request.at.is_none_or(|at| position <= at),
            "beyond what was asked for"
        );
        match self.trouble {
            Trouble::GetFails => {
                return LoadFact::Unreadable {
                    message: "no get".into(),
                };
            }
            Trouble::Pruned(pruned) if pruned == index => {
                *missed = true;
                return rejected(Code::Absent);
            }
            Trouble::Flickers(flickering) if flickering == index && !*missed => {
                *missed = true;
                return rejected(Code::Absent);
            }
            _ => {}
        }
        match snapshot.verdict {
            Verdict::Corrupt => rejected(Code::Corrupt),
            Verdict::Stale => rejected(Code::Stale),
            Verdict::Usable => LoadFact::Opened {
                event_count: snapshot.folded.len() as u64,
                anchor: snapshot.folded.last().map(|(_, id)| Anchor::id(*id)),
            },
        }
    }

    fn rows(&self, from: Option<u64>) -> Vec<Event> {
        let rows = self.log.rows.iter().copied();
        rows.filter(|(position, _)| from.is_none_or(|from| *position >= from))
            .collect()
    }

    fn bounds(&self, through: Option<u64>) -> LoadFact {
        assert!(self.request.has_bounds);
        let counted = self
            .log
            .rows
            .iter()
            .filter(|(position, _)| through.is_none_or(|through| *position <= through));
        LoadFact::Bounds {
            bounds: Bounds {
                count: Some(counted.count() as u64),
                truncated_through: self.log.truncated_through,
            },
        }
    }

    /// The kept page and what follows, onto the kept state; as far as was asked for.
    fn fold(&self, key: Option<String>) -> End {
        let snapshot = key
            .as_ref()
            .and_then(|key| self.snapshots.iter().find(|found| found.key == *key));
        let mut state = snapshot.map(|snapshot| snapshot.folded.clone()).unwrap_or_default();
        let position = state.last().map(|(position, _)| *position);
        let tail = self.rows(position).into_iter().filter(|row| Some(row.0) != position);
        state.extend(tail);
        match self.request.at {
            Some(at) if state.last().is_none_or(|last| last.0 < at) => return Err(Code::BeyondLog),
            Some(at) => state.retain(|event| event.0 <= at),
            None => {}
        }
        Ok((key, state))
    }
}
