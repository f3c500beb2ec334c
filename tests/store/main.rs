//! The pure half of the store room: keys, recovery, saving, retention.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod conversation;
#[cfg(not(target_family = "wasm"))]
mod crashes;
mod keys;
#[cfg(not(target_family = "wasm"))]
mod keys_laws;
mod load;
mod load_log;
mod prune;
mod save;
mod save_worlds;
mod upkeep;
mod worlds;
