//! Built-in folds for hosts of the plain module. A host compiles a fold once, starts a session on a state, pushes events, and takes the
//! state when it finishes. Folds and sessions are numbers, which a host gives back; a number that was not handed out gets an error.
//!
//! Many folds are of a few events, so that what surrounds them counts: an answer that is a number is one without a buffer (an address of
//! 0), what a fold ends with has its numbers at fixed places, and a session that has ended is begun again for the next.
//!
//! # What a fold ends with
//!
//! Behind the status byte, integers with their lowest byte first:
//!
//! | at | bytes | |
//! |---|---|---|
//! | 1 | 1 | the anchor is 0: not there, 1: an id in UTF-8, 2: a digest |
//! | 2 | 1 | 1 if there is a position |
//! | 3 | 8 | position |
//! | 11 | 8 | how many events are folded in |
//! | 19 | 4 | bytes of the anchor, *a* |
//! | 23 | 4 | bytes of what waits, *w* |
//! | 27 | *a* | the anchor |
//! | | *w* | each event that waits, behind its length in four bytes |
//! | | | the state, to the end |

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{answer_bytes, answer_number, lent, operate};
use crate::fold::{Anchor, BuiltIn, Folded, Progress, RowEvent, Session};
use crate::value::{self, Bytes, Reader, Value};
use crate::{Code, Error, Result};

static FOLDS: Mutex<Table<Arc<Fold>>> = Mutex::new(Table::new());
static SESSIONS: Mutex<Table<Started>> = Mutex::new(Table::new());

struct Fold {
    fold: BuiltIn,
    /// One that has ended, for the next: it knows how events are written.
    spare: Mutex<Option<Session>>,
}

struct Started {
    fold: Arc<Fold>,
    session: Session,
}

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
struct Place {
    #[serde(default)]
    position: Option<u64>,
    #[serde(default)]
    event_count: u64,
    #[serde(default)]
    anchor: Option<Anchor>,
}

/// Compiles `{"kind": "rules" | "journal", "spec": {…}}`; answers with `{"id", "digest", "initial"}`.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_compile(address: usize, length: usize) -> u64 {
    operate(address, length, |bytes| {
        let Definition { kind, spec } = value::from_slice(bytes)?;
        let unknown = || Error::new(Code::InvalidOption, "there is no built-in fold of that kind").at_path("kind");
        let fold = BuiltIn::new(&kind, &spec).ok_or_else(unknown)??;
        let (digest, initial) = (Bytes(fold.digest().into()), Bytes(fold.initial().into()));
        let spare = Mutex::default();
        let id = with(&FOLDS, |folds| folds.hand_out(Arc::new(Fold { fold, spare })));
        Ok(Compiled { id, digest, initial })
    })
}

/// Forgets a fold. Its sessions go on.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_drop(fold: u32) {
    with(&FOLDS, |folds| drop(folds.entries.remove(&fold)));
}

/// Starts a session before the first event; answers with its number.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_start(fold: u32) -> u64 {
    answer_number(start(fold, |_| Ok(())))
}

/// Starts a session on a state, which is the first `state` bytes of the buffer; `{"position"?, "eventCount"?, "anchor"?}` may follow.
/// Unless `own` is 0, a session of this fold has given the state: it is not checked again. Answers with the number of the session.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_resume(fold: u32, address: usize, length: usize, state: usize, own: u32) -> u64 {
    answer_number(lent(address, length, |bytes| {
        let Some((state, place)) = bytes.split_at_checked(state) else {
            return Err(Error::new(Code::InvalidOption, "the state is longer than the buffer").at_path("state"));
        };
        let progress = match place {
            [] => Progress::default(),
            place => progress_at(value::from_slice(place)?),
        };
        start(fold, |session| match own {
            0 => session.resume(state, &progress),
            _ => session.resume_own(state, &progress),
        })
    }))
}

/// Folds events in: JSON Lines (`format` 0), a CBOR sequence (1), or rows (2), a CBOR sequence of `[position, type | null, event]` whose
/// order the host has checked, and whose events are values or JSON as text or bytes. Answers with how many of the last events, with those
/// of earlier calls, a later one may yet change (whether they are in the state is known when the session ends); or with the error of the
/// first event that could not be folded in; all before it are.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_push(session: u32, address: usize, length: usize, format: u32) -> u64 {
    answer_number(lent(address, length, |bytes| {
        with(&SESSIONS, |sessions| {
            let session = &mut sessions.get(session)?.session;
            push(session, bytes, format)?;
            Ok(session.unsettled() as u32) // in memory of 32 bits there are no more
        })
    }))
}

/// Ends a session; answers with what the fold ends with.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_finish(session: u32) -> u64 {
    let ended = with(&SESSIONS, |sessions| sessions.entries.remove(&session)).ok_or_else(nobody);
    answer_bytes(ended.map(|Started { fold, session }| {
        let end = end(&session);
        fold.keep(session);
        end
    }))
}

/// Folds all events of a stream in at once, in the formats of [`snapfold_fold_push`]; answers with what the fold ends with, or the
/// error of the first event that could not be folded in. A session tells what came before it.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_all(fold: u32, address: usize, length: usize, format: u32) -> u64 {
    answer_bytes(lent(address, length, |bytes| {
        let fold = fold_of(fold)?;
        let mut session = fold.session()?;
        let pushed = push(&mut session, bytes, format);
        let ended = pushed.map(|()| end(&session));
        fold.keep(session);
        ended
    }))
}

/// Ends a session without asking for its state.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_fold_abandon(session: u32) {
    if let Some(Started { fold, session }) = with(&SESSIONS, |sessions| sessions.entries.remove(&session)) {
        fold.keep(session);
    }
}

fn start(fold: u32, resume: impl FnOnce(&mut Session) -> Result<()>) -> Result<u32> {
    let fold = fold_of(fold)?;
    let mut session = fold.session()?;
    match resume(&mut session) {
        Ok(()) => Ok(with(&SESSIONS, |sessions| sessions.hand_out(Started { fold, session }))),
        Err(error) => {
            fold.keep(session);
            Err(error)
        }
    }
}

fn fold_of(number: u32) -> Result<Arc<Fold>> {
    with(&FOLDS, |folds| folds.get(number).cloned())
}

fn progress_at(
    Place {
        position,
        event_count,
        anchor,
    }: Place,
) -> Progress {
    match position {
        Some(position) => Progress::resume(position, event_count, anchor),
        None => Progress::default(),
    }
}

impl Fold {
    /// One before the first event.
    fn session(&self) -> Result<Session> {
        with(&self.spare, Option::take).map_or_else(|| self.fold.session(None), Ok)
    }

    /// Keeps a session that has ended for the next one.
    fn keep(&self, mut session: Session) {
        session.restart();
        with(&self.spare, |spare| *spare = Some(session));
    }
}

fn push(session: &mut Session, bytes: &[u8], format: u32) -> Result<()> {
    match format {
        0 => session.json_lines(bytes),
        1 => session.cbor_sequence(bytes),
        2 => push_rows(session, bytes),
        _ => Err(Error::new(Code::InvalidOption, "the format is 0, 1 or 2").at_path("format")),
    }
}

/// What a fold ends with, see above.
fn end(session: &Session) -> Vec<u8> {
    let Folded {
        state,
        progress,
        pending,
    } = session.folded();
    let (kind, anchor): (u8, &[u8]) = match progress.anchor() {
        None => (0, &[]),
        Some(Anchor::Id(id)) => (1, id.as_bytes()),
        Some(Anchor::Digest(digest)) => (2, digest),
    };
    let waits = pending.iter().map(|event| 4 + event.len()).sum::<usize>();
    let mut end = Vec::with_capacity(HEAD + anchor.len() + waits + state.len());
    end.extend([0, kind, u8::from(progress.position().is_some())]);
    end.extend(progress.position().unwrap_or_default().to_le_bytes());
    end.extend(progress.event_count().to_le_bytes());
    // In memory of 32 bits no length is longer.
    end.extend((anchor.len() as u32).to_le_bytes());
    end.extend((waits as u32).to_le_bytes());
    end.extend(anchor);
    for event in pending {
        end.extend((event.len() as u32).to_le_bytes());
        end.extend(event);
    }
    end.extend(state);
    end
}

/// Bytes in front of the anchor.
const HEAD: usize = 27;

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

fn with<T, R>(shared: &Mutex<T>, work: impl FnOnce(&mut T) -> R) -> R {
    work(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cold]
fn nobody() -> Error {
    Error::new(
        Code::InvalidOption,
        "no such fold or session was handed out, or it has ended",
    )
}
