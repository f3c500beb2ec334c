//! What is remembered of events between two calls: those that wait, and the last one that does not.

use alloc::vec::Vec;

use crate::fold::batch::{BatchRow, identity};
use crate::fold::events::{Item, Place, Syntax};
use crate::fold::{Anchor, Progress};

/// Byte strings one after the other, in memory that is kept.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Pieces {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn push(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
        self.ends.push(self.bytes.len());
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = core::iter::once(&0).chain(&self.ends);
        let ranges = starts.zip(&self.ends);
        ranges.map(|(start, end)| self.bytes.get(*start..*end).unwrap_or_default())
    }
}

/// Events that wait: those of earlier inputs, and where those of this one lie in it.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    earlier: Pieces,
    now: Vec<(usize, usize)>,
}

impl Waiting {
    pub fn len(&self) -> usize {
        self.earlier.len() + self.now.len()
    }

    pub fn push(&mut self, row: &BatchRow<'_>) {
        self.now.push((row.start, row.end));
    }

    pub fn clear(&mut self) {
        self.earlier.clear();
        self.now.clear();
    }

    /// The first of them.
    pub fn first<'a>(&'a self, input: &'a [u8]) -> Option<&'a [u8]> {
        match self.earlier.iter().next() {
            Some(first) => Some(first),
            None => self.now.first().and_then(|(start, end)| input.get(*start..*end)),
        }
    }

    /// All of them, once they are settled.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.earlier.iter()
    }

    /// Copies those of this input.
    pub fn settle(&mut self, input: &[u8]) {
        for (start, end) in self.now.drain(..) {
            self.earlier.push(input.get(start..end).unwrap_or_default());
        }
    }
}

/// The last event that is folded in. What identifies it is looked at only when somebody asks.
#[derive(Debug, Default)]
pub(super) struct Mark {
    position: Option<u64>,
    event_count: u64,
    /// Of an event of an earlier session.
    anchor: Option<Anchor>,
    /// Where an event of this input lies in it.
    now: Option<(usize, usize)>,
    /// An event of an earlier one.
    event: Vec<u8>,
    /// Where its id lies in it.
    id: Option<Place>,
    syntax: Option<Syntax>,
}

impl Mark {
    pub fn new(progress: &Progress) -> Self {
        Self {
            position: progress.position(),
            event_count: progress.event_count(),
            anchor: progress.anchor().cloned(),
            ..Self::default()
        }
    }

    pub fn event_count(&self) -> u64 {
        self.event_count
    }

    /// Moves on to an event, with which `event_count` are folded in.
    #[inline]
    pub fn set(&mut self, row: &BatchRow<'_>, event_count: u64) {
        self.position = Some(row.position);
        self.event_count = event_count;
        self.now = Some((row.start, row.end));
        self.id = row.id().map(|id| id.place_from(row.start));
        self.syntax = Some(row.event.syntax);
    }

    /// Copies the event if it lies in this input.
    pub fn settle(&mut self, input: &[u8]) {
        if let Some((start, end)) = self.now.take() {
            self.event.clear();
            self.event.extend_from_slice(input.get(start..end).unwrap_or_default());
        }
    }

    /// Where it stands, once it is settled.
    pub fn progress(&self) -> Progress {
        match self.position {
            Some(position) => Progress::resume(position, self.event_count, self.identity()),
            None => Progress::default(),
        }
    }

    fn identity(&self) -> Option<Anchor> {
        let Some(syntax) = self.syntax else {
            return self.anchor.clone();
        };
        let id = self.id.and_then(|id| Item::new(&self.event, id, syntax));
        Some(identity(id, &self.event))
    }
}
