//! serde's data model → bytes, in one pass over one output.

use alloc::vec::Vec;

use serde::{Serialize, ser};

use super::{
    BigInt, MAX_DEPTH,
    entries::Entries,
    failure::Failure,
    leaf::{Leaf, OURS},
    reader::{FALSE, Major, NULL, Reader, TRUE},
    seen::Seen,
    ser_compound::{Fields, Map, Sequence},
    ser_inside::{Kind, inside},
    writer::Writer,
};

#[derive(Default)]
pub(super) struct Serializer {
    pub out: Writer,
    depth: usize,
    /// The entries of the maps that are open.
    pub entries: Entries,
    /// The keys of other open collections that may not hold one twice.
    pub seen: Seen,
}

impl Serializer {
    pub fn into_bytes(self) -> Vec<u8> {
        self.out.into_bytes()
    }

    #[inline]
    fn enter(&mut self) -> Result<(), Failure> {
        if self.depth >= MAX_DEPTH {
            let message =
                alloc::format!("nested deeper than {MAX_DEPTH} levels: flatten the state, or break the cycle");
            return Err(Failure::new(message));
        }
        self.depth += 1;
        Ok(())
    }

    #[inline]
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    #[inline]
    pub fn sequence(&mut self, length: Option<usize>, kind: Kind) -> Result<Sequence<'_>, Failure> {
        self.enter()?;
        Ok(Sequence::new(self, length, kind))
    }

    #[inline]
    pub fn map(&mut self, length: Option<usize>, kind: Kind) -> Result<Map<'_>, Failure> {
        self.enter()?;
        Ok(Map::new(self, length, kind))
    }

    #[inline]
    fn fields(&mut self, length: usize) -> Result<Fields<'_>, Failure> {
        self.enter()?;
        Ok(Fields::new(self, length))
    }

    /// The start of `{"Variant": …}`.
    fn variant(&mut self, variant: &str) -> Result<(), Failure> {
        self.enter()?;
        self.out.map(1);
        self.out.text(variant);
        Ok(())
    }

    fn integer(&mut self, value: i128) {
        if let Ok(value) = i64::try_from(value) {
            self.out.int(value);
        } else {
            BigInt::from(value).write(&mut self.out);
        }
    }
}

macro_rules! integers {
    ($($method:ident: $integer:ty => $write:ident as $wide:ty,)+) => {
        $(#[inline]
        fn $method(self, value: $integer) -> Result<(), Failure> {
            self.out.$write(<$wide>::from(value));
            Ok(())
        })+
    };
}

impl<'s> ser::Serializer for &'s mut Serializer {
    type Ok = ();
    type Error = Failure;
    type SerializeSeq = Sequence<'s>;
    type SerializeTuple = Sequence<'s>;
    type SerializeTupleStruct = Sequence<'s>;
    type SerializeTupleVariant = Sequence<'s>;
    type SerializeMap = Map<'s>;
    type SerializeStruct = Fields<'s>;
    type SerializeStructVariant = Fields<'s>;

    /// Text forms, because other languages read them, and because serde's own buffers (`flatten`, `untagged`) ask for them.
    fn is_human_readable(&self) -> bool {
        true
    }

    integers! {
        serialize_i8: i8 => int as i64,
        serialize_i16: i16 => int as i64,
        serialize_i32: i32 => int as i64,
        serialize_i64: i64 => int as i64,
        serialize_u8: u8 => uint as u64,
        serialize_u16: u16 => uint as u64,
        serialize_u32: u32 => uint as u64,
        serialize_u64: u64 => uint as u64,
        serialize_f32: f32 => number as f64,
        serialize_f64: f64 => number as f64,
    }

    fn serialize_i128(self, value: i128) -> Result<(), Failure> {
        self.integer(value);
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<(), Failure> {
        match i128::try_from(value) {
            Ok(value) => self.integer(value),
            Err(_) => BigInt::from(value).write(&mut self.out),
        }
        Ok(())
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Failure> {
        self.out.simple(if value { TRUE } else { FALSE });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Failure> {
        self.out.text(value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Failure> {
        self.out.text(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Failure> {
        self.out.bytes(value);
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Failure> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failure> {
        let start = self.out.len();
        value.serialize(&mut *self)?;
        match self.out.as_bytes().get(start..) {
            Some([0xf6 | 0xf7]) => Err(serde::ser::Error::custom(
                "`Some` of nothing would come back as `None`; use an enum, or leave one `Option` out",
            )),
            _ => Ok(()),
        }
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Failure> {
        self.out.simple(NULL);
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Failure> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), Failure> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), Failure> {
        if name.starts_with(OURS) {
            return inside(self, name, value);
        }
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Failure> {
        self.variant(variant)?;
        value
            .serialize(&mut *self)
            .map_err(|failure| failure.in_entry(variant))?;
        self.leave();
        Ok(())
    }

    #[inline]
    fn serialize_seq(self, length: Option<usize>) -> Result<Sequence<'s>, Failure> {
        self.sequence(length, Kind::Plain)
    }

    #[inline]
    fn serialize_tuple(self, length: usize) -> Result<Sequence<'s>, Failure> {
        self.sequence(Some(length), Kind::Plain)
    }

    fn serialize_tuple_struct(self, _name: &'static str, length: usize) -> Result<Sequence<'s>, Failure> {
        self.sequence(Some(length), Kind::Plain)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Sequence<'s>, Failure> {
        self.variant(variant)?;
        Ok(self.sequence(Some(length), Kind::Plain)?.of_variant(variant))
    }

    #[inline]
    fn serialize_map(self, length: Option<usize>) -> Result<Map<'s>, Failure> {
        self.map(length, Kind::Plain)
    }

    #[inline]
    fn serialize_struct(self, _name: &'static str, length: usize) -> Result<Fields<'s>, Failure> {
        self.fields(length)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Fields<'s>, Failure> {
        self.variant(variant)?;
        Ok(self.fields(length)?.of_variant(variant))
    }
}

/// The head of an open array or map: written for the announced length, corrected if that was wrong.
pub(super) struct OpenHead {
    at: usize,
    major: Major,
    announced: u64,
    pub count: usize,
    /// What went wrong first inside of it. The type may go on all the same, but not to an end.
    failed: Option<Failure>,
}

impl OpenHead {
    #[inline]
    pub fn write(out: &mut Writer, major: Major, length: Option<usize>) -> Self {
        let (at, announced) = (out.len(), length.unwrap_or_default() as u64);
        out.head(major, announced);
        Self {
            at,
            major,
            announced,
            count: 0,
            failed: None,
        }
    }

    /// Remembers what went wrong with a part.
    #[inline]
    pub fn note(&mut self, written: Result<(), Failure>) -> Result<(), Failure> {
        written.inspect_err(|failure| {
            self.failed.get_or_insert_with(|| failure.clone());
        })
    }

    /// Before it is closed: the first of them again. What the serializer knows of open collections is not to be trusted then.
    #[inline]
    pub fn check(&mut self) -> Result<(), Failure> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Which of its elements lies at `at`.
    #[cold]
    pub fn element_at(&self, out: &[u8], at: usize) -> usize {
        let mut reader = Reader::at(out, self.at);
        let mut index = 0;
        if reader.head().is_ok() {
            while reader.jump().is_ok() && reader.offset() <= at {
                index += 1;
            }
        }
        index
    }

    #[inline]
    pub fn close(&self, out: &mut Writer) {
        out.correct_head(self.at, self.major, self.announced, self.count as u64);
    }
}
