//! What a save is asked, what it learns and what it answers.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::fold::Anchor;
use crate::frame::{Digest, Header, Payload};
use crate::{Code, Error};

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
