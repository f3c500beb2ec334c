//! A snapshot at rest: header, digests, payload; and the verdict on what comes back from a store.
//!
//! [`seal`] makes a frame, [`open`] verifies and reads one, [`inspect`] verifies and reads the header alone, from the first
//! kilobyte. The layout is [docs/format.md](https://github.com/snapfold/snapfold/blob/main/docs/format.md) §2. Digests are SHA-256
//! (FIPS 180-4); sealing and opening hash each byte once and are linear in the payload. [`seal_with`] compresses (LZ4) and signs
//! (HMAC-SHA-256) too.
//!
//! ```
//! use snapfold::frame::{self, Expect, Header};
//!
//! let header = Header::new("cart", 3, "cart-42", 1_200, 1_200);
//! let frame = frame::seal(&header, &snapfold::value::to_vec(&["apples", "pears"])?)?;
//!
//! let opened = frame::open(&frame, &Expect::of("cart", 3, "cart-42"))?;
//! assert_eq!(opened.header, header);
//! let state: Vec<String> = snapfold::value::from_slice(&opened.payload)?;
//! assert_eq!(state, ["apples", "pears"]);
//!
//! let foreign = frame::open(&frame, &Expect::of("cart", 3, "cart-43")).unwrap_err();
//! assert_eq!(foreign.code(), snapfold::Code::Foreign);
//! # Ok::<(), snapfold::Error>(())
//! ```

mod diagnose;
mod digest;
mod expect;
mod head;
mod header;
mod header_reader;
mod key;
pub(crate) mod lz4;
mod payload;
mod seal;

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

pub use diagnose::diagnose;
pub use digest::{Digest, sha256};
pub use expect::{DEFAULT_MAX_STATE_BYTES, Expect};
pub use head::{Inspection, MAX_HEAD_BYTES, head, inspect_head};
#[cfg(feature = "js")]
pub(crate) use head::{head_around, inspect_around};
pub use header::{Header, MAX_HEADER_BYTES};
pub use key::{Key, MIN_SECRET_BYTES};
pub use payload::{Algorithm, Payload, Stored};
pub(crate) use payload::{digest_bytes, optional_digest};
pub use seal::{Compression, Sealed, Sealing, check_size, seal, seal_with};

use crate::{Code, Error, Result, value};

/// A verified frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened<'a> {
    /// What the frame says of itself.
    pub header: Header,
    /// What it says of its payload.
    pub facts: Payload,
    /// Id of the key that signed it.
    pub key_id: Option<String>,
    /// The state's bytes, borrowed from the frame unless they are compressed there.
    pub payload: Cow<'a, [u8]>,
}

/// Verifies a whole frame and compares it with what is expected there.
///
/// # Errors
/// The verdict as code, in the order of docs/format.md §2.3: [`Code::Truncated`], [`Code::Corrupt`], [`Code::TooNew`],
/// [`Code::UnknownKey`], [`Code::Unsigned`], [`Code::TooLarge`], [`Code::Foreign`], [`Code::Stale`].
pub fn open<'a>(bytes: &'a [u8], expect: &Expect<'_>) -> Result<Opened<'a>> {
    let opened = open_payload(bytes, expect)?;
    expect.check_readable(&opened.header)?;
    if opened.facts.media_type.is_none() {
        value::validate(&opened.payload).map_err(|error| corrupt(format!("the payload is not a value: {error}")))?;
    }
    Ok(opened)
}

/// Verifies and reads the header of a whole frame without touching its payload.
///
/// # Errors
/// As [`open`], rules 1 to 11.
pub fn inspect(bytes: &[u8], expect: &Expect<'_>) -> Result<Inspection> {
    let head = bytes.get(..MAX_HEAD_BYTES).unwrap_or(bytes);
    inspect_head(head, bytes.len() as u64, expect)
}

/// All rules but the last two, for those who know whose state they expect, and decode it, which finds out by itself whether it is a value.
pub(crate) fn open_payload<'a>(bytes: &'a [u8], expect: &Expect<'_>) -> Result<Opened<'a>> {
    let Inspection {
        header,
        payload: facts,
        key_id,
        offset,
    } = inspect(bytes, expect)?;
    let differs = |what: &str| {
        let message = format!("the {what} digest differs: bytes of the state were changed; take the snapshot again");
        corrupt(message).at_offset(offset)
    };
    let stored = bytes.get(offset..).unwrap_or_default();
    if sha256(stored) != *facts.stored_digest() {
        return Err(differs("payload"));
    }
    let payload = match facts.stored {
        None => Cow::Borrowed(stored),
        Some(Stored {
            compression: Algorithm::Lz4,
            ..
        }) => Cow::Owned(lz4::expand(stored, facts.bytes).map_err(|error| error.at_offset(offset))?),
    };
    if facts.stored.is_some() && sha256(&payload) != facts.digest {
        return Err(differs("state"));
    }
    Ok(Opened {
        header,
        facts,
        key_id,
        payload,
    })
}

fn corrupt(message: impl Into<String>) -> Error {
    Error::new(Code::Corrupt, message)
}
