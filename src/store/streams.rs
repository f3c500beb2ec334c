//! What a repository remembers of the streams it served, within a fixed bound.

use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::policy::{Attempt, LastSnapshot};

/// Streams remembered at once; least recently used ones are forgotten first. What is lost is only advice.
const LIMIT: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Streams {
    memories: BTreeMap<String, Memory>,
    /// Streams by the time of their last use, counted in uses.
    by_use: BTreeMap<u64, String>,
    uses: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    pub last_taken: Option<Taken>,
    pub last_tried: Option<Attempt>,
    pub in_flight: bool,
    last_use: u64,
}

/// The snapshot that this process wrote last, or found to be there already.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub key: String,
    pub snapshot: LastSnapshot,
}

impl Streams {
    pub fn get(&self, stream: &str) -> Option<Memory> {
        self.memories.get(stream).cloned()
    }

    pub fn update(&mut self, stream: &str, change: impl FnOnce(&mut Memory)) {
        self.uses += 1;
        let memory = self.memories.entry(stream.into()).or_default();
        self.by_use.remove(&memory.last_use);
        memory.last_use = self.uses;
        self.by_use.insert(self.uses, stream.into());
        change(memory);
        if self.memories.len() > LIMIT {
            self.forget_oldest();
        }
    }

    pub fn forget(&mut self, stream: &str) {
        match self.memories.get_mut(stream) {
            Some(memory) if memory.in_flight => (memory.last_taken, memory.last_tried) = (None, None),
            _ => {
                let memory = self.memories.remove(stream);
                memory.and_then(|memory| self.by_use.remove(&memory.last_use));
            }
        }
    }

    fn forget_oldest(&mut self) {
        let idle = self
            .by_use
            .iter()
            .find(|(_, stream)| self.memories.get(*stream).is_some_and(|memory| !memory.in_flight))
            .map(|(last_use, _)| *last_use);
        if let Some(stream) = idle.and_then(|last_use| self.by_use.remove(&last_use)) {
            self.memories.remove(&stream);
        }
    }
}
