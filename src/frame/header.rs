//! What a frame says of itself, and how that is written: a CBOR map with numbered fields.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::Digest;
use super::payload::{Algorithm, Payload, Stored, optional_digest};
use crate::fold::{Anchor, Commitment};
use crate::text::text;
use crate::value::{self, MAX_SAFE_INTEGER, Reader, Value, Writer};
use crate::{Code, Error, Result};

/// Upper bound of an encoded header, in bytes.
pub const MAX_HEADER_BYTES: usize = 65_536;

/// Whose state this is, and which events are in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// Name of the definition.
    pub name: String,
    /// Version of the definition, 1 or more.
    pub version: u32,
    /// Stream id, in full.
    #[serde(rename = "streamId")]
    pub stream: String,
    /// Position of the last folded event, inclusive.
    pub position: u64,
    /// How many events are folded in, 1 or more.
    pub event_count: u64,
    /// Identity of the last folded event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anchor: Option<Anchor>,
    /// When the snapshot was taken, in milliseconds since 1970-01-01T00:00Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<i64>,
    /// The lowest reader revision that may use this frame, for writers that rely on something only newer readers know. `None` is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<u32>,
    /// A token that grows with each owner of the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
    /// Digest of the built-in fold that made the state; `None`: a fold of the host's own did.
    #[serde(default, with = "optional_digest", skip_serializing_if = "Option::is_none")]
    pub fold_digest: Option<Digest>,
    /// Commits to all folded events, for writers who were asked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Commitment>,
    /// Types of the events that the writer's fold understands, strictly ascending by their UTF-8; empty: not stated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub knows: Vec<String>,
    /// Metadata of the host: a plain object of at most 255 levels, which stands in the header's own map.
    #[serde(default = "no_meta", skip_serializing_if = "is_no_meta")]
    pub meta: Value,
}

impl Header {
    /// A header with the fields that every snapshot must have.
    pub fn new(
        name: impl Into<String>,
        version: u32,
        stream: impl Into<String>,
        position: u64,
        event_count: u64,
    ) -> Self {
        Self {
            name: name.into(),
            version,
            stream: stream.into(),
            position,
            event_count,
            anchor: None,
            taken_at: None,
            floor: None,
            fence: None,
            fold_digest: None,
            commitment: None,
            knows: Vec::new(),
            meta: no_meta(),
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        let refuse = |field: &str, rule: &str| Err(Error::new(Code::InvalidOption, rule).at_path(field));
        if self.name.is_empty() {
            return refuse("name", "a definition needs a name");
        }
        if self.version == 0 {
            return refuse("version", "versions start at 1");
        }
        if self.stream.is_empty() {
            return refuse("streamId", "a stream needs an id");
        }
        if self.event_count == 0 {
            return refuse("eventCount", "a snapshot holds at least one event");
        }
        if self.taken_at.is_some_and(|at| at.unsigned_abs() > MAX_SAFE_INTEGER) {
            return refuse("takenAt", "milliseconds since 1970, within 2^53 - 1");
        }
        if self.floor == Some(0) {
            return refuse("floor", "reader revisions start at 1");
        }
        if !self.knows.iter().is_sorted_by(|a, b| a < b) {
            return refuse("knows", "event types ascend, each there once");
        }
        Ok(())
    }
}

/// Numbers of the header fields, docs/format.md §2.1.
pub(super) mod field {
    pub const NAME: u64 = 1;
    pub const VERSION: u64 = 2;
    pub const STREAM: u64 = 3;
    pub const POSITION: u64 = 4;
    pub const EVENT_COUNT: u64 = 5;
    pub const ANCHOR: u64 = 6;
    pub const TAKEN_AT: u64 = 7;
    pub const MEDIA_TYPE: u64 = 8;
    pub const COMPRESSION: u64 = 9;
    pub const RAW_BYTES: u64 = 10;
    pub const STORED_BYTES: u64 = 11;
    pub const DIGEST: u64 = 12;
    pub const STATE_DIGEST: u64 = 13;
    pub const KEY_ID: u64 = 14;
    pub const FLOOR: u64 = 15;
    pub const FENCE: u64 = 16;
    pub const META: u64 = 17;
    pub const FOLD_DIGEST: u64 = 18;
    pub const COMMITMENT: u64 = 19;
    pub const KNOWS: u64 = 20;

    /// The one compression that field 9 knows.
    pub const COMPRESSION_LZ4: u64 = 1;
}

/// Encodes a header that has been checked, with metadata from [`encode_meta`] or [`check_meta`]; equal headers give equal bytes.
pub(super) fn encode(header: &Header, meta: &[u8], payload: &Payload, key_id: Option<&str>) -> Result<Vec<u8>> {
    let mut fields = Fields::default();
    fields.put(field::NAME, |w| w.text(&header.name));
    fields.put(field::VERSION, |w| w.uint(u64::from(header.version)));
    fields.put(field::STREAM, |w| w.text(&header.stream));
    fields.put(field::POSITION, |w| w.uint(header.position));
    fields.put(field::EVENT_COUNT, |w| w.uint(header.event_count));
    if let Some(anchor) = &header.anchor {
        fields.put(field::ANCHOR, |w| anchor.write(w));
    }
    if let Some(at) = header.taken_at {
        fields.put(field::TAKEN_AT, |w| w.int(at));
    }
    fields.put_payload(payload);
    if let Some(id) = key_id {
        fields.put(field::KEY_ID, |w| w.text(id));
    }
    if let Some(floor) = header.floor.filter(|floor| *floor > 1) {
        fields.put(field::FLOOR, |w| w.uint(u64::from(floor)));
    }
    if let Some(fence) = header.fence {
        fields.put(field::FENCE, |w| w.uint(fence));
    }
    if !meta.is_empty() {
        fields.put(field::META, |w| w.raw(meta));
    }
    if let Some(digest) = &header.fold_digest {
        fields.put(field::FOLD_DIGEST, |w| w.bytes(digest));
    }
    if let Some(commitment) = &header.commitment {
        fields.put(field::COMMITMENT, |w| w.bytes(commitment.as_bytes()));
    }
    if !header.knows.is_empty() {
        fields.put(field::KNOWS, |w| {
            w.array(header.knows.len());
            header.knows.iter().for_each(|name| w.text(name));
        });
    }
    let encoded = fields.finish();
    if encoded.len() > MAX_HEADER_BYTES {
        return Err(Error::new(
            Code::TooLarge,
            text!(
                "the header would be {} bytes, at most {} fit; keep ids and metadata short",
                encoded.len(),
                MAX_HEADER_BYTES
            ),
        ));
    }
    Ok(encoded)
}

/// Metadata as they stand in a header; nothing if there are none.
pub(super) fn encode_meta(meta: &Value) -> Result<Vec<u8>> {
    let encoded = value::to_vec(meta).map_err(|error| error.at_path("meta"))?;
    check_meta(&encoded).map(<[u8]>::to_vec)
}

/// What of encoded metadata stands in a header: nothing if they are empty. An error if they cannot stand there.
pub(super) fn check_meta(encoded: &[u8]) -> Result<&[u8]> {
    if encoded == [EMPTY_MAP] {
        return Ok(&[]);
    }
    if !is_map(encoded) {
        return Err(Error::new(Code::InvalidOption, NO_OBJECT).at_path("meta"));
    }
    let mut reader = Reader::new(encoded);
    reader
        .skip(HEADER_DEPTH)
        .and_then(|()| reader.finish())
        .map_err(|failure| Error::new(Code::Unencodable, Error::from(failure).message()).at_path("meta"))?;
    Ok(encoded)
}

pub(super) const NO_OBJECT: &str = "metadata is a plain object";
pub(super) const EMPTY_MAP: u8 = 0xa0;
/// Fields lie in the header's map, which is one level of nesting already.
pub(super) const HEADER_DEPTH: usize = 1;

pub(super) fn is_map(item: &[u8]) -> bool {
    item.first().is_some_and(|first| first & 0xe0 == EMPTY_MAP)
}

/// Collects fields in ascending order and writes the map's head when their number is known.
#[derive(Default)]
struct Fields {
    count: usize,
    entries: Writer,
}

impl Fields {
    fn put(&mut self, number: u64, write: impl FnOnce(&mut Writer)) {
        self.count += 1;
        self.entries.uint(number);
        write(&mut self.entries);
    }

    fn put_payload(&mut self, payload: &Payload) {
        if let Some(media_type) = &payload.media_type {
            self.put(field::MEDIA_TYPE, |w| w.text(media_type));
        }
        if let Some(Stored {
            compression: Algorithm::Lz4,
            ..
        }) = payload.stored
        {
            self.put(field::COMPRESSION, |w| w.uint(field::COMPRESSION_LZ4));
            self.put(field::RAW_BYTES, |w| w.uint(payload.bytes));
        }
        self.put(field::STORED_BYTES, |w| w.uint(payload.stored_bytes()));
        self.put(field::DIGEST, |w| w.bytes(payload.stored_digest()));
        if payload.stored.is_some() {
            self.put(field::STATE_DIGEST, |w| w.bytes(&payload.digest));
        }
    }

    fn finish(self) -> Vec<u8> {
        let mut map = Writer::default();
        map.map(self.count);
        map.raw(&self.entries.into_bytes());
        map.into_bytes()
    }
}

fn no_meta() -> Value {
    Value::Object(vec![])
}

fn is_no_meta(meta: &Value) -> bool {
    matches!(meta, Value::Object(entries) if entries.is_empty())
}
