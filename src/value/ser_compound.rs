//! The collections of serde's data model while they are being written.

use alloc::{borrow::ToOwned, format, string::String};

use serde::{Serialize, ser};

use super::{
    failure::Failure,
    order::Span,
    reader::{Major, Reader},
    seen,
    ser::{OpenHead, Serializer},
    ser_distinct::Distinct,
    ser_inside::Kind,
    ser_key::KeySerializer,
};

/// An open array; also that of a tuple variant, and of a Set or a Map.
pub(super) struct Sequence<'s> {
    serializer: &'s mut Serializer,
    head: OpenHead,
    variant: Option<&'static str>,
    distinct: Option<Distinct>,
}

impl<'s> Sequence<'s> {
    #[inline]
    pub fn new(serializer: &'s mut Serializer, length: Option<usize>, kind: Kind) -> Self {
        let head = OpenHead::write(&mut serializer.out, Major::Array, length);
        let distinct = Distinct::of(kind, serializer, length);
        Self {
            serializer,
            head,
            variant: None,
            distinct,
        }
    }

    pub fn of_variant(self, variant: &'static str) -> Self {
        Self {
            variant: Some(variant),
            ..self
        }
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        let (index, start) = (self.head.count, self.serializer.out.len());
        self.head.count = index.saturating_add(1);
        let mut written = value.serialize(&mut *self.serializer);
        if self.distinct.is_some() {
            written = written.and_then(|()| self.check(start));
        }
        let variant = self.variant;
        self.head
            .note(written.map_err(|failure| in_variant(failure.in_element(index), variant)))
    }

    #[inline(never)]
    fn check(&mut self, start: usize) -> Result<(), Failure> {
        match &mut self.distinct {
            Some(distinct) => distinct.add(self.serializer, start),
            None => Ok(()),
        }
    }

    #[inline]
    fn close(mut self) -> Result<(), Failure> {
        self.head.check()?;
        if let Some(distinct) = &self.distinct {
            distinct.close(self.serializer, &self.head)?;
        }
        self.head.close(&mut self.serializer.out);
        close(self.serializer, self.variant)
    }
}

/// An open plain object in field order; also the object of a struct variant.
pub(super) struct Fields<'s> {
    serializer: &'s mut Serializer,
    head: OpenHead,
    names: seen::Scope,
    variant: Option<&'static str>,
}

impl<'s> Fields<'s> {
    #[inline]
    pub fn new(serializer: &'s mut Serializer, length: usize) -> Self {
        let head = OpenHead::write(&mut serializer.out, Major::Map, Some(length));
        let names = serializer.seen.open(length as u64);
        Self {
            serializer,
            head,
            names,
            variant: None,
        }
    }

    pub fn of_variant(self, variant: &'static str) -> Self {
        Self {
            variant: Some(variant),
            ..self
        }
    }

    /// An internally tagged enum can hold a struct that has a field named like its tag.
    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failure> {
        self.head.count = self.head.count.saturating_add(1);
        let Serializer { out, seen, .. } = &mut *self.serializer;
        let start = out.len();
        out.text(name);
        let key = Span { start, end: out.len() };
        let written = match seen.add(&mut self.names, name.as_bytes(), key, out.as_bytes()) {
            true => value
                .serialize(&mut *self.serializer)
                .map_err(|failure| failure.in_entry(name)),
            false => Err(repeated(name)),
        };
        let variant = self.variant;
        self.head.note(written.map_err(|failure| in_variant(failure, variant)))
    }

    #[inline]
    fn close(mut self) -> Result<(), Failure> {
        self.head.check()?;
        if let Some(key) = self.serializer.seen.close(&self.names, self.serializer.out.as_bytes()) {
            return Err(in_variant(
                repeated(&key_text(self.serializer, key.start)),
                self.variant,
            ));
        }
        self.head.close(&mut self.serializer.out);
        close(self.serializer, self.variant)
    }
}

/// An open map.
pub(super) struct Map<'s> {
    serializer: &'s mut Serializer,
    head: OpenHead,
    keys: Keys,
    /// Where the key lies whose value comes next.
    key: Option<usize>,
}

/// The keys of an open map.
enum Keys {
    /// Its entries, from here on in the list, are put into order at the end.
    Sorted(usize),
    /// It stays as it is.
    OwnOrder(seen::Scope),
}

impl<'s> Map<'s> {
    #[inline]
    pub fn new(serializer: &'s mut Serializer, length: Option<usize>, kind: Kind) -> Self {
        let head = OpenHead::write(&mut serializer.out, Major::Map, length);
        let keys = match kind {
            Kind::Object => Keys::OwnOrder(serializer.seen.open(length.unwrap_or_default() as u64)),
            _ => Keys::Sorted(serializer.entries.open()),
        };
        Self {
            serializer,
            head,
            keys,
            key: None,
        }
    }
}

impl Map<'_> {
    #[inline]
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failure> {
        let Serializer { out, entries, seen, .. } = &mut *self.serializer;
        let start = out.len();
        key.serialize(KeySerializer { out })?;
        let fresh = match &mut self.keys {
            Keys::Sorted(_) => {
                entries.add(start, out);
                true
            }
            Keys::OwnOrder(scope) => {
                let key = Span { start, end: out.len() };
                seen.add(scope, key.of(out.as_bytes()), key, out.as_bytes())
            }
        };
        self.head.count = self.head.count.saturating_add(1);
        match self.key.replace(start) {
            None if fresh => Ok(()),
            None => Err(repeated(&key_text(self.serializer, start))),
            Some(_) => Err(Failure::new(BY_TURNS)),
        }
    }

    #[inline]
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        let Some(key) = self.key.take() else {
            return Err(Failure::new(BY_TURNS));
        };
        let written = value.serialize(&mut *self.serializer);
        written.map_err(|failure| failure.in_entry(&key_text(self.serializer, key)))
    }
}

impl ser::SerializeMap for Map<'_> {
    type Ok = ();
    type Error = Failure;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failure> {
        let written = self.key(key);
        self.head.note(written)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failure> {
        let written = self.value(value);
        self.head.note(written)
    }

    fn end(mut self) -> Result<(), Failure> {
        self.head.check()?;
        if self.key.is_some() {
            return Err(Failure::new(BY_TURNS));
        }
        let Serializer { out, entries, seen, .. } = &mut *self.serializer;
        let twice = match &self.keys {
            Keys::Sorted(base) => entries.close(*base, out),
            Keys::OwnOrder(scope) => seen.close(scope, out.as_bytes()),
        };
        if let Some(key) = twice {
            return Err(repeated(&key_text(self.serializer, key.start)));
        }
        self.head.close(out);
        close(self.serializer, None)
    }
}

const BY_TURNS: &str = "a map writes keys and values by turns: fix the Serialize implementation";

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
fn key_text(serializer: &Serializer, at: usize) -> String {
    let key = Reader::at(serializer.out.as_bytes(), at).text();
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
