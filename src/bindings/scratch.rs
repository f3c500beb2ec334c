//! Payloads of any length through a memory of fixed length: the host copies a piece in, calls, and copies the outcome out. One
//! instance serves them all, one after the other.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};
use wasm_bindgen::prelude::wasm_bindgen;

use super::js::{JsResult, thrown};
use crate::frame::lz4::{BLOCK_BYTES, Compressor, Expander, MAX_BLOCK_BYTES, MAX_PIECE_BYTES, Step};
use crate::{Code, Error};

/// A block and the four bytes in front of it.
const INPUT_BYTES: usize = 4 + MAX_BLOCK_BYTES;
const OUTPUT_BYTES: usize = if MAX_PIECE_BYTES > MAX_BLOCK_BYTES {
    MAX_PIECE_BYTES
} else {
    MAX_BLOCK_BYTES
};

/// An input and an output buffer, and what is under way between them.
#[wasm_bindgen]
pub struct Scratch {
    input: Box<[u8]>,
    output: Box<[u8]>,
    sha256: Sha256,
    compressor: Option<Compressor>,
    expander: Option<Expander>,
    last: Step,
}

#[wasm_bindgen]
impl Scratch {
    /// Empty buffers, nothing under way.
    #[allow(clippy::new_without_default, reason = "JavaScript knows no default")]
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self {
            input: vec![0; INPUT_BYTES].into(),
            output: vec![0; OUTPUT_BYTES].into(),
            sha256: Sha256::new(),
            compressor: None,
            expander: None,
            last: Step { read: 0, made: 0 },
        }
    }

    /// Address and length of the input, address of the output, and how much of a payload goes into one block when it is compressed.
    #[wasm_bindgen(getter)]
    pub fn layout(&self) -> Vec<usize> {
        Vec::from([
            self.input.as_ptr() as usize,
            self.input.len(),
            self.output.as_ptr() as usize,
            BLOCK_BYTES,
        ])
    }

    /// Hashes the first `length` bytes of the input, after those of earlier calls.
    pub fn update(&mut self, length: usize) {
        self.sha256.update(self.input.get(..length).unwrap_or_default());
    }

    /// SHA-256 of all that was hashed since the last call.
    pub fn finish(&mut self) -> Vec<u8> {
        self.sha256.finalize_reset().to_vec()
    }

    /// Begins to compress a payload of that length; false if it is too small to try.
    #[wasm_bindgen(js_name = beginCompressing)]
    pub fn begin_compressing(&mut self, bytes: f64) -> bool {
        self.compressor = Compressor::new(bytes as u64);
        self.compressor.is_some()
    }

    /// Compresses the block of `length` bytes in the input; how many bytes are in the output then. None: it does not pay.
    pub fn compress(&mut self, length: usize) -> Option<usize> {
        let block = self.input.get(..length)?;
        self.compressor.as_mut()?.push(block, &mut self.output)
    }

    /// Begins to expand what becomes a payload of that length.
    #[wasm_bindgen(js_name = beginExpanding)]
    pub fn begin_expanding(&mut self, bytes: f64) {
        self.expander = Some(Expander::new(bytes as u64));
    }

    /// Reads the next step of an LZ4 frame from the first `length` bytes of the input; how many bytes are in the output then.
    pub fn expand(&mut self, length: usize) -> JsResult<usize> {
        let expander = self.expander.as_mut().ok_or_else(idle).map_err(thrown)?;
        let stored = self.input.get(..length).unwrap_or_default();
        self.last = expander.step(stored, &mut self.output).map_err(thrown)?;
        Ok(self.last.made)
    }

    /// How many bytes of the input the last [`Self::expand`] took.
    #[wasm_bindgen(getter)]
    pub fn taken(&self) -> usize {
        self.last.read
    }

    /// After the last step: nothing may be missing.
    #[wasm_bindgen(js_name = endExpanding)]
    pub fn end_expanding(&mut self) -> JsResult<()> {
        let expander = self.expander.take().ok_or_else(idle).map_err(thrown)?;
        expander.finish().map_err(thrown)
    }
}

fn idle() -> Error {
    Error::new(Code::InvalidOption, "nothing is being expanded")
}
