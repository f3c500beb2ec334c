//! What a frame says of itself, and its encoding: a CBOR map with numbered fields.

use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};

use serde::{Deserialize, Serialize};

use super::{Digest, sha256};
use crate::fold::Anchor;
use crate::value::{MAX_SAFE_INTEGER, Reader, Value, Writer};
use crate::{Code, Error, Result};

/// Upper bound of an encoded header, in bytes.
pub const MAX_HEADER_BYTES: usize = 65_536;

/// The reader revision that this code implements: a frame whose floor is higher is refused as too new.
const REVISION: u64 = 1;

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
    /// A token that grows with each owner of the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fence: Option<u64>,
    /// Metadata of the host: a plain object.
    #[serde(default = "no_meta", skip_serializing_if = "is_no_meta")]
    pub meta: Value,
}

/// What a header says of the payload behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payload {
    /// Media type of a payload in the host's own format; `None` is a value of docs/format.md §1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Bytes of the payload as it lies in the frame.
    pub bytes: u64,
    /// SHA-256 of those bytes; without compression this is the state digest.
    #[serde(with = "digest_bytes")]
    pub digest: Digest,
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
            fence: None,
            meta: no_meta(),
        }
    }

    fn check(&self) -> Result<()> {
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
        if !matches!(self.meta, Value::Object(_)) {
            return refuse("meta", "metadata is a plain object");
        }
        Ok(())
    }
}

impl Payload {
    /// The facts of a payload that is a value of docs/format.md §1.
    pub fn of(payload: &[u8]) -> Self {
        Self {
            media_type: None,
            bytes: payload.len() as u64,
            digest: sha256(payload),
        }
    }
}

/// Numbers of the header fields, docs/format.md §2.1.
mod field {
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
    pub const HISTORY: u64 = 19;
}

/// Encodes a header; equal headers give equal bytes.
pub(super) fn encode(header: &Header, payload: &Payload) -> Result<Vec<u8>> {
    header.check()?;
    if payload.bytes > MAX_SAFE_INTEGER {
        return Err(Error::new(Code::InvalidOption, "a payload is at most 2^53 - 1 bytes").at_path("payload.bytes"));
    }
    let mut fields = Fields::default();
    fields.put(field::NAME, |w| w.text(&header.name));
    fields.put(field::VERSION, |w| w.uint(u64::from(header.version)));
    fields.put(field::STREAM, |w| w.text(&header.stream));
    fields.put(field::POSITION, |w| w.uint(header.position));
    fields.put(field::EVENT_COUNT, |w| w.uint(header.event_count));
    match &header.anchor {
        Some(Anchor::Id(id)) => fields.put(field::ANCHOR, |w| w.text(id)),
        Some(Anchor::Digest(digest)) => fields.put(field::ANCHOR, |w| w.bytes(digest)),
        None => {}
    }
    if let Some(at) = header.taken_at {
        fields.put(field::TAKEN_AT, |w| w.int(at));
    }
    if let Some(media_type) = &payload.media_type {
        fields.put(field::MEDIA_TYPE, |w| w.text(media_type));
    }
    fields.put(field::STORED_BYTES, |w| w.uint(payload.bytes));
    fields.put(field::DIGEST, |w| w.bytes(&payload.digest));
    if let Some(fence) = header.fence {
        fields.put(field::FENCE, |w| w.uint(fence));
    }
    if header.meta != no_meta() {
        let meta = crate::value::to_vec(&header.meta).map_err(|error| error.at_path("meta"))?;
        fields.put(field::META, |w| w.raw(&meta));
    }
    let encoded = fields.finish();
    if encoded.len() > MAX_HEADER_BYTES {
        return Err(Error::new(
            Code::TooLarge,
            format!(
                "the header would be {} bytes, at most {MAX_HEADER_BYTES} fit; keep ids and metadata short",
                encoded.len()
            ),
        ));
    }
    Ok(encoded)
}

/// Reads a header whose digest has been verified; it begins at `start` in the frame.
pub(super) fn decode(bytes: &[u8], start: usize) -> Result<(Header, Payload)> {
    read(bytes).map_err(|error| {
        let place = start.saturating_add(error.offset().unwrap_or_default() as usize);
        match error.code() {
            Code::Malformed => corrupt(format!("the header is not well-formed: {}", error.message())),
            _ => error,
        }
        .at_offset(place)
    })
}

/// What has been read of a header so far.
struct Draft {
    header: Header,
    payload: Payload,
    /// Numbers of the fields, ascending.
    seen: Vec<u64>,
    /// The first field that asks for a newer reader. It counts only if the rest of the header is sound.
    too_new: Option<Error>,
}

fn read(bytes: &[u8]) -> Result<(Header, Payload)> {
    let mut draft = Draft {
        header: Header::new("", 0, "", 0, 0),
        payload: Payload {
            media_type: None,
            bytes: 0,
            digest: [0; 32],
        },
        seen: vec![],
        too_new: None,
    };
    let mut reader = Reader::new(bytes);
    for _ in 0..reader.map()? {
        let offset = reader.offset();
        let number = reader.u64()?;
        if draft.seen.last().is_some_and(|last| *last >= number) {
            return Err(corrupt("header fields must ascend").at_offset(offset));
        }
        draft.seen.push(number);
        read_field(&mut reader, number, &mut draft).map_err(|error| match error.offset() {
            Some(_) => error,
            None => error.at_offset(offset),
        })?;
    }
    reader.finish()?;
    draft.finish()
}

impl Draft {
    fn finish(self) -> Result<(Header, Payload)> {
        const REQUIRED: [u64; 7] = [
            field::NAME,
            field::VERSION,
            field::STREAM,
            field::POSITION,
            field::EVENT_COUNT,
            field::STORED_BYTES,
            field::DIGEST,
        ];
        let has = |number: u64| self.seen.contains(&number);
        if let Some(missing) = REQUIRED.into_iter().find(|number| !has(*number)) {
            return Err(corrupt(format!("header field {missing} is missing")));
        }
        if [field::RAW_BYTES, field::STATE_DIGEST]
            .into_iter()
            .any(|number| has(number) != has(field::COMPRESSION))
        {
            return Err(corrupt(
                "raw length and state digest belong to compression, and only to it",
            ));
        }
        self.header.check().map_err(|error| {
            corrupt(format!(
                "{} in header: {}",
                error.path().unwrap_or("field"),
                error.message()
            ))
        })?;
        match self.too_new {
            Some(error) => Err(error),
            None => Ok((self.header, self.payload)),
        }
    }

    fn ask_for_newer(&mut self, what: impl AsRef<str>) {
        self.too_new.get_or_insert_with(|| {
            Error::new(
                Code::TooNew,
                format!("{}; upgrade snapfold on this host", what.as_ref()),
            )
        });
    }
}

fn read_field(reader: &mut Reader<'_>, number: u64, draft: &mut Draft) -> Result<()> {
    let Draft { header, payload, .. } = draft;
    match number {
        field::NAME => header.name = reader.text()?.into(),
        field::VERSION => header.version = within(reader, 1, u32::MAX.into())? as u32,
        field::STREAM => header.stream = reader.text()?.into(),
        field::POSITION => header.position = reader.u64()?,
        field::EVENT_COUNT => header.event_count = reader.u64()?,
        field::ANCHOR => header.anchor = Some(anchor(item(reader)?)?),
        field::TAKEN_AT => header.taken_at = Some(reader.i64()?),
        field::MEDIA_TYPE => payload.media_type = Some(reader.text()?.into()),
        field::COMPRESSION => {
            within(reader, 1, 255)?;
            draft.ask_for_newer("the payload is compressed, which this version cannot read");
        }
        field::RAW_BYTES => within(reader, 0, MAX_SAFE_INTEGER).map(drop)?,
        field::STORED_BYTES => payload.bytes = within(reader, 0, MAX_SAFE_INTEGER)?,
        field::DIGEST => payload.digest = digest(reader)?,
        field::STATE_DIGEST | field::HISTORY => digest(reader).map(drop)?,
        field::KEY_ID => {
            if reader.text()?.is_empty() {
                return Err(corrupt("the key id is empty"));
            }
            draft.ask_for_newer("the frame is signed with a key, which this version cannot verify");
        }
        field::FLOOR => {
            let floor = within(reader, 2, u32::MAX.into())?;
            if floor > REVISION {
                draft.ask_for_newer(format!(
                    "this frame asks for reader revision {floor}, this is {REVISION}"
                ));
            }
        }
        field::FENCE => header.fence = Some(reader.u64()?),
        field::META => {
            header.meta = Value::from_bytes(item(reader)?)?;
            if is_no_meta(&header.meta) {
                return Err(corrupt("empty metadata must be left out"));
            }
        }
        field::FOLD_DIGEST => {
            digest(reader)?;
            draft.ask_for_newer("the frame belongs to a built-in fold, which this version does not have");
        }
        _ => reader.skip()?,
    }
    Ok(())
}

fn anchor(item: &[u8]) -> Result<Anchor> {
    match Value::from_bytes(item)? {
        Value::Text(id) => Some(Anchor::Id(id)),
        Value::Bytes(bytes) => bytes.try_into().ok().map(Anchor::Digest),
        _ => None,
    }
    .ok_or_else(|| corrupt("the anchor is neither text nor 32 bytes"))
}

fn digest(reader: &mut Reader<'_>) -> Result<Digest> {
    let bytes = reader.bytes()?;
    bytes.try_into().map_err(|_| corrupt("a digest that is not 32 bytes"))
}

fn within(reader: &mut Reader<'_>, least: u64, most: u64) -> Result<u64> {
    let number = reader.u64()?;
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(corrupt(format!("{number} is not within {least} to {most}")))
}

/// The bytes of the next item, whatever it is.
fn item<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    let start = reader.offset();
    reader.skip()?;
    Ok(reader.since(start))
}

fn corrupt(message: impl Into<String>) -> Error {
    Error::new(Code::Corrupt, message)
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
