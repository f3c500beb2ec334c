//! Frames that no writer makes: headers out of raw fields, digests recomputed, so that what lies behind the digest is reached.

use std::collections::BTreeMap;

use snapfold::frame::sha256;

pub const MAGIC: &[u8] = b"\x89SNF\r\n\x1a\n";

/// Header fields by number, each with its encoded value.
#[derive(Clone)]
pub struct Fields(BTreeMap<u64, Vec<u8>>);

impl Fields {
    /// What a writer puts into a minimal header for this payload.
    pub fn of(payload: &[u8]) -> Self {
        Self(BTreeMap::from([
            (1, text("cart")),
            (2, uint(3)),
            (3, text("cart-42")),
            (4, uint(1_200)),
            (5, uint(1_200)),
            (11, uint(payload.len() as u64)),
            (12, bytes(&sha256(payload))),
        ]))
    }

    pub fn with(mut self, number: u64, value: Vec<u8>) -> Self {
        self.0.insert(number, value);
        self
    }

    pub fn without(mut self, number: u64) -> Self {
        self.0.remove(&number);
        self
    }

    pub fn header(&self) -> Vec<u8> {
        let mut header = head(5, self.0.len() as u64);
        for (number, value) in &self.0 {
            header.extend(uint(*number));
            header.extend(value);
        }
        header
    }

    /// Where the field with that number begins in the frame.
    pub fn offset_of(&self, number: u64) -> usize {
        let before = Self(self.0.range(..number).map(|(n, v)| (*n, v.clone())).collect());
        14 + before.header().len()
    }

    pub fn frame(&self, payload: &[u8]) -> Vec<u8> {
        frame(&self.header(), payload)
    }
}

/// A frame with a sound digest around any header at all.
pub fn frame(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut frame = MAGIC.to_vec();
    frame.extend(1u16.to_be_bytes());
    frame.extend((header.len() as u32).to_be_bytes());
    frame.extend(header);
    let digest = sha256(&[b"snapfold.header.1\0", &frame[..]].concat());
    frame.extend(digest);
    frame.extend(payload);
    frame
}

pub fn uint(value: u64) -> Vec<u8> {
    head(0, value)
}

pub fn text(value: &str) -> Vec<u8> {
    [head(3, value.len() as u64), value.as_bytes().to_vec()].concat()
}

pub fn bytes(value: &[u8]) -> Vec<u8> {
    [head(2, value.len() as u64), value.to_vec()].concat()
}

pub fn head(major: u8, argument: u64) -> Vec<u8> {
    let start = major << 5;
    let whole = argument.to_be_bytes();
    match argument {
        0..=23 => vec![start | whole[7]],
        24..=0xff => vec![start | 24, whole[7]],
        0x100..=0xffff => [&[start | 25], &whole[6..]].concat(),
        0x1_0000..=0xffff_ffff => [&[start | 26], &whole[4..]].concat(),
        _ => [&[start | 27], &whole[..]].concat(),
    }
}
