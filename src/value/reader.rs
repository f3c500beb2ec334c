//! The only code that reads encoded bytes: a cursor that checks every bound and every head.

#[cfg(feature = "js")]
use super::{BigInt, number};
use super::{failure::Failure, float::Float};

/// CBOR's eight major types (RFC 8949 §3.1), in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Major {
    Uint,
    Nint,
    Bytes,
    Text,
    Array,
    Map,
    Tag,
    Simple,
}

impl Major {
    #[inline]
    fn of(first: u8) -> Self {
        match first >> 5 {
            0 => Self::Uint,
            1 => Self::Nint,
            2 => Self::Bytes,
            3 => Self::Text,
            4 => Self::Array,
            5 => Self::Map,
            6 => Self::Tag,
            _ => Self::Simple,
        }
    }
}

/// The start of an item: what it is, its argument, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub at: usize,
    pub major: Major,
    /// The low five bits of the first byte; with [`Major::Simple`] they tell floats from simple values.
    pub info: u8,
    pub argument: u64,
}

pub(crate) const FALSE: u8 = 20;
pub(crate) const TRUE: u8 = 21;
pub(crate) const NULL: u8 = 22;
pub(crate) const UNDEFINED: u8 = 23;

impl Head {
    /// The float that this head holds, in the width in which it is written.
    pub(super) fn float(&self) -> Option<Float> {
        match (self.major, self.info) {
            (Major::Simple, 25) => u16::try_from(self.argument).ok().map(Float::Half),
            (Major::Simple, 26) => u32::try_from(self.argument).ok().map(Float::Single),
            (Major::Simple, 27) => Some(Float::Double(self.argument)),
            _ => None,
        }
    }
}

/// A cursor over encoded bytes. Every method that fails says where, and leaves the cursor in an unspecified place.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    input: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub fn new(input: &'a [u8]) -> Self {
        Self { input, offset: 0 }
    }

    /// The same input from `offset` on.
    pub fn at(input: &'a [u8], offset: usize) -> Self {
        Self { input, offset }
    }

    /// How many bytes have been read.
    #[inline]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes are left.
    #[inline]
    pub fn left(&self) -> usize {
        self.input.len().saturating_sub(self.offset)
    }

    /// All of the input.
    #[inline]
    pub fn input(&self) -> &'a [u8] {
        self.input
    }

    /// The bytes read since `start`.
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.input.get(start..self.offset).unwrap_or_default()
    }

    /// Reads a head in its shortest form.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    pub fn head(&mut self) -> Result<Head, Failure> {
        let at = self.offset;
        let Some(&first) = self.input.get(at) else {
            return Err(malformed(at, "an item is missing: the input ends too early"));
        };
        self.offset = at.wrapping_add(1); // at < input.len()
        let info = first & 31;
        let argument = if info < 24 {
            u64::from(info)
        } else {
            self.argument(at, first)?
        };
        let major = Major::of(first);
        if major == Major::Simple && info < FALSE {
            return Err(malformed(at, UNKNOWN_SIMPLE));
        }
        Ok(Head {
            at,
            major,
            info,
            argument,
        })
    }

    /// The argument behind the first byte, which stands at `at`. Without a branch on its size, which no processor foresees.
    #[cfg_attr(not(target_family = "wasm"), inline(always))]
    fn argument(&mut self, at: usize, first: u8) -> Result<u64, Failure> {
        let size = match first & 31 {
            info @ 24..=27 => 1 << (info - 24),
            31 => return Err(malformed(at, "an indefinite length, or a break without one")),
            _ => return Err(malformed(at, "a reserved head")),
        };
        let rest = self.input.get(self.offset..).unwrap_or_default();
        let word = match rest.first_chunk() {
            Some(eight) => u64::from_be_bytes(*eight),
            None if rest.len() >= size => padded(rest),
            None => return Err(malformed(at, CUT)),
        };
        self.offset = self.offset.wrapping_add(size); // bounded by input.len()
        let argument = word >> (64 - 8 * size);
        match Major::of(first) {
            // the argument is the bits of a float; one byte would be a simple value
            Major::Simple if size > 1 => Ok(argument),
            Major::Simple => Err(malformed(at, UNKNOWN_SIMPLE)),
            _ if argument < 24.max(1 << (4 * size)) => Err(malformed(at, "a head that is not in its shortest form")),
            _ => Ok(argument),
        }
    }

    /// Steps over null or undefined, if that is what follows.
    #[inline]
    pub fn nothing(&mut self) -> bool {
        let nothing = matches!(self.input.get(self.offset), Some(0xf6 | 0xf7));
        self.offset = self.offset.wrapping_add(usize::from(nothing)); // bounded by input.len()
        nothing
    }

    /// The content of the byte string that starts with `head`.
    #[inline]
    pub fn bytes_of(&mut self, head: Head) -> Result<&'a [u8], Failure> {
        let bytes = usize::try_from(head.argument)
            .ok()
            .and_then(|length| self.offset.checked_add(length))
            .and_then(|end| self.input.get(self.offset..end));
        let Some(bytes) = bytes else {
            return Err(malformed(head.at, CUT));
        };
        self.offset = self.offset.wrapping_add(bytes.len()); // bounded by input.len()
        Ok(bytes)
    }

    /// The content of the text that starts with `head`.
    #[inline]
    pub fn text_of(&mut self, head: Head) -> Result<&'a str, Failure> {
        let bytes = self.bytes_of(head)?;
        core::str::from_utf8(bytes).map_err(|_| malformed(head.at, "text that is not valid UTF-8"))
    }

    /// A capacity for `count` items that the input could really hold.
    #[inline]
    pub fn capacity(&self, count: u64) -> usize {
        usize::try_from(count).map_or(self.left(), |count| count.min(self.left()))
    }

    /// Steps over one item of input that has been validated before: structure only, no allocation, no recursion.
    pub fn jump(&mut self) -> Result<(), Failure> {
        self.walk(|reader, text| reader.bytes_of(text).map(drop))
    }

    /// The same in more code, and quicker: for large states.
    pub fn leap(&mut self) -> Result<(), Failure> {
        let mut items = 1u64;
        while items > 0 {
            let Some(&first) = self.input.get(self.offset) else {
                return Err(malformed(self.offset, CUT));
            };
            let (major, info) = (Major::of(first), first & 31);
            if info >= 24 {
                items = (items - 1).saturating_add(self.step(|reader, text| reader.bytes_of(text).map(drop))?);
                continue;
            }
            let (bytes, inside) = match major {
                Major::Uint | Major::Nint | Major::Simple => (0, 0),
                Major::Bytes | Major::Text => (info, 0),
                Major::Array => (0, info),
                Major::Map => (0, 2 * info),
                Major::Tag => (0, 1),
            };
            // The next item is missing if this goes beyond the end; and the last is looked at below.
            self.offset = self.offset.saturating_add(1 + usize::from(bytes));
            items = (items - 1).saturating_add(u64::from(inside));
        }
        if self.offset > self.input.len() {
            return Err(malformed(self.offset, CUT));
        }
        Ok(())
    }

    /// The same for input that nobody needs to understand: that its text is UTF-8 is checked, too.
    pub fn step_over(&mut self) -> Result<(), Failure> {
        self.walk(|reader, text| reader.text_of(text).map(drop))
    }

    fn walk(&mut self, text: impl Fn(&mut Self, Head) -> Result<(), Failure>) -> Result<(), Failure> {
        let mut items = 1u64;
        while items > 0 {
            items = (items - 1).saturating_add(self.step(&text)?);
        }
        Ok(())
    }

    /// Steps over the start of an item, and says how many lie inside.
    #[inline]
    fn step(&mut self, text: impl Fn(&mut Self, Head) -> Result<(), Failure>) -> Result<u64, Failure> {
        let head = self.head()?;
        Ok(match head.major {
            Major::Uint | Major::Nint | Major::Simple => 0,
            Major::Bytes => self.bytes_of(head).map(|_| 0)?,
            Major::Text => text(self, head).map(|()| 0)?,
            Major::Array => head.argument,
            Major::Map => head.argument.saturating_mul(2),
            Major::Tag => 1,
        })
    }

    /// An error unless everything has been read.
    pub fn finish(&self) -> Result<(), Failure> {
        if self.offset == self.input.len() {
            return Ok(());
        }
        Err(malformed(self.offset, "bytes after the end of the value"))
    }
}

/// What the frame header is made of: plain items of a known kind.
impl<'a> Reader<'a> {
    pub fn u64(&mut self) -> Result<u64, Failure> {
        self.expect(Major::Uint, "expected an unsigned integer")
            .map(|head| head.argument)
    }

    pub fn i64(&mut self) -> Result<i64, Failure> {
        let head = self.head()?;
        match (head.major, i64::try_from(head.argument)) {
            (Major::Uint, Ok(value)) => Ok(value),
            (Major::Nint, Ok(value)) => Ok(!value),
            _ => Err(malformed(head.at, "expected an integer of 64 bits")),
        }
    }

    pub fn text(&mut self) -> Result<&'a str, Failure> {
        let head = self.expect(Major::Text, "expected text")?;
        self.text_of(head)
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], Failure> {
        let head = self.expect(Major::Bytes, "expected a byte string")?;
        self.bytes_of(head)
    }

    /// The number of elements that follow; never more than bytes are left.
    pub fn array(&mut self) -> Result<usize, Failure> {
        self.count(Major::Array, "expected an array", 1)
    }

    /// The number of entries that follow, with keys of any kind; never more than bytes are left for.
    pub fn map(&mut self) -> Result<usize, Failure> {
        self.count(Major::Map, "expected a map", 2)
    }

    fn count(&mut self, major: Major, otherwise: &'static str, size: usize) -> Result<usize, Failure> {
        let head = self.expect(major, otherwise)?;
        match usize::try_from(head.argument) {
            Ok(count) if count <= self.left() / size => Ok(count),
            _ => Err(malformed(head.at, CUT)),
        }
    }

    fn expect(&mut self, major: Major, otherwise: &'static str) -> Result<Head, Failure> {
        let head = self.head()?;
        if head.major == major {
            return Ok(head);
        }
        Err(malformed(head.at, otherwise))
    }
}

/// For what crosses to the core: scalars in any spelling of the profile; `None` if something else follows.
#[cfg(feature = "js")]
impl<'a> Reader<'a> {
    /// The bytes that have not been read.
    pub fn rest(&self) -> &'a [u8] {
        self.input.get(self.offset..).unwrap_or_default()
    }

    pub fn truth(&mut self) -> Option<bool> {
        match self.head().ok()? {
            Head {
                major: Major::Simple,
                info: FALSE,
                ..
            } => Some(false),
            Head {
                major: Major::Simple,
                info: TRUE,
                ..
            } => Some(true),
            _ => None,
        }
    }

    /// A number in ECMAScript's sense: not a BigInt.
    pub fn number(&mut self) -> Option<f64> {
        number::plain(self.head().ok()?)
    }

    /// A whole number of 64 bits, a number or a BigInt.
    pub fn whole(&mut self) -> Option<u64> {
        let head = self.head().ok()?;
        match (head.major, head.argument) {
            (Major::Uint, number) => Some(number),
            (Major::Tag, BigInt::POSITIVE) => {
                let magnitude = self.bytes().ok().filter(|bytes| bytes.len() <= 8)?;
                Some(magnitude.iter().fold(0, |whole, byte| whole << 8 | u64::from(*byte)))
            }
            _ => {
                let number = head.float()?.to_f64();
                Some(number as u64).filter(|whole| *whole as f64 == number)
            }
        }
    }
}

/// A word that starts with these bytes, of which there are less than eight.
#[cold]
fn padded(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(word)
}

pub(super) const CUT: &str = "the input ends inside this item";
const UNKNOWN_SIMPLE: &str = "a simple value other than false, true, null, undefined";

/// Bytes that break a rule of the profile.
#[cold]
#[inline(never)]
pub(super) fn malformed(at: usize, message: &'static str) -> Failure {
    Failure::new(message).or_at(at)
}
