//! The laws that a definition has to keep, and a lock that notices when its results change.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::fold::{Anchor, Fold, Row};
use crate::frame::{Header, sha256};
use crate::store::{Bounds, Definition, EventLog, Handle, HostError, MemoryStore, Rejection, Repository, Store};
use crate::{Code, Error, Result, value};

const STREAM: &str = "stream";

/// At most so many cuts are tried, evenly spread.
const CUTS: usize = 100;

/// How many events are folded at once; and all of them.
const BATCHES: [usize; 3] = [2, 3, 7];

/// Checks on the rows of one stream, from its first on, what snapshots of a definition rest on:
///
/// - every state can be snapshotted;
/// - folded again, and in batches of every size, the events give the same states;
/// - from a hundred cuts, sealed and opened, a load goes on to the states of the full replay.
///
/// That folding changes neither events nor a state that somebody else has, Rust's types see to. Folds the events about ten times, and
/// the rest of them behind each cut.
///
/// # Errors
/// [`Code::Diverged`] with the law and the position of the event where it breaks; what the fold, and sealing a state, fail with.
pub fn snapshot_laws<F>(definition: impl Fn() -> Definition<F>, rows: &[Row<F::Event>]) -> Result<()>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    F::Event: Clone + Send + Sync,
{
    let steps = self::steps(&definition, rows)?;
    for ((first, again), row) in steps.iter().zip(&self::steps(&definition, rows)?).zip(rows) {
        if first.state != again.state {
            return Err(broken("folding twice gives two states", row));
        }
    }
    for size in BATCHES.into_iter().chain([rows.len()]) {
        steps
            .last()
            .map_or(Ok(()), |wanted| batches_of(size, &definition, rows, wanted))?;
    }
    for cut in spread(rows.len()) {
        let snapshot = steps.get(cut - 1);
        snapshot.map_or(Ok(()), |snapshot| {
            goes_on_from(snapshot, cut, &definition, rows, &steps)
        })?;
    }
    Ok(())
}

/// What a definition makes of events, for a file that is kept with the application. The same shape as that of the npm package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionLock {
    /// Name of the definition.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Digest of a built-in fold, in hexadecimal. Another fold has another slot, and needs no new version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<String>,
    /// Digest of the positions and anchors of the events, in hexadecimal.
    pub events: String,
    /// After each event the first 64 bits of the state's digest, in hexadecimal.
    pub results: Vec<String>,
}

/// Folds the rows and notes what came of each.
///
/// # Errors
/// [`Code::InvalidOption`] for no rows; what the fold, and sealing a state, fail with.
pub fn definition_lock<F>(definition: impl Fn() -> Definition<F>, rows: &[Row<F::Event>]) -> Result<DefinitionLock>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    F::Event: Clone + Send + Sync,
{
    let steps = steps(&definition, rows)?;
    let last = steps
        .last()
        .ok_or_else(|| Error::new(Code::InvalidOption, "a lock needs events").at_path("rows"))?;
    let events: Vec<(u64, &Anchor)> = rows.iter().map(|row| (row.position, &row.anchor)).collect();
    Ok(DefinitionLock {
        name: last.header.name.clone(),
        version: last.header.version,
        fold: last.header.fold_digest.map(|digest| hex(&digest)),
        events: hex(&sha256(&value::to_vec(&events)?)),
        results: steps
            .iter()
            .map(|step| hex(sha256(&step.state).get(..8).unwrap_or_default()))
            .collect(),
    })
}

impl DefinitionLock {
    /// Compares with a lock that was made before.
    ///
    /// # Errors
    /// [`Code::Diverged`] if results changed and the version did not; [`Code::Foreign`] for a lock of another definition, or of other
    /// events; [`Code::Stale`] if the version went back.
    pub fn check(&self, previous: &Self) -> Result<()> {
        if self.name != previous.name {
            let message = format!("a lock of \"{}\"; this is \"{}\"", previous.name, self.name);
            return Err(Error::new(Code::Foreign, message));
        }
        if self.version < previous.version {
            let message = format!("the version went back from {} to {}", previous.version, self.version);
            return Err(Error::new(Code::Stale, message));
        }
        if self.version > previous.version || self.fold != previous.fold {
            return Ok(());
        }
        if self.events != previous.events {
            let message = "a lock of other events; make a new one where the old events still pass";
            return Err(Error::new(Code::Foreign, message));
        }
        let changed = |index: &usize| self.results.get(*index) != previous.results.get(*index);
        match (0..self.results.len()).find(changed) {
            None => Ok(()),
            Some(index) => Err(Error::new(
                Code::Diverged,
                format!(
                    "version {} gives other results than it did, first after event {} of {}: snapshots that were taken before are not \
                     what is replayed now; raise the version, then make a new lock",
                    self.version,
                    index + 1,
                    self.results.len()
                ),
            )),
        }
    }
}

/// After one more row: the state, encoded, and the snapshot of it.
struct Step {
    state: Vec<u8>,
    key: String,
    header: Header,
    frame: Vec<u8>,
}

/// After each row, folded one by one.
fn steps<F>(definition: &impl Fn() -> Definition<F>, rows: &[Row<F::Event>]) -> Result<Vec<Step>>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    F::Event: Clone + Send + Sync,
{
    let newest = Newest::default();
    let repository = Repository::new(definition(), newest.clone(), Rows(rows))?;
    let mut handle = replayed(definition(), &[])?;
    let mut steps = Vec::new();
    for (count, row) in (1..).zip(rows) {
        apply(definition, &mut handle, rows, count - 1..count)?;
        repository.blocking().snapshot(&mut handle)?;
        let (key, header, frame) = newest.take().ok_or_else(|| broken("this state has no snapshot", row))?;
        let state = value::to_vec(handle.state())?;
        steps.push(Step {
            state,
            key,
            header,
            frame,
        });
    }
    Ok(steps)
}

/// Every row there is, without snapshots.
fn replayed<F>(definition: Definition<F>, rows: &[Row<F::Event>]) -> Result<Handle<F::State>>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    F::Event: Clone + Send + Sync,
{
    Repository::new(definition, Newest::default(), Rows(rows))?
        .blocking()
        .load(STREAM)
}

/// Folds those of the rows that come next; a fold that has to begin further back does.
fn apply<F>(
    definition: &impl Fn() -> Definition<F>,
    handle: &mut Handle<F::State>,
    rows: &[Row<F::Event>],
    next: Range<usize>,
) -> Result<()>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    F::Event: Clone + Send + Sync,
{
    let repository = Repository::new(definition(), Newest::default(), Rows(&[]))?;
    let end = next.end;
    match repository.apply(handle, rows.get(next).unwrap_or_default().iter().cloned()) {
        Err(error) if error.code() == Code::InvalidatesBase => {
            *handle = replayed(definition(), rows.get(..end).unwrap_or(rows))?;
            Ok(())
        }
        applied => applied,
    }
}

fn batches_of<F>(
    size: usize,
    definition: &impl Fn() -> Definition<F>,
    rows: &[Row<F::Event>],
    wanted: &Step,
) -> Result<()>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    F::Event: Clone + Send + Sync,
{
    let Some(last) = rows.last() else { return Ok(()) };
    let paged = replayed(definition().page_size(size), rows)?;
    same(
        &paged,
        wanted,
        "pages of many events give another state than single ones",
        last,
    )?;
    let mut handle = replayed(definition(), &[])?;
    for start in (0..rows.len()).step_by(size) {
        apply(definition, &mut handle, rows, start..(start + size).min(rows.len()))?;
    }
    same(
        &handle,
        wanted,
        "batches of many events give another state than single ones",
        last,
    )
}

/// `snapshot` is that of the last row before `cut`.
fn goes_on_from<F>(
    snapshot: &Step,
    cut: usize,
    definition: &impl Fn() -> Definition<F>,
    rows: &[Row<F::Event>],
    steps: &[Step],
) -> Result<()>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    F::Event: Clone + Send + Sync,
{
    let store = MemoryStore::default();
    let put = store.put(&snapshot.key, &snapshot.frame, Some(&snapshot.header));
    pollster::block_on(put).map_err(|error| Error::new(Code::StoreFailed, error.to_string()))?;
    for count in [cut, rows.len()] {
        let (Some(log), Some(wanted)) = (rows.get(..count), count.checked_sub(1).and_then(|last| steps.get(last)))
        else {
            continue;
        };
        let handle = Repository::new(definition(), store.clone(), Rows(log))?
            .blocking()
            .load(STREAM)?;
        let Some(last) = log.last() else { continue };
        let unused = |rejection: &&Rejection| rejection.code != Code::InvalidatesBase; // which a fold finds out itself
        if let Some(Rejection { code, message, .. }) = handle.rejected().iter().find(unused) {
            let message = format!("the snapshot is not used: {message}");
            return Err(Error::new(*code, message).at_position(snapshot.header.position));
        }
        same(
            &handle,
            wanted,
            "the snapshot goes on to another state than the full replay",
            last,
        )?;
    }
    Ok(())
}

fn same<S: Serialize, E>(found: &Handle<S>, wanted: &Step, otherwise: &str, row: &Row<E>) -> Result<()> {
    match value::to_vec(found.state())? == wanted.state {
        true => Ok(()),
        false => Err(broken(otherwise, row)),
    }
}

fn broken<E>(message: &str, row: &Row<E>) -> Error {
    Error::new(Code::Diverged, message).at_position(row.position)
}

/// At most [`CUTS`] of the numbers from 1 to `last`, evenly spread, with both ends.
fn spread(last: usize) -> Vec<usize> {
    match last <= CUTS {
        true => (1..=last).collect(),
        false => (0..CUTS).map(|cut| 1 + cut * (last - 1) / (CUTS - 1)).collect(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A log of one stream.
struct Rows<'a, E>(&'a [Row<E>]);

impl<E: Clone + Send + Sync> EventLog for Rows<'_, E> {
    type Event = E;

    async fn read(&self, _: &str, from: Option<u64>, limit: usize) -> Result<Vec<Row<E>>, HostError> {
        let wanted = self.0.iter().filter(|row| Some(row.position) >= from);
        Ok(wanted.take(limit).cloned().collect())
    }

    fn has_bounds(&self) -> bool {
        true
    }

    async fn bounds(&self, _: &str, through: Option<u64>) -> Result<Bounds, HostError> {
        let counted = self
            .0
            .iter()
            .filter(|row| through.is_none_or(|through| row.position <= through));
        Ok(Bounds {
            count: Some(counted.count() as u64),
            ..Bounds::default()
        })
    }
}

type Stored = (String, Header, Vec<u8>);

/// A store in which nothing is found; it shows what was put last.
#[derive(Clone, Default)]
struct Newest(Arc<Mutex<Option<Stored>>>);

impl Newest {
    fn stored(&self) -> MutexGuard<'_, Option<Stored>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Stored> {
        self.stored().take()
    }
}

impl Store for Newest {
    async fn list(&self, _: &str, _: Option<&str>, _: usize) -> Result<Vec<String>, HostError> {
        Ok(Vec::new())
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        let stored = self.stored();
        let found = stored.as_ref().filter(|(at, ..)| at == key);
        Ok(found.map(|(.., frame)| frame.clone()))
    }

    async fn put(&self, key: &str, bytes: &[u8], header: Option<&Header>) -> Result<(), HostError> {
        if let Some(header) = header {
            *self.stored() = Some((key.into(), header.clone(), bytes.into()));
        }
        Ok(())
    }

    async fn delete(&self, _: &[String]) -> Result<(), HostError> {
        Ok(())
    }
}
