//! Reading headers: first the key that one claims to be signed with, then, once its digest is verified, all of it.

use alloc::string::String;
use alloc::vec::Vec;

use super::header::{EMPTY_MAP, HEADER_DEPTH, Header, NO_OBJECT, field, is_map};
use super::payload::{Algorithm, Payload, Stored};
use super::{Digest, corrupt};
use crate::fold::Anchor;
use crate::text::text;
use crate::value::{MAX_SAFE_INTEGER, Reader};
use crate::{Code, Error, Result};

/// The reader revision that this code implements: a frame whose floor is higher is refused as too new.
const REVISION: u32 = 1;

/// What a header claims before anything is verified.
pub(super) struct Claims<'a> {
    /// Serves for choosing the key, and for nothing else until the digest is verified.
    pub key_id: Option<&'a str>,
    floor: Option<u64>,
}

/// Reads no more than heads, the key id and the floor. The whole header must look like one, or a changed field number could pass for a
/// signature. Allocates nothing; linear in the header.
pub(super) fn claims(bytes: &[u8], start: usize) -> Result<Claims<'_>> {
    find_claims(bytes).map_err(|error| at_frame(error, start))
}

fn find_claims(bytes: &[u8]) -> Result<Claims<'_>> {
    let mut reader = Reader::new(bytes);
    let (mut last, mut key_id, mut floor) = (None, None, None);
    for _ in 0..reader.map()? {
        let number = ascending(&mut reader, last)?;
        if number == field::FLOOR {
            floor = reader.clone().u64().ok();
        }
        match number {
            field::KEY_ID => key_id = Some(self::key_id(&mut reader)?),
            _ => reader.jump()?,
        }
        last = Some(number);
    }
    reader.finish()?;
    Ok(Claims { key_id, floor })
}

/// Reads a header whose digest has been verified; it begins at `start` in the frame.
pub(super) fn decode<'a>(bytes: &'a [u8], start: usize, claims: &Claims<'_>) -> Result<Decoded<'a>> {
    check_floor(claims)
        .and_then(|()| read(bytes))
        .map_err(|error| at_frame(error, start))
}

/// An error of the header with its place in the frame.
fn at_frame(error: Error, start: usize) -> Error {
    let place = start.saturating_add(error.offset().unwrap_or_default() as usize);
    match error.code() {
        Code::Malformed => corrupt(text!("the header is not well-formed: {}", error.message())),
        _ => error,
    }
    .at_offset(place)
}

/// All that a header says.
pub(super) struct Decoded<'a> {
    /// Without metadata.
    pub header: Header,
    /// Encoded; empty if there are none.
    pub meta: &'a [u8],
    pub payload: Payload,
    pub key_id: Option<String>,
}

/// What has been read of a header so far.
struct Draft<'a> {
    header: Header,
    meta: &'a [u8],
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

/// A later revision may give all other fields forms of its own, so this one has the first word.
fn check_floor(claims: &Claims<'_>) -> Result<()> {
    match claims.floor {
        Some(floor) if floor > REVISION.into() => Err(newer(&text!(
            "this frame asks for reader revision {}, this is {}",
            floor,
            REVISION
        ))),
        _ => Ok(()),
    }
}

fn newer(what: &str) -> Error {
    Error::new(Code::TooNew, text!("{}; upgrade snapfold on this host", what))
}

fn read(bytes: &[u8]) -> Result<Decoded<'_>> {
    let mut draft = Draft {
        header: Header::new("", 0, "", 0, 0),
        meta: &[],
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
        seen: Vec::new(),
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

impl<'a> Draft<'a> {
    fn read_field(&mut self, reader: &mut Reader<'a>, number: u64) -> Result<()> {
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
            field::FLOOR => header.floor = Some(within(reader, 2, u32::MAX.into())? as u32),
            field::FENCE => header.fence = Some(reader.u64()?),
            field::META => {
                self.meta = item(reader)?;
                if self.meta == [EMPTY_MAP] {
                    return Err(corrupt("empty metadata must be left out"));
                }
            }
            field::FOLD_DIGEST => header.fold_digest = Some(digest(reader)?),
            field::COMMITMENT => header.commitment = Some(digest(reader)?.into()),
            field::KNOWS => header.knows = knows(reader)?,
            _ => item(reader).map(drop)?,
        }
        Ok(())
    }

    fn ask_for_newer(&mut self, what: &str) {
        self.too_new.get_or_insert_with(|| newer(what));
    }

    fn finish(self) -> Result<Decoded<'a>> {
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
            return Err(corrupt(text!("header field {} is missing", missing)));
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
                corrupt(text!("{} in header: {}", path, error.message()))
            })?;
        if !self.meta.is_empty() && !is_map(self.meta) {
            return Err(corrupt(text!("meta in header: {}", NO_OBJECT)));
        }
        match self.too_new {
            Some(error) => Err(error),
            None => Ok(Decoded {
                header,
                meta: self.meta,
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
    let mut reader = Reader::new(item);
    if let Ok(id) = reader.clone().text() {
        return Ok(Anchor::id(id));
    }
    let digest = reader.bytes().ok().and_then(|bytes| bytes.try_into().ok());
    digest
        .map(Anchor::Digest)
        .ok_or_else(|| corrupt("the anchor is neither text nor 32 bytes"))
}

/// Their order is checked with the rest of the header.
fn knows(reader: &mut Reader<'_>) -> Result<Vec<String>> {
    let mut knows = Vec::new();
    for _ in 0..reader.array()? {
        knows.push(reader.text()?.into());
    }
    match knows.is_empty() {
        true => Err(corrupt("an empty list of event types must be left out")),
        false => Ok(knows),
    }
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
    Err(corrupt(text!("{} is not within {} to {}", number, least, most)))
}

/// The bytes of the next item, whatever it is; it lies in the header's own map.
fn item<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8]> {
    let start = reader.offset();
    reader.skip(HEADER_DEPTH)?;
    Ok(reader.since(start))
}
