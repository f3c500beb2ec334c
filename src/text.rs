//! Texts made of parts, as `format!` makes them, for what the module for JavaScript reaches: `core::fmt` would be 1.7 KB of it (brotli),
//! and serve nothing but the words of errors and decisions.

use alloc::string::String;

/// The template with a part in each `{}`, in order; the compiler counts them.
macro_rules! text {
    ($template:literal $(, $part:expr)* $(,)?) => {{
        const { assert!($crate::text::places($template) == [$(stringify!($part)),*].len()) };
        $crate::text::fill($template, &[$($crate::text::AsPart::as_part(&$part)),*])
    }};
}
pub(crate) use text;

pub(crate) enum Part<'a> {
    Text(&'a str),
    Number(u64),
}

pub(crate) const fn places(template: &str) -> usize {
    let (mut rest, mut places) = (template.as_bytes(), 0);
    while let [first, behind @ ..] = rest {
        places += (*first == b'{') as usize;
        rest = behind;
    }
    places
}

pub(crate) fn fill(template: &str, parts: &[Part<'_>]) -> String {
    let mut filled = String::new();
    let mut parts = parts.iter();
    for template in template.chars() {
        match template {
            '{' => parts.next().into_iter().for_each(|part| part.push_to(&mut filled)),
            '}' => (),
            other => filled.push(other),
        }
    }
    filled
}

impl Part<'_> {
    fn push_to(&self, text: &mut String) {
        match self {
            Part::Text(part) => text.push_str(part),
            Part::Number(number) => {
                let mut digits = [0; 20];
                text.extend(decimal(*number, &mut digits).iter().map(|digit| char::from(*digit)));
            }
        }
    }
}

/// The digits of a number, which lie at the end of the buffer.
pub(crate) fn decimal(mut value: u64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut start = buffer.len();
    for digit in buffer.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        start -= 1;
        if value == 0 {
            break;
        }
    }
    buffer.get(start..).unwrap_or_default()
}

/// What can be a part.
pub(crate) trait AsPart {
    fn as_part(&self) -> Part<'_>;
}

impl<T: AsPart + ?Sized> AsPart for &T {
    fn as_part(&self) -> Part<'_> {
        (**self).as_part()
    }
}

impl AsPart for str {
    fn as_part(&self) -> Part<'_> {
        Part::Text(self)
    }
}

impl AsPart for String {
    fn as_part(&self) -> Part<'_> {
        Part::Text(self)
    }
}

macro_rules! numbers {
    ($($number:ty),+) => {
        $(impl AsPart for $number {
            fn as_part(&self) -> Part<'_> {
                Part::Number(*self as u64)
            }
        })+
    };
}

numbers!(u16, u32, u64, usize);
