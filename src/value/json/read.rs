//! JSON text → bytes.

use alloc::vec::Vec;

use super::{
    lexer::{Fault, Kind, Lexer, Token},
    number, plain,
    text::Text,
};
use crate::{
    Result,
    value::{
        Writer, Wtf8,
        order::{self, Rank, Span},
        reader::{FALSE, Major, NULL, TRUE},
    },
};

/// Encodes a JSON text as a value: plain objects in the text's order, arrays, text, numbers, booleans and null.
///
/// ```
/// use snapfold::{Code, value};
///
/// let bytes = value::from_json(br#"{ "total": 4.50, "lines": ["tea"], "id": 9007199254740993 }"#)?;
/// assert_eq!(bytes, b"\xa3\x65total\xf9\x44\x80\x65lines\x81\x63tea\x62id\x1b\x00\x20\x00\x00\x00\x00\x00\x01");
///
/// let error = value::from_json(br#"{"a": 1, "a": 2}"#).unwrap_err();
/// assert_eq!((error.code(), error.offset()), (Code::Malformed, Some(9)));
/// # Ok::<(), snapfold::Error>(())
/// ```
///
/// - An integer without fraction and exponent is a number within ±(2^53 − 1) and a BigInt beyond, with every digit. At most 4,300
///   digits, because converting them takes quadratic time.
/// - `-0` and whatever has a fraction or an exponent is the nearest double: `1.0`, `1e2` and `10E-1` are the numbers 1, 100 and 1;
///   what is too small for a double is 0 or −0, as everywhere.
/// - A lone surrogate in an escape stays one ([`Wtf8`]); in a key it is refused.
///
/// O(n), plus O(k log k) for each object of k keys that do not ascend. At its peak it holds the result twice, and three words for
/// each array and object, and five for each key of the objects that are open at one time; vectors that grow may take twice the room.
///
/// # Errors
/// [`Code::Malformed`](crate::Code::Malformed) with the byte offset of the first token, or byte in a token, that is wrong: text
/// that is not strict JSON (RFC 8259) in UTF-8 without a byte order mark; a key that its object holds already; a number beyond the
/// largest double; more than [`MAX_DEPTH`](crate::value::MAX_DEPTH) levels.
pub fn from_json(json: &[u8]) -> Result<Vec<u8>> {
    let mut out = Writer::default();
    Transcoder::default().append(json, &mut out)?;
    Ok(out.into_bytes())
}

type Taken = core::result::Result<(), Fault>;

/// Takes tokens, and appends what they mean. Keeps its memory for the next text.
#[derive(Default)]
pub(crate) struct Transcoder {
    /// Everything but the heads of arrays and objects, whose counts are known too late.
    body: Writer,
    /// All arrays and objects, in the order in which they start.
    containers: Vec<Container>,
    open: Vec<Open>,
    /// The keys of all open objects, outermost first.
    keys: Vec<Span>,
    /// Where each of them stands in the text.
    places: Vec<usize>,
    ranks: Vec<Rank>,
    /// Where text is put together.
    scratch: Vec<u8>,
    /// How many levels the value has.
    depth: usize,
    /// Whether a key begins with a digit.
    digits: bool,
}

struct Container {
    /// Where its content starts in the body.
    at: usize,
    major: Major,
    /// The elements or entries in it.
    count: usize,
}

struct Open {
    /// Its place among all.
    container: usize,
    count: usize,
    object: bool,
    /// Where its keys start in the list of all.
    keys: usize,
}

impl Transcoder {
    /// The same as [`Self::append`] for what is known to be UTF-8, and is most likely small and plain.
    pub fn append_small(&mut self, json: &[u8], out: &mut Writer) -> Result<()> {
        let start = out.len();
        if let Some(depth) = plain::append(json, out) {
            (self.depth, self.digits) = (usize::from(depth), false);
            return Ok(());
        }
        out.truncate(start);
        self.append(json, out)
    }

    /// Appends what [`from_json`] makes of a text. After an error nothing has been appended.
    pub fn append(&mut self, json: &[u8], out: &mut Writer) -> Result<()> {
        self.clear();
        match self.take_all(&mut Lexer::new(json)) {
            Ok(()) => {
                with_heads(self.body.as_bytes(), &self.containers, out);
                Ok(())
            }
            Err(fault) => Err(self.earlier_repetition().unwrap_or(fault).into()),
        }
    }

    /// How many levels the last value has.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Whether the last value has a key that begins with a digit.
    pub fn has_digits(&self) -> bool {
        self.digits
    }

    fn clear(&mut self) {
        self.body.clear();
        self.containers.clear();
        self.open.clear();
        self.keys.clear();
        self.places.clear();
        (self.depth, self.digits) = (0, false);
    }

    fn take_all(&mut self, lexer: &mut Lexer<'_>) -> Taken {
        while let Some(token) = lexer.token()? {
            self.take(token)?;
        }
        Ok(())
    }

    fn take(&mut self, Token { at, kind }: Token<'_>) -> Taken {
        if let Kind::Close = kind {
            return self.close();
        }
        if let Some(open) = self.open.last_mut() {
            open.count += usize::from(matches!(kind, Kind::Key(_)) || !open.object);
        }
        match kind {
            Kind::Null => self.body.simple(NULL),
            Kind::Bool(value) => self.body.simple(if value { TRUE } else { FALSE }),
            Kind::Integer(token) => number::write_integer(token, &mut self.body)
                .ok_or_else(|| Fault::new(at, "an integer of more than 4,300 digits: write it as text"))?,
            Kind::Float(token) => self.body.number(
                number::parse(token)
                    .ok_or_else(|| Fault::new(at, "a number beyond the largest double: write it as text"))?,
            ),
            Kind::Text(text) => self.text(text),
            Kind::Key(text) => self.key(at, text)?,
            Kind::Array => self.open(Major::Array),
            Kind::Object => self.open(Major::Map),
            Kind::Close => {}
        }
        Ok(())
    }

    fn text(&mut self, text: Text<'_>) {
        let (mut bytes, mut major) = (text.raw, Major::Text);
        if text.escaped {
            self.scratch.clear();
            if text.unescape(&mut self.scratch) {
                self.body.tag(Wtf8::TAG);
                major = Major::Bytes;
            }
            bytes = &self.scratch;
        }
        self.body.head(major, bytes.len() as u64);
        self.body.raw(bytes);
    }

    fn key(&mut self, at: usize, text: Text<'_>) -> Taken {
        let start = self.body.len();
        self.digits |= text.raw.first().is_some_and(u8::is_ascii_digit) || text.escaped;
        self.text(text);
        let end = self.body.len();
        self.keys.push(Span { start, end });
        self.places.push(at);
        match self.body.as_bytes().get(start) {
            Some(first) if first >> 5 == Major::Tag as u8 => {
                Err(Fault::new(at, "a key with a lone surrogate: rename it"))
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, major: Major) {
        self.open.push(Open {
            container: self.containers.len(),
            count: 0,
            object: major == Major::Map,
            keys: self.keys.len(),
        });
        self.depth = self.depth.max(self.open.len());
        let at = self.body.len();
        self.containers.push(Container { at, major, count: 0 });
    }

    fn close(&mut self) -> Taken {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        if let Some(container) = self.containers.get_mut(open.container) {
            container.count = open.count;
        }
        match self.repetition(open.keys) {
            Some(fault) if open.object => Err(fault),
            _ => Ok(()),
        }
    }

    /// The error for a key that stands twice among those from `start` on, which are forgotten.
    fn repetition(&mut self, start: usize) -> Option<Fault> {
        let (keys, buffer) = (self.keys.get(start..).unwrap_or_default(), self.body.as_bytes());
        let mut repeated = None;
        if !order::ascend(keys, buffer) {
            order::sort(&mut self.ranks, keys, buffer);
            let key = order::first_duplicate(&self.ranks, keys, buffer);
            repeated = key.and_then(|key| self.places.get(start.saturating_add(key)).copied());
        }
        self.keys.truncate(start);
        self.places.truncate(start);
        repeated.map(|at| Fault::new(at, "a key that the object holds already: remove or rename one"))
    }

    /// After an error: a repeated key of an open object stands before it, in the outermost object first of all.
    fn earlier_repetition(&mut self) -> Option<Fault> {
        let mut found = None;
        while let Some(open) = self.open.pop() {
            found = self.repetition(open.keys).or(found);
        }
        found
    }
}

/// Puts its head before the content of each array and object.
fn with_heads(body: &[u8], containers: &[Container], out: &mut Writer) {
    let mut done = 0;
    for Container { at, major, count } in containers {
        out.raw(body.get(done..*at).unwrap_or_default());
        out.head(*major, *count as u64);
        done = *at;
    }
    out.raw(body.get(done..).unwrap_or_default());
}
