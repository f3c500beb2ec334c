//! The one error type: a stable code, words with a remedy, and where it happened.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// An error with a stable [`Code`], a message that says what to do, and, where it has one, its place: a byte offset in the
/// input, a path in the state (`state.lines[3].price`), or a position in the log.
///
/// Boxed, so that a `Result` is small: most of what a function does to hand an error on is copying it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Error(Box<Parts>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts {
    code: Code,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
}

impl Error {
    /// An error without a place.
    #[cold]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            message: message.into(),
            offset: None,
            path: None,
            position: None,
        }))
    }

    /// The same error at a byte offset of the input.
    #[must_use]
    pub fn at_offset(mut self, offset: usize) -> Self {
        self.0.offset = Some(offset as u64);
        self
    }

    /// The same error at a path in the state or the name of an option.
    #[must_use]
    pub fn at_path(mut self, path: impl Into<String>) -> Self {
        self.0.path = Some(path.into());
        self
    }

    /// The same error with its path inside of `outer`: `[2].name` becomes `lines[2].name`.
    #[must_use]
    #[cold]
    pub(crate) fn under(self, outer: &str) -> Self {
        let path = [outer, self.path().unwrap_or_default()].concat();
        self.at_path(path)
    }

    /// The same error at a position of the log.
    #[must_use]
    pub fn at_position(mut self, position: u64) -> Self {
        self.0.position = Some(position);
        self
    }

    /// The stable code; match on this, not on the words.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What happened and what to do about it, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Byte offset in the input, for errors found while decoding.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// Path in the state, or the name of the option.
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// Position in the log, for errors that concern one event.
    pub fn position(&self) -> Option<u64> {
        self.0.position
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code(), self.message())?;
        if let Some(path) = self.path() {
            write!(f, " (at {path})")?;
        }
        if let Some(offset) = self.offset() {
            write!(f, " (at byte {offset})")?;
        }
        if let Some(position) = self.position() {
            write!(f, " (at position {position})")?;
        }
        Ok(())
    }
}

impl core::error::Error for Error {}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal,)+) => {
        /// Stable error codes, the same on every host.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $variant,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code as hosts see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

codes! {
    // Values
    /// Bytes that are not a value of docs/format.md; the offset says where.
    Malformed = "malformed",
    /// A state that cannot be written as a value; the path says where.
    Unencodable = "unencodable",

    // Verdicts on a snapshot
    /// There was nothing under that key.
    Absent = "absent",
    /// Bytes were changed: magic, digest, structure or content do not fit.
    Corrupt = "corrupt",
    /// Bytes are missing at the end.
    Truncated = "truncated",
    /// Signed with a key that is not among those given, or no keys are given.
    UnknownKey = "unknownKey",
    /// Not signed, although keys are given: anybody could have made it.
    Unsigned = "unsigned",
    /// A sound snapshot of another definition, stream or fold.
    Foreign = "foreign",
    /// Written by a newer format or a newer version of the definition.
    TooNew = "tooNew",
    /// Written by an older version of the definition, and no migration leads here.
    Stale = "stale",
    /// It claims a position that the log has not reached.
    Ahead = "ahead",
    /// Another history: at its position the log holds a different event; or another state at the same position.
    Diverged = "diverged",
    /// Events that arrived late lie below its position and are not folded in.
    Stragglers = "stragglers",
    /// Larger than a limit allows.
    TooLarge = "tooLarge",
    /// The store could not be read.
    Unreadable = "unreadable",
    /// The state fails the host's own validation or cannot be rebuilt from its plain form.
    Invalid = "invalid",

    // Events and positions
    /// A position is missing in a contiguous stream.
    Gap = "gap",
    /// A position at or below the last folded one.
    OutOfOrder = "outOfOrder",
    /// Not a position of the declared kind.
    InvalidPosition = "invalidPosition",
    /// An event without an identity, or one whose identity cannot be computed.
    InvalidEvent = "invalidEvent",

    // Built-in folds
    /// What an operation wants to change is not there; the path is its place in the state.
    MissingTarget = "missingTarget",
    /// What an operation wants to change, or the value it was given, is of another type than the operation needs.
    WrongType = "wrongType",
    /// The event does not have the value that an operation or a step needs.
    MissingValue = "missingValue",
    /// A number beyond ±(2^53 − 1), or an index beyond its array.
    OutOfRange = "outOfRange",
    /// An event of a type that the fold has no rule for.
    UnknownEvent = "unknownEvent",
    /// A JSON Patch that does not fit the state; nothing of its event was applied.
    PatchFailed = "patchFailed",
    /// An event that does not belong to the step that is open before it; the path is the pointer to what differs.
    PairMismatch = "pairMismatch",
    /// An event that changes what a state was made of before: only a replay, or an older snapshot, gives the right one.
    InvalidatesBase = "invalidatesBase",

    // Loading and saving
    /// No usable snapshot, and the log no longer reaches back to the first event.
    HistoryUnavailable = "historyUnavailable",
    /// The position asked for lies beyond the end of the log.
    BeyondLog = "beyondLog",
    /// More events lie behind the snapshot, or behind the start, than `maxReplay` allows a load to fold.
    ReplayTooLong = "replayTooLong",
    /// A handle of the past cannot be extended or snapshotted.
    Historical = "historical",
    /// The handle was given away by an earlier `apply` of a mutable definition.
    Spent = "spent",
    /// The reducer changed the state it was given.
    Mutated = "mutated",
    /// The host's reducer failed.
    EvolveFailed = "evolveFailed",
    /// A migration failed.
    MigrationFailed = "migrationFailed",
    /// The host's event log failed.
    ReadFailed = "readFailed",
    /// The host's store failed.
    StoreFailed = "storeFailed",
    /// The store took longer than the snapshot timeout.
    Timeout = "timeout",
    /// The stream has another owner now: its newest snapshot has a greater fence.
    Fenced = "fenced",

    // What the caller gave
    /// An option with a value that makes no sense; the path names it.
    InvalidOption = "invalidOption",
    /// A name or stream id that cannot be one.
    InvalidId = "invalidId",
    /// The WebAssembly core is not there yet: `await init()` first.
    NotReady = "notReady",
    /// WebAssembly stopped, for want of memory perhaps, and a new instance took its place: what was under way is lost, and may be tried again.
    Trapped = "trapped",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
