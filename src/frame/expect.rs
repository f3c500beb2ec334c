//! What a reader expects under a key.

use alloc::string::String;

use super::{Digest, Header, Key, Payload};
use crate::text::text;
use crate::{Code, Error, Result};

/// Default of [`Expect::max_state_bytes`]: 64 MiB.
pub const DEFAULT_MAX_STATE_BYTES: u64 = 64 * 1024 * 1024;

/// What a frame must be to be used here; `None` and empty mean "any".
#[derive(Clone, Debug)]
pub struct Expect<'a> {
    /// Name of the definition.
    pub name: Option<&'a str>,
    /// Stream id.
    pub stream: Option<&'a str>,
    /// Position that the frame's key states.
    pub position: Option<u64>,
    /// Version of the definition.
    pub version: Option<u32>,
    /// Digest of the built-in fold. `None` beside a version: of no built-in fold; without one only headers are read of frames that have it.
    pub fold_digest: Option<Digest>,
    /// Other versions that a migration starts from.
    pub migratable: &'a [u32],
    /// Types of the events that the reader's fold understands; empty: all. A frame whose writer understood another one may hold more than
    /// this reader can.
    pub knows: &'a [String],
    /// The largest raw payload that is read, in bytes.
    pub max_state_bytes: u64,
    /// Keys of which one must have signed the frame. Empty: only frames that are not signed are read.
    pub keys: &'a [Key],
}

impl Default for Expect<'_> {
    fn default() -> Self {
        Self {
            name: None,
            stream: None,
            position: None,
            version: None,
            fold_digest: None,
            migratable: &[],
            knows: &[],
            max_state_bytes: DEFAULT_MAX_STATE_BYTES,
            keys: &[],
        }
    }
}

impl<'a> Expect<'a> {
    /// Expects a definition's version and stream.
    pub fn of(name: &'a str, version: u32, stream: &'a str) -> Self {
        Self {
            name: Some(name),
            version: Some(version),
            stream: Some(stream),
            ..Self::default()
        }
    }

    /// Rules 9 to 11 of docs/format.md §2.3, on a verified header.
    pub(super) fn check(&self, header: &Header, payload: &Payload) -> Result<()> {
        if payload.bytes > self.max_state_bytes {
            return Err(Error::new(
                Code::TooLarge,
                text!(
                    "the state is {} bytes, maxStateBytes is {}; raise it to read this frame",
                    payload.bytes,
                    self.max_state_bytes
                ),
            ));
        }
        self.check_identity(header)?;
        self.check_version(header.version)?;
        self.check_knows(&header.knows)
    }

    fn check_knows(&self, theirs: &[String]) -> Result<()> {
        if self.knows.is_empty() || self.knows == theirs {
            return Ok(());
        }
        match theirs.iter().find(|name| !self.knows.contains(name)) {
            Some(name) => Err(Error::new(
                Code::TooNew,
                text!(
                    "its writer knew events of type \"{}\", which `knows` does not list here",
                    name
                ),
            )),
            None => Ok(()),
        }
    }

    fn check_identity(&self, header: &Header) -> Result<()> {
        let foreign = |message| Err(Error::new(Code::Foreign, message));
        if let Some(name) = self.name.filter(|name| *name != header.name) {
            return foreign(text!("a snapshot of \"{}\", expected \"{}\"", header.name, name));
        }
        if let Some(stream) = self.stream.filter(|stream| *stream != header.stream) {
            return foreign(text!(
                "a snapshot of stream \"{}\", expected \"{}\"",
                header.stream,
                stream
            ));
        }
        if let Some(position) = self.position.filter(|position| *position != header.position) {
            return foreign(text!(
                "a snapshot at position {} under the key of {}",
                header.position,
                position
            ));
        }
        let expected = self.fold_digest.is_some() || self.version.is_some();
        if expected && self.fold_digest != header.fold_digest {
            return foreign("a snapshot of another fold, built in or not; the fold digests differ".into());
        }
        Ok(())
    }

    /// What a built-in fold keeps in a state only that fold knows.
    pub(super) fn check_readable(&self, header: &Header) -> Result<()> {
        match (header.fold_digest, self.fold_digest) {
            (Some(_), None) => Err(Error::new(
                Code::TooNew,
                "the state belongs to a built-in fold; state the fold's digest to read it, inspect shows it",
            )),
            _ => Ok(()),
        }
    }

    fn check_version(&self, version: u32) -> Result<()> {
        match self.version {
            Some(expected) if version > expected => Err(Error::new(
                Code::TooNew,
                text!("written by version {} of the definition, this is {}", version, expected),
            )),
            Some(expected) if version < expected && !self.migratable.contains(&version) => Err(Error::new(
                Code::Stale,
                text!(
                    "written by version {} of the definition, this is {}, and no migration leads here",
                    version,
                    expected
                ),
            )),
            _ => Ok(()),
        }
    }
}
