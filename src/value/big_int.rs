//! Integers of any size.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::fmt::{self, Write as _};
use core::ops::{Add, Neg, Sub};

use super::{
    MAX_SAFE_INTEGER, Value,
    dynamic_serde::Decoded,
    failure::Failure,
    float::safe_integer,
    leaf::{self, Decode, Leaf},
    reader::{Major, Reader},
    writer::Writer,
};

/// An integer of any size, ECMAScript's `BigInt`: a sign and a minimal big-endian magnitude.
///
/// It stays a BigInt through an encoding, whatever its value: `BigInt::from(1)` and the number `1` have different bytes.
///
/// ```
/// use snapfold::value::{self, BigInt};
///
/// let big = BigInt::from(2u128.pow(64));
/// assert_eq!(value::to_vec(&big)?, [0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
/// assert_eq!(u128::try_from(&big), Ok(2u128.pow(64)));
/// assert_eq!(format!("{big:?}"), "BigInt(0x10000000000000000)");
/// # Ok::<(), snapfold::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct BigInt {
    negative: bool,
    /// Big-endian, no leading zero; empty is zero.
    magnitude: Vec<u8>,
}

impl BigInt {
    pub(super) const POSITIVE: u64 = 2;
    pub(super) const NEGATIVE: u64 = 3;

    /// From a sign and a big-endian magnitude; leading zeros are dropped, and zero has no sign.
    pub fn new(negative: bool, magnitude: &[u8]) -> Self {
        let magnitude = without_leading_zeros(magnitude).to_owned();
        let negative = negative && !magnitude.is_empty();
        Self { negative, magnitude }
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// The absolute value, big-endian, without leading zeros; empty for zero.
    pub fn magnitude(&self) -> &[u8] {
        &self.magnitude
    }

    /// The content of a bignum: the magnitude, or for negative integers one less (RFC 8949 §3.4.3).
    fn content(&self) -> Vec<u8> {
        let mut content = self.magnitude.clone();
        if self.negative {
            for byte in content.iter_mut().rev() {
                let (lower, borrow) = byte.overflowing_sub(1);
                *byte = lower;
                if !borrow {
                    break;
                }
            }
        }
        without_leading_zeros(&content).to_owned()
    }

    fn from_content(negative: bool, content: &[u8]) -> Self {
        let mut magnitude = Vec::with_capacity(content.len().saturating_add(1));
        magnitude.push(0);
        magnitude.extend_from_slice(content);
        if negative {
            for byte in magnitude.iter_mut().rev() {
                let (higher, carry) = byte.overflowing_add(1);
                *byte = higher;
                if !carry {
                    break;
                }
            }
        }
        Self::new(negative, &magnitude)
    }

    /// From an item with tag 2 or 3.
    pub(super) fn read(item: &[u8]) -> Result<Self, Failure> {
        let mut reader = Reader::new(item);
        let tag = reader.head()?.argument;
        Self::read_tagged(tag, &mut reader)
    }

    /// What lies behind the tags 2 and 3, which have been read.
    pub(super) fn read_tagged(tag: u64, reader: &mut Reader<'_>) -> Result<Self, Failure> {
        let content = reader.bytes()?;
        Ok(Self::from_content(tag == Self::NEGATIVE, content))
    }

    /// The integer of a head of major type 0 or 1.
    pub(super) fn from_head(negative: bool, argument: u64) -> Self {
        Self::from_content(negative, &argument.to_be_bytes())
    }

    /// The exact double, if there is one.
    pub(super) fn to_f64(&self) -> Option<f64> {
        let mut value = 0.0f64;
        for &byte in &self.magnitude {
            value = value * 256.0 + f64::from(byte);
        }
        // A prefix that needs more than 53 bits was rounded on the way; the way back shows it.
        let exact = value.is_finite() && magnitude_of(value) == self.magnitude;
        exact.then_some(if self.negative { -value } else { value })
    }

    fn to_u128(&self) -> Option<u128> {
        let fits = self.magnitude.len() <= 16;
        fits.then(|| {
            self.magnitude
                .iter()
                .fold(0, |value, &byte| (value << 8) | u128::from(byte))
        })
    }

    fn from_hex(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let digits = digits
            .strip_prefix("0x")
            .filter(|digits| !digits.is_empty())?
            .as_bytes();
        let mut magnitude = Vec::with_capacity(digits.len() / 2 + 1);
        for pair in digits.rchunks(2) {
            let pair = core::str::from_utf8(pair).ok().filter(|pair| !pair.starts_with('+'))?;
            magnitude.push(u8::from_str_radix(pair, 16).ok()?);
        }
        magnitude.reverse();
        Some(Self::new(negative, &magnitude))
    }

    fn to_hex(&self) -> String {
        let mut text = String::from(if self.negative { "-0x" } else { "0x" });
        for (index, byte) in self.magnitude.iter().enumerate() {
            let _ = if index == 0 {
                write!(text, "{byte:x}")
            } else {
                write!(text, "{byte:02x}")
            };
        }
        if self.magnitude.is_empty() {
            text.push('0');
        }
        text
    }
}

/// Whether bytes under tag 2 or 3 are the one way to write that integer.
pub(super) fn check(tag: u64, content: &[u8]) -> Result<(), &'static str> {
    if content.first() == Some(&0) {
        return Err("a bignum with a leading zero byte");
    }
    let argument = content
        .iter()
        .fold(0u64, |argument, &byte| (argument << 8) | u64::from(byte));
    let first_beyond = if tag == BigInt::NEGATIVE {
        MAX_SAFE_INTEGER
    } else {
        MAX_SAFE_INTEGER + 1
    };
    if content.len() <= 8 && argument >= first_beyond {
        return Err("a bignum that fits 64 bits: it must be written as an integer");
    }
    Ok(())
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// The magnitude of an integral double of at least 2^53, or of any integer below that.
fn magnitude_of(value: f64) -> Vec<u8> {
    let exponent = (value.to_bits() >> 52) & 0x7ff;
    let shift = usize::try_from(exponent.saturating_sub(1075)).unwrap_or_default();
    let significand = (value / two_to_the(shift)) as u64;
    let mut magnitude = (u128::from(significand) << (shift % 8)).to_be_bytes().to_vec();
    magnitude.resize(magnitude.len().saturating_add(shift / 8), 0);
    without_leading_zeros(&magnitude).to_owned()
}

fn two_to_the(shift: usize) -> f64 {
    f64::from_bits((shift as u64 + 1023) << 52)
}

impl Leaf for BigInt {
    const NAME: &'static str = "$snapfold::bigint";

    fn write(&self, writer: &mut Writer) {
        let content = self.content();
        let argument = content
            .iter()
            .fold(0u64, |argument, &byte| (argument << 8) | u64::from(byte));
        let (major, tag) = match self.negative {
            false => (Major::Uint, Self::POSITIVE),
            true => (Major::Nint, Self::NEGATIVE),
        };
        match check(tag, &content) {
            Ok(()) => {
                writer.tag(tag);
                writer.bytes(&content);
            }
            Err(_) => writer.head(major, argument),
        }
    }

    fn to_plain(&self) -> Value {
        Value::Text(self.to_hex())
    }
}

impl Decode for BigInt {
    const EXPECTED: &'static str = "an integer";

    fn from_decoded(decoded: Decoded) -> Option<Self> {
        match decoded {
            Decoded::Item(Value::BigInt(integer)) | Decoded::Plain(Value::BigInt(integer)) => Some(integer),
            Decoded::Item(Value::Number(number)) | Decoded::Plain(Value::Number(number)) => {
                safe_integer(number).map(Self::from)
            }
            Decoded::Plain(Value::Text(text)) => Self::from_hex(&text),
            _ => None,
        }
    }
}

leaf::serde_for_leaf!(BigInt);

impl fmt::Debug for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BigInt({})", self.to_hex())
    }
}

/// The integer does not fit the Rust type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BigIntOutOfRange;

impl fmt::Display for BigIntOutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the BigInt does not fit the Rust type: use a wider one, or keep the BigInt")
    }
}

impl core::error::Error for BigIntOutOfRange {}

impl Neg for &BigInt {
    type Output = BigInt;

    fn neg(self) -> BigInt {
        BigInt::new(!self.negative, &self.magnitude)
    }
}

impl Add for &BigInt {
    type Output = BigInt;

    /// Exact. O(n) in the bytes of both.
    fn add(self, other: Self) -> BigInt {
        let larger = |a: &[u8], b: &[u8]| a.len().cmp(&b.len()).then_with(|| a.cmp(b)).is_ge();
        let (a, b) = match larger(&self.magnitude, &other.magnitude) {
            true => (self, other),
            false => (other, self),
        };
        BigInt::new(
            a.negative,
            &combine(&a.magnitude, &b.magnitude, a.negative == b.negative),
        )
    }
}

impl Sub for &BigInt {
    type Output = BigInt;

    /// Exact. O(n) in the bytes of both.
    fn sub(self, other: Self) -> BigInt {
        self + &-other
    }
}

/// The sum of two magnitudes, or their difference; the first is not the smaller one.
fn combine(a: &[u8], b: &[u8], add: bool) -> Vec<u8> {
    let mut result = Vec::with_capacity(a.len().saturating_add(1));
    let mut carry = 0;
    let b = b.iter().rev().chain(core::iter::repeat(&0));
    for (a, b) in a.iter().rev().zip(b) {
        let (a, b) = (i16::from(*a), i16::from(*b));
        let digit = if add { a + b } else { a - b } + carry;
        carry = digit >> 8;
        result.push(digit as u8);
    }
    result.push(carry as u8); // after a subtraction nothing is carried
    result.reverse();
    result
}

impl From<u128> for BigInt {
    fn from(value: u128) -> Self {
        Self::new(false, &value.to_be_bytes())
    }
}

impl From<i128> for BigInt {
    fn from(value: i128) -> Self {
        Self::new(value < 0, &value.unsigned_abs().to_be_bytes())
    }
}

impl From<u64> for BigInt {
    fn from(value: u64) -> Self {
        Self::from(u128::from(value))
    }
}

impl From<i64> for BigInt {
    fn from(value: i64) -> Self {
        Self::from(i128::from(value))
    }
}

impl From<i32> for BigInt {
    fn from(value: i32) -> Self {
        Self::from(i128::from(value))
    }
}

impl TryFrom<&BigInt> for u128 {
    type Error = BigIntOutOfRange;

    fn try_from(value: &BigInt) -> Result<Self, BigIntOutOfRange> {
        value.to_u128().filter(|_| !value.negative).ok_or(BigIntOutOfRange)
    }
}

impl TryFrom<&BigInt> for i128 {
    type Error = BigIntOutOfRange;

    fn try_from(value: &BigInt) -> Result<Self, BigIntOutOfRange> {
        let magnitude = value.to_u128().ok_or(BigIntOutOfRange)?;
        let integer = if value.negative {
            0i128.checked_sub_unsigned(magnitude)
        } else {
            0i128.checked_add_unsigned(magnitude)
        };
        integer.ok_or(BigIntOutOfRange)
    }
}

impl TryFrom<&BigInt> for u64 {
    type Error = BigIntOutOfRange;

    fn try_from(value: &BigInt) -> Result<Self, BigIntOutOfRange> {
        u128::try_from(value)?.try_into().map_err(|_| BigIntOutOfRange)
    }
}

impl TryFrom<&BigInt> for i64 {
    type Error = BigIntOutOfRange;

    fn try_from(value: &BigInt) -> Result<Self, BigIntOutOfRange> {
        i128::try_from(value)?.try_into().map_err(|_| BigIntOutOfRange)
    }
}
