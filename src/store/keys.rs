//! Where things lie: keys that every store can hold and scan. docs/format.md §3.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::frame::{Digest, sha256};
use crate::sort::sort_by;
use crate::text::text;
use crate::{Code, Error, Result};

/// Upper bound of a key, in bytes (all ASCII).
pub const MAX_KEY_BYTES: usize = 255;

/// Longer encoded identifiers are shortened to a readable prefix and a digest.
const MAX_SEGMENT_BYTES: usize = 96;
const READABLE_BYTES: usize = 30;
const PLACE_DIGITS: usize = 16;
/// What a key holds of a fold digest; the header holds all of it.
const FOLD_BYTES: usize = 16;

/// Whose the snapshots of a key space are. Where a slot is asked for, a version or a digest will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// One version of a definition.
    Version(u32),
    /// A built-in fold, by its digest.
    Fold(Digest),
}

impl Slot {
    /// The slot of a definition, or of a header: a built-in fold has the one of its digest, whatever the version.
    pub fn of(version: u32, fold_digest: Option<Digest>) -> Self {
        fold_digest.map_or(Self::Version(version), Self::Fold)
    }

    /// The segment of keys that stands for it.
    pub(super) fn segment(&self) -> String {
        match self {
            Self::Version(version) => text!("v{}", *version),
            Self::Fold(digest) => text!("f{}", hex(digest.get(..FOLD_BYTES).unwrap_or_default())),
        }
    }
}

impl From<u32> for Slot {
    fn from(version: u32) -> Self {
        Self::Version(version)
    }
}

impl From<Digest> for Slot {
    fn from(fold_digest: Digest) -> Self {
        Self::Fold(fold_digest)
    }
}

/// The keys of one stream of one definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamKeys {
    prefix: String,
    /// Where the name ends in it.
    name_bytes: usize,
    /// SHA-256 of the stream id.
    digest: Digest,
}

impl StreamKeys {
    /// The keys of stream `stream` of the definition `name`.
    ///
    /// # Errors
    /// [`Code::InvalidId`] if either is empty.
    pub fn new(name: &str, stream: &str) -> Result<Self> {
        let name = segment("name", name)?;
        Ok(Self {
            prefix: text!("{}/{}/", name, segment("streamId", stream)?),
            name_bytes: name.len(),
            digest: sha256(stream.as_bytes()),
        })
    }

    /// The prefix of everything that belongs to the stream, in every slot.
    pub fn all(&self) -> &str {
        &self.prefix
    }

    /// The prefix of the snapshots in every slot.
    pub fn all_snapshots(&self) -> String {
        text!("{}s/", self.prefix)
    }

    /// The prefix of the snapshots in one slot; a plain ascending scan finds the newest first.
    pub fn snapshots(&self, slot: impl Into<Slot>) -> String {
        self.snapshots_in(&slot.into().segment())
    }

    /// The key of a snapshot. A scan of [`Self::snapshots`] that starts here finds "the newest at or below `position`".
    pub fn snapshot(&self, slot: impl Into<Slot>, position: u64) -> String {
        self.snapshot_in(&slot.into().segment(), position)
    }

    /// The key of the marker that a failed attempt leaves.
    pub fn attempt(&self, slot: impl Into<Slot>) -> String {
        self.attempt_in(&slot.into().segment())
    }

    /// The key of what is left of a stream that was forgotten: where something lies, nothing of the stream may be written, in any slot. It
    /// does not hold the stream id, and lies outside of [`Self::all`].
    pub fn tombstone(&self) -> String {
        let name = self.prefix.get(..self.name_bytes).unwrap_or_default();
        let mut key = text!("{}/~~{}/t/v0/", name, hex(&self.digest));
        push_hex(&mut key, 0, PLACE_DIGITS);
        key
    }

    // As above, with the slot's segment

    pub(super) fn snapshots_in(&self, slot: &str) -> String {
        text!("{}s/{}/", self.prefix, slot)
    }

    pub(super) fn snapshot_in(&self, slot: &str, position: u64) -> String {
        let mut key = self.snapshots_in(slot);
        push_hex(&mut key, u64::MAX - position, PLACE_DIGITS);
        key
    }

    pub(super) fn attempt_in(&self, slot: &str) -> String {
        let mut key = text!("{}a/{}/", self.prefix, slot);
        push_hex(&mut key, 0, PLACE_DIGITS);
        key
    }
}

/// The position that a snapshot's key states; `None` if it is not such a key.
pub fn position_of(key: &str) -> Option<u64> {
    let (slot, place) = key.as_bytes().split_last_chunk::<PLACE_DIGITS>()?;
    let slot = slot.strip_suffix(b"/")?;
    let stream = slot.get(..slot.iter().rposition(|byte| *byte == b'/')?)?;
    if !stream.ends_with(b"/s") {
        return None;
    }
    let inverted = place.iter().try_fold(0u64, |number, digit| match digit {
        b'0'..=b'9' => Some(number << 4 | u64::from(digit - b'0')),
        b'a'..=b'f' => Some(number << 4 | u64::from(digit - b'a' + 10)),
        _ => None,
    })?;
    Some(u64::MAX - inverted)
}

/// Those that are keys of snapshots, with their positions; the newest comes last.
pub(super) fn by_position<'k>(keys: impl Iterator<Item = &'k String>) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    for key in keys {
        if let Some(position) = position_of(key) {
            found.push((position, key.clone()));
        }
    }
    sort_by(&mut found, Ord::cmp);
    found
}

fn segment(what: &str, identifier: &str) -> Result<String> {
    if identifier.is_empty() {
        return Err(Error::new(Code::InvalidId, "an identifier must not be empty").at_path(what));
    }
    let encoded = escape(identifier);
    if encoded.len() <= MAX_SEGMENT_BYTES {
        return Ok(encoded);
    }
    let mut short: String = readable_prefix(&encoded).to_string();
    short.push_str("~~");
    short.push_str(&hex(&sha256(identifier.as_bytes())));
    Ok(short)
}

fn escape(identifier: &str) -> String {
    let last = identifier.len() - 1;
    let mut encoded = String::with_capacity(identifier.len());
    for (index, byte) in identifier.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => encoded.push(char::from(byte)),
            b'.' if index != 0 && index != last => encoded.push('.'),
            _ => {
                encoded.push('~');
                push_hex(&mut encoded, byte.into(), 2);
            }
        }
    }
    encoded
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = String::new();
    for byte in bytes {
        push_hex(&mut digits, (*byte).into(), 2);
    }
    digits
}

fn push_hex(text: &mut String, number: u64, digits: usize) {
    for digit in (0..digits).rev() {
        let nibble = (number >> (4 * digit)) as u32 & 0xf;
        text.extend(char::from_digit(nibble, 16));
    }
}

/// The longest prefix of at most [`READABLE_BYTES`] that does not cut an escape (`~` and two digits).
fn readable_prefix(encoded: &str) -> &str {
    let cut = (READABLE_BYTES - 2..READABLE_BYTES).find(|at| encoded.as_bytes().get(*at) == Some(&b'~'));
    encoded.get(..cut.unwrap_or(READABLE_BYTES)).unwrap_or(encoded)
}
