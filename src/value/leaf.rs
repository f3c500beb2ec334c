//! What serde has no word for. Our serializer and deserializer recognise newtype structs with the names below; any other
//! format sees an ordinary newtype around a plain form.

use serde::{Serialize, Serializer};

use super::{Value, dynamic_serde::Decoded, writer::Writer};

/// Around one encoded item: written as it is when serialised as bytes, handed out as bytes when deserialised.
pub(super) const ITEM: &str = "$snapfold::item";
/// Around a sequence: a Set.
pub(super) const SET: &str = "$snapfold::set";
/// Around a sequence of pairs: a Map in its own order.
pub(super) const MAP: &str = "$snapfold::map";
/// Around a map: a plain object in its own order instead of sorted.
pub(super) const OBJECT: &str = "$snapfold::object";

pub(super) const SET_TAG: u64 = 258;
pub(super) const MAP_TAG: u64 = 36992;

/// A type that is read by way of a [`Value`].
pub(super) trait Decode: Sized {
    /// For error messages.
    const EXPECTED: &'static str;

    /// From an item of our format, or from the plain form of another one.
    fn from_decoded(decoded: Decoded) -> Option<Self>;
}

/// A value without parts that has its own tag.
pub(super) trait Leaf: Decode {
    /// Appends the whole item.
    fn write(&self, writer: &mut Writer);

    /// The form that other formats get.
    fn to_plain(&self) -> Value;
}

/// The inside of the newtype [`ITEM`].
struct Item<'a, T>(&'a T);

impl<T: Leaf> Serialize for Item<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.0.to_plain().serialize(serializer);
        }
        let mut writer = Writer::default();
        self.0.write(&mut writer);
        serializer.serialize_bytes(writer.as_bytes())
    }
}

pub(super) fn serialize<T: Leaf, S: Serializer>(leaf: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_newtype_struct(ITEM, &Item(leaf))
}

macro_rules! serde_for_leaf {
    ($leaf:ty) => {
        impl serde::Serialize for $leaf {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                leaf::serialize(self, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $leaf {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                super::dynamic_serde::decode(deserializer)
            }
        }
    };
}
pub(super) use serde_for_leaf;
