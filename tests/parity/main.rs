//! What snapfold has to match, and the mistakes it must not repeat: one module per system, one test per line.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/folds/mod.rs"]
mod folds;
#[path = "../support/journals.rs"]
mod journals;

mod actionqueue;
mod actionqueue_storage;
mod continuum;
mod mako;
mod noetl;
mod stabilize;
