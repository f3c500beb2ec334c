//! Scanning one line of JSON Lines.

use core::ops::Range;

use super::parts::{Node, Parts};
use super::{REPEATED, malformed};
use crate::value::{MAX_DEPTH, json};
use crate::{Error, Result};

/// Finds the parts of the event that starts at `at`; where it ends. The input is UTF-8.
pub(super) fn scan(parts: &Parts, input: &[u8], at: usize, found: &mut [Range<usize>]) -> Result<usize> {
    let mut scan = Scan {
        parts,
        input,
        at,
        found,
    };
    if scan.peek() != b'{' {
        return Err(scan.wrong("an event is an object, one on a line"));
    }
    match parts.root() {
        Some(root) => scan.value(root, 0)?,
        None => scan.skip()?,
    }
    Ok(scan.at)
}

struct Scan<'a> {
    parts: &'a Parts,
    input: &'a [u8],
    at: usize,
    found: &'a mut [Range<usize>],
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

impl<'a> Scan<'a> {
    /// The next byte; a control character, which is wrong wherever it is looked at, at the end.
    #[inline]
    fn peek(&self) -> u8 {
        self.input.get(self.at).copied().unwrap_or_default()
    }

    #[inline]
    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r') {
            self.at += 1;
        }
    }

    /// A value that is looked for, or that holds one. As deep as the pointers are.
    fn value(&mut self, node: &Node, depth: usize) -> Result<()> {
        let start = self.at;
        match self.peek() {
            b'{' if !node.is_leaf() && depth < MAX_DEPTH => self.object(node, depth + 1)?,
            b'[' if !node.is_leaf() && depth < MAX_DEPTH => self.array(node, depth + 1)?,
            _ => self.skip()?,
        }
        if let Some(slot) = node.part.and_then(|part| self.found.get_mut(part.0)) {
            if slot.end > 0 {
                return Err(malformed(start, REPEATED));
            }
            *slot = start..self.at;
        }
        Ok(())
    }

    fn object(&mut self, node: &Node, depth: usize) -> Result<()> {
        self.at += 1;
        self.skip_space();
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            let child = self.key(node)?;
            match child {
                Some(child) => self.value(child, depth)?,
                None => self.skip()?,
            }
            self.skip_space();
            match self.peek() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.wrong("expected a comma or the end of the object")),
            }
            self.skip_space();
        }
    }

    /// Steps over a key and its colon; what is looked for under it.
    #[inline]
    fn key(&mut self, node: &Node) -> Result<Option<&'a Node>> {
        if self.peek() != b'"' {
            return Err(self.wrong("expected a key in double quotes"));
        }
        let start = self.at + 1;
        let escaped = self.string()?;
        let key = self.input.get(start..self.at - 1).unwrap_or_default();
        let child = match escaped {
            false => self.parts.under(node, key),
            true => self.parts.under(node, &json::unescaped(key)),
        };
        self.skip_space();
        if self.peek() != b':' {
            return Err(self.wrong("expected a colon after the key"));
        }
        self.at += 1;
        self.skip_space();
        Ok(child)
    }

    fn array(&mut self, node: &Node, depth: usize) -> Result<()> {
        self.at += 1;
        self.skip_space();
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        for index in 0.. {
            match self.parts.at(node, index) {
                Some(child) => self.value(child, depth)?,
                None => self.skip()?,
            }
            self.skip_space();
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    break;
                }
                _ => return Err(self.wrong("expected a comma or the end of the array")),
            }
            self.skip_space();
        }
        Ok(())
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
                CONTROL => return Err(self.wrong("the line ends inside the event")),
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Steps over text in quotation marks; whether it has escapes.
    #[inline]
    fn string(&mut self) -> Result<bool> {
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        loop {
            self.at += json::plain_bytes(self.input.get(self.at..).unwrap_or_default());
            match self.input.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    self.at += 2;
                    escaped = true;
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
