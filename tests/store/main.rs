//! The pure half of the store room: keys, recovery, saving, retention.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod keys;
#[cfg(not(target_family = "wasm"))]
mod keys_laws;
mod load;
mod prune;
mod save;
mod worlds;
