//! Keys and plans for hosts of the plain module that do their own I/O. Each operation takes a value, and answers as those of
//! [`abi`](super) do.

use alloc::string::String;
use alloc::vec::Vec;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::operate;
use crate::frame::{Digest, optional_digest};
use crate::store::{self, LoadFact, LoadRequest, PruneRequest, SaveRequest, Slot, StreamKeys};
use crate::{Code, Error, Result, value};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyOf {
    kind: Kind,
    name: String,
    stream_id: String,
    #[serde(default)]
    version: u32,
    #[serde(default, with = "optional_digest")]
    fold_digest: Option<Digest>,
    #[serde(default)]
    position: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Stream,
    Snapshots,
    Snapshot,
    Attempt,
    Tombstone,
}

#[derive(Deserialize)]
struct Conversation<Request, Fact> {
    request: Request,
    facts: Vec<Fact>,
}

/// A key, or what keys begin with: `{"kind", "name", "streamId", "version" | "foldDigest", "position"}`, where a kind is `"stream"`, `"tombstone"`,
/// `"snapshots"` or `"attempt"` (both of a slot), or `"snapshot"` (of a slot, at a position). See [`StreamKeys`].
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_key(address: usize, length: usize) -> u64 {
    operate(address, length, |question| {
        let of: KeyOf = asked(question)?;
        let keys = StreamKeys::new(&of.name, &of.stream_id)?;
        let slot = Slot::of(of.version, of.fold_digest);
        Ok(match of.kind {
            Kind::Stream => keys.all().into(),
            Kind::Snapshots => keys.snapshots(slot),
            Kind::Snapshot => keys.snapshot(slot, of.position),
            Kind::Attempt => keys.attempt(slot),
            Kind::Tombstone => keys.tombstone(),
        })
    })
}

/// The position that a snapshot's key, a text, states; null if the value is no such key. See [`store::position_of`].
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_position_of(address: usize, length: usize) -> u64 {
    operate(address, length, |key| {
        let key: Option<String> = asked(key).ok();
        Ok(key.as_deref().and_then(store::position_of))
    })
}

/// The next step of a load. `{"request", "facts"}`; answers `{"step", "rejected"}`. See [`store::next`].
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_next_load(address: usize, length: usize) -> u64 {
    operate(address, length, |conversation| {
        let Conversation::<LoadRequest, LoadFact> { request, facts } = asked(conversation)?;
        store::next(&request, &facts)
    })
}

/// The operations of a save. `{"request", "facts"}`, the facts being keys of the slot. See [`store::plan_save`].
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_plan_save(address: usize, length: usize) -> u64 {
    operate(address, length, |conversation| {
        let Conversation::<SaveRequest, String> { request, facts } = asked(conversation)?;
        store::plan_save(&request, &facts)
    })
}

/// The operations that prune a slot. See [`PruneRequest`] and [`store::plan_prune`].
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_plan_prune(address: usize, length: usize) -> u64 {
    operate(address, length, |request| {
        store::plan_prune(&asked::<PruneRequest>(request)?)
    })
}

/// What may go beside what a save lets go. `{"invalidate": {"keys", "from"}}` and `{"dropSlots": {"keys", "coveredBy", "live"}}` answer with
/// keys, `{"safeToPruneThrough": {"oldest", "consumers"}}` with a position or null. A slot is a version or a digest. See
/// [`store::plan_invalidate`], [`store::plan_drop_slots`], [`store::safe_to_prune_through`].
#[unsafe(no_mangle)]
pub extern "C" fn snapfold_plan_upkeep(address: usize, length: usize) -> u64 {
    operate(address, length, |question| match asked(question)? {
        Upkeep::Invalidate { keys, from } => Ok(Planned::Keys(store::plan_invalidate(&keys, from))),
        Upkeep::DropSlots { keys, covered_by, live } => {
            let live: Vec<Slot> = live.into_iter().map(LiveSlot::slot).collect::<Result<_>>()?;
            Ok(Planned::Keys(store::plan_drop_slots(&keys, &covered_by, &live)))
        }
        Upkeep::SafeToPruneThrough { oldest, consumers } => {
            Ok(Planned::Position(store::safe_to_prune_through(&oldest, &consumers)))
        }
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Upkeep {
    Invalidate {
        keys: Vec<String>,
        from: u64,
    },
    DropSlots {
        keys: Vec<String>,
        covered_by: String,
        live: Vec<LiveSlot>,
    },
    SafeToPruneThrough {
        oldest: Vec<Option<u64>>,
        consumers: Vec<u64>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LiveSlot {
    #[serde(default)]
    version: Option<u32>,
    #[serde(default, with = "optional_digest")]
    fold_digest: Option<Digest>,
}

impl LiveSlot {
    fn slot(self) -> Result<Slot> {
        let version = self.version.map(Slot::Version);
        version
            .or(self.fold_digest.map(Slot::Fold))
            .ok_or_else(|| Error::new(Code::InvalidOption, "a slot is a version or a digest").at_path("live"))
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Planned {
    Keys(Vec<String>),
    Position(Option<u64>),
}

/// What a host says; a value of another shape is an option that makes no sense.
fn asked<T: DeserializeOwned>(question: &[u8]) -> Result<T> {
    value::from_slice(question).map_err(|error| Error::new(Code::InvalidOption, error.message()))
}
