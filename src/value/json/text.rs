//! What stands between quotation marks.

use alloc::vec::Vec;

/// Text of JSON whose escapes have been checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    /// What stands between the quotation marks.
    pub raw: &'a [u8],
    /// Whether it has escapes.
    pub escaped: bool,
}

impl Text<'_> {
    /// Appends the text without its escapes, in WTF-8. Whether it has lone surrogates; if not, it is UTF-8.
    pub fn unescape(&self, target: &mut Vec<u8>) -> bool {
        let mut lone = false;
        let mut rest = self.raw;
        loop {
            let plain = plain_bytes(rest);
            target.extend_from_slice(rest.get(..plain).unwrap_or_default());
            rest = rest.get(plain..).unwrap_or_default();
            let [b'\\', letter, after @ ..] = rest else {
                return lone;
            };
            rest = after;
            let code = match letter {
                b'b' => 0x08,
                b'f' => 0x0c,
                b'n' => 0x0a,
                b'r' => 0x0d,
                b't' => 0x09,
                b'u' => code_point(&mut rest),
                itself => u32::from(*itself),
            };
            lone |= matches!(code, 0xd800..0xe000);
            push_code_point(code, target);
        }
    }
}

/// UTF-8, generalised to surrogates.
fn push_code_point(code: u32, target: &mut Vec<u8>) {
    let (first, others) = match code {
        ..0x80 => (code, 0),
        0x80..0x800 => (0xc0 | code >> 6, 1),
        0x800..0x1_0000 => (0xe0 | code >> 12, 2),
        _ => (0xf0 | code >> 18, 3),
    };
    target.push(first as u8);
    for place in (0..others).rev() {
        target.push(0x80 | (code >> (6 * place)) as u8 & 0x3f);
    }
}

/// What follows `\u`: one code unit, or both of a surrogate pair.
fn code_point(rest: &mut &[u8]) -> u32 {
    let first = code_unit(rest);
    if let (0xd800..0xdc00, [b'\\', b'u', after @ ..]) = (first, *rest) {
        let mut after = after;
        let second = code_unit(&mut after);
        if let 0xdc00..0xe000 = second {
            *rest = after;
            return 0x1_0000 + ((first & 0x3ff) << 10 | second & 0x3ff);
        }
    }
    first
}

/// Four hexadecimal digits.
fn code_unit(rest: &mut &[u8]) -> u32 {
    let (digits, after) = rest.split_at_checked(4).unwrap_or_default();
    *rest = after;
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or_default();
    digits.iter().fold(0, |unit, byte| unit << 4 | digit(byte))
}

/// The length of the escape that the bytes start with, if there is one.
pub(super) fn escape_bytes(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [_, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => Some(2),
        [_, b'u', digits @ ..] => {
            let digits = digits.get(..4)?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(6)
        }
        _ => None,
    }
}

/// How many bytes there are before the first quotation mark, backslash or control character. Eight bytes at a time.
pub(super) fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    let (chunks, tail) = bytes.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        let chunk = u64::from_le_bytes(*chunk);
        let zero_where = |byte: u8| chunk ^ (ONES * u64::from(byte));
        // Sets the high bit of each byte that is below a limit; a borrow can only spoil the bytes after the first of them.
        let below = |bytes: u64, limit: u8| bytes.wrapping_sub(ONES * u64::from(limit)) & !bytes;
        let found = (below(chunk, 0x20) | below(zero_where(b'"'), 1) | below(zero_where(b'\\'), 1)) & HIGHS;
        if found != 0 {
            return index * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let special = |byte: &u8| matches!(byte, ..0x20 | b'"' | b'\\');
    bytes.len() - tail.len() + tail.iter().position(special).unwrap_or(tail.len())
}

/// Appends text in quotation marks, with the escapes that it needs and no others.
pub(super) fn quote(text: &[u8], target: &mut Vec<u8>) {
    target.push(b'"');
    escape_all(text, target);
    target.push(b'"');
}

/// The same for WTF-8.
pub(super) fn quote_wtf8(text: &[u8], target: &mut Vec<u8>) {
    target.push(b'"');
    let mut rest = text;
    // In UTF-8, 0xed is followed by a smaller byte.
    while let Some(at) = rest.windows(2).position(|pair| matches!(pair, [0xed, 0xa0..=0xbf])) {
        let (plain, after) = rest.split_at_checked(at).unwrap_or_default();
        escape_all(plain, target);
        if let [_, second, third, ..] = after {
            escape_unit(0xd000 | u16::from(second & 0x3f) << 6 | u16::from(third & 0x3f), target);
        }
        rest = after.get(3..).unwrap_or_default();
    }
    escape_all(rest, target);
    target.push(b'"');
}

fn escape_all(text: &[u8], target: &mut Vec<u8>) {
    let mut rest = text;
    loop {
        let (plain, after) = rest.split_at_checked(plain_bytes(rest)).unwrap_or_default();
        target.extend_from_slice(plain);
        let Some((special, after)) = after.split_first() else {
            return;
        };
        escape(*special, target);
        rest = after;
    }
}

/// Appends the escape for a character that must have one.
pub(in crate::value) fn escape(byte: u8, target: &mut Vec<u8>) {
    let letter = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => return escape_unit(u16::from(byte), target),
    };
    target.extend_from_slice(&[b'\\', letter]);
}

/// Appends a code unit of UTF-16 as `\uXXXX`.
pub(in crate::value) fn escape_unit(unit: u16, target: &mut Vec<u8>) {
    target.extend_from_slice(b"\\u");
    for byte in unit.to_be_bytes() {
        hexadecimal(byte, target);
    }
}

/// Appends the two digits of a byte.
pub(in crate::value) fn hexadecimal(byte: u8, target: &mut Vec<u8>) {
    for digit in [byte >> 4, byte & 15] {
        target.push(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit });
    }
}
