//! Frames for JavaScript. Questions and answers are arrays of scalars, read and written one by one: objects cost several times as much,
//! and a small state is sealed in the time of a few of them. The twin is pkg/src/head.ts.

use alloc::string::String;
use alloc::vec::Vec;

use crate::fold::{Anchor, Commitment};
use crate::frame::{self, Algorithm, Digest, Expect, Header, Inspection, Key, Payload, Stored};
use crate::sort::insert;
use crate::store::Slot;
use crate::value::{Reader, Writer};
use crate::{Code, Error, Result};

/// Everything in front of a payload. `question` is an array, with null for what is not stated: name, version, stream id, position,
/// event count, anchor, taken-at, floor, fence, fold digest, commitment, types that the writer knows (a list), metadata (encoded), media type,
/// bytes, digest, stored (`[bytes, digest]`); then the key (`[id, secret]`).
pub(super) fn make_head(question: &[u8]) -> Result<Vec<u8>> {
    let mut question = Question::new(question)?;
    let header = Header {
        name: question.text()?,
        version: question.u32()?,
        stream: question.text()?,
        position: question.u64()?,
        event_count: question.u64()?,
        anchor: question.optional(Question::anchor)?,
        taken_at: question.optional(|question| Ok(question.reader.i64()?))?,
        floor: question.optional(Question::u32)?,
        fence: question.optional(Question::u64)?,
        fold_digest: question.optional(Question::digest)?,
        commitment: question.optional(Question::digest)?.map(Commitment::from),
        knows: question.texts()?,
        ..Header::new("", 0, "", 0, 0)
    };
    let meta = question.optional(|question| Ok(question.reader.bytes()?))?;
    let payload = Payload {
        media_type: question.optional(Question::text)?,
        bytes: question.u64()?,
        digest: question.digest()?,
        stored: question.optional(Question::stored)?,
    };
    let key = question.optional(Question::key)?;
    frame::head_around(&header, meta.unwrap_or(&NO_META), &payload, key.as_ref())
}

/// Verifies the head of a frame and compares it with what is expected. `question` is an array: head, bytes of the whole frame; then, with
/// null for what is not compared, name, stream id, position, version, fold digest, largest state in bytes; then an array of versions that
/// migrations start from, one of event types that are known, and one of keys. The answer begins as the question of [`make_head`] does; then key id, and offset of the payload.
pub(super) fn inspect(question: &[u8]) -> Result<Vec<u8>> {
    let mut expect = Question::new(question)?;
    let (head, frame_bytes) = (expect.reader.bytes()?, expect.u64()?);
    let name = expect.optional(Question::text)?;
    let stream = expect.optional(Question::text)?;
    let position = expect.optional(Question::u64)?;
    let version = expect.optional(Question::u32)?;
    let fold_digest = expect.optional(Question::digest)?;
    let max_state_bytes = expect.u64()?;
    let migratable = expect.list(Question::u32)?;
    let knows = expect.texts()?;
    let keys = expect.list(Question::key)?;
    let expect = Expect {
        name: name.as_deref(),
        stream: stream.as_deref(),
        position,
        version,
        fold_digest,
        migratable: &migratable,
        knows: &knows,
        max_state_bytes,
        keys: &keys,
    };
    let (found, meta) = frame::inspect_around(head, frame_bytes, &expect)?;
    Ok(answer(&found, Some(meta).filter(|meta| !meta.is_empty())))
}

fn answer(found: &Inspection, meta: Option<&[u8]>) -> Vec<u8> {
    const ARRAY_OF_19: u8 = 0x93;
    const ARRAY_OF_2: u8 = 0x82;
    let Inspection {
        header,
        payload,
        key_id,
        offset,
    } = found;
    let mut answer = Answer::default();
    answer.0.raw(&[ARRAY_OF_19]);
    answer.0.text(&header.name);
    answer.0.uint(header.version.into());
    answer.0.text(&header.stream);
    answer.0.uint(header.position);
    answer.0.uint(header.event_count);
    answer.optional(header.anchor.as_ref(), |w, anchor| anchor.write(w));
    answer.optional(header.taken_at, |w, at| w.int(at));
    answer.optional(header.floor, |w, floor| w.uint(floor.into()));
    answer.optional(header.fence, Writer::uint);
    answer.optional(header.fold_digest.as_ref(), |w, digest| w.bytes(digest));
    answer.optional(header.commitment.as_ref(), |w, commitment| {
        w.bytes(commitment.as_bytes())
    });
    answer.0.array(header.knows.len());
    header.knows.iter().for_each(|name| answer.0.text(name));
    answer.optional(meta, Writer::bytes);
    answer.optional(payload.media_type.as_deref(), Writer::text);
    answer.0.uint(payload.bytes);
    answer.0.bytes(&payload.digest);
    answer.optional(payload.stored.as_ref(), |w, stored| {
        w.raw(&[ARRAY_OF_2]);
        w.uint(stored.bytes);
        w.bytes(&stored.digest);
    });
    answer.optional(key_id.as_deref(), Writer::text);
    answer.0.uint(*offset as u64);
    answer.0.into_bytes()
}

/// Reads an array of scalars.
pub(super) struct Question<'a> {
    reader: Reader<'a>,
}

const NULL: u8 = 0xf6;
const NO_META: [u8; 1] = [0xa0];

impl<'a> Question<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        reader.array()?;
        Ok(Self { reader })
    }

    fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        match self.skips_null() {
            true => Ok(None),
            false => read(self).map(Some),
        }
    }

    fn skips_null(&mut self) -> bool {
        let null = self.reader.input().get(self.reader.offset()) == Some(&NULL);
        null && self.reader.jump().is_ok()
    }

    fn list<T>(&mut self, read: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut list = Vec::new();
        for _ in 0..self.reader.array()? {
            list.push(read(self)?);
        }
        Ok(list)
    }

    /// Sorted, as headers have them.
    fn texts(&mut self) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for _ in 0..self.reader.array()? {
            insert(&mut texts, self.reader.text()?);
        }
        Ok(texts)
    }

    pub fn text(&mut self) -> Result<String> {
        Ok(self.reader.text()?.into())
    }

    pub fn u64(&mut self) -> Result<u64> {
        Ok(self.reader.u64()?)
    }

    pub fn u32(&mut self) -> Result<u32> {
        let number = self.reader.u64()?;
        u32::try_from(number).map_err(|_| Error::new(Code::InvalidOption, "a number is at most 2^32 - 1"))
    }

    fn digest(&mut self) -> Result<Digest> {
        let bytes = self.reader.bytes()?;
        bytes
            .try_into()
            .map_err(|_| Error::new(Code::InvalidOption, "a digest is 32 bytes"))
    }

    pub fn slot(&mut self) -> Result<Slot> {
        match self.reader.clone().bytes() {
            Ok(_) => self.digest().map(Slot::Fold),
            Err(_) => self.u32().map(Slot::Version),
        }
    }

    fn anchor(&mut self) -> Result<Anchor> {
        match self.reader.clone().text() {
            Ok(_) => self.text().map(Anchor::Id),
            Err(_) => self.digest().map(Anchor::Digest),
        }
    }

    fn stored(&mut self) -> Result<Stored> {
        self.reader.array()?;
        Ok(Stored {
            compression: Algorithm::Lz4,
            bytes: self.u64()?,
            digest: self.digest()?,
        })
    }

    fn key(&mut self) -> Result<Key> {
        self.reader.array()?;
        Key::new(self.text()?, self.reader.bytes()?)
    }
}

/// Writes an array of scalars.
#[derive(Default)]
struct Answer(Writer);

impl Answer {
    fn optional<T>(&mut self, item: Option<T>, write: impl FnOnce(&mut Writer, T)) {
        match item {
            Some(item) => write(&mut self.0, item),
            None => self.null(),
        }
    }

    fn null(&mut self) {
        self.0.raw(&[NULL]);
    }
}
