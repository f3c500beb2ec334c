//! What folds are tested with: reducers written by hand, and logs for them from a seed.
#![allow(dead_code)] // each harness uses its part

pub mod keyed;
pub mod loans;
pub mod orders;
pub mod orders_log;
#[path = "../random.rs"]
pub mod random;
pub mod task_queue;
pub mod task_queue_log;
pub mod task_queue_reducer;
