//! The canonical form: for comparing states that were made by different languages.

use alloc::vec::Vec;

use super::{
    entries::Entries,
    failure::Failure,
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
        entries: Entries::default(),
    };
    canonicalizer.item()?;
    Ok(canonicalizer.writer.into_bytes())
}

/// Recursive: validated input is nested at most [`MAX_DEPTH`](super::MAX_DEPTH) deep.
struct Canonicalizer<'a> {
    reader: Reader<'a>,
    writer: Writer,
    entries: Entries,
}

impl Canonicalizer<'_> {
    fn item(&mut self) -> Result<(), Failure> {
        let start = self.reader.offset();
        let head = self.reader.head()?;
        if matches!(head.major, Major::Bytes | Major::Text) {
            self.reader.bytes_of(head)?;
        }
        self.writer.raw(self.reader.since(start));
        match head.major {
            Major::Array => (0..head.argument).try_for_each(|_| self.item()),
            Major::Map => self.object(head.argument),
            Major::Tag => self.item(),
            Major::Bytes | Major::Text | Major::Uint | Major::Nint | Major::Simple => Ok(()),
        }
    }

    fn object(&mut self, count: u64) -> Result<(), Failure> {
        let base = self.entries.open();
        for _ in 0..count {
            let key = self.writer.len();
            self.item()?;
            self.entries.add(key, &self.writer);
            self.item()?;
        }
        self.entries.close(base, &mut self.writer); // validated: no key occurs twice
        Ok(())
    }
}
