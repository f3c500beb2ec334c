//! Events as they are likely to come again: most events of a log are written by few programs.
//!
//! Between its scalars (text, numbers, words, arrays that nobody looks into) an event is made of literals: keys, punctuation and space. The
//! literals of events that came are kept as a tree. An event that is made of the same ones has the same structure, so that its scalars are
//! all that is left to look at.

use alloc::vec::Vec;

use super::Place;
use super::json;
use super::parts::PartId;
use super::text::{block, lowest, plain_end};
use crate::value::json::check_plain;

/// No more steps are learned.
const MOST: usize = 1024;

/// No more steps are learned in one place.
const MOST_OTHERS: usize = 16;

/// What is known is forgotten after that many events that could not be learned.
const PATIENCE: u32 = 1 << 12;

/// The literals of events that came, and what lies between them.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    steps: Vec<Step>,
    refused: u32,
}

/// A literal, or a piece of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// At most 16 bytes.
    words: [u64; 2],
    masks: [u64; 2],
    bytes: usize,
    then: Then,
    /// The first step that may follow; or nothing.
    next: usize,
    /// Another step in the same place; or nothing.
    other: usize,
}

/// What follows a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// More of it.
    Literal,
    /// A scalar, which may be a part that is looked for; no array if somebody would look into it.
    Scalar { part: Option<PartId>, array: bool },
    /// What is inside a part that is looked for; its bracket was the last byte.
    Begin(PartId),
    /// What follows such a part.
    End(PartId),
    /// What follows such a part, which is plain if its scalars are, and then has that many levels.
    EndPlain(PartId, u8),
    /// What follows the event.
    Done,
}

const NOTHING: usize = usize::MAX;

impl Shapes {
    /// Where the event that starts at `at` ends, and the places of its parts, if it is made of literals that are known. If not, places are
    /// unspecified.
    #[inline]
    pub fn follow(&self, input: &[u8], at: usize, places: &mut [Place]) -> Option<usize> {
        let mut walk = Walk { input, at, odd: 0 };
        let mut step = self.steps.first()?;
        loop {
            step = match walk.take(step, places) {
                None => self.steps.get(step.other)?,
                Some(()) if step.then == Then::Done => return Some(walk.at),
                Some(()) => self.steps.get(step.next)?,
            };
        }
    }

    /// The step after another one (or the first) that is made of these bytes, at most 16; it is added if there is none. `None` if there
    /// are too many.
    pub fn enter(&mut self, after: Option<usize>, literal: &[u8], then: Then) -> Option<usize> {
        let fresh = Step::new(literal, then);
        let first = match after {
            Some(after) => self.steps.get(after)?.next,
            None => 0,
        };
        let (mut id, mut before) = (first, None);
        for _ in 0..MOST_OTHERS {
            let Some(step) = self.steps.get(id) else {
                return self.add(fresh, after, before);
            };
            if step.is_like(&fresh) {
                return Some(id);
            }
            before = Some(id);
            id = step.other;
        }
        None
    }

    /// Adds a step behind others in its place, if there are any, or else after the one that it follows.
    fn add(&mut self, step: Step, after: Option<usize>, before: Option<usize>) -> Option<usize> {
        let id = self.steps.len();
        if id == MOST {
            return None;
        }
        self.steps.push(step);
        match (before, after) {
            (Some(before), _) => self.steps.get_mut(before)?.other = id,
            (None, Some(after)) => self.steps.get_mut(after)?.next = id,
            (None, None) => {}
        }
        Some(id)
    }

    /// Whether it is worth the time to learn an event: some are never the same, and there is an end to what is kept of the others.
    pub fn is_willing(&self) -> bool {
        self.refused.is_multiple_of(64)
    }

    /// An event was not known, and could not be learned.
    pub fn refuse(&mut self) {
        self.refused += 1;
        if self.refused == PATIENCE {
            *self = Self::default();
        }
    }
}

impl Step {
    fn new(literal: &[u8], then: Then) -> Self {
        Self {
            words: block(literal, 0),
            masks: [lowest(literal.len().min(8)), lowest(literal.len().saturating_sub(8))],
            bytes: literal.len(),
            then,
            next: NOTHING,
            other: NOTHING,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        (self.words, self.masks, self.then) == (other.words, other.masks, other.then)
    }

    #[inline]
    fn fits(&self, words: [u64; 2]) -> bool {
        let differs = |word: usize| -> u64 {
            match (words.get(word), self.words.get(word), self.masks.get(word)) {
                (Some(a), Some(b), Some(mask)) => (a ^ b) & mask,
                _ => 0,
            }
        };
        differs(0) | differs(1) == 0
    }
}

struct Walk<'a> {
    input: &'a [u8],
    at: usize,
    /// Behind the last scalar that is not plain, or an array.
    odd: usize,
}

impl Walk<'_> {
    /// Takes a step; or nothing has happened.
    #[inline]
    fn take(&mut self, step: &Step, places: &mut [Place]) -> Option<()> {
        if !step.fits(block(self.input, self.at)) {
            return None;
        }
        let end = self.at + step.bytes;
        self.at = match step.then {
            Then::Scalar { part, array } => self.scalar(end, part, array, places)?,
            Then::Begin(part) => {
                places.get_mut(part.0)?.start = end - 1;
                end
            }
            Then::End(part) => self.close(part, end, None, places)?,
            Then::EndPlain(part, levels) => self.close(part, end, Some(levels), places)?,
            Then::Literal | Then::Done => end,
        };
        Some(())
    }

    #[inline]
    fn scalar(&mut self, start: usize, part: Option<PartId>, array: bool, places: &mut [Place]) -> Option<usize> {
        let (end, plain) = match plain_scalar(self.input, start) {
            Some(end) => (end, Some(0)),
            None => self.odd_scalar(start, array)?,
        };
        if let Some(part) = part {
            *places.get_mut(part.0)? = Place { start, end, plain };
        }
        Some(end)
    }

    /// Where any other scalar ends, and how many levels it has if it is plain.
    fn odd_scalar(&mut self, start: usize, array: bool) -> Option<(usize, Option<u8>)> {
        match self.input.get(start) {
            Some(b'{') => return None,
            Some(b'[') if !array => return None,
            _ => {}
        }
        let (end, plain) = match check_plain(self.input, start) {
            Some((end, levels)) => (end, Some(levels)),
            None => (json::skip(self.input, start)?, None),
        };
        if plain != Some(0) {
            self.odd = end;
        }
        Some((end, plain))
    }

    #[inline]
    fn close(&self, part: PartId, end: usize, levels: Option<u8>, places: &mut [Place]) -> Option<usize> {
        let place = places.get_mut(part.0)?;
        place.end = end;
        place.plain = match levels {
            Some(levels) if self.odd <= place.start => Some(levels),
            _ => check_plain(self.input, place.start).map(|(_, levels)| levels),
        };
        Some(end)
    }
}

/// Where plain text or a plain integer ends, if one starts at `at`.
#[inline]
fn plain_scalar(input: &[u8], at: usize) -> Option<usize> {
    match input.get(at)? {
        b'"' => {
            let end = plain_end(input, at + 1);
            (input.get(end) == Some(&b'"')).then_some(end + 1)
        }
        first @ b'0'..=b'9' => {
            let rest = input.get(at..)?;
            let digits = rest.iter().take(16).take_while(|byte| byte.is_ascii_digit()).count();
            let ends = matches!(rest.get(digits), None | Some(b',' | b'}' | b']' | b' '));
            (digits <= 15 && ends && (digits == 1 || *first != b'0')).then_some(at + digits)
        }
        _ => None,
    }
}
