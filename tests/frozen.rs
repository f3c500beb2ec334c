//! Version 1 of the format is frozen: its golden vectors never change. New ones go into files of their own, which are
//! then listed in `tests/vectors/frozen.sha256` as well.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use snapfold::frame::sha256;

#[test]
fn frozen_vectors_are_what_they_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let list = fs::read_to_string(folder.join("frozen.sha256")).unwrap();
    let mut frozen = Vec::new();
    for line in list.lines() {
        let (digest, name) = line.split_once("  ").unwrap();
        let bytes = fs::read(folder.join(name)).unwrap();
        let found: String = sha256(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            found, digest,
            "{name} was changed; put new vectors into a file of their own"
        );
        frozen.push(name.to_owned());
    }
    let mut there: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    there.sort();
    assert_eq!(
        frozen, there,
        "every file of vectors is frozen with the version that added it"
    );
}
