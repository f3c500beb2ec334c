//! Bytes → serde's data model, in one pass.

use serde::{
    de::{
        self, Error, Expected, Visitor,
        value::{BorrowedBytesDeserializer, BorrowedStrDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{
    BigInt, MAX_SAFE_INTEGER,
    de_access::{Elements, Entries, Variant},
    de_items::Deserializer,
    failure::Failure,
    leaf::{ITEM, MAP, MAP_TAG, SET, SET_TAG},
    number::Number,
    reader::{FALSE, Head, Major, TRUE, UNDEFINED},
};

impl<'de> Deserializer<'de> {
    fn visit_elements<V: Visitor<'de>>(&mut self, head: Head, visitor: V) -> Result<V::Value, Failure> {
        let open = self.open(head, head.argument)?;
        let elements = Elements {
            deserializer: self,
            open: &open,
        };
        let result = visitor.visit_seq(elements);
        self.close(&open, result)
    }

    fn visit_entries<V: Visitor<'de>>(&mut self, head: Head, visitor: V) -> Result<V::Value, Failure> {
        let open = self.open(head, head.argument.saturating_mul(2))?;
        let mut keys = self.keys(head.argument);
        let entries = Entries {
            deserializer: self,
            open: &open,
            keys: &mut keys,
        };
        let result = visitor.visit_map(entries);
        let value = self.close(&open, result)?;
        self.close_keys(&keys).map(|()| value)
    }

    fn visit_text<V: Visitor<'de>>(&mut self, head: Head, visitor: V) -> Result<V::Value, Failure> {
        let text = self.text_of(head)?;
        at(head, visitor.visit_borrowed_str(text))
    }

    fn visit_bytes<V: Visitor<'de>>(&mut self, head: Head, visitor: V) -> Result<V::Value, Failure> {
        let bytes = self.bytes_of(head)?;
        at(head, visitor.visit_borrowed_bytes(bytes))
    }

    /// The bytes of the item with that head, as what serde has no word for.
    fn visit_whole<V: Visitor<'de>>(&mut self, head: Head, visitor: V) -> Result<V::Value, Failure> {
        let item = self.whole(head.at)?;
        at(head, visitor.visit_newtype_struct(Item(item)))
    }

    /// The number with that head through `convert`, which gives up if a digit would be lost.
    fn number<T>(
        &mut self,
        head: Head,
        expected: &dyn Expected,
        convert: impl Fn(&Number) -> Option<T>,
    ) -> Result<T, Failure> {
        let number = match (head.major, head.argument) {
            (Major::Uint, argument) => Number::Integer(argument.into()),
            (Major::Nint, argument) => Number::Integer(!i128::from(argument)),
            (Major::Tag, BigInt::POSITIVE | BigInt::NEGATIVE) => Number::Big(BigInt::read(self.whole(head.at)?)?),
            _ => match self.float_of(head)? {
                Some(float) => Number::Float(float),
                None => return Err(self.unexpected(head, expected)),
            },
        };
        convert(&number).ok_or_else(|| {
            let message =
                format_args!("invalid value: this number is not exactly {expected}: use a type that holds it");
            Failure::custom(message).or_at(head.at)
        })
    }
}

/// The failure of a visitor that was given what stands there.
#[inline]
fn at<T>(head: Head, result: Result<T, Failure>) -> Result<T, Failure> {
    result.map_err(|failure| failure.or_at(head.at))
}

macro_rules! same {
    ($($method:ident => $as:ident,)+) => {
        $(#[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            self.$as(visitor)
        })+
    };
}

impl<'de> de::Deserializer<'de> for &mut Deserializer<'de> {
    type Error = Failure;

    fn is_human_readable(&self) -> bool {
        true
    }

    /// Says what the item is. What serde has no word for is a newtype around a newtype around the bytes of the item: that
    /// survives serde's buffers, and cannot be mistaken for a byte string.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.head()?;
        match head.major {
            Major::Uint => at(head, visitor.visit_u64(head.argument)),
            Major::Nint => match i64::try_from(head.argument) {
                Ok(argument) => at(head, visitor.visit_i64(!argument)),
                Err(_) => self.visit_whole(head, visitor),
            },
            Major::Bytes => self.visit_bytes(head, visitor),
            Major::Text => self.visit_text(head, visitor),
            Major::Array => self.visit_elements(head, visitor),
            Major::Map => self.visit_entries(head, visitor),
            Major::Tag => self.visit_whole(head, visitor),
            Major::Simple => match (head.info, self.float_of(head)?) {
                (FALSE, _) => at(head, visitor.visit_bool(false)),
                (TRUE, _) => at(head, visitor.visit_bool(true)),
                (UNDEFINED, _) => at(head, visitor.visit_none()),
                (_, Some(float)) => at(head, visitor.visit_f64(float)),
                _ => at(head, visitor.visit_unit()),
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

    #[inline]
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.head()?;
        let value = match head.major {
            Major::Uint => head.argument,
            _ => self.number(head, &visitor, |number| u64::try_from(number.to_i128()?).ok())?,
        };
        at(head, visitor.visit_u64(value))
    }

    #[inline]
    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.head()?;
        let value = match (head.major, i64::try_from(head.argument)) {
            (Major::Uint, Ok(argument)) => argument,
            (Major::Nint, Ok(argument)) => !argument,
            _ => self.number(head, &visitor, |number| i64::try_from(number.to_i128()?).ok())?,
        };
        at(head, visitor.visit_i64(value))
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.head()?;
        let value = self.number(head, &visitor, Number::to_u128)?;
        at(head, visitor.visit_u128(value))
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.head()?;
        let value = self.number(head, &visitor, Number::to_i128)?;
        at(head, visitor.visit_i128(value))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.head()?;
        let value = self.number(head, &visitor, Number::to_f32)?;
        at(head, visitor.visit_f32(value))
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.head()?;
        let value = match (head.major, self.float_of(head)?) {
            (_, Some(float)) => float,
            (Major::Uint, _) if head.argument <= MAX_SAFE_INTEGER => head.argument as f64,
            _ => self.number(head, &visitor, Number::to_f64)?,
        };
        at(head, visitor.visit_f64(value))
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.head()?;
        match (head.major, head.info) {
            (Major::Simple, FALSE) => at(head, visitor.visit_bool(false)),
            (Major::Simple, TRUE) => at(head, visitor.visit_bool(true)),
            _ => Err(self.unexpected(head, &visitor)),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.expect(Major::Text, &visitor)?;
        self.visit_text(head, visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.expect(Major::Bytes, &visitor)?;
        self.visit_bytes(head, visitor)
    }

    #[inline]
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

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        let tag = match name {
            ITEM => {
                let head = self.head()?;
                return self.visit_whole(head, visitor);
            }
            SET => SET_TAG,
            MAP => MAP_TAG,
            _ => return visitor.visit_newtype_struct(self),
        };
        let head = self.head()?;
        if head.major != Major::Tag || head.argument != tag {
            return Err(self.unexpected(head, &visitor));
        }
        // What a Set or Map may not hold twice is not known to the type, which sees a sequence.
        self.check_ahead(head.at)?;
        self.item(|inside| visitor.visit_newtype_struct(inside))
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.expect(Major::Array, &visitor)?;
        self.visit_elements(head, visitor)
    }

    #[inline]
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

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.expect(Major::Map, &visitor)?;
        self.visit_entries(head, visitor)
    }

    #[inline]
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
            (Major::Text, _) => {
                let name = self.text_of(head)?;
                at(head, visitor.visit_enum(BorrowedStrDeserializer::new(name)))
            }
            (Major::Map, 1) => {
                let open = self.open(head, 2)?;
                let result = visitor.visit_enum(Variant {
                    deserializer: self,
                    open: &open,
                });
                self.close(&open, result)
            }
            _ => Err(self.unexpected(head, &visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.whole(self.reader.offset())?;
        visitor.visit_unit()
    }
}

/// The bytes of an item; a newtype around them, whatever is asked for.
struct Item<'de>(&'de [u8]);

impl<'de> de::Deserializer<'de> for Item<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(BorrowedBytesDeserializer::new(self.0))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
