//! What a repository does beside loading and saving: tidying up, taking back, forgetting, checking. The TypeScript twin is
//! pkg/src/maintenance.ts.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::auditing::{Difference, difference};
use super::keys::position_of;
use super::upkeep::{plan_drop_slots, plan_invalidate, safe_to_prune_through};
use super::{
    EventLog, Handle, HostError, Listing, LoadOptions, Op, Outcome, PruneRequest, Rejection, Repository, Skipped, Slot,
    Source, Store, plan_prune,
};
use crate::fold::Fold;
use crate::{Code, Error, Result, value};

/// Keys listed and deleted at once.
const PAGE: usize = 100;

/// How often a stream that is being forgotten is listed until nothing is left of it: each writer that was under way adds a key or two once.
const SWEEPS: usize = 100;

/// How often a state is compared with its replay, at most, because an event arrived late between the two.
const COMPARISONS: u32 = 3;

/// What a prune deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Which keys.
    pub deleted: Vec<String>,
    /// The sound snapshot that makes up for them; `None` if nothing covers, and then nothing was deleted.
    pub covered_by: Option<String>,
}

/// What is gone of a stream that was forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// Which keys.
    pub deleted: Vec<String>,
    /// Whether nothing is left. Not so where listings lag: what was written before may appear later. Forget the stream again then.
    pub complete: bool,
}

/// What lies where a stream was forgotten; docs/format.md §3.2.
#[derive(Serialize)]
struct Tombstone {
    at: Option<i64>,
}

/// What a full replay says of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Where both stand.
    pub position: Option<u64>,
    /// How many events both have folded.
    pub event_count: u64,
    /// Position of the snapshot that was compared with the replay; `None` if no snapshot could be used, which proves nothing.
    pub snapshot: Option<u64>,
    /// Whether that snapshot commits to a history, which then is that of the log
    /// ([`Definition::history_commitment`](super::Definition::history_commitment)).
    pub history_compared: bool,
}

/// What became of the streams of a rebuild.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rebuilt {
    /// Streams whose older snapshot was migrated and saved under the new version.
    pub migrated: u64,
    /// Streams that were replayed and saved.
    pub rebuilt: u64,
    /// Streams that had a snapshot of this version, or no events, or were forgotten.
    pub skipped: u64,
    /// Streams that failed, and why. They did not stop the others.
    pub errors: Vec<(String, Error)>,
}

/// A snapshot of the own slot that a load has used: it makes up for what is deleted.
struct Covering {
    key: String,
    position: u64,
    /// What the load passed over.
    rejected: Vec<Rejection>,
}

impl<F, S, L> Repository<F, S, L>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    S: Store,
    L: EventLog<Event = F::Event>,
{
    /// Deletes the snapshots of a stream at or above `from`, in every slot: what they hold is no longer true from there on. Which keys.
    ///
    /// # Errors
    /// [`Code::StoreFailed`]; [`Code::InvalidOption`] where listings lag, for what is not listed could not be deleted.
    pub async fn invalidate(&self, stream: &str, from: u64) -> Result<Vec<String>> {
        let listed = self.listed(self.definition.keys_of(stream)?.all()).await?;
        self.remove(stream, plan_invalidate(&listed, from)).await
    }

    /// Deletes what lies in slots of a stream that nobody uses any more: all but this definition's and the `live` ones. Nothing, unless
    /// the stream can be loaded from a snapshot of this definition's own slot, which is read once more. Which keys.
    ///
    /// # Errors
    /// As [`Self::load`] and [`Self::invalidate`].
    pub async fn drop_slots(&self, stream: &str, live: &[Slot]) -> Result<Vec<String>> {
        let Some(Covering { key, position, .. }) = self.covering(stream).await? else {
            return Ok(Vec::new());
        };
        let own = self.definition.slot();
        let live = [live, &[own]].concat();
        let listed = self.listed(self.definition.keys_of(stream)?.all()).await?;
        let abandoned = plan_drop_slots(&listed, &key, &live);
        if abandoned.is_empty() || self.sound_header(stream, own, &key, position).await?.is_none() {
            return Ok(Vec::new());
        }
        self.remove(stream, abandoned).await
    }

    /// Deletes what retention no longer wants of this definition's slot, the only way where it has a period. Nothing, unless the stream can
    /// be loaded from a snapshot of the slot; that one is read once more, and then covers what goes. What the load rejected and what is not
    /// sound neither counts nor is deleted. With a period each snapshot of the slot is read.
    ///
    /// # Errors
    /// As [`Self::load`] and [`Self::invalidate`].
    pub async fn prune(&self, stream: &str) -> Result<Pruned> {
        let slot = self.definition.slot();
        let Some(Covering {
            key: covered_by,
            position,
            rejected,
        }) = self.covering(stream).await?
        else {
            return Ok(Pruned::default());
        };
        let mut keys = self.listed(&self.definition.keys_of(stream)?.snapshots(slot)).await?;
        keys.retain(|key| rejected.iter().all(|rejected| rejected.key != *key));
        let mut heads = Vec::new();
        if self.definition.retention.every.is_some() {
            heads = self.heads(stream, &keys).await?;
            keys = heads.iter().map(|head| head.key.clone()).collect();
        }
        if !keys.contains(&covered_by) {
            return Ok(Pruned::default()); // somebody was faster
        }
        let plan = plan_prune(&PruneRequest {
            keys,
            covered_by: covered_by.clone(),
            keep: self.definition.retention.clone(),
            listing: self.store.listing(),
            heads,
        })?;
        let mut deleted = Vec::new();
        for op in plan {
            match op {
                Op::Delete { keys, .. } => deleted.extend(self.remove(stream, keys).await?),
                Op::Verify { key } | Op::Put { key } => {
                    if self.sound_header(stream, slot, &key, position).await?.is_none() {
                        return Ok(Pruned::default());
                    }
                }
            }
        }
        Ok(Pruned {
            deleted,
            covered_by: Some(covered_by),
        })
    }

    /// Deletes everything of a stream, in every slot, and leaves a tombstone without its id, so that whoever still holds the state cannot
    /// write it again ([`Skipped::Forgotten`]). After an error, forget it again: the tombstone is put first, and what is gone stays gone.
    ///
    /// The log decides what there is: events that it still has are loaded as ever, by replaying them, and only not snapshotted.
    ///
    /// # Errors
    /// [`Code::StoreFailed`]. Where listings lag it is no error; [`Forgotten::complete`] is `false` then.
    pub async fn forget(&self, stream: &str) -> Result<Forgotten> {
        let keys = self.definition.keys_of(stream)?;
        let at = self.definition.now();
        let tombstone = value::to_vec(&Tombstone { at })?;
        let put = self.store.put(&keys.tombstone(), &tombstone, None).await;
        put.map_err(store_failed)?;
        let swept = self.sweep(keys.all()).await;
        self.forget_what_is_remembered(stream);
        swept
    }

    /// Lets a stream that was forgotten be snapshotted again.
    ///
    /// # Errors
    /// [`Code::StoreFailed`].
    pub async fn revive(&self, stream: &str) -> Result<()> {
        let tombstone = self.definition.keys_of(stream)?.tombstone();
        self.store.delete(&[tombstone]).await.map_err(store_failed)?;
        self.forget_what_is_remembered(stream); // that saves were in vain
        Ok(())
    }

    /// Through which position (inclusive) a stream's events may be deleted, so that this definition's slot and the `live` ones can still
    /// be loaded from their oldest sound snapshot, and every consumer has dealt with them. `None` if none may.
    ///
    /// # Errors
    /// As [`Self::load`] and [`Self::invalidate`].
    pub async fn safe_to_prune_through(&self, stream: &str, live: &[Slot], consumers: &[u64]) -> Result<Option<u64>> {
        let own = self.definition.slot();
        let mut oldest = Vec::new();
        for slot in live.iter().filter(|slot| **slot != own).chain([&own]) {
            oldest.push(self.oldest_verified(stream, *slot).await?);
        }
        Ok(safe_to_prune_through(&oldest, consumers))
    }

    /// Compares the newest state with a full replay, encoded; and the history that its snapshot commits to with the log's.
    ///
    /// # Errors
    /// [`Code::Diverged`] if they differ, with the path `history` if the events do; as [`Self::load`], among them
    /// [`Code::HistoryUnavailable`] if there is nothing to compare with.
    pub async fn verify(&self, stream: &str) -> Result<Verified> {
        let (loaded, replayed) = self.loaded_and_replayed(stream).await?;
        let snapshot = match loaded.source() {
            Source::Snapshot { position } | Source::Migrated { position, .. } => Some(position),
            Source::Replay => None,
        };
        match difference(&loaded, &replayed)? {
            Some(Difference::History) => Err(diverged(&loaded, other_history(snapshot)).at_path("history")),
            Some(Difference::State) => Err(diverged(&loaded, other_state(snapshot))),
            None => Ok(Verified {
                position: loaded.position(),
                event_count: loaded.event_count(),
                snapshot,
                history_compared: snapshot.and(loaded.commitment.zip(replayed.commitment)).is_some(),
            }),
        }
    }

    /// Gives streams a snapshot of this version, after it changed: migrates or replays those that have none. What has one is skipped, so
    /// that a rebuild that was interrupted goes on where it was. One stream after the other; `on_progress` is told after each.
    pub async fn rebuild(
        &self,
        streams: impl IntoIterator<Item = impl AsRef<str>>,
        mut on_progress: impl FnMut(&str, &Rebuilt),
    ) -> Rebuilt {
        let mut report = Rebuilt::default();
        for stream in streams {
            let stream = stream.as_ref();
            match self.rebuild_one(stream).await {
                Ok(Some(Source::Migrated { .. })) => report.migrated += 1,
                Ok(Some(_)) => report.rebuilt += 1,
                Ok(None) => report.skipped += 1,
                Err(error) => report.errors.push((stream.into(), error)),
            }
            on_progress(stream, &report);
        }
        report
    }

    /// The newest state, and the full replay of the same events.
    async fn loaded_and_replayed(&self, stream: &str) -> Result<(Handle<F::State>, Handle<F::State>)> {
        let late_possible = self.definition.late_events_possible();
        let mut comparisons = 0;
        loop {
            let loaded = self.load_with(stream, whatever_it_costs()).await?;
            let replay = LoadOptions {
                at: loaded.position(),
                use_snapshots: false,
                ..whatever_it_costs()
            };
            let replayed = self.load_with(stream, replay).await?;
            comparisons += 1;
            let late = late_possible && loaded.event_count() != replayed.event_count();
            if !late || comparisons == COMPARISONS {
                return Ok((loaded, replayed));
            }
        }
    }

    /// What it was made of; `None` if nothing was to be done.
    async fn rebuild_one(&self, stream: &str) -> Result<Option<Source>> {
        let mut handle = self.load_with(stream, whatever_it_costs()).await?;
        let source = handle.source();
        if let Source::Snapshot { .. } = source {
            return Ok(None);
        }
        match self.snapshot(&mut handle).await? {
            Outcome::Taken { .. } => Ok(Some(source)),
            Outcome::Skipped(Skipped::NothingFolded | Skipped::AlreadyCovered(_) | Skipped::Forgotten) => Ok(None),
            other => Err(Error::new(
                Code::StoreFailed,
                format!("no snapshot was taken: {other:?}"),
            )),
        }
    }

    /// What a load uses of the own slot; `None` if that is no snapshot of it.
    async fn covering(&self, stream: &str) -> Result<Option<Covering>> {
        let loaded = self.load(stream).await?;
        let Source::Snapshot { position } = loaded.source() else {
            return Ok(None);
        };
        Ok(Some(Covering {
            key: self
                .definition
                .keys_of(stream)?
                .snapshot(self.definition.slot(), position),
            position,
            rejected: loaded.rejected,
        }))
    }

    /// Position of the oldest snapshot of a slot that is sound and of the log's own history.
    async fn oldest_verified(&self, stream: &str, slot: Slot) -> Result<Option<u64>> {
        let listed = self.listed(&self.definition.keys_of(stream)?.snapshots(slot)).await?;
        for key in listed.iter().rev() {
            if let Some(position) = position_of(key)
                && self.is_sound(stream, slot, key, position).await?
            {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// All keys with that prefix. Where listings lag it would not be all.
    async fn listed(&self, prefix: &str) -> Result<Vec<String>> {
        if self.store.listing() == Listing::Eventual {
            let message = "the store's listings lag: what it does not list yet could not be dealt with";
            return Err(Error::new(Code::InvalidOption, message).at_path("store.listing"));
        }
        self.shown(prefix).await
    }

    /// What a listing shows of the keys with that prefix.
    async fn shown(&self, prefix: &str) -> Result<Vec<String>> {
        let mut all: Vec<String> = Vec::new();
        loop {
            let start = all.last().cloned();
            let page = self
                .store
                .list(prefix, start.as_deref(), PAGE)
                .await
                .map_err(store_failed)?;
            let fresh = page
                .into_iter()
                .filter(|key| key.starts_with(prefix) && Some(key) > start.as_ref());
            let before = all.len();
            all.extend(fresh);
            if all.len() == before {
                return Ok(all);
            }
        }
    }

    /// Deletes keys of a stream, and no longer counts on them. Which ones.
    async fn remove(&self, stream: &str, keys: Vec<String>) -> Result<Vec<String>> {
        self.delete(&keys).await?;
        self.no_longer_counts_on(stream, |taken| keys.contains(&taken.key));
        Ok(keys)
    }

    async fn delete(&self, keys: &[String]) -> Result<()> {
        for some in keys.chunks(PAGE) {
            self.store.delete(some).await.map_err(store_failed)?;
        }
        Ok(())
    }

    /// Deletes until a listing shows nothing; where listings lag, what one shows.
    async fn sweep(&self, prefix: &str) -> Result<Forgotten> {
        let lagging = self.store.listing() == Listing::Eventual;
        let mut deleted = BTreeSet::new();
        let mut complete = false;
        for _ in 0..if lagging { 1 } else { SWEEPS } {
            let shown = self.shown(prefix).await?;
            complete = shown.is_empty() && !lagging;
            if shown.is_empty() {
                break;
            }
            self.delete(&shown).await?;
            deleted.extend(shown);
        }
        Ok(Forgotten {
            deleted: deleted.into_iter().collect(),
            complete,
        })
    }
}

/// Who checks or rebuilds has asked for it.
fn whatever_it_costs() -> LoadOptions {
    LoadOptions {
        max_replay: Some(u64::MAX),
        ..LoadOptions::default()
    }
}

fn diverged<S>(loaded: &Handle<S>, message: String) -> Error {
    let error = Error::new(Code::Diverged, message);
    match loaded.position() {
        Some(position) => error.at_position(position),
        None => error,
    }
}

fn other_state(snapshot: Option<u64>) -> String {
    match snapshot {
        Some(position) => format!(
            "the state that was built on the snapshot at {position} is not the one that a full replay gives: evolve is not \
             deterministic, or it changed without a new version; invalidate the snapshot"
        ),
        None => "two replays of the same events gave two states: evolve is not deterministic".into(),
    }
}

fn other_history(snapshot: Option<u64>) -> String {
    match snapshot {
        Some(position) => format!(
            "the log holds other events at {position} or below than those that the snapshot there was folded of; restore the log, or \
             invalidate the snapshot"
        ),
        None => "two replays read two histories: events were changed meanwhile; verify again".into(),
    }
}

pub(super) fn store_failed(error: HostError) -> Error {
    Error::new(Code::StoreFailed, format!("{error}"))
}
