//! One digest that stands for all events that were folded, in their order.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::Anchor;
use crate::frame::{Digest, digest_bytes};
use crate::value::Writer;

/// Keeps a commitment from ever being taken for another digest.
const DOMAIN: &[u8] = b"snapfold.history.1\0";

/// A rolling commitment to a history (docs/format.md §2.6): two histories have the same one exactly if they have the same events, by
/// their anchors, at the same positions, in the same order. An event whose anchor is its id stays the same whatever else is changed in it.
///
/// The default commits to nothing: no event is folded yet. In serde's data model a commitment is a byte string of 32 bytes.
///
/// ```
/// use snapfold::fold::{Anchor, Commitment};
///
/// let whole = Commitment::default().after(1, &Anchor::id("a")).after(2, &Anchor::id("b"));
/// let other = Commitment::default().after(1, &Anchor::id("x")).after(2, &Anchor::id("b"));
/// assert_ne!(whole, other);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Commitment(Digest);

impl Commitment {
    /// The commitment to the same history and one more event. One SHA-256 of 59 bytes and the anchor's.
    #[must_use]
    pub fn after(self, position: u64, anchor: &Anchor) -> Self {
        let mut value = Writer::default();
        anchor.write(&mut value);
        let digest = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(self.0)
            .chain_update(position.to_be_bytes())
            .chain_update(value.as_bytes());
        Self(digest.finalize().into())
    }

    /// As it stands in a header.
    pub fn as_bytes(&self) -> &Digest {
        &self.0
    }
}

impl From<Digest> for Commitment {
    fn from(bytes: Digest) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Commitment(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

impl Serialize for Commitment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        digest_bytes::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Commitment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        digest_bytes::deserialize(deserializer).map(Self)
    }
}
