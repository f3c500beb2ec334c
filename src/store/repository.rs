//! The driver: performs the steps that [`next`](super::next) and [`next_save`](super::next_save) name, and tells them what was
//! learned. The TypeScript twin is pkg/src/repository.ts.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handle::{Handle, Tail};
use super::loading::{is_worth_a_load, learned};
use super::outcome::{LoadOptions, Outcome, Skipped};
use super::pages::Pages;
use super::recovery::recover;
use super::saving::{Known, Sealed, check_round_trip, mark_attempt, read_attempt, save, seal};
use super::streams::{Memory, Streams, Taken};
use super::{Definition, EventLog, Listing, Rejection, SaveResult, Store};
use crate::fold::{Admission, Fold, Row};
use crate::policy::{Attempt, Decision, LastLoad, LastSnapshot, Needs, Observation, decide};
use crate::{Code, Error, Result, value};

/// One definition, connected to a store and a log.
pub struct Repository<F: Fold, S, L> {
    pub(super) definition: Definition<F>,
    pub(super) store: S,
    pub(super) log: L,
    needs: Needs,
    streams: Mutex<Streams>,
    /// How many loads came from a snapshot, where some are compared with a replay.
    pub(super) audited_loads: AtomicU64,
}

impl<F, S, L> Repository<F, S, L>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    S: Store,
    L: EventLog<Event = F::Event>,
{
    /// Connects a definition.
    ///
    /// # Errors
    /// [`Code::InvalidOption`] naming the option that makes no sense or the accessor that the policy needs;
    /// [`Code::Unencodable`] if the initial state could not be snapshotted.
    pub fn new(definition: Definition<F>, store: S, log: L) -> Result<Self> {
        definition.check(&log)?;
        let initial = value::to_vec(&definition.fold.initial())?;
        if definition.verify_on_seal || cfg!(debug_assertions) {
            check_round_trip::<F>(&initial)?;
        }
        Ok(Self {
            needs: definition.policy.needs(),
            definition,
            store,
            log,
            streams: Mutex::default(),
            audited_loads: AtomicU64::default(),
        })
    }

    /// The newest state of a stream: snapshot and tail, or the full replay.
    ///
    /// # Errors
    /// [`Code::HistoryUnavailable`] if no state can be vouched for, [`Code::ReadFailed`], [`Code::Gap`], [`Code::OutOfOrder`];
    /// [`Code::ReplayTooLong`] and [`Code::Unreadable`] where the definition asks for it.
    pub async fn load(&self, stream: &str) -> Result<Handle<F::State>> {
        self.load_with(stream, LoadOptions::default()).await
    }

    /// As [`Self::load`], or a state of the past, or without snapshots.
    ///
    /// # Errors
    /// As [`Self::load`]; [`Code::BeyondLog`] if the log ends before `at`.
    pub async fn load_with(&self, stream: &str, options: LoadOptions) -> Result<Handle<F::State>> {
        let handle = self.loaded(stream, options).await?;
        let handle = self.audited(handle, options).await;
        if options.use_snapshots {
            self.forget_unseen(&handle);
            self.recall_attempt(&handle).await;
        }
        Ok(handle)
    }

    pub(super) async fn loaded(&self, stream: &str, options: LoadOptions) -> Result<Handle<F::State>> {
        let began = self.definition.now();
        let mut facts = Vec::new();
        let mut handle = loop {
            let start = recover(self, stream, options, &mut facts).await?;
            let mut handle = self.handle_of(stream, start.snapshot, start.rejected, options);
            match self.fold_through(&mut handle, start.page, start.pages, options).await {
                Ok(replayed) => {
                    handle.replayed = replayed;
                    break handle;
                }
                Err(error) => facts.push(learned(&handle, error)?),
            }
        };
        handle.load = began.zip(self.definition.now()).map(|(began, ended)| LastLoad {
            millis: u64::try_from(ended.saturating_sub(began)).unwrap_or_default(),
            events: handle.event_count(),
        });
        Ok(handle)
    }

    /// Folds rows that were just appended. A row that is refused leaves the handle after the last good one.
    ///
    /// # Errors
    /// [`Code::Gap`], [`Code::OutOfOrder`], [`Code::Historical`].
    pub fn apply(&self, handle: &mut Handle<F::State>, rows: impl IntoIterator<Item = Row<F::Event>>) -> Result<()> {
        if handle.historical {
            return Err(Error::new(
                Code::Historical,
                "a state of the past cannot be extended; load the stream without `at`",
            ));
        }
        rows.into_iter().try_for_each(|row| self.fold(handle, row))
    }

    /// Reads and folds only what came after; loads anew if handle and log no longer share one history, or if what came after cannot be
    /// folded onto the handle.
    ///
    /// # Errors
    /// As [`Self::load`]; [`Code::Historical`]; [`Code::HistoryUnavailable`] if the log is empty now. The handle is unchanged unless a
    /// row that was read is refused: then it stands after the last good one.
    pub async fn refresh(&self, handle: &mut Handle<F::State>) -> Result<()> {
        if handle.historical {
            return Err(Error::new(Code::Historical, "a state of the past stays as it is"));
        }
        if let (Some(position), false) = (handle.position(), self.definition.late_events_possible()) {
            let stream = handle.stream.clone();
            let mut pages = Pages::new(
                &self.log,
                &stream,
                Some(position),
                self.definition.page_size,
                self.definition.sequence,
            );
            let mut page = pages.next().await?;
            let anchored = page.first().is_some_and(|row| {
                row.position == position && handle.progress.anchor().is_none_or(|anchor| *anchor == row.anchor)
            });
            if anchored {
                page.remove(0);
                handle.fence = self.definition.fence_of(&stream);
                let options = LoadOptions::default();
                match self.fold_through(handle, page, pages, options).await {
                    Err(error) if is_worth_a_load(error.code()) => {}
                    folded => return folded.map(|_| ()),
                }
            }
        }
        let fresh = self.load(&handle.stream).await?;
        // A log that is empty now may as well be lost.
        if let (Some(position), None) = (handle.position(), fresh.position()) {
            return Err(Error::new(
                Code::HistoryUnavailable,
                format!(
                    "the log is empty, but this handle stands at {position}; load the stream if it was reset on purpose"
                ),
            ));
        }
        *handle = fresh;
        Ok(())
    }

    /// Takes a snapshot if the policy says so. What goes wrong is in the outcome: the command that was just committed stands.
    pub async fn maybe_snapshot(&self, handle: &mut Handle<F::State>) -> Outcome {
        if let Some(skipped) = self.refusal(handle) {
            return Outcome::Skipped(skipped);
        }
        let Decision { take, reason } = self.decide(handle);
        if !take {
            return Outcome::Skipped(Skipped::NotDue(reason.to_string()));
        }
        self.attempt(handle, reason.to_string()).await
    }

    /// Takes a snapshot now, whatever the policy says.
    ///
    /// # Errors
    /// What [`Self::maybe_snapshot`] would report as failed or too large; [`Code::Historical`]; [`Code::UnknownEvent`].
    pub async fn snapshot(&self, handle: &mut Handle<F::State>) -> Result<Outcome> {
        match self.refusal(handle) {
            Some(Skipped::Historical) => {
                return Err(Error::new(Code::Historical, "a state of the past is not snapshotted"));
            }
            Some(Skipped::UnknownEvent(name)) => {
                let message = format!("this code does not know the event type {name:?}");
                return Err(Error::new(Code::UnknownEvent, message));
            }
            Some(skipped) => return Ok(Outcome::Skipped(skipped)),
            None => {}
        }
        match self.attempt(handle, String::from("asked for")).await {
            Outcome::Failed(error) | Outcome::Skipped(Skipped::TooLarge(error)) => Err(error),
            outcome => Ok(outcome),
        }
    }

    /// The same methods, blocking the calling thread; for hosts without an executor.
    pub fn blocking(&self) -> super::Blocking<'_, F, S, L> {
        super::Blocking::new(self)
    }

    // Loading

    pub(super) fn fold(&self, handle: &mut Handle<F::State>, row: Row<F::Event>) -> Result<()> {
        let Row {
            position,
            anchor,
            event,
        } = row;
        if handle.progress.check(self.definition.sequence, position, &anchor)? == Admission::Repeated {
            return Ok(());
        }
        self.definition.fold.try_evolve(&mut handle.state, &event)?;
        handle.commitment = handle.commitment.map(|commitment| commitment.after(position, &anchor));
        handle.progress.advance(position, anchor);
        if handle.event_count() == 1 {
            handle.tail.first_at = self.definition.time_of.as_ref().map(|time_of| time_of(&event));
        }
        handle.tail.note(&self.definition, &self.needs, &event);
        Ok(())
    }

    /// A snapshot that a load found unusable, or did not find, no longer counts as the last one.
    fn forget_unseen(&self, handle: &Handle<F::State>) {
        let found = handle.base.map_or(0, |base| base.events);
        let looked = !handle.historical && self.store.listing() == Listing::Strong && !handle.store_was_unreadable();
        self.no_longer_counts_on(&handle.stream, |taken| {
            let refuted = |rejection: &Rejection| rejection.key == taken.key && rejection.code != Code::Unreadable;
            (looked && taken.snapshot.events > found) || handle.rejected.iter().any(refuted)
        });
    }

    /// A snapshot that is gone no longer counts as the last one.
    pub(super) fn no_longer_counts_on(&self, stream: &str, gone: impl Fn(&Taken) -> bool) {
        let taken = self.memory(stream).and_then(|memory| memory.last_taken);
        if taken.is_some_and(|taken| gone(&taken)) {
            self.streams().update(stream, |memory| memory.last_taken = None);
        }
    }

    /// Also that saves failed. One that is under way goes on being the only one.
    pub(super) fn forget_what_is_remembered(&self, stream: &str) {
        self.streams().forget(stream);
    }

    /// Only a stream that is due, and that this process knows nothing of, costs the extra read. What cannot be read is no advice.
    async fn recall_attempt(&self, handle: &Handle<F::State>) {
        let known = self.memory(&handle.stream).is_some();
        if known
            || handle.store_was_unreadable()
            || handle.historical
            || handle.event_count() == 0
            || !self.decide(handle).take
        {
            return;
        }
        let attempt = read_attempt(&self.definition, &self.store, &handle.stream).await;
        self.streams()
            .update(&handle.stream, |memory| memory.last_tried = attempt);
    }

    // Snapshotting

    fn refusal(&self, handle: &Handle<F::State>) -> Option<Skipped> {
        if handle.historical {
            return Some(Skipped::Historical);
        }
        if let Some(name) = &handle.tail.unknown {
            return Some(Skipped::UnknownEvent(name.clone()));
        }
        (handle.event_count() == 0).then_some(Skipped::NothingFolded)
    }

    fn decide(&self, handle: &Handle<F::State>) -> Decision {
        let definition = &self.definition;
        let memory = self.memory(&handle.stream).unwrap_or_default();
        let covered = handle.base.map_or(0, |base| base.events);
        let newer = memory
            .last_taken
            .map(|taken| taken.snapshot)
            .filter(|taken| taken.events <= handle.event_count() && taken.events > covered);
        let mut observation = Observation::new(handle.stream.as_str());
        observation.events = handle.event_count();
        observation.snapshot = newer.or(handle.base);
        observation.attempt = memory.last_tried;
        observation.tail_bytes = handle.tail.bytes;
        observation.first_at = handle.tail.first_at;
        observation.now = definition.now();
        observation.load = handle.load;
        observation.event_types = handle.tail.types.iter().cloned().collect::<Vec<_>>().into();
        observation.states = definition
            .predicates
            .iter()
            .map(|holds| holds(&handle.state))
            .collect::<Vec<_>>()
            .into();
        observation.kind = definition
            .kind_of
            .as_ref()
            .filter(|_| self.needs.kind)
            .map(|kind_of| kind_of(&handle.stream).into());
        decide(&definition.policy, &observation)
    }

    async fn attempt(&self, handle: &mut Handle<F::State>, reason: String) -> Outcome {
        let stream = handle.stream.clone();
        let Some(_in_flight) = self.begin(&stream) else {
            return Outcome::Skipped(Skipped::InFlight);
        };
        let sealed = match seal(&self.definition, handle) {
            Ok(sealed) => sealed,
            Err(error) => return self.attempt_failed(handle, error).await,
        };
        let clear_attempt = self.memory(&stream).is_some_and(|memory| memory.last_tried.is_some());
        let known = Known::of(handle, clear_attempt);
        match save(&self.definition, &self.store, &sealed, known).await {
            Ok(SaveResult::Failed { error }) if error.code() == Code::Fenced => Outcome::Failed(error),
            Ok(SaveResult::Forgotten) => {
                self.remember_attempt(handle);
                Outcome::Skipped(Skipped::Forgotten)
            }
            Err(error) | Ok(SaveResult::Failed { error }) => self.attempt_failed(handle, error).await,
            Ok(SaveResult::AlreadyCovered { key }) => {
                self.remember(handle, &sealed, key.clone());
                Outcome::Skipped(Skipped::AlreadyCovered(key))
            }
            Ok(SaveResult::Taken {
                key,
                deleted,
                delete_error,
            }) => {
                self.remember(handle, &sealed, key.clone());
                Outcome::Taken {
                    reason,
                    key,
                    bytes: sealed.frame.len() as u64,
                    deleted,
                    delete_error,
                }
            }
        }
    }

    fn remember(&self, handle: &mut Handle<F::State>, sealed: &Sealed, key: String) {
        let snapshot = LastSnapshot {
            events: sealed.header.event_count,
            at: sealed.header.taken_at,
            bytes: sealed.frame.len() as u64,
        };
        handle.base = Some(snapshot);
        handle.tail = Tail::default();
        self.streams().update(&handle.stream, |memory| {
            memory.last_taken = Some(Taken { key, snapshot });
            memory.last_tried = None;
        });
    }

    async fn attempt_failed(&self, handle: &Handle<F::State>, error: Error) -> Outcome {
        let attempt = self.remember_attempt(handle);
        mark_attempt(&self.definition, &self.store, &handle.stream, &attempt, error.code()).await;
        match error.code() {
            Code::TooLarge => Outcome::Skipped(Skipped::TooLarge(error)),
            _ => Outcome::Failed(error),
        }
    }

    fn remember_attempt(&self, handle: &Handle<F::State>) -> Attempt {
        let failed_before = self.memory(&handle.stream).and_then(|memory| memory.last_tried);
        let attempt = Attempt {
            events: handle.event_count(),
            at: self.definition.now(),
            tail_bytes: handle.tail.bytes,
            failures: failed_before.map_or(0, |attempt| attempt.failures).saturating_add(1),
        };
        self.streams()
            .update(&handle.stream, |memory| memory.last_tried = Some(attempt));
        attempt
    }

    /// `None` while another save of the stream is under way.
    fn begin<'a>(&'a self, stream: &'a str) -> Option<InFlight<'a>> {
        let mut busy = false;
        self.streams()
            .update(stream, |memory| busy = core::mem::replace(&mut memory.in_flight, true));
        (!busy).then(|| InFlight {
            streams: &self.streams,
            stream,
        })
    }

    fn memory(&self, stream: &str) -> Option<Memory> {
        self.streams().get(stream)
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        lock(&self.streams)
    }
}

/// Marks one stream's save; also ends it when the save's future is dropped half way.
struct InFlight<'a> {
    streams: &'a Mutex<Streams>,
    stream: &'a str,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        lock(self.streams).update(self.stream, |memory| memory.in_flight = false);
    }
}

fn lock(streams: &Mutex<Streams>) -> MutexGuard<'_, Streams> {
    streams.lock().unwrap_or_else(PoisonError::into_inner)
}
