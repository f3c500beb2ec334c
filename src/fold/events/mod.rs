//! Events as bytes, of which a fold sees only the parts that it asks for.
//!
//! No document is built per event: a scan finds where the wanted parts lie and steps over the rest, of which it checks no more than
//! balance and UTF-8. What a fold keeps of a part is checked in full.

mod block;
mod cbor;
mod item;
mod json;
mod keep;
mod learn;
mod moulds;
mod parts;
mod shapes;
mod text;

pub(crate) use block::ascii_bytes;
pub(crate) use item::Item;
pub(crate) use keep::{Form, Keeper};
pub(crate) use parts::{PartId, Parts};

use alloc::vec::Vec;

use self::moulds::{Fit, Line, Moulds};
use self::shapes::Shapes;
use crate::{Code, Error, Result};

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// JSON, an event on each line.
    Lines,
    /// JSON text.
    Json,
    Cbor,
}

/// Where the parts of one event lie. Keeps what it has learned for the next.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Those that end behind the start of the event are its own: the others are left from events before.
    places: Vec<Place>,
    start: usize,
    /// Instead of them, if the event fits a mould.
    fit: Option<Fit>,
    shapes: Shapes,
    moulds: Moulds,
}

/// Where a part lies.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub start: usize,
    pub end: usize,
    /// How many levels it has, plus one; 0 unless it is JSON that has been checked in full, and is plain.
    levels: usize,
}

impl Place {
    #[inline(always)]
    pub fn new(start: usize, end: usize, plain: Option<u8>) -> Self {
        let levels = plain.map_or(0, |levels| usize::from(levels) + 1);
        Self { start, end, levels }
    }

    /// As it lies in the event that starts at `start`; nothing if it was left from an event before.
    fn from(self, start: usize) -> Self {
        match self.end > start {
            true => Self {
                start: self.start - start,
                end: self.end - start,
                ..self
            },
            false => Self::default(),
        }
    }

    /// How many levels it has, if it is JSON that has been checked in full, and is plain.
    #[inline(always)]
    pub fn plain(self) -> Option<u8> {
        self.levels.checked_sub(1).map(|levels| levels as u8)
    }
}

impl Found {
    /// What was found before lies in another input.
    pub fn forget(&mut self, parts: &Parts) {
        self.places.clear();
        self.places.resize(parts.len(), Place::default());
    }

    /// Scans the event that starts at `at`, behind those that were found in the same input; where it ends. JSON is known to be UTF-8.
    #[inline]
    pub fn scan(&mut self, parts: &Parts, input: &[u8], at: usize, syntax: Syntax) -> Result<usize> {
        (self.start, self.fit) = (at, None);
        match syntax {
            Syntax::Lines => self.scan_line(parts, input, at),
            Syntax::Json => self.scan_json(parts, input, at, syntax),
            Syntax::Cbor => {
                self.forget(parts);
                cbor::scan(parts, input, at, &mut self.places)
            }
        }
    }

    #[inline(always)]
    fn scan_line(&mut self, parts: &Parts, input: &[u8], at: usize) -> Result<usize> {
        let line = self.moulds.line(input, at);
        self.fit = line.as_ref().and_then(|line| self.moulds.fit(line, input, at));
        match (self.fit, line) {
            (Some(fit), _) => Ok(at + fit.bytes),
            (None, Some(line)) => self.scan_and_learn(parts, input, at, &line),
            (None, None) => self.scan_json(parts, input, at, Syntax::Lines),
        }
    }

    #[inline(never)]
    fn scan_and_learn(&mut self, parts: &Parts, input: &[u8], at: usize, line: &Line) -> Result<usize> {
        let end = self.scan_json(parts, input, at, Syntax::Lines)?;
        let places = self.places.iter().map(|place| place.from(at));
        self.moulds.learn(line, input.get(at..end).unwrap_or_default(), places);
        Ok(end)
    }

    #[inline(never)]
    fn scan_json(&mut self, parts: &Parts, input: &[u8], at: usize, syntax: Syntax) -> Result<usize> {
        match self.shapes.follow(input, at, &mut self.places) {
            Some(end) => Ok(end),
            None => self.scan_unknown(parts, input, at, syntax),
        }
    }

    /// Where a part lies, if the event has it.
    #[inline(always)]
    fn place(&self, part: PartId) -> Option<Place> {
        if let Some(fit) = self.fit {
            return self.moulds.place(fit, part, self.start);
        }
        self.places.get(part.0).copied().filter(|place| place.end > self.start)
    }

    #[cold]
    #[inline(never)]
    fn scan_unknown(&mut self, parts: &Parts, input: &[u8], at: usize, syntax: Syntax) -> Result<usize> {
        self.forget(parts);
        let end = json::scan(parts, (input, at), syntax == Syntax::Lines, &mut self.places)?;
        learn::learn(&mut self.shapes, parts, input, at);
        Ok(end)
    }
}

/// An event that has been scanned.
#[derive(Clone, Copy)]
pub(crate) struct Event<'a> {
    pub input: &'a [u8],
    pub found: &'a Found,
    pub syntax: Syntax,
}

impl<'a> Event<'a> {
    /// A part, if the event has it. What is undefined it has not, or an object would be another event than its JSON.
    #[inline(always)]
    pub fn part(&self, part: PartId) -> Option<Item<'a>> {
        let place = self.found.place(part)?;
        Item::new(self.input, place, self.syntax).filter(|item| item.bytes != UNDEFINED)
    }
}

/// An event that cannot be read, and where in the input.
#[cold]
fn malformed(at: usize, message: &'static str) -> Error {
    Error::new(Code::Malformed, message).at_offset(at)
}

/// Encoded; no JSON begins with this byte.
const UNDEFINED: &[u8] = &[0xf7];

const REPEATED: &str = "a key that the fold looks at stands twice in the event";
