//! The parts of arrays, objects and enums, one after the other.

use serde::{
    Deserializer as _,
    de::{Deserialize, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor},
};

use super::{
    de_items::{Deserializer, Open},
    de_key::KeyDeserializer,
    failure::Failure,
    seen::Scope,
};

pub(super) struct Elements<'d, 'de> {
    pub deserializer: &'d mut Deserializer<'de>,
    pub open: &'d Open,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Failure;

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

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some((at, key)) = self.deserializer.next_key(self.open, self.keys)? else {
            return Ok(None);
        };
        match seed.deserialize(KeyDeserializer { key }) {
            Ok(key) => Ok(Some(key)),
            Err(failure) => Err(failure.or_at(at)),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        self.deserializer.take_value(self.open)?;
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
        let (at, key) = self.deserializer.key()?;
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
