//! Either of the built-in folds, for hosts that are handed their data form.

use alloc::boxed::Box;

use super::journal::{self, Journal};
use super::rules::{self, Rules};
use super::{Folded, Progress, RowEvent, Sequence};
use crate::Result;
use crate::value::Value;

/// A built-in fold.
#[derive(Clone, Debug)]
pub enum BuiltIn {
    /// A reducer as data.
    Rules(Rules),
    /// Compaction of durable executions.
    Journal(Journal),
}

impl BuiltIn {
    /// Reads the data form of the fold of that kind; `None` if there is no such kind.
    ///
    /// # Errors
    /// Those of [`Rules::new`] and [`Journal::new`].
    pub fn new(kind: &str, spec: &Value) -> Option<Result<Self>> {
        match kind {
            "rules" => Some(Rules::new(spec).map(Self::Rules)),
            "journal" => Some(Journal::new(spec).map(Self::Journal)),
            _ => None,
        }
    }

    /// SHA-256 of everything that the fold means.
    pub fn digest(&self) -> [u8; 32] {
        match self {
            Self::Rules(rules) => rules.digest(),
            Self::Journal(journal) => journal.digest(),
        }
    }

    /// How positions follow each other.
    pub fn sequence(&self) -> Sequence {
        match self {
            Self::Rules(rules) => rules.sequence(),
            Self::Journal(journal) => journal.sequence(),
        }
    }

    /// The state before the first event, encoded.
    pub fn initial(&self) -> &[u8] {
        match self {
            Self::Rules(rules) => rules.initial(),
            Self::Journal(journal) => journal.initial(),
        }
    }

    /// Goes on after the events that are folded into `state`; without one, before the first event.
    ///
    /// # Errors
    /// Those of [`Rules::resume`] and [`Journal::resume`].
    pub fn session(&self, base: Option<(&[u8], &Progress)>) -> Result<Session> {
        match (self, base) {
            (Self::Rules(rules), None) => Ok(Session::Rules(rules.start().into())),
            (Self::Rules(rules), Some((state, progress))) => rules
                .resume(state, progress)
                .map(|session| Session::Rules(session.into())),
            (Self::Journal(journal), None) => Ok(Session::Journal(journal.start().into())),
            (Self::Journal(journal), Some((state, progress))) => journal
                .resume(state, progress)
                .map(|session| Session::Journal(session.into())),
        }
    }
}

/// A built-in fold under way.
#[derive(Debug)]
pub enum Session {
    /// By rules.
    Rules(Box<rules::Session>),
    /// Of a journal.
    Journal(Box<journal::Session>),
}

impl Session {
    /// See [`rules::Session::json_lines`].
    ///
    /// # Errors
    /// As there.
    pub fn json_lines(&mut self, lines: &[u8]) -> Result<()> {
        match self {
            Self::Rules(session) => session.json_lines(lines),
            Self::Journal(session) => session.json_lines(lines),
        }
    }

    /// See [`rules::Session::cbor_sequence`].
    ///
    /// # Errors
    /// As there.
    pub fn cbor_sequence(&mut self, events: &[u8]) -> Result<()> {
        match self {
            Self::Rules(session) => session.cbor_sequence(events),
            Self::Journal(session) => session.cbor_sequence(events),
        }
    }

    /// See [`rules::Session::row`].
    ///
    /// # Errors
    /// As there.
    pub fn row(&mut self, position: u64, kind: Option<&str>, event: RowEvent<'_>) -> Result<()> {
        match self {
            Self::Rules(session) => session.row(position, kind, event),
            Self::Journal(session) => session.row(position, kind, event),
        }
    }

    /// See [`rules::Session::restart`].
    pub fn restart(&mut self) {
        match self {
            Self::Rules(session) => session.restart(),
            Self::Journal(session) => session.restart(),
        }
    }

    /// See [`rules::Session::resume`].
    ///
    /// # Errors
    /// As there.
    pub fn resume(&mut self, state: &[u8], progress: &Progress) -> Result<()> {
        match self {
            Self::Rules(session) => session.resume(state, progress),
            Self::Journal(session) => session.resume(state, progress),
        }
    }

    /// The same for a state that a session of this fold has given: what it has checked is not checked again.
    #[cfg(feature = "abi")]
    pub(crate) fn resume_own(&mut self, state: &[u8], progress: &Progress) -> Result<()> {
        match self {
            Self::Rules(session) => session.resume_own(state, progress),
            Self::Journal(session) => session.resume(state, progress),
        }
    }

    /// How many of the last events a later one may yet change.
    pub fn unsettled(&self) -> usize {
        match self {
            Self::Rules(session) => session.unsettled(),
            Self::Journal(session) => session.unsettled(),
        }
    }

    /// The state as it is now, and where it stands.
    pub fn folded(&self) -> Folded {
        match self {
            Self::Rules(session) => session.folded(),
            Self::Journal(session) => session.folded(),
        }
    }
}
