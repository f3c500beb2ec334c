//! Damage as fuzzers do it, but the same in every run.

use crate::random::Random;

/// Bytes that mean something in a value: heads of each width and kind, tags, edges of ranges.
const TELLING: &[u8] = &[
    0x00, 0x01, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1f, 0x20, 0x3b, 0x40, 0x41, 0x58, 0x5b, 0x5f, 0x60, 0x61, 0x7b, 0x7f,
    0x80, 0x81, 0x9b, 0x9f, 0xa0, 0xa1, 0xbb, 0xc1, 0xc2, 0xc3, 0xd8, 0xd9, 0xdb, 0xed, 0xf4, 0xf7, 0xf8, 0xf9, 0xfa,
    0xfb, 0xff,
];

/// One of the samples after one to four changes.
pub fn mutated(samples: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = random.one_of(samples).clone();
    for _ in 0..=random.below(4) {
        change(&mut bytes, samples, random);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, samples: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let (start, end) = (at.min(bytes.len().saturating_sub(1)), bytes.len());
    let some = start + random.below(9).min(end - start);
    match random.below(8) {
        0 => bytes.truncate(at),
        1 => drop(bytes.splice(at..at, [*random.one_of(TELLING)])),
        2 => drop(bytes.drain(start..some)),
        3 => {
            let copy = bytes[start..some].to_vec();
            bytes.splice(at..at, copy);
        }
        4 => {
            let other = random.one_of(samples);
            let from = random.below(other.len() + 1);
            bytes.splice(at.., other[from..].iter().copied());
        }
        choice => {
            let Some(byte) = bytes.get_mut(at) else { return };
            *byte = match choice {
                5 => *byte ^ (1 << random.below(8)),
                // Where a length is, one more or less.
                6 => byte.wrapping_add(*random.one_of(&[1, 0xff])),
                _ => *random.one_of(TELLING),
            }
        }
    }
}
