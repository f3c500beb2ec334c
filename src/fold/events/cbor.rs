//! Scanning one item of a CBOR sequence (RFC 8742).

use super::parts::{Node, Parts};
use super::{Place, REPEATED, malformed};
use crate::Result;
use crate::value::{MAX_DEPTH, Major, Reader};

/// Finds the parts of the event that starts at `at`; where it ends.
pub(super) fn scan(parts: &Parts, input: &[u8], at: usize, found: &mut [Place]) -> Result<usize> {
    let mut scan = Scan {
        parts,
        reader: Reader::at(input, at),
        found,
    };
    let head = scan.reader.clone().head()?;
    if head.major != Major::Map {
        return Err(malformed(at, "an event is an object"));
    }
    scan.value(Parts::ROOT, 0)?;
    Ok(scan.reader.offset())
}

struct Scan<'a> {
    parts: &'a Parts,
    reader: Reader<'a>,
    found: &'a mut [Place],
}

impl Scan<'_> {
    /// A value that is looked for, or that holds one. As deep as the pointers are.
    fn value(&mut self, node: usize, depth: usize) -> Result<()> {
        let Some(node) = self.parts.node(node) else {
            return self.skip();
        };
        let start = self.reader.offset();
        let head = self.reader.clone().head()?;
        match head.major {
            Major::Map if !node.is_leaf() && depth < MAX_DEPTH => self.object(node, depth + 1)?,
            Major::Array if !node.is_leaf() && depth < MAX_DEPTH => self.array(node, depth + 1)?,
            _ => self.skip()?,
        }
        if let Some(place) = node.part.and_then(|part| self.found.get_mut(part.0)) {
            if place.end > 0 {
                return Err(malformed(start, REPEATED));
            }
            *place = Place::new(start, self.reader.offset(), None);
        }
        Ok(())
    }

    fn object(&mut self, node: &Node, depth: usize) -> Result<()> {
        for _ in 0..self.reader.map()? {
            let key = self.reader.text()?;
            match self.parts.under(node, key.as_bytes()) {
                Some(child) => self.value(child, depth)?,
                None => self.skip()?,
            }
        }
        Ok(())
    }

    fn array(&mut self, node: &Node, depth: usize) -> Result<()> {
        for index in 0..self.reader.array()? {
            match self.parts.at(node, index) {
                Some(child) => self.value(child, depth)?,
                None => self.skip()?,
            }
        }
        Ok(())
    }

    fn skip(&mut self) -> Result<()> {
        Ok(self.reader.step_over()?)
    }
}
