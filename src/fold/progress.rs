//! Where a fold stands, and which row may come next.

use serde::{Deserialize, Serialize};

use super::Anchor;
use crate::text::text;
use crate::{Code, Error, Result};

/// How the positions of a stream follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Sequence {
    /// Each position is the previous one plus 1; anything else is an error.
    Contiguous {
        /// Position of the first event of every stream: 0 or 1.
        first_position: u64,
    },
    /// Positions grow, with gaps; events may arrive late.
    Sparse,
}

impl Default for Sequence {
    fn default() -> Self {
        Self::Contiguous { first_position: 1 }
    }
}

/// Position, event count and anchor of everything folded so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    last: Option<(u64, Option<Anchor>)>,
    event_count: u64,
}

/// What [`Progress::admit`] says of a row that is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The row is next: fold it.
    Fold,
    /// The very row that was folded last (a re-read page of a sparse log): leave it out.
    Repeated,
}

impl Progress {
    /// The progress that a snapshot's header states.
    pub fn resume(position: u64, event_count: u64, anchor: Option<Anchor>) -> Self {
        Self {
            last: Some((position, anchor)),
            event_count,
        }
    }

    /// Position of the last folded event, inclusive; `None` if nothing is folded yet.
    pub fn position(&self) -> Option<u64> {
        self.last.as_ref().map(|(position, _)| *position)
    }

    /// How many events are folded in. Positions may have gaps, counts never lie.
    pub fn event_count(&self) -> u64 {
        self.event_count
    }

    /// Identity of the last folded event.
    pub fn anchor(&self) -> Option<&Anchor> {
        self.last.as_ref().and_then(|(_, anchor)| anchor.as_ref())
    }

    /// Admits the row at `position` and moves on to it, or leaves everything as it is.
    ///
    /// # Errors
    /// [`Code::Gap`] and [`Code::OutOfOrder`] for a contiguous stream, [`Code::OutOfOrder`] for a sparse one whose positions do not
    /// grow. The error carries the position.
    pub fn admit(&mut self, sequence: Sequence, position: u64, anchor: Anchor) -> Result<Admission> {
        let admission = self.check(sequence, position, &anchor)?;
        if admission == Admission::Fold {
            self.advance(position, anchor);
        }
        Ok(admission)
    }

    /// What [`Self::admit`] says, without moving on.
    pub(crate) fn check(&self, sequence: Sequence, position: u64, anchor: &Anchor) -> Result<Admission> {
        if sequence.next(self.position(), position)? == Next::Fold {
            return Ok(Admission::Fold);
        }
        match self.anchor() {
            Some(last) if last != anchor => Err(Sequence::two_at(position)),
            _ => Ok(Admission::Repeated),
        }
    }

    /// Moves on to a row that was admitted.
    pub(crate) fn advance(&mut self, position: u64, anchor: Anchor) {
        self.last = Some((position, Some(anchor)));
        self.event_count = self.event_count.saturating_add(1);
    }
}

/// Where a position stands after the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It comes next.
    Fold,
    /// It is the last one again: of the same event, or it is an error.
    Same,
}

impl Sequence {
    #[inline]
    pub(super) fn next(self, last: Option<u64>, position: u64) -> Result<Next> {
        match (self, last) {
            (Self::Contiguous { first_position }, None) if position < first_position => {
                Err(begins_below(first_position, position))
            }
            (Self::Contiguous { first_position }, None) => expect(first_position, position),
            (Self::Contiguous { .. }, Some(last)) => match last.checked_add(1) {
                Some(expected) => expect(expected, position),
                None => Err(Error::new(Code::InvalidPosition, "there is no position after 2^64 - 1")),
            },
            (Self::Sparse, Some(last)) if position == last => Ok(Next::Same),
            (Self::Sparse, Some(last)) if position < last => Err(out_of_order(last, position)),
            (Self::Sparse, _) => Ok(Next::Fold),
        }
    }

    #[cold]
    pub(super) fn two_at(position: u64) -> Error {
        Error::new(
            Code::OutOfOrder,
            "two different events share one position; positions must be unique in a stream",
        )
        .at_position(position)
    }
}

#[inline]
fn expect(expected: u64, position: u64) -> Result<Next> {
    match position.cmp(&expected) {
        core::cmp::Ordering::Equal => Ok(Next::Fold),
        core::cmp::Ordering::Less => Err(out_of_order(expected.saturating_sub(1), position)),
        core::cmp::Ordering::Greater => Err(gap(expected, position)),
    }
}

#[cold]
fn begins_below(first: u64, position: u64) -> Error {
    Error::new(
        Code::OutOfOrder,
        text!(
            "the log begins below {}; say at which position every stream begins (firstPosition)",
            first
        ),
    )
    .at_position(position)
}

#[cold]
fn gap(expected: u64, position: u64) -> Error {
    Error::new(
        Code::Gap,
        text!(
            "expected position {} next; events are missing, or the stream is sparse and must be declared so",
            expected
        ),
    )
    .at_position(position)
}

#[cold]
fn out_of_order(last: u64, position: u64) -> Error {
    Error::new(
        Code::OutOfOrder,
        text!(
            "expected a position after {}; pages must be read in ascending order and applied once",
            last
        ),
    )
    .at_position(position)
}
