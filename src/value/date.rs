//! Points in time as ECMAScript has them.

use super::{
    Value,
    dynamic_serde::Decoded,
    float::safe_integer,
    leaf::{self, Decode, Leaf},
    writer::Writer,
};

/// A point in time in whole milliseconds since 1970-01-01T00:00Z, or the invalid date: ECMAScript's `Date`.
///
/// The range is ±8.64 × 10^15 ms, which is 100 million days on either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(Option<i64>);

impl Date {
    pub(super) const TAG: u64 = 1;
    const MAX_MILLIS: u64 = 8_640_000_000_000_000;

    /// What `new Date(NaN)` is.
    pub const INVALID: Self = Self(None);

    /// A valid date, or `None` outside of the range.
    pub fn from_millis(millis: i64) -> Option<Self> {
        (millis.unsigned_abs() <= Self::MAX_MILLIS).then_some(Self(Some(millis)))
    }

    /// Milliseconds since the epoch, or `None` for the invalid date.
    pub fn millis(self) -> Option<i64> {
        self.0
    }

    /// The whole millisecond that `seconds` encodes. Rounding `seconds × 1000` is not enough: between 2^42 s and 2^52 ms the
    /// product can lie half-way between two of them, so its neighbours are tried the other way round.
    pub(super) fn from_seconds(seconds: f64) -> Option<Self> {
        if seconds.is_nan() {
            return Some(Self::INVALID);
        }
        let near = (seconds * 1000.0) as i64; // saturates
        [near, near.saturating_add(1), near.saturating_sub(1)]
            .into_iter()
            .filter_map(Self::from_millis)
            .find(|date| date.seconds().to_bits() == seconds.to_bits())
    }

    fn seconds(self) -> f64 {
        self.0.map_or(f64::NAN, |millis| millis as f64 / 1000.0)
    }
}

impl Leaf for Date {
    const NAME: &'static str = "$snapfold::date";

    fn write(&self, writer: &mut Writer) {
        writer.tag(Self::TAG);
        writer.number(self.seconds());
    }

    fn to_plain(&self) -> Value {
        self.0.map_or(Value::Null, |millis| Value::Number(millis as f64))
    }
}

impl Decode for Date {
    const EXPECTED: &'static str = "a Date";

    fn from_decoded(decoded: Decoded) -> Option<Self> {
        match decoded {
            Decoded::Item(Value::Date(date)) => Some(date),
            Decoded::Plain(Value::Number(millis)) => safe_integer(millis).and_then(Self::from_millis),
            Decoded::Plain(Value::Null) => Some(Self::INVALID),
            _ => None,
        }
    }
}

leaf::serde_for_leaf!(Date);
