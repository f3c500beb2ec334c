//! From events to steps.

use alloc::string::String;
use alloc::vec::Vec;

use super::draft::{Chain, Draft, mismatch};
use super::spec::{Compiled, End, First, Kind, Role, Side};
use super::steps::{Outcome, Steps};
use super::waiting::{Mark, Waiting};
use crate::fold::batch::BatchRow;
use crate::fold::{Folded, Progress};
use crate::text::text;
use crate::value::{MAP_TAG, Major, Writer};
use crate::{Code, Error, Result};

/// Steps, and what waits to become one.
#[derive(Default)]
pub(super) struct Compaction {
    draft: Draft,
    /// How many steps are complete.
    count: u64,
    stage: Stage,
    /// The last event that is part of them, or ignored.
    through: Mark,
    /// The one before the step that has failed.
    before: Mark,
    /// The events from the opener on, or those of the step that has failed.
    waiting: Waiting,
    /// The last step of the state that was resumed, if it has failed and no other one followed.
    failed_base: Option<FailedStep>,
}

#[derive(Clone, Copy, Default)]
enum Stage {
    #[default]
    Ready,
    /// An opener, or a retry, waits for its end.
    Open(Chain),
    /// The last step has failed; a retry takes it up again.
    Failed(Chain),
    /// Steps run in parallel: everything waits from here on.
    Parallel,
}

struct FailedStep {
    position: u64,
    kind: String,
    command_id: Vec<u8>,
}

impl Compaction {
    /// Goes on after the steps of a state.
    pub fn resume(state: &[u8], progress: &Progress) -> Result<Self> {
        let steps = Steps::new(state)?;
        let last = steps.last();
        Ok(Self {
            draft: Draft::with_entries(steps.entries()),
            count: steps.len() as u64,
            through: Mark::new(progress),
            failed_base: last
                .filter(|step| matches!(step.outcome, Outcome::Error(_)))
                .map(|step| FailedStep {
                    position: step.position,
                    kind: step.kind.into(),
                    command_id: step.command_id.into(),
                }),
            ..Self::default()
        })
    }

    /// How many of the last events may yet become part of another step.
    pub fn unsettled(&self) -> usize {
        self.waiting.len()
    }

    pub fn folded(&self) -> Folded {
        let entries = self.draft.as_bytes();
        let (complete, waits) = match self.stage {
            Stage::Open(chain) => (entries.get(..chain.start).unwrap_or_default(), true),
            Stage::Parallel => (entries, true),
            Stage::Ready | Stage::Failed(_) => (entries, false),
        };
        let mut state = Writer::default();
        state.tag(MAP_TAG);
        state.head(Major::Array, self.count);
        state.raw(complete);
        let pending = self.waiting.iter().filter(|_| waits);
        Folded {
            state: state.into_bytes(),
            progress: self.through.progress(),
            pending: pending.map(<[u8]>::to_vec).collect(),
        }
    }

    /// Takes an event in, or leaves everything as it was.
    pub fn take(&mut self, table: &Compiled, row: &BatchRow<'_>) -> Result<()> {
        if let Stage::Parallel = self.stage {
            self.waiting.push(row);
            return Ok(());
        }
        let role = match table.roles.get(row.kind) {
            Some(role) if role.first != First::Ignored => role,
            None if !table.ignores_unknown => return Err(unknown(&row.shown_kind())),
            _ => {
                self.pass(row);
                return Ok(());
            }
        };
        match self.stage {
            Stage::Open(chain) => self.go_on(table, chain, role, row),
            Stage::Failed(chain) if role.retries == Some(chain.kind) => self.retry(table, chain, role, row),
            _ => self.begin(table, role, row),
        }
    }

    /// Copies what is still needed of an input that goes.
    pub fn settle(&mut self, input: &[u8]) {
        self.through.settle(input);
        self.before.settle(input);
        self.waiting.settle(input);
    }

    /// Steps over an event that changes nothing. Inside of a step it counts as part of it, so that a cursor steps over it, too.
    fn pass(&mut self, row: &BatchRow<'_>) {
        if let Stage::Open(chain) | Stage::Failed(chain) = &mut self.stage {
            chain.events = chain.events.saturating_add(1);
            self.waiting.push(row);
        }
        if let Stage::Ready | Stage::Failed(_) = self.stage {
            let event_count = self.through.event_count().saturating_add(1);
            self.through.set(row, event_count);
        }
    }

    /// Begins a step.
    fn begin(&mut self, table: &Compiled, role: &Role, row: &BatchRow<'_>) -> Result<()> {
        self.check_base(table, role, row)?;
        match role.first {
            First::Opens(index) => {
                let chain = self.draft.start(index, table.kind(index)?, row, Side::Opener)?;
                self.waiting.clear();
                self.waiting.push(row);
                self.stage = Stage::Open(chain);
                Ok(())
            }
            First::Alone { kind: index, nth } => {
                let kind = table.kind(index)?;
                let end = kind.end(nth)?;
                let chain = self.draft.start(index, kind, row, Side::End)?;
                if let Err(error) = self.draft.finish(chain, end, row) {
                    self.draft.undo(chain);
                    return Err(error);
                }
                self.waiting.clear();
                self.complete(chain, kind, end, row);
                Ok(())
            }
            First::Misplaced | First::Ignored => {
                let pointer = &table.settings.pointers.kind;
                Err(mismatch(row, "there is none that it could go on with", pointer))
            }
        }
    }

    /// A retry of the last step of the base: what the base says of it is no longer so.
    fn check_base(&mut self, table: &Compiled, role: &Role, row: &BatchRow<'_>) -> Result<()> {
        let (Some(failed), Some(index)) = (&self.failed_base, role.retries) else {
            return Ok(());
        };
        let kind = table.kind(index)?;
        if failed.kind == kind.name && self.draft.has_command_id(kind, row, Side::End, &failed.command_id)? {
            return Err(invalidates(failed.position));
        }
        Ok(())
    }

    /// Takes the failed step up again, unless the retry is another one's.
    fn retry(&mut self, table: &Compiled, chain: Chain, role: &Role, row: &BatchRow<'_>) -> Result<()> {
        let kind = table.kind(chain.kind)?;
        if !self.draft.is_of(chain, kind, row, Side::End)? {
            return self.begin(table, role, row);
        }
        self.draft.reopen(chain);
        self.count = self.count.saturating_sub(1);
        core::mem::swap(&mut self.through, &mut self.before);
        self.extend(chain, row, true);
        Ok(())
    }

    /// Goes on with the open step.
    fn go_on(&mut self, table: &Compiled, chain: Chain, role: &Role, row: &BatchRow<'_>) -> Result<()> {
        let kind = table.kind(chain.kind)?;
        let end = role.ends.iter().find(|(of, _)| *of == chain.kind);
        let taken = if let Some((_, nth)) = end {
            self.end(chain, kind, *nth, row)
        } else if role.retries == Some(chain.kind) {
            let checked = self.draft.check_command_id(chain, kind, row, Side::End);
            checked.map(|()| self.extend(chain, row, true))
        } else if chain.retried && role.first == First::Opens(chain.kind) {
            let checked = self.draft.check_command_id(chain, kind, row, Side::Opener);
            checked.map(|()| self.extend(chain, row, false))
        } else {
            let pointer = &table.settings.pointers.kind;
            Err(mismatch(row, "that one is open, and this is none of its ends", pointer))
        };
        match taken {
            Err(error)
                if error.code() == Code::PairMismatch
                    && kind.parallel.iter().any(|name| name.as_bytes() == row.kind) =>
            {
                self.draft.undo(chain);
                self.waiting.push(row);
                self.stage = Stage::Parallel;
                Ok(())
            }
            taken => taken,
        }
    }

    fn extend(&mut self, chain: Chain, row: &BatchRow<'_>, retried: bool) {
        self.waiting.push(row);
        self.stage = Stage::Open(chain.extended(retried));
    }

    fn end(&mut self, chain: Chain, kind: &Kind, nth: usize, row: &BatchRow<'_>) -> Result<()> {
        let end = kind.end(nth)?;
        let opener = self.waiting.first(row.event.input).unwrap_or_default();
        self.draft.check_end(chain, kind, nth, row, opener)?;
        let chain = chain.extended(false);
        self.draft.finish(chain, end, row)?;
        self.complete(chain, kind, end, row);
        Ok(())
    }

    fn complete(&mut self, chain: Chain, kind: &Kind, end: &End, row: &BatchRow<'_>) {
        self.count = self.count.saturating_add(1);
        self.failed_base = None;
        core::mem::swap(&mut self.through, &mut self.before);
        let event_count = self.before.event_count().saturating_add(chain.events);
        self.through.set(row, event_count);
        self.stage = if end.failed && !kind.retries.is_empty() {
            self.waiting.push(row);
            Stage::Failed(chain)
        } else {
            self.waiting.clear();
            Stage::Ready
        };
    }
}

#[cold]
fn unknown(kind: &str) -> Error {
    Error::new(
        Code::UnknownEvent,
        text!(
            "the table has no events of type {}; add them to a kind of step or to ignore, or say unknown: \"ignore\"",
            kind
        ),
    )
}

#[cold]
fn invalidates(position: u64) -> Error {
    Error::new(
        Code::InvalidatesBase,
        "the last step of the base is retried, and so it is not what the base says; fold again from below this position",
    )
    .at_position(position)
}
