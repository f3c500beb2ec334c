//! Reading the steps of a state, and replaying from them.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::value::{MAP_TAG, Major, Reader, canonicalize, validate};
use crate::{Code, Error, Result};

/// The completed steps of a state, in order of their positions.
#[derive(Clone, Debug)]
pub struct Steps<'a> {
    state: Cow<'a, [u8]>,
    /// Where the entries start.
    start: usize,
    /// Positions, and where each step starts.
    index: Vec<(u64, usize)>,
}

/// One completed step. Values are encoded (docs/format.md §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Position of its first event.
    pub position: u64,
    /// What kind of step it is, as the table calls it.
    pub kind: &'a str,
    /// The command that asked for it; null if the journal has none.
    pub command_id: &'a [u8],
    /// What was asked for.
    pub shape: &'a [u8],
    /// What came of it.
    pub outcome: Outcome<'a>,
    /// How many events it replaces.
    pub advance_by: u64,
}

/// What came of a step, encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// It succeeded.
    Result(&'a [u8]),
    /// It failed.
    Error(&'a [u8]),
}

/// What a workflow asks for at a cursor. Values are encoded; the order of keys in objects does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    /// What kind of step.
    pub kind: &'a str,
    /// The command.
    pub command_id: &'a [u8],
    /// What is asked for.
    pub shape: &'a [u8],
}

/// What the steps answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay<'a> {
    /// It was done before.
    Step {
        /// What came of it.
        outcome: Outcome<'a>,
        /// How far the cursor moves.
        advance_by: u64,
    },
    /// Something else was done there: the workflow is not the one that wrote this journal.
    Drift {
        /// What the workflow asks for.
        expected: Expected<'a>,
        /// What is there; nothing in the middle of a step.
        found: Option<Step<'a>>,
    },
    /// The cursor lies behind all steps: the raw events go on.
    Beyond,
}

/// The kind of step that asks whether a workflow has been patched, and may be asked where it never was.
const PATCHED: &str = "patched";
const FALSE: &[u8] = b"\xf4";

impl<'a> Steps<'a> {
    /// Reads a state that a journal has made. O(n), and 16 bytes for each step.
    ///
    /// # Errors
    /// [`Code::Malformed`] with the byte offset: it is no value, or not a Map of steps in ascending order.
    pub fn new(state: impl Into<Cow<'a, [u8]>>) -> Result<Self> {
        let state = state.into();
        validate(&state)?;
        let mut reader = Reader::new(&state);
        let tag = reader.head()?;
        if tag.major != Major::Tag || tag.argument != MAP_TAG {
            return Err(not_steps(tag.at));
        }
        let count = reader.array()?;
        let start = reader.offset();
        let mut index: Vec<(u64, usize)> = Vec::with_capacity(count);
        for _ in 0..count {
            let at = reader.offset();
            let step = read(&mut reader)?;
            if index.last().is_some_and(|(last, _)| *last >= step.position) {
                return Err(not_steps(at));
            }
            index.push((step.position, at));
        }
        Ok(Self { state, start, index })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Step<'_>> {
        (0..self.index.len()).filter_map(|nth| self.nth(nth))
    }

    /// The last one.
    pub fn last(&self) -> Option<Step<'_>> {
        self.nth(self.index.len().checked_sub(1)?)
    }

    /// What was recorded for a request at a cursor, which is a position. O(log n).
    ///
    /// A step counts from its first event; a cursor in its middle drifts. Between two steps lie only events that the table ignores: a
    /// cursor there moves on to the next step. A request of kind `patched` never drifts for want of a step: where the workflow was not
    /// patched so, the answer is `false`, and the cursor stays.
    pub fn step_at<'s>(&'s self, cursor: u64, expected: &Expected<'s>) -> Replay<'s> {
        let next = self.index.partition_point(|(position, _)| *position < cursor);
        let inside = next
            .checked_sub(1)
            .and_then(|before| self.nth(before))
            .is_some_and(|step| cursor < step.position.saturating_add(step.advance_by));
        let found = match self.nth(next) {
            Some(step) if step.position == cursor || !inside => Some(step),
            None if !inside => return Replay::Beyond,
            _ => None,
        };
        match found {
            Some(step) if step.is(expected) => Replay::Step {
                outcome: step.outcome,
                advance_by: step.advance_by.saturating_add(step.position.saturating_sub(cursor)),
            },
            found if expected.kind == PATCHED && !found.is_some_and(|step| step.asks_the_same(expected)) => {
                Replay::Step {
                    outcome: Outcome::Result(FALSE),
                    advance_by: 0,
                }
            }
            found => Replay::Drift {
                expected: *expected,
                found,
            },
        }
    }

    /// The entries of the Map, encoded.
    pub(super) fn entries(&self) -> &[u8] {
        self.state.get(self.start..).unwrap_or_default()
    }

    fn nth(&self, nth: usize) -> Option<Step<'_>> {
        let (_, at) = self.index.get(nth)?;
        read(&mut Reader::at(&self.state, *at)).ok()
    }
}

impl Step<'_> {
    fn is(&self, expected: &Expected<'_>) -> bool {
        self.asks_the_same(expected) && equal(self.command_id, expected.command_id)
    }

    fn asks_the_same(&self, expected: &Expected<'_>) -> bool {
        self.kind == expected.kind && equal(self.shape, expected.shape)
    }
}

/// Whether two values are equal but for the order of keys.
fn equal(a: &[u8], b: &[u8]) -> bool {
    a == b || (a.len() == b.len() && canonicalize(a).is_ok_and(|a| Ok(a) == canonicalize(b)))
}

fn read<'a>(reader: &mut Reader<'a>) -> Result<Step<'a>> {
    let at = reader.offset();
    let pair = reader.array()?;
    let position = reader.u64()?;
    if pair != 2 || reader.map()? != 5 {
        return Err(not_steps(at));
    }
    key(reader, "kind")?;
    let kind = reader.text()?;
    key(reader, "commandId")?;
    let command_id = item(reader)?;
    key(reader, "shape")?;
    let shape = item(reader)?;
    let outcome_at = reader.offset();
    let outcome = match reader.text()? {
        "result" => Outcome::Result(item(reader)?),
        "error" => Outcome::Error(item(reader)?),
        _ => return Err(not_steps(outcome_at)),
    };
    key(reader, "advanceBy")?;
    let advance_by = reader.u64()?;
    Ok(Step {
        position,
        kind,
        command_id,
        shape,
        outcome,
        advance_by,
    })
}

fn key(reader: &mut Reader<'_>, name: &str) -> Result<()> {
    let at = reader.offset();
    match reader.text()? == name {
        true => Ok(()),
        false => Err(not_steps(at)),
    }
}

fn item<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    let start = reader.offset();
    reader.jump()?;
    Ok(reader.since(start))
}

#[cold]
fn not_steps(at: usize) -> Error {
    let message = "not the state of a journal: a Map of steps by position, in order";
    Error::new(Code::Malformed, message).at_offset(at)
}
