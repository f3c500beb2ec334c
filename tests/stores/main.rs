//! The stores that are shipped, and the suite that tells whether a store is one.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod broken;
mod files;
mod killed;
mod traffic;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use snapfold::store::MemoryStore;
use snapfold::testing::store_conformance;

use common::now;

#[test]
fn the_memory_store_is_a_store() {
    assert_eq!(now(store_conformance(MemoryStore::default, |store| store)), []);
}

/// A new folder, removed when it goes out of scope.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("snapfold-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}
