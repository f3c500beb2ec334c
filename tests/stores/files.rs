use std::cell::Cell;
use std::fs;
use std::path::Path;

use serde_json::Value;
use snapfold::store::{FileStore, Store, StreamKeys};
use snapfold::testing::store_conformance;

use crate::Folder;
use crate::common::now;

fn key(position: u64) -> String {
    StreamKeys::new("cart", "cart-4").unwrap().snapshot(3, position)
}

fn keys(store: &FileStore) -> Vec<String> {
    now(store.list("", None, 99)).unwrap()
}

#[test]
fn a_folder_is_a_store() {
    let folder = Folder::new();
    let count = Cell::new(0);
    let make = || {
        count.set(count.get() + 1);
        FileStore::new(folder.0.join(count.get().to_string()))
    };
    assert_eq!(now(store_conformance(make, |store| store.clone())), []);
}

/// The npm package reads and writes the same folders.
#[test]
fn keys_have_the_file_names_that_are_written_down() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../vectors/file-names.json")).unwrap();
    assert!(vectors.len() > 10);
    let folder = Folder::new();
    let store = FileStore::new(&folder.0);
    let named = vectors
        .iter()
        .map(|vector| (vector["key"].as_str().unwrap(), vector["file"].as_str().unwrap()));
    for (key, file) in named.chain([("con./com1.", "%63on%2e/%63om1%2e.snap")]) {
        now(store.put(key, b"value", None)).unwrap();
        assert_eq!(fs::read(folder.0.join(file)).unwrap(), b"value", "{key}");
        assert_eq!(keys(&store), [key], "{file}");
        now(store.delete(&[key.into()])).unwrap();
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0, "{key}: a folder is left");
    }
}

#[test]
fn what_is_not_of_this_store_is_neither_listed_nor_touched() {
    let folder = Folder::new();
    let store = FileStore::new(&folder.0);
    now(store.put(&key(1), b"value", None)).unwrap();
    let slot = folder.0.join("cart/cart-4/s/v3");
    let foreign = [
        "README.md",
        ".snap",
        "%.tmp",
        "A.snap",
        "%41",
        "%4.snap",
        "con.snap",
        "a.snap.bak",
        "%zz.snap",
    ];
    for name in foreign {
        fs::write(slot.join(name), b"somebody else's").unwrap();
    }
    fs::create_dir(slot.join("b.snap")).unwrap();
    fs::create_dir(slot.join("Folder")).unwrap();
    assert_eq!(keys(&store), [key(1)]);
    now(store.delete(&[key(1)])).unwrap();
    assert_eq!(fs::read_dir(&slot).unwrap().count(), foreign.len() + 2);
}

/// A process died while it wrote: the old value is there, whole; what it left is removed once it is old.
#[test]
fn what_a_dead_process_left_disturbs_nobody() {
    let folder = Folder::new();
    let store = FileStore::new(&folder.0);
    now(store.put(&key(1), b"old", None)).unwrap();
    let slot = folder.0.join("cart/cart-4/s/v3");
    let left = slot.join("%0123abcd-0000-4000-8000-0123456789ab.tmp");
    fs::write(&left, b"ne").unwrap();
    assert_eq!(keys(&store), [key(1)]);
    assert!(left.exists(), "it may still be written");
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 3600);
    fs::File::options()
        .write(true)
        .open(&left)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    assert_eq!(keys(&store), [key(1)]);
    assert!(!left.exists());
    assert_eq!(now(store.get(&key(1))).unwrap().unwrap(), b"old");
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    let folder = Folder::new();
    let file = folder.0.join("file");
    fs::write(&file, b"").unwrap();
    let store = FileStore::new(&file);
    assert!(now(store.put(&key(1), b"value", None)).is_err());
    assert_eq!(now(store.get(&key(1))).unwrap(), None);
    assert!(Path::exists(&file));
}
