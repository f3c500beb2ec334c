//! Finding the end of text in JSON.

use super::block::{BYTES, Block};

/// Where the first quotation mark, backslash or control character from `at` on is, or the end of the input.
#[inline]
pub(super) fn plain_end(input: &[u8], mut at: usize) -> usize {
    loop {
        let plain = usize::from(Block::at(input, at).plain().count());
        at += plain;
        if plain < BYTES {
            return at.min(input.len());
        }
    }
}
