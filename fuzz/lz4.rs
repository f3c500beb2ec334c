//! Compressed payloads, against a reading of the LZ4 formats that is as plain as can be.

use snapfold::Code;
use snapfold::frame::{self, Algorithm, Compression, Expect, Header, Payload, Sealing, Stored, sha256};

const MAX_BLOCK_BYTES: usize = 64 * 1024;
const DESCRIPTOR: &[u8] = b"\x04\x22\x4d\x18\x60\x40\x82";

/// A frame whose payload claims to be compressed opens exactly if the plain reading says so, and to the same bytes; and what is
/// compressed expands again.
pub fn decompress(data: &[u8]) {
    let stored = lz4_frame(data);
    let expanded = expand(&stored);
    let raw = expanded.as_deref().unwrap_or_default();
    let claimed = Payload {
        media_type: Some("application/octet-stream".into()),
        stored: Some(Stored {
            compression: Algorithm::Lz4,
            bytes: stored.len() as u64,
            digest: sha256(&stored),
        }),
        ..Payload::of(raw)
    };
    let head = frame::head(&header(), &claimed, None).expect("LZ4 expands to at most 255 times its length");
    let frame = [head, stored].concat();
    match (frame::open(&frame, &Expect::default()), &expanded) {
        (Ok(opened), Some(raw)) => assert_eq!(*opened.payload, **raw),
        (Err(error), None) => assert_eq!(error.code(), Code::Corrupt, "{error}"),
        (opened, _) => panic!("{opened:?}, but expanded plainly it is {expanded:02x?}"),
    }
    compress(data);
}

fn compress(data: &[u8]) {
    // Fewer than 1,024 bytes would be left alone.
    let payload = data.repeat(1_024usize.div_ceil(data.len().max(1)));
    let sealing = Sealing {
        media_type: Some("application/octet-stream"),
        compression: Compression::Auto,
        ..Sealing::default()
    };
    let sealed = frame::seal_with(&header(), &payload, &sealing).expect("any bytes can be sealed");
    let opened = frame::open(&sealed.frame, &Expect::default()).expect("what was sealed can be opened");
    assert_eq!((&*opened.payload, opened.facts), (&payload[..], sealed.facts));
}

fn header() -> Header {
    Header::new("cart", 1, "cart-42", 1, 1)
}

/// An LZ4 frame with blocks of the data: each begins with two bytes, 15 bits of its length and whether it is compressed.
fn lz4_frame(data: &[u8]) -> Vec<u8> {
    let mut frame = DESCRIPTOR.to_vec();
    let mut rest = data;
    while let Some((head, after)) = rest.split_first_chunk() {
        let head = u16::from_le_bytes(*head);
        let (block, after) = after.split_at(after.len().min(usize::from(head & 0x7fff)));
        let plain = u32::from(head >> 15) << 31;
        frame.extend((block.len() as u32 | plain).to_le_bytes());
        frame.extend(block);
        rest = after;
    }
    // Where a byte is left, the end is missing.
    if rest.is_empty() {
        frame.extend([0; 4]);
    }
    frame
}

/// docs/format.md §2.4.
pub fn expand(frame: &[u8]) -> Option<Vec<u8>> {
    let mut rest = frame.strip_prefix(DESCRIPTOR)?;
    let mut raw = Vec::new();
    loop {
        let (head, after) = rest.split_first_chunk()?;
        let head = u32::from_le_bytes(*head);
        if head == 0 {
            return after.is_empty().then_some(raw);
        }
        let (block, after) = after.split_at_checked((head & !(1 << 31)) as usize)?;
        let expanded = if head >> 31 == 1 {
            block.to_vec()
        } else {
            expand_block(block)?
        };
        if block.len() > MAX_BLOCK_BYTES || !(1..=MAX_BLOCK_BYTES).contains(&expanded.len()) {
            return None;
        }
        raw.extend(expanded);
        rest = after;
    }
}

/// The block format: literals, then a copy of what came before, and so on; the last sequence has no copy.
fn expand_block(block: &[u8]) -> Option<Vec<u8>> {
    let mut input = block.iter().copied();
    let mut out = Vec::new();
    loop {
        let token = input.next()?;
        let literals = length(token >> 4, &mut input)?;
        for _ in 0..literals {
            out.push(input.next()?);
        }
        if input.len() == 0 {
            return Some(out);
        }
        let offset = usize::from(u16::from_le_bytes([input.next()?, input.next()?]));
        let copied = length(token & 15, &mut input)? + 4;
        for _ in 0..copied {
            let from = out.len().checked_sub(offset).filter(|_| offset > 0)?;
            out.push(out[from]);
        }
        if out.len() > MAX_BLOCK_BYTES {
            return None;
        }
    }
}

/// Four bits, and where they are all set, bytes up to the first that is not 255.
fn length(bits: u8, input: &mut impl Iterator<Item = u8>) -> Option<usize> {
    let mut length = usize::from(bits);
    let mut more = bits == 15;
    while more {
        let byte = input.next()?;
        length += usize::from(byte);
        more = byte == 255;
    }
    Some(length)
}
