//! Map keys: text, or what has one plain spelling as text.

use core::fmt::{Display, Write};

use serde::{
    Serialize,
    ser::{self, Impossible},
};

use super::{failure::Failure, leaf::OURS, reader::Major, writer::Writer};
use crate::text::decimal;

pub(super) struct KeySerializer<'s> {
    pub out: &'s mut Writer,
}

impl KeySerializer<'_> {
    /// Decimal digits, several times as fast as `core::fmt` makes them.
    fn integer(self, key: i128) -> Result<(), Failure> {
        let Ok(magnitude) = u64::try_from(key.unsigned_abs()) else {
            return self.display(key);
        };
        let mut buffer = [0; 20];
        let digits = decimal(magnitude, &mut buffer);
        let sign: &[u8] = if key < 0 { b"-" } else { b"" };
        self.out.head(Major::Text, (sign.len() + digits.len()) as u64);
        self.out.raw(sign);
        self.out.raw(digits);
        Ok(())
    }

    /// Formats straight into the output; the head is corrected when the length is known.
    fn display(self, key: impl Display) -> Result<(), Failure> {
        let at = self.out.len();
        self.out.head(Major::Text, 0);
        let start = self.out.len();
        write!(self.out, "{key}").map_err(|_| Failure::new("a map key that cannot be formatted"))?;
        let length = self.out.len().saturating_sub(start) as u64;
        self.out.correct_head(at, Major::Text, 0, length);
        Ok(())
    }
}

#[cold]
fn refuse<T>() -> Result<T, Failure> {
    Err(Failure::new(
        "a map key must be text, an integer, a bool or a char: use OrderedMap for other keys",
    ))
}

macro_rules! integers {
    ($($method:ident: $key:ty,)+) => {
        $(fn $method(self, key: $key) -> Result<(), Failure> {
            self.integer(key.into())
        })+
    };
}

macro_rules! displayed {
    ($($method:ident: $key:ty,)+) => {
        $(fn $method(self, key: $key) -> Result<(), Failure> {
            self.display(key)
        })+
    };
}

/// Methods that do what a function `refuse` does.
macro_rules! refused {
    ($($method:ident($($arg:ty),*) -> $ok:ty;)+) => {
        $(fn $method(self $(, _: $arg)*) -> Result<$ok, Failure> {
            refuse()
        })+
    };
}
pub(super) use refused;

type Never = Impossible<(), Failure>;

impl ser::Serializer for KeySerializer<'_> {
    type Ok = ();
    type Error = Failure;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    integers! {
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
    }

    displayed! {
        serialize_u128: u128,
        serialize_bool: bool,
        serialize_char: char,
    }

    refused! {
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_seq(Option<usize>) -> Never;
        serialize_tuple(usize) -> Never;
        serialize_tuple_struct(&'static str, usize) -> Never;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never;
        serialize_map(Option<usize>) -> Never;
        serialize_struct(&'static str, usize) -> Never;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never;
    }

    fn serialize_str(self, key: &str) -> Result<(), Failure> {
        self.out.text(key);
        Ok(())
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), Failure> {
        self.serialize_str(variant)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, key: &T) -> Result<(), Failure> {
        key.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, key: &T) -> Result<(), Failure> {
        match name.starts_with(OURS) {
            true => refuse(),
            false => key.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), Failure> {
        refuse()
    }
}
