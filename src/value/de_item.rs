//! How an item that serde has no word for is handed to a type: as a map whose only key is an empty sequence, around the bytes of the item.
//!
//! Keys of data are text, so nothing else looks like that, and types that do not know it refuse it. A newtype would not do: serde's buffers
//! keep it, but each newtype of a state that is read out of them takes one off.

use alloc::{string::String, vec::Vec};
use core::{
    fmt,
    iter::{Once, once},
};

use serde::{
    Deserialize, Deserializer,
    de::{
        Error, MapAccess, SeqAccess, Visitor,
        value::{BorrowedBytesDeserializer, MapDeserializer},
    },
};

use super::failure::Failure;

type Entry<'de> = (Vec<u8>, BorrowedBytesDeserializer<'de, Failure>);

/// The item with these bytes.
pub(super) fn item<'de>(bytes: &'de [u8]) -> MapDeserializer<'de, Once<Entry<'de>>, Failure> {
    MapDeserializer::new(once((Vec::new(), BorrowedBytesDeserializer::new(bytes))))
}

/// A key of what may be an object or an item.
pub(super) enum Key {
    Text(String),
    /// The value is the bytes of an item.
    Item,
}

impl Key {
    /// The bytes of the item that these entries are; unless they are those of an object.
    pub fn only_item<'de, A: MapAccess<'de>>(mut entries: A) -> Result<Option<&'de [u8]>, A::Error> {
        match entries.next_key()? {
            Some(Self::Item) => entries.next_value().map(Some),
            _ => Ok(None),
        }
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Key, E> {
        Ok(Key::Text(key.into()))
    }

    fn visit_string<E: Error>(self, key: String) -> Result<Key, E> {
        Ok(Key::Text(key))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Key, A::Error> {
        match elements.next_element::<u8>()? {
            None => Ok(Key::Item),
            Some(_) => Err(A::Error::custom("invalid type: an array, expected a text key")),
        }
    }
}
