//! Numbers between decimal text and the format's bytes: exact in both directions.
//!
//! Without tables: powers of five are made when they are needed, and only numbers far from 1 need large ones.

use alloc::vec::Vec;

use super::natural::Natural;
use crate::text::decimal;
use crate::value::{BigInt, Writer, leaf::Leaf, reader::Major};

/// Converting decimal digits takes quadratic time, so that there are no more of them in one integer.
const MAX_DIGITS: usize = 4_300;

/// More significant digits than these never decide how a double is rounded, beyond whether they are zero: half-way points
/// between doubles have at most 767.
const DECISIVE_DIGITS: usize = 800;

/// Appends the value of an integer token. `None` if it has more than [`MAX_DIGITS`] digits.
pub(super) fn write_integer(token: &[u8], writer: &mut Writer) -> Option<()> {
    let (negative, digits) = sign(token);
    let small = (digits.len() <= 19).then(|| {
        digits
            .iter()
            .fold(0, |value: u64, digit| value * 10 + u64::from(digit & 0xf))
    });
    match small {
        Some(0) if negative => writer.number(-0.0),
        Some(value) if negative => writer.head(Major::Nint, value.wrapping_sub(1)),
        Some(value) => writer.uint(value),
        None if digits.len() <= MAX_DIGITS => {
            BigInt::new(negative, &Natural::from_decimal(digits).to_be_bytes()).write(writer);
        }
        None => return None,
    }
    Some(())
}

/// The double nearest to a number token, by IEEE 754's rule for ties. `None` if it is beyond the largest one.
pub(super) fn parse(token: &[u8]) -> Option<f64> {
    let (negative, token) = sign(token);
    let end = token.iter().position(|byte| byte | 0x20 == b'e').unwrap_or(token.len());
    let (mantissa, rest) = token.split_at_checked(end).unwrap_or_default();
    let mut exponent = parse_exponent(rest.get(1..).unwrap_or_default());
    let (mut value, mut fits, mut step) = (0u64, true, 0);
    for byte in mantissa {
        if *byte == b'.' {
            step = 1;
            continue;
        }
        fits &= value < 1_000_000_000_000_000_000;
        value = value.wrapping_mul(10).wrapping_add(u64::from(byte & 0xf));
        exponent = exponent.saturating_sub(step);
    }
    let magnitude = match exact(value, exponent) {
        Some(double) if fits => Some(double),
        _ if fits => nearest(Natural::new(value), exponent),
        _ => nearest_to_digits(mantissa, exponent),
    }?;
    Some(if negative { -magnitude } else { magnitude })
}

fn nearest_to_digits(mantissa: &[u8], exponent: i64) -> Option<f64> {
    let mut digits: Vec<u8> = mantissa.iter().copied().filter(|byte| *byte != b'.').collect();
    let start = digits.iter().take_while(|digit| **digit == b'0').count();
    let end = start.saturating_add(DECISIVE_DIGITS).min(digits.len());
    let dropped = digits.get(end..).unwrap_or_default();
    let mut exponent = exponent.saturating_add(dropped.len() as i64);
    let inexact = dropped.iter().any(|digit| *digit != b'0');
    digits.truncate(end);
    if inexact {
        digits.push(b'1');
        exponent -= 1;
    }
    nearest(Natural::from_decimal(digits.get(start..).unwrap_or_default()), exponent)
}

fn sign(token: &[u8]) -> (bool, &[u8]) {
    token.strip_prefix(b"-").map_or((false, token), |digits| (true, digits))
}

fn parse_exponent(text: &[u8]) -> i64 {
    let (negative, digits) = sign(text.strip_prefix(b"+").unwrap_or(text));
    let append = |value: i64, digit: &u8| value.saturating_mul(10).saturating_add(i64::from(digit & 0xf));
    let value = digits.iter().fold(0, append);
    if negative { -value } else { value }
}

/// One operation on two exact doubles is rounded once, as it should be (Clinger 1990); powers of ten up to 10^22 are exact.
fn exact(value: u64, exponent: i64) -> Option<f64> {
    if value > 1 << 53 || exponent.unsigned_abs() > 22 {
        return None;
    }
    let power = (0..exponent.unsigned_abs()).fold(1.0, |power, _| power * 10.0);
    let value = value as f64;
    Some(if exponent < 0 { value / power } else { value * power })
}

/// The double nearest to value × 10^exponent, worked out in full.
fn nearest(mut value: Natural, exponent: i64) -> Option<f64> {
    // 2^1024 has 309 digits, and half of 2^-1074 starts at the 324th place after the point.
    let magnitude = i64::from(value.bits()) * 30_103 / 100_000 + exponent.clamp(-1_000_000, 1_000_000);
    if value.bits() == 0 || magnitude < -330 {
        return Some(0.0);
    }
    if magnitude > 310 {
        return None;
    }
    let mut binary = exponent as i32;
    let mut cut = false;
    if exponent >= 0 {
        value.multiply_by_power_of_five(exponent as u32);
    } else {
        // 5^n has fewer than 7n/3 + 1 bits, and 64 more are wanted.
        let power = exponent.unsigned_abs() as u32;
        let limbs = (power * 7 / 3 + 65).saturating_sub(value.bits()).div_ceil(32);
        value.shift(limbs as usize);
        binary -= limbs as i32 * 32;
        cut = value.divide_by_power_of_five(power);
    }
    let (leading, more) = value.leading();
    binary += value.bits() as i32 - 128;
    round(leading, cut || more, binary)
}

/// leading × 2^exponent and perhaps a bit more, rounded to a double; the leading bit is set.
fn round(leading: u128, cut: bool, exponent: i32) -> Option<f64> {
    // 53 bits stay, or as many as there are above 2^-1074.
    let shift = (-1074 - exponent).max(75);
    if shift > 128 {
        return Some(0.0);
    }
    let kept = leading.checked_shr(shift as u32).unwrap_or_default() as u64;
    let half = 1u128 << (shift - 1);
    let rest = leading & (half | (half - 1));
    let up = rest > half || rest == half && (cut || kept & 1 == 1);
    // The leading one of 53 bits adds one to the exponent above it, and so does a carry to the next.
    let above = (exponent + shift + 1074) as u64;
    let bits = (above << 52) + kept + u64::from(up);
    (bits < f64::INFINITY.to_bits()).then_some(f64::from_bits(bits))
}

/// Appends a finite double as ECMAScript writes it (the shortest digits that come back), but with `.0` where neither point nor
/// exponent would tell it from an integer; if `point`, every mantissa has a point.
pub(in crate::value) fn write_float(value: f64, point: bool, target: &mut Vec<u8>) {
    if value.is_sign_negative() {
        target.push(b'-');
    }
    let (digits, exponent) = shortest(value.abs());
    let mut buffer = [0; 20];
    let text = decimal(digits, &mut buffer);
    // value = 0.digits × 10^scale
    let scale = exponent + text.len() as i32;
    let (whole, exponent) = match scale {
        -5..=21 => (scale, None),
        _ => (1, Some(scale - 1)),
    };
    let places = usize::try_from(whole).unwrap_or_default();
    let (before, after) = text.split_at_checked(places).unwrap_or((text, b""));
    target.extend_from_slice(if places == 0 { b"0" } else { before });
    zeros(places.saturating_sub(text.len()), target);
    if exponent.is_none() || point || !after.is_empty() {
        target.push(b'.');
        zeros(usize::try_from(-whole).unwrap_or_default(), target);
        target.extend_from_slice(if after.is_empty() { b"0" } else { after });
    }
    if let Some(exponent) = exponent {
        target.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        write_unsigned(u64::from(exponent.unsigned_abs()), target);
    }
}

fn zeros(count: usize, target: &mut Vec<u8>) {
    target.resize(target.len().saturating_add(count), b'0');
}

/// Appends an integer in decimal.
pub(in crate::value) fn write_unsigned(value: u64, target: &mut Vec<u8>) {
    target.extend_from_slice(decimal(value, &mut [0; 20]));
}

/// Appends the integer with that big-endian magnitude. `None` if it has more than [`MAX_DIGITS`] digits.
pub(in crate::value) fn write_big(negative: bool, magnitude: &[u8], target: &mut Vec<u8>) -> Option<()> {
    // A byte is worth more than two digits.
    if magnitude.len() > MAX_DIGITS / 2 {
        return None;
    }
    if negative {
        target.push(b'-');
    }
    let start = target.len();
    Natural::from_be_bytes(magnitude).write_decimal(target);
    (target.len() - start <= MAX_DIGITS).then_some(())
}

/// The decimal with the fewest digits that rounds to this double, and of those the nearest: digits × 10^exponent, without trailing
/// zeros. Schubfach: R. Giulietti, "The Schubfach way to render doubles" (2020).
fn shortest(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let (fraction, biased) = (bits & ((1 << 52) - 1), (bits >> 52) as i32);
    // value = significand × 2^binary
    let (significand, binary) = match biased {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, biased - 1075),
    };
    if significand == 0 {
        return (0, 0);
    }
    // At a power of two, the double below is only half as far away.
    let closer = fraction == 0 && biased > 1;
    let decimal = (binary * 1_262_611 - if closer { 524_031 } else { 0 }) >> 22; // floor(log10 of the distance)
    let shift = binary + ((-decimal * 1_741_647) >> 19) + 1; // with floor(log2(10^-decimal))
    let power = power_of_ten(-decimal);
    let scaled = |quarters: u64| {
        let (high, low) = (power >> 64, power & u128::from(u64::MAX));
        let factor = u128::from(quarters << shift);
        let product = high * factor + ((low * factor) >> 64);
        (product >> 64) as u64 | u64::from(product as u64 > 1) // rounded to odd: inexact is never even
    };
    let odd = significand & 1;
    let middle = scaled(4 * significand);
    let lower = scaled(4 * significand - 2 + u64::from(closer)) + odd;
    let upper = scaled(4 * significand + 2) - odd;
    let inside = |digits: u64| lower <= 4 * digits && 4 * digits <= upper;

    let digits = middle / 4;
    let tens = digits / 10 * 10;
    if digits >= 10 && inside(tens) != inside(tens + 10) {
        let tens = if inside(tens) { tens } else { tens + 10 };
        return without_trailing_zeros(tens, decimal);
    }
    let up = match (inside(digits), inside(digits + 1)) {
        (true, false) => false,
        (false, true) => true,
        _ => middle + (digits & 1) > 4 * digits + 2,
    };
    without_trailing_zeros(digits + u64::from(up), decimal)
}

fn without_trailing_zeros(mut digits: u64, mut exponent: i32) -> (u64, i32) {
    while digits.is_multiple_of(10) {
        digits /= 10;
        exponent += 1;
    }
    (digits, exponent)
}

/// The first 128 bits of 10^power, rounded up.
fn power_of_ten(power: i32) -> u128 {
    if let 0..=55 = power {
        let five = (0..power).fold(1u128, |five, _| five * 5);
        return five << five.leading_zeros();
    }
    let mut natural = Natural::new(1);
    let mut cut = false;
    if power >= 0 {
        natural.multiply_by_power_of_five(power.unsigned_abs());
    } else {
        natural.shift((power.unsigned_abs() as usize * 7 / 3 + 129).div_ceil(32));
        cut = natural.divide_by_power_of_five(power.unsigned_abs());
    }
    let (leading, more) = natural.leading();
    leading + u128::from(cut || more)
}
