//! What a frame says of itself, and its encoding: a CBOR map with numbered fields.

use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};

use serde::{Deserialize, Serialize};

use super::Digest;
use super::payload::{Algorithm, Payload, Stored};
use crate::fold::Anchor;
use crate::value::{self, MAX_SAFE_INTEGER, Reader, Value, Writer};
use crate::{Code, Error, Result};

/// Upper bound of an encoded header, in bytes.
pub const MAX_HEADER_BYTES: usize = 65_536;

/// The reader revision that this code implements: a frame whose floor is higher is refused as too new.
const REVISION: u32 = 1;

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
        if self.floor == Some(0) {
            return refuse("floor", "reader revisions start at 1");
        }
        if !matches!(self.meta, Value::Object(_)) {
            return refuse("meta", "metadata is a plain object");
        }
        Ok(())
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

    /// The one compression that field 9 knows.
    pub const COMPRESSION_LZ4: u64 = 1;
}

/// Encodes a header; equal headers give equal bytes.
pub(super) fn encode(header: &Header, payload: &Payload, key_id: Option<&str>) -> Result<Vec<u8>> {
    header.check()?;
    payload.check()?;
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
    if !is_no_meta(&header.meta) {
        let meta = encode_meta(&header.meta)?;
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

/// The key id that a header states, read before anything is verified: it serves for choosing the key and for nothing else. The whole
/// header must look like one, or a changed field number could pass for a signature. Allocates nothing; linear in the header.
pub(super) fn claimed_key(bytes: &[u8], start: usize) -> Result<Option<&str>> {
    find_key(bytes).map_err(|error| at_frame(error, start))
}

fn find_key(bytes: &[u8]) -> Result<Option<&str>> {
    let mut reader = Reader::new(bytes);
    let (mut last, mut key) = (None, None);
    for _ in 0..reader.map()? {
        let number = ascending(&mut reader, last)?;
        match number {
            field::KEY_ID => key = Some(key_id(&mut reader)?),
            _ => reader.jump()?,
        }
        last = Some(number);
    }
    reader.finish().map(|()| key)
}

/// Reads a header whose digest has been verified; it begins at `start` in the frame.
pub(super) fn decode(bytes: &[u8], start: usize) -> Result<Decoded> {
    read(bytes).map_err(|error| at_frame(error, start))
}

/// An error of the header with its place in the frame.
fn at_frame(error: Error, start: usize) -> Error {
    let place = start.saturating_add(error.offset().unwrap_or_default() as usize);
    match error.code() {
        Code::Malformed => corrupt(format!("the header is not well-formed: {}", error.message())),
        _ => error,
    }
    .at_offset(place)
}

/// All that a header says.
pub(super) struct Decoded {
    pub header: Header,
    pub payload: Payload,
    pub key_id: Option<String>,
}

/// What has been read of a header so far.
struct Draft {
    header: Header,
    media_type: Option<String>,
    compression: Option<u64>,
    raw_bytes: u64,
    state_digest: Digest,
    /// What lies in the frame, compressed or not.
    stored: Stored,
    key_id: Option<String>,
    /// Numbers of the fields, ascending.
    seen: Vec<u64>,
    /// The first field that asks for a newer reader. It counts only if the rest of the header is sound.
    too_new: Option<Error>,
}

fn read(bytes: &[u8]) -> Result<Decoded> {
    let mut draft = Draft {
        header: Header::new("", 0, "", 0, 0),
        media_type: None,
        compression: None,
        raw_bytes: 0,
        state_digest: [0; 32],
        stored: Stored {
            compression: Algorithm::Lz4,
            bytes: 0,
            digest: [0; 32],
        },
        key_id: None,
        seen: vec![],
        too_new: None,
    };
    let mut reader = Reader::new(bytes);
    for _ in 0..reader.map()? {
        let offset = reader.offset();
        let number = ascending(&mut reader, draft.seen.last().copied())?;
        draft.seen.push(number);
        draft
            .read_field(&mut reader, number)
            .map_err(|error| match error.offset() {
                Some(_) => error,
                None => error.at_offset(offset),
            })?;
    }
    reader.finish()?;
    draft.finish()
}

impl Draft {
    fn read_field(&mut self, reader: &mut Reader<'_>, number: u64) -> Result<()> {
        let Self { header, stored, .. } = self;
        match number {
            field::NAME => header.name = reader.text()?.into(),
            field::VERSION => header.version = within(reader, 1, u32::MAX.into())? as u32,
            field::STREAM => header.stream = reader.text()?.into(),
            field::POSITION => header.position = reader.u64()?,
            field::EVENT_COUNT => header.event_count = reader.u64()?,
            field::ANCHOR => header.anchor = Some(anchor(item(reader)?)?),
            field::TAKEN_AT => header.taken_at = Some(reader.i64()?),
            field::MEDIA_TYPE => self.media_type = Some(reader.text()?.into()),
            field::COMPRESSION => {
                let compression = within(reader, 1, 255)?;
                self.compression = Some(compression);
                if compression != field::COMPRESSION_LZ4 {
                    self.ask_for_newer("the payload is compressed in a way that this version does not know");
                }
            }
            field::RAW_BYTES => self.raw_bytes = within(reader, 0, MAX_SAFE_INTEGER)?,
            field::STORED_BYTES => stored.bytes = within(reader, 0, MAX_SAFE_INTEGER)?,
            field::DIGEST => stored.digest = digest(reader)?,
            field::STATE_DIGEST => self.state_digest = digest(reader)?,
            field::KEY_ID => self.key_id = Some(key_id(reader)?.into()),
            field::FLOOR => {
                let floor = within(reader, 2, u32::MAX.into())? as u32;
                header.floor = Some(floor);
                if floor > REVISION {
                    self.ask_for_newer(format!(
                        "this frame asks for reader revision {floor}, this is {REVISION}"
                    ));
                }
            }
            field::FENCE => header.fence = Some(reader.u64()?),
            field::META => {
                header.meta = value::from_slice(nested(reader)?)?;
                if is_no_meta(&header.meta) {
                    return Err(corrupt("empty metadata must be left out"));
                }
            }
            field::FOLD_DIGEST => {
                digest(reader)?;
                self.ask_for_newer("the frame belongs to a built-in fold, which this version does not have");
            }
            field::HISTORY => digest(reader).map(drop)?,
            _ => nested(reader).map(drop)?,
        }
        Ok(())
    }

    fn ask_for_newer(&mut self, what: impl AsRef<str>) {
        self.too_new.get_or_insert_with(|| {
            Error::new(
                Code::TooNew,
                format!("{}; upgrade snapfold on this host", what.as_ref()),
            )
        });
    }

    fn finish(self) -> Result<Decoded> {
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
        let compressed = self.compression.is_some();
        if has(field::RAW_BYTES) != compressed || has(field::STATE_DIGEST) != compressed {
            return Err(corrupt(
                "raw length and state digest belong to compression, and only to it",
            ));
        }
        let Self { header, stored, .. } = self;
        let payload = Payload {
            media_type: self.media_type,
            bytes: if compressed { self.raw_bytes } else { stored.bytes },
            digest: if compressed { self.state_digest } else { stored.digest },
            stored: compressed.then_some(stored),
        };
        let known = self.compression.is_none_or(|is| is == field::COMPRESSION_LZ4);
        header
            .check()
            .and_then(|()| if known { payload.check() } else { Ok(()) })
            .map_err(|error| {
                let path = error.path().unwrap_or("field");
                corrupt(format!("{path} in header: {}", error.message()))
            })?;
        match self.too_new {
            Some(error) => Err(error),
            None => Ok(Decoded {
                header,
                payload,
                key_id: self.key_id,
            }),
        }
    }
}

/// The number of the next field.
fn ascending(reader: &mut Reader<'_>, last: Option<u64>) -> Result<u64> {
    let offset = reader.offset();
    let number = reader.u64()?;
    if last.is_some_and(|last| last >= number) {
        return Err(corrupt("header fields must ascend").at_offset(offset));
    }
    Ok(number)
}

fn key_id<'a>(reader: &mut Reader<'a>) -> Result<&'a str> {
    let offset = reader.offset();
    match reader.text()? {
        "" => Err(corrupt("the key id is empty").at_offset(offset)),
        id => Ok(id),
    }
}

fn anchor(item: &[u8]) -> Result<Anchor> {
    match value::from_slice(item)? {
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

/// As [`item`], for what may hold others: the header's map is one level of nesting already.
fn nested<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    let start = reader.offset();
    let item = item(reader)?;
    value::validate(&in_array(item)).map_err(|error| {
        let inside = error.offset().unwrap_or_default().saturating_sub(1) as usize;
        error.at_offset(start.saturating_add(inside))
    })?;
    Ok(item)
}

fn encode_meta(meta: &Value) -> Result<Vec<u8>> {
    let at_meta = |error: Error| error.at_path("meta");
    let encoded = value::to_vec(meta).map_err(at_meta)?;
    value::validate(&in_array(&encoded))
        .map_err(|error| at_meta(Error::new(Code::Unencodable, error.message())))
        .map(|()| encoded)
}

/// The item one level deeper.
fn in_array(item: &[u8]) -> Vec<u8> {
    const ARRAY_OF_ONE: u8 = 0x81;
    let mut array = vec![ARRAY_OF_ONE];
    array.extend_from_slice(item);
    array
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
