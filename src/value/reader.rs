//! The only code that reads encoded bytes: a cursor that checks every bound and every head.

use crate::{Code, Error, Result};

use super::float::Float;

/// CBOR's eight major types (RFC 8949 §3.1), in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Major {
    Uint,
    Nint,
    Bytes,
    Text,
    Array,
    Map,
    Tag,
    Simple,
}

/// The start of an item: what it is, its argument, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub at: usize,
    pub major: Major,
    /// The low five bits of the first byte; with [`Major::Simple`] they tell floats from simple values.
    pub info: u8,
    pub argument: u64,
}

pub(crate) const FALSE: u8 = 20;
pub(crate) const TRUE: u8 = 21;
pub(crate) const NULL: u8 = 22;
pub(crate) const UNDEFINED: u8 = 23;

impl Head {
    /// The float that this head holds, in the width in which it is written.
    pub(super) fn float(&self) -> Option<Float> {
        match (self.major, self.info) {
            (Major::Simple, 25) => u16::try_from(self.argument).ok().map(Float::Half),
            (Major::Simple, 26) => u32::try_from(self.argument).ok().map(Float::Single),
            (Major::Simple, 27) => Some(Float::Double(self.argument)),
            _ => None,
        }
    }
}

/// A cursor over encoded bytes. Every method that fails says where, and leaves the cursor in an unspecified place.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    input: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub fn new(input: &'a [u8]) -> Self {
        Self { input, offset: 0 }
    }

    /// How many bytes have been read.
    #[inline]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// All of the input.
    pub fn input(&self) -> &'a [u8] {
        self.input
    }

    /// The bytes read since `start`.
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.input.get(start..self.offset).unwrap_or_default()
    }

    /// Reads a head in its shortest form.
    #[inline]
    pub fn head(&mut self) -> Result<Head> {
        let at = self.offset;
        let Some(&first) = self.input.get(at) else {
            return Err(malformed(at, "an item is missing: the input ends too early"));
        };
        self.offset = at.wrapping_add(1); // at < input.len()
        let info = first & 31;
        let major = match first >> 5 {
            0 => Major::Uint,
            1 => Major::Nint,
            2 => Major::Bytes,
            3 => Major::Text,
            4 => Major::Array,
            5 => Major::Map,
            6 => Major::Tag,
            _ => Major::Simple,
        };
        let argument = if info < 24 {
            u64::from(info)
        } else {
            self.argument(at, info)?
        };
        let fits_shorter = match info {
            24 => argument < 24,
            25 => argument <= 0xff,
            26 => argument <= 0xffff,
            27 => argument <= 0xffff_ffff,
            _ => false,
        };
        match major {
            Major::Simple if info < FALSE || info == 24 => {
                Err(malformed(at, "a simple value other than false, true, null, undefined"))
            }
            Major::Simple => Ok(Head {
                at,
                major,
                info,
                argument,
            }),
            _ if fits_shorter => Err(malformed(at, "a head that is not in its shortest form")),
            _ => Ok(Head {
                at,
                major,
                info,
                argument,
            }),
        }
    }

    fn argument(&mut self, at: usize, info: u8) -> Result<u64> {
        let size = match info {
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            31 => {
                return Err(malformed(at, "an indefinite length, or a break without one"));
            }
            _ => return Err(malformed(at, "a reserved head")),
        };
        let bytes = self.take(size, at)?;
        Ok(bytes
            .iter()
            .fold(0, |argument, &byte| (argument << 8) | u64::from(byte)))
    }

    /// The next `length` bytes, which belong to the item at `at`.
    #[inline]
    fn take(&mut self, length: u64, at: usize) -> Result<&'a [u8]> {
        let bytes = usize::try_from(length)
            .ok()
            .and_then(|length| self.offset.checked_add(length))
            .and_then(|end| self.input.get(self.offset..end))
            .ok_or_else(|| malformed(at, "the input ends inside this item"))?;
        self.offset = self.offset.wrapping_add(bytes.len()); // bounded by input.len()
        Ok(bytes)
    }

    /// The content of the byte string that starts with `head`.
    #[inline]
    pub fn bytes_of(&mut self, head: Head) -> Result<&'a [u8]> {
        self.take(head.argument, head.at)
    }

    /// The content of the text that starts with `head`.
    #[inline]
    pub fn text_of(&mut self, head: Head) -> Result<&'a str> {
        let bytes = self.take(head.argument, head.at)?;
        core::str::from_utf8(bytes).map_err(|_| malformed(head.at, "text that is not valid UTF-8"))
    }

    /// A capacity for `count` items that the input could really hold.
    #[inline]
    pub fn capacity(&self, count: u64) -> usize {
        let left = self.input.len().saturating_sub(self.offset);
        usize::try_from(count).map_or(left, |count| count.min(left))
    }

    /// Steps over one item of input that has been validated before: structure only, no allocation, no recursion.
    pub fn jump(&mut self) -> Result<()> {
        let mut items = 1u64;
        while items > 0 {
            items -= 1;
            let head = self.head()?;
            let inside = match head.major {
                Major::Uint | Major::Nint | Major::Simple => 0,
                Major::Bytes | Major::Text => self.take(head.argument, head.at).map(|_| 0)?,
                Major::Array => head.argument,
                Major::Map => head.argument.saturating_mul(2),
                Major::Tag => 1,
            };
            items = items.saturating_add(inside);
        }
        Ok(())
    }

    /// An error unless everything has been read.
    pub fn finish(&self) -> Result<()> {
        if self.offset == self.input.len() {
            return Ok(());
        }
        Err(malformed(self.offset, "bytes after the end of the value"))
    }
}

/// What the frame header is made of: plain items of a known kind.
impl<'a> Reader<'a> {
    pub fn u64(&mut self) -> Result<u64> {
        self.expect(Major::Uint, "an unsigned integer")
            .map(|head| head.argument)
    }

    pub fn i64(&mut self) -> Result<i64> {
        let head = self.head()?;
        match (head.major, i64::try_from(head.argument)) {
            (Major::Uint, Ok(value)) => Ok(value),
            (Major::Nint, Ok(value)) => Ok(!value),
            _ => Err(malformed(head.at, "expected an integer of 64 bits")),
        }
    }

    pub fn text(&mut self) -> Result<&'a str> {
        let head = self.expect(Major::Text, "text")?;
        self.text_of(head)
    }

    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let head = self.expect(Major::Bytes, "a byte string")?;
        self.bytes_of(head)
    }

    /// The number of elements that follow; never more than bytes are left.
    pub fn array(&mut self) -> Result<usize> {
        self.count(Major::Array, "an array", 1)
    }

    /// The number of entries that follow, with keys of any kind; never more than bytes are left for.
    pub fn map(&mut self) -> Result<usize> {
        self.count(Major::Map, "a map", 2)
    }

    fn count(&mut self, major: Major, what: &str, size: usize) -> Result<usize> {
        let head = self.expect(major, what)?;
        let left = self.input.len().saturating_sub(self.offset);
        match usize::try_from(head.argument) {
            Ok(count) if count <= left / size => Ok(count),
            _ => Err(malformed(head.at, "the input ends inside this item")),
        }
    }

    fn expect(&mut self, major: Major, what: &str) -> Result<Head> {
        let head = self.head()?;
        if head.major == major {
            return Ok(head);
        }
        Err(malformed(head.at, alloc::format!("expected {what}")))
    }
}

#[cold]
pub(super) fn malformed(at: usize, message: impl Into<alloc::string::String>) -> Error {
    Error::new(Code::Malformed, message).at_offset(at)
}
