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
    pub const STORED_BYTES: u64 = 11;
    pub const DIGEST: u64 = 12;
    pub const KEY_ID: u64 = 14;
    pub const FLOOR: u64 = 15;
    pub const FENCE: u64 = 16;
    pub const META: u64 = 17;
    pub const FOLD_DIGEST: u64 = 18;
}

/// Encodes a header; equal headers give equal bytes.
pub(super) fn encode(header: &Header, payload: &Payload) -> Result<Vec<u8>> {
    header.check()?;
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

/// Reads a header whose digest has been verified.
pub(super) fn decode(bytes: &[u8]) -> Result<(Header, Payload)> {
    read(bytes).map_err(|error| match error.code() {
        Code::Malformed => Error::new(
            Code::Corrupt,
            format!("the header is not well-formed: {}", error.message()),
        )
        .at_offset(error.offset().unwrap_or_default() as usize),
        _ => error,
    })
}

fn read(bytes: &[u8]) -> Result<(Header, Payload)> {
    let mut header = Header::new("", 0, "", 0, 0);
    let mut payload = Payload {
        media_type: None,
        bytes: 0,
        digest: [0; 32],
    };
    let mut seen = vec![];
    let mut reader = Reader::new(bytes);
    for _ in 0..reader.map()? {
        let offset = reader.offset();
        let number = reader.u64()?;
        if seen.last().is_some_and(|last| *last >= number) {
            return Err(corrupt("header fields must ascend").at_offset(offset));
        }
        seen.push(number);
        read_field(&mut reader, number, &mut header, &mut payload)?;
    }
    reader.finish()?;
    const REQUIRED: [u64; 7] = [
        field::NAME,
        field::VERSION,
        field::STREAM,
        field::POSITION,
        field::EVENT_COUNT,
        field::STORED_BYTES,
        field::DIGEST,
    ];
    if let Some(missing) = REQUIRED.iter().find(|number| !seen.contains(number)) {
        return Err(corrupt(format!("header field {missing} is missing")));
    }
    header.check().map_err(|error| {
        corrupt(format!(
            "{} in header: {}",
            error.path().unwrap_or("field"),
            error.message()
        ))
    })?;
    Ok((header, payload))
}

fn read_field(reader: &mut Reader<'_>, number: u64, header: &mut Header, payload: &mut Payload) -> Result<()> {
    match number {
        field::NAME => header.name = reader.text()?.into(),
        field::VERSION => {
            header.version = u32::try_from(reader.u64()?).map_err(|_| corrupt("the version is above 2^32 - 1"))?;
        }
        field::STREAM => header.stream = reader.text()?.into(),
        field::POSITION => header.position = reader.u64()?,
        field::EVENT_COUNT => header.event_count = reader.u64()?,
        field::ANCHOR => header.anchor = Some(crate::value::from_slice(item(reader)?)?),
        field::TAKEN_AT => header.taken_at = Some(reader.i64()?),
        field::MEDIA_TYPE => payload.media_type = Some(reader.text()?.into()),
        field::STORED_BYTES => payload.bytes = reader.u64()?,
        field::DIGEST => {
            payload.digest = reader
                .bytes()?
                .try_into()
                .map_err(|_| corrupt("the payload digest is not 32 bytes"))?;
        }
        field::FENCE => header.fence = Some(reader.u64()?),
        field::META => header.meta = crate::value::from_slice(item(reader)?)?,
        field::FLOOR => {
            let floor = reader.u64()?;
            if floor > REVISION {
                return Err(too_new(format!(
                    "this frame asks for reader revision {floor}, this is {REVISION}"
                )));
            }
        }
        field::COMPRESSION => return Err(too_new("the payload is compressed, which this version cannot read")),
        field::KEY_ID => {
            return Err(too_new(
                "the frame is signed with a key, which this version cannot verify",
            ));
        }
        field::FOLD_DIGEST => {
            return Err(too_new(
                "the frame belongs to a built-in fold, which this version does not have",
            ));
        }
        _ => reader.skip()?,
    }
    Ok(())
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

fn too_new(message: impl AsRef<str>) -> Error {
    Error::new(
        Code::TooNew,
        format!("{}; upgrade snapfold on this host", message.as_ref()),
    )
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
