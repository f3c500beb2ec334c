//! Recovery as a pure function: what a load should do next, given all that it has learned.
//!
//! A load is a conversation. [`next`] says which step comes now; a driver performs it, appends what it learned to the list of
//! [`LoadFact`]s and asks again. `next` keeps nothing between calls, so the same facts always give the same step, in every language.
//!
//! The way of a load: list a slot → open its candidates, newest first → read the log at the candidate's own position and compare the
//! anchor → use it; or go on to the next candidate, the next slot, and at last the full replay. A candidate that vanished, or a gap
//! behind it, may mean that a pruner was faster: then the walk starts again, once.

mod candidates;
mod conversation;
mod judge;
mod start;

use alloc::string::String;
use alloc::vec::Vec;

pub use conversation::{Bounds, FirstRow, History, LoadFact, LoadRequest, LoadStep, NextLoad, OnStoreError, Rejection};

use super::keys::{Slot, StreamKeys};
use crate::fold::Anchor;
use crate::{Code, Error, Result};

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
    /// Candidates of the last listing; the newest comes last.
    queue: Vec<(u64, String)>,
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
    /// What a limited load knows of the log before it reads it.
    whole: Option<Bounds>,
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
            queue: Vec::new(),
            more: None,
            candidate: None,
            row: None,
            invalid_from: None,
            rejected: Vec::new(),
            probing: false,
            whole: None,
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
            (LoadStep::List { start, limit, .. }, LoadFact::Listed { keys }) => Ok(self.listed(start, limit, keys)),
            (LoadStep::List { .. }, LoadFact::Newest { key }) if self.probing => Ok(self.probed(key.as_slice())),
            (LoadStep::List { start, .. }, LoadFact::Newest { key }) => Ok(self.listed(start, 1, key.as_slice())),
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
            (LoadStep::Bounds { .. }, LoadFact::Bounds { bounds }) if self.must_weigh() => Ok(self.weighed(bounds)),
            (LoadStep::Bounds { .. }, LoadFact::Bounds { bounds }) => Ok(self.judge_bounds(bounds)),
            (LoadStep::Use { key }, LoadFact::Invalidated { position }) => Ok(self.invalidated(key, *position)),
            (LoadStep::Use { .. } | LoadStep::Replay, LoadFact::Gap { position }) => Ok(self.torn(*position)),
            _ => Err(Error::new(Code::InvalidOption, "a fact does not answer the step before it").at_path("facts")),
        }
    }
}
