//! Finding candidates: slot by slot, page by page, newest first.

use alloc::string::{String, ToString};

use super::super::keys::by_position;
use super::{Bounds, LoadStep, OnStoreError, Rejection, Walk};
use crate::text::text;
use crate::{Code, Error};

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
        let from_start = |key: &&String| key.starts_with(&prefix) && start.as_ref().is_none_or(|start| *key >= start);
        self.queue = by_position(keys.iter().filter(from_start));
        let oldest = self.queue.first().map(|(position, _)| *position);
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
            while self.queue.last().is_some_and(|(_, next)| *next == key) {
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

    /// A store that cannot be read now is not asked again in this walk.
    pub(super) fn unreadable(&mut self, key: String, position: Option<u64>, message: &str) -> LoadStep {
        if self.request.on_store_error == OnStoreError::Throw {
            let message = text!("the store could not be read ({}): {}", key, message);
            return LoadStep::Fail {
                error: Error::new(Code::Unreadable, message),
            };
        }
        self.rejected.push(Rejection {
            key,
            position,
            code: Code::Unreadable,
            message: message.to_string(),
        });
        match self.probing {
            true => self.judge_empty(),
            false => self.replay(),
        }
    }

    pub(super) fn restart(&mut self) -> LoadStep {
        self.restarted = true;
        self.probing = false;
        self.whole = None;
        self.rejected.clear();
        self.first_step()
    }

    pub(super) fn replay(&mut self) -> LoadStep {
        self.candidate = None;
        self.read()
    }

    /// The read that judges the candidate or the start of the log. Where a load is limited, it is known before it what there is to fold.
    pub(super) fn read(&mut self) -> LoadStep {
        if self.must_weigh() {
            return LoadStep::Bounds {
                through: self.request.at,
            };
        }
        match self.too_long() {
            Some(error) => LoadStep::Fail { error },
            None => LoadStep::Read {
                from: self.candidate.as_ref().map(|candidate| candidate.position),
            },
        }
    }

    pub(super) fn must_weigh(&self) -> bool {
        self.request.has_bounds && self.request.max_replay.is_some() && self.whole.is_none()
    }

    pub(super) fn weighed(&mut self, bounds: &Bounds) -> LoadStep {
        self.whole = Some(bounds.clone());
        self.read()
    }

    /// What lies behind a candidate is at least what is left beyond the events in it. The start of a truncated log is no place to fold from.
    fn too_long(&self) -> Option<Error> {
        let (most, whole) = (self.request.max_replay?, self.whole.as_ref()?);
        let (position, folded) = match &self.candidate {
            Some(candidate) => (candidate.position, candidate.event_count),
            None if whole.truncated_through.is_some() => return None,
            None => (0, 0),
        };
        let count = whole.count?.saturating_sub(folded);
        (count > most).then(|| {
            let message = text!(
                "stream {} has {} events to fold behind position {}, maxReplay is {}; see why no newer snapshot serves, or allow more",
                self.request.stream,
                count,
                position,
                most
            );
            Error::new(Code::ReplayTooLong, message).at_position(position)
        })
    }
}
