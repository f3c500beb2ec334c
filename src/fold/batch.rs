//! Batches of events as bytes: one event after the other, in order, and where the fold stands then.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::events::{Event, Found, Item, PartId, Parts, Syntax, ascii_bytes};
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

    /// The input goes; what is still needed of its events has to be copied.
    fn settle(&mut self, _input: &[u8]) {}
}

/// An event that comes next.
#[derive(Clone, Copy)]
pub(crate) struct BatchRow<'a> {
    pub position: u64,
    /// The type.
    pub kind: &'a [u8],
    pub event: Event<'a>,
    /// Where it lies in the input.
    pub start: usize,
    pub end: usize,
    id: PartId,
}

impl<'a> BatchRow<'a> {
    /// The event's id.
    pub fn id(&self) -> Option<Item<'a>> {
        self.event.part(self.id)
    }

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
        sink.settle(input);
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
        let mut spare = Vec::new();
        let kind = match kind {
            Some(kind) => Some(kind.as_bytes()),
            None => event.part(wanted.kind).and_then(|kind| kind.text_in(&mut spare)),
        };
        let Some(kind) = kind else {
            return Err(no_type());
        };
        sink.fold(&BatchRow {
            position,
            kind,
            event,
            start,
            end,
            id: wanted.id,
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
        if let Some(start) = last {
            self.anchor = Some(anchor(sink, (input, start), syntax, &mut found));
        }
        sink.settle(input);
        self.found = found;
        ran
    }

    /// `last` is where the last event starts that was folded in.
    fn run_to_end(
        &mut self,
        input: &[u8],
        syntax: Syntax,
        sink: &mut impl Sink,
        found: &mut Found,
        last: &mut Option<usize>,
    ) -> Result<()> {
        let mut at = 0;
        found.forget(sink.parts().0);
        loop {
            if syntax == Syntax::Lines && input.get(at) != Some(&b'{') {
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
            match self.next(&event, (at, end), wanted, sink) {
                Ok(Next::Fold) => *last = Some(at),
                Ok(Next::Same) => self.repeat(sink, (input, syntax), found, (last, at))?,
                Err(error) if error.offset().is_some() => return Err(error),
                Err(error) => return Err(error.at_offset(at)),
            }
            at = next;
        }
    }

    /// Folds an event in if it comes next.
    #[inline(always)]
    fn next(
        &mut self,
        event: &Event<'_>,
        (start, end): (usize, usize),
        wanted: Wanted,
        sink: &mut impl Sink,
    ) -> Result<Next> {
        let Some(position) = event.part(wanted.position).and_then(|position| position.whole()) else {
            return Err(no_position());
        };
        if self.sequence.next(self.position, position)? == Next::Same {
            return Ok(Next::Same);
        }
        let mut spare = Vec::new();
        let Some(kind) = event.part(wanted.kind).and_then(|kind| kind.text_in(&mut spare)) else {
            return Err(no_type().at_position(position));
        };
        sink.fold(&BatchRow {
            position,
            kind,
            event: *event,
            start,
            end,
            id: wanted.id,
        })
        .map_err(|error| placed(error, position))?;
        self.position = Some(position);
        self.event_count = self.event_count.saturating_add(1);
        Ok(Next::Fold)
    }

    /// An event at the position of the last one: the same, or an error.
    #[cold]
    #[inline(never)]
    fn repeat(
        &mut self,
        sink: &impl Sink,
        (input, syntax): (&[u8], Syntax),
        found: &mut Found,
        (last, at): (&mut Option<usize>, usize),
    ) -> Result<()> {
        // It is scanned once, however often it comes again.
        if let Some(last) = last.take() {
            self.anchor = Some(anchor(sink, (input, last), syntax, found));
        }
        let again = anchor(sink, (input, at), syntax, found);
        match self.anchor.as_ref().is_none_or(|anchor| *anchor == again) {
            true => Ok(()),
            false => Err(Sequence::two_at(self.position.unwrap_or_default()).at_offset(at)),
        }
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

/// The identity of an event that has been scanned before. It is scanned again, so that nobody has to remember its id.
fn anchor(sink: &impl Sink, (input, start): (&[u8], usize), syntax: Syntax, found: &mut Found) -> Anchor {
    let (parts, wanted) = sink.parts();
    found.forget(parts);
    let end = found.scan(parts, input, start, syntax).unwrap_or(start);
    let event = Event { input, found, syntax };
    identity(event.part(wanted.id), input.get(start..end).unwrap_or_default())
}

/// How many bytes are UTF-8.
fn utf8_bytes(input: &[u8]) -> usize {
    let ascii = ascii_bytes(input);
    let rest = input.get(ascii..).unwrap_or_default();
    ascii + core::str::from_utf8(rest).map_or_else(|error| error.valid_up_to(), str::len)
}

#[inline(never)]
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

#[inline(always)]
fn end_of_line(input: &[u8], end: usize) -> Result<usize> {
    if input.get(end) == Some(&b'\n') {
        return Ok(end + 1);
    }
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
fn no_position() -> Error {
    Error::new(
        Code::InvalidEvent,
        "the event has no position, or one that is no whole number of 64 bits; say where it stands in events.position",
    )
}

#[cold]
fn no_type() -> Error {
    Error::new(
        Code::InvalidEvent,
        "the event has no type, which is text; say where it stands in events.type",
    )
}
