//! Reducers as data: event type → operations on a state.
//!
//! ```
//! use snapfold::fold::rules::Rules;
//! use snapfold::value;
//!
//! let rules = Rules::from_json(br#"{
//!     "initial": { "orders": {}, "open": 0 },
//!     "rules": {
//!         "Placed":  [{ "put": "/orders/{/data/id}", "value": { "status": "placed" } }, { "add": "/open", "value": 1 }],
//!         "Shipped": [{ "put": "/orders/{/data/id}/status", "value": "shipped" }, { "subtract": "/open", "value": 1 }]
//!     }
//! }"#)?;
//! let mut session = rules.start();
//! session.json_lines(br#"
//!     {"position": 1, "id": "e1", "type": "Placed", "data": {"id": "o-7"}}
//!     {"position": 2, "id": "e2", "type": "Shipped", "data": {"id": "o-7"}}
//! "#)?;
//! let folded = session.folded();
//! assert_eq!(value::to_json(&folded.state)?, r#"{"orders":{"o-7":{"status":"shipped"}},"open":0}"#);
//! assert_eq!(folded.progress.position(), Some(2));
//! # Ok::<(), snapfold::Error>(())
//! ```

mod apply;
mod content;
mod known;
mod merge;
mod node;
mod nodes;
mod object;
mod patch;
mod slab;
mod spec;
mod spot;
mod sum;
mod target;
mod tree;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use self::apply::apply;
use self::content::Contents;
use self::spec::{Compiled, Operation};
use self::tree::Tree;
use super::batch::{Batch, BatchRow, Sink, Wanted};
use super::events::Parts;
use super::spec::{Mistakes, digest};
use super::{Folded, Progress, RowEvent, Sequence};
use crate::text::text;
use crate::value::{self, Value, validate};
use crate::{Code, Error, Result};

/// Raised whenever the same rules make another state of the same events.
const SEMANTICS: f64 = 1.0;

/// A reducer as data, validated. Clones share it.
#[derive(Clone)]
pub struct Rules {
    compiled: Arc<Compiled>,
    initial: Arc<Tree>,
    digest: [u8; 32],
}

impl Rules {
    /// Validates a specification in its data form.
    ///
    /// # Errors
    /// [`Code::InvalidOption`] with all mistakes, each on a line of its own after its JSON Pointer into the specification; the error's path
    /// is the first pointer.
    pub fn new(spec: &Value) -> Result<Self> {
        let mut mistakes = Mistakes::default();
        let compiled = spec::parse(spec, &mut mistakes);
        mistakes.into_result()?;
        let initial = Tree::new(&compiled.initial)?;
        let mut meaning = Vec::from([Value::Text("rules".into()), Value::Number(SEMANTICS)]);
        meaning.extend(compiled.meaning());
        Ok(Self {
            compiled: Arc::new(compiled),
            initial: Arc::new(initial),
            digest: digest(meaning)?,
        })
    }

    /// The same for a specification as JSON text.
    ///
    /// # Errors
    /// Those of [`Self::new`] and of [`value::from_json`].
    pub fn from_json(spec: &[u8]) -> Result<Self> {
        Self::new(&value::from_slice(&value::from_json(spec)?)?)
    }

    /// SHA-256 of everything that these rules mean. Snapshots of other rules are foreign.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// How positions follow each other.
    pub fn sequence(&self) -> Sequence {
        self.compiled.settings.sequence
    }

    /// The state before the first event, encoded.
    pub fn initial(&self) -> &[u8] {
        &self.compiled.initial
    }

    /// Begins before the first event.
    pub fn start(&self) -> Session {
        self.session(Tree::clone(&self.initial), &Progress::default())
    }

    /// Goes on after the events that are folded into `state`. O(n) in the state, once.
    ///
    /// # Errors
    /// [`Code::Malformed`] if the state is no value; [`Code::TooLarge`] beyond 4 GiB.
    pub fn resume(&self, state: &[u8], progress: &Progress) -> Result<Session> {
        Ok(self.session(resumed(state)?, progress))
    }

    fn session(&self, tree: Tree, progress: &Progress) -> Session {
        let settings = &self.compiled.settings;
        Session {
            initial: self.initial.clone(),
            batch: Batch::new(settings.sequence, settings.strict, progress),
            state: State {
                rules: self.compiled.clone(),
                tree,
                contents: Contents::default(),
            },
        }
    }
}

fn resumed(state: &[u8]) -> Result<Tree> {
    validate(state)?;
    Tree::new(state)
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("types", &self.compiled.rules.names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A fold under way. Whatever an error says of an event, all events before it are folded in, and nothing of that one; and the session can
/// go on.
///
/// A session learns how events are written, and is quicker with the next. For many short streams take one session, again and again:
///
/// ```
/// # use snapfold::{fold::rules::Rules, value};
/// # let rules = Rules::from_json(br#"{ "initial": { "n": 0 }, "rules": { "Counted": [{ "add": "/n", "value": 1 }] } }"#)?;
/// let mut session = rules.start();
/// for stream in [r#"{"position": 1, "type": "Counted"}"#; 3] {
///     session.json_lines(stream.as_bytes())?;
///     assert_eq!(value::to_json(&session.folded().state)?, r#"{"n":1}"#);
///     session.restart();
/// }
/// # Ok::<(), snapfold::Error>(())
/// ```
pub struct Session {
    initial: Arc<Tree>,
    batch: Batch,
    state: State,
}

impl Session {
    /// Folds JSON Lines in: one event on each line, in UTF-8; empty lines are stepped over.
    ///
    /// # Errors
    /// Of the first event that cannot be folded in, with its offset in `lines`, and its position if it could be read:
    /// [`Code::Malformed`], [`Code::InvalidEvent`] (no position or type), [`Code::Gap`], [`Code::OutOfOrder`], [`Code::UnknownEvent`];
    /// and with the target's pointer as path: [`Code::MissingTarget`], [`Code::WrongType`], [`Code::MissingValue`],
    /// [`Code::OutOfRange`], [`Code::PatchFailed`], [`Code::TooLarge`].
    pub fn json_lines(&mut self, lines: &[u8]) -> Result<()> {
        self.batch.json_lines(lines, &mut self.state)
    }

    /// Folds a CBOR sequence (RFC 8742) of values in.
    ///
    /// # Errors
    /// As for [`Self::json_lines`].
    pub fn cbor_sequence(&mut self, events: &[u8]) -> Result<()> {
        self.batch.cbor_sequence(events, &mut self.state)
    }

    /// Folds one event in whose position has been checked by the caller; `kind`, if given, is its type.
    ///
    /// # Errors
    /// As for [`Self::json_lines`].
    pub fn row(&mut self, position: u64, kind: Option<&str>, event: RowEvent<'_>) -> Result<()> {
        self.batch.row(position, kind, event.syntax(), &mut self.state)
    }

    /// Begins again before the first event, and keeps nothing but what has been learned of how events are written, which changes no result.
    pub fn restart(&mut self) {
        self.state.tree.restart(&self.initial);
        self.go_on(&Progress::default());
    }

    /// Goes on after the events that are folded into `state`, likewise. After an error everything is as it was.
    ///
    /// # Errors
    /// Those of [`Rules::resume`].
    pub fn resume(&mut self, state: &[u8], progress: &Progress) -> Result<()> {
        self.state.tree = resumed(state)?;
        self.go_on(progress);
        Ok(())
    }

    /// The same for a state that a session of these rules has given: it is not checked again.
    #[cfg(feature = "abi")]
    pub(crate) fn resume_own(&mut self, state: &[u8], progress: &Progress) -> Result<()> {
        self.state.tree = Tree::new(state)?;
        self.go_on(progress);
        Ok(())
    }

    fn go_on(&mut self, progress: &Progress) {
        self.batch.restart(progress);
        self.state.contents = Contents::default(); // its memory was that of the largest event
    }

    /// How many of the last events a later one may yet change: none, ever.
    pub fn unsettled(&self) -> usize {
        0
    }

    /// The state as it is now, and where it stands. O(n) in the state: what no event has touched is copied.
    pub fn folded(&self) -> Folded {
        Folded {
            state: self.state.tree.to_bytes(),
            progress: self.batch.progress(),
            pending: Vec::new(),
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("progress", &self.batch.progress())
            .finish_non_exhaustive()
    }
}

struct State {
    rules: Arc<Compiled>,
    tree: Tree,
    contents: Contents,
}

impl Sink for State {
    fn parts(&self) -> (&Parts, Wanted) {
        (&self.rules.parts, self.rules.wanted)
    }

    fn fold(&mut self, row: &BatchRow<'_>) -> Result<()> {
        let Self { rules, tree, contents } = self;
        let Some(operations) = rules.rules.get(row.kind) else {
            return if rules.ignores_unknown {
                Ok(())
            } else {
                Err(unknown(&row.shown_kind()))
            };
        };
        for (index, operation) in operations.iter().enumerate() {
            if let Err(error) = apply(contents, tree, operation, &row.event) {
                tree.roll_back();
                return Err(failed(error, row, index, operation));
            }
        }
        tree.commit();
        Ok(())
    }
}

/// The error of an operation, with where it happened.
#[cold]
#[inline(never)]
fn failed(error: Error, row: &BatchRow<'_>, index: usize, operation: &Operation) -> Error {
    let (kind, action) = (row.shown_kind(), operation.action.name());
    let message = text!("{}, operation {} ({}): {}", kind, index, action, error.message());
    let told = Error::new(error.code(), message).at_path(operation.target.show(&row.event));
    match error.offset() {
        Some(offset) => told.at_offset(offset as usize),
        None => told,
    }
}

#[cold]
#[inline(never)]
fn unknown(kind: &str) -> Error {
    Error::new(
        Code::UnknownEvent,
        text!(
            "there is no rule for events of type {}; add one, an empty list if it changes nothing, or say unknown: \"ignore\"",
            kind
        ),
    )
}
