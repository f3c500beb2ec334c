//! Finding candidates: slot by slot, page by page, newest first.

use alloc::string::{String, ToString};

use super::super::keys::position_of;
use super::{LoadStep, Rejection, Walk};
use crate::Code;

/// How many keys a listing asks for.
const LIST_LIMIT: usize = 16;

impl Walk<'_> {
    pub(super) fn list_slot(&mut self, slot: usize) -> LoadStep {
        self.slot = slot;
        self.queue.clear();
        self.more = None;
        let Some(slot) = self.slots.get(slot) else {
            return self.replay();
        };
        let start = self.request.at.map(|at| self.keys.snapshot_in(slot, at));
        self.list(slot, start)
    }

    fn list(&self, slot: &str, start: Option<String>) -> LoadStep {
        LoadStep::List {
            prefix: self.keys.snapshots_in(slot),
            start,
            limit: LIST_LIMIT,
        }
    }

    pub(super) fn listed(&mut self, start: Option<String>, limit: usize, keys: &[String]) -> LoadStep {
        let prefix = self
            .slots
            .get(self.slot)
            .map(|slot| self.keys.snapshots_in(slot))
            .unwrap_or_default();
        for key in keys {
            if key.starts_with(&prefix)
                && start.as_ref().is_none_or(|start| key >= start)
                && let Some(position) = position_of(key)
            {
                self.queue.push((position, key.clone()));
            }
        }
        let oldest = self.queue.iter().map(|(position, _)| *position).min();
        self.more = match (
            oldest.and_then(|oldest| oldest.checked_sub(1)),
            self.slots.get(self.slot),
        ) {
            (Some(below), Some(slot)) if keys.len() >= limit => Some(self.keys.snapshot_in(slot, below)),
            _ => None,
        };
        self.next_candidate()
    }

    pub(super) fn next_candidate(&mut self) -> LoadStep {
        self.candidate = None;
        if let Some((position, key)) = self.queue.pop() {
            while self.queue.peek().is_some_and(|(_, next)| *next == key) {
                self.queue.pop();
            }
            return match self.invalid_from {
                Some(from) if position >= from => self.reject_invalidated(key, position),
                _ => LoadStep::Open { key, position },
            };
        }
        match (self.more.take(), self.slots.get(self.slot)) {
            (Some(start), Some(slot)) => self.list(slot, Some(start)),
            _ => self.list_slot(self.slot + 1),
        }
    }

    pub(super) fn reject(&mut self, key: String, position: Option<u64>, code: Code, message: String) -> LoadStep {
        self.rejected.push(Rejection {
            key,
            position,
            code,
            message,
        });
        self.next_candidate()
    }

    /// A store that cannot be read now is not asked again in this load.
    pub(super) fn unreadable(&mut self, key: String, position: Option<u64>, message: &str) -> LoadStep {
        self.rejected.push(Rejection {
            key,
            position,
            code: Code::Unreadable,
            message: message.to_string(),
        });
        self.replay()
    }

    pub(super) fn restart(&mut self) -> LoadStep {
        self.restarted = true;
        self.probing = false;
        self.rejected.clear();
        self.list_slot(0)
    }

    pub(super) fn replay(&mut self) -> LoadStep {
        self.candidate = None;
        LoadStep::Read { from: None }
    }
}
