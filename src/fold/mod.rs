//! Events → state, with the bookkeeping that keeps a state honest: position, event count and anchor move with it.
//!
//! A [`Fold`] is the host's reducer. [`Progress`] is where a fold stands; it admits the next row or says why not, so that a gap, a
//! wrong order or a repeated row never reaches the reducer.
//!
//! ```
//! use snapfold::fold::{Anchor, Progress, Sequence};
//!
//! let mut progress = Progress::default();
//! let contiguous = Sequence::default(); // the first position is 1
//! progress.admit(contiguous, 1, Anchor::id("a"))?;
//! progress.admit(contiguous, 2, Anchor::id("b"))?;
//! assert_eq!(progress.position(), Some(2));
//!
//! let gap = progress.admit(contiguous, 4, Anchor::id("d")).unwrap_err();
//! assert_eq!(gap.code(), snapfold::Code::Gap);
//! assert_eq!(progress.event_count(), 2);
//! # Ok::<(), snapfold::Error>(())
//! ```

mod anchor;
mod batch;
mod built_in;
mod commitment;
mod events;
pub mod journal;
mod names;
mod order;
mod pointer;
mod progress;
pub mod rules;
mod spec;

use alloc::vec::Vec;

pub use anchor::Anchor;
pub use batch::EventPointers;
pub use built_in::{BuiltIn, Session};
pub use commitment::Commitment;
pub use progress::{Admission, Progress, Sequence};

use crate::Result;
use crate::frame::Digest;

/// A reducer: how one event changes the state.
///
/// It must be deterministic: the same events give the same state on every host, today and after a restart. Whenever that meaning
/// changes, the definition's version must change with it.
pub trait Fold {
    /// What is folded into, and what a snapshot holds.
    type State;
    /// One event, as the host's log hands it out.
    type Event;

    /// The state before the first event.
    fn initial(&self) -> Self::State;

    /// Folds one event in.
    fn evolve(&self, state: &mut Self::State, event: &Self::Event);

    /// Folds one event in, or refuses it and leaves the state as it is.
    ///
    /// # Errors
    /// The fold's. After [`Code::InvalidatesBase`](crate::Code::InvalidatesBase) with a position, a load that began with a snapshot begins
    /// again with one below that position, or with the first event.
    fn try_evolve(&self, state: &mut Self::State, event: &Self::Event) -> Result<()> {
        self.evolve(state, event);
        Ok(())
    }

    /// Digest of what a built-in fold does; `None` for a fold of the host's own. Snapshots of a digest lie in a slot of its own, whatever
    /// the definition's version, and other folds never meet them.
    fn digest(&self) -> Option<Digest> {
        None
    }
}

/// One event with its place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<E> {
    /// Position in the stream.
    pub position: u64,
    /// Which event this is: its id, or the digest of its stored bytes.
    pub anchor: Anchor,
    /// The event.
    pub event: E,
}

impl<E> Row<E> {
    /// A row of a log that gives its events ids.
    pub fn new(position: u64, id: impl Into<alloc::string::String>, event: E) -> Self {
        Self {
            position,
            anchor: Anchor::id(id),
            event,
        }
    }

    /// A row of a log without ids: the event's stored bytes are its identity.
    pub fn of_bytes(position: u64, bytes: &[u8], event: E) -> Self {
        Self {
            position,
            anchor: Anchor::of_bytes(bytes),
            event,
        }
    }
}

/// What a built-in fold has made of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// The state, encoded (docs/format.md §1).
    pub state: Vec<u8>,
    /// The last event that is folded into it, and how many there are.
    pub progress: Progress,
    /// Events after it that wait for others, as they were given. They come first in the next batch.
    pub pending: Vec<Vec<u8>>,
}

/// One event as bytes.
#[derive(Clone, Copy, Debug)]
pub enum RowEvent<'a> {
    /// JSON text in UTF-8.
    Json(&'a [u8]),
    /// A value (docs/format.md §1).
    Cbor(&'a [u8]),
}

impl<'a> RowEvent<'a> {
    fn syntax(self) -> (&'a [u8], events::Syntax) {
        match self {
            Self::Json(bytes) => (bytes, events::Syntax::Json),
            Self::Cbor(bytes) => (bytes, events::Syntax::Cbor),
        }
    }
}
