//! How a part of an event becomes a part of a state.

use super::{Item, Syntax, malformed};
use crate::fold::order;
use crate::value::{MAX_DEPTH, Reader, Writer, json};
use crate::{Error, Result};

/// How a value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a value.
    Encoded,
    /// As plain JSON, which can become a value at any time.
    Json,
}

/// Writes parts of events as values. Keeps its memory from one to the next.
#[derive(Default)]
pub(crate) struct Keeper {
    transcoder: json::Transcoder,
}

impl Keeper {
    /// Appends an item as a value that is going to lie in `depth` arrays and objects. After an error nothing has been appended.
    ///
    /// # Errors
    /// `malformed` with the offset in the input: what no scan looks at is looked at here.
    pub fn keep(&mut self, item: &Item<'_>, depth: usize, out: &mut Writer) -> Result<()> {
        match item.syntax {
            Syntax::Lines | Syntax::Json => self.transcode(item, depth, out),
            Syntax::Cbor => copy(item, depth, out),
        }
    }

    /// Appends an item in whatever form is quickest, until somebody reads it.
    #[inline(always)]
    pub fn keep_for_later(&mut self, item: &Item<'_>, depth: usize, out: &mut Writer) -> Result<Form> {
        match item.plain {
            Some(levels) if item.bytes.len() > SHORT && usize::from(levels).saturating_add(depth) <= MAX_DEPTH => {
                out.raw(item.bytes);
                Ok(Form::Json)
            }
            _ => self.keep(item, depth, out).map(|()| Form::Encoded),
        }
    }

    fn transcode(&mut self, item: &Item<'_>, depth: usize, out: &mut Writer) -> Result<()> {
        let start = out.len();
        self.transcoder
            .append_small(item.bytes, out)
            .map_err(|error| moved(error, item.at))?;
        if self.transcoder.depth().saturating_add(depth) > MAX_DEPTH {
            out.truncate(start);
            return Err(malformed(item.at, TOO_DEEP));
        }
        if self.transcoder.has_digits() {
            order::restore(out, start)?;
        }
        Ok(())
    }
}

fn copy(item: &Item<'_>, depth: usize, out: &mut Writer) -> Result<()> {
    let mut reader = Reader::new(item.bytes);
    let read = reader.skip(depth).and_then(|()| reader.finish());
    read.map_err(|failure| moved(failure.into(), item.at))?;
    let start = out.len();
    out.raw(item.bytes);
    order::restore(out, start)
}

/// An error in an item, as one in the input.
#[cold]
fn moved(error: Error, at: usize) -> Error {
    let inside = error.offset().unwrap_or_default();
    error.at_offset(at.saturating_add(inside as usize))
}

/// Up to this many bytes, writing a value takes no longer than copying it.
const SHORT: usize = 16;

const TOO_DEEP: &str = "the state would be nested deeper than 256 levels: flatten the value";
