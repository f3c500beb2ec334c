//! Payloads of any length through a memory of fixed length: the host copies a piece in, calls, and copies the outcome out. One
//! instance serves them all, one after the other.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};
use wasm_bindgen::prelude::wasm_bindgen;

use super::js::answered;
use super::module::Single;
use crate::Error;
use crate::frame::lz4::{Expander, MAX_BLOCK_BYTES};

/// A block and the four bytes in front of it.
const INPUT_BYTES: usize = 4 + MAX_BLOCK_BYTES;
const OUTPUT_BYTES: usize = MAX_BLOCK_BYTES;

static SCRATCH: Single<Option<Scratch>> = Single::new(None);

/// Takes one step with the buffers, which are made when they are needed first. `step` says which, the twin of `Step` in
/// pkg/src/scratch.ts, and `argument` is a number of bytes. The answer is a number too, NaN for none: one function for all steps, because
/// each costs the package 70 bytes of glue.
#[wasm_bindgen]
pub fn step(step: u32, argument: f64) -> f64 {
    let answer = SCRATCH.with(|scratch| scratch.get_or_insert_with(Scratch::new).step(step, argument));
    answer.flatten().map_or(f64::NAN, |number| number as f64)
}

/// An input and an output buffer, and what is under way between them.
struct Scratch {
    input: Box<[u8]>,
    output: Box<[u8]>,
    sha256: Sha256,
    expander: Option<Expander>,
    taken: usize,
    fault: Option<Error>,
}

impl Scratch {
    fn new() -> Self {
        Self {
            input: vec![0; INPUT_BYTES].into(),
            output: vec![0; OUTPUT_BYTES].into(),
            sha256: Sha256::new(),
            expander: None,
            taken: 0,
            fault: None,
        }
    }

    fn step(&mut self, step: u32, argument: f64) -> Option<usize> {
        match step {
            0 => Some(self.input.as_ptr() as usize),
            1 => Some(self.input.len()),
            2 => Some(self.output.as_ptr() as usize),
            3 => self.update(argument as usize),
            4 => self.finish(),
            5 => self.begin_expanding(argument as u64),
            6 => self.expand(argument as usize),
            7 => Some(self.taken),
            8 => Some(self.end_expanding()),
            _ => None,
        }
    }

    /// Hashes the first `length` bytes of the input, after those of earlier calls.
    fn update(&mut self, length: usize) -> Option<usize> {
        self.sha256.update(self.input.get(..length)?);
        Some(length)
    }

    /// SHA-256 of all that was hashed since the last call, in the output.
    fn finish(&mut self) -> Option<usize> {
        let digest = self.sha256.finalize_reset();
        Some(self.put(&digest))
    }

    /// Begins to expand what becomes a payload of that length.
    fn begin_expanding(&mut self, bytes: u64) -> Option<usize> {
        self.expander = Some(Expander::new(bytes));
        Some(0)
    }

    /// Reads the next step of an LZ4 frame from the first `length` bytes of the input; how many bytes are in the output then, and in
    /// `taken` how many of the input it took. None: there is no such frame, as [`Self::end_expanding`] tells.
    fn expand(&mut self, length: usize) -> Option<usize> {
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

    /// After the last step: nothing in the output if nothing is missing, else the error.
    fn end_expanding(&mut self) -> usize {
        let ended = match (self.fault.take(), self.expander.take()) {
            (Some(fault), _) => Err(fault),
            (None, Some(expander)) => expander.finish(),
            (None, None) => Ok(()),
        };
        self.put(&answered(ended.map(|()| Vec::new())))
    }

    fn put(&mut self, answer: &[u8]) -> usize {
        match self.output.get_mut(..answer.len()) {
            Some(output) => output.copy_from_slice(answer),
            None => return 0,
        }
        answer.len()
    }
}
