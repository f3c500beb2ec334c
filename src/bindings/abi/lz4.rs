//! Compressing payloads, block by block, so that a payload never lies in the module as a whole. One at a time.

use alloc::vec;
use std::sync::{Mutex, PoisonError};

use super::{answer_bytes, lent};
use crate::frame::lz4::{Compressor, MAX_PIECE_BYTES};

static COMPRESSOR: Mutex<Option<Compressor>> = Mutex::new(None);

/// Begins to compress a payload of that length: 1, or 0 if it is too small to try.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_lz4_begin(bytes: u64) -> u32 {
    let mut compressor = COMPRESSOR.lock().unwrap_or_else(PoisonError::into_inner);
    *compressor = Compressor::new(bytes);
    compressor.is_some().into()
}

/// Compresses the next block, which lies in a buffer: 64,512 bytes of the payload, fewer only at its end. Answers with what has to be
/// written of it, or 0 without a buffer if compressing does not pay. Ends the frame with the last block.
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_lz4_block(address: usize, length: usize) -> u64 {
    let compressed = lent(address, length, |block| {
        let mut compressor = COMPRESSOR.lock().unwrap_or_else(PoisonError::into_inner);
        let mut piece = vec![0; 1 + MAX_PIECE_BYTES];
        let made = piece.get_mut(1..).and_then(|out| compressor.as_mut()?.push(block, out));
        Ok(made.map(|made| {
            piece.truncate(1 + made);
            piece
        }))
    });
    compressed.transpose().map_or(0, answer_bytes)
}
