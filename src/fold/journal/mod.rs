//! Compaction of durable executions: a prefix of a workflow's journal becomes completed steps.
//!
//! A workflow runs again from the top, and each step asks the journal for its recorded outcome. What the journal says of a step may be
//! several events: it was scheduled, it failed, it was retried, it was completed. This fold makes one entry of them, in a Map by the
//! position of the first: `{ kind, commandId, shape, result, advanceBy }`, with `error` in the place of `result` for a step that failed.
//!
//! ```
//! use snapfold::fold::journal::{Expected, Journal, Outcome, Replay, Steps};
//! use snapfold::value;
//!
//! let mut session = Journal::default().start();
//! session.json_lines(br#"
//!     {"position": 1, "id": "e1", "type": "timer_started", "data": {"command_id": "c1", "timer_id": "t"}}
//!     {"position": 2, "id": "e2", "type": "timer_fired", "data": {"command_id": "c1", "timer_id": "t"}}
//!     {"position": 3, "id": "e3", "type": "timer_started", "data": {"command_id": "c2", "timer_id": "u"}}
//! "#)?;
//! let folded = session.folded();
//! assert_eq!(folded.progress.position(), Some(2));
//! assert_eq!(folded.pending.len(), 1); // the second timer has not fired yet
//!
//! let steps = Steps::new(&folded.state)?;
//! let (command_id, shape) = (value::to_vec("c1")?, value::to_vec("timer")?);
//! let timer = Expected { kind: "timer", command_id: &command_id, shape: &shape };
//! let ok = value::to_vec("ok")?;
//! assert_eq!(steps.step_at(1, &timer), Replay::Step { outcome: Outcome::Result(&ok), advance_by: 2 });
//! assert_eq!(steps.step_at(3, &timer), Replay::Beyond);
//! # Ok::<(), snapfold::Error>(())
//! ```
//!
//! # The table
//!
//! Which events make a step is data. A journal of other names, and other places in its events, has a table of its own:
//!
//! ```
//! use snapfold::fold::journal::Journal;
//!
//! let journal = Journal::from_json(br#"{
//!     "commandId": "/task",
//!     "ignore": ["Heartbeat"],
//!     "table": {
//!         "task": {
//!             "shape": { "fields": { "queue": "/queue", "name": "/name" } },
//!             "opens": ["TaskScheduled"],
//!             "retries": ["TaskRetried"],
//!             "ends": { "TaskDone": { "result": "/output" }, "TaskFailed": { "error": "/reason" } }
//!         }
//!     }
//! }"#)?;
//! # Ok::<(), snapfold::Error>(())
//! ```
//!
//! Beside `table` a specification has what all built-in folds have (`events`, `sequence`, `firstPosition`, `strict`, `unknown`), and:
//!
//! | member | meaning |
//! |---|---|
//! | `commandId` | where events have their command id; default `/data/command_id`; null: nowhere |
//! | `ignore` | event types that are no part of any step |
//!
//! A kind of step, under its name in `table`, has:
//!
//! | member | meaning |
//! |---|---|
//! | `shape` | what was asked for |
//! | `commandId` | where the events of this kind have their command id |
//! | `opens` | event types that begin a step; it waits for its end, which comes next in the journal |
//! | `ends` | event type → `{ result }` or `{ error }`: what completes it; also a step by itself, unless `alone` is false |
//! | `match` (of an end) | what ties it to its opener instead of the shape |
//! | `retries` | event types that take up a step of the same command id that has just failed: all of it is one step |
//! | `parallel` | event types that may stand between an opener and its end: from that opener on everything waits |
//!
//! `shape`, `result` and `error` are a JSON Pointer into the event, or `{ fields: { name: pointer } }`, or `{ value: literal }`.
//! `commandId` and `match` are a pointer into both events, or `[pointer into the opener, pointer into the end]`. An opener and its end have
//! equal command ids, and equal shapes where both have one. A result or error that an event does not have is null; among fields it is left
//! out.
//!
//! Without `table` it is that of [`default.json`](https://docs.rs/crate/snapfold/latest/source/src/fold/journal/default.json): activities
//! with retries, signals with timeouts, timers, side effects, patches, compensations, children, continuations and logs.
//!
//! # What waits
//!
//! An opener without its end is no error. It comes back in [`Folded::pending`] with everything after it, and [`Folded::progress`] is that
//! of the last event before it. A session keeps what waits from one call to the next, so that it does not matter where a journal is cut
//! into batches; a later session is given `pending` first. Only a retry right after such a cut is late: the state has the failed step
//! already. It is refused as [`Code::InvalidatesBase`], with that step's position: fold again from below it.

mod compact;
mod draft;
mod source;
mod spec;
mod steps;
mod waiting;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

pub use self::steps::{Expected, Outcome, Replay, Step, Steps};

use self::compact::Compaction;
use self::spec::Compiled;
use super::batch::{Batch, BatchRow, Sink, Wanted};
use super::events::Parts;
use super::spec::{Mistakes, digest};
use super::{Folded, Progress, RowEvent, Sequence};
#[cfg(doc)]
use crate::Code;
use crate::Result;
use crate::value::{self, Value};

/// Raised whenever the same table makes another state of the same events.
const SEMANTICS: f64 = 1.0;

/// The state before the first event: an empty Map.
const INITIAL: &[u8] = b"\xd9\x90\x80\x80";

/// A table, validated. Clones share it.
#[derive(Clone)]
pub struct Journal {
    table: Arc<Compiled>,
    digest: [u8; 32],
}

impl Journal {
    /// Validates a specification in its data form.
    ///
    /// # Errors
    /// [`Code::InvalidOption`] with all mistakes, each on a line of its own after its JSON Pointer into the specification; the error's path
    /// is the first pointer.
    pub fn new(spec: &Value) -> Result<Self> {
        let mut mistakes = Mistakes::default();
        let table = spec::parse(spec, &mut mistakes);
        mistakes.into_result()?;
        Ok(Self {
            digest: digest(meaning(&table))?,
            table: Arc::new(table),
        })
    }

    /// The same for a specification as JSON text.
    ///
    /// # Errors
    /// Those of [`Self::new`] and of [`value::from_json`].
    pub fn from_json(spec: &[u8]) -> Result<Self> {
        Self::new(&value::from_slice(&value::from_json(spec)?)?)
    }

    /// SHA-256 of everything that this table means. Snapshots of other tables are foreign.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// How positions follow each other.
    pub fn sequence(&self) -> Sequence {
        self.table.settings.sequence
    }

    /// The state before the first event, encoded: an empty Map.
    pub fn initial(&self) -> &[u8] {
        INITIAL
    }

    /// Begins before the first event.
    pub fn start(&self) -> Session {
        self.session(Compaction::default(), &Progress::default())
    }

    /// Goes on after the events that have become `state`: with those that waited, then the next ones. O(n) in the state, once.
    ///
    /// # Errors
    /// [`Code::Malformed`] if the state is not one of a journal.
    pub fn resume(&self, state: &[u8], progress: &Progress) -> Result<Session> {
        Ok(self.session(Compaction::resume(state, progress)?, progress))
    }

    fn session(&self, compaction: Compaction, progress: &Progress) -> Session {
        let settings = &self.table.settings;
        Session {
            batch: Batch::new(settings.sequence, settings.strict, progress),
            state: State {
                table: self.table.clone(),
                compaction,
            },
        }
    }
}

impl Default for Journal {
    /// The table that is shipped, with the default of every setting: what [`Journal::new`] makes of an empty object.
    fn default() -> Self {
        let table = spec::parse(&Value::Object(Vec::new()), &mut Mistakes::default());
        Self {
            digest: digest(meaning(&table)).unwrap_or_default(), // it is made of text, which is always encodable
            table: Arc::new(table),
        }
    }
}

fn meaning(table: &Compiled) -> Vec<Value> {
    let mut meaning = Vec::from([Value::Text("journal".into()), Value::Number(SEMANTICS)]);
    meaning.extend(table.meaning());
    meaning
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("types", &self.table.roles.names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A fold under way. Whatever an error says of an event, all events before it are folded in or wait, and nothing of that one; and the
/// session can go on. For many short journals take one session, again and again: it learns how events are written.
pub struct Session {
    batch: Batch,
    state: State,
}

impl Session {
    /// Folds JSON Lines in: one event on each line, in UTF-8; empty lines are stepped over.
    ///
    /// # Errors
    /// Of the first event that cannot be folded in, with its offset in `lines`, and its position if it could be read:
    /// [`Code::Malformed`], [`Code::InvalidEvent`] (no position or type), [`Code::Gap`], [`Code::OutOfOrder`], [`Code::UnknownEvent`];
    /// and with the pointer into the event as path: [`Code::MissingValue`] (no command id, or no shape), [`Code::PairMismatch`].
    /// [`Code::InvalidatesBase`] has the position of the step that is retried.
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
        self.state.compaction = Compaction::default();
        self.batch.restart(&Progress::default());
    }

    /// Goes on after the events that are folded into `state`, likewise. After an error everything is as it was.
    ///
    /// # Errors
    /// Those of [`Journal::resume`].
    pub fn resume(&mut self, state: &[u8], progress: &Progress) -> Result<()> {
        self.state.compaction = Compaction::resume(state, progress)?;
        self.batch.restart(progress);
        Ok(())
    }

    /// How many of the last events, those of earlier calls included, a later one may yet change: those that wait, and those of a step that
    /// has failed, which a retry takes up again. O(1).
    pub fn unsettled(&self) -> usize {
        self.state.compaction.unsettled()
    }

    /// The completed steps, where they end, and what waits after them. O(n) in the state, which is copied.
    pub fn folded(&self) -> Folded {
        self.state.compaction.folded()
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
    table: Arc<Compiled>,
    compaction: Compaction,
}

impl Sink for State {
    fn parts(&self) -> (&Parts, Wanted) {
        (&self.table.parts, self.table.wanted)
    }

    #[inline]
    fn fold(&mut self, row: &BatchRow<'_>) -> Result<()> {
        self.compaction.take(&self.table, row)
    }

    fn settle(&mut self, input: &[u8]) {
        self.compaction.settle(input);
    }
}
