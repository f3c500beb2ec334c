//! The collections of serde's data model while they are being written.

use alloc::{borrow::ToOwned, format, string::String};

use serde::{Serialize, ser};

use super::{
    entries::{self, Entry},
    failure::Failure,
    reader::{Major, Reader},
    ser::{OpenHead, Serializer},
    ser_key::KeySerializer,
};

/// An open array; also the array of a tuple variant.
pub(super) struct Sequence<'s> {
    serializer: &'s mut Serializer,
    head: OpenHead,
    variant: Option<&'static str>,
}

impl<'s> Sequence<'s> {
    #[inline]
    pub fn new(serializer: &'s mut Serializer, length: Option<usize>) -> Self {
        let head = OpenHead::write(&mut serializer.out, Major::Array, length);
        Self {
            serializer,
            head,
            variant: None,
        }
    }

    pub fn of_variant(self, variant: &'static str) -> Self {
        Self {
            variant: Some(variant),
            ..self
        }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        let index = self.head.count;
        self.head.count = index.saturating_add(1);
        value
            .serialize(&mut *self.serializer)
            .map_err(|failure| in_variant(failure.in_element(index), self.variant))
    }

    #[inline]
    fn close(self) -> Result<(), Failure> {
        self.head.close(&mut self.serializer.out);
        close(self.serializer, self.variant)
    }
}

/// An open plain object in field order; also the object of a struct variant.
pub(super) struct Fields<'s> {
    serializer: &'s mut Serializer,
    head: OpenHead,
    /// Where the names of this struct start in the serializer's list.
    base: usize,
    /// One bit per name, by a cheap hash: while all bits differ, so do the names.
    seen: u64,
    variant: Option<&'static str>,
}

impl<'s> Fields<'s> {
    #[inline]
    pub fn new(serializer: &'s mut Serializer, length: usize) -> Self {
        let head = OpenHead::write(&mut serializer.out, Major::Map, Some(length));
        let base = serializer.fields.len();
        Self {
            serializer,
            head,
            base,
            seen: 0,
            variant: None,
        }
    }

    pub fn of_variant(self, variant: &'static str) -> Self {
        Self {
            variant: Some(variant),
            ..self
        }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failure> {
        self.check(name)?;
        self.head.count = self.head.count.saturating_add(1);
        self.serializer.out.text(name);
        value
            .serialize(&mut *self.serializer)
            .map_err(|failure| in_variant(failure.in_entry(name), self.variant))
    }

    /// An internally tagged enum can hold a struct that has a field named like its tag.
    #[inline]
    fn check(&mut self, name: &'static str) -> Result<(), Failure> {
        let bytes = name.as_bytes();
        let ends = bytes
            .first()
            .zip(bytes.last())
            .map_or(0, |(first, last)| first.wrapping_mul(7) ^ last);
        let bit = 1u64 << ((bytes.len().wrapping_mul(11) as u8 ^ ends) % 64);
        let fields = &mut self.serializer.fields;
        if self.seen & bit != 0 && fields.iter().skip(self.base).any(|earlier| *earlier == name) {
            return Err(in_variant(repeated(name), self.variant));
        }
        self.seen |= bit;
        fields.push(name);
        Ok(())
    }

    #[inline]
    fn close(self) -> Result<(), Failure> {
        self.serializer.fields.truncate(self.base);
        self.head.close(&mut self.serializer.out);
        close(self.serializer, self.variant)
    }
}

/// An open map: each entry is encoded once; at the end the ranges are put into order.
pub(super) struct Map<'s> {
    serializer: &'s mut Serializer,
    head: OpenHead,
    /// Where the entries of this map start in the serializer's list.
    base: usize,
    /// Where the first entry starts in the output.
    start: usize,
    own_order: bool,
}

impl<'s> Map<'s> {
    #[inline]
    pub fn new(serializer: &'s mut Serializer, length: Option<usize>, own_order: bool) -> Self {
        let head = OpenHead::write(&mut serializer.out, Major::Map, length);
        let (base, start) = (serializer.entries.len(), serializer.out.len());
        Self {
            serializer,
            head,
            base,
            start,
            own_order,
        }
    }
}

impl ser::SerializeMap for Map<'_> {
    type Ok = ();
    type Error = Failure;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failure> {
        let start = self.serializer.out.len();
        key.serialize(KeySerializer {
            out: &mut self.serializer.out,
        })?;
        let end = self.serializer.out.len();
        self.serializer.entries.push(Entry {
            key: start,
            value: end,
            end,
        });
        self.head.count = self.head.count.saturating_add(1);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        let result = value.serialize(&mut *self.serializer);
        let end = self.serializer.out.len();
        // Entries of maps inside are gone by now, unless the value failed; then the last one of ours is not the last.
        let newest = self.base.saturating_add(self.head.count).saturating_sub(1);
        let Some(entry) = self.serializer.entries.get_mut(newest) else {
            return Err(Failure::new(
                "a map value without a key: fix the Serialize implementation",
            ));
        };
        entry.end = end;
        let entry = *entry;
        result.map_err(|failure| failure.in_entry(&key_text(self.serializer, entry)))
    }

    fn end(self) -> Result<(), Failure> {
        let Serializer {
            out, entries, scratch, ..
        } = &mut *self.serializer;
        let ours = entries.get_mut(self.base..).unwrap_or_default();
        let moved = entries::sort(out.as_bytes(), ours);
        if let Some(entry) = entries::first_duplicate(out.as_bytes(), ours) {
            return Err(repeated(&key_text(self.serializer, entry)));
        }
        if moved && !self.own_order {
            scratch.clear();
            entries::copy(out.as_bytes(), ours, scratch);
            out.replace_tail(self.start, scratch);
        }
        entries.truncate(self.base);
        self.head.close(out);
        close(self.serializer, None)
    }
}

#[inline]
fn close(serializer: &mut Serializer, variant: Option<&'static str>) -> Result<(), Failure> {
    serializer.leave();
    if variant.is_some() {
        serializer.leave();
    }
    Ok(())
}

#[cold]
fn in_variant(failure: Failure, variant: Option<&'static str>) -> Failure {
    match variant {
        Some(variant) => failure.in_entry(variant),
        None => failure,
    }
}

#[cold]
fn repeated(key: &str) -> Failure {
    Failure::new(format!("two entries have the key \"{key}\": rename or remove one")).in_entry(key)
}

#[cold]
fn key_text(serializer: &Serializer, entry: Entry) -> String {
    let key = Reader::new(entry.key_in(serializer.out.as_bytes())).text();
    key.unwrap_or_default().to_owned()
}

macro_rules! sequences {
    ($($name:ident::$method:ident,)+) => {
        $(impl ser::$name for Sequence<'_> {
            type Ok = ();
            type Error = Failure;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
                self.element(value)
            }

            fn end(self) -> Result<(), Failure> {
                self.close()
            }
        })+
    };
}

sequences! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

macro_rules! structs {
    ($($name:ident,)+) => {
        $(impl ser::$name for Fields<'_> {
            type Ok = ();
            type Error = Failure;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failure> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Failure> {
                self.close()
            }
        })+
    };
}

structs! {
    SerializeStruct,
    SerializeStructVariant,
}
