//! Events as bytes, of which a fold sees only the parts that it asks for.
//!
//! No document is built per event: a scan finds where the wanted parts lie and steps over the rest, of which it checks no more than
//! balance and UTF-8. What a fold keeps of a part is transcoded into the state.

mod cbor;
mod item;
mod json;
mod parts;

pub(crate) use item::{Item, Keeper};
pub(crate) use parts::{PartId, Parts};

use alloc::vec::Vec;
use core::ops::Range;

use crate::{Code, Error, Result};

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    Json,
    Cbor,
}

/// Where the parts of one event lie; a range that ends at 0 for one that the event does not have.
#[derive(Debug, Default)]
pub(crate) struct Found(Vec<Range<usize>>);

impl Found {
    /// Scans the event that starts at `at`; where it ends.
    pub fn scan(&mut self, parts: &Parts, input: &[u8], at: usize, syntax: Syntax) -> Result<usize> {
        self.0.clear();
        self.0.resize(parts.len(), 0..0);
        match syntax {
            Syntax::Json => json::scan(parts, input, at, &mut self.0),
            Syntax::Cbor => cbor::scan(parts, input, at, &mut self.0),
        }
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
    pub fn part(&self, part: PartId) -> Option<Item<'a>> {
        let range = self.found.0.get(part.0).filter(|range| range.end > 0)?;
        let bytes = self.input.get(range.clone())?;
        Some(Item::new(bytes, range.start, self.syntax))
    }
}

/// An event that cannot be read, and where in the input.
#[cold]
fn malformed(at: usize, message: &'static str) -> Error {
    Error::new(Code::Malformed, message).at_offset(at)
}

const REPEATED: &str = "a key that the fold looks at stands twice in the event";
