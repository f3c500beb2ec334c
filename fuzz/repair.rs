//! Frames whose lengths and digests fit, whatever else is wrong with them.

use snapfold::frame::sha256;

use super::lz4::expand;

#[allow(dead_code)] // its other user is tests/frame
#[path = "../tests/frame/forge.rs"]
mod forge;

/// The nearest frame whose lengths and digests fit.
pub fn repaired(data: &[u8]) -> Vec<u8> {
    const PRELUDE_BYTES: usize = 14;
    const DIGEST_BYTES: usize = 32;
    let body = data.get(PRELUDE_BYTES..).unwrap_or_default();
    let (header, rest) = body.split_at(item_end(body).unwrap_or(body.len()));
    let payload = rest.get(DIGEST_BYTES..).unwrap_or_default();
    let header = with_facts(header, payload).unwrap_or_else(|| header.to_vec());
    forge::frame(&header, payload)
}

/// The same header with the lengths and digests of this payload, where it has those fields.
fn with_facts(header: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    let first = *header.first()?;
    if !(0xa0..0xb8).contains(&first) {
        return None;
    }
    let raw = expand(payload).unwrap_or_default();
    let mut repaired = vec![first];
    let mut rest = &header[1..];
    while !rest.is_empty() {
        let (key, after) = rest.split_at(item_end(rest)?);
        let (value, after) = after.split_at(item_end(after)?);
        repaired.extend(key);
        match key {
            [10] => repaired.extend(forge::uint(raw.len() as u64)),
            [13] => repaired.extend(forge::bytes(&sha256(&raw))),
            [11] => repaired.extend(forge::uint(payload.len() as u64)),
            [12] => repaired.extend(forge::bytes(&sha256(payload))),
            _ => repaired.extend(value),
        }
        rest = after;
    }
    Some(repaired)
}

/// Where the first CBOR item ends. It knows of lengths only, so that the rest may be wrong.
fn item_end(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut left) = (0usize, 1u64);
    while left > 0 {
        let first = *bytes.get(at)?;
        let width = match first & 31 {
            0..24 => 0,
            info @ 24..28 => 1 << (info - 24),
            _ => return None,
        };
        let argument = bytes.get(at + 1..at + 1 + width)?;
        let argument = match width {
            0 => u64::from(first & 31),
            _ => argument.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
        };
        at += 1 + width;
        left -= 1;
        match first >> 5 {
            2 | 3 => at = at.checked_add(usize::try_from(argument).ok()?)?,
            4 => left = left.checked_add(argument)?,
            5 => left = left.checked_add(argument.checked_mul(2)?)?,
            6 => left += 1,
            _ => {}
        }
    }
    (at <= bytes.len()).then_some(at)
}
