//! Where snapshots lie and how they come back: keys, recovery, saving, retention, and the driver that carries it out.
//!
//! The decisions are pure functions of facts: [`next`] for a load, [`next_save`] for a save. A driver performs the steps they name:
//! [`Repository`] here, its TypeScript twin in the npm package, or a host of its own.

mod keys;
mod load;
mod save;

#[cfg(feature = "std")]
mod blocking;
#[cfg(feature = "std")]
mod definition;
#[cfg(feature = "std")]
mod handle;
#[cfg(feature = "std")]
mod host;
#[cfg(feature = "std")]
mod memory;
#[cfg(feature = "std")]
mod outcome;
#[cfg(feature = "std")]
mod pages;
#[cfg(feature = "std")]
mod recovery;
#[cfg(feature = "std")]
mod repository;
#[cfg(feature = "std")]
mod saving;
#[cfg(feature = "std")]
mod streams;

pub use keys::{MAX_KEY_BYTES, StreamKeys, position_of};
pub use load::{Bounds, FirstRow, LoadFact, LoadRequest, LoadStep, NextLoad, Rejection, next};
pub use save::{Listing, Op, SaveFact, SaveRequest, SaveResult, SaveStep, next_save, plan_prune, plan_save};

#[cfg(feature = "std")]
pub use self::{
    blocking::Blocking,
    definition::Definition,
    handle::{Handle, Source},
    host::{EventLog, HostError, Store},
    memory::MemoryStore,
    outcome::{LoadOptions, Outcome, Skipped},
    repository::Repository,
};
