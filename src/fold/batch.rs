//! Batches of events as bytes: one event after the other, in order, and where the fold stands then.

use alloc::borrow::Cow;
use alloc::string::String;
use core::ops::Range;

use super::events::{Event, Found, Item, PartId, Parts, Place, Syntax};
use super::pointer;
use super::progress::{Next, Sequence};
use super::{Anchor, Progress};
use crate::value::{Writer, json, validate};
use crate::{Code, Error, Result};

/// Where the parts that every fold needs lie in an event, as JSON Pointers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPointers {
    /// The position: an integer, or its decimal text. Default `/position`.
    pub position: String,
    /// The id: text or an integer; without one, the event's bytes are its identity. Default `/id`.
    pub id: String,
    /// The type: text. Default `/type`.
    pub kind: String,
    /// The payload. Default `/data`.
    pub data: String,
}

impl Default for EventPointers {
    fn default() -> Self {
        Self {
            position: "/position".into(),
            id: "/id".into(),
            kind: "/type".into(),
            data: "/data".into(),
        }
    }
}

/// The same, as parts of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub position: PartId,
    pub id: PartId,
    pub kind: PartId,
    pub data: PartId,
}

/// What a batch is folded into.
pub(crate) trait Sink {
    /// Which parts of an event are looked at.
    fn parts(&self) -> (&Parts, Wanted);

    /// Folds an event in, or leaves everything as it was.
    fn fold(&mut self, row: &BatchRow<'_>) -> Result<()>;
}

/// An event that comes next.
#[derive(Clone, Copy)]
pub(crate) struct BatchRow<'a> {
    pub position: u64,
    /// The type.
    pub kind: &'a [u8],
    pub event: Event<'a>,
    /// All of the event.
    pub bytes: &'a [u8],
    pub id: Option<Item<'a>>,
}

impl BatchRow<'_> {
    /// The type, for messages.
    #[cold]
    pub fn shown_kind(&self) -> String {
        String::from_utf8_lossy(self.kind).into_owned()
    }
}

/// Where a fold stands, and how events follow each other.
#[derive(Debug)]
pub(crate) struct Batch {
    sequence: Sequence,
    strict: bool,
    position: Option<u64>,
    event_count: u64,
    /// Of the last event of an earlier batch.
    anchor: Option<Anchor>,
    found: Found,
}

/// Where an event lies in a batch, and its id.
#[derive(Clone, Copy, Debug)]
struct Last {
    start: usize,
    end: usize,
    id: Option<Place>,
}

impl Batch {
    pub fn new(sequence: Sequence, strict: bool, progress: &Progress) -> Self {
        Self {
            sequence,
            strict,
            position: progress.position(),
            event_count: progress.event_count(),
            anchor: progress.anchor().cloned(),
            found: Found::default(),
        }
    }

    /// Goes on elsewhere, with what has been learned of how events are written.
    pub fn restart(&mut self, progress: &Progress) {
        self.position = progress.position();
        self.event_count = progress.event_count();
        self.anchor = progress.anchor().cloned();
    }

    pub fn progress(&self) -> Progress {
        match self.position {
            Some(position) => Progress::resume(position, self.event_count, self.anchor.clone()),
            None => Progress::default(),
        }
    }

    /// Folds JSON Lines in, one event after the other; ends with the first that cannot be folded.
    pub fn json_lines(&mut self, input: &[u8], sink: &mut impl Sink) -> Result<()> {
        // Checked at once, which is several times as fast as text by text.
        let sound = utf8_bytes(input);
        if sound == input.len() {
            return self.run(input, Syntax::Lines, sink);
        }
        let before = input.get(..sound).unwrap_or_default();
        let whole_lines = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.run(before.get(..whole_lines).unwrap_or_default(), Syntax::Lines, sink)?;
        Err(not_utf8(sound))
    }

    /// The same for a CBOR sequence (RFC 8742).
    pub fn cbor_sequence(&mut self, input: &[u8], sink: &mut impl Sink) -> Result<()> {
        self.run(input, Syntax::Cbor, sink)
    }

    /// Folds one event in whose place in the log is known and has been checked. `kind` instead of what the event says.
    pub fn row(
        &mut self,
        position: u64,
        kind: Option<&str>,
        (input, syntax): (&[u8], Syntax),
        sink: &mut impl Sink,
    ) -> Result<()> {
        let mut found = core::mem::take(&mut self.found);
        let folded = self.fold_row(position, kind, (input, syntax), &mut found, sink);
        self.found = found;
        folded.map_err(|error| placed(error, position))
    }

    fn fold_row(
        &mut self,
        position: u64,
        kind: Option<&str>,
        (input, syntax): (&[u8], Syntax),
        found: &mut Found,
        sink: &mut impl Sink,
    ) -> Result<()> {
        let space = |at| match syntax {
            Syntax::Lines | Syntax::Json => after_space(input, at, true),
            Syntax::Cbor => at,
        };
        if syntax == Syntax::Json {
            let sound = utf8_bytes(input);
            if sound < input.len() {
                return Err(not_utf8(sound));
            }
        }
        let (parts, wanted) = sink.parts();
        let start = space(0);
        found.forget(parts);
        let end = found.scan(parts, input, start, syntax)?;
        if space(end) < input.len() {
            return Err(Error::new(Code::Malformed, AFTER).at_offset(space(end)));
        }
        self.check(input, start..end, syntax)?;
        let event = Event { input, found, syntax };
        let own = event.part(wanted.kind).and_then(|kind| kind.text());
        let Some(kind) = kind.map(|kind| Cow::Borrowed(kind.as_bytes())).or(own) else {
            return Err(no_type());
        };
        sink.fold(&BatchRow {
            position,
            kind: &kind,
            event,
            bytes: input.get(start..end).unwrap_or_default(),
            id: event.part(wanted.id),
        })?;
        self.position = Some(position);
        self.anchor = None; // whoever checked its place knows which event it is
        self.event_count = self.event_count.saturating_add(1);
        Ok(())
    }

    fn run(&mut self, input: &[u8], syntax: Syntax, sink: &mut impl Sink) -> Result<()> {
        let mut found = core::mem::take(&mut self.found);
        let mut last = None;
        let ran = self.run_to_end(input, syntax, sink, &mut found, &mut last);
        if let Some(place) = last {
            self.anchor = Some(anchor(input, &place, syntax));
        }
        self.found = found;
        ran
    }

    fn run_to_end(
        &mut self,
        input: &[u8],
        syntax: Syntax,
        sink: &mut impl Sink,
        found: &mut Found,
        last: &mut Option<Last>,
    ) -> Result<()> {
        let mut at = 0;
        found.forget(sink.parts().0);
        loop {
            if syntax == Syntax::Lines {
                at = after_space(input, at, true);
            }
            if at >= input.len() {
                return Ok(());
            }
            let (parts, wanted) = sink.parts();
            let end = found.scan(parts, input, at, syntax)?;
            let next = match syntax {
                Syntax::Lines => end_of_line(input, end)?,
                Syntax::Json | Syntax::Cbor => end,
            };
            self.check(input, at..end, syntax)?;
            let event = Event { input, found, syntax };
            self.next(&event, at..end, wanted, sink, last)
                .map_err(|error| match error.offset() {
                    Some(_) => error,
                    None => error.at_offset(at),
                })?;
            at = next;
        }
    }

    /// Folds an event in if it comes next.
    #[inline]
    fn next(
        &mut self,
        event: &Event<'_>,
        range: Range<usize>,
        wanted: Wanted,
        sink: &mut impl Sink,
        last: &mut Option<Last>,
    ) -> Result<()> {
        let Some(position) = event.part(wanted.position).and_then(|position| position.whole()) else {
            return Err(Error::new(
                Code::InvalidEvent,
                "the event has no position: a whole number of 64 bits; say where it stands in events.position",
            ));
        };
        let place = Last {
            start: range.start,
            end: range.end,
            id: event.found.place(wanted.id),
        };
        if self.sequence.next(self.position, position)? == Next::Same {
            return self.repeat(event, position, &place, last);
        }
        let Some(kind) = event.part(wanted.kind).and_then(|kind| kind.text()) else {
            return Err(no_type().at_position(position));
        };
        sink.fold(&BatchRow {
            position,
            kind: &kind,
            event: *event,
            bytes: event.input.get(range).unwrap_or_default(),
            id: event.part(wanted.id),
        })
        .map_err(|error| placed(error, position))?;
        self.position = Some(position);
        self.event_count = self.event_count.saturating_add(1);
        *last = Some(place);
        Ok(())
    }

    /// An event at the position of the last one: the same, or an error.
    #[cold]
    #[inline(never)]
    fn repeat(&self, event: &Event<'_>, position: u64, place: &Last, last: &Option<Last>) -> Result<()> {
        let known = match last {
            Some(earlier) => Some(anchor(event.input, earlier, event.syntax)),
            None => self.anchor.clone(),
        };
        let same = known.is_none_or(|known| known == anchor(event.input, place, event.syntax));
        if same { Ok(()) } else { Err(Sequence::two_at(position)) }
    }

    /// In strict mode: everything in the event, whether anybody looks at it or not.
    #[inline]
    fn check(&self, input: &[u8], range: Range<usize>, syntax: Syntax) -> Result<()> {
        if self.strict {
            check_all(input, range, syntax)
        } else {
            Ok(())
        }
    }
}

#[inline(never)]
fn check_all(input: &[u8], range: Range<usize>, syntax: Syntax) -> Result<()> {
    let plain = |range: &Range<usize>| json::check_plain(input, range.start).is_some_and(|(end, _)| end == range.end);
    if syntax != Syntax::Cbor && plain(&range) {
        return Ok(());
    }
    let start = range.start as u64;
    let event = input.get(range).unwrap_or_default();
    let checked = match syntax {
        Syntax::Lines | Syntax::Json => json::Transcoder::default().append(event, &mut Writer::default()),
        Syntax::Cbor => validate(event),
    };
    checked.map_err(|error| {
        let offset = start.saturating_add(error.offset().unwrap_or_default());
        error.at_offset(offset as usize)
    })
}

/// Parses the pointers of a specification; `mistake` is told what is wrong with which of them.
pub(crate) fn wanted(pointers: &EventPointers, parts: &mut Parts, mut mistake: impl FnMut(&str, &str)) -> Wanted {
    let mut part = |name: &str, pointer: &str| {
        let segments = pointer::parse(pointer).unwrap_or_else(|message| {
            mistake(name, message);
            Default::default()
        });
        parts.add(&segments)
    };
    Wanted {
        position: part("position", &pointers.position),
        id: part("id", &pointers.id),
        kind: part("type", &pointers.kind),
        data: part("data", &pointers.data),
    }
}

/// The identity of an event: its id, or the digest of its bytes.
pub(crate) fn identity(id: Option<Item<'_>>, bytes: &[u8]) -> Anchor {
    match id.and_then(|id| id.segment()) {
        Some(id) if !id.is_empty() => Anchor::id(String::from_utf8_lossy(&id)),
        _ => Anchor::of_bytes(bytes),
    }
}

fn anchor(input: &[u8], place: &Last, syntax: Syntax) -> Anchor {
    let id = place.id.and_then(|id| Item::new(input, id, syntax));
    identity(id, input.get(place.start..place.end).unwrap_or_default())
}

/// How many bytes are UTF-8. Most are ASCII, and 64 of them are seen at once.
fn utf8_bytes(input: &[u8]) -> usize {
    let (blocks, _) = input.as_chunks::<64>();
    let ascii = blocks.iter().take_while(|block| {
        let (words, _) = block.as_chunks::<8>();
        words.iter().fold(0, |bits, word| bits | u64::from_le_bytes(*word)) & 0x8080_8080_8080_8080 == 0
    });
    let ascii = ascii.count() * 64;
    let rest = input.get(ascii..).unwrap_or_default();
    ascii + core::str::from_utf8(rest).map_or_else(|error| error.valid_up_to(), str::len)
}

fn after_space(input: &[u8], mut at: usize, lines: bool) -> usize {
    while let Some(byte) = input.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' => at += 1,
            b'\n' if lines => at += 1,
            _ => break,
        }
    }
    at
}

fn end_of_line(input: &[u8], end: usize) -> Result<usize> {
    let at = after_space(input, end, false);
    match input.get(at) {
        None | Some(b'\n') => Ok(at),
        Some(_) => Err(Error::new(Code::Malformed, AFTER).at_offset(at)),
    }
}

/// An error of an event, which may speak of an earlier one.
#[cold]
fn placed(error: Error, position: u64) -> Error {
    match error.position() {
        Some(_) => error,
        None => error.at_position(position),
    }
}

const AFTER: &str = "something follows the event: there is one on a line";

#[cold]
fn not_utf8(at: usize) -> Error {
    Error::new(Code::Malformed, "bytes that are not UTF-8").at_offset(at)
}

#[cold]
fn no_type() -> Error {
    Error::new(
        Code::InvalidEvent,
        "the event has no type, which is text; say where it stands in events.type",
    )
}
