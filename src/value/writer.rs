//! The only code that appends encoded bytes.

use alloc::vec::Vec;

use super::{
    float::{Float, safe_integer},
    reader::Major,
};

/// One growing output; every head is written in its shortest form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    #[inline]
    pub fn head(&mut self, major: Major, argument: u64) {
        let start = (major as u8) << 5;
        if argument < 24 {
            self.out.push(start | argument as u8);
        } else {
            self.long_head(start, argument);
        }
    }

    /// A head whose argument has bytes of its own. Without a branch on how many, which no processor foresees.
    #[inline]
    fn long_head(&mut self, start: u8, argument: u64) {
        let power = u8::from(argument > 0xff) + u8::from(argument > 0xffff) + u8::from(argument > 0xffff_ffff);
        let size = 1usize << power;
        let [b0, b1, b2, b3, b4, b5, b6, b7] = (argument << (64 - 8 * size)).to_be_bytes();
        let end = self.out.len().saturating_add(1 + size);
        self.raw(&[start | (24 + power), b0, b1, b2, b3, b4, b5, b6, b7]);
        self.out.truncate(end);
    }

    #[inline]
    pub fn uint(&mut self, value: u64) {
        self.head(Major::Uint, value);
    }

    #[inline]
    pub fn int(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.head(Major::Uint, value),
            Err(_) => self.head(Major::Nint, !value as u64),
        }
    }

    /// A number in its one form: an integer if it is integral and safe, else the shortest float.
    #[inline]
    pub fn number(&mut self, value: f64) {
        match safe_integer(value) {
            Some(integer) => self.int(integer),
            None => self.float(Float::shortest(value)),
        }
    }

    #[inline]
    fn float(&mut self, value: Float) {
        match value {
            Float::Half(bits) => {
                let [b0, b1] = bits.to_be_bytes();
                self.raw(&[0xf9, b0, b1]);
            }
            Float::Single(bits) => {
                let [b0, b1, b2, b3] = bits.to_be_bytes();
                self.raw(&[0xfa, b0, b1, b2, b3]);
            }
            Float::Double(bits) => {
                let [b0, b1, b2, b3, b4, b5, b6, b7] = bits.to_be_bytes();
                self.raw(&[0xfb, b0, b1, b2, b3, b4, b5, b6, b7]);
            }
        }
    }

    #[inline]
    pub fn text(&mut self, text: &str) {
        self.head(Major::Text, text.len() as u64);
        self.raw(text.as_bytes());
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.head(Major::Bytes, bytes.len() as u64);
        self.raw(bytes);
    }

    /// The head of a map; its keys and values follow.
    pub fn map(&mut self, count: usize) {
        self.head(Major::Map, count as u64);
    }

    /// A tag; its content follows.
    pub fn tag(&mut self, tag: u64) {
        self.head(Major::Tag, tag);
    }

    /// One of the four simple values.
    #[inline]
    pub fn simple(&mut self, info: u8) {
        self.out.push(0xe0 | info);
    }

    /// Bytes that are encoded already.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.out
    }

    pub fn with_capacity(bytes: usize) -> Self {
        let out = Vec::with_capacity(bytes);
        Self { out }
    }

    pub fn clear(&mut self) {
        self.out.clear();
    }

    /// Forgets everything, and keeps no more memory than for `kept` bytes.
    pub fn restart(&mut self, kept: usize) {
        self.out.clear();
        self.out.shrink_to(kept);
    }

    /// Takes everything from `length` on away.
    pub fn truncate(&mut self, length: usize) {
        self.out.truncate(length);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Replaces the head at `at`, which was written for `before`, once the real argument is known.
    #[inline]
    pub fn correct_head(&mut self, at: usize, major: Major, before: u64, argument: u64) {
        if before == argument {
            return;
        }
        if before < 24
            && argument < 24
            && let Some(head) = self.out.get_mut(at)
        {
            *head = (major as u8) << 5 | argument as u8;
            return;
        }
        let (mut old, mut new) = (Self::default(), Self::default());
        old.head(major, before);
        new.head(major, argument);
        let end = at.saturating_add(old.len()).min(self.out.len());
        self.out.splice(at.min(end)..end, new.out);
    }

    /// Replaces everything from `start` on.
    pub fn replace_tail(&mut self, start: usize, bytes: &[u8]) {
        self.out.truncate(start);
        self.raw(bytes);
    }

    /// The head of an array; its elements follow.
    pub fn array(&mut self, count: usize) {
        self.head(Major::Array, count as u64);
    }
}

/// For answers that are written without serde.
#[cfg(feature = "js")]
impl Writer {
    pub fn null(&mut self) {
        self.simple(super::reader::NULL);
    }

    pub fn truth(&mut self, truth: bool) {
        self.simple(if truth {
            super::reader::TRUE
        } else {
            super::reader::FALSE
        });
    }
}

/// For keys that are formatted straight into the output.
impl core::fmt::Write for Writer {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.raw(text.as_bytes());
        Ok(())
    }
}
