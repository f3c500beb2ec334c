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
    /// Which snapshots of the slot to keep, this one included.
    pub keep: Retention,
    /// What the load rejected: it covers nothing.
    #[serde(default)]
    pub distrusted: Vec<Distrusted>,
    /// Whether a listing shows every write at once. Where it does not, nothing is deleted.
    pub listing: Listing,
    /// Whether an attempt marker may lie in the store and is to be deleted after success.
    #[serde(default)]
    pub clear_attempt: bool,
    /// Whether the frame is read back; then what lies behind it may go. Not where listings lag, for reads may lag there too.
    #[serde(default)]
    pub read_back: bool,
    /// Position of the snapshot that a load opened and used. Without reading back only what lies behind that one may go.
    #[serde(default)]
    pub vouched: Option<u64>,
    /// Whether the store can write where nothing lies, and only there.
    #[serde(default)]
    pub if_absent: bool,
}

impl SaveRequest {
    /// A save with the defaults: keep 2, read back, whatever size the frame has, a store whose listings are strong.
    pub fn new(header: Header, payload: Payload, frame_bytes: u64) -> Self {
        Self {
            header,
            payload,
            frame_bytes,
            max_bytes: frame_bytes,
            keep: Retention::from(2),
            distrusted: Vec::new(),
            listing: Listing::Strong,
            clear_attempt: false,
            read_back: true,
            vouched: None,
            if_absent: false,
        }
    }
}

/// Which snapshots of a slot are kept: whatever one of the rules wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// So many of the newest, 1 or more.
    pub last: u32,
    /// The newest at or below each of these positions.
    #[serde(default)]
    pub positions: Vec<u64>,
    /// The newest of each period of so many milliseconds since 1970. Keys do not say when a snapshot was taken, so that a save deletes
    /// nothing then: [`plan_prune`](super::plan_prune) does, given what the headers say.
    #[serde(default)]
    pub every: Option<u64>,
}

impl From<u32> for Retention {
    /// The newest `last`.
    fn from(last: u32) -> Self {
        Self {
            last,
            positions: Vec::new(),
            every: None,
        }
    }
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
    /// To [`SaveStep::Open`] and [`SaveStep::Verify`]: a sound snapshot.
    Opened {
        /// SHA-256 of its state.
        #[serde(with = "crate::frame::digest_bytes")]
        digest: Digest,
        /// Identity of the last folded event.
        #[serde(default)]
        anchor: Option<Anchor>,
        /// Its writer's token.
        #[serde(default)]
        fence: Option<u64>,
    },
    /// To [`SaveStep::Open`] and [`SaveStep::Verify`]: nothing sound lies there.
    Rejected {
        /// The verdict.
        code: Code,
    },
    /// To [`SaveStep::Put`] and [`SaveStep::Delete`]: it is done, durably.
    Stored,
    /// To [`SaveStep::Put`] with `if_absent`: something lies there, and nothing was written.
    Occupied,
    /// To [`SaveStep::Get`].
    Found {
        /// Whether something lies there.
        there: bool,
    },
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
        /// Key of a snapshot.
        key: String,
        /// Position that the key states.
        position: u64,
    },
    /// Write the frame under `key`.
    Put {
        /// Key of the new snapshot.
        key: String,
        /// Only if nothing lies there; else it replaces what does.
        if_absent: bool,
    },
    /// Does anything lie under `key`?
    Get {
        /// Key of the stream's tombstone.
        key: String,
    },
    /// Read back what was just written: as [`SaveStep::Open`].
    Verify {
        /// Key of the new snapshot.
        key: String,
        /// Its position.
        position: u64,
    },
    /// Delete exactly these keys.
    Delete {
        /// What retention no longer wants; of a forgotten stream, what this save wrote.
        keys: Vec<String>,
        /// Key of what makes up for them: a sound snapshot, or the tombstone.
        covered_by: String,
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
    /// The stream was forgotten: what was written is gone again.
    Forgotten,
    /// Nothing was written: [`Code::TooLarge`], [`Code::Diverged`], [`Code::Fenced`], [`Code::StoreFailed`], [`Code::Timeout`];
    /// [`Code::UnknownKey`] or [`Code::TooNew`] if at the same position lies what only others can read. Or what was written was read back
    /// as something else: the verdict on that. Nothing was deleted.
    Failed {
        /// Why.
        error: Error,
    },
}

/// One operation of a plan. Carry them out in order, each only when the one before is done, and none after one that failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Op {
    /// Write the frame under `key`, durably.
    Put {
        /// Key of the new snapshot.
        key: String,
    },
    /// Read what lies under `key` and open it; go on only if it is sound, and holds the state that was put.
    Verify {
        /// Key of the snapshot that will cover.
        key: String,
    },
    /// Delete exactly these keys.
    Delete {
        /// What retention no longer wants.
        keys: Vec<String>,
        /// Key of the sound snapshot that makes up for them.
        covered_by: String,
    },
}
