//! Numbers in their one form: integers where they are integral and safe, else the shortest exact float.

use super::MAX_SAFE_INTEGER;

/// A float in the shortest of the three IEEE 754 widths that holds it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Float {
    Half(u16),
    Single(u32),
    Double(u64),
}

impl Float {
    /// Every NaN becomes the one quiet NaN.
    #[inline]
    pub fn shortest(value: f64) -> Self {
        if value.is_nan() {
            return Self::Half(0x7e00);
        }
        let single = value as f32;
        if f64::from(single) != value {
            return Self::Double(value.to_bits());
        }
        match half_from_single(single.to_bits()) {
            Some(half) => Self::Half(half),
            None => Self::Single(single.to_bits()),
        }
    }

    /// The number, if this is how the profile writes it.
    #[inline]
    pub fn checked(self) -> Result<f64, &'static str> {
        let value = self.to_f64();
        if safe_integer(value).is_some() {
            return Err("an integral number that is written as a float");
        }
        if Self::shortest(value) != self {
            return Err("a float that is not in its shortest form");
        }
        Ok(value)
    }

    /// Exact; NaN payloads of the narrow widths are not kept.
    #[inline]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Half(bits) => double_from_half(bits),
            Self::Single(bits) => f64::from(f32::from_bits(bits)),
            Self::Double(bits) => f64::from_bits(bits),
        }
    }
}

/// The integer that a number must be written as, if it is integral, within ±(2^53 − 1), and not −0.
#[inline]
pub(crate) fn safe_integer(value: f64) -> Option<i64> {
    if value.abs() > MAX_SAFE_INTEGER as f64 {
        return None;
    }
    let integer = value as i64; // truncates; NaN becomes 0
    (value.to_bits() == (integer as f64).to_bits()).then_some(integer)
}

fn half_from_single(bits: u32) -> Option<u16> {
    let sign = (bits >> 16) & 0x8000;
    let fraction = bits & 0x7f_ffff;
    let magnitude = match (bits >> 23) & 0xff {
        0 if fraction == 0 => 0,
        255 => 0x7c00,
        // normal halves: 2^-14 ≤ abs < 2^16
        exponent @ 113..=142 if fraction & 0x1fff == 0 => ((exponent - 112) << 10) | (fraction >> 13),
        // subnormal halves: multiples of 2^-24 below 2^-14
        exponent @ 103..=112 => {
            let (shift, fraction) = (126 - exponent, fraction | 0x80_0000);
            if fraction & ((1 << shift) - 1) != 0 {
                return None;
            }
            fraction >> shift
        }
        _ => return None,
    };
    u16::try_from(sign | magnitude).ok()
}

fn double_from_half(bits: u16) -> f64 {
    let (exponent, fraction) = ((bits >> 10) & 0x1f, bits & 0x3ff);
    let magnitude = match exponent {
        0 => f64::from(fraction) / 16_777_216.0, // 2^24
        31 if fraction == 0 => f64::INFINITY,
        31 => f64::NAN,
        _ => f64::from_bits(((u64::from(exponent) + 1008) << 52) | (u64::from(fraction) << 42)),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks all 65,536 halves: each is its own shortest form, save the NaNs, which collapse into one.
    #[test]
    fn every_half_survives() {
        for bits in 0..=u16::MAX {
            let value = Float::Half(bits).to_f64();
            let expected = if value.is_nan() { 0x7e00 } else { bits };
            assert_eq!(Float::shortest(value), Float::Half(expected));
        }
    }

    /// Neighbours of every half in single precision lie between halves, so they need 32 bits.
    #[test]
    fn neighbours_of_halves_need_single_precision() {
        for bits in (0..0x7bffu16).chain(0x8000..0xfbff) {
            let single = Float::Half(bits).to_f64() as f32;
            let next = f32::from_bits(single.to_bits() + 1);
            assert_eq!(Float::shortest(f64::from(next)), Float::Single(next.to_bits()));
        }
    }
}
