//! The quick way for what most JSON is: short objects and arrays of plain text and small integers.

use super::text::plain_bytes;
use crate::value::{
    Writer,
    reader::{FALSE, Major, NULL, TRUE},
};

/// Counts below this have a head of one byte, which can be written before they are known.
const FEW: usize = 24;

/// Deeper values go the other way.
const SHALLOW: usize = 16;

/// Appends what the JSON text says, if it is plain: no escapes, no signs, no fractions, at most 23 parts in an array or object, no key that
/// begins with a digit, on one line. How many levels it has. `None` if it is something else, sound or not; then the output is unspecified
/// from its old end on. The text is UTF-8.
pub(super) fn append(json: &[u8], out: &mut Writer) -> Option<u8> {
    let mut plain = Plain { rest: json, out };
    let depth = plain.value(0)?;
    plain.rest.is_empty().then_some(depth as u8)
}

/// Where the plain value that starts at `at` ends, and how many levels it has; it lies in one more already.
pub(crate) fn check(input: &[u8], at: usize) -> Option<(usize, u8)> {
    let rest = input.get(at..)?;
    let mut plain = Plain {
        rest,
        out: &mut Nowhere,
    };
    let depth = plain.value(1)?;
    Some((input.len() - plain.rest.len(), depth as u8))
}

/// Where values go.
trait Output {
    fn len(&self) -> usize;
    fn head(&mut self, major: Major, argument: u64);
    fn raw(&mut self, bytes: &[u8]);
    fn simple(&mut self, info: u8);
    fn correct_head(&mut self, at: usize, major: Major, argument: u64);
}

impl Output for Writer {
    #[inline]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn head(&mut self, major: Major, argument: u64) {
        self.head(major, argument);
    }

    #[inline]
    fn raw(&mut self, bytes: &[u8]) {
        self.raw(bytes);
    }

    #[inline]
    fn simple(&mut self, info: u8) {
        self.simple(info);
    }

    #[inline]
    fn correct_head(&mut self, at: usize, major: Major, argument: u64) {
        self.correct_head(at, major, 0, argument);
    }
}

/// For looking at a value only.
struct Nowhere;

impl Output for Nowhere {
    fn len(&self) -> usize {
        0
    }

    fn head(&mut self, _: Major, _: u64) {}

    fn raw(&mut self, _: &[u8]) {}

    fn simple(&mut self, _: u8) {}

    fn correct_head(&mut self, _: usize, _: Major, _: u64) {}
}

struct Plain<'a, 'o, O> {
    rest: &'a [u8],
    out: &'o mut O,
}

impl<'a, O: Output> Plain<'a, '_, O> {
    /// How many levels the value has.
    fn value(&mut self, depth: usize) -> Option<usize> {
        match self.rest {
            [b'"', ..] => self.text().map(|_| 0),
            [b'0'..=b'9', ..] => self.integer().map(|()| 0),
            [b'{', rest @ ..] if depth < SHALLOW => {
                self.rest = rest;
                self.object(depth + 1)
            }
            [b'[', rest @ ..] if depth < SHALLOW => {
                self.rest = rest;
                self.array(depth + 1)
            }
            [b't', b'r', b'u', b'e', rest @ ..] => self.word(TRUE, rest),
            [b'f', b'a', b'l', b's', b'e', rest @ ..] => self.word(FALSE, rest),
            [b'n', b'u', b'l', b'l', rest @ ..] => self.word(NULL, rest),
            _ => None,
        }
    }

    fn word(&mut self, simple: u8, rest: &'a [u8]) -> Option<usize> {
        self.out.simple(simple);
        self.rest = rest;
        Some(0)
    }

    /// Appends text; what it says.
    #[inline]
    fn text(&mut self) -> Option<&'a [u8]> {
        let content = self.rest.get(1..)?;
        let (text, rest) = content.split_at_checked(plain_bytes(content))?;
        self.rest = rest.strip_prefix(b"\"")?;
        self.out.head(Major::Text, text.len() as u64);
        self.out.raw(text);
        Some(text)
    }

    #[inline]
    fn integer(&mut self) -> Option<()> {
        let (mut value, mut rest) = (0u64, self.rest);
        while let [digit @ b'0'..=b'9', after @ ..] = rest {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit & 0xf));
            rest = after;
        }
        let digits = self.rest.len() - rest.len();
        let ends = matches!(rest, [b',' | b'}' | b']' | b' ', ..] | []);
        if digits > 15 || !ends || (digits > 1 && self.rest.starts_with(b"0")) {
            return None;
        }
        self.out.head(Major::Uint, value);
        self.rest = rest;
        Some(())
    }

    fn array(&mut self, depth: usize) -> Option<usize> {
        let (head, mut deepest) = (self.out.len(), 0);
        self.out.head(Major::Array, 0);
        for count in 0..FEW {
            self.skip_space();
            match (self.rest, count) {
                ([b']', rest @ ..], _) => return self.close(rest, head, Major::Array, count, deepest),
                ([b',', rest @ ..], 1..) => self.rest = rest,
                (_, 1..) => return None,
                (_, 0) => {}
            }
            self.skip_space();
            deepest = deepest.max(self.value(depth)?);
        }
        None
    }

    fn object(&mut self, depth: usize) -> Option<usize> {
        let (head, mut deepest) = (self.out.len(), 0);
        let mut keys: [&[u8]; FEW] = [&[]; FEW];
        self.out.head(Major::Map, 0);
        for count in 0..FEW {
            self.skip_space();
            match (self.rest, count) {
                ([b'}', rest @ ..], _) => return self.close(rest, head, Major::Map, count, deepest),
                ([b',', rest @ ..], 1..) => self.rest = rest,
                (_, 1..) => return None,
                (_, 0) => {}
            }
            self.skip_space();
            let key = self.rest.starts_with(b"\"").then(|| self.text())??;
            let (before, others) = keys.split_at_mut_checked(count)?;
            if key.first().is_some_and(u8::is_ascii_digit) || before.contains(&key) {
                return None;
            }
            *others.first_mut()? = key;
            self.skip_space();
            self.rest = self.rest.strip_prefix(b":")?;
            self.skip_space();
            deepest = deepest.max(self.value(depth)?);
        }
        None
    }

    fn close(&mut self, rest: &'a [u8], head: usize, major: Major, count: usize, deepest: usize) -> Option<usize> {
        self.rest = rest;
        self.out.correct_head(head, major, count as u64);
        Some(deepest + 1)
    }

    #[inline]
    fn skip_space(&mut self) {
        while let [b' ' | b'\t' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }
}
