//! For the tests of applications: the laws that a definition has to keep, a lock that notices when its results change, and what a store must
//! do.
//!
//! ```
//! use snapfold::fold::{Fold, Row};
//! use snapfold::store::Definition;
//! use snapfold::testing::{DefinitionLock, definition_lock, snapshot_laws};
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
//! let rows: Vec<_> = (1..=20).map(|n| Row::new(n, format!("event-{n}"), n as i64)).collect();
//! snapshot_laws(|| Definition::new("sum", 1, Sum), &rows)?;
//!
//! let lock = definition_lock(|| Definition::new("sum", 1, Sum), &rows)?; // serde writes it to a file
//! let previous: DefinitionLock = lock.clone(); // and reads what the file held
//! lock.check(&previous)?;
//! # Ok::<(), snapfold::Error>(())
//! ```

mod definitions;
mod store;

pub use definitions::{DefinitionLock, definition_lock, snapshot_laws};
pub use store::{Broken, Rule, store_conformance};
