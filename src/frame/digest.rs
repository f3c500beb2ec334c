//! SHA-256, plain for payloads and domain-separated for heads.

use sha2::Digest as _;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// Keeps a head's digest from ever being taken for a payload's.
const HEADER_DOMAIN: &[u8] = b"snapfold.header.1\0";

/// SHA-256 (FIPS 180-4) of `bytes`.
pub fn sha256(bytes: &[u8]) -> Digest {
    sha2::Sha256::digest(bytes).into()
}

/// The digest over everything in front of it in a frame.
pub(super) fn header_digest(prelude_and_header: &[u8]) -> Digest {
    sha2::Sha256::new()
        .chain_update(HEADER_DOMAIN)
        .chain_update(prelude_and_header)
        .finalize()
        .into()
}
