//! Where snapshots lie and how they come back: keys, recovery, saving, retention, and the driver that carries it out.
//!
//! The decisions are pure functions of facts: [`next`] for a load, [`next_save`] for a save. A driver performs the steps they name:
//! [`Repository`] here, its TypeScript twin in the npm package, or a host of its own.
//!
//! ```
//! # #[cfg(feature = "std")] {
//! use snapfold::fold::{Fold, Row};
//! use snapfold::store::{Definition, EventLog, HostError, MemoryStore, Outcome, Repository, Source};
//!
//! struct Sum;
//!
//! impl Fold for Sum {
//!     type State = i64;
//!     type Event = i64;
//!
//!     fn initial(&self) -> i64 {
//!         0
//!     }
//!
//!     fn evolve(&self, sum: &mut i64, amount: &i64) {
//!         *sum += amount;
//!     }
//! }
//!
//! struct Log(Vec<i64>); // stands for a table of events
//!
//! impl EventLog for Log {
//!     type Event = i64;
//!
//!     async fn read(&self, _stream: &str, from: Option<u64>, limit: usize) -> Result<Vec<Row<i64>>, HostError> {
//!         let rows = (1u64..).zip(&self.0).map(|(position, amount)| Row::new(position, format!("event-{position}"), *amount));
//!         Ok(rows.filter(|row| Some(row.position) >= from).take(limit).collect())
//!     }
//! }
//!
//! let store = MemoryStore::default();
//! let repository = Repository::new(Definition::new("sum", 1, Sum), store, Log(vec![1; 250]))?;
//! let blocking = repository.blocking(); // or await the repository's own methods
//! let mut handle = blocking.load("account-7")?;
//! assert!(matches!(blocking.maybe_snapshot(&mut handle), Outcome::Taken { .. }));
//!
//! let restored = blocking.load("account-7")?;
//! assert_eq!((*restored.state(), restored.source()), (250, Source::Snapshot { position: 250 }));
//! # }
//! # Ok::<(), snapfold::Error>(())
//! ```

mod keys;
mod load;
mod save;
mod upkeep;

#[cfg(feature = "std")]
mod auditing;
#[cfg(feature = "std")]
mod blocking;
#[cfg(feature = "std")]
mod definition;
#[cfg(feature = "std")]
mod file_names;
#[cfg(feature = "std")]
mod files;
#[cfg(feature = "std")]
mod handle;
#[cfg(feature = "std")]
mod host;
#[cfg(feature = "std")]
mod loading;
#[cfg(feature = "std")]
mod maintenance;
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
mod soundness;
#[cfg(feature = "std")]
mod streams;

pub use keys::{MAX_KEY_BYTES, Slot, StreamKeys, position_of};
pub use load::{Bounds, FirstRow, History, LoadFact, LoadRequest, LoadStep, NextLoad, OnStoreError, Rejection, next};
pub use save::{
    Distrusted, Head, Listing, Op, PruneRequest, Retention, SaveFact, SaveRequest, SaveResult, SaveStep, next_save,
    plan_prune, plan_save,
};
pub use upkeep::{plan_drop_slots, plan_invalidate, safe_to_prune_through};

#[cfg(feature = "std")]
pub use self::{
    auditing::Audit,
    blocking::Blocking,
    definition::Definition,
    files::FileStore,
    handle::{Handle, Source},
    host::{EventLog, HostError, Store},
    maintenance::{Forgotten, Pruned, Rebuilt, Verified},
    memory::MemoryStore,
    outcome::{LoadOptions, Outcome, Skipped},
    repository::Repository,
};
