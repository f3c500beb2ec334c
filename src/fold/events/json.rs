//! Scanning one line of JSON Lines.

use super::layout::Layout;
use super::parts::{Node, Parts};
use super::text::plain_end;
use super::{Place, REPEATED, malformed};
use crate::value::{MAX_DEPTH, json};
use crate::{Error, Result};

/// Finds the parts of the event that starts at `at`; where it ends. The input is UTF-8.
pub(super) fn scan(
    parts: &Parts,
    (input, at): (&[u8], usize),
    one_line: bool,
    found: &mut [Place],
    layouts: &mut [Layout],
) -> Result<usize> {
    let mut scan = Scan {
        parts,
        input,
        at,
        one_line,
        found,
        layouts,
    };
    if scan.peek() != b'{' {
        return Err(scan.wrong("an event is an object; in JSON Lines, one on each line"));
    }
    scan.value(Parts::ROOT, 0, false)?;
    Ok(scan.at)
}

struct Scan<'a> {
    parts: &'a Parts,
    input: &'a [u8],
    at: usize,
    /// Whether the end of a line is the end of the event.
    one_line: bool,
    found: &'a mut [Place],
    layouts: &'a mut [Layout],
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

    /// A value that is looked for, or that holds one. As deep as the pointers are. How many levels it has, if it is plain and `kept`, or if
    /// it is looked for.
    fn value(&mut self, node: usize, depth: usize, kept: bool) -> Result<Option<u8>> {
        let start = self.at;
        let Some(looked_for) = self.parts.node(node) else {
            return self.skip().map(|()| None);
        };
        let kept = kept || looked_for.wanted;
        let plain = match self.peek() {
            b'{' if !looked_for.is_leaf() && depth < MAX_DEPTH => self.object(node, looked_for, depth + 1, kept)?,
            b'[' if !looked_for.is_leaf() && depth < MAX_DEPTH => {
                self.array(looked_for, depth + 1)?;
                None
            }
            _ => self.plain_or_skip(node)?,
        };
        if let Some(place) = looked_for.part.and_then(|part| self.found.get_mut(part.0)) {
            if place.end > 0 {
                return Err(malformed(start, REPEATED));
            }
            *place = Place {
                start,
                end: self.at,
                plain,
            };
        }
        Ok(plain)
    }

    /// An object with something that is looked for. How many levels it has, if it is plain and `kept`.
    fn object(&mut self, node: usize, looked_for: &Node, depth: usize, kept: bool) -> Result<Option<u8>> {
        let mut levels = kept.then_some(0);
        self.at += 1;
        self.skip_space();
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(levels.map(|_| 1));
        }
        for place in 0.. {
            if self.scalar_member(node, place)? {
                levels = levels.filter(|_| place < json::PLAIN_PARTS);
            } else {
                let (inside, known) = self.member(node, looked_for, place, depth, levels.is_some())?;
                // Only of keys that were there last time it is known that they all differ.
                levels = match (levels, inside) {
                    (Some(levels), Some(inside)) if known && place < json::PLAIN_PARTS => Some(inside.max(levels)),
                    _ => None,
                };
                self.skip_space();
            }
            match self.peek() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    break;
                }
                _ => return Err(self.wrong("expected a comma or the end of the object")),
            }
            self.skip_space();
        }
        Ok(levels.and_then(|levels| levels.checked_add(1)))
    }

    /// Steps over a member whose key was there last time and whose value is plain text or a small integer, directly before a comma or the
    /// end: most of what events are made of. Else false, and nothing has happened.
    #[inline]
    fn scalar_member(&mut self, node: usize, place: usize) -> Result<bool> {
        let input = self.input;
        let layout = self.layouts.get(node);
        let Some((bytes, child)) = layout.and_then(|layout| layout.predict(place, input, self.at)) else {
            return Ok(false);
        };
        let start = self.at + bytes;
        let Some(end) = plain_scalar(input, start) else {
            return Ok(false);
        };
        if !matches!(input.get(end), Some(b',' | b'}')) {
            return Ok(false);
        }
        if let Some(looked_for) = child.and_then(|child| self.parts.node(child))
            && let Some(found) = looked_for.part.and_then(|part| self.found.get_mut(part.0))
        {
            if found.end > 0 {
                return Err(malformed(start, REPEATED));
            }
            let plain = Some(0);
            *found = Place { start, end, plain };
        }
        self.at = end;
        Ok(true)
    }

    fn member(
        &mut self,
        node: usize,
        looked_for: &Node,
        place: usize,
        depth: usize,
        kept: bool,
    ) -> Result<(Option<u8>, bool)> {
        let (child, known) = self.key(node, looked_for, place)?;
        let inside = match child {
            Some(child) => self.value(child, depth, kept)?,
            None if kept => self.plain_or_skip(Parts::NONE)?,
            None => self.skip().map(|()| None)?,
        };
        Ok((inside, known))
    }

    /// Steps over a key and its colon; what is looked for under it, and whether it was there last time.
    #[inline]
    fn key(&mut self, node: usize, looked_for: &Node, place: usize) -> Result<(Option<usize>, bool)> {
        let layout = self.layouts.get(node);
        if let Some((bytes, child)) = layout.and_then(|layout| layout.predict(place, self.input, self.at)) {
            self.at += bytes;
            self.skip_space();
            return Ok((child, true));
        }
        self.new_key(node, looked_for, place).map(|child| (child, false))
    }

    fn new_key(&mut self, node: usize, looked_for: &Node, place: usize) -> Result<Option<usize>> {
        if self.peek() != b'"' {
            return Err(self.wrong("expected a key in double quotes"));
        }
        let start = self.at;
        let escaped = self.string()?;
        let key = self.input.get(start + 1..self.at - 1).unwrap_or_default();
        let child = match escaped {
            false => self.parts.under(looked_for, key),
            true => {
                let key = json::text(self.input.get(start..self.at).unwrap_or_default());
                key.and_then(|key| self.parts.under(looked_for, key.as_bytes()))
            }
        };
        // Keys that begin with digits are put in order, so that they are not plain.
        let plain = !escaped && self.peek() == b':' && !key.first().is_some_and(u8::is_ascii_digit);
        self.skip_space();
        if self.peek() != b':' {
            return Err(self.wrong("expected a colon after the key"));
        }
        self.at += 1;
        if let Some(layout) = self.layouts.get_mut(node).filter(|_| plain) {
            layout.learn(place, self.input, start, self.at - start, child);
        }
        self.skip_space();
        Ok(child)
    }

    fn array(&mut self, looked_for: &Node, depth: usize) -> Result<()> {
        self.at += 1;
        self.skip_space();
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        for index in 0.. {
            match self.parts.at(looked_for, index) {
                Some(child) => self.value(child, depth, false).map(drop)?,
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

/// Values that are going to be kept are checked in the same pass, as long as they are plain: what [`json::append_plain`] takes.
impl Scan<'_> {
    /// Steps over a value; how many levels it has, if it is plain.
    #[inline]
    fn plain_or_skip(&mut self, node: usize) -> Result<Option<u8>> {
        let start = self.at;
        let plain = self.plain(node);
        if plain.is_none() {
            self.at = start;
            self.skip()?;
        }
        Ok(plain)
    }

    /// Steps over a plain value; how many levels it has. `None` somewhere inside of any other.
    fn plain(&mut self, node: usize) -> Option<u8> {
        if let Some(end) = plain_scalar(self.input, self.at) {
            self.at = end;
            return Some(0);
        }
        match self.peek() {
            b'{' if node != Parts::NONE => self.plain_object(node),
            _ => self.plain_other(),
        }
    }

    fn plain_other(&mut self) -> Option<u8> {
        let (end, depth) = json::check_plain(self.input, self.at)?;
        // A word may be the beginning of another, which is stepped over as a whole.
        let ends = self.input.get(end).is_none_or(|byte| class(*byte) != ORDINARY);
        self.at = end;
        ends.then_some(depth)
    }

    /// An object whose keys are those that were there last time; any other is checked in general.
    fn plain_object(&mut self, node: usize) -> Option<u8> {
        let (start, input) = (self.at, self.input);
        let mut depth = 0;
        self.at += 1;
        for place in 0..json::PLAIN_PARTS {
            self.skip_space();
            let layout = self.layouts.get(node)?;
            let Some((bytes, _)) = layout.predict(place, input, self.at) else {
                return self.learn_object(node, start);
            };
            self.at += bytes;
            self.skip_space();
            match plain_scalar(input, self.at) {
                Some(end) => self.at = end,
                None => depth = self.plain_other()?.max(depth),
            }
            let next = self.peek();
            self.at += 1;
            match next {
                b',' => {}
                b'}' => return Some(depth + 1),
                _ => break,
            }
        }
        None
    }

    #[cold]
    fn learn_object(&mut self, node: usize, start: usize) -> Option<u8> {
        let (end, depth) = json::check_plain(self.input, start)?;
        self.at = start + 1;
        for place in 0..json::PLAIN_PARTS {
            self.skip_space();
            let key = self.at;
            self.at = plain_end(self.input, key + 1) + 1;
            if self.peek() != b':' {
                break;
            }
            self.at += 1;
            let bytes = self.at - key;
            if let Some(layout) = self.layouts.get_mut(node) {
                layout.learn(place, self.input, key, bytes, None);
            }
            self.skip_space();
            (self.at, _) = json::check_plain(self.input, self.at)?;
            if self.peek() != b',' {
                break;
            }
            self.at += 1;
        }
        self.at = end;
        Some(depth)
    }
}

/// Where plain text or a plain integer ends, if one starts at `at`.
#[inline]
fn plain_scalar(input: &[u8], at: usize) -> Option<usize> {
    match input.get(at)? {
        b'"' => {
            let end = plain_end(input, at + 1);
            (input.get(end) == Some(&b'"')).then_some(end + 1)
        }
        first @ b'0'..=b'9' => {
            let rest = input.get(at..)?;
            let digits = rest.iter().take(16).take_while(|byte| byte.is_ascii_digit()).count();
            let ends = |byte: &u8| !matches!(class(*byte), ORDINARY | QUOTE | OPEN);
            let plain = digits <= 15 && (digits == 1 || *first != b'0') && rest.get(digits).is_none_or(ends);
            plain.then_some(at + digits)
        }
        _ => None,
    }
}
