//! The snapshot layer for event-sourced applications, without I/O.
//!
//! Data walks through five rooms in one direction; each is pure and usable alone:
//!
//! ```text
//! events ──► fold ──► value ──► frame ──► store
//!               ▲                            │
//!             policy  (says when)        host callbacks
//! ```
//!
//! - [`policy`] decides *when* to take a snapshot.
//! - [`fold`] turns events into state and keeps position, event count and anchor beside it.
//! - [`value`] encodes state to bytes: one encoding per value, the same on every host.
//! - [`frame`] wraps those bytes with a header and digests, and judges what comes back.
//! - [`store`] knows keys, recovers, saves and prunes; a host brings the storage.
//!
//! The contract the whole API rests on: **a snapshot plus its tail equals the full replay, or it is not used.**
//!
//! [`store::Repository`] is where to begin; `docs/rust.md` of the project has whole programs around it.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod bindings;
mod error;
pub mod fold;
pub mod frame;
pub mod policy;
mod sort;
pub mod store;
#[cfg(feature = "std")]
pub mod testing;
mod text;
pub mod value;

pub use error::{Code, Error, Result};

/// Its programs are compiled and run with the documentation's tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/rust.md")]
struct RustPage;
