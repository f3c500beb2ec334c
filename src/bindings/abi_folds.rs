//! Built-in folds for hosts of the plain module. A host compiles a fold once, starts a session on a state, pushes events, and takes the
//! state when it finishes. Folds and sessions are numbers, which a host gives back; a number that was not handed out gets an error.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::abi::{answer, operate};
use crate::fold::{Anchor, BuiltIn, Folded, Progress, RowEvent, Session};
use crate::value::{self, Bytes, Reader, Value};
use crate::{Code, Error, Result};

static FOLDS: Mutex<Table<BuiltIn>> = Mutex::new(Table::new());
static SESSIONS: Mutex<Table<Session>> = Mutex::new(Table::new());

/// What was handed out, by number.
struct Table<T> {
    last: u32,
    entries: BTreeMap<u32, T>,
}

impl<T> Table<T> {
    const fn new() -> Self {
        Self {
            last: 0,
            entries: BTreeMap::new(),
        }
    }

    fn hand_out(&mut self, entry: T) -> u32 {
        // Numbers come round after four thousand million; by then the early ones are free, or stay whose they are.
        loop {
            self.last = self.last.wrapping_add(1);
            if !self.entries.contains_key(&self.last) {
                self.entries.insert(self.last, entry);
                return self.last;
            }
        }
    }

    fn get(&mut self, number: u32) -> Result<&mut T> {
        self.entries.get_mut(&number).ok_or_else(nobody)
    }
}

#[derive(Deserialize)]
struct Definition {
    kind: alloc::string::String,
    spec: Value,
}

#[derive(Serialize)]
struct Compiled {
    id: u32,
    digest: Bytes,
    initial: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Base {
    state: Bytes,
    #[serde(default)]
    position: Option<u64>,
    #[serde(default)]
    event_count: u64,
    #[serde(default)]
    anchor: Option<Anchor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finished {
    state: Bytes,
    position: Option<u64>,
    event_count: u64,
    anchor: Option<Anchor>,
    pending: Vec<Bytes>,
}

/// Compiles `{"kind": "rules" | "journal", "spec": {…}}`; answers with `{"id", "digest", "initial"}`.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_compile(address: usize, length: usize) -> u64 {
    operate(address, length, |bytes| {
        let Definition { kind, spec } = value::from_slice(bytes)?;
        let unknown = || Error::new(Code::InvalidOption, "there is no built-in fold of that kind").at_path("kind");
        let fold = BuiltIn::new(&kind, &spec).ok_or_else(unknown)??;
        let (digest, initial) = (Bytes(fold.digest().into()), Bytes(fold.initial().into()));
        let id = with(&FOLDS, |folds| folds.hand_out(fold));
        Ok(Compiled { id, digest, initial })
    })
}

/// Forgets a fold. Its sessions go on.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_drop(fold: u32) {
    with(&FOLDS, |folds| drop(folds.entries.remove(&fold)));
}

/// Starts a session on `{"state", "position"?, "eventCount"?, "anchor"?}`, or before the first event on null; answers with its number.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_start(fold: u32, address: usize, length: usize) -> u64 {
    operate(address, length, |bytes| {
        let base: Option<Base> = value::from_slice(bytes)?;
        let base = base.map(|base| {
            let progress = match base.position {
                Some(position) => Progress::resume(position, base.event_count, base.anchor),
                None => Progress::default(),
            };
            (base.state.0, progress)
        });
        let base = base.as_ref().map(|(state, progress)| (state.as_slice(), progress));
        let session = with(&FOLDS, |folds| folds.get(fold)?.session(base))?;
        Ok(with(&SESSIONS, |sessions| sessions.hand_out(session)))
    })
}

/// Folds events in: JSON Lines (`format` 0), a CBOR sequence (1), or rows (2), a CBOR sequence of `[position, type | null, event]` whose
/// order the host has checked, and whose events are values or JSON as text or bytes. Answers with null, or with the error of the first
/// event that could not be folded in; all before it are.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_push(session: u32, address: usize, length: usize, format: u32) -> u64 {
    operate(address, length, |bytes| {
        with(&SESSIONS, |sessions| {
            let session = sessions.get(session)?;
            match format {
                0 => session.json_lines(bytes),
                1 => session.cbor_sequence(bytes),
                2 => push_rows(session, bytes),
                _ => Err(Error::new(Code::InvalidOption, "the format is 0, 1 or 2").at_path("format")),
            }
        })
    })
}

/// How many of the last events that were pushed a later one may yet change: whether they are in the state is known when the session ends. 0
/// for a session that there is not.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_unsettled(session: u32) -> usize {
    with(&SESSIONS, |sessions| {
        sessions.get(session).map_or(0, |session| session.unsettled())
    })
}

/// Ends a session; answers with `{"state", "position", "eventCount", "anchor", "pending"}`.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_finish(session: u32) -> u64 {
    let finished = with(&SESSIONS, |sessions| sessions.entries.remove(&session)).ok_or_else(nobody);
    answer(&finished.map(|session| {
        let Folded {
            state,
            progress,
            pending,
        } = session.folded();
        Finished {
            state: Bytes(state),
            position: progress.position(),
            event_count: progress.event_count(),
            anchor: progress.anchor().cloned(),
            pending: pending.into_iter().map(Bytes).collect(),
        }
    }))
}

/// Ends a session without asking for its state.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_abandon(session: u32) {
    with(&SESSIONS, |sessions| drop(sessions.entries.remove(&session)));
}

fn push_rows(session: &mut Session, rows: &[u8]) -> Result<()> {
    let mut reader = Reader::new(rows);
    while reader.left() > 0 {
        let at = reader.offset();
        if reader.array()? != 3 {
            return Err(Error::new(Code::Malformed, "a row is [position, type | null, event]").at_offset(at));
        }
        let position = reader.u64()?;
        let kind = if reader.nothing() { None } else { Some(reader.text()?) };
        let start = reader.offset();
        reader.step_over()?;
        let event = reader.since(start);
        let json = Reader::new(event).text().map(str::as_bytes);
        session.row(
            position,
            kind,
            match json.or_else(|_| Reader::new(event).bytes()) {
                Ok(json) => RowEvent::Json(json),
                Err(_) => RowEvent::Cbor(event),
            },
        )?;
    }
    Ok(())
}

fn with<T, R>(table: &Mutex<Table<T>>, work: impl FnOnce(&mut Table<T>) -> R) -> R {
    work(&mut table.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cold]
fn nobody() -> Error {
    Error::new(
        Code::InvalidOption,
        "no such fold or session was handed out, or it has ended",
    )
}
