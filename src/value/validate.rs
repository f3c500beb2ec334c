//! Does the profile accept these bytes? One walk, without building anything.

use alloc::vec::Vec;

use super::{
    Date, ElementType, MAX_DEPTH, Wtf8, big_int,
    entries::{self, Entry},
    float::{Float, safe_integer},
    leaf::{MAP_TAG, SET_TAG},
    number,
    reader::{Head, Major, Reader, malformed},
    wtf8,
};
use crate::Result;

/// Checks that the bytes are exactly one value of the profile.
///
/// O(n) while the keys of each map ascend (by encoded length, then bytewise), else O(k log k) per map of k keys. Allocates
/// only a list of the keys of the maps that are open at one time.
///
/// # Errors
/// [`Code::Malformed`](crate::Code::Malformed) with the byte offset of the first item, in reading order, that breaks a rule.
pub fn validate(bytes: &[u8]) -> Result<()> {
    let mut reader = Reader::new(bytes);
    reader.skip()?;
    reader.finish()
}

impl Reader<'_> {
    /// Steps over one item, and checks that it is a value of the profile.
    pub fn skip(&mut self) -> Result<()> {
        let keys = Vec::new();
        Validator { reader: self, keys }.item(0)
    }
}

struct Validator<'r, 'a> {
    reader: &'r mut Reader<'a>,
    /// The keys of all open maps, outermost first.
    keys: Vec<Entry>,
}

impl Validator<'_, '_> {
    fn item(&mut self, depth: usize) -> Result<()> {
        let head = self.reader.head()?;
        self.rest(head, depth)
    }

    fn rest(&mut self, head: Head, depth: usize) -> Result<()> {
        match head.major {
            Major::Uint | Major::Nint => Ok(()),
            Major::Bytes => self.reader.bytes_of(head).map(drop),
            Major::Text => self.reader.text_of(head).map(drop),
            Major::Array => self.array(head, depth),
            Major::Map => self.object(head, depth),
            Major::Tag => self.tagged(head, depth),
            Major::Simple => head.float().map_or(Ok(()), |float| check_float(head.at, float)),
        }
    }

    fn array(&mut self, head: Head, depth: usize) -> Result<()> {
        let depth = deeper(head, depth)?;
        for _ in 0..head.argument {
            self.item(depth)?;
        }
        Ok(())
    }

    fn object(&mut self, head: Head, depth: usize) -> Result<()> {
        let depth = deeper(head, depth)?;
        let base = self.keys.len();
        let walked = self.entries(head.argument, depth);
        let keys = self.keys.get_mut(base..).unwrap_or_default();
        entries::sort(self.reader.input(), keys);
        // A repeated key stands before anything that went wrong in a later value, so it is the error to report.
        let repeated = entries::first_duplicate(self.reader.input(), keys);
        self.keys.truncate(base);
        match repeated {
            Some(entry) => Err(malformed(entry.key, "a key that the map holds already")),
            None => walked,
        }
    }

    fn entries(&mut self, count: u64, depth: usize) -> Result<()> {
        for _ in 0..count {
            let head = self.reader.head()?;
            if head.major != Major::Text {
                return Err(malformed(head.at, "a map key that is not text"));
            }
            self.reader.text_of(head)?;
            let end = self.reader.offset();
            self.keys.push(Entry {
                key: head.at,
                value: end,
                end,
            });
            self.item(depth)?;
        }
        Ok(())
    }

    fn tagged(&mut self, tag: Head, depth: usize) -> Result<()> {
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
                self.array(head, depth)
            }
            MAP_TAG => {
                let head = self.elements(tag, "a Map must be an array of its entries")?;
                self.pairs(head, depth)
            }
            other => match ElementType::from_tag(other) {
                Some(element) => self.typed_array(tag, element),
                None => Err(malformed(tag.at, "a tag that the profile does not know")),
            },
        }
    }

    fn date(&mut self, tag: Head) -> Result<()> {
        let head = self.reader.head()?;
        if let Some(float) = head.float() {
            check_float(head.at, float)?;
        }
        match number::plain(head).and_then(Date::from_seconds) {
            Some(_) => Ok(()),
            None => Err(malformed(tag.at, "a Date that is no whole millisecond of its range")),
        }
    }

    fn typed_array(&mut self, tag: Head, element: ElementType) -> Result<()> {
        let content = self.content(tag, "a typed array must be a byte string")?;
        if content.len().is_multiple_of(element.size()) {
            return Ok(());
        }
        Err(malformed(
            tag.at,
            "a typed array whose length is not a multiple of its element size",
        ))
    }

    fn pairs(&mut self, head: Head, depth: usize) -> Result<()> {
        let depth = deeper(head, depth)?;
        for _ in 0..head.argument {
            let pair = self.reader.head()?;
            if pair.major != Major::Array || pair.argument != 2 {
                return Err(malformed(
                    pair.at,
                    "an entry of a Map must be an array of key and value",
                ));
            }
            self.array(pair, depth)?;
        }
        Ok(())
    }

    /// The byte string under a tag.
    fn content(&mut self, tag: Head, otherwise: &str) -> Result<&[u8]> {
        let head = self.reader.head()?;
        match head.major {
            Major::Bytes => self.reader.bytes_of(head),
            _ => Err(malformed(tag.at, otherwise)),
        }
    }

    /// The head of the array under a tag.
    fn elements(&mut self, tag: Head, otherwise: &str) -> Result<Head> {
        let head = self.reader.head()?;
        match head.major {
            Major::Array => Ok(head),
            _ => Err(malformed(tag.at, otherwise)),
        }
    }
}

fn deeper(head: Head, depth: usize) -> Result<usize> {
    if depth < MAX_DEPTH {
        return Ok(depth.saturating_add(1));
    }
    Err(malformed(
        head.at,
        alloc::format!("nested deeper than {MAX_DEPTH} levels"),
    ))
}

fn check_float(at: usize, float: Float) -> Result<()> {
    let value = float.to_f64();
    if safe_integer(value).is_some() {
        return Err(malformed(at, "an integral number that is written as a float"));
    }
    if Float::shortest(value) != float {
        return Err(malformed(at, "a float that is not in its shortest form"));
    }
    Ok(())
}
