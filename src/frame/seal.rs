//! Making frames.

use alloc::vec::Vec;

use super::lz4;
use super::payload::{Algorithm, Payload, Stored};
use super::{Expect, Header, Key, head, open_payload, sha256};
use crate::text::text;
use crate::{Code, Error, Result, value};

/// How a frame is made. By default the payload is a value of docs/format.md §1, and is neither compressed nor signed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sealing<'a> {
    /// Media type of a payload in the host's own format.
    pub media_type: Option<&'a str>,
    /// Whether to compress.
    pub compression: Compression,
    /// The keys of the host, of which the first one signs.
    pub keys: &'a [Key],
    /// Opens what was just sealed, and refuses it if that does not give the payload back.
    pub verify: bool,
}

/// Whether a payload is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Never.
    #[default]
    None,
    /// With LZ4, if the payload has at least 1 KiB and an eighth of it is saved, of its first 252 KiB too.
    Auto,
}

/// A frame that was just made.
#[derive(Clone, Debug, PartialEq)]
pub struct Sealed {
    /// What its header says of the payload.
    pub facts: Payload,
    /// The frame.
    pub frame: Vec<u8>,
}

/// Makes a frame around a payload that is a value of docs/format.md §1.
///
/// # Errors
/// [`Code::InvalidOption`] naming the header field that cannot be written, [`Code::TooLarge`] for a header above
/// [`MAX_HEADER_BYTES`](super::MAX_HEADER_BYTES), [`Code::Unencodable`] for metadata that cannot be written.
pub fn seal(header: &Header, payload: &[u8]) -> Result<Vec<u8>> {
    seal_with(header, payload, &Sealing::default()).map(|sealed| sealed.frame)
}

/// Makes a frame in the way that `sealing` says. Hashes each byte once, and once more what is compressed.
///
/// # Errors
/// As [`seal`]; [`Code::Unencodable`] if `sealing.verify` finds that the frame does not give the payload back.
pub fn seal_with(header: &Header, payload: &[u8], sealing: &Sealing<'_>) -> Result<Sealed> {
    let compressed = match sealing.compression {
        Compression::None => None,
        Compression::Auto => lz4::compress(payload),
    };
    let facts = Payload {
        media_type: sealing.media_type.map(Into::into),
        stored: compressed.as_deref().map(Stored::lz4),
        ..Payload::of(payload)
    };
    let mut frame = head(header, &facts, sealing.keys.first())?;
    frame.extend_from_slice(compressed.as_deref().unwrap_or(payload));
    if sealing.verify {
        verify(&frame, payload, sealing)?;
    }
    Ok(Sealed { facts, frame })
}

/// Refuses a frame that is larger than a store, or a limit of the host's choice, takes. Inclusive.
///
/// # Errors
/// [`Code::TooLarge`] with both numbers.
pub fn check_size(frame_bytes: u64, max_bytes: u64) -> Result<()> {
    if frame_bytes <= max_bytes {
        return Ok(());
    }
    Err(Error::new(
        Code::TooLarge,
        text!(
            "the frame is {} bytes, the limit is {}; keep less in the state, or raise maxBytes if the store takes more",
            frame_bytes,
            max_bytes
        ),
    ))
}

impl Stored {
    fn lz4(bytes: &[u8]) -> Self {
        Self {
            compression: Algorithm::Lz4,
            bytes: bytes.len() as u64,
            digest: sha256(bytes),
        }
    }
}

fn verify(frame: &[u8], payload: &[u8], sealing: &Sealing<'_>) -> Result<()> {
    let expect = Expect {
        keys: sealing.keys,
        max_state_bytes: u64::MAX,
        ..Expect::default()
    };
    let given_back = open_payload(frame, &expect).is_ok_and(|opened| *opened.payload == *payload);
    if given_back && (sealing.media_type.is_some() || value::validate(payload).is_ok()) {
        return Ok(());
    }
    Err(Error::new(
        Code::Unencodable,
        "the frame that was just sealed does not give the state back; nothing of it may be stored",
    ))
}
