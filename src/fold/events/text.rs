//! Finding the end of text in JSON.

/// Where the first quotation mark, backslash or control character from `at` on is, or the end of the input. Sixteen bytes at a time.
#[inline]
pub(super) fn plain_end(input: &[u8], mut at: usize) -> usize {
    loop {
        let Some(bytes) = input.get(at..).and_then(|rest| rest.first_chunk()) else {
            let rest = input.get(at..).unwrap_or_default();
            let special = |byte: &u8| matches!(byte, ..0x20 | b'"' | b'\\');
            return at + rest.iter().position(special).unwrap_or(rest.len());
        };
        let [first, second] = words(bytes).map(specials);
        if first | second != 0 {
            let bits = if first != 0 {
                first.trailing_zeros()
            } else {
                64 + second.trailing_zeros()
            };
            return at + bits as usize / 8;
        }
        at += 16;
    }
}

/// Sets the high bit of the first byte that is a quotation mark, backslash or control character, of none before it, and of some after it.
#[inline]
fn specials(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    // A borrow can only spoil the bytes after the first that is below the limit.
    let below = |bytes: u64, limit: u8| bytes.wrapping_sub(ONES * u64::from(limit)) & !bytes;
    let differs = |byte: u8| word ^ (ONES * u64::from(byte));
    (below(word, 0x20) | below(differs(b'"'), 1) | below(differs(b'\\'), 1)) & HIGHS
}

/// The sixteen bytes from `at` on, the first one lowest; zeros where there are fewer.
#[inline]
pub(super) fn block(input: &[u8], at: usize) -> [u64; 2] {
    let rest = input.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(bytes) => words(bytes),
        None => last_block(rest),
    }
}

#[cold]
fn last_block(rest: &[u8]) -> [u64; 2] {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(rest).for_each(|(byte, given)| *byte = *given);
    words(&bytes)
}

#[inline]
fn words(bytes: &[u8; 16]) -> [u64; 2] {
    let both = u128::from_le_bytes(*bytes);
    [both as u64, (both >> 64) as u64]
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
