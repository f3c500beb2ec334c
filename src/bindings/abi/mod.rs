//! The plain module: a C ABI that imports nothing, for any host that can run WebAssembly.
//!
//! A host calls [`alloc`](snapfold_alloc), writes its input at the address it got, calls an operation with that buffer, reads the
//! answer and frees both. Every buffer that was handed out is in a table; an address or a length that is not in it gets an error
//! answer, never undefined behaviour.
//!
//! An answer is `address << 32 | length` of a buffer with one status byte and a value (docs/format.md §1): status 0 and the result,
//! or status 1 and `{"code": …, "message": …}`. Operations that answer otherwise say so.

pub mod folds;
pub mod lz4;
pub mod store;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use std::sync::Mutex;

use serde::Serialize;

use crate::frame::{self, Expect, Header};
use crate::value::{self, Bytes};
use crate::{Code, Error, Result};

/// Raised whenever an export changes its meaning.
const ABI_VERSION: u32 = 1;

static BUFFERS: Mutex<BTreeMap<usize, Box<[u8]>>> = Mutex::new(BTreeMap::new());

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OpenedFrame {
    header: Header,
    /// Of a payload in a format of the host's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    payload: Bytes,
}

/// Version of this ABI.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_abi_version() -> u32 {
    ABI_VERSION
}

/// A zeroed buffer of `length` bytes (at least one is reserved); its address, or 0 if there is no room for it.
#[unsafe(no_mangle)]
#[expect(clippy::slow_vector_initialization, reason = "`vec!` traps where there is no room")]
pub extern "C" fn snapfold_alloc(length: usize) -> usize {
    let mut bytes = Vec::new();
    match bytes.try_reserve_exact(length.max(1)) {
        Ok(()) => {
            bytes.resize(length.max(1), 0);
            hand_out(bytes)
        }
        Err(_) => 0,
    }
}

/// Gives a buffer back. An address that was not handed out is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_free(address: usize) {
    with_buffers(|buffers| drop(buffers.remove(&address)));
}

/// Verifies the frame in the buffer at `address` and answers with `{"header": …, "mediaType": …, "payload": bytes}`; the payload is
/// expanded, and a value unless there is a media type. Signed frames are `unknownKey`: this ABI takes no keys.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_open(address: usize, length: usize) -> u64 {
    operate(address, length, |bytes| {
        let opened = frame::open(bytes, &Expect::default())?;
        Ok(OpenedFrame {
            header: opened.header,
            media_type: opened.facts.media_type,
            payload: Bytes(opened.payload.into_owned()),
        })
    })
}

/// Any bytes, a frame or something else, in diagnostic notation; answers with text. See [`frame::diagnose`].
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_diagnose(address: usize, length: usize, max_chars: usize) -> u64 {
    operate(address, length, |bytes| Ok(frame::diagnose(bytes, max_chars)))
}

/// JSON text to a value; answers with its bytes. See [`value::from_json`].
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_from_json(address: usize, length: usize) -> u64 {
    operate(address, length, |json| value::from_json(json).map(Bytes))
}

/// A value to JSON text; answers with text. See [`value::to_json`].
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_to_json(address: usize, length: usize) -> u64 {
    operate(address, length, value::to_json)
}

/// The same value with the keys of every plain object in one order; answers with its bytes. See [`value::canonicalize`].
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_canonicalize(address: usize, length: usize) -> u64 {
    operate(address, length, |bytes| value::canonicalize(bytes).map(Bytes))
}

/// Works on the buffer at `address` and hands out the answer.
fn operate<T: Serialize>(address: usize, length: usize, work: impl FnOnce(&[u8]) -> Result<T>) -> u64 {
    let value = lent(address, length, work).and_then(|value| value::to_vec(&value));
    answer_bytes(value.map(|value| [&[0], value.as_slice()].concat()))
}

/// Works on the buffer at `address`.
fn lent<T>(address: usize, length: usize, work: impl FnOnce(&[u8]) -> Result<T>) -> Result<T> {
    with_buffers(|buffers| {
        let bytes = buffers
            .get(&address)
            .and_then(|buffer| buffer.get(..length))
            .ok_or_else(|| {
                Error::new(
                    Code::InvalidOption,
                    "no buffer of that length was handed out at that address",
                )
            })?;
        work(bytes)
    })
}

/// A number, without a buffer; or an error.
fn answer_number(result: Result<u32>) -> u64 {
    result.map_or_else(|error| answer_bytes(Err(error)), u64::from)
}

/// Hands out bytes that begin with their status, or an error.
fn answer_bytes(result: Result<Vec<u8>>) -> u64 {
    let answer = result.unwrap_or_else(|error| [&[1], value::to_vec(&error).unwrap_or_default().as_slice()].concat());
    let length = answer.len() as u64;
    (hand_out(answer) as u64) << 32 | length
}

fn hand_out(bytes: Vec<u8>) -> usize {
    let buffer = bytes.into_boxed_slice();
    let address = buffer.as_ptr() as usize;
    with_buffers(|buffers| buffers.insert(address, buffer));
    address
}

fn with_buffers<T>(work: impl FnOnce(&mut BTreeMap<usize, Box<[u8]>>) -> T) -> T {
    work(&mut BUFFERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}
