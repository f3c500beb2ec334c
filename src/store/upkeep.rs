//! What may go beside what a save lets go: pure functions of what lies there.

use alloc::string::String;
use alloc::vec::Vec;

use super::keys::{Slot, position_of};

/// The snapshots at or above `from`, in whatever slot, among these keys of a stream: they hold what is no longer true from there on. Linear.
pub fn plan_invalidate(keys: &[String], from: u64) -> Vec<String> {
    let holds = |key: &&String| position_of(key).is_some_and(|position| position >= from);
    keys.iter().filter(holds).cloned().collect()
}

/// What lies in slots that nobody uses any more, among these keys of a stream: snapshots and markers in all but the `live` slots.
///
/// Nothing, unless `covered_by` is a snapshot in one of the live slots: an abandoned slot may be all that is left of a stream. Linear.
pub fn plan_drop_slots(keys: &[String], covered_by: &str, live: &[Slot]) -> Vec<String> {
    let live: Vec<String> = live.iter().map(Slot::segment).collect();
    let is_live = |key: &str| slot_of(key).is_none_or(|slot| live.iter().any(|live| *live == slot));
    let covers = position_of(covered_by).is_some() && is_live(covered_by) && keys.iter().any(|key| key == covered_by);
    if !covers {
        return Vec::new();
    }
    keys.iter().filter(|key| !is_live(key)).cloned().collect()
}

/// Through which position (inclusive) events may be deleted, so that every live slot can still be loaded; `None` if none may.
///
/// `oldest` is the oldest verified snapshot of each live slot, or nothing where there is none: a load reads from its position on, for the
/// event there proves that snapshot and log share one history. `consumers` are the positions that everybody else who reads the log has
/// dealt with.
pub fn safe_to_prune_through(oldest: &[Option<u64>], consumers: &[u64]) -> Option<u64> {
    let all: Option<Vec<u64>> = oldest.iter().copied().collect();
    let below = all?.into_iter().min()?.checked_sub(1)?;
    Some(consumers.iter().copied().fold(below, u64::min))
}

/// Of a snapshot or a marker of a failed attempt.
fn slot_of(key: &str) -> Option<&str> {
    let mut segments = key.rsplit('/').skip(1);
    let (slot, kind) = (segments.next()?, segments.next()?);
    matches!(kind, "s" | "a").then_some(slot)
}
