//! Encoded items one after the other, held to the profile as they are read: bytes whose end has been reached without an error are
//! a value of it.
//!
//! The types that read may not break that. One that takes too much or too little of an array, or goes on after an error, is found
//! out at the latest at the end. Which item was the first to break a rule, only [`validate`](super::validate()) knows.

use serde::de::{Error, Expected, Unexpected};

use super::{
    BigInt, Date, MAX_SAFE_INTEGER, Wtf8,
    failure::Failure,
    float::Float,
    leaf::{MAP_TAG, SET_TAG},
    number::Number,
    order::Span,
    reader::{CUT, FALSE, Head, Major, NULL, Reader, TRUE, UNDEFINED, malformed},
    seen::{Scope, Seen},
    validate::{KEY_NOT_TEXT, REPEATED, Validator, deeper},
};

pub(super) struct Deserializer<'de> {
    pub reader: Reader<'de>,
    /// The keys of the objects that are open.
    seen: Seen,
    depth: usize,
    /// How many items the open arrays and objects still announce. Each takes a byte at least, so that what is allocated for them is
    /// bounded by the input, however deep they are nested.
    due: usize,
    /// Up to where the profile has been checked ahead of reading.
    checked: usize,
    /// Where something was not read to its end: nothing behind it can be trusted.
    lost: Option<usize>,
}

/// An array or object that is being read.
pub(super) struct Open {
    /// How many items were due when it was opened.
    outside: usize,
}

impl<'de> Deserializer<'de> {
    pub fn new(input: &'de [u8]) -> Self {
        Self {
            reader: Reader::new(input),
            seen: Seen::default(),
            depth: 0,
            due: 0,
            checked: 0,
            lost: None,
        }
    }

    /// Reads the one item that the input is.
    pub fn only<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let value = self.item(read)?;
        self.finish().map(|()| value)
    }

    fn finish(&self) -> Result<(), Failure> {
        match self.lost {
            None => self.reader.finish(),
            Some(at) => Err(malformed(
                at,
                "a part could not be read and the type went on: let it read that part as a Value first",
            )),
        }
    }

    /// Lets a type read the next item. What it has to say against it is said of that place.
    #[inline]
    pub fn item<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let start = self.reader.offset();
        match read(self) {
            Ok(value) if self.reader.offset() > start => Ok(value),
            Ok(_) => Err(self.lose(malformed(start, "the type does not read the item that is there for it"))),
            Err(failure) if self.reader.offset() > start => Err(failure.or_at(start)),
            Err(failure) => Err(self.lose(failure.or_at(start))),
        }
    }

    #[inline]
    pub fn head(&mut self) -> Result<Head, Failure> {
        self.reader.head().map_err(|failure| self.lose(failure))
    }

    /// The head of an item of that kind.
    #[inline]
    fn head_of(&mut self, major: Major, expected: &dyn Expected) -> Result<Head, Failure> {
        let head = self.head()?;
        match head.major == major {
            true => Ok(head),
            false => Err(self.unexpected(head, expected)),
        }
    }

    #[inline]
    pub fn text_of(&mut self, head: Head) -> Result<&'de str, Failure> {
        self.reader.text_of(head).map_err(|failure| self.lose(failure))
    }

    #[inline]
    pub fn bytes_of(&mut self, head: Head) -> Result<&'de [u8], Failure> {
        self.reader.bytes_of(head).map_err(|failure| self.lose(failure))
    }

    /// The number, if that is a float.
    #[inline]
    pub fn float_of(&mut self, head: Head) -> Result<Option<f64>, Failure> {
        match head.float().map(Float::checked) {
            None => Ok(None),
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(message)) => Err(self.lose(malformed(head.at, message))),
        }
    }

    #[inline]
    pub fn text(&mut self, expected: &dyn Expected) -> Result<&'de str, Failure> {
        let head = self.head_of(Major::Text, expected)?;
        self.text_of(head)
    }

    pub fn bytes(&mut self, expected: &dyn Expected) -> Result<&'de [u8], Failure> {
        let head = self.head_of(Major::Bytes, expected)?;
        self.bytes_of(head)
    }

    #[inline]
    pub fn bool(&mut self, expected: &dyn Expected) -> Result<bool, Failure> {
        let head = self.head()?;
        match (head.major, head.info) {
            (Major::Simple, FALSE) => Ok(false),
            (Major::Simple, TRUE) => Ok(true),
            _ => Err(self.unexpected(head, expected)),
        }
    }

    #[inline]
    pub fn u64(&mut self, expected: &dyn Expected) -> Result<u64, Failure> {
        let head = self.head()?;
        match head.major {
            Major::Uint => Ok(head.argument),
            _ => self.number(head, expected, |number| u64::try_from(number.to_i128()?).ok()),
        }
    }

    #[inline]
    pub fn i64(&mut self, expected: &dyn Expected) -> Result<i64, Failure> {
        let head = self.head()?;
        match (head.major, i64::try_from(head.argument)) {
            (Major::Uint, Ok(argument)) => Ok(argument),
            (Major::Nint, Ok(argument)) => Ok(!argument),
            _ => self.number(head, expected, |number| i64::try_from(number.to_i128()?).ok()),
        }
    }

    #[inline]
    pub fn f64(&mut self, expected: &dyn Expected) -> Result<f64, Failure> {
        let head = self.head()?;
        match (head.major, head.float().map(Float::checked)) {
            (_, Some(Ok(float))) => Ok(float),
            (Major::Uint, _) if head.argument <= MAX_SAFE_INTEGER => Ok(head.argument as f64),
            _ => self.number(head, expected, Number::to_f64),
        }
    }

    /// The number with that head through `convert`, which gives up if a digit would be lost.
    #[inline(never)]
    pub fn number<T>(
        &mut self,
        head: Head,
        expected: &dyn Expected,
        convert: impl Fn(&Number) -> Option<T>,
    ) -> Result<T, Failure> {
        let number = match (head.major, head.argument) {
            (Major::Uint, argument) => Number::Integer(argument.into()),
            (Major::Nint, argument) => Number::Integer(!i128::from(argument)),
            (Major::Tag, BigInt::POSITIVE | BigInt::NEGATIVE) => Number::Big(BigInt::read(self.whole(head.at)?)?),
            _ => match self.float_of(head)? {
                Some(float) => Number::Float(float),
                None => return Err(self.unexpected(head, expected)),
            },
        };
        convert(&number).ok_or_else(|| {
            Failure::custom(format_args!(
                "invalid value: this number is not exactly {expected}: use a type that holds it"
            ))
        })
    }

    /// The bytes of the item at `at` as a whole.
    pub fn whole(&mut self, at: usize) -> Result<&'de [u8], Failure> {
        self.reader = Reader::at(self.reader.input(), at);
        let checked = if at < self.checked {
            self.reader.jump()
        } else {
            let (reader, seen) = (&mut self.reader, &mut self.seen);
            Validator { reader, seen }.item(self.depth)
        };
        match checked {
            Ok(()) => Ok(self.reader.since(at)),
            Err(failure) => Err(self.lose(failure)),
        }
    }

    /// Checks the item at `at`, whose head has been read, before its parts are.
    pub fn check_ahead(&mut self, at: usize) -> Result<(), Failure> {
        let inside = self.reader.clone();
        self.whole(at)?;
        self.checked = self.checked.max(self.reader.offset());
        self.reader = inside;
        Ok(())
    }

    /// The head of a tag that must be there.
    pub fn tag(&mut self, tag: u64, expected: &dyn Expected) -> Result<Head, Failure> {
        let head = self.head()?;
        match head.major {
            Major::Tag if head.argument == tag => Ok(head),
            _ => Err(self.unexpected(head, expected)),
        }
    }

    /// The head of an array that must be there.
    #[inline]
    pub fn array(&mut self, expected: &dyn Expected) -> Result<Head, Failure> {
        self.head_of(Major::Array, expected)
    }

    /// The head of an object that must be there.
    #[inline]
    pub fn object(&mut self, expected: &dyn Expected) -> Result<Head, Failure> {
        self.head_of(Major::Map, expected)
    }

    /// Enters an array or an object of so many items.
    #[inline]
    pub fn open(&mut self, head: Head, items: u64) -> Result<Open, Failure> {
        let outside = self.due;
        let due = usize::try_from(items).ok().and_then(|items| items.checked_add(outside));
        match (deeper(head, self.depth), due) {
            (Ok(depth), Some(due)) if due <= self.reader.left() => {
                (self.depth, self.due) = (depth, due);
                Ok(Open { outside })
            }
            (Err(failure), _) => Err(self.lose(failure)),
            _ => Err(self.lose(malformed(head.at, CUT))),
        }
    }

    /// How many of its items are still to come.
    #[inline]
    pub fn left(&self, open: &Open) -> usize {
        self.due.saturating_sub(open.outside)
    }

    /// Counts one of its items as read. False if there is none left.
    #[inline]
    pub fn take(&mut self, open: &Open) -> bool {
        let some = self.due > open.outside;
        self.due = self.due.saturating_sub(usize::from(some));
        some
    }

    /// Leaves it, after all of its items.
    #[inline]
    pub fn close(&mut self, open: &Open) -> Result<(), Failure> {
        if self.due == open.outside {
            self.depth = self.depth.saturating_sub(1);
            return Ok(());
        }
        let failure = malformed(self.reader.offset(), "more parts than the type takes");
        Err(self.lose(failure))
    }

    /// The keys of an object with so many entries.
    #[inline]
    pub fn keys(&self, entries: u64) -> Scope {
        self.seen.open(entries)
    }

    /// The next key of an object, and where it stands.
    #[inline]
    pub fn next_key(&mut self, open: &Open, keys: &mut Scope) -> Result<Option<(usize, &'de str)>, Failure> {
        self.expect_turn(open, true)?;
        if !self.take(open) {
            return Ok(None);
        }
        let (at, key) = self.key()?;
        let span = Span {
            start: at,
            end: self.reader.offset(),
        };
        if self.seen.add(keys, key.as_bytes(), span, self.reader.input()) {
            return Ok(Some((at, key)));
        }
        Err(self.lose(malformed(at, REPEATED)))
    }

    /// The text that must stand next, and where it does. An item of another type cannot be stepped over here.
    #[inline]
    pub fn key(&mut self) -> Result<(usize, &'de str), Failure> {
        let head = self.head()?;
        match head.major {
            Major::Text => Ok((head.at, self.text_of(head)?)),
            _ => Err(self.lose(malformed(head.at, KEY_NOT_TEXT))),
        }
    }

    /// Counts the value behind a key as read.
    #[inline]
    pub fn take_value(&mut self, open: &Open) -> Result<(), Failure> {
        self.expect_turn(open, false)?;
        self.take(open);
        Ok(())
    }

    /// A type that takes keys for values would undo what is checked of keys.
    #[inline]
    fn expect_turn(&mut self, open: &Open, of_key: bool) -> Result<(), Failure> {
        if self.left(open).is_multiple_of(2) == of_key {
            return Ok(());
        }
        let failure = malformed(self.reader.offset(), "the type does not take keys and values by turns");
        Err(self.lose(failure))
    }

    /// Leaves an object, after all of its entries.
    #[inline]
    pub fn close_object(&mut self, open: &Open, keys: &Scope) -> Result<(), Failure> {
        self.close(open)?;
        match self.seen.close(keys, self.reader.input()) {
            None => Ok(()),
            Some(key) => Err(self.lose(malformed(key.start, REPEATED))),
        }
    }

    /// Remembers that something was not read to its end. Every error of the reader does, but for an item that was read as a whole and
    /// is not what the type wants.
    #[cold]
    pub fn lose(&mut self, failure: Failure) -> Failure {
        self.lost.get_or_insert(self.reader.offset());
        failure
    }

    /// Steps over an item that is not of the expected kind.
    #[cold]
    #[inline(never)]
    pub fn unexpected(&mut self, head: Head, expected: &dyn Expected) -> Failure {
        match self.whole(head.at) {
            Ok(_) => Failure::invalid_type(found(head), expected).or_at(head.at),
            Err(failure) => failure,
        }
    }
}

/// For messages: what an item is.
fn found(head: Head) -> Unexpected<'static> {
    match (head.major, head.argument) {
        (Major::Uint, value) => Unexpected::Unsigned(value),
        (Major::Nint, _) => Unexpected::Other("a negative integer"),
        (Major::Bytes, _) => Unexpected::Other("a byte string"),
        (Major::Text, _) => Unexpected::Other("text"),
        (Major::Array, _) => Unexpected::Other("an array"),
        (Major::Map, _) => Unexpected::Other("an object"),
        (Major::Tag, 2 | 3) => Unexpected::Other("a BigInt"),
        (Major::Tag, Date::TAG) => Unexpected::Other("a Date (use value::Date)"),
        (Major::Tag, Wtf8::TAG) => Unexpected::Other("text with lone surrogates (use value::Value or value::Wtf8)"),
        (Major::Tag, SET_TAG) => Unexpected::Other("a Set (use value::Set)"),
        (Major::Tag, MAP_TAG) => Unexpected::Other("a Map (use value::OrderedMap)"),
        (Major::Tag, _) => Unexpected::Other("a typed array (use value::TypedArray)"),
        (Major::Simple, _) => match head.info {
            FALSE => Unexpected::Bool(false),
            TRUE => Unexpected::Bool(true),
            NULL => Unexpected::Other("null"),
            UNDEFINED => Unexpected::Other("undefined"),
            _ => Unexpected::Other("a number"),
        },
    }
}
