//! Saving as a pure function: what a save should do next, given all that it has learned.
//!
//! The way of a save: check the size → list the slot → look at what lies at or above the position, and who the owner is → put → was the
//! stream forgotten? → read back → only then delete what retention no longer wants. Nothing newer is hidden, nothing is deleted that this
//! save has not seen, and nothing at all before something sound covers it (automerge-repo's order).

mod conversation;
mod cover;
mod retention;

use alloc::string::String;
use alloc::vec::Vec;

pub use self::conversation::{Distrusted, Listing, Op, Retention, SaveFact, SaveRequest, SaveResult, SaveStep};
pub use self::retention::{Head, PruneRequest, plan_prune};
use super::keys::{Slot, StreamKeys};
use crate::frame::check_size;
use crate::{Code, Error, Result};

/// Keys that a listing asks for beyond those to be kept.
const LIST_SLACK: usize = 16;

/// What a save does next. Pure; linear in facts and listed keys.
///
/// # Errors
/// [`Code::InvalidId`] for an empty name or stream id; [`Code::InvalidOption`] for a `keep` that makes no sense or a fact that does not answer the step
/// before it.
pub fn next_save(request: &SaveRequest, facts: &[SaveFact]) -> Result<SaveStep> {
    let mut walk = Walk::of(request)?;
    let mut step = walk.first_step();
    for fact in facts {
        step = walk.absorb(step, fact)?;
    }
    Ok(step)
}

/// The operations of a save, in order, for hosts that do their own I/O: `keys` are those that lie in the slot. A host of several processes
/// asks [`next_save`] instead, which also looks at what others wrote.
///
/// # Errors
/// As [`next_save`].
pub fn plan_save(request: &SaveRequest, keys: &[String]) -> Result<Vec<Op>> {
    let walk = Walk::of(request)?;
    let key = walk.own_key();
    let mut ops = Vec::from([Op::Put { key: key.clone() }]);
    if walk.reads_back() {
        ops.push(Op::Verify { key });
    }
    let (keys, covered_by) = walk.surplus(keys);
    if !keys.is_empty() {
        ops.push(Op::Delete { keys, covered_by });
    }
    Ok(ops)
}

struct Walk<'a> {
    request: &'a SaveRequest,
    keys: StreamKeys,
    /// As keys spell it.
    slot: String,
    listed: Vec<String>,
    /// What lies in the slot and was not looked at; the newest comes last.
    candidates: Vec<(u64, String)>,
    /// Whether a sound snapshot's fence was compared with ours, if we have one.
    fence_compared: bool,
    /// Whether the slot was listed again, because something had vanished from it.
    restarted: bool,
    /// Whether something lies at our position.
    occupied: bool,
    /// Whether a put found something there that the listing had not shown.
    collided: bool,
    /// Why what lies at our position cannot be used.
    own_verdict: Option<Code>,
    /// Whether the stream's tombstone was found.
    forgotten: bool,
    deleted: Vec<String>,
}

impl<'a> Walk<'a> {
    fn of(request: &'a SaveRequest) -> Result<Self> {
        request.keep.check()?;
        let header = &request.header;
        Ok(Self {
            request,
            keys: StreamKeys::new(&header.name, &header.stream)?,
            slot: Slot::of(header.version, header.fold_digest).segment(),
            listed: Vec::new(),
            candidates: Vec::new(),
            fence_compared: header.fence.is_none(),
            restarted: false,
            occupied: false,
            collided: false,
            own_verdict: None,
            forgotten: false,
            deleted: Vec::new(),
        })
    }

    fn first_step(&self) -> SaveStep {
        match check_size(self.request.frame_bytes, self.request.max_bytes) {
            Err(error) => failed(error),
            Ok(()) => SaveStep::List {
                prefix: self.keys.snapshots_in(&self.slot),
                limit: self.request.keep.most().saturating_add(LIST_SLACK),
            },
        }
    }

    /// What follows on a step and the answer to it.
    fn absorb(&mut self, step: SaveStep, fact: &SaveFact) -> Result<SaveStep> {
        Ok(match (step, fact) {
            (SaveStep::List { prefix, .. }, SaveFact::Listed { keys }) => self.listed(&prefix, keys),
            (SaveStep::Open { key, position }, SaveFact::Opened { digest, anchor, fence }) => {
                self.opened(key, position, digest, anchor.as_ref(), *fence)
            }
            // Whoever deleted it may have written what covers us, or what has a greater fence.
            (SaveStep::Open { .. }, SaveFact::Rejected { code: Code::Absent }) if !self.restarted && !self.collided => {
                self.restarted = true;
                self.first_step()
            }
            (SaveStep::Open { position, .. }, SaveFact::Rejected { code }) => self.rejected(position, *code),
            (SaveStep::Put { .. }, SaveFact::Stored) => SaveStep::Get {
                key: self.keys.tombstone(),
            },
            (SaveStep::Put { key, if_absent: true }, SaveFact::Occupied) => self.collided(key),
            (SaveStep::Get { key }, SaveFact::Found { there: true }) => self.take_back(key),
            (SaveStep::Get { .. }, SaveFact::Found { there: false }) => self.written(),
            (SaveStep::Verify { position, .. }, SaveFact::Opened { digest, .. }) => match *digest {
                digest if digest == self.request.payload.digest => self.delete(),
                _ => unfaithful(Code::Diverged, position),
            },
            (SaveStep::Verify { position, .. }, SaveFact::Rejected { code }) => unfaithful(*code, position),
            (SaveStep::Delete { .. }, SaveFact::Stored) if self.forgotten => SaveStep::Done {
                result: SaveResult::Forgotten,
            },
            (SaveStep::Delete { keys, .. }, SaveFact::Stored) => {
                let attempt = self.keys.attempt_in(&self.slot);
                self.deleted = keys.into_iter().filter(|key| *key != attempt).collect();
                self.taken(None)
            }
            // The frame stands; only what makes room behind it was not to be.
            (SaveStep::Verify { .. } | SaveStep::Delete { .. }, SaveFact::Failed { code, message })
                if !self.forgotten =>
            {
                self.taken(Some(Error::new(*code, message.clone())))
            }
            (
                SaveStep::List { .. }
                | SaveStep::Open { .. }
                | SaveStep::Put { .. }
                | SaveStep::Get { .. }
                | SaveStep::Delete { .. },
                SaveFact::Failed { code, message },
            ) => failed(Error::new(*code, message.clone())),
            _ => {
                return Err(
                    Error::new(Code::InvalidOption, "a fact does not answer the step before it").at_path("facts"),
                );
            }
        })
    }

    /// There was no tombstone when the frame lay there already: whoever forgets the stream later finds the frame.
    fn written(&mut self) -> SaveStep {
        match self.reads_back() {
            true => SaveStep::Verify {
                key: self.own_key(),
                position: self.request.header.position,
            },
            false => self.delete(),
        }
    }

    fn take_back(&mut self, tombstone: String) -> SaveStep {
        self.forgotten = true;
        SaveStep::Delete {
            keys: Vec::from([self.own_key(), self.keys.attempt_in(&self.slot)]),
            covered_by: tombstone,
        }
    }

    fn delete(&mut self) -> SaveStep {
        let (keys, covered_by) = self.surplus(&self.listed);
        match keys.is_empty() {
            true => self.taken(None),
            false => SaveStep::Delete { keys, covered_by },
        }
    }

    fn taken(&mut self, delete_error: Option<Error>) -> SaveStep {
        SaveStep::Done {
            result: SaveResult::Taken {
                key: self.own_key(),
                deleted: core::mem::take(&mut self.deleted),
                delete_error,
            },
        }
    }

    fn reads_back(&self) -> bool {
        self.request.read_back && self.request.listing == Listing::Strong
    }

    fn own_key(&self) -> String {
        self.keys.snapshot_in(&self.slot, self.request.header.position)
    }
}

fn failed(error: Error) -> SaveStep {
    SaveStep::Done {
        result: SaveResult::Failed { error },
    }
}

/// What lies there now need not be ours; nothing rests on it.
fn unfaithful(code: Code, position: u64) -> SaveStep {
    let words = "what was just written was read back as something else; nothing was deleted";
    failed(Error::new(code, words).at_position(position))
}
