//! What the npm package says to the core per load and per save: requests and facts, out of values.
//!
//! serde's derive reads them too, in several times the code: for each type a reader of its own, ready for fields in any order, with a
//! way out behind each of them. Here whatever does not fit reads as something empty, and the first error is kept for the end.

use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;

use crate::fold::{Anchor, Sequence};
use crate::frame::{Digest, Header, Payload};
use crate::policy::Observation;
use crate::store::{
    Bounds, Distrusted, FirstRow, History, Listing, LoadFact, LoadRequest, OnStoreError, Retention, SaveFact,
    SaveRequest,
};
use crate::text::text;
use crate::value::{self, Reader, Value};
use crate::{Code, Error, Result};

/// Reads what a call was given.
///
/// # Errors
/// [`Code::Malformed`] for bytes that are no value; [`Code::InvalidOption`] with the name of the first part that does not fit.
pub(super) fn read<T>(bytes: &[u8], read: impl FnOnce(&Part<'_>) -> T) -> Result<T> {
    value::validate(bytes)?;
    let error = Cell::new(None);
    let given = read(&Part {
        bytes,
        name: "argument",
        error: &error,
    });
    error.into_inner().map_or(Ok(given), Err)
}

/// The part of an observation that is no number; whatever does not fit is left out.
pub(super) fn observed(bytes: &[u8], observation: &mut Observation<'_>) {
    let from = Part {
        bytes,
        name: "observation",
        error: &Cell::new(None),
    };
    if let [event_types, states, kind, stream] = from.list(|part| *part).as_slice() {
        observation.event_types = event_types.maybe(Part::texts).unwrap_or_default().into();
        let states = states.reader().bytes().unwrap_or_default();
        observation.states = states.iter().map(|state| *state != 0).collect::<Vec<_>>().into();
        observation.kind = kind.maybe(Part::text).map(Into::into);
        observation.stream = stream.maybe(Part::text).unwrap_or_default().into();
    }
}

pub(super) fn load_request(from: &Part<'_>) -> LoadRequest {
    LoadRequest {
        name: from.at("name").text(),
        stream: from.at("streamId").text(),
        version: from.at("version").short(),
        fold_digest: from.at("foldDigest").maybe(Part::digest),
        migratable: from.at("migratable").maybe(Part::shorts).unwrap_or_default(),
        sequence: sequence(&from.at("sequence")),
        at: from.at("at").maybe(Part::whole),
        use_snapshots: from.at("useSnapshots").flag(),
        has_bounds: from.at("hasBounds").flag(),
        late_arrivals: from.at("lateArrivals").maybe(Part::flag).unwrap_or(true),
        history: from.at("history").maybe(history),
        on_store_error: from.at("onStoreError").maybe(on_store_error).unwrap_or_default(),
        max_replay: from.at("maxReplay").maybe(Part::whole),
    }
}

fn history(from: &Part<'_>) -> History {
    match from.is_second("complete", "pruned") {
        false => History::Complete,
        true => History::Pruned,
    }
}

fn on_store_error(from: &Part<'_>) -> OnStoreError {
    match from.is_second("replay", "throw") {
        false => OnStoreError::Replay,
        true => OnStoreError::Throw,
    }
}

pub(super) fn load_facts(from: &Part<'_>) -> Vec<LoadFact> {
    from.list(load_fact)
}

fn load_fact(from: &Part<'_>) -> LoadFact {
    let (name, from) = from.variant();
    match name {
        "listed" => LoadFact::Listed {
            keys: from.at("keys").texts(),
        },
        "newest" => LoadFact::Newest {
            key: from.at("key").maybe(Part::text),
        },
        "opened" => LoadFact::Opened {
            event_count: from.at("eventCount").whole(),
            anchor: from.at("anchor").maybe(Part::anchor),
        },
        "rejected" => LoadFact::Rejected {
            code: from.at("code").code(),
            message: from.at("message").text(),
        },
        "firstRow" => LoadFact::FirstRow {
            row: from.at("row").maybe(|row| FirstRow {
                position: row.at("position").whole(),
                anchor: row.at("anchor").maybe(Part::anchor),
            }),
        },
        "bounds" => LoadFact::Bounds {
            bounds: bounds(&from.at("bounds")),
        },
        "invalidated" => LoadFact::Invalidated {
            position: from.at("position").whole(),
        },
        "gap" => LoadFact::Gap {
            position: from.at("position").whole(),
        },
        "unreadable" => LoadFact::Unreadable {
            message: from.at("message").text(),
        },
        _ => {
            from.refuse("a fact of a load");
            LoadFact::FirstRow { row: None }
        }
    }
}

fn sequence(from: &Part<'_>) -> Sequence {
    match from.variant() {
        ("contiguous", from) => Sequence::Contiguous {
            first_position: from.at("firstPosition").whole(),
        },
        ("sparse", _) => Sequence::Sparse,
        _ => {
            from.refuse("\"sparse\", or contiguous with its first position");
            Sequence::Sparse
        }
    }
}

fn bounds(from: &Part<'_>) -> Bounds {
    Bounds {
        count: from.at("count").maybe(Part::whole),
        truncated_through: from.at("truncatedThrough").maybe(Part::whole),
    }
}

pub(super) fn save_request(from: &Part<'_>) -> SaveRequest {
    SaveRequest {
        header: header(&from.at("header")),
        payload: payload(&from.at("payload")),
        frame_bytes: from.at("frameBytes").whole(),
        max_bytes: from.at("maxBytes").whole(),
        keep: retention(&from.at("keep")),
        distrusted: from.at("distrusted").maybe(distrusted).unwrap_or_default(),
        listing: listing(&from.at("listing")),
        clear_attempt: from.at("clearAttempt").set(),
        read_back: from.at("readBack").set(),
        vouched: from.at("vouched").maybe(Part::whole),
        if_absent: from.at("ifAbsent").set(),
    }
}

fn retention(from: &Part<'_>) -> Retention {
    Retention {
        last: from.at("last").short(),
        positions: from.at("positions").list(Part::whole),
        every: from.at("every").maybe(Part::whole),
    }
}

fn distrusted(from: &Part<'_>) -> Vec<Distrusted> {
    from.list(|from| Distrusted {
        key: from.at("key").text(),
        code: from.at("code").code(),
    })
}

/// What a save looks at.
fn header(from: &Part<'_>) -> Header {
    Header {
        name: from.at("name").text(),
        version: from.at("version").short(),
        stream: from.at("streamId").text(),
        position: from.at("position").whole(),
        anchor: from.at("anchor").maybe(Part::anchor),
        fence: from.at("fence").maybe(Part::whole),
        fold_digest: from.at("foldDigest").maybe(Part::digest),
        ..Header::new("", 0, "", 0, 0)
    }
}

fn payload(from: &Part<'_>) -> Payload {
    Payload {
        media_type: None,
        bytes: 0,
        digest: from.at("digest").digest(),
        stored: None,
    }
}

fn listing(from: &Part<'_>) -> Listing {
    match from.is_second("strong", "eventual") {
        false => Listing::Strong,
        true => Listing::Eventual,
    }
}

pub(super) fn save_facts(from: &Part<'_>) -> Vec<SaveFact> {
    from.list(save_fact)
}

fn save_fact(from: &Part<'_>) -> SaveFact {
    let (name, from) = from.variant();
    match name {
        "listed" => SaveFact::Listed {
            keys: from.at("keys").texts(),
        },
        "opened" => SaveFact::Opened {
            digest: from.at("digest").digest(),
            anchor: from.at("anchor").maybe(Part::anchor),
            fence: from.at("fence").maybe(Part::whole),
        },
        "rejected" => SaveFact::Rejected {
            code: from.at("code").code(),
        },
        "stored" => SaveFact::Stored,
        "occupied" => SaveFact::Occupied,
        "found" => SaveFact::Found {
            there: from.at("there").flag(),
        },
        "failed" => SaveFact::Failed {
            code: from.at("code").code(),
            message: from.at("message").text(),
        },
        _ => {
            from.refuse("a fact of a save");
            SaveFact::Stored
        }
    }
}

const NULL: u8 = 0xf6;

/// A part of what was given, with its name.
#[derive(Clone, Copy)]
pub(super) struct Part<'v> {
    /// What was given, from this part on.
    bytes: &'v [u8],
    name: &'v str,
    /// The first thing that did not fit, in any part.
    error: &'v Cell<Option<Error>>,
}

impl<'v> Part<'v> {
    /// The field of that name; null if there is none.
    #[inline(never)] // some sixty calls
    pub fn at(&self, name: &'v str) -> Self {
        let mut reader = self.reader();
        for _ in 0..reader.map().unwrap_or_default() {
            if reader.text().is_ok_and(|key| key == name) {
                let bytes = reader.rest();
                return Self { bytes, name, ..*self };
            }
            if reader.jump().is_err() {
                break;
            }
        }
        let bytes = &[NULL];
        Self { bytes, name, ..*self }
    }

    /// Nothing if it is null, undefined, or left out.
    pub fn maybe<T>(&self, read: impl FnOnce(&Self) -> T) -> Option<T> {
        match self.reader().nothing() {
            true => None,
            false => Some(read(self)),
        }
    }

    pub fn list<T>(&self, read: impl Fn(&Self) -> T) -> Vec<T> {
        let mut list = Vec::new();
        self.each(&mut |element| list.push(read(element)));
        list
    }

    /// Not generic, unlike [`Self::list`], so that the walk is there once.
    fn each(&self, visit: &mut dyn FnMut(&Self)) {
        let mut reader = self.reader();
        let count = reader.array().unwrap_or_else(|_| {
            self.refuse("a list");
            0
        });
        for _ in 0..count {
            let bytes = reader.rest();
            visit(&Self { bytes, ..*self });
            if reader.jump().is_err() {
                break;
            }
        }
    }

    /// An enum: `"name"`, or `{name: content}`.
    fn variant(&self) -> (&'v str, Self) {
        let mut reader = self.reader();
        match reader.map() {
            Ok(1) => {
                let name = reader.text().unwrap_or_default();
                let bytes = reader.rest();
                (name, Self { bytes, ..*self })
            }
            _ => (self.reader().text().unwrap_or_default(), *self),
        }
    }

    /// What data that people write is made of; anything else reads as false.
    pub fn value(&self) -> Value {
        let mut reader = self.reader();
        if let Ok(text) = self.reader().text() {
            return Value::Text(text.into());
        }
        if let Some(number) = self.reader().number() {
            return Value::Number(number);
        }
        if reader.nothing() {
            return Value::Null;
        }
        if self.reader().array().is_ok() {
            return Value::Array(self.list(Self::value));
        }
        if let Some(whole) = self.reader().whole() {
            return Value::BigInt(whole.into());
        }
        let Ok(count) = reader.map() else {
            return Value::Bool(false);
        };
        let mut entries = Vec::new();
        for _ in 0..count {
            let name = reader.text().unwrap_or_default();
            let bytes = reader.rest();
            entries.push((name.into(), Self { bytes, ..*self }.value()));
            if reader.jump().is_err() {
                break;
            }
        }
        Value::Object(entries)
    }

    fn reader(&self) -> Reader<'v> {
        Reader::new(self.bytes)
    }

    fn word(&self) -> &'v str {
        self.reader().text().unwrap_or_else(|_| {
            self.refuse("a text");
            ""
        })
    }

    /// Which of two words it is.
    #[inline(never)] // three calls
    fn is_second(&self, first: &str, second: &str) -> bool {
        let word = self.word();
        if word != first && word != second {
            self.refuse(&text!("{} or {}", first, second));
        }
        word == second
    }

    pub fn text(&self) -> String {
        self.word().into()
    }

    pub fn texts(&self) -> Vec<String> {
        self.list(Self::text)
    }

    pub fn flag(&self) -> bool {
        self.reader().truth().unwrap_or_else(|| {
            self.refuse("true or false");
            false
        })
    }

    /// A flag; false where it is left out.
    fn set(&self) -> bool {
        self.maybe(Self::flag).unwrap_or_default()
    }

    pub fn whole(&self) -> u64 {
        self.reader().whole().unwrap_or_else(|| {
            self.refuse("a whole number of at most 64 bits");
            0
        })
    }

    pub fn short(&self) -> u32 {
        self.whole().try_into().unwrap_or_else(|_| {
            self.refuse("a whole number of at most 32 bits");
            0
        })
    }

    fn shorts(&self) -> Vec<u32> {
        self.list(Self::short)
    }

    fn code(&self) -> Code {
        let word = self.word();
        let code = Code::ALL.iter().find(|code| code.as_str() == word);
        *code.unwrap_or_else(|| {
            self.refuse("an error code");
            &Code::Invalid
        })
    }

    fn digest(&self) -> Digest {
        let bytes = self.reader().bytes().unwrap_or_default();
        bytes.try_into().unwrap_or_else(|_| {
            self.refuse("32 bytes of SHA-256");
            Digest::default()
        })
    }

    fn anchor(&self) -> Anchor {
        match self.reader().text() {
            Ok(id) => Anchor::id(id),
            Err(_) => Anchor::Digest(self.digest()),
        }
    }

    /// Keeps the error, if it is the first.
    #[cold]
    #[inline(never)]
    fn refuse(&self, expected: &str) {
        let error = self.error.take().unwrap_or_else(|| {
            let message = text!("expected {}", expected);
            Error::new(Code::InvalidOption, message).at_path(self.name)
        });
        self.error.set(Some(error));
    }
}
