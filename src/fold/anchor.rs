//! The identity of one event.

use alloc::string::String;
use core::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::value::Writer;

/// Which event was folded last: its id, or the SHA-256 of its bytes.
///
/// A snapshot and a log share one history exactly if the log still has this event at the snapshot's position.
/// In serde's data model an id is text and a digest is a byte string of 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The event's own id.
    Id(String),
    /// SHA-256 of the event's bytes.
    Digest([u8; 32]),
}

impl Anchor {
    /// An anchor made of the event's own id.
    pub fn id(id: impl Into<String>) -> Self {
        Self::Id(id.into())
    }

    /// An anchor made of the event's bytes, for logs whose events have no ids. The bytes must be the stored ones, or any form that
    /// is the same whenever the event is read.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self::Digest(Sha256::digest(bytes).into())
    }

    /// As a value: text or bytes.
    pub(crate) fn write(&self, out: &mut Writer) {
        match self {
            Self::Id(id) => out.text(id),
            Self::Digest(digest) => out.bytes(digest),
        }
    }
}

impl Serialize for Anchor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => serializer.serialize_str(id),
            Self::Digest(digest) => serializer.serialize_bytes(digest),
        }
    }
}

impl<'de> Deserialize<'de> for Anchor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnchorVisitor;
        impl Visitor<'_> for AnchorVisitor {
            type Value = Anchor;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event id as text, or 32 bytes of SHA-256")
            }

            fn visit_str<E: de::Error>(self, id: &str) -> Result<Anchor, E> {
                Ok(Anchor::id(id))
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Anchor, E> {
                let digest = bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))?;
                Ok(Anchor::Digest(digest))
            }
        }
        deserializer.deserialize_any(AnchorVisitor)
    }
}
