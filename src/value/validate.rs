//! Does the profile accept these bytes? One walk, without building anything.

use super::{
    Date, ElementType, MAX_DEPTH, Wtf8, big_int,
    failure::Failure,
    float::Float,
    leaf::{MAP_TAG, SET_TAG},
    number,
    order::Span,
    reader::{Head, Major, Reader, malformed},
    seen::{NEGATIVE_ZERO, Scope, Seen, is_primitive},
    wtf8,
};
use crate::Result as PublicResult;

/// Checks that the bytes are exactly one value of the profile.
///
/// O(n), plus O(k log k) for each map of more than 32 keys that do not ascend (by encoded length, then bytewise), and for such Maps
/// and Sets. Allocates only lists of the keys of what is open at one time: at most 48 bytes for each byte of the input, where all of
/// it is keys of one byte; 64 for each key in general.
///
/// # Errors
/// [`Code::Malformed`](crate::Code::Malformed) with the byte offset of the first item, in reading order, that breaks a rule.
pub fn validate(bytes: &[u8]) -> PublicResult<()> {
    let mut reader = Reader::new(bytes);
    reader.skip(0)?;
    Ok(reader.finish()?)
}

impl Reader<'_> {
    /// Steps over one item that lies in `depth` arrays and maps, and checks that it is a value of the profile.
    pub fn skip(&mut self, depth: usize) -> Result<(), Failure> {
        let seen = &mut Seen::default();
        Validator { reader: self, seen }.item(depth)
    }
}

/// Recursive: as deep as the profile allows.
pub(super) struct Validator<'r, 'a> {
    pub reader: &'r mut Reader<'a>,
    pub seen: &'r mut Seen,
}

impl Validator<'_, '_> {
    /// Steps over an item that lies in `depth` arrays and maps.
    pub fn item(&mut self, depth: usize) -> Result<(), Failure> {
        let head = self.reader.head()?;
        match head.major {
            Major::Uint | Major::Nint => Ok(()),
            Major::Bytes => self.reader.bytes_of(head).map(drop),
            Major::Text => self.reader.text_of(head).map(drop),
            Major::Array => self.array(head, depth),
            Major::Map => self.object(head, depth),
            Major::Tag => self.tagged(head, depth),
            Major::Simple => check_float(head),
        }
    }

    fn array(&mut self, head: Head, depth: usize) -> Result<(), Failure> {
        let depth = deeper(head, depth)?;
        for _ in 0..head.argument {
            self.item(depth)?;
        }
        Ok(())
    }

    fn object(&mut self, head: Head, depth: usize) -> Result<(), Failure> {
        let depth = deeper(head, depth)?;
        self.distinct(head.argument, |this, scope| {
            let key = this.reader.head()?;
            if key.major != Major::Text {
                return Err(malformed(key.at, KEY_NOT_TEXT));
            }
            let name = this.reader.text_of(key)?;
            this.add(scope, name.as_bytes(), key.at)?;
            this.item(depth)
        })
    }

    fn tagged(&mut self, tag: Head, depth: usize) -> Result<(), Failure> {
        match tag.argument {
            Date::TAG => self.date(tag),
            2 | 3 => {
                let content = self.content(tag, "a bignum must be a byte string")?;
                big_int::check(tag.argument, content).map_err(|message| malformed(tag.at, message))
            }
            Wtf8::TAG => {
                let content = self.content(tag, "WTF-8 must be a byte string")?;
                wtf8::check(content).map_err(|message| malformed(tag.at, message))
            }
            SET_TAG => {
                let head = self.elements(tag, "a Set must be an array of its elements")?;
                let depth = deeper(head, depth)?;
                self.distinct(head.argument, |this, scope| this.element(scope, depth))
            }
            MAP_TAG => {
                let head = self.elements(tag, "a Map must be an array of its entries")?;
                let depth = deeper(head, depth)?;
                self.distinct(head.argument, |this, scope| this.pair(scope, depth))
            }
            other => match ElementType::from_tag(other) {
                Some(element) => self.typed_array(tag, element),
                None => Err(malformed(tag.at, "a tag that the profile does not know")),
            },
        }
    }

    /// Walks a collection whose keys may not repeat; `entry` walks one of its entries.
    fn distinct(
        &mut self,
        count: u64,
        mut entry: impl FnMut(&mut Self, &mut Scope) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut scope = self.seen.open(count);
        let walked = (0..count).try_for_each(|_| entry(self, &mut scope));
        // A repeated key stands before anything that went wrong after it, so it is the error to report.
        match self.seen.close(&scope, self.reader.input()) {
            Some(key) => Err(malformed(key.start, REPEATED)),
            None => walked,
        }
    }

    /// The key that was read from `at` on; `name` is its text, or the item again.
    #[inline]
    fn add(&mut self, scope: &mut Scope, name: &[u8], at: usize) -> Result<(), Failure> {
        let key = Span {
            start: at,
            end: self.reader.offset(),
        };
        if self.seen.add(scope, name, key, self.reader.input()) {
            return Ok(());
        }
        Err(malformed(at, REPEATED))
    }

    /// An element of a Set or a key of a Map.
    fn element(&mut self, scope: &mut Scope, depth: usize) -> Result<(), Failure> {
        let at = self.reader.offset();
        self.item(depth)?;
        match self.reader.since(at) {
            item if !is_primitive(item) => Ok(()),
            item if item == NEGATIVE_ZERO => Err(malformed(at, "−0 as a Map key or a Set element: it must be 0")),
            item => self.add(scope, item, at),
        }
    }

    fn pair(&mut self, scope: &mut Scope, depth: usize) -> Result<(), Failure> {
        let head = self.reader.head()?;
        if head.major != Major::Array || head.argument != 2 {
            return Err(malformed(
                head.at,
                "an entry of a Map must be an array of key and value",
            ));
        }
        let depth = deeper(head, depth)?;
        self.element(scope, depth)?;
        self.item(depth)
    }

    fn date(&mut self, tag: Head) -> Result<(), Failure> {
        let head = self.reader.head()?;
        check_float(head)?;
        match number::plain(head).and_then(Date::from_seconds) {
            Some(_) => Ok(()),
            None => Err(malformed(tag.at, "a Date that is no whole millisecond of its range")),
        }
    }

    fn typed_array(&mut self, tag: Head, element: ElementType) -> Result<(), Failure> {
        let content = self.content(tag, "a typed array must be a byte string")?;
        if content.len().is_multiple_of(element.size()) {
            return Ok(());
        }
        Err(malformed(
            tag.at,
            "a typed array whose length is not a multiple of its element size",
        ))
    }

    /// The byte string under a tag.
    fn content(&mut self, tag: Head, otherwise: &'static str) -> Result<&[u8], Failure> {
        let head = self.reader.head()?;
        match head.major {
            Major::Bytes => self.reader.bytes_of(head),
            _ => Err(malformed(tag.at, otherwise)),
        }
    }

    /// The head of the array under a tag.
    fn elements(&mut self, tag: Head, otherwise: &'static str) -> Result<Head, Failure> {
        let head = self.reader.head()?;
        match head.major {
            Major::Array => Ok(head),
            _ => Err(malformed(tag.at, otherwise)),
        }
    }
}

pub(super) const KEY_NOT_TEXT: &str = "a map key that is not text";
pub(super) const REPEATED: &str = "a key or element that the collection holds already";

/// The depth inside of an array or map that lies in `depth` others.
#[inline]
pub(super) fn deeper(head: Head, depth: usize) -> Result<usize, Failure> {
    if depth < MAX_DEPTH {
        return Ok(depth.saturating_add(1));
    }
    Err(malformed(head.at, "nested deeper than 256 levels"))
}

#[inline]
fn check_float(head: Head) -> Result<(), Failure> {
    match head.float().map_or(Ok(0.0), Float::checked) {
        Ok(_) => Ok(()),
        Err(message) => Err(malformed(head.at, message)),
    }
}
