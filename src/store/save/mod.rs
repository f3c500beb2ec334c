//! Saving as a pure function: what a save should do next, given all that it has learned.
//!
//! The way of a save: check the size → list the slot → look at what already lies at or above the position → put → only then delete
//! what retention no longer wants. Nothing newer is hidden, nothing is deleted that this save has not seen, and nothing at all before
//! the new frame is written (automerge-repo's order).

mod conversation;
mod cover;
mod retention;

use alloc::collections::BinaryHeap;
use alloc::string::String;
use alloc::vec::Vec;

pub use self::conversation::{Distrusted, Listing, Op, SaveFact, SaveRequest, SaveResult, SaveStep};
pub use self::retention::plan_prune;
use super::keys::{Slot, StreamKeys};
use crate::frame::check_size;
use crate::{Code, Error, Result};

/// Keys that a listing asks for beyond those to be kept.
const LIST_SLACK: usize = 16;

/// What a save does next. Pure; linear in facts and listed keys.
///
/// # Errors
/// [`Code::InvalidId`] for an empty name or stream id; [`Code::InvalidOption`] for `keep: 0` or a fact that does not answer the step
/// before it.
pub fn next_save(request: &SaveRequest, facts: &[SaveFact]) -> Result<SaveStep> {
    let mut walk = Walk::of(request)?;
    let mut step = walk.first_step();
    for fact in facts {
        step = walk.absorb(step, fact)?;
    }
    Ok(step)
}

/// The operations of a save, in order, for hosts that do their own I/O: `keys` are those that lie in the slot. The deletes come last
/// and may be carried out only after the put is durable.
///
/// # Errors
/// As [`next_save`].
pub fn plan_save(request: &SaveRequest, keys: &[String]) -> Result<Vec<Op>> {
    let walk = Walk::of(request)?;
    let mut ops = Vec::from([Op::Put { key: walk.own_key() }]);
    let surplus = walk.surplus(keys);
    if !surplus.is_empty() {
        ops.push(Op::Delete { keys: surplus });
    }
    Ok(ops)
}

struct Walk<'a> {
    request: &'a SaveRequest,
    keys: StreamKeys,
    /// As keys spell it.
    slot: String,
    listed: Vec<String>,
    /// What lies at or above our position and is not distrusted; the newest comes first.
    covering: BinaryHeap<(u64, String)>,
    /// Why what lies at our position cannot be used.
    own_verdict: Option<Code>,
    deleted: Vec<String>,
}

impl<'a> Walk<'a> {
    fn of(request: &'a SaveRequest) -> Result<Self> {
        if request.keep == 0 {
            return Err(Error::new(Code::InvalidOption, "at least one snapshot must be kept").at_path("keep"));
        }
        Ok(Self {
            request,
            keys: StreamKeys::new(&request.header.name, &request.header.stream)?,
            slot: Slot::of(request.header.version, request.header.fold_digest).segment(),
            listed: Vec::new(),
            covering: BinaryHeap::new(),
            own_verdict: None,
            deleted: Vec::new(),
        })
    }

    fn first_step(&self) -> SaveStep {
        match check_size(self.request.frame_bytes, self.request.max_bytes) {
            Err(error) => failed(error),
            Ok(()) => SaveStep::List {
                prefix: self.keys.snapshots_in(&self.slot),
                limit: usize::try_from(self.request.keep)
                    .unwrap_or(usize::MAX)
                    .saturating_add(LIST_SLACK),
            },
        }
    }

    /// What follows on a step and the answer to it.
    fn absorb(&mut self, step: SaveStep, fact: &SaveFact) -> Result<SaveStep> {
        match (step, fact) {
            (SaveStep::List { prefix, .. }, SaveFact::Listed { keys }) => Ok(self.listed(&prefix, keys)),
            (SaveStep::Open { key, position }, SaveFact::Opened { digest, anchor }) => {
                Ok(self.covered(key, position, digest, anchor.as_ref()))
            }
            (SaveStep::Open { position, .. }, SaveFact::Rejected { code }) => {
                if position == self.request.header.position {
                    self.own_verdict = Some(*code);
                }
                Ok(self.look_above())
            }
            (SaveStep::Put { .. }, SaveFact::Stored) => Ok(self.prune()),
            (SaveStep::Delete { keys }, SaveFact::Stored) => {
                let attempt = self.keys.attempt_in(&self.slot);
                self.deleted = keys.into_iter().filter(|key| *key != attempt).collect();
                Ok(self.taken(None))
            }
            (SaveStep::Delete { .. }, SaveFact::Failed { code, message }) => {
                Ok(self.taken(Some(Error::new(*code, message.clone()))))
            }
            (
                SaveStep::List { .. } | SaveStep::Open { .. } | SaveStep::Put { .. },
                SaveFact::Failed { code, message },
            ) => Ok(failed(Error::new(*code, message.clone()))),
            _ => Err(Error::new(Code::InvalidOption, "a fact does not answer the step before it").at_path("facts")),
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

    fn own_key(&self) -> String {
        self.keys.snapshot_in(&self.slot, self.request.header.position)
    }
}

fn failed(error: Error) -> SaveStep {
    SaveStep::Done {
        result: SaveResult::Failed { error },
    }
}
