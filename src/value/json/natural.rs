//! Natural numbers of any size: just what decimal digits need.

use alloc::vec::Vec;

/// Little-endian, without leading zeros.
pub(super) struct Natural(Vec<u32>);

impl Natural {
    pub fn new(value: u64) -> Self {
        let mut limbs = Vec::with_capacity(16);
        limbs.extend_from_slice(&[value as u32, (value >> 32) as u32]);
        trim(&mut limbs);
        Self(limbs)
    }

    /// From decimal digits, nine in each step. O(n²).
    pub fn from_decimal(digits: &[u8]) -> Self {
        Self::from_digits(digits, b'0', 10, 9)
    }

    pub fn from_be_bytes(bytes: &[u8]) -> Self {
        Self::from_digits(bytes, 0, 256, 3)
    }

    fn from_digits(digits: &[u8], zero: u8, base: u32, size: usize) -> Self {
        let mut natural = Self(Vec::new());
        for chunk in digits.chunks(size) {
            let (mut factor, mut summand) = (1, 0);
            for digit in chunk {
                factor *= base;
                summand = summand * base + u32::from(digit.wrapping_sub(zero));
            }
            natural.multiply_add(factor, summand);
        }
        natural
    }

    /// With leading zeros.
    pub fn to_be_bytes(&self) -> Vec<u8> {
        self.0.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect()
    }

    /// Appends the decimal digits; none for zero. O(n²).
    pub fn write_decimal(mut self, target: &mut Vec<u8>) {
        let start = target.len();
        while !self.0.is_empty() {
            let mut chunk = self.divide(1_000_000_000);
            for _ in 0..9 {
                target.push(b'0' + (chunk % 10) as u8);
                chunk /= 10;
            }
        }
        while target.last() == Some(&b'0') && target.len() > start {
            target.pop();
        }
        target.get_mut(start..).unwrap_or_default().reverse();
    }

    pub fn multiply_add(&mut self, factor: u32, summand: u32) {
        let mut carry = u64::from(summand);
        for limb in &mut self.0 {
            let product = u64::from(*limb) * u64::from(factor) + carry;
            *limb = product as u32;
            carry = product >> 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    /// Divides, and returns the remainder.
    fn divide(&mut self, divisor: u32) -> u32 {
        let mut remainder = 0;
        for limb in self.0.iter_mut().rev() {
            let dividend = remainder << 32 | u64::from(*limb);
            *limb = (dividend / u64::from(divisor)) as u32;
            remainder = dividend % u64::from(divisor);
        }
        trim(&mut self.0);
        remainder as u32
    }

    /// Multiplies by 5^power.
    pub fn multiply_by_power_of_five(&mut self, power: u32) {
        for_powers_of_five(power, |five| self.multiply_add(five, 0));
    }

    /// Divides by 5^power. Whether something remains: rounding down step by step is rounding down once.
    pub fn divide_by_power_of_five(&mut self, power: u32) -> bool {
        let mut remains = false;
        for_powers_of_five(power, |five| remains |= self.divide(five) != 0);
        remains
    }

    /// Multiplies by 2^(32 × limbs).
    pub fn shift(&mut self, limbs: usize) {
        let before = self.0.len();
        self.0.resize(before.saturating_add(limbs), 0);
        self.0.copy_within(..before, limbs);
        self.0.get_mut(..limbs).unwrap_or_default().fill(0);
    }

    /// Without the leading zeros.
    pub fn bits(&self) -> u32 {
        let last = |limb: &u32| {
            (self.0.len() as u32)
                .wrapping_mul(32)
                .wrapping_sub(limb.leading_zeros())
        };
        self.0.last().map_or(0, last)
    }

    /// The first 128 bits from the leading one on, and whether there are ones after them.
    pub fn leading(&self) -> (u128, bool) {
        let mut limbs = self.0.iter().rev().copied();
        let mut next = || u128::from(limbs.next().unwrap_or_default());
        let first = next() << 96 | next() << 64 | next() << 32 | next();
        let fifth = next();
        let shift = first.leading_zeros() % 32;
        let leading = first << shift | fifth << shift >> 32;
        let cut = (fifth << shift) as u32 != 0 || limbs.any(|limb| limb != 0);
        (leading, cut)
    }
}

fn trim(limbs: &mut Vec<u32>) {
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
}

/// Factors whose product is 5^power, each as large as a limb can hold.
fn for_powers_of_five(mut power: u32, mut step: impl FnMut(u32)) {
    while power > 0 {
        let part = power.min(13);
        step(5u32.pow(part));
        power -= part;
    }
}
