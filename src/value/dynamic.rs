//! Any value, without a Rust type of its own.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::mem;

use super::{
    BigInt, Bytes, Date, ElementType, MAX_DEPTH, TypedArray, Wtf8,
    failure::Failure,
    float::safe_integer,
    leaf::{MAP_TAG, SET_TAG},
    number,
    reader::{FALSE, Head, Major, NULL, Reader, TRUE, UNDEFINED, malformed},
    validate::validate,
};
use crate::Error;

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
    /// A `Map` in insertion order. Equal keys are refused as those of an [`OrderedMap`](super::OrderedMap) are.
    Map(Vec<(Value, Value)>),
    /// A `Set` in insertion order. Equal elements are refused as those of a [`Set`](super::Set) are.
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

    /// What [`from_slice`](super::from_slice) reads, without serde: a module that reads no other type is much smaller so.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        validate(bytes)?;
        Ok(Self::read(&mut Reader::new(bytes))?)
    }

    /// Reads one item. Checks all that a [`Value`] rests on, and the depth; the rest of the profile is for validation.
    /// Without recursion, because in debug builds 256 levels of it would take more than a small thread's stack.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Failure> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let (mut value, left) = start(reader)?;
            if left > 0 {
                if open.len() >= MAX_DEPTH {
                    return Err(malformed(reader.offset(), "nested too deep"));
                }
                let key = next_key(&value, reader)?;
                open.push(Open { value, key, left });
                continue;
            }
            loop {
                let Some(outer) = open.last_mut() else {
                    return Ok(value);
                };
                outer.attach(value, reader.offset())?;
                if outer.left > 0 {
                    outer.key = next_key(&outer.value, reader)?;
                    break;
                }
                value = open.pop().map(|complete| complete.value).unwrap_or_default();
            }
        }
    }
}

/// A collection whose parts are being read.
struct Open {
    value: Value,
    /// In a plain object: the key of the part that is being read.
    key: String,
    /// How many parts are still to come.
    left: u64,
}

impl Open {
    fn attach(&mut self, part: Value, at: usize) -> Result<(), Failure> {
        self.left = self.left.saturating_sub(1);
        match &mut self.value {
            Value::Object(entries) => entries.push((mem::take(&mut self.key), part)),
            Value::Map(entries) => match part {
                Value::Array(pair) => {
                    let pair = <[Value; 2]>::try_from(pair);
                    let [key, value] = pair.map_err(|_| malformed(at, "not an entry of a Map"))?;
                    entries.push((key, value));
                }
                _ => return Err(malformed(at, "not an entry of a Map")),
            },
            Value::Array(elements) | Value::Set(elements) => elements.push(part),
            _ => {}
        }
        Ok(())
    }
}

/// In a plain object: the key of its next part.
fn next_key(collection: &Value, reader: &mut Reader<'_>) -> Result<String, Failure> {
    match collection {
        Value::Object(_) => Ok(reader.text()?.to_owned()),
        _ => Ok(String::new()),
    }
}

/// The next value; of a collection only the start, and how many parts follow.
fn start(reader: &mut Reader<'_>) -> Result<(Value, u64), Failure> {
    let head = reader.head()?;
    let capacity = || reader.capacity(head.argument);
    let number = || number::plain(head).map(Value::Number);
    let value = match head.major {
        Major::Array => return Ok((Value::Array(Vec::with_capacity(capacity())), head.argument)),
        Major::Map => return Ok((Value::Object(Vec::with_capacity(capacity())), head.argument)),
        Major::Tag => return tagged(reader, head),
        Major::Uint => number().unwrap_or_else(|| Value::BigInt(BigInt::from_head(false, head.argument))),
        Major::Nint => number().unwrap_or_else(|| Value::BigInt(BigInt::from_head(true, head.argument))),
        Major::Bytes => Value::Bytes(reader.bytes_of(head)?.to_owned()),
        Major::Text => Value::Text(reader.text_of(head)?.to_owned()),
        Major::Simple => match head.info {
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            NULL => Value::Null,
            UNDEFINED => Value::Undefined,
            _ => number().unwrap_or_default(),
        },
    };
    Ok((value, 0))
}

fn tagged(reader: &mut Reader<'_>, tag: Head) -> Result<(Value, u64), Failure> {
    let at = |error: Error| Failure::new(error.message()).or_at(tag.at);
    let value = match tag.argument {
        SET_TAG => {
            let count = reader.array()?;
            return Ok((Value::Set(Vec::with_capacity(count)), count as u64));
        }
        MAP_TAG => {
            let count = reader.array()?;
            return Ok((Value::Map(Vec::with_capacity(count)), count as u64));
        }
        BigInt::POSITIVE | BigInt::NEGATIVE => Value::BigInt(BigInt::read_tagged(tag.argument, reader)?),
        Date::TAG => {
            let date = number::plain(reader.head()?).and_then(Date::from_seconds);
            Value::Date(date.ok_or_else(|| malformed(tag.at, "not a Date"))?)
        }
        Wtf8::TAG => Value::Wtf8(Wtf8::new(reader.bytes()?.to_owned()).map_err(at)?),
        other => {
            let element = ElementType::from_tag(other);
            let element = element.ok_or_else(|| malformed(tag.at, "an unknown tag"))?;
            Value::TypedArray(TypedArray::new(element, reader.bytes()?.to_owned()).map_err(at)?)
        }
    };
    Ok((value, 0))
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
