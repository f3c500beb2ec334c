//! Keys as names of folders and files. Each segment but the last is a folder, the last one a file that ends in `.snap`; folders never do.
//! The alphabet of keys (docs/format.md §3) stands for itself; everything else, and what a file system understands differently, is `%` and
//! two hexadecimal digits: capitals, dots at the ends, the first letter of names that Windows reserves.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const FILE: &str = ".snap";

/// The folders in which a key's file lies, and its name there.
pub(super) fn file_of(key: &str) -> (Vec<String>, String) {
    let (folders, last) = key
        .rsplit_once('/')
        .map_or((None, key), |(folders, last)| (Some(folders), last));
    (folders_of(folders), format!("{}{FILE}", name_of(last)))
}

/// The folder of all keys that begin with this and a slash; none: of all.
pub(super) fn folders_of(segments: Option<&str>) -> Vec<String> {
    segments
        .into_iter()
        .flat_map(|segments| segments.split('/'))
        .map(folder_name)
        .collect()
}

/// What a folder of that name stands for; `None` for a folder of somebody else's.
pub(super) fn segment_of_folder(name: &str) -> Option<String> {
    segment_of(name).filter(|segment| folder_name(segment) == name)
}

/// What a file of that name stands for; `None` for a file of somebody else's.
pub(super) fn segment_of_file(name: &str) -> Option<String> {
    let name = name.strip_suffix(FILE)?;
    segment_of(name).filter(|segment| name_of(segment) == name)
}

/// A name that no key has, for the `count`th file that this process writes.
pub(super) fn temporary_name(process: u32, count: u64) -> String {
    format!("%{process:08x}-0000-4000-8000-{:012x}.tmp", count & 0xffff_ffff_ffff)
}

/// Of this process or another one, in whatever language.
pub(super) fn is_temporary(name: &str) -> bool {
    let unique = name.strip_prefix('%').and_then(|name| name.strip_suffix(".tmp"));
    unique.is_some_and(|unique| {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
        unique.len() == 36 && unique.bytes().all(is_digit)
    })
}

fn folder_name(segment: &str) -> String {
    let name = name_of(segment);
    match name.strip_suffix(FILE) {
        Some(rest) => format!("{rest}%2esnap"),
        None => name,
    }
}

fn name_of(segment: &str) -> String {
    if segment.is_empty() {
        return "%".into();
    }
    let last = segment.len() - 1;
    let mut name = String::new();
    for (index, byte) in segment.bytes().enumerate() {
        let plain = match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'~' | b'-' => index > 0 || !is_reserved(segment),
            b'.' => index != 0 && index != last,
            _ => false,
        };
        match plain {
            true => name.push(char::from(byte)),
            false => name += &format!("%{byte:02x}"),
        }
    }
    name
}

/// Names of devices on Windows, with any extension.
fn is_reserved(segment: &str) -> bool {
    let name = segment.split_once('.').map_or(segment, |(name, _)| name);
    let numbered = |device| {
        let number = name.strip_prefix(device).map(str::as_bytes);
        matches!(number, Some([b'0'..=b'9']))
    };
    matches!(name, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

fn segment_of(name: &str) -> Option<String> {
    if name == "%" {
        return Some(String::new());
    }
    let mut segment = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('%') {
        segment += before;
        let (digits, after) = after.split_at_checked(2)?;
        segment.push(
            u8::from_str_radix(digits, 16)
                .ok()
                .filter(u8::is_ascii)
                .map(char::from)?,
        );
        rest = after;
    }
    segment += rest;
    segment.is_ascii().then_some(segment)
}
