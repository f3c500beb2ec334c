//! What a reader expects under a key.

use super::{Header, Key, Payload};
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
    /// Other versions that a migration starts from.
    pub migratable: &'a [u32],
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
            migratable: &[],
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
        self.check_version(header.version)
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
        Ok(())
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
