//! Any value, without a Rust type of its own.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use super::{
    BigInt, Bytes, Date, ElementType, MAX_DEPTH, TypedArray, Wtf8,
    float::safe_integer,
    leaf::{MAP_TAG, SET_TAG},
    number,
    reader::{FALSE, Head, Major, NULL, Reader, TRUE, UNDEFINED, malformed},
};
use crate::{Error, Result};

/// Any value: what ECMAScript can hold, with one representation for each, so that `decode(encode(v)) == v` and
/// `encode(decode(b)) == b`.
///
/// Two values are equal if their bytes are: `NaN` equals itself, `0` differs from `-0`, and the order of keys counts.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `undefined`
    Undefined,
    /// `null`
    #[default]
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number. Never a BigInt, however large.
    Number(f64),
    /// A BigInt. Never a number, however small.
    BigInt(BigInt),
    /// A string of valid Unicode.
    Text(String),
    /// A string with lone surrogates.
    Wtf8(Wtf8),
    /// A `Uint8Array`.
    Bytes(Vec<u8>),
    /// Another typed array.
    TypedArray(TypedArray),
    /// A `Date`.
    Date(Date),
    /// An array without holes.
    Array(Vec<Value>),
    /// A plain object with its keys in their own order. Equal keys are refused when encoding.
    Object(Vec<(String, Value)>),
    /// A `Map` in insertion order.
    Map(Vec<(Value, Value)>),
    /// A `Set` in insertion order.
    Set(Vec<Value>),
}

impl Value {
    /// The value under a key of a plain object. O(k).
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Object(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one; a BigInt is not.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The elements of an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// Reads one item. Checks all that a [`Value`] rests on, and the depth; the rest of the profile is for validation.
    pub(super) fn read(reader: &mut Reader<'_>, depth: usize) -> Result<Self> {
        let head = reader.head()?;
        let number = number::plain(head).map(Self::Number);
        Ok(match head.major {
            Major::Uint => number.unwrap_or_else(|| Self::BigInt(BigInt::from_head(false, head.argument))),
            Major::Nint => number.unwrap_or_else(|| Self::BigInt(BigInt::from_head(true, head.argument))),
            Major::Bytes => Self::Bytes(reader.bytes_of(head)?.to_owned()),
            Major::Text => Self::Text(reader.text_of(head)?.to_owned()),
            Major::Array => Self::Array(elements(reader, head, depth)?),
            Major::Map => Self::Object(read_all(reader, head, depth, |reader, depth| {
                Ok((reader.text()?.to_string(), Self::read(reader, depth)?))
            })?),
            Major::Tag => tagged(reader, head, depth)?,
            Major::Simple => match head.info {
                FALSE => Self::Bool(false),
                TRUE => Self::Bool(true),
                NULL => Self::Null,
                UNDEFINED => Self::Undefined,
                _ => number.unwrap_or_default(),
            },
        })
    }
}

fn tagged(reader: &mut Reader<'_>, tag: Head, depth: usize) -> Result<Value> {
    let at = |error: Error| malformed(tag.at, error.message());
    Ok(match tag.argument {
        BigInt::POSITIVE | BigInt::NEGATIVE => Value::BigInt(BigInt::read_tagged(tag.argument, reader)?),
        Date::TAG => {
            let date = number::plain(reader.head()?).and_then(Date::from_seconds);
            Value::Date(date.ok_or_else(|| malformed(tag.at, "not a Date"))?)
        }
        Wtf8::TAG => Value::Wtf8(Wtf8::new(reader.bytes()?.to_owned()).map_err(at)?),
        SET_TAG => {
            let head = reader.head()?;
            Value::Set(elements(reader, head, depth)?)
        }
        MAP_TAG => {
            let head = reader.head()?;
            Value::Map(read_all(reader, head, depth, pair)?)
        }
        other => {
            let element = ElementType::from_tag(other).ok_or_else(|| malformed(tag.at, "an unknown tag"))?;
            Value::TypedArray(TypedArray::new(element, reader.bytes()?.to_owned()).map_err(at)?)
        }
    })
}

fn elements(reader: &mut Reader<'_>, head: Head, depth: usize) -> Result<Vec<Value>> {
    read_all(reader, head, depth, Value::read)
}

fn pair(reader: &mut Reader<'_>, depth: usize) -> Result<(Value, Value)> {
    let head = reader.head()?;
    let pair = elements(reader, head, depth)?;
    let [key, value] = <[Value; 2]>::try_from(pair).map_err(|_| malformed(head.at, "not an entry of a Map"))?;
    Ok((key, value))
}

/// As many parts as the head says, each one level deeper.
fn read_all<T>(
    reader: &mut Reader<'_>,
    head: Head,
    depth: usize,
    read: impl Fn(&mut Reader<'_>, usize) -> Result<T>,
) -> Result<Vec<T>> {
    if depth >= MAX_DEPTH || !matches!(head.major, Major::Array | Major::Map) {
        return Err(malformed(head.at, "not a collection, or nested too deep"));
    }
    let mut parts = Vec::with_capacity(reader.capacity(head.argument));
    for _ in 0..head.argument {
        parts.push(read(reader, depth.saturating_add(1))?);
    }
    Ok(parts)
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Undefined, Self::Undefined) | (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (Self::BigInt(a), Self::BigInt(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Wtf8(a), Self::Wtf8(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::TypedArray(a), Self::TypedArray(b)) => a == b,
            (Self::Date(a), Self::Date(b)) => a == b,
            (Self::Array(a), Self::Array(b)) | (Self::Set(a), Self::Set(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

macro_rules! from {
    ($($(#[doc = $doc:literal])? $from:ty => |$value:ident| $into:expr;)+) => {
        $($(#[doc = $doc])? impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $into
            }
        })+
    };
}

from! {
    () => |_unit| Self::Null;
    bool => |value| Self::Bool(value);
    f64 => |value| Self::Number(value);
    f32 => |value| Self::Number(f64::from(value));
    u8 => |value| Self::Number(f64::from(value));
    u16 => |value| Self::Number(f64::from(value));
    u32 => |value| Self::Number(f64::from(value));
    i32 => |value| Self::Number(f64::from(value));
    /// A number within ±(2^53 − 1), else a BigInt.
    u64 => |value| Self::from(i128::from(value));
    /// A number within ±(2^53 − 1), else a BigInt.
    i64 => |value| Self::from(i128::from(value));
    /// A number within ±(2^53 − 1), else a BigInt.
    i128 => |value| match safe_integer(value as f64) {
        Some(_) => Self::Number(value as f64),
        None => Self::BigInt(BigInt::from(value)),
    };
    /// A number within ±(2^53 − 1), else a BigInt.
    u128 => |value| match i128::try_from(value) {
        Ok(value) => Self::from(value),
        Err(_) => Self::BigInt(BigInt::from(value)),
    };
    &str => |value| Self::Text(value.to_owned());
    String => |value| Self::Text(value);
    BigInt => |value| Self::BigInt(value);
    Wtf8 => |value| Self::Wtf8(value);
    Bytes => |value| Self::Bytes(value.0);
    TypedArray => |value| Self::TypedArray(value);
    Date => |value| Self::Date(value);
    Vec<Value> => |value| Self::Array(value);
}
