//! The order in which ECMAScript keeps the keys of an object: those that look like array indices first, ascending, then all others as they
//! were added. A state that JavaScript decodes and encodes again has the same bytes only in this order.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Result;
use crate::value::{Major, Reader, Value, Writer};

/// The number of a key that counts as an array index: 0 to 2^32 − 2 in decimal, without leading zeros.
#[inline]
pub(crate) fn array_index(key: &[u8]) -> Option<u32> {
    if !key.first()?.is_ascii_digit() || key.len() > 10 || (key.len() > 1 && key.first() == Some(&b'0')) {
        return None;
    }
    let number = key.iter().try_fold(0u64, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u64::from(digit & 0xf))
    })?;
    u32::try_from(number).ok().filter(|index| *index != u32::MAX)
}

/// Where a key stands among others; those of equal rank keep their order.
#[inline]
pub(crate) fn rank(key: &[u8]) -> u64 {
    array_index(key).map_or(u64::MAX, u64::from)
}

/// Puts the keys of the value that was written from `start` on, and of all inside it, into that order. Linear unless a key begins with a
/// digit.
pub(crate) fn restore(out: &mut Writer, start: usize) -> Result<()> {
    let written = out.as_bytes().get(start..).unwrap_or_default();
    if !has_indices(written) {
        return Ok(());
    }
    let mut value = Value::from_bytes(written)?;
    sort(&mut value);
    let sorted = crate::value::to_vec(&value)?;
    out.replace_tail(start, &sorted);
    Ok(())
}

/// Puts the keys of a value, and of all inside it, into that order.
pub(crate) fn sort(value: &mut Value) {
    match value {
        Value::Array(elements) | Value::Set(elements) => elements.iter_mut().for_each(sort),
        Value::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            sort(key);
            sort(value);
        }),
        Value::Object(entries) => {
            entries.iter_mut().for_each(|(_, value)| sort(value));
            sort_entries(entries);
        }
        _ => {}
    }
}

fn sort_entries(entries: &mut [(String, Value)]) {
    if entries.iter().any(|(key, _)| array_index(key.as_bytes()).is_some()) {
        entries.sort_by_key(|(key, _)| rank(key.as_bytes()));
    }
}

/// Whether a key of a plain object is an array index. The bytes are a value.
fn has_indices(bytes: &[u8]) -> bool {
    // What is left of each open collection, and whether every second item of it is a key.
    let mut open: Vec<(u64, bool)> = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Ok(head) = reader.head() {
        let is_key = open.last().is_some_and(|(left, map)| *map && left % 2 == 0);
        if let Some((left, _)) = open.last_mut() {
            *left = left.saturating_sub(1);
        }
        match head.major {
            Major::Text | Major::Bytes => {
                let content = reader.bytes_of(head).unwrap_or_default();
                if is_key && array_index(content).is_some() {
                    return true;
                }
            }
            Major::Array => open.push((head.argument, false)),
            Major::Map => open.push((head.argument.saturating_mul(2), true)),
            Major::Tag => open.push((1, false)),
            Major::Uint | Major::Nint | Major::Simple => {}
        }
        while open.last().is_some_and(|(left, _)| *left == 0) {
            open.pop();
        }
        if open.is_empty() {
            return false;
        }
    }
    false
}
