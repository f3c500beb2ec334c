//! The inside of our own newtypes, which mean more than the letter of serde's data model: one call each, or nothing.

use serde::{
    Serialize,
    ser::{self, Impossible},
};

use super::{
    Value,
    failure::Failure,
    leaf::{MAP, MAP_TAG, OBJECT, SET, SET_TAG, write_plain},
    reader::Reader,
    ser::Serializer,
    ser_compound::{Map, Sequence},
    ser_key::refused,
};

/// What a call means.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// What serde says.
    Plain,
    /// Bytes are an item that is encoded already.
    Item,
    /// A map keeps its own order.
    Object,
    /// A sequence is a Set.
    Set,
    /// A sequence is that of a Map's entries.
    Map,
}

/// Writes what the newtype of that name holds.
pub(super) fn inside<T: Serialize + ?Sized>(
    serializer: &mut Serializer,
    name: &'static str,
    value: &T,
) -> Result<(), Failure> {
    let (kind, tag) = match name {
        OBJECT => (Kind::Object, None),
        SET => (Kind::Set, Some(SET_TAG)),
        MAP => (Kind::Map, Some(MAP_TAG)),
        _ => return leaf(serializer, name, value),
    };
    if let Some(tag) = tag {
        serializer.out.tag(tag);
    }
    value.serialize(Inside { serializer, kind })
}

/// A leaf gives its item. What serde keeps in buffers, as `flatten` and `tag` make it do with some enums, was asked for its plain form
/// before: the leaf is made again from that.
fn leaf<T: Serialize + ?Sized>(serializer: &mut Serializer, name: &'static str, value: &T) -> Result<(), Failure> {
    let kind = Kind::Item;
    if value.serialize(Inside { serializer, kind }).is_ok() {
        return Ok(());
    }
    let mut plain = Serializer::default();
    value.serialize(&mut plain)?;
    let plain = Value::read(&mut Reader::new(plain.out.as_bytes()))?;
    write_plain(name, plain, &mut serializer.out).map_or_else(refuse, Ok)
}

struct Inside<'s> {
    serializer: &'s mut Serializer,
    kind: Kind,
}

#[cold]
fn refuse<T>() -> Result<T, Failure> {
    Err(Failure::new(
        "something between this type and the encoding has changed its form: take it out of `flatten` and of tagged enums",
    ))
}

type Never = Impossible<(), Failure>;

impl<'s> ser::Serializer for Inside<'s> {
    type Ok = ();
    type Error = Failure;
    type SerializeSeq = Sequence<'s>;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Map<'s>;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    /// A leaf shall give its item.
    fn is_human_readable(&self) -> bool {
        self.kind != Kind::Item
    }

    fn serialize_bytes(self, item: &[u8]) -> Result<(), Failure> {
        match self.kind {
            Kind::Item => self.serializer.out.raw(item),
            _ => return refuse(),
        }
        Ok(())
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Sequence<'s>, Failure> {
        match self.kind {
            Kind::Set | Kind::Map => self.serializer.sequence(length, self.kind),
            _ => refuse(),
        }
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Map<'s>, Failure> {
        match self.kind {
            Kind::Object => self.serializer.map(length, self.kind),
            _ => refuse(),
        }
    }

    refused! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_i128(i128) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_u128(u128) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_tuple(usize) -> Never;
        serialize_tuple_struct(&'static str, usize) -> Never;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never;
        serialize_struct(&'static str, usize) -> Never;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Failure> {
        refuse()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<(), Failure> {
        refuse()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Failure> {
        refuse()
    }
}
