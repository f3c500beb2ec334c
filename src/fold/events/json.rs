//! Scanning one line of JSON Lines.

use super::parts::{Node, Parts};
use super::text::plain_end;
use super::{Place, REPEATED, malformed};
use crate::value::{MAX_DEPTH, json};
use crate::{Error, Result};

/// Finds the parts of the event that starts at `at`; where it ends. The input is UTF-8.
pub(super) fn scan(parts: &Parts, (input, at): (&[u8], usize), one_line: bool, found: &mut [Place]) -> Result<usize> {
    let cursor = Cursor { input, at, one_line };
    if cursor.peek() != b'{' {
        return Err(cursor.wrong(match input.get(at..) {
            Some([0xef, 0xbb, 0xbf, ..]) => "a byte order mark: remove it",
            _ => "an event is an object; in JSON Lines, one on each line",
        }));
    }
    let mut scan = Scan { parts, cursor, found };
    scan.value(Parts::ROOT, 0)?;
    Ok(scan.cursor.at)
}

/// Where the value that starts at `at` ends, if it lies on one line.
pub(super) fn skip(input: &[u8], at: usize) -> Option<usize> {
    let one_line = true;
    let mut cursor = Cursor { input, at, one_line };
    cursor.skip().ok()?;
    Some(cursor.at)
}

struct Scan<'a> {
    parts: &'a Parts,
    cursor: Cursor<'a>,
    found: &'a mut [Place],
}

struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
    /// Whether the end of a line is the end of the event.
    one_line: bool,
}

/// What a byte means where no string is open.
const ORDINARY: u8 = 0;
const QUOTE: u8 = 1;
const OPEN: u8 = 2;
const CLOSE: u8 = 3;
/// Ends a number or a word.
const SEPARATOR: u8 = 4;
const CONTROL: u8 = 5;

#[expect(clippy::indexing_slicing, reason = "a constant: the compiler would say so")]
const CLASSES: [u8; 256] = {
    let mut classes = [ORDINARY; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'"' => QUOTE,
            b'{' | b'[' => OPEN,
            b'}' | b']' => CLOSE,
            b',' | b':' | b' ' | b'\t' | b'\r' => SEPARATOR,
            ..0x20 => CONTROL,
            _ => ORDINARY,
        };
        byte += 1;
    }
    classes
};

#[inline]
fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

impl Scan<'_> {
    /// A value that is looked for, or that holds one. As deep as the pointers are.
    fn value(&mut self, node: usize, depth: usize) -> Result<()> {
        let start = self.cursor.at;
        let Some(looked_for) = self.parts.node(node) else {
            return self.cursor.skip();
        };
        match self.cursor.peek() {
            b'{' if !looked_for.is_leaf() && depth < MAX_DEPTH => self.object(looked_for, depth + 1)?,
            b'[' if !looked_for.is_leaf() && depth < MAX_DEPTH => self.array(looked_for, depth + 1)?,
            _ => self.cursor.skip()?,
        }
        if let Some(place) = looked_for.part.and_then(|part| self.found.get_mut(part.0)) {
            if place.end > 0 {
                return Err(malformed(start, REPEATED));
            }
            let end = self.cursor.at;
            let plain = match looked_for.wanted {
                true => json::check_plain(self.cursor.input, start).filter(|(plain, _)| *plain == end),
                false => None,
            };
            let plain = plain.map(|(_, levels)| levels);
            *place = Place::new(start, end, plain);
        }
        Ok(())
    }

    fn object(&mut self, looked_for: &Node, depth: usize) -> Result<()> {
        self.cursor.at += 1;
        self.cursor.skip_space();
        if self.cursor.peek() == b'}' {
            self.cursor.at += 1;
            return Ok(());
        }
        loop {
            match self.key(looked_for)? {
                Some(child) => self.value(child, depth)?,
                None => self.cursor.skip()?,
            }
            if self.cursor.ends(b'}', "expected a comma or the end of the object")? {
                return Ok(());
            }
        }
    }

    fn array(&mut self, looked_for: &Node, depth: usize) -> Result<()> {
        self.cursor.at += 1;
        self.cursor.skip_space();
        if self.cursor.peek() == b']' {
            self.cursor.at += 1;
            return Ok(());
        }
        for index in 0.. {
            match self.parts.at(looked_for, index) {
                Some(child) => self.value(child, depth)?,
                None => self.cursor.skip()?,
            }
            if self.cursor.ends(b']', "expected a comma or the end of the array")? {
                break;
            }
        }
        Ok(())
    }

    /// Steps over a key and its colon; what is looked for under it.
    fn key(&mut self, looked_for: &Node) -> Result<Option<usize>> {
        let cursor = &mut self.cursor;
        if cursor.peek() != b'"' {
            return Err(cursor.wrong(match cursor.peek() {
                b'\n' => "the line ends inside the event: there is one event on each line",
                _ => "expected a key in double quotes",
            }));
        }
        let start = cursor.at;
        let escaped = cursor.string()?;
        let quoted = cursor.input.get(start..cursor.at).unwrap_or_default();
        cursor.skip_space();
        if cursor.peek() != b':' {
            return Err(cursor.wrong("expected a colon after the key"));
        }
        cursor.at += 1;
        cursor.skip_space();
        Ok(match (escaped, quoted) {
            (false, [_, key @ .., _]) => self.parts.under(looked_for, key),
            _ => json::text(quoted).and_then(|key| self.parts.under(looked_for, key.as_bytes())),
        })
    }
}

impl Cursor<'_> {
    /// The next byte; a control character, which is wrong wherever it is looked at, at the end.
    #[inline]
    fn peek(&self) -> u8 {
        self.input.get(self.at).copied().unwrap_or_default()
    }

    #[inline]
    fn skip_space(&mut self) {
        if self.peek() <= b' ' {
            self.skip_all_space();
        }
    }

    #[inline(never)]
    fn skip_all_space(&mut self) {
        while let b' ' | b'\t' | b'\r' | b'\n' = self.peek() {
            if self.one_line && self.peek() == b'\n' {
                break;
            }
            self.at += 1;
        }
    }

    /// Steps over what follows a member or an element; whether that was the end.
    fn ends(&mut self, close: u8, expected: &'static str) -> Result<bool> {
        self.skip_space();
        let next = self.peek();
        if next != b',' && next != close {
            return Err(self.wrong(expected));
        }
        self.at += 1;
        if next == b',' {
            self.skip_space();
        }
        Ok(next == close)
    }

    /// Steps over a value that nobody looks into.
    #[inline]
    fn skip(&mut self) -> Result<()> {
        match class(self.peek()) {
            QUOTE => self.string().map(drop),
            OPEN => self.container(),
            ORDINARY => {
                while class(self.peek()) == ORDINARY {
                    self.at += 1;
                }
                Ok(())
            }
            _ => Err(self.wrong("expected a value")),
        }
    }

    /// Steps over an array or object, with whatever is inside.
    fn container(&mut self) -> Result<()> {
        // A bit for each open level, set for objects.
        let mut levels = [0u64; MAX_DEPTH / 64];
        let mut depth = 0;
        loop {
            let byte = self.peek();
            match class(byte) {
                QUOTE => {
                    self.string()?;
                    continue;
                }
                OPEN => {
                    let Some(bits) = levels.get_mut(depth / 64) else {
                        return Err(self.wrong("nested deeper than 256 levels: flatten the value"));
                    };
                    let bit = 1 << (depth % 64);
                    *bits = if byte == b'{' { *bits | bit } else { *bits & !bit };
                    depth += 1;
                }
                CLOSE => {
                    depth -= 1; // at least the level that was opened first
                    let bits = levels.get(depth / 64).copied().unwrap_or_default();
                    if (bits >> (depth % 64) & 1 == 1) != (byte == b'}') {
                        return Err(self.wrong("an array that ends as an object, or the other way round"));
                    }
                    if depth == 0 {
                        self.at += 1;
                        return Ok(());
                    }
                }
                CONTROL if byte != b'\n' || self.one_line => return Err(self.wrong("the line ends inside the event")),
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Steps over text in quotation marks; whether it has escapes.
    #[inline]
    fn string(&mut self) -> Result<bool> {
        let start = self.at;
        self.at = plain_end(self.input, self.at + 1);
        if self.peek() == b'"' {
            self.at += 1;
            return Ok(false);
        }
        self.escaped_string(start)
    }

    fn escaped_string(&mut self, start: usize) -> Result<bool> {
        loop {
            match self.input.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(true);
                }
                Some(b'\\') if self.input.get(self.at + 1).is_none_or(|byte| *byte >= b' ') => {
                    self.at = plain_end(self.input, self.at + 2);
                }
                Some(_) => return Err(self.wrong("a control character in text, or a line that ends inside of it")),
                None => return Err(malformed(start, "the input ends inside this text")),
            }
        }
    }

    #[cold]
    fn wrong(&self, message: &'static str) -> Error {
        let message = match self.input.get(self.at) {
            Some(_) => message,
            None => "the input ends inside the event",
        };
        malformed(self.at.min(self.input.len()), message)
    }
}
