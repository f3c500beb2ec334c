//! Recovery as a pure function: what a load should do next, given all that it has learned.
//!
//! A load is a conversation. [`next`] says which step comes now; a driver performs it, appends what it learned to the list of
//! [`LoadFact`]s and asks again. `next` keeps nothing between calls, so the same facts always give the same step, in every language.
//!
//! The way of a load: list a slot → open its candidates, newest first → read the log at the candidate's own position and compare the
//! anchor → use it; or go on to the next candidate, the next slot, and at last the full replay. A candidate that vanished, or a gap
//! right behind it, may mean that a pruner was faster: then the walk starts again, once.

use alloc::collections::BinaryHeap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::keys::{Slot, StreamKeys, position_of};
use crate::fold::{Anchor, Sequence};
use crate::frame::{Digest, optional_digest};
use crate::text::text;
use crate::{Code, Error, Result};

/// How many keys a listing asks for.
const LIST_LIMIT: usize = 16;

/// What is to be loaded; fixed for one load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadRequest {
    /// Name of the definition.
    pub name: String,
    /// Stream id.
    #[serde(rename = "streamId")]
    pub stream: String,
    /// Version of the definition: the own slot, unless there is a fold digest.
    pub version: u32,
    /// Digest of the definition's built-in fold.
    #[serde(default, with = "optional_digest")]
    pub fold_digest: Option<Digest>,
    /// Versions that `migrate` covers, in the order in which their slots are tried.
    #[serde(default)]
    pub migratable: Vec<u32>,
    /// How positions follow each other.
    pub sequence: Sequence,
    /// Load the state at this position (inclusive) instead of the newest.
    #[serde(default)]
    pub at: Option<u64>,
    /// `false` replays without looking at the store.
    pub use_snapshots: bool,
    /// Whether the log can tell its bounds.
    pub has_bounds: bool,
    /// Whether events may arrive below positions that were read before: then a sparse log must count. A request that does not say
    /// is taken to mean that they may.
    #[serde(default = "yes")]
    pub late_arrivals: bool,
}

fn yes() -> bool {
    true
}

/// One thing that a load has learned: the answer to the step before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LoadFact {
    /// To [`LoadStep::List`]: the keys found.
    Listed {
        /// In ascending order, at most `limit`.
        keys: Vec<String>,
    },
    /// To [`LoadStep::List`] and [`LoadStep::Open`]: the store could not be read.
    Unreadable {
        /// The store's own words.
        message: String,
    },
    /// To [`LoadStep::Open`]: a sound snapshot, decoded and migrated.
    Opened {
        /// Events folded in.
        event_count: u64,
        /// Identity of the last folded event.
        #[serde(default)]
        anchor: Option<Anchor>,
    },
    /// To [`LoadStep::Open`]: why the candidate cannot be used.
    Rejected {
        /// The verdict; [`Code::Absent`] if nothing lies under the key.
        code: Code,
        /// In words.
        message: String,
    },
    /// To [`LoadStep::Read`]: the first row at or after the position asked for.
    FirstRow {
        /// `None` if the log has none.
        #[serde(default)]
        row: Option<FirstRow>,
    },
    /// To [`LoadStep::Bounds`]: what the log says of itself.
    Bounds {
        /// The log's answer.
        bounds: Bounds,
    },
    /// To [`LoadStep::Use`], while its tail is folded: [`Code::InvalidatesBase`]. The load goes on with what is older.
    Invalidated {
        /// Snapshots at this position or above hold what is no longer true.
        position: u64,
    },
}

/// The first row of a read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstRow {
    /// Its position.
    pub position: u64,
    /// Which event it is; only needed at the position asked for.
    #[serde(default)]
    pub anchor: Option<Anchor>,
}

/// What a log says of one stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bounds {
    /// How many events it holds at or below the position asked for.
    #[serde(default)]
    pub count: Option<u64>,
    /// Events at or below this position were deleted on purpose.
    #[serde(default)]
    pub truncated_through: Option<u64>,
}

/// What a driver does next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LoadStep {
    /// List at most `limit` keys under `prefix`, ascending, from `start` (inclusive).
    List {
        /// Prefix of one slot.
        prefix: String,
        /// Where to begin.
        start: Option<String>,
        /// How many at most.
        limit: usize,
    },
    /// Get, open, decode and migrate the frame under `key`; keep the state.
    Open {
        /// Key of the candidate.
        key: String,
        /// Position that the key states; the header must agree.
        position: u64,
    },
    /// Read the first page of events from `from` (inclusive; `None`: the start); keep the page.
    Read {
        /// First position of the page.
        from: Option<u64>,
    },
    /// Ask the log for its bounds, counting events at or below `through` (`None`: all).
    Bounds {
        /// Last position that counts.
        through: Option<u64>,
    },
    /// Done: fold the kept page and what follows onto the kept state.
    Use {
        /// Key of the snapshot.
        key: String,
    },
    /// Done: fold the kept page and what follows from the initial state.
    Replay,
    /// Done: no state can be vouched for.
    Fail {
        /// Why.
        error: Error,
    },
}

/// A candidate that was not used, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejection {
    /// Key of the candidate, or prefix of the slot that could not be read.
    pub key: String,
    /// Position that the key states.
    pub position: Option<u64>,
    /// The verdict.
    pub code: Code,
    /// The verdict in words.
    pub message: String,
}

/// The step that comes now, and every rejection so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NextLoad {
    /// What to do.
    pub step: LoadStep,
    /// Candidates that were not used, in the order in which they were tried.
    pub rejected: Vec<Rejection>,
}

/// What a load does next. Pure; linear in the number of facts, of which a load has a handful.
///
/// # Errors
/// [`Code::InvalidId`] for an empty name or stream id; [`Code::InvalidOption`] for a fact that does not answer the step before it,
/// which is a defect of the driver.
pub fn next(request: &LoadRequest, facts: &[LoadFact]) -> Result<NextLoad> {
    let mut walk = Walk::of(request)?;
    let mut step = walk.first_step();
    for fact in facts {
        step = walk.absorb(step, fact)?;
    }
    Ok(NextLoad {
        step,
        rejected: walk.rejected,
    })
}

struct Walk<'a> {
    request: &'a LoadRequest,
    keys: StreamKeys,
    restarted: bool,
    /// The own slot, then those that migrations cover, as keys spell them.
    slots: Vec<String>,
    /// Index of the one being tried.
    slot: usize,
    /// Candidates of the last listing; the newest comes first. Heaps here and in `save` because sorting a slice is much code.
    queue: BinaryHeap<(u64, String)>,
    /// Where the slot's next page begins, if the last one was full.
    more: Option<String>,
    candidate: Option<Candidate>,
    /// The row found by the read that is being judged.
    row: Option<FirstRow>,
    /// Candidates at this position or above hold what an event behind them has changed.
    invalid_from: Option<u64>,
    rejected: Vec<Rejection>,
    /// The log is empty and no slot of ours had a snapshot: does any other?
    probing: bool,
}

struct Candidate {
    key: String,
    position: u64,
    event_count: u64,
    anchor: Option<Anchor>,
}

impl<'a> Walk<'a> {
    fn of(request: &'a LoadRequest) -> Result<Self> {
        let mut slots = Vec::from([Slot::of(request.version, request.fold_digest).segment()]);
        slots.extend(request.migratable.iter().map(|from| Slot::Version(*from).segment()));
        Ok(Self {
            slots,
            request,
            keys: StreamKeys::new(&request.name, &request.stream)?,
            restarted: false,
            slot: 0,
            queue: BinaryHeap::new(),
            more: None,
            candidate: None,
            row: None,
            invalid_from: None,
            rejected: Vec::new(),
            probing: false,
        })
    }

    fn first_step(&mut self) -> LoadStep {
        match self.request.use_snapshots {
            true => self.list_slot(0),
            false => self.replay(),
        }
    }

    /// What follows on a step and the answer to it.
    fn absorb(&mut self, step: LoadStep, fact: &LoadFact) -> Result<LoadStep> {
        match (step, fact) {
            (LoadStep::List { .. }, LoadFact::Listed { keys }) if self.probing => Ok(self.probed(keys)),
            (LoadStep::List { .. }, LoadFact::Unreadable { .. }) if self.probing => Ok(self.probed(&[])),
            (LoadStep::List { start, limit, .. }, LoadFact::Listed { keys }) => Ok(self.listed(start, limit, keys)),
            (LoadStep::List { prefix, .. }, LoadFact::Unreadable { message }) => {
                Ok(self.unreadable(prefix, None, message))
            }
            (LoadStep::Open { key, position }, LoadFact::Unreadable { message }) => {
                Ok(self.unreadable(key, Some(position), message))
            }
            (LoadStep::Open { key, position }, LoadFact::Opened { event_count, anchor }) => {
                Ok(self.opened(key, position, *event_count, anchor.clone()))
            }
            (LoadStep::Open { .. }, LoadFact::Rejected { code: Code::Absent, .. }) if !self.restarted => {
                Ok(self.restart())
            }
            (LoadStep::Open { key, position }, LoadFact::Rejected { code, message }) => {
                Ok(self.reject(key, Some(position), *code, message.clone()))
            }
            (LoadStep::Read { .. }, LoadFact::FirstRow { row }) => {
                self.row = row.clone();
                Ok(self.judge_row())
            }
            (LoadStep::Bounds { .. }, LoadFact::Bounds { bounds }) => Ok(self.judge_bounds(bounds)),
            (LoadStep::Use { key }, LoadFact::Invalidated { position }) => Ok(self.invalidated(key, *position)),
            _ => Err(Error::new(Code::InvalidOption, "a fact does not answer the step before it").at_path("facts")),
        }
    }

    // Finding candidates

    fn list_slot(&mut self, slot: usize) -> LoadStep {
        self.slot = slot;
        self.queue.clear();
        self.more = None;
        let Some(slot) = self.slots.get(slot) else {
            return self.replay();
        };
        let start = self.request.at.map(|at| self.keys.snapshot_in(slot, at));
        self.list(slot, start)
    }

    fn list(&self, slot: &str, start: Option<String>) -> LoadStep {
        LoadStep::List {
            prefix: self.keys.snapshots_in(slot),
            start,
            limit: LIST_LIMIT,
        }
    }

    fn listed(&mut self, start: Option<String>, limit: usize, keys: &[String]) -> LoadStep {
        let prefix = self
            .slots
            .get(self.slot)
            .map(|slot| self.keys.snapshots_in(slot))
            .unwrap_or_default();
        for key in keys {
            if key.starts_with(&prefix)
                && start.as_ref().is_none_or(|start| key >= start)
                && let Some(position) = position_of(key)
            {
                self.queue.push((position, key.clone()));
            }
        }
        let oldest = self.queue.iter().map(|(position, _)| *position).min();
        self.more = match (
            oldest.and_then(|oldest| oldest.checked_sub(1)),
            self.slots.get(self.slot),
        ) {
            (Some(below), Some(slot)) if keys.len() >= limit => Some(self.keys.snapshot_in(slot, below)),
            _ => None,
        };
        self.next_candidate()
    }

    fn next_candidate(&mut self) -> LoadStep {
        self.candidate = None;
        if let Some((position, key)) = self.queue.pop() {
            while self.queue.peek().is_some_and(|(_, next)| *next == key) {
                self.queue.pop();
            }
            return match self.invalid_from {
                Some(from) if position >= from => self.reject_invalidated(key, position),
                _ => LoadStep::Open { key, position },
            };
        }
        match (self.more.take(), self.slots.get(self.slot)) {
            (Some(start), Some(slot)) => self.list(slot, Some(start)),
            _ => self.list_slot(self.slot + 1),
        }
    }

    fn reject(&mut self, key: String, position: Option<u64>, code: Code, message: String) -> LoadStep {
        self.rejected.push(Rejection {
            key,
            position,
            code,
            message,
        });
        self.next_candidate()
    }

    /// A store that cannot be read now is not asked again in this load.
    fn unreadable(&mut self, key: String, position: Option<u64>, message: &str) -> LoadStep {
        self.rejected.push(Rejection {
            key,
            position,
            code: Code::Unreadable,
            message: message.to_string(),
        });
        self.replay()
    }

    fn restart(&mut self) -> LoadStep {
        self.restarted = true;
        self.probing = false;
        self.rejected.clear();
        self.list_slot(0)
    }

    fn replay(&mut self) -> LoadStep {
        self.candidate = None;
        LoadStep::Read { from: None }
    }

    // Judging a candidate against the log

    fn opened(&mut self, key: String, position: u64, event_count: u64, anchor: Option<Anchor>) -> LoadStep {
        if let Sequence::Contiguous { first_position } = self.request.sequence
            && position.checked_sub(first_position) != event_count.checked_sub(1)
        {
            let message = text!(
                "{} events do not reach from {} to {}",
                event_count,
                first_position,
                position
            );
            return self.reject(key, Some(position), Code::Foreign, message);
        }
        self.candidate = Some(Candidate {
            key,
            position,
            event_count,
            anchor,
        });
        LoadStep::Read { from: Some(position) }
    }

    fn judge_row(&mut self) -> LoadStep {
        let Some(candidate) = &self.candidate else {
            return self.judge_start();
        };
        let position = candidate.position;
        match &self.row {
            Some(row) if row.position < position => LoadStep::Fail {
                error: Error::new(
                    Code::ReadFailed,
                    text!(
                        "asked for events from {} on, the log answered with an earlier one; `from` is inclusive and ascending",
                        position
                    ),
                )
                .at_position(row.position),
            },
            Some(row) if row.position == position => {
                if candidate.anchor.is_some() && candidate.anchor != row.anchor {
                    return self.reject_candidate(Code::Diverged, "the log holds another event at this position");
                }
                if self.request.late_arrivals && self.request.sequence == Sequence::Sparse {
                    return LoadStep::Bounds {
                        through: Some(position),
                    };
                }
                self.use_candidate()
            }
            _ if self.request.has_bounds => LoadStep::Bounds {
                through: Some(position),
            },
            _ => self.anchor_missing(None),
        }
    }

    fn judge_bounds(&mut self, bounds: &Bounds) -> LoadStep {
        let Some(candidate) = &self.candidate else {
            return match bounds.truncated_through {
                Some(through) => self.history_unavailable(text!("events through {} were deleted on purpose", through)),
                None => LoadStep::Replay,
            };
        };
        let anchored = self.row.as_ref().is_some_and(|row| row.position == candidate.position);
        if !anchored {
            return self.anchor_missing(bounds.truncated_through);
        }
        match (bounds.count, bounds.truncated_through) {
            // What was deleted cannot be counted any more, but what is left must be among what was folded.
            (Some(count), Some(_)) if count <= candidate.event_count => self.use_candidate(),
            (None, Some(_)) => self.use_candidate(),
            (Some(count), None) if count == candidate.event_count => self.use_candidate(),
            (Some(count), _) => {
                let message = text!(
                    "the log holds {} events through this position, {} are folded in",
                    count,
                    candidate.event_count
                );
                self.reject_candidate(Code::Stragglers, message)
            }
            (None, None) => LoadStep::Fail {
                error: Error::new(
                    Code::ReadFailed,
                    "the bounds of a sparse log must count its events; or declare that none arrives late",
                ),
            },
        }
    }

    /// The log has no event at the candidate's position. That is sound only if exactly the events folded into it were deleted.
    fn anchor_missing(&mut self, truncated_through: Option<u64>) -> LoadStep {
        let position = self
            .candidate
            .as_ref()
            .map(|candidate| candidate.position)
            .unwrap_or_default();
        let following = self.row.as_ref().map(|row| row.position);
        let contiguous = matches!(self.request.sequence, Sequence::Contiguous { .. });
        match (truncated_through, following) {
            (Some(through), _) if through == position && !contiguous => self.use_candidate(),
            (Some(through), None) if through == position => self.use_candidate(),
            (Some(through), Some(next)) if through >= position && contiguous && next - 1 == position => {
                self.use_candidate()
            }
            (Some(through), _) if through >= position => self.gap(text!(
                "events through {} were deleted, which this snapshot does not reach",
                through
            )),
            (_, None) => self.reject_candidate(Code::Ahead, "the log ends before this position"),
            (_, Some(next)) if contiguous => self.gap(text!(
                "the log goes on at {}, without the event at this position; if it is there, read must take `from` as inclusive",
                next
            )),
            (_, Some(_)) => {
                self.reject_candidate(Code::Diverged, "the log has no event at this position, but later ones")
            }
        }
    }

    fn gap(&mut self, message: String) -> LoadStep {
        if self.restarted {
            return self.reject_candidate(Code::Gap, message);
        }
        self.restart()
    }

    fn use_candidate(&mut self) -> LoadStep {
        match self.candidate.take() {
            Some(candidate) => LoadStep::Use { key: candidate.key },
            None => self.replay(),
        }
    }

    fn reject_candidate(&mut self, code: Code, message: impl Into<String>) -> LoadStep {
        match self.candidate.take() {
            Some(candidate) => self.reject(candidate.key, Some(candidate.position), code, message.into()),
            None => self.next_candidate(),
        }
    }

    /// Only the fold can find that out, and only when the snapshot is in use already.
    fn invalidated(&mut self, key: String, position: u64) -> LoadStep {
        let used = position_of(&key).unwrap_or_default();
        let from = position.min(used);
        self.invalid_from = Some(self.invalid_from.map_or(from, |before| before.min(from)));
        self.reject_invalidated(key, used)
    }

    fn reject_invalidated(&mut self, key: String, position: u64) -> LoadStep {
        let message = String::from("an event behind it changes what it holds");
        self.reject(key, Some(position), Code::InvalidatesBase, message)
    }

    // Judging the start of the log

    fn judge_start(&mut self) -> LoadStep {
        let seen = self.rejected.iter().find_map(|rejection| rejection.position);
        match (self.row.as_ref().map(|row| row.position), self.request.sequence) {
            (None, _) if seen.is_some() => {
                let position = seen.unwrap_or_default();
                self.history_unavailable(text!("the log is empty, but a snapshot at {} exists", position))
            }
            (None, _) if self.request.use_snapshots && self.rejected.is_empty() => self.probe(),
            (Some(first), Sequence::Contiguous { first_position }) if first < first_position => LoadStep::Fail {
                error: Error::new(
                    Code::InvalidPosition,
                    text!(
                        "the log begins below {}; declare firstPosition: 0 if that is meant",
                        first_position
                    ),
                )
                .at_position(first),
            },
            (Some(first), Sequence::Contiguous { first_position }) if first > first_position => self
                .history_unavailable(text!(
                    "the log begins at {}, its first event should be {}",
                    first,
                    first_position
                )),
            (Some(_), Sequence::Contiguous { .. }) => LoadStep::Replay,
            _ if self.request.has_bounds => LoadStep::Bounds { through: None },
            (Some(first), Sequence::Sparse) => match self.rejected_below(first) {
                Some(position) => self.history_unavailable(text!(
                    "the log begins at {} and cannot tell whether that is its start, but a snapshot at {} exists",
                    first,
                    position
                )),
                None => LoadStep::Replay,
            },
            _ => LoadStep::Replay,
        }
    }

    /// An empty log may be a new stream, or one whose events were lost: snapshots of versions that are not read here tell.
    fn probe(&mut self) -> LoadStep {
        self.probing = true;
        LoadStep::List {
            prefix: self.keys.all_snapshots(),
            start: None,
            limit: 1,
        }
    }

    fn probed(&mut self, keys: &[String]) -> LoadStep {
        match keys.first() {
            Some(key) => self.history_unavailable(text!("the log is empty, but a snapshot lies under {}", key)),
            None if self.request.has_bounds => LoadStep::Bounds { through: None },
            None => LoadStep::Replay,
        }
    }

    /// A snapshot from before the log's first event shows that events were deleted, whatever is wrong with it.
    fn rejected_below(&self, first: u64) -> Option<u64> {
        let mut positions = self.rejected.iter().filter_map(|rejection| rejection.position);
        positions.find(|position| *position < first)
    }

    /// Gives up, unless a snapshot may have been written and the log truncated behind it since the store was listed.
    fn history_unavailable(&mut self, found: String) -> LoadStep {
        if self.request.use_snapshots && !self.restarted {
            return self.restart();
        }
        let mut codes = String::new();
        for rejection in &self.rejected {
            let comma = if codes.is_empty() { "" } else { ", " };
            codes.push_str(comma);
            codes.push_str(rejection.code.as_str());
        }
        let snapshots = match codes.as_str() {
            "" => String::from("there is no snapshot"),
            codes => text!("no snapshot can be used ({})", codes),
        };
        LoadStep::Fail {
            error: Error::new(
                Code::HistoryUnavailable,
                text!(
                    "{}, and {}; restore the log or a snapshot, or delete the stream's snapshots if it was reset on purpose",
                    found,
                    snapshots
                ),
            ),
        }
    }
}
