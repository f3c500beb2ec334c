//! Steps as they are written: entries of a Map, and the start of the one that is open.

use alloc::vec::Vec;
use core::mem;

use super::source::{DEPTH, NULL};
use super::spec::{End, Kind, Side};
use super::waiting::Pieces;
use crate::fold::batch::BatchRow;
use crate::fold::events::{Keeper, Syntax};
use crate::fold::spec::Reference;
use crate::text::text;
use crate::value::{Major, Writer};
use crate::{Code, Error, Result};

/// Memory that is kept from one step to the next.
#[derive(Default)]
pub(super) struct Draft {
    out: Writer,
    /// What ties the open step to each of its ends; nothing for those that its shape ties.
    ties: Pieces,
    next_ties: Pieces,
    opener: Opener,
    keeper: Keeper,
    scratch: Writer,
}

/// Where the command id and the parts of the shape lie in the opener of the open step: ends mostly say the same letter by letter, so that
/// nothing has to be encoded to be compared.
#[derive(Default)]
struct Opener {
    /// `None` if the step has no opener.
    syntax: Option<Syntax>,
    spans: Vec<(usize, usize)>,
}

/// The events that make one step, and where its parts start in the draft.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    pub kind: usize,
    pub start: usize,
    command_id: usize,
    shape: usize,
    outcome: usize,
    /// How many events there are, with those between them that are ignored.
    pub events: u64,
    /// Whether the last of them was a retry, which may be followed by another opener.
    pub retried: bool,
}

impl Chain {
    /// With one event more.
    pub fn extended(self, retried: bool) -> Self {
        Self {
            events: self.events.saturating_add(1),
            retried,
            ..self
        }
    }
}

const SHAPE: &[u8] = b"\x65shape";
const RESULT: &[u8] = b"\x66result";
const ERROR: &[u8] = b"\x65error";
const ADVANCE_BY: &[u8] = b"\x69advanceBy";

impl Draft {
    pub fn with_entries(entries: &[u8]) -> Self {
        let mut draft = Self::default();
        draft.out.raw(entries);
        draft
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.out.as_bytes()
    }

    /// Takes all of an open step back.
    pub fn undo(&mut self, chain: Chain) {
        self.out.truncate(chain.start);
    }

    /// Takes the outcome of a step back.
    pub fn reopen(&mut self, chain: Chain) {
        self.out.truncate(chain.outcome);
    }

    /// Writes everything of a step but its outcome.
    pub fn start(&mut self, index: usize, kind: &Kind, row: &BatchRow<'_>, side: Side) -> Result<Chain> {
        let start = self.out.len();
        self.write_start(index, kind, row, side)
            .inspect_err(|_| self.out.truncate(start))
    }

    fn write_start(&mut self, index: usize, kind: &Kind, row: &BatchRow<'_>, side: Side) -> Result<Chain> {
        let Self { out, keeper, .. } = self;
        let start = out.len();
        out.head(Major::Array, 2);
        out.uint(row.position);
        out.raw(&kind.start);
        let command_id = out.len();
        write_command_id(kind, row, side, keeper, out)?;
        out.raw(SHAPE);
        let shape = out.len();
        if let Some(pointer) = kind.shape.write(&row.event, keeper, out)? {
            return Err(missing(row, "shape", pointer));
        }
        let chain = Chain {
            kind: index,
            start,
            command_id,
            shape,
            outcome: out.len(),
            events: 1,
            retried: false,
        };
        if side == Side::Opener && kind.ends.iter().any(|end| end.ties.is_some()) {
            self.keep_ties(kind, row)?;
        }
        self.opener.note(kind, row, side);
        Ok(chain)
    }

    /// All or none: a step that failed may be retried after an opener that is refused.
    fn keep_ties(&mut self, kind: &Kind, row: &BatchRow<'_>) -> Result<()> {
        self.next_ties.clear();
        for end in &kind.ends {
            self.scratch.clear();
            if let Some(item) = end.ties.as_ref().and_then(|ties| row.event.part(ties.opener.part)) {
                self.keeper.keep(&item, 0, &mut self.scratch)?;
            }
            self.next_ties.push(self.scratch.as_bytes());
        }
        mem::swap(&mut self.ties, &mut self.next_ties);
        Ok(())
    }

    /// Writes the rest of a step, or leaves it open.
    pub fn finish(&mut self, chain: Chain, end: &End, row: &BatchRow<'_>) -> Result<()> {
        let Self { out, keeper, .. } = self;
        out.raw(if end.failed { ERROR } else { RESULT });
        if let Err(error) = end.outcome.write(&row.event, keeper, out) {
            out.truncate(chain.outcome);
            return Err(error);
        }
        out.raw(ADVANCE_BY);
        out.uint(chain.events);
        Ok(())
    }

    /// Whether an event has this command id.
    pub fn has_command_id(&mut self, kind: &Kind, row: &BatchRow<'_>, side: Side, command_id: &[u8]) -> Result<bool> {
        self.scratch.clear();
        write_command_id(kind, row, side, &mut self.keeper, &mut self.scratch)?;
        Ok(self.scratch.as_bytes() == command_id)
    }

    /// Whether an event has the command id of a step.
    pub fn is_of(&mut self, chain: Chain, kind: &Kind, row: &BatchRow<'_>, side: Side) -> Result<bool> {
        self.scratch.clear();
        write_command_id(kind, row, side, &mut self.keeper, &mut self.scratch)?;
        let end = chain.shape.saturating_sub(SHAPE.len());
        Ok(self.out.as_bytes().get(chain.command_id..end) == Some(self.scratch.as_bytes()))
    }

    /// Refuses an event whose command id is not that of the open step.
    pub fn check_command_id(&mut self, chain: Chain, kind: &Kind, row: &BatchRow<'_>, side: Side) -> Result<()> {
        if self.is_of(chain, kind, row, side)? {
            return Ok(());
        }
        let pointer = kind.command_id.as_ref().map(|pair| pair.of(side).pointer.as_str());
        Err(mismatch(
            row,
            "its command id is another one",
            pointer.unwrap_or_default(),
        ))
    }

    /// Refuses an end that is not the open step's, whose opener is given. One that says nothing of its shape is told by its command id.
    pub fn check_end(
        &mut self,
        chain: Chain,
        kind: &Kind,
        nth: usize,
        row: &BatchRow<'_>,
        opener: &[u8],
    ) -> Result<()> {
        let ties = &kind.end(nth)?.ties;
        if ties.is_none() && self.opener.says_the_same(kind, row, opener) {
            return Ok(());
        }
        self.check_command_id(chain, kind, row, Side::End)?;
        self.scratch.clear();
        let Some(ties) = ties else {
            let missing = kind.shape.write(&row.event, &mut self.keeper, &mut self.scratch)?;
            let shape = self.out.as_bytes().get(chain.shape..chain.outcome);
            return match missing.is_some() || shape == Some(self.scratch.as_bytes()) {
                true => Ok(()),
                false => Err(mismatch(row, "its shape is another one", kind.shape.pointer())),
            };
        };
        if let Some(item) = row.event.part(ties.end.part) {
            self.keeper.keep(&item, 0, &mut self.scratch)?;
        }
        let tie = self.ties.iter().nth(nth).filter(|tie| !tie.is_empty());
        match tie == Some(self.scratch.as_bytes()) {
            true => Ok(()),
            false => Err(mismatch(row, "it ends another one", &ties.end.pointer)),
        }
    }
}

impl Opener {
    fn note(&mut self, kind: &Kind, row: &BatchRow<'_>, side: Side) {
        self.spans.clear();
        self.syntax = (side == Side::Opener).then_some(row.event.syntax);
        for reference in compared(kind, side) {
            let Some(item) = row.event.part(reference.part) else {
                self.syntax = None;
                return;
            };
            let place = item.place_from(row.start);
            self.spans.push((place.start, place.end));
        }
    }

    /// Whether an end has the same bytes wherever they are compared. If not, it may still mean the same.
    fn says_the_same(&self, kind: &Kind, row: &BatchRow<'_>, opener: &[u8]) -> bool {
        let mut spans = self.spans.iter();
        self.syntax == Some(row.event.syntax)
            && compared(kind, Side::End).all(|reference| {
                let item = row.event.part(reference.part);
                let span = spans.next().and_then(|(start, end)| opener.get(*start..*end));
                item.is_some_and(|item| !item.is_null() && Some(item.bytes) == span)
            })
    }
}

/// What an opener and its end have in common.
fn compared(kind: &Kind, side: Side) -> impl Iterator<Item = &Reference> {
    let command_id = kind.command_id.as_ref().map(|pair| pair.of(side));
    command_id.into_iter().chain(kind.shape.references())
}

fn write_command_id(kind: &Kind, row: &BatchRow<'_>, side: Side, keeper: &mut Keeper, out: &mut Writer) -> Result<()> {
    let Some(pair) = &kind.command_id else {
        out.raw(NULL);
        return Ok(());
    };
    let reference = pair.of(side);
    match row.event.part(reference.part).filter(|item| !item.is_null()) {
        Some(item) => keeper.keep(&item, DEPTH, out),
        None => Err(missing(row, "command id", &reference.pointer)),
    }
}

#[cold]
fn missing(row: &BatchRow<'_>, what: &str, pointer: &str) -> Error {
    let message = text!(
        "this {} has no {}; say in the table where it stands",
        row.shown_kind(),
        what
    );
    Error::new(Code::MissingValue, message).at_path(pointer)
}

/// An event that does not fit to the step that is open.
#[cold]
pub(super) fn mismatch(row: &BatchRow<'_>, why: &str, pointer: &str) -> Error {
    let message = text!(
        "this {} does not belong to the step before it: {}",
        row.shown_kind(),
        why
    );
    Error::new(Code::PairMismatch, message).at_path(pointer)
}
