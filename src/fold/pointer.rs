//! JSON Pointers (RFC 6901).

use alloc::string::String;
use alloc::vec::Vec;

/// The segments of a pointer, unescaped; none for the whole.
pub(crate) type Segments = Vec<String>;

/// Parses a pointer; what is wrong with it otherwise.
pub(crate) fn parse(pointer: &str) -> Result<Segments, &'static str> {
    if pointer.is_empty() {
        return Ok(Segments::new());
    }
    let Some(rest) = pointer.strip_prefix('/') else {
        return Err("a JSON Pointer is empty or begins with a slash");
    };
    rest.split('/').map(unescape).collect()
}

/// A segment without its escapes: `~1` is a slash, `~0` a tilde.
pub(crate) fn unescape(segment: &str) -> Result<String, &'static str> {
    let mut plain = String::with_capacity(segment.len());
    let mut rest = segment.chars();
    while let Some(c) = rest.next() {
        plain.push(match c {
            '~' => match rest.next() {
                Some('0') => '~',
                Some('1') => '/',
                _ => return Err("a tilde in a JSON Pointer is written ~0, a slash in a segment ~1"),
            },
            other => other,
        });
    }
    Ok(plain)
}

/// Appends a segment to a pointer.
pub(crate) fn push(pointer: &mut String, segment: &str) {
    pointer.push('/');
    for c in segment.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// The index that a segment stands for in an array: decimal digits without leading zeros.
#[inline]
pub(crate) fn index(segment: &[u8]) -> Option<usize> {
    if segment.is_empty() || (segment.len() > 1 && segment.first() == Some(&b'0')) {
        return None;
    }
    segment.iter().try_fold(0usize, |index, digit| match digit {
        b'0'..=b'9' => index.checked_mul(10)?.checked_add(usize::from(digit & 0xf)),
        _ => None,
    })
}
