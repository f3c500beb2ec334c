//! SHA-256, plain for payloads; domain-separated, or keyed, for heads.

use sha2::{Digest as _, Sha256};

use super::Key;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// Keeps a head's digest from ever being taken for a payload's.
const HEADER_DOMAIN: &[u8] = b"snapfold.header.1\0";

/// SHA-256 (FIPS 180-4) of `bytes`.
pub fn sha256(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// The digest over everything in front of it in a frame: HMAC-SHA-256 with a key, SHA-256 without.
pub(super) fn header_digest(prelude_and_header: &[u8], key: Option<&Key>) -> Digest {
    match key {
        Some(key) => key.sign(&[HEADER_DOMAIN, prelude_and_header]),
        None => plain(prelude_and_header),
    }
}

/// Whether that digest is the one above. With a key the time it takes does not depend on where the two differ.
pub(super) fn is_header_digest(digest: &[u8], prelude_and_header: &[u8], key: Option<&Key>) -> bool {
    match key {
        Some(key) => key.verify(&[HEADER_DOMAIN, prelude_and_header], digest),
        None => plain(prelude_and_header) == digest,
    }
}

fn plain(prelude_and_header: &[u8]) -> Digest {
    Sha256::new()
        .chain_update(HEADER_DOMAIN)
        .chain_update(prelude_and_header)
        .finalize()
        .into()
}
