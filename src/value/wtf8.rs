//! ECMAScript strings that are not valid Unicode.

use alloc::{string::String, vec::Vec};

use super::{
    Value,
    dynamic_serde::Decoded,
    leaf::{self, Decode, Leaf},
    writer::Writer,
};
use crate::{Code, Error, Result};

/// A string with at least one lone surrogate, in [WTF-8](https://simonsapin.github.io/wtf-8/): UTF-8 in which a lone
/// surrogate is written like any other code point of its size.
///
/// A string without lone surrogates is a `String`, so each string has one representation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wtf8(Vec<u8>);

impl Wtf8 {
    pub(super) const TAG: u64 = 273;

    /// From WTF-8.
    ///
    /// # Errors
    /// [`Code::Unencodable`] if it is not well-formed, holds a surrogate pair, or no surrogate at all.
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        check(&bytes).map_err(|message| Error::new(Code::Unencodable, message))?;
        Ok(Self(bytes))
    }

    /// From UTF-16 as ECMAScript holds it: the `String` if it is valid, else the [`Wtf8`].
    pub fn from_utf16(units: &[u16]) -> Result<String, Self> {
        let mut bytes = Vec::with_capacity(units.len());
        for unit in char::decode_utf16(units.iter().copied()) {
            match unit {
                Ok(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                Err(lone) => {
                    let [high, low] = lone.unpaired_surrogate().to_be_bytes();
                    bytes.extend_from_slice(&[0xed, 0x80 | ((high & 0x0f) << 2) | (low >> 6), 0x80 | (low & 0x3f)]);
                }
            }
        }
        String::from_utf8(bytes).map_err(|error| Self(error.into_bytes()))
    }

    /// The code units as ECMAScript holds them.
    pub fn to_utf16(&self) -> Vec<u16> {
        let mut units = Vec::with_capacity(self.0.len());
        for piece in pieces(&self.0) {
            match piece {
                Piece::Text(text) => units.extend(text.encode_utf16()),
                Piece::Surrogate(unit) => units.push(unit),
                Piece::Malformed => break,
            }
        }
        units
    }

    /// The string in WTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Whether bytes under tag 273 are the one way to write that string.
pub(super) fn check(bytes: &[u8]) -> Result<(), &'static str> {
    let mut surrogates = false;
    let mut after_high = false;
    for piece in pieces(bytes) {
        match piece {
            Piece::Malformed => return Err("a string that is not valid WTF-8"),
            Piece::Surrogate(0xdc00..) if after_high => {
                return Err("WTF-8 with a surrogate pair: write it as one code point");
            }
            Piece::Surrogate(unit) => {
                surrogates = true;
                after_high = unit < 0xdc00;
            }
            Piece::Text(text) => after_high = after_high && text.is_empty(),
        }
    }
    if surrogates {
        Ok(())
    } else {
        Err("WTF-8 without a lone surrogate: write it as text")
    }
}

enum Piece<'a> {
    Text(&'a str),
    Surrogate(u16),
    Malformed,
}

/// Cuts WTF-8 into valid text and surrogates; ends after the first malformed byte.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = bytes;
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let valid = match core::str::from_utf8(rest) {
            Ok(text) => {
                rest = &[];
                return Some(Piece::Text(text));
            }
            Err(error) => error.valid_up_to(),
        };
        let (text, after) = rest.split_at_checked(valid)?;
        if let (Ok(text), false) = (core::str::from_utf8(text), valid == 0) {
            rest = after;
            return Some(Piece::Text(text));
        }
        match after {
            [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, others @ ..] => {
                rest = others;
                let unit = 0xd000 | (u16::from(second & 0x3f) << 6) | u16::from(third & 0x3f);
                Some(Piece::Surrogate(unit))
            }
            _ => {
                rest = &[];
                Some(Piece::Malformed)
            }
        }
    })
}

impl Leaf for Wtf8 {
    const NAME: &'static str = "$snapfold::wtf8";

    fn write(&self, writer: &mut Writer) {
        writer.tag(Self::TAG);
        writer.bytes(&self.0);
    }

    /// UTF-16 code units: no other format has a string for it.
    fn to_plain(&self) -> Value {
        Value::Array(
            self.to_utf16()
                .into_iter()
                .map(|unit| Value::from(u32::from(unit)))
                .collect(),
        )
    }
}

impl Decode for Wtf8 {
    const EXPECTED: &'static str = "a string with lone surrogates";

    fn from_decoded(decoded: Decoded) -> Option<Self> {
        match decoded {
            Decoded::Item(Value::Wtf8(string)) => Some(string),
            Decoded::Plain(Value::Array(units)) => {
                let unit = |value: &Value| {
                    value
                        .as_f64()
                        .filter(|unit| f64::from(*unit as u16) == *unit)
                        .map(|unit| unit as u16)
                };
                let units: Option<Vec<u16>> = units.iter().map(unit).collect();
                Self::from_utf16(&units?).err()
            }
            _ => None,
        }
    }
}

leaf::serde_for_leaf!(Wtf8);
