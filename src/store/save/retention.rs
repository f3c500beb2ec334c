//! What is not wanted any more once a newer snapshot stands.

use alloc::collections::BinaryHeap;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Listing, SaveStep, Walk};
use crate::store::position_of;

/// Which of a slot's keys retention no longer wants once a snapshot at `position` is known to be sound: all but the newest
/// `keep − 1` below it. Keys above it are left alone.
pub fn plan_prune(keys: &[String], position: u64, keep: u32) -> Vec<String> {
    let mut below = BinaryHeap::new();
    for key in keys {
        match position_of(key) {
            Some(at) if at < position => below.push((at, key.clone())),
            _ => {}
        }
    }
    let mut kept = 1;
    let mut unwanted = Vec::new();
    while let Some((_, key)) = below.pop() {
        match kept < keep {
            true => kept += 1,
            false => unwanted.push(key),
        }
    }
    unwanted
}

impl Walk<'_> {
    pub(super) fn prune(&mut self) -> SaveStep {
        let keys = self.surplus(&self.listed);
        if keys.is_empty() {
            return self.taken(None);
        }
        SaveStep::Delete { keys }
    }

    /// What is distrusted neither counts as kept, which would cost a sound snapshot, nor is deleted: the store's next reader may
    /// judge otherwise.
    pub(super) fn surplus(&self, keys: &[String]) -> Vec<String> {
        let request = self.request;
        let slot = self.keys.snapshots_in(&self.slot);
        let counted: Vec<String> = keys
            .iter()
            .filter(|key| key.starts_with(&slot) && self.verdict(key).is_none())
            .cloned()
            .collect();
        let mut surplus = match request.listing {
            Listing::Strong => plan_prune(&counted, request.header.position, request.keep),
            Listing::Eventual => Vec::new(),
        };
        if self.request.clear_attempt && self.request.listing == Listing::Strong {
            surplus.push(self.keys.attempt_in(&self.slot));
        }
        surplus
    }
}
