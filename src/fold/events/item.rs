//! One part of an event, and what it says.

use alloc::borrow::Cow;
use alloc::string::ToString;
use alloc::vec::Vec;

use super::{Place, Syntax};
use crate::value::{MAX_SAFE_INTEGER, Major, Reader, from_slice, json};

/// A part of an event as its bytes. A scan has seen where it ends, and no more.
#[derive(Clone, Copy)]
pub(crate) struct Item<'a> {
    pub bytes: &'a [u8],
    /// The same and all that follows.
    rest: &'a [u8],
    /// Where it starts in the input.
    pub(super) at: usize,
    pub(super) plain: Option<u8>,
    pub(super) syntax: Syntax,
}

impl<'a> Item<'a> {
    #[inline(always)]
    pub fn new(input: &'a [u8], place: Place, syntax: Syntax) -> Option<Self> {
        let Place { start, end, .. } = place;
        let rest = input.get(start..)?;
        Some(Self {
            bytes: rest.get(..end.checked_sub(start)?)?,
            rest,
            at: start,
            plain: place.plain(),
            syntax,
        })
    }

    /// Its first sixteen bytes, the first one lowest; if it has fewer, whatever follows.
    #[inline(always)]
    pub fn block(&self) -> u128 {
        match self.rest.first_chunk() {
            Some(bytes) => u128::from_le_bytes(*bytes),
            None => self
                .rest
                .iter()
                .rev()
                .fold(0, |block, byte| block << 8 | u128::from(*byte)),
        }
    }

    /// Where it lies in a part of the input that begins at `start`.
    pub fn place_from(&self, start: usize) -> Place {
        let at = self.at.saturating_sub(start);
        Place::new(at, at.saturating_add(self.bytes.len()), self.plain)
    }

    pub fn is_null(&self) -> bool {
        match self.syntax {
            Syntax::Lines | Syntax::Json => self.bytes == b"null",
            Syntax::Cbor => Reader::new(self.bytes).nothing(),
        }
    }

    /// Whether it has to be looked into when it is merged into something: no if it is neither an object nor null.
    #[inline]
    pub fn is_merged(&self) -> bool {
        match self.syntax {
            Syntax::Lines | Syntax::Json => matches!(self.bytes.first(), Some(b'{' | b'n')),
            Syntax::Cbor => true,
        }
    }

    /// A whole number of 64 bits, which may also stand there as decimal text.
    #[inline]
    pub fn whole(&self) -> Option<u64> {
        match self.syntax {
            Syntax::Lines | Syntax::Json => self.decimal().or_else(|| {
                self.bytes
                    .first()
                    .filter(|first| **first == b'"')
                    .and(self.whole_text())
            }),
            Syntax::Cbor => Reader::new(self.bytes).u64().ok().or_else(|| self.whole_text()),
        }
    }

    /// An integer of few digits and without a sign.
    #[inline(always)]
    pub fn small_integer(&self) -> Option<i64> {
        let integer = match self.syntax {
            Syntax::Lines | Syntax::Json => self.plain.and(self.decimal())?,
            Syntax::Cbor => Reader::new(self.bytes).u64().ok()?,
        };
        (integer <= MAX_SAFE_INTEGER).then_some(integer as i64)
    }

    /// Digits without a sign or leading zeros.
    #[inline(always)]
    fn decimal(&self) -> Option<u64> {
        match self.bytes.len() {
            digits @ 1..=8 => few_digits(self.block() as u64, digits),
            _ => decimal(self.bytes),
        }
    }

    fn whole_text(&self) -> Option<u64> {
        decimal(&self.text()?)
    }

    /// The text that it is, if that stands there letter by letter, and is known to.
    #[inline(always)]
    pub fn plain_text(&self) -> Option<&'a [u8]> {
        match self.bytes {
            [b'"', raw @ .., b'"'] if self.plain.is_some() => Some(raw),
            _ => None,
        }
    }

    /// The text that it is, in UTF-8. Lone surrogates have none.
    #[inline(never)]
    pub fn text(&self) -> Option<Cow<'a, [u8]>> {
        if let Some(text) = self.plain_text() {
            return Some(Cow::Borrowed(text));
        }
        match (self.syntax, self.bytes) {
            (Syntax::Lines | Syntax::Json, _) => json::text(self.bytes).map(|text| Cow::Owned(text.into_bytes())),
            (Syntax::Cbor, _) => {
                let text = Reader::new(self.bytes).text().ok()?;
                Some(Cow::Borrowed(text.as_bytes()))
            }
        }
    }

    /// The same. `spare` is for what does not stand there letter by letter.
    #[inline(always)]
    pub fn text_in<'s>(&self, spare: &'s mut Vec<u8>) -> Option<&'s [u8]>
    where
        'a: 's,
    {
        match self.plain_text() {
            Some(text) => Some(text),
            None => in_spare(self.text(), spare),
        }
    }

    /// [`Self::segment`], likewise.
    #[inline(always)]
    pub fn segment_in<'s>(&self, spare: &'s mut Vec<u8>) -> Option<&'s [u8]>
    where
        'a: 's,
    {
        match self.plain_text() {
            Some(text) => Some(text),
            None => in_spare(self.segment(), spare),
        }
    }

    /// Text, or an integer in decimal, of at most 38 digits: what can be a segment of a pointer.
    #[inline(never)]
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

#[inline(never)]
fn in_spare<'a>(text: Option<Cow<'a, [u8]>>, spare: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    match text? {
        Cow::Borrowed(text) => Some(text),
        Cow::Owned(text) => {
            *spare = text;
            Some(spare)
        }
    }
}

/// So many digits any 128 bits have room for.
const MOST_DIGITS: usize = 38;

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

/// The number that so many digits are, of eight bytes at most, the first one lowest. All at once: neighbours are added up to numbers below a
/// hundred, these to numbers below ten thousand, and these to all.
#[inline(always)]
fn few_digits(bytes: u64, count: usize) -> Option<u64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let shift = 64 - 8 * count;
    let digits = (bytes ^ ZEROS) << shift;
    let above_nine = digits.wrapping_add(0x7676_7676_7676_7676) | digits;
    if above_nine & HIGHS != 0 || (count > 1 && bytes as u8 == b'0') {
        return None;
    }
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let odd = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let even = (pairs >> 16 & 0x0000_00ff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    Some(odd.wrapping_add(even) >> 32)
}

#[cfg(test)]
mod tests {
    use super::{decimal, few_digits};

    #[test]
    fn few_digits_are_what_they_are_one_by_one() {
        let samples = [
            "0", "7", "10", "99", "123", "4096", "65535", "999999", "1234567", "12345678", "99999999",
        ];
        let odd = [
            "00", "01", "-1", "1.5", "1e3", "12345x", ":", "/", "\"\"", "1\u{ff}", "\u{80}0",
        ];
        for text in samples.into_iter().chain(odd) {
            let bytes = text.bytes().chain(*b"9,}\"").rev();
            let block = bytes.fold(0u128, |block, byte| block << 8 | u128::from(byte)) as u64;
            assert_eq!(few_digits(block, text.len()), decimal(text.as_bytes()), "{text}");
        }
    }
}
