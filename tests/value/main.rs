//! The value room: one encoding per value, whatever comes in.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod buffers;
mod diagnostic;
mod distinct;
mod hostile;
mod json;
#[cfg(not(target_family = "wasm"))]
mod json_laws;
mod json_suite;
#[cfg(not(target_family = "wasm"))]
mod laws;
mod newtypes;
mod numbers;
mod readers;
mod std_types;
mod typed;
mod vectors;

use snapfold::{Code, Error};

/// The bytes of a hexadecimal text.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The offset of an error that says that the bytes are at fault.
fn offset(error: &Error) -> u64 {
    assert_eq!(error.code(), Code::Malformed, "{error}");
    error.offset().unwrap_or_else(|| panic!("no offset in: {error}"))
}

/// The path of an error that says that the state is at fault.
fn path(error: &Error) -> &str {
    assert_eq!(error.code(), Code::Unencodable, "{error}");
    error.path().unwrap_or_else(|| panic!("no path in: {error}"))
}
