//! JSON text as tokens with their offsets: strict RFC 8259, one pass, nothing is copied or allocated.
//!
//! The lexer checks all of the grammar, escapes, UTF-8 and depth, also in what its caller skips. What tokens mean is for
//! others: keys may repeat here, and numbers have any size.

use super::text::{self, Text};
use crate::{
    Error,
    value::{MAX_DEPTH, reader::malformed},
};

/// One token, and where it starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub at: usize,
    pub kind: Kind<'a>,
}

/// Commas and colons are no tokens of their own: they are checked on the way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind<'a> {
    Null,
    Bool(bool),
    /// Digits, perhaps after a minus sign.
    Integer(&'a [u8]),
    /// A number with a fraction or an exponent.
    Float(&'a [u8]),
    Text(Text<'a>),
    /// In an object, each is followed by its value.
    Key(Text<'a>),
    Array,
    Object,
    /// The end of the innermost array or object.
    Close,
}

/// What is wrong with a text, and where. Small, because each token passes by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    at: usize,
    message: &'static str,
}

impl Fault {
    #[cold]
    pub fn new(at: usize, message: &'static str) -> Self {
        Self { at, message }
    }
}

impl From<Fault> for Error {
    #[cold]
    fn from(fault: Fault) -> Self {
        malformed(fault.at, fault.message).into()
    }
}

/// A cursor over one JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'a> {
    /// What has not been read of the part that is UTF-8.
    rest: &'a [u8],
    /// Where that part ends.
    end: usize,
    /// Whether the input goes on after it.
    broken: bool,
    expected: Expected,
    /// Whether the innermost level is an object.
    in_object: bool,
    depth: usize,
    /// The same for all levels, a bit for each.
    objects: [u64; MAX_DEPTH / 64],
}

#[derive(Clone, Copy, Debug)]
enum Expected {
    /// The value of the text or of a key.
    Value,
    /// The first part of an array or object, or its end.
    First,
    /// A comma and the next part, or the end.
    Next,
    /// Nothing but white space.
    End,
}

impl<'a> Lexer<'a> {
    pub fn new(input: &'a [u8]) -> Self {
        // Checked at once, which is several times as fast as text by text; whatever is wrong before the break comes first.
        let end = core::str::from_utf8(input).map_or_else(|error| error.valid_up_to(), str::len);
        Self {
            rest: input.get(..end).unwrap_or_default(),
            end,
            broken: end < input.len(),
            expected: Expected::Value,
            in_object: false,
            depth: 0,
            objects: [0; MAX_DEPTH / 64],
        }
    }

    /// The next token; `None` once the text is complete, and nothing but white space follows.
    ///
    /// # Errors
    /// At the offending byte, at the token that is cut or malformed, or at the end of the text if something is missing there.
    pub fn token(&mut self) -> Result<Option<Token<'a>>, Fault> {
        self.skip_space();
        let close = if self.in_object { b'}' } else { b']' };
        match (self.expected, self.rest) {
            (Expected::Value, _) => self.value().map(Some),
            (Expected::First | Expected::Next, [first, ..]) if *first == close => Ok(Some(self.close())),
            (Expected::First, _) => self.part().map(Some),
            (Expected::Next, [b',', rest @ ..]) => {
                self.rest = rest;
                self.skip_space();
                self.part().map(Some)
            }
            (Expected::Next, _) => Err(self.wrong("expected a comma, or the end of the array or object")),
            (Expected::End, []) if !self.broken => Ok(None),
            (Expected::End, _) => Err(self.wrong("bytes after the end of the value")),
        }
    }

    fn offset(&self) -> usize {
        self.end.wrapping_sub(self.rest.len()) // `rest` is the end of the valid part
    }

    fn skip_space(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn close(&mut self) -> Token<'a> {
        let at = self.offset();
        self.advance(1);
        self.depth = self.depth.saturating_sub(1);
        self.expected = match self.depth.checked_sub(1) {
            Some(level) => {
                let bits = self.objects.get(level / 64).copied().unwrap_or_default();
                self.in_object = bits >> (level % 64) & 1 == 1;
                Expected::Next
            }
            None => Expected::End,
        };
        Token { at, kind: Kind::Close }
    }

    fn open(&mut self, object: bool) -> Result<Kind<'a>, Fault> {
        let Some(bits) = self.objects.get_mut(self.depth / 64) else {
            return Err(self.wrong("nested deeper than 256 levels: flatten the value"));
        };
        let bit = 1 << (self.depth % 64);
        *bits = if object { *bits | bit } else { *bits & !bit };
        self.depth = self.depth.saturating_add(1);
        self.in_object = object;
        self.expected = Expected::First;
        self.advance(1);
        Ok(if object { Kind::Object } else { Kind::Array })
    }

    /// An element of an array, or a key of an object.
    fn part(&mut self) -> Result<Token<'a>, Fault> {
        if self.in_object { self.key() } else { self.value() }
    }

    fn key(&mut self) -> Result<Token<'a>, Fault> {
        let at = self.offset();
        if !self.rest.starts_with(b"\"") {
            return Err(self.wrong("expected a key in double quotes, without a comma before the end"));
        }
        let key = self.text()?;
        self.skip_space();
        let [b':', rest @ ..] = self.rest else {
            return Err(self.wrong("expected a colon after the key"));
        };
        self.rest = rest;
        self.expected = Expected::Value;
        let kind = Kind::Key(key);
        Ok(Token { at, kind })
    }

    fn value(&mut self) -> Result<Token<'a>, Fault> {
        let at = self.offset();
        let kind = match self.rest {
            [b'"', ..] => Kind::Text(self.text()?),
            [b'-' | b'0'..=b'9', ..] => self.number()?,
            [b't', ..] => self.word(b"true", Kind::Bool(true))?,
            [b'f', ..] => self.word(b"false", Kind::Bool(false))?,
            [b'n', ..] => self.word(b"null", Kind::Null)?,
            [open @ (b'[' | b'{'), ..] => {
                let kind = self.open(*open == b'{')?;
                return Ok(Token { at, kind });
            }
            _ => return Err(self.no_value()),
        };
        self.expected = if self.depth == 0 { Expected::End } else { Expected::Next };
        Ok(Token { at, kind })
    }

    fn word(&mut self, word: &[u8], kind: Kind<'a>) -> Result<Kind<'a>, Fault> {
        match self.rest.strip_prefix(word) {
            Some(rest) => self.rest = rest,
            None if word.starts_with(self.rest) => return Err(self.cut(self.offset())),
            None => return Err(self.no_value()),
        }
        Ok(kind)
    }

    fn number(&mut self) -> Result<Kind<'a>, Fault> {
        let token = self.rest;
        let mut rest = token.strip_prefix(b"-").unwrap_or(token);
        let leading_zero = matches!(rest, [b'0', b'0'..=b'9', ..]);
        let mut sound = digits(&mut rest) && !leading_zero;
        let mut integer = true;
        if let [b'.', after @ ..] = rest {
            (rest, integer) = (after, false);
            sound &= digits(&mut rest);
        }
        if let [b'e' | b'E', after @ ..] = rest {
            (rest, integer) = (after, false);
            if let [b'+' | b'-', after @ ..] = rest {
                rest = after;
            }
            sound &= digits(&mut rest);
        }
        if !sound {
            return Err(
                self.wrong("a number with a leading zero, or without a digit before or after a sign, point or e")
            );
        }
        self.rest = rest;
        let token = token.get(..token.len().wrapping_sub(rest.len())).unwrap_or_default();
        Ok(if integer {
            Kind::Integer(token)
        } else {
            Kind::Float(token)
        })
    }

    /// Text or a key, which starts at its quotation mark.
    fn text(&mut self) -> Result<Text<'a>, Fault> {
        let at = self.offset();
        self.advance(1);
        let start = self.rest;
        let mut escaped = false;
        loop {
            self.advance(text::plain_bytes(self.rest));
            match self.rest {
                [b'"', rest @ ..] => {
                    let length = start.len().wrapping_sub(self.rest.len());
                    self.rest = rest;
                    let raw = start.get(..length).unwrap_or_default();
                    return Ok(Text { raw, escaped });
                }
                [b'\\', ..] => {
                    let Some(length) = text::escape_bytes(self.rest) else {
                        return Err(self.wrong("an escape that JSON does not know: write a backslash as \\\\"));
                    };
                    self.advance(length);
                    escaped = true;
                }
                [_, ..] => return Err(self.wrong("a control character in text: write it as an escape")),
                [] => return Err(self.cut(at)),
            }
        }
    }

    #[cold]
    fn no_value(&self) -> Fault {
        self.wrong(match self.rest {
            [b']' | b'}', ..] => "expected a value; no comma may stand before the end",
            [b'+' | b'.', ..] => "a number must start with a digit or a minus sign",
            [b'/', ..] => "JSON has no comments",
            [0xef, 0xbb, 0xbf, ..] => "a byte order mark: remove it",
            _ => "expected a value: text needs double quotes, and only true, false and null are words",
        })
    }

    /// What is wrong at the next byte, or that there is none.
    #[cold]
    fn wrong(&self, message: &'static str) -> Fault {
        if self.rest.is_empty() {
            return self.cut(self.end);
        }
        Fault::new(self.offset(), message)
    }

    /// The text ends inside the token at `at`.
    #[cold]
    fn cut(&self, at: usize) -> Fault {
        if self.broken {
            return Fault::new(self.end, "bytes that are not UTF-8");
        }
        Fault::new(at, "the text ends too early")
    }
}

/// Steps over digits; whether there was at least one.
fn digits(rest: &mut &[u8]) -> bool {
    let before = rest.len();
    while let [b'0'..=b'9', after @ ..] = rest {
        *rest = after;
    }
    rest.len() < before
}
