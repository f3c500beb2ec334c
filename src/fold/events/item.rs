//! One part of an event: what it says, and how it becomes part of a state.

use alloc::borrow::Cow;
use alloc::string::ToString;

use super::{Place, Syntax, malformed};
use crate::fold::order;
use crate::value::{MAX_DEPTH, MAX_SAFE_INTEGER, Major, Reader, Writer, from_slice, json};
use crate::{Error, Result};

/// A part of an event as its bytes. A scan has seen where it ends, and no more.
#[derive(Clone, Copy)]
pub(crate) struct Item<'a> {
    pub bytes: &'a [u8],
    /// Where it starts in the input.
    at: usize,
    plain: Option<u8>,
    syntax: Syntax,
}

/// How a value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As a value.
    Encoded,
    /// As plain JSON, which can become a value at any time.
    Json,
}

impl<'a> Item<'a> {
    #[inline]
    pub fn new(input: &'a [u8], Place { start, end, plain }: Place, syntax: Syntax) -> Option<Self> {
        let (bytes, at) = (input.get(start..end)?, start);
        Some(Self {
            bytes,
            at,
            plain,
            syntax,
        })
    }

    /// Where it lies in the input.
    pub fn place(&self) -> Place {
        Place {
            start: self.at,
            end: self.at.saturating_add(self.bytes.len()),
            plain: self.plain,
        }
    }

    pub fn is_null(&self) -> bool {
        match self.syntax {
            Syntax::Lines | Syntax::Json => self.bytes == b"null",
            Syntax::Cbor => Reader::new(self.bytes).nothing(),
        }
    }

    /// A whole number of 64 bits, which may also stand there as decimal text.
    #[inline]
    pub fn whole(&self) -> Option<u64> {
        match self.syntax {
            Syntax::Lines | Syntax::Json => decimal(self.bytes).or_else(|| {
                self.bytes
                    .first()
                    .filter(|first| **first == b'"')
                    .and(self.whole_text())
            }),
            Syntax::Cbor => Reader::new(self.bytes).u64().ok().or_else(|| self.whole_text()),
        }
    }

    /// An integer of few digits and without a sign.
    #[inline]
    pub fn small_integer(&self) -> Option<i64> {
        let integer = match self.syntax {
            Syntax::Lines | Syntax::Json => self.plain.and(decimal(self.bytes))?,
            Syntax::Cbor => Reader::new(self.bytes).u64().ok()?,
        };
        (integer <= MAX_SAFE_INTEGER).then_some(integer as i64)
    }

    fn whole_text(&self) -> Option<u64> {
        decimal(&self.text()?)
    }

    /// The text that it is, in UTF-8. Lone surrogates have none.
    #[inline]
    pub fn text(&self) -> Option<Cow<'a, [u8]>> {
        match (self.syntax, self.bytes) {
            (Syntax::Lines | Syntax::Json, [b'"', raw @ .., b'"']) if self.plain.is_some() => Some(Cow::Borrowed(raw)),
            (Syntax::Lines | Syntax::Json, _) => json::text(self.bytes).map(|text| Cow::Owned(text.into_bytes())),
            (Syntax::Cbor, _) => {
                let text = Reader::new(self.bytes).text().ok()?;
                Some(Cow::Borrowed(text.as_bytes()))
            }
        }
    }

    /// Text, or an integer in decimal, of at most 38 digits: what can be a segment of a pointer.
    #[inline]
    pub fn segment(&self) -> Option<Cow<'a, [u8]>> {
        match self.text() {
            Some(text) => Some(text),
            None => self.integer(),
        }
    }

    fn integer(&self) -> Option<Cow<'a, [u8]>> {
        if self.syntax != Syntax::Cbor {
            let digits = self.bytes.strip_prefix(b"-").unwrap_or(self.bytes);
            let canonical = match digits {
                [b'1'..=b'9', ..] => digits.len() <= MOST_DIGITS && digits.iter().all(u8::is_ascii_digit),
                _ => self.bytes == b"0",
            };
            return canonical.then_some(Cow::Borrowed(self.bytes));
        }
        let head = Reader::new(self.bytes).head().ok()?;
        if head.major == Major::Simple {
            return None;
        }
        let integer: i128 = from_slice(self.bytes).ok()?;
        let decimal = integer.to_string().into_bytes();
        let digits = decimal.len() - usize::from(integer < 0);
        (digits <= MOST_DIGITS).then_some(Cow::Owned(decimal))
    }
}

/// So many digits any 128 bits have room for.
const MOST_DIGITS: usize = 38;

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

    /// Appends an item as it stands, if that will do until somebody reads it.
    #[inline]
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

/// Digits without a sign or leading zeros.
#[inline]
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.len() > 20 || digits.is_empty() || (digits.len() > 1 && digits.first() == Some(&b'0')) {
        return None;
    }
    let mut value = 0u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit & 0xf));
    }
    // 20 digits may be too many: then they are more than what came out of them.
    (digits.len() < 20 || (digits < b"18446744073709551616".as_slice())).then_some(value)
}

/// Up to this many bytes, writing a value takes no longer than copying it.
const SHORT: usize = 16;

const TOO_DEEP: &str = "the state would be nested deeper than 256 levels: flatten the value";
