//! Collections that serde has no word for.

use alloc::vec::Vec;
use core::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Unexpected, Visitor, value::SeqAccessDeserializer},
};

use super::{
    Value,
    de_item::Key,
    de_items,
    dynamic_serde::{Decoded, decode},
    leaf::{Decode, MAP, SET},
};

/// ECMAScript's `Set`: distinct elements in insertion order.
///
/// Encoding refuses two equal numbers, BigInts, texts or other elements that ECMAScript compares by content, and −0, which it makes 0.
/// Arrays, objects, dates and the like may be equal: there each of them is one of its own.
///
/// ```
/// use snapfold::value::{self, Set};
///
/// assert_eq!(value::to_vec(&Set(vec![1]))?, [0xd9, 0x01, 0x02, 0x81, 0x01]);
/// # Ok::<(), snapfold::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Set<T>(pub Vec<T>);

/// ECMAScript's `Map`: entries in insertion order, with keys of any type, which are held to what holds for the elements of a [`Set`].
///
/// To ECMAScript the number 1 and the BigInt 1 are two keys. Read into a type that takes both they are equal: here are both entries then,
/// and encoding refuses them.
///
/// ```
/// use snapfold::value::{self, OrderedMap};
///
/// assert_eq!(value::to_vec(&OrderedMap(vec![(1, 2)]))?, [0xd9, 0x90, 0x80, 0x81, 0x82, 0x01, 0x02]);
/// # Ok::<(), snapfold::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderedMap<K, V>(pub Vec<(K, V)>);

/// A byte string, ECMAScript's `Uint8Array`. A plain `Vec<u8>` is an array of numbers by serde's rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub Vec<u8>);

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> Default for OrderedMap<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

impl<K, V> FromIterator<(K, V)> for OrderedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<T: Serialize> Serialize for Set<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(SET, &self.0)
    }
}

impl<K: Serialize, V: Serialize> Serialize for OrderedMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(MAP, &self.0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Set<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_newtype_struct(SET, Tagged(SET, PhantomData))
            .map(Self)
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for OrderedMap<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_newtype_struct(MAP, Tagged(MAP, PhantomData))
            .map(Self)
    }
}

/// Expects the newtype of that name; what it holds comes as a sequence, or, out of serde's buffers, as an encoded item.
struct Tagged<T>(&'static str, PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Tagged<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 == SET { "a Set" } else { "a Map" })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(Elements(self.0, PhantomData))
    }
}

struct Elements<T>(&'static str, PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Elements<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Tagged(self.0, PhantomData::<T>).expecting(f)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        let Some(bytes) = Key::only_item(entries)? else {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        };
        let tagged = Tagged(self.0, PhantomData);
        de_items::Deserializer::new(bytes)
            .only(|item| item.deserialize_newtype_struct(self.0, tagged))
            .map_err(A::Error::custom)
    }
}

impl Bytes {
    /// From a byte string, or from the array of numbers that other formats make of one.
    pub(super) fn from_plain(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(Self(bytes)),
            Value::Array(elements) => {
                let byte = |value: &Value| {
                    value
                        .as_f64()
                        .filter(|byte| f64::from(*byte as u8) == *byte)
                        .map(|byte| byte as u8)
                };
                elements.iter().map(byte).collect::<Option<_>>().map(Self)
            }
            _ => None,
        }
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode(deserializer)
    }
}

impl Decode for Bytes {
    const EXPECTED: &'static str = "a byte string";

    fn from_decoded(decoded: Decoded) -> Option<Self> {
        match decoded {
            Decoded::Item(Value::Bytes(bytes)) => Some(Self(bytes)),
            Decoded::Item(_) => None,
            Decoded::Plain(value) => Self::from_plain(value),
        }
    }
}
