//! The fuzz targets on the stable toolchain: the golden vectors, the fixtures (what a fuzzer found once, and what it should start
//! from), and a bounded number of mutations of both. `cargo xtask fuzz` goes on from here.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod mutate;
#[path = "../support/random.rs"]
mod random;
#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use mutate::mutated;
use random::Random;

const CASES: u64 = 20_000;

#[test]
fn value_decode() {
    smoke(
        "value_decode",
        samples(&["values", "values-refused"]),
        targets::value_decode,
    );
}

#[test]
fn frame_open() {
    smoke(
        "frame_open",
        samples(&["frames", "frames-refused"]),
        targets::frame_open,
    );
}

#[test]
fn frame_open_repaired() {
    smoke(
        "frame_open_repaired",
        samples(&["frames", "frames-refused"]),
        targets::frame_open_repaired,
    );
}

#[test]
fn json_transcode() {
    smoke("json_transcode", samples(&["values"]), targets::json_transcode);
}

#[test]
fn decompress() {
    smoke("decompress", vec![], targets::decompress);
}

#[test]
fn fold_json_lines() {
    smoke("fold_json_lines", vec![], targets::fold_json_lines);
}

#[test]
fn fold_rules_spec() {
    smoke("fold_rules_spec", vec![], targets::fold_rules_spec);
}

#[test]
fn every_folder_of_fixtures_belongs_to_a_target() {
    for folder in entries(&fixtures()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/fuzz_targets/{name}.rs"));
        assert!(target.is_file(), "{} is replayed by nothing", folder.display());
    }
}

/// Runs a target on its fixtures, on the samples, and on mutations of both.
fn smoke(target: &str, mut samples: Vec<Vec<u8>>, run: fn(&[u8])) {
    let fixtures = entries(&fixtures().join(target));
    for path in &fixtures {
        let input = fs::read(path).unwrap();
        case(target, &path.display().to_string(), &input, run);
        samples.push(input);
    }
    for (index, sample) in samples.iter().enumerate() {
        case(target, &format!("sample {index}"), sample, run);
    }
    for seed in 0..CASES {
        let input = mutated(&samples, &mut Random::new(seed));
        case(target, &format!("mutation {seed}"), &input, run);
    }
    let (fixtures, samples) = (fixtures.len(), samples.len());
    println!("{target}: {samples} samples, {fixtures} of them fixtures, and {CASES} mutations");
}

fn case(target: &str, name: &str, input: &[u8], run: fn(&[u8])) {
    if let Err(failure) = panic::catch_unwind(|| run(input)) {
        let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        eprintln!("{target} fails on {name}: {hex}");
        panic::resume_unwind(failure);
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fuzz")
}

/// What lies in a folder, in order; nothing if there is no such folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The bytes of golden vectors.
fn samples(files: &[&str]) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let texts = files
        .iter()
        .map(|file| fs::read_to_string(folder.join(format!("{file}.json"))).unwrap());
    let vectors = texts.flat_map(|text| serde_json::from_str::<Vec<serde_json::Value>>(&text).unwrap());
    vectors
        .map(|vector| {
            let text = vector.get("hex").or(vector.get("frameHex")).unwrap();
            hex(text.as_str().unwrap())
        })
        .collect()
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
