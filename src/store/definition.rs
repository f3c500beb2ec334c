//! A definition: one kind of stream, how it is folded, and when and how it is snapshotted.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{EventLog, OnStoreError, Retention, Slot, StreamKeys};
use crate::fold::{Fold, Sequence};
use crate::frame::{Compression, DEFAULT_MAX_STATE_BYTES, Expect, Key};
use crate::policy::Policy;
use crate::value::Value;
use crate::{Code, Error, Result};

type Accessor<T, R> = Box<dyn Fn(&T) -> R + Send + Sync>;
type Migration = Box<dyn Fn(Value) -> Result<Value> + Send + Sync>;

/// One kind of stream. The setters fill in what the defaults do not say; [`Repository::new`](super::Repository::new) checks it all.
///
/// Defaults: policy every 100 events, keep 2, read back, no fence, contiguous from 1, pages of 1,000 events, frames up to 1,000,000 bytes,
/// states up to 64 MiB, not compressed, not signed, no history commitment, no clock, replays of any length, also while the store cannot be read. There is no time
/// limit to set: the host's [`Store`](super::Store) and
/// [`EventLog`](super::EventLog) bound their own futures.
pub struct Definition<F: Fold> {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) fold: F,
    pub(super) policy: Policy,
    pub(super) sequence: Sequence,
    pub(super) late_arrivals_impossible: bool,
    pub(super) on_store_error: OnStoreError,
    pub(super) max_replay: Option<u64>,
    pub(super) retention: Retention,
    pub(super) read_back: bool,
    pub(super) fence: Option<Accessor<str, Option<u64>>>,
    pub(super) knows: Vec<String>,
    pub(super) history_commitment: bool,
    pub(super) audit_every: Option<u64>,
    pub(super) max_bytes: u64,
    pub(super) max_state_bytes: u64,
    pub(super) compression: Compression,
    pub(super) keys: Vec<Key>,
    pub(super) verify_on_seal: bool,
    pub(super) page_size: usize,
    pub(super) migrations: BTreeMap<u32, Migration>,
    pub(super) clock: Option<Box<dyn Fn() -> i64 + Send + Sync>>,
    pub(super) type_of: Option<Accessor<F::Event, String>>,
    pub(super) size_of: Option<Accessor<F::Event, u64>>,
    pub(super) time_of: Option<Accessor<F::Event, i64>>,
    pub(super) kind_of: Option<Accessor<str, String>>,
    pub(super) predicates: Vec<Accessor<F::State, bool>>,
    pub(super) validate: Option<Accessor<F::State, Result<()>>>,
}

impl<F: Fold> Definition<F> {
    /// A definition with every default. `version` starts at 1 and must be raised whenever `fold` or its state changes meaning.
    pub fn new(name: impl Into<String>, version: u32, fold: F) -> Self {
        Self {
            name: name.into(),
            version,
            fold,
            policy: Policy::default(),
            sequence: Sequence::default(),
            late_arrivals_impossible: false,
            on_store_error: OnStoreError::Replay,
            max_replay: None,
            retention: Retention::from(2),
            read_back: true,
            fence: None,
            knows: Vec::new(),
            history_commitment: false,
            audit_every: None,
            max_bytes: 1_000_000,
            max_state_bytes: DEFAULT_MAX_STATE_BYTES,
            compression: Compression::None,
            keys: Vec::new(),
            verify_on_seal: false,
            page_size: 1_000,
            migrations: BTreeMap::new(),
            clock: None,
            type_of: None,
            size_of: None,
            time_of: None,
            kind_of: None,
            predicates: Vec::new(),
            validate: None,
        }
    }

    /// When to snapshot.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// How positions follow each other.
    #[must_use]
    pub fn sequence(mut self, sequence: Sequence) -> Self {
        self.sequence = sequence;
        self
    }

    /// For sparse streams whose log cannot count: states that no event ever commits below one that was read already.
    #[must_use]
    pub fn late_arrivals_impossible(mut self) -> Self {
        self.late_arrivals_impossible = true;
        self
    }

    /// What a load does when the store cannot be read.
    #[must_use]
    pub fn on_store_error(mut self, on_store_error: OnStoreError) -> Self {
        self.on_store_error = on_store_error;
        self
    }

    /// Compares each so many loads that a snapshot served with the full replay, 1 or more, the first time at that many; such a load waits for it
    /// and reads the whole log once more. What differs is replaced by what was replayed: [`Handle::audit`](super::Handle::audit).
    #[must_use]
    pub fn audit_every(mut self, loads: u64) -> Self {
        self.audit_every = Some(loads);
        self
    }

    /// How many events a load or refresh may fold, 1 or more; more are [`Code::ReplayTooLong`].
    #[must_use]
    pub fn max_replay(mut self, max_replay: u64) -> Self {
        self.max_replay = Some(max_replay);
        self
    }

    /// Snapshots kept per version of a stream, 1 or more.
    #[must_use]
    pub fn keep(self, last: u32) -> Self {
        self.retention(Retention::from(last))
    }

    /// As [`Self::keep`], with more rules.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// Whether every snapshot is read back after it was written, which is the default: then what it makes superfluous is deleted. Without,
    /// a save deletes only what lies behind the snapshot that the handle was loaded from.
    #[must_use]
    pub fn read_back(mut self, read_back: bool) -> Self {
        self.read_back = read_back;
        self
    }

    /// The token that a stream's owner has and that grows with each owner, asked for when a stream is loaded; `None`: it has none. Where
    /// the newest snapshot in the slot has a greater one, nothing is written.
    #[must_use]
    pub fn fence(mut self, fence: impl Fn(&str) -> Option<u64> + Send + Sync + 'static) -> Self {
        self.fence = Some(Box::new(fence));
        self
    }

    /// Types of the events that `fold` understands. Headers name them; a state that an event of another type is folded into is not
    /// snapshotted, and a snapshot whose writer knew another type is not used. Needs [`Self::type_of`].
    #[must_use]
    pub fn knows(mut self, types: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let types: BTreeSet<String> = types.into_iter().map(Into::into).collect();
        self.knows = types.into_iter().collect();
        self
    }

    /// Snapshots commit to all events that were folded into them, so that [`Repository::verify`](super::Repository::verify) also finds a
    /// log in which events below a snapshot are others now, though the state is the same. Costs a SHA-256 for each event that is folded. A
    /// snapshot that was taken without stays without, and so do those that are built on it, until a full replay.
    #[must_use]
    pub fn history_commitment(mut self) -> Self {
        self.history_commitment = true;
        self
    }

    /// Largest frame that is written, in bytes, inclusive, after compression; the store's own limit applies too.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Largest state that is written or read, in bytes, inclusive, before compression.
    #[must_use]
    pub fn max_state_bytes(mut self, max_state_bytes: u64) -> Self {
        self.max_state_bytes = max_state_bytes;
        self
    }

    /// Whether states are compressed.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Signs what is written with the first key, and reads only what one of them has signed.
    #[must_use]
    pub fn keys(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.keys = keys.into_iter().collect();
        self
    }

    /// Opens and decodes every frame before it is written, encodes the state again, and refuses it if the digests differ. Costs about
    /// as much as sealing. Debug builds always do.
    #[must_use]
    pub fn verify_on_seal(mut self) -> Self {
        self.verify_on_seal = true;
        self
    }

    /// Events per read.
    #[must_use]
    pub fn page_size(mut self, page_size: usize) -> Self {
        self.page_size = page_size;
        self
    }

    /// The step from version `from` to the next, on the untyped state. Steps must lead to the definition's version without a gap.
    #[must_use]
    pub fn migrate(mut self, from: u32, step: impl Fn(Value) -> Result<Value> + Send + Sync + 'static) -> Self {
        self.migrations.insert(from, Box::new(step));
        self
    }

    /// Milliseconds since 1970, for policies that look at time and for the headers.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// The type of an event, for policies that wait for one.
    #[must_use]
    pub fn type_of(mut self, type_of: impl Fn(&F::Event) -> String + Send + Sync + 'static) -> Self {
        self.type_of = Some(Box::new(type_of));
        self
    }

    /// The size of an event in bytes, for policies that weigh.
    #[must_use]
    pub fn size_of(mut self, size_of: impl Fn(&F::Event) -> u64 + Send + Sync + 'static) -> Self {
        self.size_of = Some(Box::new(size_of));
        self
    }

    /// When an event was recorded, milliseconds since 1970: from there a time policy measures until the first snapshot.
    #[must_use]
    pub fn time_of(mut self, time_of: impl Fn(&F::Event) -> i64 + Send + Sync + 'static) -> Self {
        self.time_of = Some(Box::new(time_of));
        self
    }

    /// The kind of a stream, for policies per kind.
    #[must_use]
    pub fn kind_of(mut self, kind_of: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.kind_of = Some(Box::new(kind_of));
        self
    }

    /// The next state predicate; `Policy::when_state(0)` means the first one given.
    #[must_use]
    pub fn when(mut self, predicate: impl Fn(&F::State) -> bool + Send + Sync + 'static) -> Self {
        self.predicates.push(Box::new(predicate));
        self
    }

    /// Refuses a state that no event could have led to. Runs before sealing and after opening.
    #[must_use]
    pub fn validate(mut self, validate: impl Fn(&F::State) -> Result<()> + Send + Sync + 'static) -> Self {
        self.validate = Some(Box::new(validate));
        self
    }

    /// Versions that the migrations cover, newest first.
    pub(super) fn migratable(&self) -> Vec<u32> {
        self.migrations.keys().rev().copied().collect()
    }

    /// What a frame of a stream must be; callers add what else they know.
    pub(super) fn expect<'a>(&'a self, stream: &'a str) -> Expect<'a> {
        Expect {
            max_state_bytes: self.max_state_bytes,
            keys: &self.keys,
            fold_digest: self.fold.digest(),
            knows: &self.knows,
            ..Expect::of(&self.name, self.version, stream)
        }
    }

    /// The keys of one of its streams.
    pub(super) fn keys_of(&self, stream: &str) -> Result<StreamKeys> {
        StreamKeys::new(&self.name, stream)
    }

    /// Where its snapshots lie.
    pub(super) fn slot(&self) -> Slot {
        Slot::of(self.version, self.fold.digest())
    }

    /// Whether events may arrive below positions that were read already.
    pub(super) fn late_events_possible(&self) -> bool {
        self.sequence == Sequence::Sparse && !self.late_arrivals_impossible
    }

    pub(super) fn fence_of(&self, stream: &str) -> Option<u64> {
        self.fence.as_ref().and_then(|fence| fence(stream))
    }

    pub(super) fn now(&self) -> Option<i64> {
        self.clock.as_ref().map(|clock| clock())
    }

    pub(super) fn check(&self, log: &impl EventLog) -> Result<()> {
        self.check_numbers()?;
        self.check_migrations()?;
        self.check_accessors()?;
        self.check_keys()?;
        self.check_log(log)
    }

    /// Where a sparse stream begins, and how many events it has, nothing shows but what the log says.
    fn check_log(&self, log: &impl EventLog) -> Result<()> {
        if self.sequence != Sequence::Sparse || log.has_bounds() {
            return Ok(());
        }
        if !self.late_arrivals_impossible {
            return refuse(
                "bounds",
                "a sparse stream needs them to notice late events; or state late_arrivals_impossible",
            );
        }
        match log.history() {
            None => refuse(
                "history",
                "a sparse log without bounds must state it: Complete if events are never deleted, else Pruned",
            ),
            Some(_) => Ok(()),
        }
    }

    fn check_numbers(&self) -> Result<()> {
        if self.name.is_empty() {
            return refuse("name", "must not be empty");
        }
        let positive = [
            ("version", u64::from(self.version)),
            ("keep", u64::from(self.retention.last)),
            ("keep.every", self.retention.every.unwrap_or(1)),
            ("max_bytes", self.max_bytes),
            ("max_state_bytes", self.max_state_bytes),
            ("page_size", self.page_size as u64),
            ("max_replay", self.max_replay.unwrap_or(u64::MAX)),
            ("audit_every", self.audit_every.unwrap_or(1)),
        ];
        if let Some((option, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return refuse(option, "must be at least 1");
        }
        match self.sequence {
            Sequence::Contiguous { first_position } if first_position > 1 => refuse("first_position", "must be 0 or 1"),
            _ => Ok(()),
        }
    }

    fn check_migrations(&self) -> Result<()> {
        let Some(first) = self.migrations.keys().next().copied() else {
            return Ok(());
        };
        if self.fold.digest().is_some() {
            return refuse(
                "migrate",
                "a built-in fold reads no state but its own; leave migrations out, other states are replayed",
            );
        }
        if let Some(late) = self
            .migrations
            .keys()
            .find(|from| **from >= self.version || **from == 0)
        {
            return refuse(
                &format!("migrate({late})"),
                "must start from a version from 1 to the one before this",
            );
        }
        match (first..self.version).find(|from| !self.migrations.contains_key(from)) {
            Some(missing) => refuse(&format!("migrate({missing})"), "the chain of migrations has a gap here"),
            None => Ok(()),
        }
    }

    fn check_keys(&self) -> Result<()> {
        let twice = |(at, key): (usize, &Key)| self.keys.iter().take(at).any(|other| other.id() == key.id());
        match self.keys.iter().enumerate().any(twice) {
            true => refuse("keys", "two keys have the same id"),
            false => Ok(()),
        }
    }

    fn check_accessors(&self) -> Result<()> {
        let needs = self.policy.needs();
        let missing = [
            ("clock", needs.clock && self.clock.is_none()),
            ("clock", self.retention.every.is_some() && self.clock.is_none()),
            ("size_of", needs.bytes && self.size_of.is_none()),
            ("type_of", !needs.event_types.is_empty() && self.type_of.is_none()),
            ("type_of", !self.knows.is_empty() && self.type_of.is_none()),
            ("kind_of", needs.kind && self.kind_of.is_none()),
            ("when", (self.predicates.len() as u64) < u64::from(needs.states)),
        ];
        match missing.iter().find(|(_, missing)| *missing) {
            Some((accessor, _)) => refuse(accessor, "the policy, the retention or `knows` needs this accessor"),
            None => Ok(()),
        }
    }
}

fn refuse(option: &str, rule: &str) -> Result<()> {
    Err(Error::new(Code::InvalidOption, rule).at_path(option))
}
