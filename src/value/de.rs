//! Bytes → serde's data model, in one pass.

use serde::de::{self, Visitor, value::BorrowedStrDeserializer};

use super::{
    de_access::{Elements, Entries, Variant},
    de_item::item,
    de_items::Deserializer,
    failure::Failure,
    leaf::{ITEM, MAP, MAP_TAG, SET, SET_TAG},
    number::Number,
    reader::{FALSE, Head, Major, TRUE, UNDEFINED},
};

impl<'de> Deserializer<'de> {
    fn visit_elements<V: Visitor<'de>>(&mut self, head: Head, visitor: V) -> Result<V::Value, Failure> {
        let open = &self.open(head, head.argument)?;
        let elements = Elements {
            deserializer: self,
            open,
        };
        match visitor.visit_seq(elements) {
            Ok(value) => self.close(open).map(|()| value),
            Err(failure) => Err(self.lose(failure)),
        }
    }

    fn visit_entries<V: Visitor<'de>>(&mut self, head: Head, visitor: V) -> Result<V::Value, Failure> {
        let open = &self.open(head, head.argument.saturating_mul(2))?;
        let keys = &mut self.keys(head.argument);
        let entries = Entries {
            deserializer: self,
            open,
            keys,
        };
        match visitor.visit_map(entries) {
            Ok(value) => self.close_object(open, keys).map(|()| value),
            Err(failure) => Err(self.lose(failure)),
        }
    }
}

macro_rules! same {
    ($($method:ident => $as:ident,)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            self.$as(visitor)
        })+
    };
}

macro_rules! read {
    ($($method:ident => $read:ident, $visit:ident;)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let value = self.$read(&visitor)?;
            visitor.$visit(value)
        })+
    };
}

macro_rules! numbers {
    ($($method:ident => $convert:ident, $visit:ident;)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let head = self.head()?;
            let value = self.number(head, &visitor, Number::$convert)?;
            visitor.$visit(value)
        })+
    };
}

impl<'de> de::Deserializer<'de> for &mut Deserializer<'de> {
    type Error = Failure;

    fn is_human_readable(&self) -> bool {
        true
    }

    /// Says what the item is; what serde has no word for, by [`item`].
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.head()?;
        match head.major {
            Major::Uint => visitor.visit_u64(head.argument),
            Major::Nint if head.argument <= i64::MAX as u64 => visitor.visit_i64(!(head.argument as i64)),
            Major::Bytes => visitor.visit_borrowed_bytes(self.bytes_of(head)?),
            Major::Text => visitor.visit_borrowed_str(self.text_of(head)?),
            Major::Array => self.visit_elements(head, visitor),
            Major::Map => self.visit_entries(head, visitor),
            Major::Nint | Major::Tag => item(self.whole(head.at)?).deserialize_any(visitor),
            Major::Simple => match (head.info, self.float_of(head)?) {
                (FALSE, _) => visitor.visit_bool(false),
                (TRUE, _) => visitor.visit_bool(true),
                (UNDEFINED, _) => visitor.visit_none(),
                (_, Some(float)) => visitor.visit_f64(float),
                _ => visitor.visit_unit(),
            },
        }
    }

    same! {
        deserialize_u8 => deserialize_u64,
        deserialize_u16 => deserialize_u64,
        deserialize_u32 => deserialize_u64,
        deserialize_i8 => deserialize_i64,
        deserialize_i16 => deserialize_i64,
        deserialize_i32 => deserialize_i64,
        deserialize_char => deserialize_str,
        deserialize_string => deserialize_str,
        deserialize_identifier => deserialize_str,
        deserialize_byte_buf => deserialize_bytes,
    }

    read! {
        deserialize_bool => bool, visit_bool;
        deserialize_u64 => u64, visit_u64;
        deserialize_i64 => i64, visit_i64;
        deserialize_f64 => f64, visit_f64;
        deserialize_str => text, visit_borrowed_str;
        deserialize_bytes => bytes, visit_borrowed_bytes;
    }

    numbers! {
        deserialize_u128 => to_u128, visit_u128;
        deserialize_i128 => to_i128, visit_i128;
        deserialize_f32 => to_f32, visit_f32;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.reader.nothing() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.reader.nothing() {
            return visitor.visit_unit();
        }
        let head = self.head()?;
        Err(self.unexpected(head, &visitor))
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        let tag = match name {
            ITEM => return visitor.visit_newtype_struct(item(self.whole(self.reader.offset())?)),
            SET => SET_TAG,
            MAP => MAP_TAG,
            _ => return visitor.visit_newtype_struct(self),
        };
        let head = self.tag(tag, &visitor)?;
        // What a Set or a Map may not hold twice is not known to the type, which sees a sequence.
        self.check_ahead(head.at)?;
        self.item(|inside| visitor.visit_newtype_struct(inside))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.array(&visitor)?;
        self.visit_elements(head, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.object(&visitor)?;
        self.visit_entries(head, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let head = self.head()?;
        match (head.major, head.argument) {
            (Major::Text, _) => visitor.visit_enum(BorrowedStrDeserializer::new(self.text_of(head)?)),
            (Major::Map, 1) => {
                let open = &self.open(head, 2)?;
                let variant = Variant {
                    deserializer: self,
                    open,
                };
                match visitor.visit_enum(variant) {
                    Ok(value) => self.close(open).map(|()| value),
                    Err(failure) => Err(self.lose(failure)),
                }
            }
            _ => Err(self.unexpected(head, &visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.whole(self.reader.offset())?;
        visitor.visit_unit()
    }
}
