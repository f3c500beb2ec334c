//! The canonical form: for comparing states that were made by different languages.

use alloc::vec::Vec;

use super::{
    entries::{self, Entry},
    reader::{Major, Reader},
    validate::validate,
    writer::Writer,
};
use crate::Result;

/// Rewrites a value so that every plain object has its keys in the order of RFC 8949 §4.2.1 (bytewise by encoded key). All
/// else stays, also the order of a Map and a Set, which is part of what they are. O(n log n).
///
/// ```
/// use snapfold::value;
///
/// assert_eq!(value::canonicalize(b"\xa2\x61b\x01\x61a\x02")?, b"\xa2\x61a\x02\x61b\x01");
/// # Ok::<(), snapfold::Error>(())
/// ```
///
/// # Errors
/// As [`validate`].
pub fn canonicalize(bytes: &[u8]) -> Result<Vec<u8>> {
    validate(bytes)?;
    let mut canonicalizer = Canonicalizer {
        reader: Reader::new(bytes),
        writer: Writer::default(),
        scratch: Vec::new(),
    };
    canonicalizer.item()?;
    Ok(canonicalizer.writer.into_bytes())
}

/// Recursive: validated input is nested at most [`MAX_DEPTH`](super::MAX_DEPTH) deep.
struct Canonicalizer<'a> {
    reader: Reader<'a>,
    writer: Writer,
    scratch: Vec<u8>,
}

impl Canonicalizer<'_> {
    fn item(&mut self) -> Result<()> {
        let start = self.reader.offset();
        let head = self.reader.head()?;
        let (items, entries) = match head.major {
            Major::Array => (head.argument, 0),
            Major::Tag => (1, 0),
            Major::Map => (0, head.argument),
            Major::Bytes | Major::Text => {
                self.reader.bytes_of(head)?;
                (0, 0)
            }
            Major::Uint | Major::Nint | Major::Simple => (0, 0),
        };
        self.writer.raw(self.reader.since(start));
        for _ in 0..items {
            self.item()?;
        }
        self.object(entries)
    }

    fn object(&mut self, count: u64) -> Result<()> {
        let start = self.writer.len();
        let mut entries = Vec::new();
        for _ in 0..count {
            let key = self.writer.len();
            self.item()?;
            let value = self.writer.len();
            self.item()?;
            let end = self.writer.len();
            entries.push(Entry { key, value, end });
        }
        if entries::sort(self.writer.as_bytes(), &mut entries) {
            self.scratch.clear();
            entries::copy(self.writer.as_bytes(), &entries, &mut self.scratch);
            self.writer.replace_tail(start, &self.scratch);
        }
        Ok(())
    }
}
