//! What is at a node: two words, whatever it is, because words move in registers, and larger things by way of memory.

use crate::fold::events::Item;
use crate::value::{Major, Reader};

/// Bytes in the heap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    #[inline]
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    #[inline]
    pub fn of(self, heap: &[u8]) -> &[u8] {
        heap.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// May be used again.
    Free,
    /// An encoded value.
    Raw(Span),
    /// A value as plain JSON, because many values are replaced before anybody reads them.
    Json(Span),
    /// An integer within ±(2^53 − 1).
    Integer(i64),
    Short(Short),
    /// The place of an object among all.
    Object(u32),
    /// The place of an array among all.
    Array(u32),
}

/// An encoded value of few bytes, which is no array or object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Short {
    bytes: [u8; 16],
    length: u8,
}

/// The same as [`Content`]. The lowest byte of the head says what it is; above it is nothing but for a short value, which is at least one byte
/// long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    head: u64,
    tail: u64,
}

const FREE: u64 = 0;
const RAW: u64 = 1;
const JSON: u64 = 2;
const INTEGER: u64 = 3;
const SHORT: u64 = 4;
const OBJECT: u64 = 5;
const ARRAY: u64 = 6;

impl Node {
    pub const FREE: Self = Self { head: FREE, tail: 0 };

    /// What is left beside what it is, and a length.
    const SHORTEST: usize = 14;

    #[inline(always)]
    pub fn raw(span: Span) -> Self {
        Self::spanned(RAW, span)
    }

    #[inline(always)]
    pub fn json(span: Span) -> Self {
        Self::spanned(JSON, span)
    }

    #[inline(always)]
    fn spanned(head: u64, Span { start, end }: Span) -> Self {
        let tail = u64::from(start) | u64::from(end) << 32;
        Self { head, tail }
    }

    #[inline(always)]
    pub fn integer(integer: i64) -> Self {
        let (head, tail) = (INTEGER, integer as u64);
        Self { head, tail }
    }

    pub fn object(place: u32) -> Self {
        let (head, tail) = (OBJECT, u64::from(place));
        Self { head, tail }
    }

    pub fn array(place: u32) -> Self {
        let (head, tail) = (ARRAY, u64::from(place));
        Self { head, tail }
    }

    /// An encoded value, if it is short.
    pub fn short(encoded: &[u8]) -> Option<Self> {
        let major = Reader::new(encoded).head().ok()?.major;
        if matches!(major, Major::Array | Major::Map) || encoded.len() > Self::SHORTEST {
            return None;
        }
        let bytes = encoded.iter().rev();
        let bytes = bytes.fold(0, |bytes, byte| bytes << 8 | u128::from(*byte));
        Some(Self::of_bytes(bytes, encoded.len()))
    }

    /// What an item of an event says, if that is short and plain.
    #[inline(always)]
    pub fn of_item(item: &Item<'_>) -> Option<Self> {
        match item.plain_text() {
            Some(text) if text.len() < Self::SHORTEST => {
                let head = (Major::Text as u8) << 5 | text.len() as u8;
                let bytes = item.block() & !0xff | u128::from(head);
                Some(Self::of_bytes(bytes, text.len() + 1))
            }
            Some(_) => None,
            None => item.small_integer().map(Self::integer),
        }
    }

    /// So many bytes, the first one lowest; what follows them does not count.
    #[inline(always)]
    fn of_bytes(bytes: u128, length: usize) -> Self {
        Self {
            head: (bytes as u64) << 16 | (length as u64) << 8 | SHORT,
            tail: (bytes >> 48) as u64,
        }
    }

    #[inline(always)]
    pub fn content(self) -> Content {
        let Self { head, tail } = self;
        let span = Span {
            start: tail as u32,
            end: (tail >> 32) as u32,
        };
        match head & 0xff {
            RAW => Content::Raw(span),
            JSON => Content::Json(span),
            INTEGER => Content::Integer(tail as i64),
            SHORT => Content::Short(Short {
                bytes: (u128::from(tail) << 48 | u128::from(head >> 16)).to_le_bytes(),
                length: (head >> 8) as u8,
            }),
            OBJECT => Content::Object(tail as u32),
            ARRAY => Content::Array(tail as u32),
            _ => Content::Free,
        }
    }

    /// The place of the object that it is.
    #[inline(always)]
    pub fn as_object(self) -> Option<u32> {
        (self.head == OBJECT).then_some(self.tail as u32)
    }

    /// The integer that it is.
    #[inline(always)]
    pub fn as_integer(self) -> Option<i64> {
        (self.head == INTEGER).then_some(self.tail as i64)
    }

    #[inline(always)]
    pub fn has_parts(self) -> bool {
        self.head >= OBJECT && self.head <= ARRAY
    }
}

impl Short {
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}
