//! Frames as text for people.

use alloc::format;
use alloc::string::String;

use super::head::{DIGEST_BYTES, MAGIC, PRELUDE_BYTES, read_u32};
use super::{Expect, Opened, inspect, lz4, open};
use crate::value::{self, Bytes};
use crate::{Code, Error};

/// Shows a frame, whole or damaged, in diagnostic notation (RFC 8949 §8): the verdict, the header, the payload; each of the last two as
/// by [`value::diagnose`] with at most `max_chars` characters. Other bytes are shown as by that alone.
///
/// ```
/// use snapfold::frame::{self, Header};
///
/// let header = Header::new("cart", 3, "cart-42", 1_200, 1_200);
/// let frame = frame::seal(&header, &snapfold::value::to_vec(&["apples", "pears"])?)?;
/// let text = frame::diagnose(&frame, 47);
/// assert_eq!(
///     text,
///     r#"/ a frame that opens /
/// / header / {1: "cart", 2: 3, 3: "cart-42", 4: 1200, 5: … / bytes left: 40 /
/// / payload / ["apples", "pears"]"#
/// );
///
/// let text = frame::diagnose(&frame[..frame.len() - 6], 47);
/// assert!(text.starts_with("/ a frame that does not open: truncated"));
/// assert!(text.ends_with(r#"/ payload / ["apples" / malformed at byte 8: an item is missing: the input ends too early /"#));
/// # Ok::<(), snapfold::Error>(())
/// ```
///
/// What stands in the fields of the header is in docs/format.md §2.1. Of signed frames nothing is verified: [`open`] does that, with the
/// keys. Compressed payloads of frames that open are expanded. O(n), and the memory that [`open`] takes.
pub fn diagnose(bytes: &[u8], max_chars: usize) -> String {
    if !bytes.starts_with(&MAGIC) {
        return value::diagnose(bytes, max_chars);
    }
    let header_bytes = read_u32(bytes, PRELUDE_BYTES - 4).map_or(0, |length| length as usize);
    let behind = bytes.get(PRELUDE_BYTES..).unwrap_or_default();
    let (header, behind) = behind.split_at_checked(header_bytes).unwrap_or((behind, &[]));
    let stored = behind.get(DIGEST_BYTES..).unwrap_or_default();
    let any = Expect::default();
    let expect = Expect {
        fold_digest: inspect(bytes, &any).ok().and_then(|found| found.header.fold_digest),
        ..any
    };
    let (verdict, payload) = match open(bytes, &expect) {
        Ok(opened) => ("a frame that opens".into(), show(&opened, max_chars)),
        Err(error) => (refusal(&error), show_stored(stored, max_chars)),
    };
    let header = value::diagnose(header, max_chars);
    format!("/ {verdict} /\n/ header / {header}\n/ payload / {payload}")
}

fn refusal(error: &Error) -> String {
    match error.code() {
        Code::UnknownKey => format!("a frame of which nothing is verified here: {error}"),
        _ => format!("a frame that does not open: {error}"),
    }
}

fn show(opened: &Opened<'_>, max_chars: usize) -> String {
    match opened.facts.media_type {
        None => value::diagnose(&opened.payload, max_chars),
        Some(_) => show_bytes(&opened.payload, max_chars),
    }
}

/// What lies in a frame that does not open: perhaps a value, though none begins as LZ4 does.
fn show_stored(stored: &[u8], max_chars: usize) -> String {
    match stored.starts_with(&lz4::DESCRIPTOR) {
        true => format!("/ compressed / {}", show_bytes(stored, max_chars)),
        false => value::diagnose(stored, max_chars),
    }
}

fn show_bytes(bytes: &[u8], max_chars: usize) -> String {
    let shown = bytes.get(..max_chars).unwrap_or(bytes);
    let item = value::to_vec(&Bytes(shown.into())).unwrap_or_default();
    value::diagnose(&item, max_chars)
}
