//! The driver for hosts without an executor: the same methods, blocking the calling thread.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{EventLog, Forgotten, Handle, LoadOptions, Outcome, Pruned, Rebuilt, Repository, Slot, Store, Verified};
use crate::Result;
use crate::fold::Fold;

/// The blocking face of a [`Repository`], with each of its methods that is a future; [`Repository::apply`] is none, and is called on the
/// repository itself. Made by [`Repository::blocking`].
pub struct Blocking<'a, F: Fold, S, L> {
    repository: &'a Repository<F, S, L>,
}

impl<'a, F, S, L> Blocking<'a, F, S, L>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    S: Store,
    L: EventLog<Event = F::Event>,
{
    pub(super) fn new(repository: &'a Repository<F, S, L>) -> Self {
        Self { repository }
    }

    /// [`Repository::load`].
    ///
    /// # Errors
    /// As there.
    pub fn load(&self, stream: &str) -> Result<Handle<F::State>> {
        pollster::block_on(self.repository.load(stream))
    }

    /// [`Repository::load_with`].
    ///
    /// # Errors
    /// As there.
    pub fn load_with(&self, stream: &str, options: LoadOptions) -> Result<Handle<F::State>> {
        pollster::block_on(self.repository.load_with(stream, options))
    }

    /// [`Repository::refresh`].
    ///
    /// # Errors
    /// As there.
    pub fn refresh(&self, handle: &mut Handle<F::State>) -> Result<()> {
        pollster::block_on(self.repository.refresh(handle))
    }

    /// [`Repository::maybe_snapshot`].
    pub fn maybe_snapshot(&self, handle: &mut Handle<F::State>) -> Outcome {
        pollster::block_on(self.repository.maybe_snapshot(handle))
    }

    /// [`Repository::snapshot`].
    ///
    /// # Errors
    /// As there.
    pub fn snapshot(&self, handle: &mut Handle<F::State>) -> Result<Outcome> {
        pollster::block_on(self.repository.snapshot(handle))
    }

    /// [`Repository::verify`].
    ///
    /// # Errors
    /// As there.
    pub fn verify(&self, stream: &str) -> Result<Verified> {
        pollster::block_on(self.repository.verify(stream))
    }

    /// [`Repository::invalidate`].
    ///
    /// # Errors
    /// As there.
    pub fn invalidate(&self, stream: &str, from: u64) -> Result<Vec<String>> {
        pollster::block_on(self.repository.invalidate(stream, from))
    }

    /// [`Repository::prune`].
    ///
    /// # Errors
    /// As there.
    pub fn prune(&self, stream: &str) -> Result<Pruned> {
        pollster::block_on(self.repository.prune(stream))
    }

    /// [`Repository::drop_slots`].
    ///
    /// # Errors
    /// As there.
    pub fn drop_slots(&self, stream: &str, live: &[Slot]) -> Result<Vec<String>> {
        pollster::block_on(self.repository.drop_slots(stream, live))
    }

    /// [`Repository::safe_to_prune_through`].
    ///
    /// # Errors
    /// As there.
    pub fn safe_to_prune_through(&self, stream: &str, live: &[Slot], consumers: &[u64]) -> Result<Option<u64>> {
        pollster::block_on(self.repository.safe_to_prune_through(stream, live, consumers))
    }

    /// [`Repository::forget`].
    ///
    /// # Errors
    /// As there.
    pub fn forget(&self, stream: &str) -> Result<Forgotten> {
        pollster::block_on(self.repository.forget(stream))
    }

    /// [`Repository::revive`].
    ///
    /// # Errors
    /// As there.
    pub fn revive(&self, stream: &str) -> Result<()> {
        pollster::block_on(self.repository.revive(stream))
    }

    /// [`Repository::rebuild`].
    pub fn rebuild(
        &self,
        streams: impl IntoIterator<Item = impl AsRef<str>>,
        on_progress: impl FnMut(&str, &Rebuilt),
    ) -> Rebuilt {
        pollster::block_on(self.repository.rebuild(streams, on_progress))
    }
}
