//! Finding the end of text in JSON.

/// Where the first quotation mark, backslash or control character from `at` on is, or the end of the input. Eight bytes at a time.
#[inline]
pub(super) fn plain_end(input: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    loop {
        let Some(word) = word(input, at) else {
            let rest = input.get(at..).unwrap_or_default();
            let special = |byte: &u8| matches!(byte, ..0x20 | b'"' | b'\\');
            return at + rest.iter().position(special).unwrap_or(rest.len());
        };
        // Sets the high bit of each byte that is below a limit; a borrow can only spoil the bytes after the first of them.
        let below = |bytes: u64, limit: u8| bytes.wrapping_sub(ONES * u64::from(limit)) & !bytes;
        let differs = |byte: u8| word ^ (ONES * u64::from(byte));
        let found = (below(word, 0x20) | below(differs(b'"'), 1) | below(differs(b'\\'), 1)) & HIGHS;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
}

/// The eight bytes from `at` on, the first one lowest; `None` where there are fewer.
#[inline]
pub(super) fn word(input: &[u8], at: usize) -> Option<u64> {
    let eight = input.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*eight))
}

/// The lowest bytes of a word.
#[inline]
pub(super) fn lowest(bytes: usize) -> u64 {
    match bytes {
        0 => 0,
        1..8 => u64::MAX >> (64 - 8 * bytes),
        _ => u64::MAX,
    }
}
