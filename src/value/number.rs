//! Numbers of any spelling on their way into a Rust type, which succeeds exactly when no digit is lost.

use super::{
    BigInt, MAX_SAFE_INTEGER,
    reader::{Head, Major},
};

/// A number as read: from a head, a float or a bignum.
pub(super) enum Number {
    Float(f64),
    Integer(i128),
    Big(BigInt),
}

impl Number {
    pub fn to_i128(&self) -> Option<i128> {
        const LIMIT: f64 = (1u128 << 127) as f64;
        match self {
            Self::Integer(value) => Some(*value),
            Self::Float(value) => {
                let integer = *value as i128;
                (-LIMIT <= *value && *value < LIMIT && integer as f64 == *value).then_some(integer)
            }
            Self::Big(value) => i128::try_from(value).ok(),
        }
    }

    pub fn to_u128(&self) -> Option<u128> {
        const LIMIT: f64 = (1u128 << 127) as f64 * 2.0;
        match self {
            Self::Integer(value) => u128::try_from(*value).ok(),
            Self::Float(value) => {
                let integer = *value as u128;
                (0.0 <= *value && *value < LIMIT && integer as f64 == *value).then_some(integer)
            }
            Self::Big(value) => u128::try_from(value).ok(),
        }
    }

    pub fn to_f64(&self) -> Option<f64> {
        match self {
            Self::Integer(value) => (*value as f64 as i128 == *value).then_some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Big(value) => value.to_f64(),
        }
    }

    pub fn to_f32(&self) -> Option<f32> {
        let double = self.to_f64()?;
        let single = double as f32;
        (f64::from(single) == double || double.is_nan()).then_some(single)
    }
}

/// The number that a head holds in ECMAScript's sense: not a BigInt.
pub(crate) fn plain(head: Head) -> Option<f64> {
    match (head.major, head.argument) {
        (Major::Uint, argument) => (argument <= MAX_SAFE_INTEGER).then_some(argument as f64),
        (Major::Nint, argument) => (argument < MAX_SAFE_INTEGER).then_some(-1.0 - argument as f64),
        _ => head.float().map(|float| float.to_f64()),
    }
}
