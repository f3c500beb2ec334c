//! Saving as a pure function: what a save should do next, given all that it has learned.
//!
//! The way of a save: check the size → list the slot → look at what already lies at or above the position → put → only then delete
//! what retention no longer wants. Nothing newer is hidden, nothing is deleted that this save has not seen, and nothing at all before
//! the new frame is written (automerge-repo's order).

use alloc::collections::BinaryHeap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::keys::{Slot, StreamKeys, position_of};
use crate::fold::Anchor;
use crate::frame::{Digest, Header, Payload, check_size};
use crate::text::text;
use crate::{Code, Error, Result};

/// Keys that a listing asks for beyond those to be kept.
const LIST_SLACK: usize = 16;

/// What is to be saved; fixed for one save.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SaveRequest {
    /// The header that will be written.
    pub header: Header,
    /// What lies behind it.
    pub payload: Payload,
    /// Size of the whole frame, in bytes.
    pub frame_bytes: u64,
    /// The largest frame that may be written: the definition's limit or the store's, whichever is less. Inclusive.
    pub max_bytes: u64,
    /// How many snapshots to keep in the slot, 1 or more, this one included.
    pub keep: u32,
    /// What the load rejected: it covers nothing.
    #[serde(default)]
    pub distrusted: Vec<Distrusted>,
    /// Whether a listing shows every write at once. Where it does not, nothing is deleted.
    pub listing: Listing,
    /// Whether an attempt marker may lie in the store and is to be deleted after success.
    #[serde(default)]
    pub clear_attempt: bool,
}

/// A snapshot that the load rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distrusted {
    /// Its key.
    pub key: String,
    /// The verdict.
    pub code: Code,
}

/// How soon a store's listing shows what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Listing {
    /// At once.
    #[default]
    Strong,
    /// Some time later.
    Eventual,
}

/// One thing that a save has learned: the answer to the step before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SaveFact {
    /// To [`SaveStep::List`]: the keys found.
    Listed {
        /// In ascending order, at most `limit`.
        keys: Vec<String>,
    },
    /// To [`SaveStep::Open`]: a sound snapshot.
    Opened {
        /// SHA-256 of its state.
        #[serde(with = "crate::frame::digest_bytes")]
        digest: Digest,
        /// Identity of the last folded event.
        #[serde(default)]
        anchor: Option<Anchor>,
    },
    /// To [`SaveStep::Open`]: nothing sound lies there.
    Rejected {
        /// The verdict.
        code: Code,
    },
    /// To [`SaveStep::Put`] and [`SaveStep::Delete`]: it is done, durably.
    Stored,
    /// To any step: the store failed.
    Failed {
        /// [`Code::StoreFailed`] or [`Code::Timeout`].
        code: Code,
        /// The store's own words.
        message: String,
    },
}

/// What a driver does next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SaveStep {
    /// List at most `limit` keys under `prefix`, ascending.
    List {
        /// Prefix of the slot.
        prefix: String,
        /// How many at most.
        limit: usize,
    },
    /// Get and verify the frame under `key`; its state is not needed.
    Open {
        /// Key of a snapshot at or above the position to be saved.
        key: String,
        /// Position that the key states.
        position: u64,
    },
    /// Write the frame under `key`, replacing what lies there.
    Put {
        /// Key of the new snapshot.
        key: String,
    },
    /// Delete exactly these keys; the snapshot just written covers them.
    Delete {
        /// What retention no longer wants.
        keys: Vec<String>,
    },
    /// Done.
    Done {
        /// How it ended.
        result: SaveResult,
    },
}

/// How a save ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SaveResult {
    /// The frame is written.
    Taken {
        /// Where.
        key: String,
        /// Which keys were deleted after it.
        deleted: Vec<String>,
        /// The deletion that failed; the snapshot stands.
        delete_error: Option<Error>,
    },
    /// A sound snapshot at the same or a later position is there already.
    AlreadyCovered {
        /// Where.
        key: String,
    },
    /// Nothing was written: [`Code::TooLarge`], [`Code::Diverged`], [`Code::StoreFailed`], [`Code::Timeout`]; [`Code::UnknownKey`] or
    /// [`Code::TooNew`] if at the same position lies what only others can read.
    Failed {
        /// Why.
        error: Error,
    },
}

/// One operation of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase")]
pub enum Op {
    /// Write the frame under `key`.
    Put {
        /// Key of the new snapshot.
        key: String,
    },
    /// Delete exactly these keys.
    Delete {
        /// What retention no longer wants.
        keys: Vec<String>,
    },
}

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

/// Which of a slot's keys retention no longer wants once a snapshot at `position` is known to be sound: all but the newest
/// `keep − 1` below it. Keys above it are left alone.
pub fn plan_prune(keys: &[String], position: u64, keep: u32) -> Vec<String> {
    let mut below = BinaryHeap::new();
    for key in keys {
        match position_of(key) {
            Some(at) if at < position => below.push((at, key.clone())),
            _ => {}
        }
    }
    let mut kept = 1;
    let mut unwanted = Vec::new();
    while let Some((_, key)) = below.pop() {
        match kept < keep {
            true => kept += 1,
            false => unwanted.push(key),
        }
    }
    unwanted
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

    fn listed(&mut self, prefix: &str, keys: &[String]) -> SaveStep {
        self.listed = keys.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
        self.covering = self
            .listed
            .iter()
            .filter(|key| self.verdict(key).is_none())
            .filter_map(|key| Some((position_of(key)?, key.clone())))
            .filter(|(position, _)| *position >= self.request.header.position)
            .collect();
        let own = self.own_key();
        self.own_verdict = self.verdict(&own).filter(|_| self.listed.contains(&own));
        self.look_above()
    }

    fn look_above(&mut self) -> SaveStep {
        match self.covering.pop() {
            Some((position, key)) => SaveStep::Open { key, position },
            None => self.put(),
        }
    }

    /// What nobody can use is replaced, but perhaps others can use it: those who have its key, or newer code.
    fn put(&self) -> SaveStep {
        let (code, words) = match self.own_verdict {
            Some(code @ Code::UnknownKey) => (code, "it is signed with a key that is not given here"),
            Some(code @ Code::TooNew) => (code, "newer code has written it"),
            _ => return SaveStep::Put { key: self.own_key() },
        };
        failed(
            Error::new(
                code,
                text!("the snapshot that lies at this position is left alone: {}", words),
            )
            .at_position(self.request.header.position),
        )
    }

    /// What the load said of a key.
    fn verdict(&self, key: &str) -> Option<Code> {
        let mut distrusted = self.request.distrusted.iter();
        distrusted
            .find(|rejected| rejected.key == key)
            .map(|rejected| rejected.code)
    }

    /// A sound snapshot lies at or above our position.
    fn covered(&mut self, key: String, position: u64, digest: &Digest, anchor: Option<&Anchor>) -> SaveStep {
        let same_place = position == self.request.header.position;
        if !same_place || *digest == self.request.payload.digest {
            return SaveStep::Done {
                result: SaveResult::AlreadyCovered { key },
            };
        }
        if anchor == self.request.header.anchor.as_ref() {
            return failed(
                Error::new(
                    Code::Diverged,
                    "the same events gave another state before: evolve is not deterministic, or it changed without a new version",
                )
                .at_position(position),
            );
        }
        // The stored one belongs to a history that the log no longer has.
        self.look_above()
    }

    fn prune(&mut self) -> SaveStep {
        let keys = self.surplus(&self.listed);
        if keys.is_empty() {
            return self.taken(None);
        }
        SaveStep::Delete { keys }
    }

    /// What is distrusted neither counts as kept, which would cost a sound snapshot, nor is deleted: the store's next reader may
    /// judge otherwise.
    fn surplus(&self, keys: &[String]) -> Vec<String> {
        let request = self.request;
        let slot = self.keys.snapshots_in(&self.slot);
        let counted: Vec<String> = keys
            .iter()
            .filter(|key| key.starts_with(&slot) && self.verdict(key).is_none())
            .cloned()
            .collect();
        let mut surplus = match request.listing {
            Listing::Strong => plan_prune(&counted, request.header.position, request.keep),
            Listing::Eventual => Vec::new(),
        };
        if self.request.clear_attempt && self.request.listing == Listing::Strong {
            surplus.push(self.keys.attempt_in(&self.slot));
        }
        surplus
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
