//! [`Value`] through serde.
//!
//! From our deserializer a value takes the bytes of its whole item and reads them without serde. Anything else, also serde's
//! own buffers behind `flatten` and `untagged`, is asked what it holds.

use alloc::{string::String, vec::Vec};
use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};

use super::{
    Value,
    de_item::Key,
    leaf::{self, Decode, ITEM, Leaf, MAP, OBJECT, SET},
    reader::{Reader, UNDEFINED},
    writer::Writer,
};

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Undefined => leaf::serialize(&Undefined, serializer),
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::BigInt(value) => value.serialize(serializer),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Wtf8(value) => value.serialize(serializer),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::TypedArray(value) => value.serialize(serializer),
            Self::Date(value) => value.serialize(serializer),
            Self::Array(elements) => elements.serialize(serializer),
            Self::Object(entries) => serializer.serialize_newtype_struct(OBJECT, &Entries(entries)),
            Self::Map(entries) => serializer.serialize_newtype_struct(MAP, entries),
            Self::Set(elements) => serializer.serialize_newtype_struct(SET, elements),
        }
    }
}

/// Nothing, but not null.
pub(super) struct Undefined;

impl Leaf for Undefined {
    const NAME: &'static str = "$snapfold::undefined";

    fn write(&self, writer: &mut Writer) {
        writer.simple(UNDEFINED);
    }

    fn to_plain(&self) -> Value {
        Value::Null
    }
}

impl Decode for Undefined {
    const EXPECTED: &'static str = "undefined";

    fn from_decoded(decoded: Decoded) -> Option<Self> {
        matches!(
            decoded,
            Decoded::Item(Value::Undefined) | Decoded::Plain(Value::Undefined | Value::Null)
        )
        .then_some(Self)
    }
}

struct Entries<'a>(&'a [(String, Value)]);

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode(deserializer)
    }
}

impl Decode for Value {
    const EXPECTED: &'static str = "any value";

    fn from_decoded(decoded: Decoded) -> Option<Self> {
        match decoded {
            Decoded::Item(value) | Decoded::Plain(value) => Some(value),
        }
    }
}

/// A value, and whether it is exactly what an encoded item held or what another format made of it.
pub(super) enum Decoded {
    Item(Value),
    Plain(Value),
}

/// How every type that is read by way of a [`Value`] is read.
pub(super) fn decode<'de, T: Decode, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_newtype_struct(ITEM, Outer(PhantomData))
}

/// Expects the newtype [`ITEM`].
struct Outer<T>(PhantomData<T>);

impl<'de, T: Decode> Visitor<'de> for Outer<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        let decoded = deserializer.deserialize_any(Inner)?;
        T::from_decoded(decoded).ok_or_else(|| D::Error::custom(format_args!("invalid type: expected {}", T::EXPECTED)))
    }
}

/// Takes whatever it is given.
struct Inner;

macro_rules! plain {
    ($($visit:ident: $from:ty,)+) => {
        $(fn $visit<E: Error>(self, value: $from) -> Result<Decoded, E> {
            Ok(Decoded::Plain(Value::from(value)))
        })+
    };
}

impl<'de> Visitor<'de> for Inner {
    type Value = Decoded;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    plain! {
        visit_bool: bool,
        visit_i64: i64,
        visit_i128: i128,
        visit_u64: u64,
        visit_u128: u128,
        visit_f64: f64,
        visit_str: &str,
        visit_string: String,
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Decoded, E> {
        Ok(Decoded::Plain(Value::Bytes(bytes.to_vec())))
    }

    fn visit_unit<E: Error>(self) -> Result<Decoded, E> {
        Ok(Decoded::Plain(Value::Null))
    }

    /// Our deserializer tells undefined from null this way.
    fn visit_none<E: Error>(self) -> Result<Decoded, E> {
        Ok(Decoded::Plain(Value::Undefined))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Decoded, D::Error> {
        decode(deserializer).map(Decoded::Plain)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Decoded, A::Error> {
        let mut all = Vec::new();
        while let Some(element) = elements.next_element()? {
            all.push(element);
        }
        Ok(Decoded::Plain(Value::Array(all)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Decoded, A::Error> {
        let mut all = Vec::new();
        while let Some(key) = entries.next_key()? {
            match key {
                Key::Text(key) => all.push((key, entries.next_value()?)),
                Key::Item => return entries.next_value_seed(Encoded),
            }
        }
        Ok(Decoded::Plain(Value::Object(all)))
    }
}

/// Reads a value out of the bytes of its item.
struct Encoded;

impl<'de> DeserializeSeed<'de> for Encoded {
    type Value = Decoded;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Decoded, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for Encoded {
    type Value = Decoded;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of an item")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Decoded, E> {
        let mut reader = Reader::new(bytes);
        let value = Value::read(&mut reader).and_then(|value| reader.finish().map(|()| value));
        value.map(Decoded::Item).map_err(E::custom)
    }
}
