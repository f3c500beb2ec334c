//! The error inside of this room: what went wrong, and the place as far as it is known on the way out.

use alloc::{
    borrow::ToOwned,
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use crate::text::text;
use crate::{Code, Error};

/// Boxed, so that a `Result` in the hot path is one word.
#[derive(Clone, Debug)]
pub(crate) struct Failure(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    message: String,
    offset: Option<usize>,
    /// Innermost first; containers add to it while the error passes through them.
    path: Vec<String>,
}

impl Failure {
    #[cold]
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            message: message.into(),
            offset: None,
            path: Vec::new(),
        }))
    }

    /// The same failure at a byte offset, unless a place further inside is known already.
    #[cold]
    pub fn or_at(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// The same failure inside the element at `index` of a sequence.
    #[cold]
    pub fn in_element(mut self, index: usize) -> Self {
        self.0.path.push(text!("[{}]", index));
        self
    }

    /// The same failure inside the entry under `key`.
    #[cold]
    pub fn in_entry(mut self, key: &str) -> Self {
        let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '$')
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
        self.0.path.push(if plain {
            text!(".{}", key)
        } else {
            text!("[\"{}\"]", key)
        });
        self
    }

    /// The public error: with the path from the root of the state if it cannot be encoded, with the offset if the bytes are
    /// at fault.
    pub fn into_error(self, code: Code) -> Error {
        let Parts { message, offset, path } = *self.0;
        let error = Error::new(code, message);
        match (code, offset) {
            (Code::Unencodable, _) => {
                let mut text = "state".to_owned();
                path.iter().rev().for_each(|segment| text.push_str(segment));
                error.at_path(text)
            }
            (_, Some(offset)) => error.at_offset(offset),
            (_, None) => error,
        }
    }
}

/// What the reader finds is wrong with the bytes.
impl From<Failure> for Error {
    #[cold]
    fn from(failure: Failure) -> Self {
        failure.into_error(Code::Malformed)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl core::error::Error for Failure {}

impl serde::ser::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

impl serde::de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}
