//! The driver for hosts without an executor: the same methods, blocking the calling thread.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{EventLog, Handle, LoadOptions, Outcome, Repository, Store};
use crate::Result;
use crate::fold::Fold;

/// The blocking face of a [`Repository`]. Made by [`Repository::blocking`].
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
}
