//! Payloads of any length through a memory of fixed length: the host copies a piece in, calls, and copies the outcome out. One
//! instance serves them all, one after the other.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};
use wasm_bindgen::prelude::wasm_bindgen;

use super::js::answered;
use crate::Error;
use crate::frame::lz4::{BLOCK_BYTES, Compressor, Expander, MAX_BLOCK_BYTES, MAX_PIECE_BYTES};

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
    taken: usize,
    fault: Option<Error>,
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
            taken: 0,
            fault: None,
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

    /// Reads the next step of an LZ4 frame from the first `length` bytes of the input; how many bytes are in the output then. None:
    /// there is no such frame, as [`Self::end_expanding`] tells.
    pub fn expand(&mut self, length: usize) -> Option<usize> {
        let stored = self.input.get(..length).unwrap_or_default();
        let step = self.expander.as_mut()?.step(stored, &mut self.output);
        match step {
            Ok(step) => {
                self.taken = step.read;
                Some(step.made)
            }
            Err(error) => {
                self.fault = Some(error);
                None
            }
        }
    }

    /// How many bytes of the input the last [`Self::expand`] took.
    #[wasm_bindgen(getter)]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// After the last step: empty if nothing is missing, else the error.
    #[wasm_bindgen(js_name = endExpanding)]
    pub fn end_expanding(&mut self) -> Vec<u8> {
        let ended = match (self.fault.take(), self.expander.take()) {
            (Some(fault), _) => Err(fault),
            (None, Some(expander)) => expander.finish(),
            (None, None) => Ok(()),
        };
        answered(ended.map(|()| Vec::new()))
    }
}
