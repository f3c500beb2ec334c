//! What a load returns: state and position, which always move together.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Audit, Definition, Rejection};
use crate::Code;
use crate::fold::{Commitment, Fold, Progress};
use crate::policy::{LastLoad, LastSnapshot, Needs};

/// A stream's state at a position.
#[derive(Clone, Debug)]
pub struct Handle<S> {
    pub(super) stream: String,
    pub(super) state: S,
    pub(super) progress: Progress,
    /// To all events up to there; `None` if nobody asked for it, or the snapshot that it began with has none.
    pub(super) commitment: Option<Commitment>,
    pub(super) source: Source,
    pub(super) replayed: u64,
    pub(super) rejected: Vec<Rejection>,
    pub(super) historical: bool,
    pub(super) fence: Option<u64>,
    /// The newest snapshot of the own slot below this state.
    pub(super) base: Option<LastSnapshot>,
    pub(super) load: Option<LastLoad>,
    pub(super) tail: Tail,
    pub(super) audit: Option<Audit>,
}

/// Where a state came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A snapshot of this version, and its tail.
    Snapshot {
        /// Its position.
        position: u64,
    },
    /// A snapshot of an older version, migrated, and its tail.
    Migrated {
        /// Its position.
        position: u64,
        /// The version that wrote it.
        version: u32,
    },
    /// Every event from the first one on.
    Replay,
}

/// What policies want to know of the events since the base.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail {
    pub bytes: u64,
    pub first_at: Option<i64>,
    pub types: BTreeSet<String>,
    /// A type that the definition does not know.
    pub unknown: Option<String>,
}

impl Tail {
    pub fn note<F: Fold>(&mut self, definition: &Definition<F>, needs: &Needs, event: &F::Event) {
        if let Some(size_of) = definition.size_of.as_ref().filter(|_| needs.bytes) {
            self.bytes = self.bytes.saturating_add(size_of(event));
        }
        let knows = &definition.knows;
        if let Some(type_of) = &definition.type_of
            && !(needs.event_types.is_empty() && knows.is_empty())
        {
            let name = type_of(event);
            if !knows.is_empty() && knows.binary_search(&name).is_err() {
                self.unknown.get_or_insert_with(|| name.clone());
            }
            if needs.event_types.contains(&name) {
                self.types.insert(name);
            }
        }
    }
}

impl<S> Handle<S> {
    /// Stream id.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// The state.
    pub fn state(&self) -> &S {
        &self.state
    }

    /// Position of the last folded event, inclusive; `None` if nothing is folded yet.
    pub fn position(&self) -> Option<u64> {
        self.progress.position()
    }

    /// How many events are folded in.
    pub fn event_count(&self) -> u64 {
        self.progress.event_count()
    }

    /// Where the state came from.
    pub fn source(&self) -> Source {
        self.source
    }

    /// Events that the load folded.
    pub fn replayed(&self) -> u64 {
        self.replayed
    }

    /// Snapshots that were found and not used, and why.
    pub fn rejected(&self) -> &[Rejection] {
        &self.rejected
    }

    /// True for a state of the past.
    pub fn is_historical(&self) -> bool {
        self.historical
    }

    /// The owner's token when this was loaded, if the definition asks for one.
    pub fn fence(&self) -> Option<u64> {
        self.fence
    }

    /// How the comparison with a full replay went, if this load was one that the definition has compared
    /// ([`Definition::audit_every`](super::Definition::audit_every)).
    pub fn audit(&self) -> Option<&Audit> {
        self.audit.as_ref()
    }

    pub(super) fn store_was_unreadable(&self) -> bool {
        self.rejected.iter().any(|rejection| rejection.code == Code::Unreadable)
    }

    /// The state alone.
    pub fn into_state(self) -> S {
        self.state
    }
}
