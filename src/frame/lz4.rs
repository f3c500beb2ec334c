//! Compressed payloads: an LZ4 frame (docs/format.md §2.4), written and read one block at a time, so that whoever does it holds one
//! block and not the payload. What stock tools call `lz4 -B4 -BI --no-frame-crc`.

use alloc::vec;
use alloc::vec::Vec;

use lz4_flex::block::{CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size};

use crate::text::text;
use crate::{Code, Error, Result};

/// Bytes of the payload in each block that is written, save the last. Fewer than 2^16 − 1, so that positions fit 16 bits: up to there
/// the library takes the same decisions on machines of 32 and of 64 bits, and equal payloads give equal bytes everywhere.
pub const BLOCK_BYTES: usize = 63 * 1024;

/// The most that a block which is read may hold; the descriptor says so.
pub const MAX_BLOCK_BYTES: usize = 64 * 1024;

/// The most that [`Compressor::push`] writes at once.
pub const MAX_PIECE_BYTES: usize = DESCRIPTOR.len() + HEAD_BYTES + get_maximum_output_size(BLOCK_BYTES) + HEAD_BYTES;

/// Magic; version 1, independent blocks, no checksums, no length; blocks of at most 64 KiB; the check byte of those two.
pub(super) const DESCRIPTOR: [u8; 7] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82];
/// In front of each block: its length, little-endian; the highest bit says that it is not compressed. 0 ends the frame.
const HEAD_BYTES: usize = 4;
const NOT_COMPRESSED: u32 = 1 << 31;

/// Smaller payloads are left as they are.
const LEAST_BYTES: u64 = 1024;
/// After so many blocks that saved too little the rest is not tried.
const PROBED_BLOCKS: u32 = 4;

/// The payload as an LZ4 frame, if that pays.
pub fn compress(payload: &[u8]) -> Option<Vec<u8>> {
    let mut compressor = Compressor::new(payload.len() as u64)?;
    let mut piece = vec![0; MAX_PIECE_BYTES];
    let mut stored = Vec::new();
    for block in payload.chunks(BLOCK_BYTES) {
        let length = compressor.push(block, &mut piece)?;
        stored.extend_from_slice(piece.get(..length)?);
    }
    Some(stored)
}

/// The payload of `raw_bytes` bytes in an LZ4 frame. The caller has compared that length with its limit, and with what so many bytes
/// can expand to.
///
/// # Errors
/// [`Code::Corrupt`].
pub fn expand(stored: &[u8], raw_bytes: u64) -> Result<Vec<u8>> {
    let mut expander = Expander::new(raw_bytes);
    let mut raw = Vec::new();
    let mut block = vec![0; MAX_BLOCK_BYTES];
    let mut rest = stored;
    while !rest.is_empty() {
        let Step { read, made } = expander.step(rest, &mut block)?;
        raw.extend_from_slice(block.get(..made).unwrap_or_default());
        rest = rest.get(read..).unwrap_or_default();
    }
    expander.finish().map(|()| raw)
}

/// Writes an LZ4 frame piece by piece, and gives up as soon as it shows that compressing does not pay.
pub struct Compressor {
    raw: u64,
    taken: u64,
    written: u64,
    blocks: u32,
    table: CompressTable,
}

impl Compressor {
    /// For a payload of `raw` bytes; `None` if it is too small to try.
    pub fn new(raw: u64) -> Option<Self> {
        (raw >= LEAST_BYTES).then(|| Self {
            raw,
            taken: 0,
            written: 0,
            blocks: 0,
            table: CompressTable::small(),
        })
    }

    /// Writes what the next [`BLOCK_BYTES`] of the payload (fewer only at its end) become to the start of `piece`, which is
    /// [`MAX_PIECE_BYTES`] long, and says how many bytes that are. `None`: compressing does not pay.
    pub fn push(&mut self, block: &[u8], piece: &mut [u8]) -> Option<usize> {
        let start = if self.blocks == 0 { DESCRIPTOR.len() } else { 0 };
        piece.get_mut(..start)?.copy_from_slice(DESCRIPTOR.get(..start)?);
        let mut end = start + self.put_block(block, piece.get_mut(start..)?)?;
        self.blocks += 1;
        self.taken += block.len() as u64;
        if self.taken >= self.raw {
            piece.get_mut(end..end + HEAD_BYTES)?.fill(0);
            end += HEAD_BYTES;
        }
        self.written += end as u64;
        self.may_pay().then_some(end)
    }

    fn put_block(&mut self, block: &[u8], out: &mut [u8]) -> Option<usize> {
        let (head, body) = out.split_at_mut_checked(HEAD_BYTES)?;
        // True of every block; said here, so that modules leave out the code for longer ones (0.6 KB).
        if block.len() > BLOCK_BYTES || !matches!(self.table, CompressTable::Small(_)) {
            return None;
        }
        let compressed = compress_into_with_table(block, body, &mut self.table).ok()?;
        let (length, flag) = match compressed < block.len() {
            true => (compressed, 0),
            false => {
                body.get_mut(..block.len())?.copy_from_slice(block);
                (block.len(), NOT_COMPRESSED)
            }
        };
        head.copy_from_slice(&(u32::try_from(length).ok()? | flag).to_le_bytes());
        Some(HEAD_BYTES + length)
    }

    /// An eighth must be saved: of the whole, and of the first blocks.
    fn may_pay(&self) -> bool {
        let within = |raw: u64| self.written <= raw - raw / 8;
        within(self.raw) && (self.blocks != PROBED_BLOCKS || within(self.taken))
    }
}

/// Reads an LZ4 frame step by step.
pub struct Expander {
    /// What is still to come of the payload.
    missing: u64,
    place: Place,
}

#[derive(PartialEq)]
enum Place {
    Start,
    Blocks,
    End,
}

/// What a step did.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Bytes of the LZ4 frame that it took.
    pub read: usize,
    /// Bytes of the payload that it made.
    pub made: usize,
}

impl Expander {
    /// For a payload of `raw` bytes.
    pub fn new(raw: u64) -> Self {
        Self {
            missing: raw,
            place: Place::Start,
        }
    }

    /// Reads what `stored` begins with: the descriptor, a block or the end. A block is expanded into `block`, which holds
    /// [`MAX_BLOCK_BYTES`].
    ///
    /// # Errors
    /// [`Code::Corrupt`]: anything but the descriptor at first, a block that is cut or broken or holds more than it may, bytes after
    /// the end.
    pub fn step(&mut self, stored: &[u8], block: &mut [u8]) -> Result<Step> {
        match self.place {
            Place::Start if stored.starts_with(&DESCRIPTOR) => {
                self.place = Place::Blocks;
                let read = DESCRIPTOR.len();
                Ok(Step { read, made: 0 })
            }
            Place::Start => Err(corrupt("it does not begin as such a frame does")),
            Place::Blocks => self.block(stored, block),
            Place::End => Err(corrupt("there are bytes behind its end")),
        }
    }

    /// After the last step.
    ///
    /// # Errors
    /// [`Code::Corrupt`] if the end was not reached.
    pub fn finish(&self) -> Result<()> {
        match (&self.place, self.missing) {
            (Place::End, 0) => Ok(()),
            (Place::End, missing) => Err(corrupt(&text!("{} bytes of the state are missing", missing))),
            _ => Err(corrupt("its end is missing")),
        }
    }

    fn block(&mut self, stored: &[u8], block: &mut [u8]) -> Result<Step> {
        let cut = || corrupt("a block is cut");
        let (head, rest) = stored.split_first_chunk().ok_or_else(cut)?;
        let head = u32::from_le_bytes(*head);
        if head == 0 {
            self.place = Place::End;
            let read = HEAD_BYTES;
            return Ok(Step { read, made: 0 });
        }
        let length = (head & !NOT_COMPRESSED) as usize;
        if length > MAX_BLOCK_BYTES {
            return Err(corrupt("a block is too long"));
        }
        let body = rest.get(..length).ok_or_else(cut)?;
        let most = usize::try_from(self.missing).map_or(MAX_BLOCK_BYTES, |missing| missing.min(MAX_BLOCK_BYTES));
        let room = block
            .get_mut(..most)
            .ok_or_else(|| corrupt("there is no room for a block"))?;
        let made = match head & NOT_COMPRESSED {
            0 => decompress_into(body, room).map_err(|_| corrupt("a block is broken"))?,
            _ => {
                let room = room.get_mut(..length).ok_or_else(|| corrupt("a block is too long"))?;
                room.copy_from_slice(body);
                length
            }
        };
        if made == 0 {
            return Err(corrupt("a block is empty"));
        }
        self.missing -= made as u64;
        let read = HEAD_BYTES + length;
        Ok(Step { read, made })
    }
}

fn corrupt(problem: &str) -> Error {
    Error::new(
        Code::Corrupt,
        text!("the payload is not an LZ4 frame of this kind: {}", problem),
    )
}
