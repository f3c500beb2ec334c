//! What is not wanted any more once a newer snapshot stands.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{Listing, Op, Retention, Walk};
use crate::store::keys::{by_position, position_of};
use crate::{Code, Error, Result};

/// What is to be pruned: one slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PruneRequest {
    /// Keys that lie in the slot. Leave out those that were found unusable: they neither count nor are they deleted.
    pub keys: Vec<String>,
    /// The one of them that a load opened and used, which is how it is known that the log agrees with it. What lies above stays.
    pub covered_by: String,
    /// What to keep, that one included.
    pub keep: Retention,
    /// Whether a listing shows every write at once. Where it does not, nothing is deleted.
    #[serde(default)]
    pub listing: Listing,
    /// What headers say, for a period. A snapshot that has none here is kept then.
    #[serde(default)]
    pub heads: Vec<Head>,
}

/// What the header of a sound snapshot says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// Its key.
    pub key: String,
    /// When it was taken, in milliseconds since 1970.
    #[serde(default)]
    pub taken_at: Option<i64>,
}

/// The operations that delete what retention no longer wants: verify what covers, then delete. Empty if nothing is superfluous.
/// O(n log n) in keys, times the number of named positions.
///
/// # Errors
/// [`Code::InvalidOption`] with its path: `coveredBy` is no snapshot among the keys, or nothing is to be kept.
pub fn plan_prune(request: &PruneRequest) -> Result<Vec<Op>> {
    request.keep.check()?;
    let covered_by = &request.covered_by;
    let position = position_of(covered_by).filter(|_| request.keys.contains(covered_by));
    let Some(position) = position else {
        let rule = "the snapshot that covers the others must lie among them";
        return Err(Error::new(Code::InvalidOption, rule).at_path("coveredBy"));
    };
    let slot = covered_by
        .rfind('/')
        .and_then(|end| covered_by.get(..=end))
        .unwrap_or_default();
    let same_slot = request.keys.iter().filter(|key| key.starts_with(slot));
    let period = |at: u64| {
        let every = i64::try_from(request.keep.every?).unwrap_or(i64::MAX);
        let head = request.heads.iter().find(|head| position_of(&head.key) == Some(at));
        Some(head?.taken_at?.div_euclid(every))
    };
    let first_of_period =
        |at, above| request.keep.every.is_some() && period(at).is_none_or(|it| period(above) != Some(it));
    let keys = match request.listing {
        Listing::Strong => unwanted(same_slot, position, &request.keep, first_of_period),
        Listing::Eventual => Vec::new(),
    };
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (key, covered_by) = (covered_by.clone(), covered_by.clone());
    Ok(Vec::from([Op::Verify { key }, Op::Delete { keys, covered_by }]))
}

impl Retention {
    pub(super) fn check(&self) -> Result<()> {
        if self.last == 0 {
            return Err(Error::new(Code::InvalidOption, "at least one snapshot must be kept").at_path("keep"));
        }
        if self.every == Some(0) {
            return Err(Error::new(Code::InvalidOption, "a period is at least a millisecond").at_path("keep.every"));
        }
        Ok(())
    }

    /// How many keys may stay that a listing shows before what is to go.
    pub(super) fn most(&self) -> usize {
        let last = usize::try_from(self.last).unwrap_or(usize::MAX);
        last.saturating_add(self.positions.len())
    }
}

impl Walk<'_> {
    /// What may go, and what covers it. What is distrusted neither counts as kept, which would cost a sound snapshot, nor is deleted: the
    /// store's next reader may judge otherwise.
    pub(super) fn surplus(&self, keys: &[String]) -> (Vec<String>, String) {
        let (request, own) = (self.request, self.own_key());
        if request.listing == Listing::Eventual {
            return (Vec::new(), own);
        }
        let slot = self.keys.snapshots_in(&self.slot);
        let trusted = |key: &&String| key.starts_with(&slot) && self.verdict(key).is_none();
        let vouched = request
            .vouched
            .map(|position| (self.keys.snapshot_in(&self.slot, position), position))
            .filter(|(key, _)| trusted(&key) && keys.contains(key));
        let (covered_by, below) = match request.read_back {
            true => (own, request.header.position),
            false => vouched.unwrap_or((own, 0)),
        };
        let mut surplus = match request.keep.every {
            None => unwanted(
                keys.iter().filter(trusted),
                request.header.position,
                &request.keep,
                |_, _| false,
            ),
            Some(_) => Vec::new(),
        };
        surplus.retain(|key| position_of(key).is_some_and(|position| position < below));
        if request.clear_attempt {
            surplus.push(self.keys.attempt_in(&self.slot));
        }
        (surplus, covered_by)
    }
}

/// Newest first: all below `covered` but what retention wants, which counts that one as its newest. `first_of_period` is told a position
/// and the next one above it.
fn unwanted<'a>(
    keys: impl Iterator<Item = &'a String>,
    covered: u64,
    keep: &Retention,
    first_of_period: impl Fn(u64, u64) -> bool,
) -> Vec<String> {
    let mut below = by_position(keys);
    below.retain(|(at, _)| *at < covered);
    let (mut kept, mut above) = (1, covered);
    let mut unwanted = Vec::new();
    while let Some((at, key)) = below.pop() {
        let among_last = kept < keep.last;
        let named = keep.positions.iter().any(|position| (at..above).contains(position));
        if !(among_last || named || first_of_period(at, above)) {
            unwanted.push(key);
        }
        kept += u32::from(among_last);
        above = at;
    }
    unwanted
}
