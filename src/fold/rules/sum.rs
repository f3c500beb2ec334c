//! Adding: exact, or an error.

use crate::value::{BigInt, MAX_SAFE_INTEGER, Reader, Writer, plain_number, safe_integer, to_vec};
use crate::{Code, Error, Result};

/// The sum of two numbers, or their difference.
///
/// Two integral numbers are added exactly, and their sum lies within ±(2^53 − 1); two BigInts too, of any size, and an integral number to a
/// BigInt; with a fraction it is a sum of doubles.
pub(super) fn sum(number: Option<Term>, addend: Option<Term>, subtract: bool) -> Result<Term> {
    match (number, addend) {
        (Some(Term::Number(a)), Some(Term::Number(b))) => {
            sum_of_numbers(a, if subtract { -b } else { b }).map(Term::Number)
        }
        (Some(Term::Big(a)), Some(Term::Big(b))) => Ok(Term::Big(if subtract { &a - &b } else { &a + &b })),
        (Some(Term::Big(a)), Some(Term::Number(b))) => match safe_integer(b).map(BigInt::from) {
            Some(b) => Ok(Term::Big(if subtract { &a - &b } else { &a + &b })),
            None => Err(Error::new(
                Code::WrongType,
                "to a BigInt only a BigInt or an integer within ±(2^53 − 1) can be added",
            )),
        },
        (Some(Term::Number(_)), Some(Term::Big(_))) => Err(Error::new(
            Code::WrongType,
            "a BigInt, or an integer beyond ±(2^53 − 1), cannot be added to a number; let the total start as a BigInt",
        )),
        (None, _) => Err(Error::new(Code::WrongType, "only a number or a BigInt can be added to")),
        (_, None) => Err(Error::new(
            Code::WrongType,
            "the value to add is neither a number nor a BigInt",
        )),
    }
}

/// A number or a BigInt.
pub(super) enum Term {
    Number(f64),
    Big(BigInt),
}

impl Term {
    /// The number that an encoded value is.
    pub fn read(item: &[u8]) -> Option<Self> {
        let head = Reader::new(item).head().ok()?;
        match plain_number(head) {
            Some(number) => Some(Self::Number(number)),
            None => crate::value::from_slice(item).ok().map(Self::Big),
        }
    }

    /// The safe integer that it is, which is not −0.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) => safe_integer(*number),
            Self::Big(_) => None,
        }
    }

    /// Appends it, encoded.
    pub fn write(&self, out: &mut Writer) -> Result<()> {
        match self {
            Self::Number(number) => out.number(*number),
            Self::Big(integer) => out.raw(&to_vec(integer)?),
        }
        Ok(())
    }
}

fn sum_of_numbers(a: f64, b: f64) -> Result<f64> {
    let total = a + b;
    let integral = is_integral(a) && is_integral(b);
    let beyond = |number: f64| number.abs() > MAX_SAFE_INTEGER as f64;
    if integral && (beyond(a) || beyond(b) || beyond(total)) || !total.is_finite() && a.is_finite() && b.is_finite() {
        return Err(Error::new(
            Code::OutOfRange,
            "the sum leaves ±(2^53 − 1), where numbers are exact; use BigInts",
        ));
    }
    Ok(total)
}

fn is_integral(number: f64) -> bool {
    // From 2^52 on all are.
    number.is_finite() && (number.abs() >= (1u64 << 52) as f64 || number as i64 as f64 == number)
}
