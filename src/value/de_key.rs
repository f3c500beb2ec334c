//! Map keys: text that is read back into what it was written from.

use core::str::FromStr;

use serde::{
    de::{self, Error, IntoDeserializer, Unexpected, Visitor},
    forward_to_deserialize_any,
};

use super::failure::Failure;

pub(super) struct KeyDeserializer<'de> {
    pub key: &'de str,
}

impl KeyDeserializer<'_> {
    /// Only the spelling that the serializer writes: `7` and `07` must not become one key.
    fn parse<T: FromStr>(&self, visitor: &dyn de::Expected) -> Result<T, Failure> {
        let plain = match self.key.strip_prefix('-').unwrap_or(self.key).as_bytes() {
            [b'+', ..] => false,
            [b'0', ..] => self.key == "0",
            _ => true,
        };
        let parsed = self.key.parse().ok().filter(|_| plain);
        parsed.ok_or_else(|| Failure::invalid_value(Unexpected::Str(self.key), visitor))
    }
}

macro_rules! parsed {
    ($($method:ident => $key:ty, $visit:ident;)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let key: $key = self.parse(&visitor)?;
            visitor.$visit(key)
        })+
    };
}

impl<'de> de::Deserializer<'de> for KeyDeserializer<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_borrowed_str(self.key)
    }

    parsed! {
        deserialize_bool => bool, visit_bool;
        deserialize_i8 => i8, visit_i8;
        deserialize_i16 => i16, visit_i16;
        deserialize_i32 => i32, visit_i32;
        deserialize_i64 => i64, visit_i64;
        deserialize_i128 => i128, visit_i128;
        deserialize_u8 => u8, visit_u8;
        deserialize_u16 => u16, visit_u16;
        deserialize_u32 => u32, visit_u32;
        deserialize_u64 => u64, visit_u64;
        deserialize_u128 => u128, visit_u128;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_enum(self.key.into_deserializer())
    }

    forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
