//! What a load and its driver say to each other: the request, facts, steps and answers, as data.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::fold::{Anchor, Sequence};
use crate::frame::{Digest, optional_digest};
use crate::{Code, Error};

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
    /// What the host knows of its log. A sparse log without bounds of which nobody says anything is taken to be pruned.
    #[serde(default)]
    pub history: Option<History>,
    /// What to do when the store cannot be read.
    #[serde(default)]
    pub on_store_error: OnStoreError,
    /// How many events may be folded; `None`: any number. Only a log with bounds is asked for the number beforehand.
    #[serde(default)]
    pub max_replay: Option<u64>,
}

fn yes() -> bool {
    true
}

/// What a host knows of its log as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum History {
    /// Events are never deleted: a replay from the start is sound.
    Complete,
    /// The beginnings of streams may have been deleted. Without bounds, a log that does not show where it begins is never replayed.
    Pruned,
}

/// What a load does when the store cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnStoreError {
    /// Goes on without the store: the log is replayed.
    #[default]
    Replay,
    /// Fails at once, so that the log is spared the replays of a dead store: [`Code::Unreadable`].
    Throw,
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
    /// To [`LoadStep::List`], by a driver that reads the first key and its bytes in one round trip: [`LoadStep::Open`] may follow.
    Newest {
        /// The first key; `None` if there is none. More may follow on it.
        #[serde(default)]
        key: Option<String>,
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
    /// To [`LoadStep::Use`] and [`LoadStep::Replay`], while pages are folded: rows are missing between two of them. The log may have
    /// been truncated meanwhile: the load begins again, once.
    Gap {
        /// Of the row behind the hole, or of the last one before it.
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
    /// Ask the log for its bounds, counting events at or below `through` (`None`: all). With a `max_replay` also before a read.
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
