//! Bytes → serde's data model. The input has been validated as a whole, so what can go wrong here is the type; nothing
//! relies on that for its safety.

use serde::{
    de::{self, Error, Expected, Unexpected, Visitor, value::BorrowedBytesDeserializer},
    forward_to_deserialize_any,
};

use super::{
    Date, Wtf8,
    de_access::{Elements, Entries, Variant},
    failure::Failure,
    leaf::{ITEM, MAP, MAP_TAG, SET, SET_TAG},
    number::Number,
    reader::{FALSE, Head, Major, NULL, Reader, TRUE, UNDEFINED},
};
use crate::Result as PublicResult;

pub(super) struct Deserializer<'de> {
    pub reader: Reader<'de>,
}

impl<'de> Deserializer<'de> {
    pub fn new(reader: Reader<'de>) -> Self {
        Self { reader }
    }

    pub fn finish(&self) -> PublicResult<()> {
        self.reader.finish()
    }

    #[inline]
    pub fn peek(&self) -> Result<Head, Failure> {
        Ok(self.reader.clone().head()?)
    }

    /// The head of the next item, which must be of that kind.
    #[inline]
    fn expect(&mut self, major: Major, expected: &dyn Expected) -> Result<Head, Failure> {
        let head = self.peek()?;
        if head.major != major {
            return Err(unexpected(head, expected));
        }
        Ok(self.reader.head()?)
    }

    /// The content of a text.
    #[inline]
    pub fn text(&mut self, expected: &dyn Expected) -> Result<&'de str, Failure> {
        let head = self.expect(Major::Text, expected)?;
        Ok(self.reader.text_of(head)?)
    }

    /// The bytes of the next item as a whole.
    fn item(&mut self) -> Result<Item<'de>, Failure> {
        let start = self.reader.offset();
        self.reader.jump()?;
        Ok(Item(self.reader.since(start)))
    }

    fn elements<V: Visitor<'de>>(&mut self, head: Head, visitor: V) -> Result<V::Value, Failure> {
        let mut elements = Elements {
            deserializer: self,
            left: head.argument,
        };
        let value = visitor
            .visit_seq(&mut elements)
            .map_err(|failure| failure.or_at(head.at))?;
        elements.finish().map(|()| value)
    }

    fn entries<V: Visitor<'de>>(&mut self, head: Head, visitor: V) -> Result<V::Value, Failure> {
        let mut entries = Entries {
            deserializer: self,
            left: head.argument,
        };
        let value = visitor
            .visit_map(&mut entries)
            .map_err(|failure| failure.or_at(head.at))?;
        entries.finish().map(|()| value)
    }

    /// Steps over null or undefined, if that is what follows.
    #[inline]
    fn nothing(&mut self) -> Result<bool, Failure> {
        let head = self.peek()?;
        let nothing = head.major == Major::Simple && matches!(head.info, NULL | UNDEFINED);
        if nothing {
            self.reader.head()?;
        }
        Ok(nothing)
    }

    /// The next number through `convert`, which gives up if a digit would be lost.
    fn number<T>(&mut self, expected: &dyn Expected, convert: impl Fn(&Number) -> Option<T>) -> Result<T, Failure> {
        let head = self.peek()?;
        let Some(number) = Number::read(&mut self.reader)? else {
            return Err(unexpected(head, expected));
        };
        convert(&number).ok_or_else(|| {
            let message =
                format_args!("invalid value: this number is not exactly {expected}: use a type that holds it");
            Failure::custom(message).or_at(head.at)
        })
    }
}

macro_rules! integers {
    ($($method:ident => $integer:ty, $visit:ident;)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let at = self.reader.offset();
            let value = self.number(&visitor, |number| <$integer>::try_from(number.to_i128()?).ok())?;
            visitor.$visit(value).map_err(|failure: Failure| failure.or_at(at))
        })+
    };
}

macro_rules! numbers {
    ($($method:ident => $convert:ident, $visit:ident;)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            let at = self.reader.offset();
            let value = self.number(&visitor, Number::$convert)?;
            visitor.$visit(value).map_err(|failure: Failure| failure.or_at(at))
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
        let head = self.peek()?;
        let located = |failure: Failure| failure.or_at(head.at);
        match head.major {
            Major::Uint => self.deserialize_u64(visitor),
            Major::Nint if head.argument <= i64::MAX as u64 => self.deserialize_i64(visitor),
            Major::Bytes => self.deserialize_bytes(visitor),
            Major::Text => self.deserialize_str(visitor),
            Major::Array => self.deserialize_seq(visitor),
            Major::Map => self.deserialize_map(visitor),
            Major::Nint | Major::Tag => visitor.visit_newtype_struct(self.item()?).map_err(located),
            Major::Simple => {
                self.reader.head()?;
                let result = match (head.info, head.float()) {
                    (FALSE, _) => visitor.visit_bool(false),
                    (TRUE, _) => visitor.visit_bool(true),
                    (UNDEFINED, _) => visitor.visit_none(),
                    (_, Some(float)) => visitor.visit_f64(float.to_f64()),
                    _ => visitor.visit_unit(),
                };
                result.map_err(located)
            }
        }
    }

    integers! {
        deserialize_i8 => i64, visit_i64;
        deserialize_i16 => i64, visit_i64;
        deserialize_i32 => i64, visit_i64;
        deserialize_i64 => i64, visit_i64;
        deserialize_u8 => u64, visit_u64;
        deserialize_u16 => u64, visit_u64;
        deserialize_u32 => u64, visit_u64;
        deserialize_u64 => u64, visit_u64;
    }

    numbers! {
        deserialize_i128 => to_i128, visit_i128;
        deserialize_u128 => to_u128, visit_u128;
        deserialize_f32 => to_f32, visit_f32;
        deserialize_f64 => to_f64, visit_f64;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.peek()?;
        match (head.major, head.info) {
            (Major::Simple, FALSE | TRUE) => self.deserialize_any(visitor),
            _ => Err(unexpected(head, &visitor)),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let at = self.reader.offset();
        let text = self.text(&visitor)?;
        visitor
            .visit_borrowed_str(text)
            .map_err(|failure: Failure| failure.or_at(at))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.expect(Major::Bytes, &visitor)?;
        let bytes = self.reader.bytes_of(head)?;
        visitor
            .visit_borrowed_bytes(bytes)
            .map_err(|failure: Failure| failure.or_at(head.at))
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.nothing()? {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.peek()?;
        if self.nothing()? {
            visitor.visit_unit()
        } else {
            Err(unexpected(head, &visitor))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        let head = self.peek()?;
        let tag = match name {
            ITEM => {
                let item = self.item()?;
                return visitor
                    .visit_newtype_struct(item)
                    .map_err(|failure: Failure| failure.or_at(head.at));
            }
            SET => SET_TAG,
            MAP => MAP_TAG,
            _ => return visitor.visit_newtype_struct(self),
        };
        if head.major != Major::Tag || head.argument != tag {
            return Err(unexpected(head, &visitor));
        }
        self.reader.head()?;
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let head = self.expect(Major::Array, &visitor)?;
        self.elements(head, visitor)
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
        let head = self.expect(Major::Map, &visitor)?;
        self.entries(head, visitor)
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
        let head = self.peek()?;
        let unit = match (head.major, head.argument) {
            (Major::Text, _) => true,
            (Major::Map, 1) => {
                self.reader.head()?;
                false
            }
            _ => return Err(unexpected(head, &visitor)),
        };
        let variant = Variant {
            deserializer: self,
            unit,
        };
        visitor.visit_enum(variant).map_err(|failure| failure.or_at(head.at))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.reader.jump()?;
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

#[cold]
fn unexpected(head: Head, expected: &dyn Expected) -> Failure {
    let found = match (head.major, head.argument) {
        (Major::Uint, value) => Unexpected::Unsigned(value),
        (Major::Nint, _) => Unexpected::Other("a negative integer"),
        (Major::Bytes, _) => Unexpected::Other("a byte string"),
        (Major::Text, _) => Unexpected::Other("text"),
        (Major::Array, _) => Unexpected::Other("an array"),
        (Major::Map, _) => Unexpected::Other("an object"),
        (Major::Tag, 2 | 3) => Unexpected::Other("a BigInt"),
        (Major::Tag, Date::TAG) => Unexpected::Other("a Date (use value::Date)"),
        (Major::Tag, Wtf8::TAG) => Unexpected::Other("text with lone surrogates (use value::Value or value::Wtf8)"),
        (Major::Tag, SET_TAG) => Unexpected::Other("a Set (use value::Set)"),
        (Major::Tag, MAP_TAG) => Unexpected::Other("a Map (use value::OrderedMap)"),
        (Major::Tag, _) => Unexpected::Other("a typed array (use value::TypedArray)"),
        (Major::Simple, _) => match head.info {
            FALSE => Unexpected::Bool(false),
            TRUE => Unexpected::Bool(true),
            NULL => Unexpected::Other("null"),
            UNDEFINED => Unexpected::Other("undefined"),
            _ => Unexpected::Other("a number"),
        },
    };
    Failure::invalid_type(found, expected).or_at(head.at)
}
