//! Diagnostic notation: any CBOR as text for people, also what is no value of the profile.
//!
//! The notation is that of [RFC 8949 §8](https://www.rfc-editor.org/rfc/rfc8949#section-8). It tells what bytes say, and which
//! of several encodings they chose: `[_ 1, 2]` has an indefinite length, `1_1` takes two bytes more than it needs.

use alloc::{string::String, vec::Vec};

use super::{
    BigInt,
    float::Float,
    json::{number, text},
    reader::{FALSE, Head, Major, NULL, Reader, TRUE, UNDEFINED},
};
use crate::Error;

/// How many arrays, maps, tags and strings in pieces may be open; in a value of the profile it is about half as many.
const MAX_OPEN: usize = 1_024;

/// The low five bits of an indefinite length, and of the break that ends one.
const INDEFINITE: u8 = 31;
const BREAK: u8 = 0xff;

const CUT: &str = ": the input ends inside this item";

/// Shows any bytes in diagnostic notation (RFC 8949 §8): at most `max_chars` characters of ASCII, then perhaps a note.
///
/// ```
/// use snapfold::value::diagnose;
///
/// assert_eq!(diagnose(b"\xa1\x61a\x9f\x01\xc1\xf9\x3e\x00\xff", 100), r#"{"a": [_ 1, 1(1.5)]}"#);
/// assert_eq!(diagnose(b"\x82\x01\x19\x00\x02", 100), "[1, 2_1]");
/// assert_eq!(diagnose(b"\x82\x01\x1c", 100), "[1 / malformed at byte 2: a reserved head /");
/// assert_eq!(diagnose(&[0x01; 1_000], 10), "1, 1, 1, 1… / bytes left: 996 /");
/// ```
///
/// - More than one item is a sequence, with commas.
/// - `_0` to `_3` tells that a length, integer, tag or float is not in its shortest form. NaN and the infinities go without, as in
///   RFC 8949's own examples.
/// - Bignums beyond 64 bits are shown as integers, as there; others with their tag, `2(h'01')`.
/// - Characters beyond ASCII are escaped, so that none passes for another; text that is not UTF-8 is shown as bytes.
///
/// The note says where the bytes are malformed, or how many are left: when the characters are used up, and where more than
/// 1,024 levels are open. O(n) up to there; allocates the text and a few words for each open level.
pub fn diagnose(bytes: &[u8], max_chars: usize) -> String {
    let mut printer = Printer::new(bytes, 0, None, max_chars);
    if printer.run().is_some() {
        return printer.into_text();
    }
    let (note, number, what) = match printer.fault {
        Some((at, what)) if printer.out.is_empty() => ("/ malformed at byte ", at, what),
        Some((at, what)) => (" / malformed at byte ", at, what),
        None => ("… / bytes left: ", bytes.len().saturating_sub(printer.shown), ""),
    };
    let out = &mut printer.out;
    out.extend_from_slice(note.as_bytes());
    number::write_unsigned(number as u64, out);
    out.extend_from_slice(what.as_bytes());
    out.extend_from_slice(b" /");
    printer.into_text()
}

/// The same error with the item that it is about, in at most 40 characters.
pub(super) fn quote_found(error: Error, bytes: &[u8]) -> Error {
    let Some(offset) = error.offset().and_then(|offset| usize::try_from(offset).ok()) else {
        return error;
    };
    let mut message = String::from(error.message());
    message.push_str("; found ");
    message.push_str(&excerpt(bytes, offset));
    Error::new(error.code(), message).at_offset(offset)
}

/// The item at `offset` in at most 40 characters, for the words of an error.
pub(crate) fn excerpt(bytes: &[u8], offset: usize) -> String {
    let mut printer = Printer::new(bytes, offset, Some(1), 39);
    if printer.run().is_none() {
        printer.out.extend_from_slice("…".as_bytes());
    }
    printer.into_text()
}

struct Printer<'a> {
    input: &'a [u8],
    offset: usize,
    /// Up to where the input has been shown.
    shown: usize,
    /// UTF-8.
    out: Vec<u8>,
    max: usize,
    /// The first is the sequence of all items.
    open: Vec<Open>,
    /// Where and why the input is malformed.
    fault: Option<(usize, &'static str)>,
}

/// Something whose parts are being shown; strings have parts if their length is indefinite.
struct Open {
    kind: Major,
    /// `None`: up to a break, or to the end of the input.
    left: Option<u64>,
    part: Part,
}

/// What the next part is, as far as the punctuation before it goes.
enum Part {
    First,
    /// The value of a map's key.
    Second,
    Other,
}

impl<'a> Printer<'a> {
    fn new(input: &'a [u8], offset: usize, items: Option<u64>, max: usize) -> Self {
        let sequence = Open {
            kind: Major::Simple,
            left: items,
            part: Part::First,
        };
        Self {
            input,
            offset,
            shown: offset,
            out: Vec::new(),
            max,
            open: Vec::from([sequence]),
            fault: None,
        }
    }

    fn into_text(self) -> String {
        String::from_utf8(self.out).unwrap_or_default()
    }

    fn run(&mut self) -> Option<()> {
        while let Some(open) = self.open.last() {
            let next = self.input.get(self.offset);
            let ended = match (open.left, open.kind) {
                (Some(left), _) => left == 0,
                (None, Major::Simple) => next.is_none(),
                (None, _) => next == Some(&BREAK),
            };
            if ended {
                self.close()?;
                continue;
            }
            let head = self.head()?;
            self.separate()?;
            self.item(head)?;
            self.shown = self.offset;
        }
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let Some(open) = self.open.pop() else {
            return Some(());
        };
        if open.left.is_none() && open.kind != Major::Simple {
            if let Part::Second = open.part {
                return self.malformed(self.offset, ": a key without a value");
            }
            self.offset += 1; // the break
        }
        self.push(match open.kind {
            Major::Array => "]",
            Major::Map => "}",
            Major::Simple => "",
            _ => ")",
        })?;
        self.shown = self.offset;
        Some(())
    }

    fn enter(&mut self, kind: Major, left: Option<u64>) -> Option<()> {
        if self.open.len() > MAX_OPEN {
            return None;
        }
        let part = Part::First;
        self.open.push(Open { kind, left, part });
        Some(())
    }

    /// Writes what stands between two parts.
    fn separate(&mut self) -> Option<()> {
        let Some(open) = self.open.last_mut() else {
            return Some(());
        };
        open.left = open.left.map(|left| left.saturating_sub(1));
        let (text, next) = match (&open.part, open.kind) {
            (Part::First, Major::Map) => ("", Part::Second),
            (Part::Second, _) => (": ", Part::Other),
            (Part::Other, Major::Map) => (", ", Part::Second),
            (Part::First, _) => ("", Part::Other),
            (Part::Other, _) => (", ", Part::Other),
        };
        open.part = next;
        self.push(text)
    }

    fn item(&mut self, head: Head) -> Option<()> {
        let indefinite = head.info == INDEFINITE;
        match head.major {
            Major::Uint => self.integer("", Some(head.argument), head),
            Major::Nint => self.integer("-", head.argument.checked_add(1), head),
            Major::Bytes | Major::Text if indefinite => self.pieces(head.major),
            Major::Bytes | Major::Text => self.string(head),
            Major::Array => self.collection("[", head, head.argument),
            Major::Map => self.collection("{", head, head.argument.saturating_mul(2)),
            Major::Tag => self.tagged(head),
            Major::Simple => self.simple(head),
        }
    }

    fn integer(&mut self, sign: &str, magnitude: Option<u64>, head: Head) -> Option<()> {
        let start = self.out.len();
        self.out.extend_from_slice(sign.as_bytes());
        match magnitude {
            Some(magnitude) => number::write_unsigned(magnitude, &mut self.out),
            None => self.out.extend_from_slice(b"18446744073709551616"),
        }
        self.out.extend_from_slice(indicator(head).as_bytes());
        self.keep(start)
    }

    fn collection(&mut self, bracket: &str, head: Head, parts: u64) -> Option<()> {
        self.push(bracket)?;
        let indicator = indicator(head);
        if !indicator.is_empty() {
            self.push(indicator)?;
            self.push(" ")?;
        }
        self.enter(head.major, (head.info != INDEFINITE).then_some(parts))
    }

    fn pieces(&mut self, kind: Major) -> Option<()> {
        if self.input.get(self.offset) != Some(&BREAK) {
            self.push("(_ ")?;
            return self.enter(kind, None);
        }
        self.offset += 1;
        self.push(if kind == Major::Text { "\"\"_" } else { "''_" })
    }

    fn string(&mut self, head: Head) -> Option<()> {
        let content = self.content(head).unwrap_or_default();
        match (head.major, core::str::from_utf8(content)) {
            (Major::Text, Ok(text)) => {
                self.text(text)?;
                self.push(indicator(head))
            }
            (Major::Text, Err(_)) => {
                self.bytes(content)?;
                self.push(indicator(head))?;
                self.push(" / text that is not UTF-8 /")
            }
            _ => {
                self.bytes(content)?;
                self.push(indicator(head))
            }
        }
    }

    fn text(&mut self, text: &str) -> Option<()> {
        self.push("\"")?;
        for character in text.chars() {
            let start = self.out.len();
            match character {
                '"' | '\\' | ..' ' => text::escape(character as u8, &mut self.out),
                ' '..='~' => self.out.push(character as u8),
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        text::escape_unit(*unit, &mut self.out);
                    }
                }
            }
            self.keep(start)?;
            self.offset += character.len_utf8();
            self.shown = self.offset;
        }
        self.push("\"")
    }

    fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        self.push("h'")?;
        for byte in bytes {
            let start = self.out.len();
            text::hexadecimal(*byte, &mut self.out);
            self.keep(start)?;
            self.offset += 1;
            self.shown = self.offset;
        }
        self.push("'")
    }

    fn tagged(&mut self, head: Head) -> Option<()> {
        let start = self.out.len();
        if let Some(length) = self.bignum(head) {
            self.offset += length;
            return self.keep(start);
        }
        self.out.truncate(start);
        self.integer("", Some(head.argument), head)?;
        self.push("(")?;
        self.enter(Major::Tag, Some(1))
    }

    /// Writes the bignum under a tag if it lies beyond 64 bits, and neither tag nor bytes are longer than they need to be; its
    /// length.
    fn bignum(&mut self, tag: Head) -> Option<usize> {
        let is_bignum = matches!(tag.argument, BigInt::POSITIVE | BigInt::NEGATIVE) && indicator(tag).is_empty();
        let rest = self.input.get(self.offset..).filter(|_| is_bignum)?;
        let mut reader = Reader::new(rest);
        let content = reader.bytes().ok()?;
        if content.len() <= 8 || content.first() == Some(&0) {
            return None;
        }
        let integer = BigInt::read_tagged(tag.argument, &mut Reader::new(rest)).ok()?;
        number::write_big(integer.is_negative(), integer.magnitude(), &mut self.out)?;
        Some(reader.offset())
    }

    fn simple(&mut self, head: Head) -> Option<()> {
        if let Some(float) = head.float() {
            return self.float(head, float);
        }
        match head.info {
            FALSE => self.push("false"),
            TRUE => self.push("true"),
            NULL => self.push("null"),
            UNDEFINED => self.push("undefined"),
            _ => {
                self.push("simple(")?;
                let start = self.out.len();
                number::write_unsigned(head.argument, &mut self.out);
                self.keep(start)?;
                self.push(")")
            }
        }
    }

    fn float(&mut self, head: Head, float: Float) -> Option<()> {
        let value = float.to_f64();
        if value.is_nan() {
            return self.push("NaN");
        }
        if value.is_infinite() {
            return self.push(if value > 0.0 { "Infinity" } else { "-Infinity" });
        }
        let start = self.out.len();
        number::write_float(value, true, &mut self.out);
        if Float::shortest(value) != float {
            self.out.extend_from_slice(width(head.info).as_bytes());
        }
        self.keep(start)
    }

    /// Reads a head of any form; the content of a string is there as well.
    fn head(&mut self) -> Option<Head> {
        let at = self.offset;
        let Some((first, rest)) = self.input.get(at..).and_then(<[u8]>::split_first) else {
            return self.malformed(at, ": an item is missing: the input ends too early");
        };
        let (major, info) = (major(*first), first & 31);
        let size = match (info, major) {
            (0..=23, _) => 0,
            (24..=27, _) => 1 << (info - 24),
            (INDEFINITE, Major::Bytes | Major::Text | Major::Array | Major::Map) => 0,
            (INDEFINITE, Major::Simple) => return self.malformed(at, ": a break without an indefinite length"),
            _ => return self.malformed(at, ": a reserved head"),
        };
        let Some(argument) = rest.get(..size) else {
            return self.malformed(at, CUT);
        };
        self.offset += 1 + size;
        let argument = match size {
            0 => u64::from(info),
            _ => argument
                .iter()
                .fold(0, |argument, byte| argument << 8 | u64::from(*byte)),
        };
        let head = Head {
            at,
            major,
            info,
            argument,
        };
        let string = matches!(major, Major::Bytes | Major::Text);
        match self.open.last() {
            Some(Open {
                kind: kind @ (Major::Bytes | Major::Text),
                ..
            }) if *kind != major || info == INDEFINITE => self.malformed(
                at,
                ": a piece of a string must be a string of its kind and of definite length",
            ),
            _ if string && info != INDEFINITE && self.content(head).is_none() => self.malformed(at, CUT),
            _ if major == Major::Simple && info == 24 && argument < 32 => {
                self.malformed(at, ": a simple value below 32 in two bytes")
            }
            _ => Some(head),
        }
    }

    fn malformed<T>(&mut self, at: usize, what: &'static str) -> Option<T> {
        self.fault = Some((at, what));
        None
    }

    /// The content of a string whose head has been read.
    fn content(&self, head: Head) -> Option<&'a [u8]> {
        let length = usize::try_from(head.argument).ok()?;
        self.input.get(self.offset..)?.get(..length)
    }

    fn push(&mut self, text: &str) -> Option<()> {
        let start = self.out.len();
        self.out.extend_from_slice(text.as_bytes());
        self.keep(start)
    }

    /// Keeps what has been written from `start` on, if it fits.
    fn keep(&mut self, start: usize) -> Option<()> {
        if self.out.len() <= self.max {
            return Some(());
        }
        self.out.truncate(start);
        None
    }
}

fn major(first: u8) -> Major {
    match first >> 5 {
        0 => Major::Uint,
        1 => Major::Nint,
        2 => Major::Bytes,
        3 => Major::Text,
        4 => Major::Array,
        5 => Major::Map,
        6 => Major::Tag,
        _ => Major::Simple,
    }
}

/// Tells how the argument of a head is written, if that is not the shortest form.
fn indicator(head: Head) -> &'static str {
    let needless = match head.info {
        24 => head.argument < 24,
        25 => head.argument <= 0xff,
        26 => head.argument <= 0xffff,
        27 => head.argument <= 0xffff_ffff,
        info => return if info == INDEFINITE { "_" } else { "" },
    };
    if needless { width(head.info) } else { "" }
}

fn width(info: u8) -> &'static str {
    match info {
        24 => "_0",
        25 => "_1",
        26 => "_2",
        _ => "_3",
    }
}
