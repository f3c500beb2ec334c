//! What a Set and a Map may not hold twice while they are being written. ECMAScript tells numbers, text and the like apart by
//! content; a reader there would lose one of two that are equal.

use super::{
    failure::Failure,
    order::Span,
    reader::Reader,
    seen::{NEGATIVE_ZERO, Scope, is_primitive},
    ser::{OpenHead, Serializer},
    ser_inside::Kind,
};

pub(super) struct Distinct {
    /// Of each element, a pair, the first half counts.
    of_map: bool,
    scope: Scope,
}

impl Distinct {
    #[inline]
    pub fn of(kind: Kind, serializer: &Serializer, length: Option<usize>) -> Option<Self> {
        let of_map = match kind {
            Kind::Set => false,
            Kind::Map => true,
            _ => return None,
        };
        let scope = serializer.seen.open(length.unwrap_or_default() as u64);
        Some(Self { of_map, scope })
    }

    /// Takes note of the element that was written from `start` on.
    pub fn add(&mut self, serializer: &mut Serializer, start: usize) -> Result<(), Failure> {
        let out = serializer.out.as_bytes();
        let at = start.saturating_add(usize::from(self.of_map)); // the head of a pair is one byte
        let mut reader = Reader::at(out, at);
        reader.jump()?;
        let item = reader.since(at);
        if !is_primitive(item) {
            return Ok(());
        }
        if item == NEGATIVE_ZERO {
            return Err(self.inside(Failure::new("−0 cannot be a Map key or a Set element: make it 0")));
        }
        let key = Span {
            start: at,
            end: reader.offset(),
        };
        if serializer.seen.add(&mut self.scope, item, key, out) {
            return Ok(());
        }
        Err(self.inside(Failure::new(REPEATED)))
    }

    /// Ends the collection that starts with `head`.
    pub fn close(&self, serializer: &mut Serializer, head: &OpenHead) -> Result<(), Failure> {
        let out = serializer.out.as_bytes();
        match serializer.seen.close(&self.scope, out) {
            None => Ok(()),
            Some(key) => {
                let index = head.element_at(out, key.start);
                Err(self.inside(Failure::new(REPEATED)).in_element(index))
            }
        }
    }

    #[cold]
    fn inside(&self, failure: Failure) -> Failure {
        match self.of_map {
            true => failure.in_element(0),
            false => failure,
        }
    }
}

const REPEATED: &str = "a Map or a Set holds this key or element already: remove one";
