//! Bytes → JSON text.

use alloc::{string::String, vec::Vec};

use super::{number, text};
use crate::{
    Code, Result,
    value::{
        BigInt, Wtf8,
        failure::Failure,
        float::Float,
        leaf::{MAP_TAG, SET_TAG},
        reader::{FALSE, Head, Major, NULL, Reader, TRUE},
        validate,
    },
};

/// Writes a value as compact JSON, so that [`from_json`](super::from_json) gives the same bytes back.
///
/// ```
/// use snapfold::value;
///
/// let bytes = value::to_vec(&(0.1, "tea", u64::MAX, 2f64.powi(60)))?;
/// assert_eq!(value::to_json(&bytes)?, r#"[0.1,"tea",18446744073709551615,1152921504606847000.0]"#);
///
/// let error = value::to_json(&value::to_vec(&[1.0, f64::NAN])?).unwrap_err();
/// assert_eq!(error.path(), Some("state[1]"));
/// # Ok::<(), snapfold::Error>(())
/// ```
///
/// It is the text that `JSON.stringify` writes, save that -0 is `-0`, that BigInts are integers, and that a number beyond
/// ±(2^53 − 1) has a `.0` where nothing else would tell it from a BigInt. O(n) in time, plus O(d²) for each BigInt of d digits;
/// beside the text it allocates a few words for each open array and object.
///
/// # Errors
/// [`Code::Malformed`](crate::Code::Malformed) as [`validate`](crate::value::validate).
/// [`Code::Unencodable`](crate::Code::Unencodable) with the path of the first part that JSON has no word for: undefined, NaN,
/// infinities, bytes, typed arrays, Dates, Maps, Sets, BigInts within ±(2^53 − 1) or of more than 4,300 digits.
pub fn to_json(bytes: &[u8]) -> Result<String> {
    validate(bytes)?;
    let mut writer = JsonWriter {
        reader: Reader::new(bytes),
        out: Vec::with_capacity(bytes.len()),
        open: Vec::new(),
    };
    match writer.items() {
        Ok(()) => Ok(String::from_utf8(writer.out).unwrap_or_default()), // of pieces that are UTF-8
        Err(failure) => Err(writer.locate(failure).into_error(Code::Unencodable)),
    }
}

struct JsonWriter<'a> {
    reader: Reader<'a>,
    out: Vec<u8>,
    open: Vec<Open<'a>>,
}

/// An array or object whose parts are being written.
struct Open<'a> {
    object: bool,
    count: u64,
    /// How many parts come after the present one.
    left: u64,
    /// UTF-8.
    key: &'a [u8],
}

impl<'a> JsonWriter<'a> {
    fn items(&mut self) -> Result<(), Failure> {
        loop {
            let head = self.reader.head()?;
            match head.major {
                Major::Array | Major::Map => {
                    let object = head.major == Major::Map;
                    self.out.push(if object { b'{' } else { b'[' });
                    self.open.push(Open {
                        object,
                        count: head.argument,
                        left: head.argument,
                        key: b"",
                    });
                }
                _ => self.scalar(head)?,
            }
            if !self.next()? {
                return Ok(());
            }
        }
    }

    /// Writes what stands before the next item; `false` if there is none.
    fn next(&mut self) -> Result<bool, Failure> {
        while let Some(open) = self.open.last_mut() {
            if open.left > 0 {
                if open.left < open.count {
                    self.out.push(b',');
                }
                open.left -= 1;
                if open.object {
                    let head = self.reader.head()?;
                    open.key = self.reader.bytes_of(head)?;
                    text::quote(open.key, &mut self.out);
                    self.out.push(b':');
                }
                return Ok(true);
            }
            self.out.push(if open.object { b'}' } else { b']' });
            self.open.pop();
        }
        Ok(false)
    }

    fn scalar(&mut self, head: Head) -> Result<(), Failure> {
        match (head.major, head.info) {
            (Major::Uint, _) => number::write_unsigned(head.argument, &mut self.out),
            (Major::Nint, _) => match head.argument.checked_add(1) {
                Some(magnitude) => {
                    self.out.push(b'-');
                    number::write_unsigned(magnitude, &mut self.out);
                }
                None => self.out.extend_from_slice(b"-18446744073709551616"),
            },
            (Major::Text, _) => text::quote(self.reader.bytes_of(head)?, &mut self.out),
            (Major::Tag, _) => return self.tagged(head.argument),
            (Major::Simple, FALSE) => self.out.extend_from_slice(b"false"),
            (Major::Simple, TRUE) => self.out.extend_from_slice(b"true"),
            (Major::Simple, NULL) => self.out.extend_from_slice(b"null"),
            (Major::Simple, _) => return self.float(head.float()),
            _ => {
                return Err(Failure::new(
                    "JSON has no bytes: write them as text, or as an array of numbers",
                ));
            }
        }
        Ok(())
    }

    fn float(&mut self, float: Option<Float>) -> Result<(), Failure> {
        let Some(float) = float else {
            return Err(Failure::new("JSON has no undefined: leave it out, or write null"));
        };
        let value = float.to_f64();
        if !value.is_finite() {
            return Err(Failure::new("JSON has no NaN and no infinities: write null or text"));
        }
        if value == 0.0 {
            self.out.extend_from_slice(b"-0"); // 0 is an integer
        } else {
            number::write_float(value, false, &mut self.out);
        }
        Ok(())
    }

    fn tagged(&mut self, tag: u64) -> Result<(), Failure> {
        match tag {
            BigInt::POSITIVE | BigInt::NEGATIVE => {
                let integer = BigInt::read_tagged(tag, &mut self.reader)?;
                if integer.magnitude().len() <= 8 {
                    return Err(Failure::new(
                        "JSON would make a number of a BigInt within ±(2^53 − 1): write it as a number or as text",
                    ));
                }
                number::write_big(integer.is_negative(), integer.magnitude(), &mut self.out)
                    .ok_or_else(|| Failure::new("a BigInt of more than 4,300 digits: write it as text"))
            }
            Wtf8::TAG => {
                text::quote_wtf8(self.reader.bytes()?, &mut self.out);
                Ok(())
            }
            1 => Err(Failure::new("JSON has no Date: write it as a number or as text")),
            MAP_TAG | SET_TAG => Err(Failure::new(
                "JSON has no Map and no Set: write an array of the entries",
            )),
            _ => Err(Failure::new(
                "JSON has no typed arrays: write an array of numbers, or text",
            )),
        }
    }

    /// The failure with the way to the item that was to be written.
    fn locate(&self, failure: Failure) -> Failure {
        self.open.iter().rev().fold(failure, |failure, open| match open.object {
            true => failure.in_entry(core::str::from_utf8(open.key).unwrap_or_default()),
            false => failure.in_element(open.count.saturating_sub(open.left + 1) as usize),
        })
    }
}
