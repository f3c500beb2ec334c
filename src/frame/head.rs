//! Everything in front of the payload: magic, format version, header, header digest.

use alloc::string::String;
use alloc::vec::Vec;

use super::digest::{header_digest, is_header_digest};
use super::header::{self, Header, MAX_HEADER_BYTES};
use super::header_reader::{self, Decoded};
use super::{Expect, Key, Payload, corrupt};
use crate::text::text;
use crate::value::Value;
use crate::{Code, Error, Result};

/// Not ASCII at first, then both kinds of line end: a transfer in text mode breaks it.
pub(super) const MAGIC: [u8; 8] = *b"\x89SNF\r\n\x1a\n";
const FORMAT_VERSION: u16 = 1;
pub(super) const PRELUDE_BYTES: usize = 14;
pub(super) const DIGEST_BYTES: usize = 32;

/// The most bytes that [`inspect_head`] needs from the start of a frame.
pub const MAX_HEAD_BYTES: usize = PRELUDE_BYTES + MAX_HEADER_BYTES + DIGEST_BYTES;

/// A frame's verified header.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// Whose state it is, and which events are in it.
    pub header: Header,
    /// What lies behind the head.
    pub payload: Payload,
    /// Id of the key that signed it.
    pub key_id: Option<String>,
    /// Where the payload begins, in bytes from the start of the frame.
    pub offset: usize,
}

/// Makes everything in front of the payload, signed if there is a key; for hosts that hash and write the payload themselves.
///
/// # Errors
/// As [`seal`](super::seal).
pub fn head(header: &Header, payload: &Payload, key: Option<&Key>) -> Result<Vec<u8>> {
    check(header, payload)?;
    make_head(header, &header::encode_meta(&header.meta)?, payload, key)
}

/// As [`head`], with metadata that are encoded already; those of the header are not looked at.
#[cfg(feature = "js")]
pub(crate) fn head_around(header: &Header, meta: &[u8], payload: &Payload, key: Option<&Key>) -> Result<Vec<u8>> {
    check(header, payload)?;
    make_head(header, header::check_meta(meta)?, payload, key)
}

fn check(header: &Header, payload: &Payload) -> Result<()> {
    header.check().and_then(|()| payload.check())
}

fn make_head(header: &Header, meta: &[u8], payload: &Payload, key: Option<&Key>) -> Result<Vec<u8>> {
    let encoded = header::encode(header, meta, payload, key.map(Key::id))?;
    let length = u32::try_from(encoded.len()).unwrap_or(u32::MAX);
    let mut head = Vec::new();
    head.extend_from_slice(&MAGIC);
    head.extend_from_slice(&FORMAT_VERSION.to_be_bytes());
    head.extend_from_slice(&length.to_be_bytes());
    head.extend_from_slice(&encoded);
    let digest = header_digest(&head, key);
    head.extend_from_slice(&digest);
    Ok(head)
}

/// Verifies and reads the head of a frame of `frame_bytes` bytes, of which `bytes` are the first (at least the whole head; the
/// first [`MAX_HEAD_BYTES`] always suffice), and compares it with what is expected. The payload is not touched: whoever reads it
/// compares its digest.
///
/// # Errors
/// Rules 1 to 11 of docs/format.md §2.3: [`Code::Truncated`], [`Code::Corrupt`], [`Code::TooNew`], [`Code::UnknownKey`],
/// [`Code::Unsigned`], [`Code::TooLarge`], [`Code::Foreign`], [`Code::Stale`].
pub fn inspect_head(bytes: &[u8], frame_bytes: u64, expect: &Expect<'_>) -> Result<Inspection> {
    let (mut inspection, meta) = inspect_around(bytes, frame_bytes, expect)?;
    if !meta.is_empty() {
        inspection.header.meta = Value::from_bytes(meta)?;
    }
    Ok(inspection)
}

/// As [`inspect_head`], with the metadata as they are encoded, empty if there are none, instead of in the header.
pub(crate) fn inspect_around<'a>(
    bytes: &'a [u8],
    frame_bytes: u64,
    expect: &Expect<'_>,
) -> Result<(Inspection, &'a [u8])> {
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
    let claims = header_reader::claims(header, PRELUDE_BYTES)?;
    check_digest(signed, claims.key_id, digest, expect.keys)?;
    let Decoded {
        header,
        meta,
        payload,
        key_id,
    } = header_reader::decode(header, PRELUDE_BYTES, &claims)?;
    check_length(
        frame_bytes.saturating_sub(offset as u64),
        payload.stored_bytes(),
        offset,
    )?;
    expect.check(&header, &payload)?;
    let inspection = Inspection {
        header,
        payload,
        key_id,
        offset,
    };
    Ok((inspection, meta))
}

/// The header says itself which key it was signed with. That is no more than a claim, and serves for choosing the key.
fn check_digest(signed: &[u8], claimed: Option<&str>, digest: &[u8], keys: &[Key]) -> Result<()> {
    let key = match claimed {
        None => None,
        Some(id) => Some(
            keys.iter()
                .find(|key| key.id() == id)
                .ok_or_else(|| unknown_key(id, keys))?,
        ),
    };
    if !is_header_digest(digest, signed, key) {
        let cause = match key {
            None => "the bytes were changed",
            Some(_) => "the bytes were changed, or the secret is another one",
        };
        return Err(corrupt(text!("the header digest differs: {}", cause)).at_offset(signed.len()));
    }
    if key.is_none() && !keys.is_empty() {
        return Err(Error::new(
            Code::Unsigned,
            "the frame is not signed, but keys are given; whoever has no key could have made it",
        )
        .at_offset(signed.len()));
    }
    Ok(())
}

fn unknown_key(id: &str, keys: &[Key]) -> Error {
    let id: String = id.chars().take(64).collect();
    let lack = match keys.is_empty() {
        true => "but no keys are given",
        false => "which is not among the keys that are given",
    };
    Error::new(
        Code::UnknownKey,
        text!("the frame is signed with the key \"{}\", {}", id, lack),
    )
    .at_offset(PRELUDE_BYTES)
}

fn check_length(there: u64, stated: u64, offset: usize) -> Result<()> {
    if there < stated {
        return Err(Error::new(
            Code::Truncated,
            text!("the payload should be {} bytes, {} are there", stated, there),
        )
        .at_offset(offset));
    }
    if there > stated {
        return Err(corrupt("there are bytes behind the payload").at_offset(offset));
    }
    Ok(())
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
            text!(
                "format version {}; this reads up to {}; upgrade snapfold on this host",
                version,
                FORMAT_VERSION
            ),
        )
        .at_offset(8));
    }
    match usize::try_from(length) {
        Ok(length) if (1..=MAX_HEADER_BYTES).contains(&length) => Ok(length),
        _ => Err(corrupt(text!(
            "a header of {} bytes; 1 to {} are allowed",
            length,
            MAX_HEADER_BYTES
        ))
        .at_offset(10)),
    }
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub(super) fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn truncated(length: usize, place: &str) -> Error {
    Error::new(Code::Truncated, text!("the frame ends {}", place)).at_offset(length)
}
