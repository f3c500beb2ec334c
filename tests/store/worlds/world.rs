//! One world: its log, its store, and a driver that loads its one stream.

use snapfold::Code;
use snapfold::fold::{Anchor, Sequence};
use snapfold::store::{Bounds, FirstRow, History, LoadFact, LoadRequest, LoadStep, OnStoreError, next, position_of};

use super::Known;

/// Two walks through three slots and four candidates (list, open, read, bounds, use), then the log's start (read, probe, bounds, replay),
/// and the bounds of the whole.
const MOST_STEPS: usize = 2 * (3 + 4 * 5 + 4 + 1);

/// Rows per page: a tail takes several.
const PAGE: usize = 2;

pub type Event = (u64, &'static str);
type State = Vec<Event>;
/// The snapshot that was built upon, or why the load failed.
type End = Result<Option<String>, Code>;

pub const HISTORY: [&str; 6] = ["a1", "a2", "a3", "a4", "a5", "a6"];

/// The n-th event's position: 1, 2, 3 … or 10, 20, 30 ….
pub fn place(sequence: Sequence, n: usize) -> u64 {
    n as u64 * if sequence == Sequence::Sparse { 10 } else { 1 }
}

#[derive(Clone, Debug)]
pub struct Log {
    pub what: &'static str,
    /// What was ever committed: the full replay folds this.
    pub truth: Vec<Event>,
    /// What can still be read.
    pub rows: Vec<Event>,
    pub truncated_through: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Usable,
    Corrupt,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    None,
    ListFails,
    GetFails,
    /// The candidate is listed, then gone for good.
    Pruned(usize),
    /// The candidate is listed, then absent once.
    Flickers(usize),
}

#[derive(Clone, Debug)]
pub struct Snapshot {
    pub key: String,
    pub folded: Vec<Event>,
    pub verdict: Verdict,
}

#[derive(Clone, Debug)]
pub struct World {
    pub known: Known,
    pub request: LoadRequest,
    pub log: Log,
    /// What the log has become by that tick: reads, and questions to the store, since the load began.
    pub moved: Option<(usize, Log)>,
    pub snapshots: Vec<Snapshot>,
    pub trouble: Trouble,
    /// The last event of the history changes what snapshots from this position on hold.
    pub invalid_from: Option<u64>,
}

/// The own slot first, and the newest in it.
fn rank(key: Option<&String>) -> Option<(u32, Option<u64>)> {
    let version = |key: &str| (1..=3).find(|version| key.contains(&format!("/v{version}/")));
    key.map(|key| (version(key).unwrap(), position_of(key)))
}

impl World {
    /// Loads, and checks what that gives; also says how many steps and how many ticks that took.
    pub fn explore(&self) -> (End, usize, usize) {
        let (end, steps, ticks) = self.load(false);
        let (one_by_one, more_steps, _) = self.load(true);
        assert!(
            self.moved.is_some() || one_by_one == end,
            "{one_by_one:?}, but {end:?}: {self:#?}"
        );
        (end, steps.max(more_steps), ticks)
    }

    /// With `one_by_one`, the store's driver looks for the first key only, and for the next one when that does not serve.
    fn load(&self, one_by_one: bool) -> (End, usize, usize) {
        let mut driver = Driver::of(self, one_by_one);
        let end = driver.drive();
        match &end {
            Ok((base, state)) => {
                assert!(self.truths().contains(state), "{state:?}: {self:#?}");
                assert!(
                    self.moved.is_some() || rank(base.as_ref()) >= rank(self.best(&self.log)),
                    "a better snapshot lay there: {self:#?}"
                );
            }
            Err(code) => {
                assert!(self.may_fail_with(*code), "{code}: {self:#?}");
                assert!(
                    *code == Code::BeyondLog || !self.must_succeed(),
                    "{code}, but there was a way to the state: {self:#?}"
                );
            }
        }
        (end.map(|(base, _)| base), driver.facts.len(), driver.tick)
    }

    /// The full replay, before or after the log moved.
    fn truths(&self) -> Vec<State> {
        let wanted = |event: &&Event| self.request.at.is_none_or(|at| event.0 <= at);
        let logs = [Some(&self.log), self.moved.as_ref().map(|(_, log)| log)];
        logs.iter()
            .flatten()
            .map(|log| log.truth.iter().filter(wanted).copied().collect())
            .collect()
    }

    fn may_fail_with(&self, code: Code) -> bool {
        let fails = matches!(self.trouble, Trouble::ListFails | Trouble::GetFails);
        match code {
            Code::HistoryUnavailable | Code::BeyondLog => true,
            Code::Unreadable => {
                let asked = self.request.use_snapshots || self.log.rows.is_empty();
                fails && asked && self.request.on_store_error == OnStoreError::Throw
            }
            Code::ReplayTooLong => self.request.max_replay.is_some_and(|most| self.fewest_events() > most),
            // Bounds that do not count are no bounds where events arrive late.
            Code::ReadFailed => {
                self.known.sequence == Sequence::Sparse && self.known.late_arrivals && !self.known.counting
            }
            Code::Gap => self.moved.is_some() && self.log.what == "pruned",
            _ => false,
        }
    }

    /// What is left to fold on the way that a load takes.
    fn fewest_events(&self) -> u64 {
        let from = self.best(&self.log).and_then(|key| position_of(key));
        let [truth] = &self.truths()[..] else {
            panic!("only for logs that stay as they are")
        };
        truth.iter().filter(|event| Some(event.0) > from).count() as u64
    }

    /// Something of the log is there, from its first event on, and it is known to be the first; or a snapshot that may be used.
    fn must_succeed(&self) -> bool {
        let refuses = |code| self.may_fail_with(code);
        if refuses(Code::Unreadable) || refuses(Code::ReplayTooLong) || refuses(Code::ReadFailed) {
            return false;
        }
        let log = match &self.moved {
            None => &self.log,
            // What grows may be found empty, and what shrinks is found shrunk on the second walk, of which there is one.
            Some((_, after)) => {
                let shrinks = after.what == "pruned" && self.log.what == "complete";
                return shrinks && self.best(after).is_some();
            }
        };
        let readable = self.trouble != Trouble::ListFails;
        let shown = match self.known.sequence {
            Sequence::Contiguous { .. } => !log.rows.is_empty(),
            Sequence::Sparse => !log.rows.is_empty() && self.known.vouched_for(),
        };
        let new = log.what == "new" && (readable || self.known.vouched_for());
        (log.rows == log.truth && (shown || new)) || self.best(log).is_some()
    }

    /// The first sound snapshot of this log's own history, whose tail can be read in full.
    fn best(&self, log: &Log) -> Option<&String> {
        let sound = |(index, snapshot): &(usize, &Snapshot)| {
            let last = snapshot.folded.last().unwrap();
            let prefix: Vec<Event> = log.truth.iter().filter(|event| event.0 <= last.0).copied().collect();
            snapshot.verdict == Verdict::Usable
                && self.stays(*index)
                && self.request.at.is_none_or(|at| last.0 <= at)
                && prefix == snapshot.folded
                && !self.invalidates(log, last.0)
                && (log.rows.contains(last) || log.truncated_through == Some(last.0))
        };
        let readable = !matches!(self.trouble, Trouble::ListFails | Trouble::GetFails) && self.request.use_snapshots;
        let sound = self.snapshots.iter().enumerate().filter(sound);
        let first = sound
            .map(|(_, snapshot)| &snapshot.key)
            .max_by_key(|key| rank(Some(key)));
        first.filter(|_| readable)
    }

    /// Whether the event that changes a snapshot at `position` is folded onto it.
    fn invalidates(&self, log: &Log, position: u64) -> bool {
        let wanted = |event: &&Event| self.request.at.is_none_or(|at| event.0 <= at);
        let mut folded = log.rows.iter().filter(wanted);
        folded.any(|event| self.changes(position, event))
    }

    fn changes(&self, position: u64, event: &Event) -> bool {
        let last = HISTORY.last().unwrap();
        event.1 == *last && event.0 > position && self.invalid_from.is_some_and(|from| position >= from)
    }

    /// A gap may have used up the one restart that a flickering candidate needs.
    fn stays(&self, index: usize) -> bool {
        match self.trouble {
            Trouble::Pruned(gone) => gone != index,
            Trouble::Flickers(gone) => gone != index || self.log.rows == self.log.truth,
            _ => true,
        }
    }
}

/// Why a fold ends early.
enum Stop {
    Learned(LoadFact),
    Failed(Code),
}

struct Driver<'a> {
    world: &'a World,
    one_by_one: bool,
    facts: Vec<LoadFact>,
    tick: usize,
    /// A candidate was found missing.
    missed: bool,
    page: Vec<Event>,
}

impl<'a> Driver<'a> {
    fn of(world: &'a World, one_by_one: bool) -> Self {
        Self {
            world,
            one_by_one,
            facts: vec![],
            tick: 0,
            missed: false,
            page: vec![],
        }
    }

    fn drive(&mut self) -> Result<(Option<String>, State), Code> {
        loop {
            let step = next(&self.world.request, &self.facts).unwrap().step;
            assert!(self.facts.len() <= MOST_STEPS, "no end: {:#?}", self.world);
            let fact = match step {
                LoadStep::List { prefix, start, limit } => self.list(&prefix, start.as_deref(), limit),
                LoadStep::Open { key, position } => self.open(&key, position),
                LoadStep::Read { from } => {
                    self.page = self.read(from);
                    LoadFact::FirstRow {
                        row: self.page.first().map(|(position, id)| FirstRow {
                            position: *position,
                            anchor: Some(Anchor::id(*id)),
                        }),
                    }
                }
                LoadStep::Bounds { through } => self.bounds(through),
                LoadStep::Use { .. } | LoadStep::Replay => {
                    let key = match step {
                        LoadStep::Use { key } => Some(key),
                        _ => None,
                    };
                    match self.fold(key.as_ref()) {
                        Ok(state) => return Ok((key, state)),
                        Err(Stop::Learned(fact)) => fact,
                        Err(Stop::Failed(code)) => return Err(code),
                    }
                }
                LoadStep::Fail { error } => return Err(error.code()),
            };
            self.facts.push(fact);
        }
    }

    /// The log as it is now.
    fn log(&mut self) -> &'a Log {
        self.tick += 1;
        match &self.world.moved {
            Some((from, log)) if self.tick > *from => log,
            _ => &self.world.log,
        }
    }

    fn list(&mut self, prefix: &str, start: Option<&str>, limit: usize) -> LoadFact {
        self.tick += 1;
        let world = self.world;
        if world.trouble == Trouble::ListFails {
            return LoadFact::Unreadable {
                message: "no listing".into(),
            };
        }
        let gone = |index: usize| self.missed && world.trouble == Trouble::Pruned(index);
        let there = world.snapshots.iter().enumerate().filter(|(index, _)| !gone(*index));
        let mut keys: Vec<String> = there
            .map(|(_, snapshot)| snapshot.key.clone())
            .filter(|key| key.starts_with(prefix) && start.is_none_or(|start| &**key >= start))
            .collect();
        keys.sort();
        if self.one_by_one {
            let key = keys.into_iter().next();
            return LoadFact::Newest { key };
        }
        keys.truncate(limit);
        LoadFact::Listed { keys }
    }

    fn open(&mut self, key: &str, position: u64) -> LoadFact {
        self.tick += 1;
        let world = self.world;
        let rejected = |code| LoadFact::Rejected {
            code,
            message: String::new(),
        };
        let found = world.snapshots.iter().enumerate().find(|(_, found)| found.key == key);
        let (index, snapshot) = found.unwrap();
        assert_eq!(snapshot.folded.last().unwrap().0, position);
        assert!(
            world.request.at.is_none_or(|at| position <= at),
            "beyond what was asked for"
        );
        match world.trouble {
            Trouble::GetFails => {
                return LoadFact::Unreadable {
                    message: "no get".into(),
                };
            }
            Trouble::Pruned(pruned) if pruned == index => {
                self.missed = true;
                return rejected(Code::Absent);
            }
            Trouble::Flickers(flickering) if flickering == index && !self.missed => {
                self.missed = true;
                return rejected(Code::Absent);
            }
            _ => {}
        }
        match snapshot.verdict {
            Verdict::Corrupt => rejected(Code::Corrupt),
            Verdict::Usable => LoadFact::Opened {
                event_count: snapshot.folded.len() as u64,
                anchor: snapshot.folded.last().map(|(_, id)| Anchor::id(*id)),
            },
        }
    }

    fn read(&mut self, from: Option<u64>) -> Vec<Event> {
        let rows = self.log().rows.iter().copied();
        rows.filter(|(position, _)| from.is_none_or(|from| *position >= from))
            .take(PAGE)
            .collect()
    }

    fn bounds(&mut self, through: Option<u64>) -> LoadFact {
        let Known {
            has_bounds, counting, ..
        } = self.world.known;
        assert!(has_bounds);
        let log = self.log();
        let counted = log
            .rows
            .iter()
            .filter(|(position, _)| through.is_none_or(|through| *position <= through));
        LoadFact::Bounds {
            bounds: Bounds {
                count: counting.then_some(counted.count() as u64),
                truncated_through: log.truncated_through,
            },
        }
    }

    /// The kept page and those that follow, onto the kept state; or what the load has to learn from them.
    fn fold(&mut self, key: Option<&String>) -> Result<State, Stop> {
        let world = self.world;
        let base = key.and_then(|key| world.snapshots.iter().find(|found| found.key == *key));
        let mut state = base.map(|snapshot| snapshot.folded.clone()).unwrap_or_default();
        let from = state.last().map(|(position, _)| *position);
        let wanted = |event: &Event| world.request.at.is_none_or(|at| event.0 <= at);
        let reaches = |position: u64| world.request.at.is_none_or(|at| position >= at);
        let mut reached = from.map_or(world.request.at.is_none(), reaches);
        let contiguous = world.known.sequence != Sequence::Sparse;
        let mut left = world.request.max_replay.unwrap_or(u64::MAX);
        let mut page = std::mem::take(&mut self.page);
        let seam = page.last().map(|event| event.0);
        let mut pages = 0;
        while let Some((end, _)) = page.last().copied() {
            pages += 1;
            reached |= reaches(end);
            for event in page.iter().filter(|event| Some(event.0) > from && wanted(event)) {
                let before = state.last().map_or(0, |last| last.0);
                if contiguous && event.0 != before + 1 {
                    return Err(Stop::Learned(LoadFact::Gap { position: event.0 }));
                }
                if from.is_some_and(|from| world.changes(from, event)) {
                    return Err(Stop::Learned(LoadFact::Invalidated {
                        position: world.invalid_from.unwrap(),
                    }));
                }
                left = left.checked_sub(1).ok_or(Stop::Failed(Code::ReplayTooLong))?;
                state.push(*event);
            }
            page = match page.iter().all(wanted) {
                true => self.read(Some(end + 1)),
                false => vec![],
            };
        }
        let shows_holes = contiguous || world.known.history == Some(History::Complete);
        match seam {
            Some(seam) if pages > 1 && !shows_holes && self.read(Some(seam)).first().map(|row| row.0) != Some(seam) => {
                Err(Stop::Learned(LoadFact::Gap { position: seam }))
            }
            // A position that a contiguous stream does not have is beyond its log, too.
            _ if !reached || (contiguous && !state.last().is_none_or(|last| reaches(last.0))) => {
                Err(Stop::Failed(Code::BeyondLog))
            }
            _ => Ok(state),
        }
    }
}
