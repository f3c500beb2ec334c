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

/// The last event that is folded in. What identifies it is copied, and looked at only when somebody asks.
#[derive(Debug, Default)]
pub(super) struct Mark {
    position: Option<u64>,
    event_count: u64,
    /// Of an event of an earlier session.
    anchor: Option<Anchor>,
    /// An event of this one, and its id behind it.
    event: Vec<u8>,
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
    pub fn set(&mut self, row: &BatchRow<'_>, event_count: u64) {
        self.position = Some(row.position);
        self.event_count = event_count;
        self.event.clear();
        self.event.extend_from_slice(row.bytes);
        self.id = row.id.map(|id| {
            let start = self.event.len();
            self.event.extend_from_slice(id.bytes);
            let end = self.event.len();
            Place {
                start,
                end,
                ..id.place()
            }
        });
        self.syntax = Some(row.event.syntax);
    }

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
        let end = self.id.map_or(self.event.len(), |id| id.start);
        let id = self.id.and_then(|id| Item::new(&self.event, id, syntax));
        Some(identity(id, self.event.get(..end)?))
    }
}
