//! Where snapshots lie and how they come back: keys, recovery, saving, retention, and the driver that carries it out.
//!
//! The decisions are pure functions of facts: [`next`] for a load, [`next_save`] for a save. A driver performs the steps they name:
//! [`Repository`] here, its TypeScript twin in the npm package, or a host of its own.

mod keys;
mod load;
mod save;

pub use keys::{MAX_KEY_BYTES, StreamKeys, position_of};
pub use load::{Bounds, FirstRow, LoadFact, LoadRequest, LoadStep, NextLoad, Rejection, next};
pub use save::{Listing, Op, SaveFact, SaveRequest, SaveResult, SaveStep, next_save, plan_prune, plan_save};
