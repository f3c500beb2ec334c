//! Typed arrays of RFC 8746, little-endian.

use alloc::{borrow::ToOwned, vec, vec::Vec};

use super::{
    Bytes, Value,
    dynamic_serde::Decoded,
    leaf::{self, Decode, Leaf},
    writer::Writer,
};
use crate::{Code, Error, Result};

/// What the elements of a [`TypedArray`] are. `Uint8Array` is not among them: it is a byte string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // named as in ECMAScript
pub enum ElementType {
    Uint8Clamped,
    Uint16,
    Uint32,
    BigUint64,
    Int8,
    Int16,
    Int32,
    BigInt64,
    Float16,
    Float32,
    Float64,
}

impl ElementType {
    /// All of them, with tag, size in bytes and name.
    const TABLE: [(Self, u64, usize, &'static str); 11] = [
        (Self::Uint8Clamped, 68, 1, "Uint8Clamped"),
        (Self::Uint16, 69, 2, "Uint16"),
        (Self::Uint32, 70, 4, "Uint32"),
        (Self::BigUint64, 71, 8, "BigUint64"),
        (Self::Int8, 72, 1, "Int8"),
        (Self::Int16, 77, 2, "Int16"),
        (Self::Int32, 78, 4, "Int32"),
        (Self::BigInt64, 79, 8, "BigInt64"),
        (Self::Float16, 84, 2, "Float16"),
        (Self::Float32, 85, 4, "Float32"),
        (Self::Float64, 86, 8, "Float64"),
    ];

    fn find(matches: impl Fn(&(Self, u64, usize, &'static str)) -> bool) -> Option<(Self, u64, usize, &'static str)> {
        Self::TABLE.into_iter().find(matches)
    }

    pub(super) fn from_tag(tag: u64) -> Option<Self> {
        Self::find(|row| row.1 == tag).map(|row| row.0)
    }

    fn tag(self) -> u64 {
        Self::find(|row| row.0 == self).map_or(0, |row| row.1)
    }

    /// Bytes per element.
    pub fn size(self) -> usize {
        Self::find(|row| row.0 == self).map_or(1, |row| row.2)
    }

    /// The name: that of the ECMAScript class without `Array` at the end.
    pub fn name(self) -> &'static str {
        Self::find(|row| row.0 == self).map_or("", |row| row.3)
    }

    /// The inverse of [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::find(|row| row.3 == name).map(|row| row.0)
    }
}

/// ECMAScript's typed arrays other than `Uint8Array`: an element type and the elements as little-endian bytes.
///
/// The bytes are opaque, so NaN payloads survive.
///
/// ```
/// use snapfold::value::{self, ElementType, TypedArray};
///
/// let array = TypedArray::new(ElementType::Float32, 1.5f32.to_le_bytes().to_vec())?;
/// assert_eq!(value::to_vec(&array)?, [0xd8, 85, 0x44, 0, 0, 0xc0, 0x3f]);
/// assert!(TypedArray::new(ElementType::Float32, vec![0]).is_err());
/// # Ok::<(), snapfold::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TypedArray {
    element: ElementType,
    bytes: Vec<u8>,
}

impl TypedArray {
    /// From elements in little-endian order.
    ///
    /// # Errors
    /// [`Code::Unencodable`] if the length is not a multiple of the element size.
    pub fn new(element: ElementType, bytes: Vec<u8>) -> Result<Self> {
        if !bytes.len().is_multiple_of(element.size()) {
            let message = "the length of a typed array must be a multiple of its element size: pass whole elements";
            return Err(Error::new(Code::Unencodable, message));
        }
        Ok(Self { element, bytes })
    }

    /// What the elements are.
    pub fn element_type(&self) -> ElementType {
        self.element
    }

    /// The elements, little-endian.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The elements, little-endian, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Leaf for TypedArray {
    const NAME: &'static str = "$snapfold::typed-array";

    fn write(&self, writer: &mut Writer) {
        writer.tag(self.element.tag());
        writer.bytes(&self.bytes);
    }

    fn to_plain(&self) -> Value {
        Value::Array(vec![
            Value::Text(self.element.name().to_owned()),
            Value::Bytes(self.bytes.clone()),
        ])
    }
}

impl Decode for TypedArray {
    const EXPECTED: &'static str = "a typed array";

    fn from_decoded(decoded: Decoded) -> Option<Self> {
        match decoded {
            Decoded::Item(Value::TypedArray(array)) => Some(array),
            Decoded::Plain(Value::Array(parts)) => {
                let [Value::Text(name), bytes] = <[Value; 2]>::try_from(parts).ok()? else {
                    return None;
                };
                let Bytes(bytes) = Bytes::from_plain(bytes)?;
                Self::new(ElementType::from_name(&name)?, bytes).ok()
            }
            _ => None,
        }
    }
}

leaf::serde_for_leaf!(TypedArray);
