//! The parts of arrays, objects and enums, one after the other.

use serde::{
    Deserializer as _,
    de::{Deserialize, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor},
};

use super::{
    de_items::{Deserializer, Open},
    de_key::KeyDeserializer,
    failure::Failure,
    reader::malformed,
    seen::Scope,
};

pub(super) struct Elements<'d, 'de> {
    pub deserializer: &'d mut Deserializer<'de>,
    pub open: &'d Open,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Failure;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        if !self.deserializer.take(self.open) {
            return Ok(None);
        }
        self.deserializer.item(|next| seed.deserialize(next)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.deserializer.left(self.open))
    }
}

/// Two items for each entry.
pub(super) struct Entries<'d, 'de> {
    pub deserializer: &'d mut Deserializer<'de>,
    pub open: &'d Open,
    pub keys: &'d mut Scope,
}

impl Entries<'_, '_> {
    /// A type that takes keys for values would undo what is checked of keys.
    #[inline]
    fn expect_key(&mut self, key: bool) -> Result<(), Failure> {
        if self.deserializer.left(self.open).is_multiple_of(2) == key {
            return Ok(());
        }
        let at = self.deserializer.reader.offset();
        Err(self
            .deserializer
            .lose(malformed(at, "the type does not take keys and values by turns")))
    }
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Failure;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        self.expect_key(true)?;
        if !self.deserializer.take(self.open) {
            return Ok(None);
        }
        let (at, key) = self.deserializer.key(self.keys)?;
        match seed.deserialize(KeyDeserializer { key }) {
            Ok(key) => Ok(Some(key)),
            Err(failure) => Err(failure.or_at(at)),
        }
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        self.expect_key(false)?;
        self.deserializer.take(self.open);
        self.deserializer.item(|next| seed.deserialize(next))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.deserializer.left(self.open) / 2)
    }
}

/// A variant with content of an externally tagged enum: its name stands next, its content behind it.
pub(super) struct Variant<'d, 'de> {
    pub deserializer: &'d mut Deserializer<'de>,
    pub open: &'d Open,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Failure;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Failure> {
        self.deserializer.take(self.open);
        let (at, key) = self.deserializer.text(&"the name of a variant")?;
        match seed.deserialize(KeyDeserializer { key }) {
            Ok(variant) => Ok((variant, self)),
            Err(failure) => Err(failure.or_at(at)),
        }
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        self.deserializer.take(self.open);
        <()>::deserialize(self.deserializer)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        self.deserializer.take(self.open);
        self.deserializer.item(|content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Failure> {
        self.deserializer.take(self.open);
        self.deserializer.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserializer.take(self.open);
        self.deserializer.deserialize_map(visitor)
    }
}
