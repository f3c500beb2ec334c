//! A snapshot at rest: header, digests, payload; and the verdict on what comes back from a store.
//!
//! [`seal`] makes a frame, [`open`] verifies and reads one, [`inspect`] verifies and reads the header alone, from the first
//! kilobyte. The layout is [docs/format.md](https://github.com/snapfold/snapfold/blob/main/docs/format.md) §2. Digests are SHA-256
//! (FIPS 180-4); sealing and opening hash each byte once and are linear in the payload.
//!
//! ```
//! use snapfold::frame::{self, Expect, Header};
//!
//! let header = Header::new("cart", 3, "cart-42", 1_200, 1_200);
//! let frame = frame::seal(&header, &snapfold::value::to_vec(&["apples", "pears"])?)?;
//!
//! let opened = frame::open(&frame, &Expect::of("cart", 3, "cart-42"))?;
//! assert_eq!(opened.header, header);
//! let state: Vec<String> = snapfold::value::from_slice(opened.payload)?;
//! assert_eq!(state, ["apples", "pears"]);
//!
//! let foreign = frame::open(&frame, &Expect::of("cart", 3, "cart-43")).unwrap_err();
//! assert_eq!(foreign.code(), snapfold::Code::Foreign);
//! # Ok::<(), snapfold::Error>(())
//! ```

mod digest;
mod expect;
mod head;
mod header;

use alloc::format;
use alloc::vec::Vec;

pub use digest::{Digest, sha256};
pub use expect::{DEFAULT_MAX_STATE_BYTES, Expect};
pub use head::{Inspection, MAX_HEAD_BYTES, head, inspect_head};
pub(crate) use header::digest_bytes;
pub use header::{Header, MAX_HEADER_BYTES, Payload};

use crate::{Code, Error, Result};

/// A verified frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened<'a> {
    /// What the frame says of itself.
    pub header: Header,
    /// What it says of its payload.
    pub facts: Payload,
    /// The payload; its digest has been checked.
    pub payload: &'a [u8],
}

/// Makes a frame around a payload that is a value of docs/format.md §1.
///
/// # Errors
/// [`Code::InvalidOption`] naming the header field that cannot be written, [`Code::TooLarge`] for a header above
/// [`MAX_HEADER_BYTES`].
pub fn seal(header: &Header, payload: &[u8]) -> Result<Vec<u8>> {
    let mut frame = head(header, &Payload::of(payload))?;
    frame.extend_from_slice(payload);
    Ok(frame)
}

/// Verifies a whole frame and compares it with what is expected there.
///
/// # Errors
/// The verdict as code, in the order of docs/format.md §2.3: [`Code::Truncated`], [`Code::Corrupt`], [`Code::TooNew`],
/// [`Code::TooLarge`], [`Code::Foreign`], [`Code::Stale`].
pub fn open<'a>(bytes: &'a [u8], expect: &Expect<'_>) -> Result<Opened<'a>> {
    let Inspection {
        header,
        payload: facts,
        offset,
    } = inspect(bytes)?;
    expect.check(&header, &facts)?;
    let payload = bytes.get(offset..).unwrap_or_default();
    if sha256(payload) != facts.digest {
        return Err(Error::new(
            Code::Corrupt,
            "the payload digest differs: bytes of the state were changed; take the snapshot again",
        )
        .at_offset(offset));
    }
    Ok(Opened { header, facts, payload })
}

/// Verifies and reads the header of a whole frame without touching its payload.
///
/// # Errors
/// As [`open`], rules 1 to 6.
pub fn inspect(bytes: &[u8]) -> Result<Inspection> {
    let head = bytes.get(..MAX_HEAD_BYTES).unwrap_or(bytes);
    inspect_head(head, bytes.len() as u64)
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
        format!(
            "the frame is {frame_bytes} bytes, the limit is {max_bytes}; keep less in the state, or raise maxBytes if the store takes more"
        ),
    ))
}
