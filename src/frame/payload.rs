//! What a frame says of the payload behind its head.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::{Digest, sha256};
use crate::text::text;
use crate::value::MAX_SAFE_INTEGER;
use crate::{Code, Error, Result};

/// What a header says of the state behind it. Length and digest are those of the state itself, however it is stored: two frames
/// hold the same state exactly if these are equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    /// Media type of a payload in the host's own format; `None` is a value of docs/format.md §1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Bytes of the state.
    pub bytes: u64,
    /// SHA-256 of those bytes: the state digest.
    #[serde(with = "digest_bytes")]
    pub digest: Digest,
    /// What lies in the frame instead, if the state is compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Stored>,
}

/// A compressed payload, as it lies in the frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stored {
    /// What it was compressed with.
    pub compression: Algorithm,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of those bytes.
    #[serde(with = "digest_bytes")]
    pub digest: Digest,
}

/// What a payload is compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Algorithm {
    /// An LZ4 frame of independent blocks; docs/format.md §2.4.
    Lz4,
}

impl Payload {
    /// The facts of an uncompressed payload that is a value of docs/format.md §1.
    pub fn of(payload: &[u8]) -> Self {
        Self {
            media_type: None,
            bytes: payload.len() as u64,
            digest: sha256(payload),
            stored: None,
        }
    }

    /// Bytes of what lies in the frame.
    pub fn stored_bytes(&self) -> u64 {
        self.stored.as_ref().map_or(self.bytes, |stored| stored.bytes)
    }

    /// SHA-256 of what lies in the frame.
    pub fn stored_digest(&self) -> &Digest {
        self.stored.as_ref().map_or(&self.digest, |stored| &stored.digest)
    }

    pub(super) fn check(&self) -> Result<()> {
        let refuse = |rule: String| Err(Error::new(Code::InvalidOption, rule).at_path("payload.bytes"));
        if self.bytes.max(self.stored_bytes()) > MAX_SAFE_INTEGER {
            return refuse("a payload is at most 2^53 - 1 bytes".into());
        }
        match &self.stored {
            Some(stored) if self.bytes.div_ceil(stored.compression.largest_ratio()) > stored.bytes => refuse(text!(
                "{} bytes cannot have come from {} bytes of LZ4",
                self.bytes,
                stored.bytes
            )),
            _ => Ok(()),
        }
    }
}

impl Algorithm {
    /// No input expands further than this.
    fn largest_ratio(self) -> u64 {
        match self {
            Self::Lz4 => 255,
        }
    }
}

/// Digests cross as byte strings, not as arrays of 32 numbers.
pub mod digest_bytes {
    use alloc::vec::Vec;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Digest;
    use crate::value::Bytes;

    pub fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(digest)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let Bytes(bytes): Bytes = Bytes::deserialize(deserializer)?;
        bytes
            .try_into()
            .map_err(|bytes: Vec<u8>| D::Error::invalid_length(bytes.len(), &"32 bytes of SHA-256"))
    }
}

/// As [`digest_bytes`], where there may be none.
pub mod optional_digest {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Digest, digest_bytes};

    #[derive(Deserialize)]
    struct Wrapped(#[serde(with = "digest_bytes")] Digest);

    pub fn serialize<S: Serializer>(digest: &Option<Digest>, serializer: S) -> Result<S::Ok, S::Error> {
        match digest {
            Some(digest) => digest_bytes::serialize(digest, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Digest>, D::Error> {
        Ok(Option::<Wrapped>::deserialize(deserializer)?.map(|Wrapped(digest)| digest))
    }
}
