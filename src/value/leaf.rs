//! What serde has no word for. Our serializer and deserializer recognise newtype structs with the names below; any other
//! format sees an ordinary newtype around a plain form.

use serde::{Serialize, Serializer};

use super::{
    BigInt, Date, TypedArray, Value, Wtf8,
    dynamic_serde::{Decoded, Undefined},
    writer::Writer,
};

/// What all of the names start with.
pub(super) const OURS: &str = "$snapfold::";
/// Asked for around any item, which is handed out as bytes.
pub(super) const ITEM: &str = "$snapfold::item";
/// Around a sequence: a Set.
pub(super) const SET: &str = "$snapfold::set";
/// Around a sequence of pairs: a Map in its own order.
pub(super) const MAP: &str = "$snapfold::map";
/// Around a map: a plain object in its own order instead of sorted.
pub(super) const OBJECT: &str = "$snapfold::object";

pub(super) const SET_TAG: u64 = 258;
pub(crate) const MAP_TAG: u64 = 36992;

/// A type that is read by way of a [`Value`].
pub(super) trait Decode: Sized {
    /// For error messages.
    const EXPECTED: &'static str;

    /// From an item of our format, or from the plain form of another one.
    fn from_decoded(decoded: Decoded) -> Option<Self>;
}

/// A value without parts that has its own tag. It is written as a newtype around the bytes of its item, or around its plain form if
/// that is what the format wants.
pub(super) trait Leaf: Decode {
    /// The name of the newtype.
    const NAME: &'static str;

    /// Appends the whole item.
    fn write(&self, writer: &mut Writer);

    /// The form that other formats get.
    fn to_plain(&self) -> Value;
}

/// The inside of the newtype.
struct Inside<'a, T>(&'a T);

impl<T: Leaf> Serialize for Inside<'_, T> {
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
    serializer.serialize_newtype_struct(T::NAME, &Inside(leaf))
}

/// Appends the item of the leaf of that name and plain form. `None` if there is none.
pub(super) fn write_plain(name: &str, plain: Value, writer: &mut Writer) -> Option<()> {
    fn write<T: Leaf>(plain: Value, writer: &mut Writer) -> Option<()> {
        T::from_decoded(Decoded::Plain(plain)).map(|leaf| leaf.write(writer))
    }
    match name {
        BigInt::NAME => write::<BigInt>(plain, writer),
        Date::NAME => write::<Date>(plain, writer),
        TypedArray::NAME => write::<TypedArray>(plain, writer),
        Undefined::NAME => write::<Undefined>(plain, writer),
        Wtf8::NAME => write::<Wtf8>(plain, writer),
        _ => None,
    }
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
