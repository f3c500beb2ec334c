//! The parts of arrays, maps and enums, one after the other.

use serde::{
    Deserializer as _,
    de::{Deserialize, DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor},
};

use super::{de::Deserializer, de_key::KeyDeserializer, failure::Failure};

pub(super) struct Elements<'d, 'de> {
    pub deserializer: &'d mut Deserializer<'de>,
    pub left: u64,
}

impl Elements<'_, '_> {
    /// An error if the type took fewer elements than there are.
    pub fn finish(&self) -> Result<(), Failure> {
        finish(self.left, self.deserializer)
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        seed.deserialize(&mut *self.deserializer).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.deserializer.reader.capacity(self.left))
    }
}

pub(super) struct Entries<'d, 'de> {
    pub deserializer: &'d mut Deserializer<'de>,
    pub left: u64,
}

impl Entries<'_, '_> {
    /// An error if the type took fewer entries than there are.
    pub fn finish(&self) -> Result<(), Failure> {
        finish(self.left, self.deserializer)
    }
}

impl<'de> MapAccess<'de> for &mut Entries<'_, 'de> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        let at = self.deserializer.reader.offset();
        let key = self.deserializer.text(&"a text key")?;
        let key = seed
            .deserialize(KeyDeserializer { key })
            .map_err(|failure| failure.or_at(at))?;
        Ok(Some(key))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        seed.deserialize(&mut *self.deserializer)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.deserializer.reader.capacity(self.left))
    }
}

fn finish(left: u64, deserializer: &Deserializer<'_>) -> Result<(), Failure> {
    if left == 0 {
        return Ok(());
    }
    Err(Failure::new("more parts than the type holds").or_at(deserializer.reader.offset()))
}

/// A variant of an externally tagged enum: its name stands next, its content, if any, behind it.
pub(super) struct Variant<'d, 'de> {
    pub deserializer: &'d mut Deserializer<'de>,
    /// Only a name, no content.
    pub unit: bool,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Failure;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Failure> {
        let at = self.deserializer.reader.offset();
        let key = self.deserializer.text(&"the name of a variant")?;
        let variant = seed
            .deserialize(KeyDeserializer { key })
            .map_err(|failure| failure.or_at(at))?;
        Ok((variant, self))
    }
}

impl<'de> Variant<'_, 'de> {
    fn content(&mut self) -> Result<&mut Deserializer<'de>, Failure> {
        if self.unit {
            return Err(Failure::custom("this variant has content: expected {\"Variant\": …}"));
        }
        Ok(self.deserializer)
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        if self.unit {
            Ok(())
        } else {
            <()>::deserialize(self.deserializer)
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(mut self, seed: T) -> Result<T::Value, Failure> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(mut self, _length: usize, visitor: V) -> Result<V::Value, Failure> {
        self.content()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.content()?.deserialize_map(visitor)
    }
}
