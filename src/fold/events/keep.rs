//! How a part of an event becomes a part of a state.

use super::{Item, Syntax, malformed};
use crate::fold::order;
use crate::value::{MAX_DEPTH, Major, Reader, Writer, json};
use crate::{Error, Result};

/// What an item is kept as.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kept {
    /// An integer within ±(2^53 − 1).
    Integer(i64),
    Short(Short),
    /// What was written.
    Written(Form),
}

/// How a value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a value.
    Encoded,
    /// As plain JSON, which can become a value at any time.
    Json,
}

/// An encoded value of few bytes, which is no array or object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Short {
    bytes: [u8; Self::MOST],
    length: u8,
}

impl Short {
    /// With one more for the length, these take two words.
    const MOST: usize = 14;

    /// The same value, if it is short.
    pub fn of(encoded: &[u8]) -> Option<Self> {
        let major = Reader::new(encoded).head().ok()?.major;
        if matches!(major, Major::Array | Major::Map) {
            return None;
        }
        let mut bytes = [0; Self::MOST];
        bytes.get_mut(..encoded.len())?.copy_from_slice(encoded);
        let length = encoded.len() as u8;
        Some(Self { bytes, length })
    }

    /// The value of plain text in quotation marks. Copies without a loop.
    #[inline(always)]
    fn of_text(item: &Item<'_>) -> Option<Self> {
        let length = item.bytes.len().checked_sub(1).filter(|length| *length <= Self::MOST)?;
        let head = (Major::Text as u8) << 5 | (length as u8).wrapping_sub(1);
        let block = item.block() & !0xff | u128::from(head);
        let [bytes @ .., _, _] = block.to_le_bytes();
        let length = length as u8;
        Some(Self { bytes, length })
    }

    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
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

    /// Keeps an item in whatever form is quickest, until somebody reads it. Appends nothing unless it says so.
    #[inline(always)]
    pub fn keep_for_later(&mut self, item: &Item<'_>, depth: usize, out: &mut Writer) -> Result<Kept> {
        if let Some(levels) = item.plain {
            if item.bytes.first() == Some(&b'"') {
                if let Some(short) = Short::of_text(item) {
                    return Ok(Kept::Short(short));
                }
            } else if let Some(integer) = item.small_integer() {
                return Ok(Kept::Integer(integer));
            }
            if item.bytes.len() > SHORT && usize::from(levels).saturating_add(depth) <= MAX_DEPTH {
                out.raw(item.bytes);
                return Ok(Kept::Written(Form::Json));
            }
        }
        self.keep(item, depth, out)?;
        Ok(Kept::Written(Form::Encoded))
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
