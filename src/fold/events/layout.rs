//! The keys of an object, as they are likely to come again: most events of a log are written by few programs.

use alloc::vec::Vec;

use super::text::{lowest, word};

/// No longer layouts are learned.
const LONGEST: usize = 32;

/// Keys in their order, all different. The key at one place is compared with two words; there is no need to find its end first.
#[derive(Debug, Default)]
pub(super) struct Layout(Vec<Known>);

/// A key with its quotation marks and the colon behind it, at most 16 bytes.
#[derive(Clone, Copy, Debug)]
struct Known {
    words: [u64; 2],
    masks: [u64; 2],
    bytes: usize,
    /// The node of the parts that is looked for under it.
    child: Option<usize>,
}

impl Layout {
    /// Whether the key that was last at that place stands at `at` again: how long it is, with its colon, and what is looked for under it.
    #[inline]
    pub fn predict(&self, place: usize, input: &[u8], at: usize) -> Option<(usize, Option<usize>)> {
        let known = self.0.get(place)?;
        let first = word(input, at)? ^ known.words[0];
        let second = word(input, at + 8)? ^ known.words[1];
        let same = first & known.masks[0] | second & known.masks[1] == 0;
        same.then_some((known.bytes, known.child))
    }

    /// Remembers the key at a place, which begins at `at` and has that many bytes with its colon. What was known behind it is forgotten,
    /// so that all keys differ.
    pub fn learn(&mut self, place: usize, input: &[u8], at: usize, bytes: usize, child: Option<usize>) {
        self.0.truncate(place);
        let (Some(first), Some(second)) = (word(input, at), word(input, at + 8)) else {
            return;
        };
        let masks = [lowest(bytes.min(8)), lowest(bytes.saturating_sub(8))];
        let words = [first & masks[0], second & masks[1]];
        let fresh = self.0.iter().all(|known| known.words != words || known.masks != masks);
        if self.0.len() == place && place < LONGEST && bytes <= 16 && fresh {
            self.0.push(Known {
                words,
                masks,
                bytes,
                child,
            });
        }
    }
}
