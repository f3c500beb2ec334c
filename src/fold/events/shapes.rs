//! Events as they are likely to come again: most events of a log are written by few programs.
//!
//! Between its scalars (text, numbers, words, arrays that nobody looks into) an event is made of literals: keys, punctuation and space. The
//! literals of events that came are kept as a tree. An event that is made of the same ones has the same structure, so that its scalars are
//! all that is left to look at.

use alloc::vec::Vec;

use super::Place;
use super::block::{BYTES, Block, Ordinary};
use super::json;
use super::parts::PartId;
use super::text::plain_end;
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
    literal: Block,
    /// Set where it has bytes.
    mask: Block,
    bytes: usize,
    then: Then,
    /// How many bytes of the scalar came before its end the last time.
    likely: u8,
    /// The part that begins or ends there, if it is looked for; or nothing.
    part: usize,
    /// The first step that may follow; or nothing.
    next: usize,
    /// Another step in the same place; or nothing.
    other: usize,
}

/// What follows a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// A scalar; no array if somebody would look into it.
    Scalar { array: bool },
    /// More of it.
    Literal,
    /// What is inside a part that is looked for; its bracket was the last byte.
    Begin,
    /// What follows such a part.
    End,
    /// What follows such a part, which is plain if its scalars are, and then has that many levels.
    EndPlain(u8),
    /// What follows the event.
    Done,
}

const NOTHING: usize = usize::MAX;

impl Shapes {
    /// Where the event that starts at `at` ends, and the places of its parts, if it is made of literals that are known. If not, places are
    /// unspecified.
    #[inline]
    pub fn follow(&mut self, input: &[u8], at: usize, places: &mut [Place]) -> Option<usize> {
        let (mut at, mut odd) = (at, 0);
        let mut step = self.steps.first_mut()?;
        loop {
            let rest = input.get(at..)?;
            let fits = Block::at(rest, 0).begins_with(step.literal, step.mask);
            let end = match fits.then(|| step.quick(rest)) {
                Some(Some(bytes)) => {
                    let (start, end, plain) = (at + step.bytes, at + bytes, Some(0));
                    if let Some(place) = places.get_mut(step.part) {
                        *place = Place::new(start, end, plain);
                    }
                    Some(end)
                }
                Some(None) => step.go_on(input, at + step.bytes, &mut odd, places),
                None => None,
            };
            let Some(end) = end else {
                let other = step.other;
                step = self.steps.get_mut(other)?;
                continue;
            };
            at = end;
            let (next, done) = (step.next, step.then == Then::Done);
            step = match self.steps.get_mut(next) {
                Some(step) => step,
                None => return done.then_some(at),
            };
        }
    }

    /// The step after another one (or the first) that is made of these bytes, at most 16; it is added if there is none. `None` if there
    /// are too many.
    pub fn enter(&mut self, after: Option<usize>, literal: &[u8], then: Then, part: Option<PartId>) -> Option<usize> {
        let fresh = Step::new(literal, then, part);
        let first = match after {
            Some(after) => self.steps.get(after)?.next,
            None => 0,
        };
        let (mut id, mut before) = (first, None);
        for _ in 0..MOST_OTHERS {
            let Some(step) = self.steps.get(id) else {
                return self.add(fresh, after, before);
            };
            if step.is_same(&fresh) {
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
    fn new(literal: &[u8], then: Then, part: Option<PartId>) -> Self {
        Self {
            literal: Block::at(literal, 0),
            mask: Block::at([u8::MAX; BYTES].get(..literal.len()).unwrap_or_default(), 0),
            bytes: literal.len(),
            then,
            likely: 0,
            part: part.map_or(NOTHING, |part| part.0),
            next: NOTHING,
            other: NOTHING,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.bytes, self.then, self.part) == (other.bytes, other.then, other.part)
            && other.literal.begins_with(self.literal, self.mask)
    }
}

/// Room for a literal, and for a scalar of two blocks with its quotation marks.
const WINDOW: usize = 4 * BYTES;

impl Step {
    /// How many bytes its literal has, with a scalar that is short, plain, and not too near to the end of the input.
    #[inline(always)]
    fn quick(&mut self, rest: &[u8]) -> Option<usize> {
        let window = rest.first_chunk::<WINDOW>()?;
        let bytes = self.bytes % (2 * BYTES); // tells the compiler that it lies in the window
        match self.then {
            Then::Scalar { .. } => plain_scalar(window, bytes, &mut self.likely),
            Then::Literal | Then::Done => Some(bytes),
            _ => None,
        }
    }

    /// Where what follows the literal ends; `odd` is behind the last scalar that is not plain, or an array.
    #[inline(never)]
    fn go_on(&self, input: &[u8], at: usize, odd: &mut usize, places: &mut [Place]) -> Option<usize> {
        let levels = match self.then {
            Then::Scalar { array } => return self.scalar(input, (at, array), odd, places),
            Then::Literal | Then::Done => return Some(at),
            Then::Begin => {
                places.get_mut(self.part)?.start = at - 1;
                return Some(at);
            }
            Then::End => None,
            Then::EndPlain(levels) => Some(levels),
        };
        let place = places.get_mut(self.part)?;
        let plain = match levels {
            Some(levels) if *odd <= place.start => Some(levels),
            _ => check_plain(input, place.start).map(|(_, levels)| levels),
        };
        *place = Place::new(place.start, at, plain);
        Some(at)
    }

    /// The same for a scalar that is long or not plain.
    #[inline(never)]
    fn scalar(
        &self,
        input: &[u8],
        (start, array): (usize, bool),
        odd: &mut usize,
        places: &mut [Place],
    ) -> Option<usize> {
        let (end, plain) = match (input.get(start)?, array) {
            (b'{', _) | (b'[', false) => return None,
            _ => match plain_text(input, start).or_else(|| check_plain(input, start)) {
                Some((end, levels)) => (end, Some(levels)),
                None => (json::skip(input, start)?, None),
            },
        };
        if plain != Some(0) {
            *odd = end;
        }
        if let Some(place) = places.get_mut(self.part) {
            *place = Place::new(start, end, plain);
        }
        Some(end)
    }
}

/// Where short plain text or a plain integer ends, if one starts at `at`.
#[inline(always)]
fn plain_scalar(window: &[u8], at: usize, likely: &mut u8) -> Option<usize> {
    let first = *window.get(at)?;
    if first == b'"' {
        let mut plain = Block::at(window, at + 1).plain();
        if usize::from(*likely) >= BYTES {
            plain = plain.and(Block::at(window, at + 1 + BYTES).plain());
        }
        let end = at + 1 + count(plain, likely);
        return (window.get(end) == Some(&b'"')).then_some(end + 1);
    }
    if !first.is_ascii_digit() {
        return None;
    }
    let digits = count(Block::at(window, at).digits(), likely);
    let ends = matches!(window.get(at + digits), Some(b',' | b'}'));
    (digits <= 15 && ends && (digits == 1 || first != b'0')).then_some(at + digits)
}

/// Where plain text ends, if that starts at `at`, and that it has no levels.
fn plain_text(input: &[u8], at: usize) -> Option<(usize, u8)> {
    let end = plain_end(input, at + 1);
    let quoted = |at| input.get(at) == Some(&b'"');
    (quoted(at) && quoted(end)).then_some((end + 1, 0))
}

/// How many bytes are ordinary. If they are as many as the last time, a branch says so, and the processor can go on before it has them.
#[inline(always)]
fn count(ordinary: Ordinary, likely: &mut u8) -> usize {
    if !ordinary.are(*likely) {
        *likely = ordinary.count();
    }
    usize::from(*likely % 64)
}
