//! Keys that sign frames, so that whoever can write to the store, but has no key, cannot make one.

use alloc::string::String;
use core::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::Digest;
use crate::text::text;
use crate::{Code, Error, Result};

/// The least length of a secret, in bytes.
pub const MIN_SECRET_BYTES: usize = 16;

/// A secret with the name by which frames refer to it. Frames carry the name in the open, and instead of SHA-256 an HMAC-SHA-256
/// (RFC 2104) over everything in front of it. Where several keys are given, the first one signs and each of them verifies: that is
/// how keys are rotated.
///
/// ```
/// use snapfold::Code;
/// use snapfold::frame::{self, Expect, Header, Key, Sealing};
///
/// let old = Key::new("2024", b"an old secret of many bytes")?;
/// let new = Key::new("2025", b"a new secret of many bytes")?;
/// let header = Header::new("cart", 3, "cart-42", 1_200, 1_200);
/// let signed = frame::seal_with(&header, b"\xf6", &Sealing { keys: &[old.clone()], ..Sealing::default() })?;
///
/// let rotated = Expect { keys: &[new.clone(), old], ..Expect::default() };
/// assert_eq!(frame::open(&signed.frame, &rotated)?.key_id.as_deref(), Some("2024"));
/// let without_the_old = Expect { keys: &[new], ..Expect::default() };
/// assert_eq!(frame::open(&signed.frame, &without_the_old).unwrap_err().code(), Code::UnknownKey);
/// # Ok::<(), snapfold::Error>(())
/// ```
#[derive(Clone)]
pub struct Key {
    id: String,
    /// Keyed and fed nothing yet.
    mac: Hmac<Sha256>,
}

impl Key {
    /// A key. The secret should be random bytes, 32 of them; a longer one is no stronger.
    ///
    /// # Errors
    /// [`Code::InvalidOption`] for an empty id, or a secret of fewer than [`MIN_SECRET_BYTES`].
    pub fn new(id: impl Into<String>, secret: impl AsRef<[u8]>) -> Result<Self> {
        let (id, secret) = (id.into(), secret.as_ref());
        if id.is_empty() {
            return Err(Error::new(Code::InvalidOption, "a key needs an id").at_path("key.id"));
        }
        if secret.len() < MIN_SECRET_BYTES {
            let rule = text!(
                "a secret is at least {} random bytes, this one has {}",
                MIN_SECRET_BYTES,
                secret.len()
            );
            return Err(Error::new(Code::InvalidOption, rule).at_path("key.secret"));
        }
        let mac = Hmac::new_from_slice(secret).map_err(|_| {
            Error::new(Code::InvalidOption, "HMAC takes no secret of this length").at_path("key.secret")
        })?;
        Ok(Self { id, mac })
    }

    /// The name by which frames refer to it.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn sign(&self, parts: &[&[u8]]) -> Digest {
        self.fed(parts).finalize().into_bytes().into()
    }

    pub(super) fn verify(&self, parts: &[&[u8]], digest: &[u8]) -> bool {
        self.fed(parts).verify_slice(digest).is_ok()
    }

    fn fed(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac
    }
}

/// Without the secret: keys end up in logs with whatever holds them.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}
