//! State as bytes: one encoding per value, the same on every host.
//!
//! A value is one CBOR item in the profile of [docs/format.md](https://docs.rs/crate/snapfold/latest/source/docs/format.md)
//! §1: definite lengths, shortest forms, no duplicate keys, at most [`MAX_DEPTH`] levels. Equal states have equal bytes, so
//! bytes can be compared and hashed. Any CBOR library reads them (RFC 8949; typed arrays are RFC 8746).
//!
//! Typed states go through serde:
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use snapfold::value::{self, Date};
//!
//! #[derive(Debug, PartialEq, Serialize, Deserialize)]
//! struct Cart {
//!     lines: Vec<String>,
//!     total: f64,
//!     opened: Date,
//! }
//!
//! let cart = Cart { lines: vec!["tea".into()], total: 4.5, opened: Date::from_millis(1_500).unwrap() };
//! let bytes = value::to_vec(&cart)?;
//! assert_eq!(value::from_slice::<Cart>(&bytes)?, cart);
//! # Ok::<(), snapfold::Error>(())
//! ```
//!
//! States without a Rust type are a [`Value`], which mirrors what ECMAScript can hold:
//!
//! ```
//! use snapfold::value::{self, Value};
//!
//! let state = Value::Object(vec![("total".into(), Value::from(3)), ("note".into(), Value::Undefined)]);
//! let bytes = value::to_vec(&state)?;
//! assert_eq!(bytes, b"\xa2\x65total\x03\x64note\xf7");
//! assert_eq!(value::from_slice::<Value>(&bytes)?.get("total").and_then(Value::as_f64), Some(3.0));
//! # Ok::<(), snapfold::Error>(())
//! ```
//!
//! JSON text becomes such bytes, and the other way round, without a tree in between: [`from_json`], [`to_json`]. [`diagnose`]
//! shows any bytes to people.
//!
//! Bytes are not trusted. [`from_slice`] accepts exactly what the profile accepts, also in parts that the target type
//! ignores. Its errors are [`Code::Malformed`] with the offset of the item that breaks a rule, the
//! first one in reading order. Bytes that end too early are reported at the item that is cut, or at the end of the input if
//! an item is missing altogether.

mod big_int;
mod canonical;
mod collections;
mod date;
mod de;
mod de_access;
mod de_item;
mod de_items;
mod de_key;
mod diagnostic;
mod dynamic;
mod dynamic_serde;
mod entries;
mod failure;
mod float;
pub(crate) mod json;
mod leaf;
mod number;
mod order;
mod reader;
mod seen;
mod ser;
mod ser_compound;
mod ser_distinct;
mod ser_inside;
mod ser_key;
mod typed_array;
mod validate;
mod writer;
mod wtf8;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{Code, Result};

pub use big_int::{BigInt, BigIntOutOfRange};
pub use canonical::canonicalize;
pub use collections::{Bytes, OrderedMap, Set};
pub use date::Date;
pub use diagnostic::diagnose;
pub use dynamic::Value;
pub use json::{from_json, to_json};
pub use typed_array::{ElementType, TypedArray};
pub use validate::validate;
pub use wtf8::Wtf8;

pub(crate) use {
    float::safe_integer,
    leaf::MAP_TAG,
    number::plain as plain_number,
    reader::{Major, Reader},
    writer::Writer,
};

/// How deep arrays and maps may be nested; `[]` has depth 1. A `Map` takes two levels: its array and its pairs.
pub const MAX_DEPTH: usize = 256;

/// The largest magnitude of a number that is written as an integer, 2^53 − 1. Integers beyond it are BigInts.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Encodes a state. O(n), plus O(k log k) for each map of k keys.
///
/// Maps are sorted by encoded key, because the iteration order of a `HashMap` is not state; structs and [`Value::Object`]
/// keep their order. Integers beyond ±(2^53 − 1) are BigInts, `None` and `()` are null, `Vec<u8>` is an array (use [`Bytes`]
/// for a byte string), enums are externally tagged.
///
/// # Errors
/// [`Code::Unencodable`] with the path: a key that is no text, integer, `bool` or `char`; two equal keys in a map; what a [`Set`] or
/// an [`OrderedMap`] cannot hold; more than [`MAX_DEPTH`] levels; whatever a `Serialize` implementation refuses.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let mut serializer = ser::Serializer::default();
    match value.serialize(&mut serializer) {
        Ok(()) => Ok(serializer.into_bytes()),
        Err(failure) => Err(failure.into_error(Code::Unencodable)),
    }
}

/// Decodes exactly one value. Strings and byte strings are borrowed from the input where the type can.
///
/// A number goes into any Rust type that holds it without losing a digit, whichever way it was written; `Option` is `None`
/// for null and undefined; unknown fields are ignored.
///
/// Inside of serde's own buffers (`flatten`, internally and adjacently tagged, untagged enums) numbers follow serde's conversions: a
/// BigInt beyond ±(2^53 − 1) is rounded into an `f64`, any number into an `f32`. Untagged enums take the first variant that reads, and
/// there [`Set`], [`Date`] and the like also read the plain forms that other formats have for them (format.md §1.5).
///
/// O(n), plus what [`validate`] needs for keys out of order. No length is believed: for each byte of the input a [`Value`] takes at most
/// 48 bytes (and 64 KiB in all for its depth), a type of arrays at most three times the size of its largest element.
///
/// # Errors
/// [`Code::Malformed`] with the byte offset: bytes that the profile refuses (checked first, for the whole input), or an item
/// that does not fit the type.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T> {
    let read = de_items::Deserializer::new(bytes).only(|item| T::deserialize(item));
    read.map_err(|failure| match validate(bytes) {
        // The type may have given up behind what breaks a rule, and it does not know which key is the first to repeat another.
        Err(error) => error,
        Ok(()) => diagnostic::quote_found(failure.into(), bytes),
    })
}
