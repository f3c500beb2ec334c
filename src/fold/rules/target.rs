//! Where an operation works: a JSON Pointer into the state whose segments may be filled from the event.

use alloc::string::String;
use alloc::vec::Vec;

use super::known::{Path, Paths};
use crate::fold::events::{Event, Parts};
use crate::fold::names::{Name, OwnName};
use crate::fold::pointer;
use crate::fold::spec::Reference;

/// The segments of a target; none for the whole state.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// As it was given.
    pub text: String,
    pub segments: Vec<Segment>,
    /// The paths that end before each segment.
    pub paths: Vec<Path>,
    /// The path to the target itself, if other targets lie in it.
    pub whole: Option<Path>,
}

#[derive(Clone, Debug)]
pub(super) enum Segment {
    Fixed(OwnName),
    /// Text or an integer of the event.
    Filled(Reference),
}

impl Target {
    /// Parses a target. Braces are parsed first: a whole segment in braces is a pointer into the event, and a literal brace is doubled.
    pub fn parse(target: &str, parts: &mut Parts, known: &mut Paths) -> Result<Self, &'static str> {
        let (mut segments, mut paths) = (Vec::new(), Vec::new());
        let mut rest = target;
        let mut path = Path::ROOT;
        let mut is_fixed = true;
        while !rest.is_empty() {
            let Some(segment) = rest.strip_prefix('/') else {
                return Err("a target is empty or begins with a slash");
            };
            let (segment, after) = match segment.strip_prefix('{') {
                Some(reference) if !reference.starts_with('{') => filled(reference, parts)?,
                _ => fixed(segment)?,
            };
            is_fixed &= matches!(segment, Segment::Fixed(_));
            segments.push(segment);
            paths.push(path);
            rest = after;
            if let Some(before) = target.strip_suffix(rest).filter(|_| !rest.is_empty()) {
                path = known.enter(before, is_fixed);
            }
        }
        let text = target.into();
        let whole = None;
        Ok(Self {
            text,
            segments,
            paths,
            whole,
        })
    }

    /// The target as a pointer, for errors; a segment that the event does not fill stays in braces.
    #[cold]
    pub fn show(&self, event: &Event<'_>) -> String {
        let mut shown = String::new();
        for segment in &self.segments {
            match (segment, segment.fill(event, &mut Vec::new())) {
                (_, Some(segment)) => pointer::push(&mut shown, &String::from_utf8_lossy(segment.text)),
                (Segment::Filled(reference), None) => shown.extend(["/{", &reference.pointer, "}"]),
                (Segment::Fixed(_), None) => {}
            }
        }
        shown
    }
}

impl Segment {
    /// What stands there for this event. `spare` is for what does not stand there letter by letter.
    // Whatever is returned by way of memory costs more than to make it.
    #[inline(always)]
    pub fn fill<'a>(&'a self, event: &Event<'a>, spare: &'a mut Vec<u8>) -> Option<Name<'a>> {
        match self {
            Self::Fixed(segment) => Some(segment.name()),
            Self::Filled(reference) => {
                let item = event.part(reference.part)?;
                item.segment_in(spare).map(Name::new)
            }
        }
    }
}

/// A reference, whose opening brace has been read, and what follows it.
fn filled<'t>(text: &'t str, parts: &mut Parts) -> Result<(Segment, &'t str), &'static str> {
    let (pointer, after) =
        until_brace(text).ok_or("a reference that is not closed: write {/pointer/into/the/event}")?;
    if !after.is_empty() && !after.starts_with('/') {
        return Err("a reference must be a whole segment");
    }
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err("what stands in braces is a JSON Pointer into the event, which begins with a slash: {/data/id}");
    }
    Ok((Segment::Filled(Reference::new(&pointer, parts)?), after))
}

/// What stands before the closing brace, and what follows that.
fn until_brace(text: &str) -> Option<(String, &str)> {
    let mut content = String::new();
    let mut rest = text;
    loop {
        let at = rest.find(['{', '}'])?;
        let (before, brace) = rest.split_at_checked(at)?;
        content.push_str(before);
        let (brace, after) = brace.split_at_checked(1)?;
        match after.strip_prefix(brace) {
            Some(after) => {
                content.push_str(brace);
                rest = after;
            }
            None => return (brace == "}").then_some((content, after)),
        }
    }
}

/// A segment as it stands, and what follows it.
fn fixed(text: &str) -> Result<(Segment, &str), &'static str> {
    const SINGLE: &str = "a reference must be a whole segment, and a literal brace is doubled: {{ or }}";
    let end = text.find('/').unwrap_or(text.len());
    let (segment, after) = text.split_at_checked(end).unwrap_or_default();
    let mut plain = String::new();
    let mut rest = segment;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, braces) = rest.split_at_checked(at).unwrap_or_default();
        let doubled = braces.starts_with("{{") || braces.starts_with("}}");
        let (brace, behind) = braces.split_at_checked(2).filter(|_| doubled).ok_or(SINGLE)?;
        plain.push_str(before);
        plain.push_str(brace.get(..1).unwrap_or_default());
        rest = behind;
    }
    plain.push_str(rest);
    Ok((Segment::Fixed(OwnName::new(pointer::unescape(&plain)?)), after))
}
