//! Everything in front of the payload: magic, format version, header, header digest.

use alloc::vec::Vec;
use alloc::{format, vec};

use serde::Serialize;

use super::digest::header_digest;
use super::header::{self, Header, MAX_HEADER_BYTES, Payload};
use crate::{Code, Error, Result};

/// Not ASCII at first, then both kinds of line end: a transfer in text mode breaks it.
const MAGIC: [u8; 8] = *b"\x89SNF\r\n\x1a\n";
const FORMAT_VERSION: u16 = 1;
const PRELUDE_BYTES: usize = 14;
const DIGEST_BYTES: usize = 32;

/// The most bytes that [`inspect_head`] needs from the start of a frame.
pub const MAX_HEAD_BYTES: usize = PRELUDE_BYTES + MAX_HEADER_BYTES + DIGEST_BYTES;

/// A frame's verified header.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// Whose state it is, and which events are in it.
    pub header: Header,
    /// What lies behind the head.
    pub payload: Payload,
    /// Where the payload begins, in bytes from the start of the frame.
    pub offset: usize,
}

/// Makes everything in front of the payload, for hosts that hash and write the payload themselves.
///
/// # Errors
/// As [`seal`](super::seal).
pub fn head(header: &Header, payload: &Payload) -> Result<Vec<u8>> {
    let encoded = header::encode(header, payload)?;
    let length = u32::try_from(encoded.len()).unwrap_or(u32::MAX);
    let mut head = vec![];
    head.extend_from_slice(&MAGIC);
    head.extend_from_slice(&FORMAT_VERSION.to_be_bytes());
    head.extend_from_slice(&length.to_be_bytes());
    head.extend_from_slice(&encoded);
    let digest = header_digest(&head);
    head.extend_from_slice(&digest);
    Ok(head)
}

/// Verifies and reads the head of a frame of `frame_bytes` bytes, of which `bytes` are the first (at least the whole head; the
/// first [`MAX_HEAD_BYTES`] always suffice). The payload is not touched: whoever reads it compares its digest.
///
/// # Errors
/// Rules 1 to 6 of docs/format.md §2.3: [`Code::Truncated`], [`Code::Corrupt`], [`Code::TooNew`].
pub fn inspect_head(bytes: &[u8], frame_bytes: u64) -> Result<Inspection> {
    check_magic(bytes)?;
    let length = check_prelude(bytes)?;
    let covered = PRELUDE_BYTES + length;
    let offset = covered + DIGEST_BYTES;
    let (Some(signed), Some(header), Some(digest)) = (
        bytes.get(..covered),
        bytes.get(PRELUDE_BYTES..covered),
        bytes.get(covered..offset),
    ) else {
        return Err(truncated(bytes.len(), "inside its header"));
    };
    if header_digest(signed) != digest {
        return Err(corrupt("the header digest differs: the bytes were changed").at_offset(covered));
    }
    let (header, payload) = header::decode(header, PRELUDE_BYTES)?;
    let there = frame_bytes.saturating_sub(offset as u64);
    if there < payload.bytes {
        return Err(Error::new(
            Code::Truncated,
            format!("the payload should be {} bytes, {there} are there", payload.bytes),
        )
        .at_offset(offset));
    }
    if there > payload.bytes {
        return Err(corrupt("there are bytes behind the payload").at_offset(offset));
    }
    Ok(Inspection {
        header,
        payload,
        offset,
    })
}

fn check_magic(bytes: &[u8]) -> Result<()> {
    if bytes.starts_with(&MAGIC) {
        return Ok(());
    }
    if MAGIC.starts_with(bytes) {
        return Err(truncated(bytes.len(), "inside its magic"));
    }
    let through_text = bytes.starts_with(b"\x89SNF\n\x1a\n") || bytes.starts_with("\u{fffd}SNF".as_bytes());
    Err(corrupt(if through_text {
        "the bytes went through a text conversion; store and transfer frames as binary"
    } else {
        "these bytes are not a snapfold frame"
    })
    .at_offset(0))
}

fn check_prelude(bytes: &[u8]) -> Result<usize> {
    let (Some(version), Some(length)) = (read_u16(bytes, 8), read_u32(bytes, 10)) else {
        return Err(truncated(bytes.len(), "inside its prelude"));
    };
    if version == 0 {
        return Err(corrupt("format version 0 does not exist").at_offset(8));
    }
    if version > FORMAT_VERSION {
        return Err(Error::new(
            Code::TooNew,
            format!("format version {version}; this reads up to {FORMAT_VERSION}; upgrade snapfold on this host"),
        )
        .at_offset(8));
    }
    match usize::try_from(length) {
        Ok(length) if (1..=MAX_HEADER_BYTES).contains(&length) => Ok(length),
        _ => Err(corrupt(format!(
            "a header of {length} bytes; 1 to {MAX_HEADER_BYTES} are allowed"
        ))
        .at_offset(10)),
    }
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn corrupt(message: impl Into<alloc::string::String>) -> Error {
    Error::new(Code::Corrupt, message)
}

fn truncated(length: usize, place: &str) -> Error {
    Error::new(Code::Truncated, format!("the frame ends {place}")).at_offset(length)
}
