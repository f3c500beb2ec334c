//! What snapfold has to match, and the mistakes it must not repeat: one module per system, one test per line.
#![allow(clippy::unwrap_used)]

mod actionqueue_policy;
mod continuum_policy;
mod mako_policy;
mod stabilize_policy;
