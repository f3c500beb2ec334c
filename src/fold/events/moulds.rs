//! Events that have every byte of their structure where one that came had it.
//!
//! Many events of a log differ in nothing but the letters and digits of their scalars. Such a one is compared as a whole with the mould of
//! another: nothing has to be found before the next thing can be looked at, and where its parts lie is known.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::Place;
use super::block::{GROUP, newlines, specials, within};
use super::parts::PartId;
use super::text::plain_end;

/// An event of more groups has no mould.
const MOST_GROUPS: usize = 8;

/// No more moulds are made.
const MOST: usize = 192;

/// Places to look for them, so that most lie where they are looked for first.
const SLOTS: usize = 512;

/// How many of these are looked at, one after the other.
const NEAR: usize = 4;

/// All are forgotten after that many events for which there was no more room.
const PATIENCE: u32 = 1 << 12;

/// Where they do not fit, they are not tried for that many events.
const REST: u32 = 1 << 12;

/// What an event that fits earns, what one that does not costs, how much can be earned, and what must not be lost.
const GAIN: i32 = 1;
const LOSS: i32 = 3;
const RICH: i32 = 64;
const POOR: i32 = -1024;

/// The moulds of events that came.
#[derive(Debug, Default)]
pub(super) struct Moulds {
    /// None yet, or as many as there is room for.
    slots: Vec<Slot>,
    groups: Vec<Group>,
    places: Vec<Place>,
    count: usize,
    refused: u32,
    credit: i32,
    rest: u32,
}

/// An event that has a mould; free if it has no bytes.
#[derive(Clone, Debug, Default)]
struct Slot {
    signature: u64,
    bytes: usize,
    /// The first of its groups.
    group: usize,
    /// The first of its places.
    place: usize,
}

/// What 64 bytes have to be: so much above `low` at most, with quotation marks and backslashes in these places only.
#[derive(Clone, Debug)]
struct Group {
    low: [u8; GROUP],
    span: [u8; GROUP],
    specials: u64,
}

/// The line that an event lies on.
pub(super) struct Line {
    bytes: usize,
    /// The places of quotation marks and backslashes in its groups.
    specials: [u64; MOST_GROUPS],
    /// Made of both.
    signature: u64,
}

/// An event that fits a mould.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub bytes: usize,
    place: usize,
}

impl Moulds {
    /// The line that starts at `at`, if it is worth looking for its mould.
    #[inline(always)]
    pub fn line(&mut self, input: &[u8], at: usize) -> Option<Line> {
        if self.rest > 0 {
            self.rest -= 1;
            return None;
        }
        let (groups, _) = input.get(at..)?.as_chunks::<GROUP>();
        let mut line = Line {
            bytes: 0,
            specials: [0; MOST_GROUPS],
            signature: 0,
        };
        for (group, found) in groups.iter().zip(&mut line.specials) {
            *found = specials(group);
            let newlines = newlines(group);
            if newlines != 0 {
                let before = newlines.trailing_zeros();
                *found &= (1 << before) - 1;
                line.bytes += before as usize;
                line.signature = mixed(mixed(line.signature, *found), line.bytes as u64);
                return Some(line);
            }
            line.signature = mixed(line.signature, *found);
            line.bytes += GROUP;
        }
        None
    }

    /// What is known of the event that fills the line, if it fits a mould.
    #[inline(always)]
    pub fn fit(&mut self, line: &Line, input: &[u8], at: usize) -> Option<Fit> {
        let near = self.slots.get(line.slots()).unwrap_or_default();
        match near
            .iter()
            .find(|slot| slot.is_like(line) && self.holds(slot, line, input, at))
        {
            Some(slot) => {
                self.credit = RICH.min(self.credit + GAIN);
                Some(Fit {
                    bytes: slot.bytes,
                    place: slot.place,
                })
            }
            None => {
                self.credit -= LOSS;
                if self.credit < POOR {
                    (self.credit, self.rest) = (0, REST);
                }
                None
            }
        }
    }

    #[inline(always)]
    fn holds(&self, slot: &Slot, line: &Line, input: &[u8], at: usize) -> bool {
        let (groups, _) = input.get(at..).unwrap_or_default().as_chunks::<GROUP>();
        let moulds = self.groups.get(slot.group..).unwrap_or_default();
        let count = slot.bytes.div_ceil(GROUP);
        let all = groups.iter().zip(moulds).zip(&line.specials).take(count);
        all.fold(true, |fits, ((group, mould), specials)| {
            fits & (mould.specials == *specials) & within(group, &mould.low, &mould.span)
        })
    }

    /// Where a part lies in such an event that starts at `start`.
    #[inline(always)]
    pub fn place(&self, fit: Fit, part: PartId, start: usize) -> Option<Place> {
        let place = self.places.get(fit.place + part.0).filter(|place| place.end > 0)?;
        Some(Place {
            start: place.start + start,
            end: place.end + start,
            levels: place.levels,
        })
    }

    /// Makes a mould of an event that has been scanned, whose places count from its own start; one that it has not ends at 0.
    #[cold]
    #[inline(never)]
    pub fn learn(&mut self, line: &Line, event: &[u8], places: impl Iterator<Item = Place>) {
        // Text with escapes is not likely to come again.
        if event.len() != line.bytes || event.contains(&b'\\') {
            return;
        }
        if self.slots.is_empty() {
            self.slots = vec![Slot::default(); SLOTS + NEAR];
        }
        let near = self.slots.get_mut(line.slots()).unwrap_or_default();
        let free = near
            .iter_mut()
            .find(|slot| slot.bytes == 0)
            .filter(|_| self.count < MOST);
        let Some(slot) = free else {
            self.refused += 1;
            if self.refused == PATIENCE {
                *self = Self::default();
            }
            return;
        };
        let (group, place) = (self.groups.len(), self.places.len());
        let Some(bytes) = mould(event) else {
            return;
        };
        self.count += 1;
        *slot = Slot {
            signature: line.signature,
            bytes: event.len(),
            group,
            place,
        };
        let groups = bytes.chunks(GROUP).zip(line.specials);
        self.groups
            .extend(groups.map(|(bytes, specials)| Group::new(bytes, specials)));
        self.places.extend(places);
    }
}

impl Slot {
    #[inline(always)]
    fn is_like(&self, line: &Line) -> bool {
        (self.signature, self.bytes) == (line.signature, line.bytes)
    }
}

impl Line {
    /// Where its mould may be.
    #[inline(always)]
    fn slots(&self) -> Range<usize> {
        let first = (self.signature >> 32) as usize % SLOTS;
        first..first + NEAR
    }
}

impl Group {
    fn new(bytes: &[Byte], specials: u64) -> Self {
        let any = Byte { low: 0, span: u8::MAX };
        let byte = |index: usize| bytes.get(index).copied().unwrap_or(any);
        Self {
            low: core::array::from_fn(|index| byte(index).low),
            span: core::array::from_fn(|index| byte(index).span),
            specials,
        }
    }
}

/// Mixes more bits in, so that the upper ones depend on all.
#[inline(always)]
fn mixed(signature: u64, bits: u64) -> u64 {
    (signature.rotate_left(29) ^ bits).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// What a byte has to be.
#[derive(Clone, Copy)]
struct Byte {
    low: u8,
    span: u8,
}

impl Byte {
    /// In plain text; that it is no quotation mark or backslash is told otherwise.
    const TEXT: Self = Self {
        low: b' ',
        span: u8::MAX - b' ',
    };
    const DIGIT: Self = Self { low: b'0', span: 9 };
    /// Of several.
    const FIRST_DIGIT: Self = Self { low: b'1', span: 8 };

    fn exactly(byte: u8) -> Self {
        Self { low: byte, span: 0 }
    }
}

/// What the bytes of an event have to be to mean the same but for its scalars: letters stay letters, digits digits, and all else what it is.
/// `None` if it has text that does not end.
fn mould(event: &[u8]) -> Option<Vec<Byte>> {
    let mut mould: Vec<Byte> = event.iter().copied().map(Byte::exactly).collect();
    let mut at = 0;
    while let Some(byte) = event.get(at) {
        let end = match byte {
            b'"' => plain_end(event, at + 1),
            b'0'..=b'9' => at + event.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count(),
            _ => at,
        };
        match byte {
            b'"' if event.get(end) != Some(&b'"') => return None,
            b'"' if !is_key(event, end + 1) => mould.get_mut(at + 1..end)?.fill(Byte::TEXT),
            b'0'..=b'9' => digits(mould.get_mut(at..end)?),
            _ => {}
        }
        at = end.max(at) + usize::from(!byte.is_ascii_digit());
    }
    Some(mould)
}

/// A zero in front of others says that they are a fraction, or wrong.
fn digits(digits: &mut [Byte]) {
    match digits {
        [only] => *only = Byte::DIGIT,
        [first, others @ ..] => {
            if first.low != b'0' {
                *first = Byte::FIRST_DIGIT;
            }
            others.fill(Byte::DIGIT);
        }
        [] => {}
    }
}

/// Whether text that ends there is a key.
fn is_key(event: &[u8], end: usize) -> bool {
    let rest = event.get(end..).unwrap_or_default();
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}
