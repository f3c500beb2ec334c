//! What a caller asks of a repository, and what it is told.

use alloc::string::String;
use alloc::vec::Vec;

use super::OnStoreError;
use crate::Error;

/// Which state to load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// The state at this position (inclusive) instead of the newest; the handle is historical.
    pub at: Option<u64>,
    /// `false`: full replay, whatever lies in the store. That is asked only whether an empty log belongs to a new stream, if neither bounds
    /// nor a complete history say so.
    pub use_snapshots: bool,
    /// In place of the definition's.
    pub on_store_error: Option<OnStoreError>,
    /// In place of the definition's.
    pub max_replay: Option<u64>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            at: None,
            use_snapshots: true,
            on_store_error: None,
            max_replay: None,
        }
    }
}

/// How [`Repository::maybe_snapshot`](super::Repository::maybe_snapshot) ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The frame is written.
    Taken {
        /// Why the policy asked for it.
        reason: String,
        /// Where it lies.
        key: String,
        /// Size of the frame.
        bytes: u64,
        /// Keys that retention deleted after it.
        deleted: Vec<String>,
        /// The deletion that failed; the snapshot stands.
        delete_error: Option<Error>,
    },
    /// Nothing was to be written.
    Skipped(Skipped),
    /// Nothing was written; what was committed stands.
    Failed(Error),
}

/// Why a snapshot was not taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Skipped {
    /// The policy says no; in words.
    NotDue(String),
    /// Nothing is folded yet.
    NothingFolded,
    /// Another snapshot of this stream is being written.
    InFlight,
    /// A sound snapshot at the same or a later position lies under this key.
    AlreadyCovered(String),
    /// A state of the past.
    Historical,
    /// An event of this type is folded in, which the definition does not know.
    UnknownEvent(String),
    /// The stream was forgotten.
    Forgotten,
    /// Above the limit of the definition or the store, with both numbers.
    TooLarge(Error),
}
