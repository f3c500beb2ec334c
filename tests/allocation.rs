//! How much memory bytes of unknown origin can make the value room take: counted, not believed.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
#![allow(unsafe_code)] // a global allocator cannot be written without; it passes everything on to the system's

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    collections::BTreeMap,
    hint::black_box,
};

use serde::Deserialize;
use snapfold::fold::rules::Rules;
use snapfold::value::{Value, canonicalize, from_slice, to_vec, validate};

/// The system's allocator, with a tally for each thread: tests run side by side.
struct Counting;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// Below zero where a thread frees what another one took, as the test harness does.
fn count(change: isize) {
    let now = NOW.get() + change;
    NOW.set(now);
    PEAK.set(PEAK.get().max(now));
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize); // both are there while the content moves
        count(-(layout.size() as isize));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most bytes that `work` held at one time.
fn peak<T>(work: impl FnOnce() -> T) -> usize {
    let before = NOW.get();
    PEAK.set(before);
    let result = work();
    let peak = PEAK.get() - before;
    drop(result);
    usize::try_from(peak).unwrap()
}

/// For error messages, and for what each open level takes.
const CONSTANT: usize = 64 * 1024;

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Tree {
    children: Vec<Tree>,
    #[serde(default)]
    names: BTreeMap<String, u64>,
}

fn repeat(item: &[u8], times: usize) -> Vec<u8> {
    item.repeat(times)
}

fn head(major: u8, argument: u64) -> Vec<u8> {
    let bytes = argument.to_be_bytes();
    let (info, rest) = match argument {
        0..24 => (argument as u8, &bytes[8..]),
        24..0x100 => (24, &bytes[7..]),
        0x100..0x1_0000 => (25, &bytes[6..]),
        0x1_0000..0x1_0000_0000 => (26, &bytes[4..]),
        _ => (27, &bytes[..]),
    };
    [&[major << 5 | info], rest].concat()
}

/// Inputs that claim or repeat as much as they can.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    const N: usize = 20_000;
    let large = [1 << 16, 1 << 32, u64::MAX];
    let mut inputs = vec![
        ("many nulls", [head(4, N as u64), repeat(&[0xf6], N)].concat()),
        ("empty arrays", [head(4, N as u64), repeat(&[0x80], N)].concat()),
        ("empty texts", [head(4, N as u64), repeat(&[0x60], N)].concat()),
        ("arrays of one", [head(4, N as u64), repeat(&[0x81, 0x00], N)].concat()),
        (
            "objects of one",
            [head(4, N as u64), repeat(&[0xa1, 0x60, 0x00], N)].concat(),
        ),
        (
            "small BigInts",
            [head(4, N as u64), repeat(&[0xc2, 0x41, 0x01], N)].concat(),
        ),
        (
            "a Set that repeats",
            [head(6, 258), head(4, N as u64), repeat(&[0x00, 0x01], N / 2)].concat(),
        ),
        (
            "a Set of empty arrays",
            [head(6, 258), head(4, N as u64), repeat(&[0x80], N)].concat(),
        ),
        (
            "a Map that repeats",
            [
                head(6, 36992),
                head(4, N as u64),
                repeat(&[0x82, 0x00, 0x00, 0x82, 0x01, 0x00], N / 2),
            ]
            .concat(),
        ),
        (
            "an object that repeats",
            [head(5, N as u64), repeat(&[0x61, 0x62, 0x00, 0x61, 0x61, 0x00], N / 2)].concat(),
        ),
        (
            "an object of empty keys",
            [head(5, N as u64), repeat(&[0x60, 0x00], N)].concat(),
        ),
        ("depth", [repeat(&[0x81], 255), vec![0x80]].concat()),
        ("too much depth", repeat(&[0x81], N)),
        ("tags", repeat(&[0xc1], N)),
    ];
    let keys: Vec<u8> = (0..N as u32 / 6)
        .rev()
        .flat_map(|key| [&[0x64][..], format!("{key:04x}").as_bytes().get(..4).unwrap(), &[0x00]].concat())
        .collect();
    inputs.push(("keys in descending order", [head(5, N as u64 / 6), keys].concat()));
    for claim in large {
        for major in 2..=5 {
            inputs.push(("a claim", head(major, claim)));
            inputs.push((
                "a claim with something behind it",
                [head(major, claim), repeat(&[0x00], 5000)].concat(),
            ));
            let nested = [repeat(&head(4, claim), 250), head(major, claim), repeat(&[0x60], 5000)].concat();
            inputs.push(("claims inside of each other", nested));
            let typed = [&[0xa1, 0x68][..], b"children", &head(4, claim)].concat();
            inputs.push((
                "claims of a type inside of each other",
                [repeat(&typed, 120), repeat(&[0xa0], 5000)].concat(),
            ));
        }
        inputs.push(("a tag", [head(6, claim), vec![0x00]].concat()));
        inputs.push((
            "a Set with a claim",
            [head(6, 258), head(4, claim), repeat(&[0x00], 5000)].concat(),
        ));
        inputs.push((
            "a typed array with a claim",
            [head(6, 86), head(2, claim), repeat(&[0x00], 5000)].concat(),
        ));
        inputs.push((
            "a BigInt with a claim",
            [head(6, 2), head(2, claim), repeat(&[0x01], 5000)].concat(),
        ));
    }
    inputs
}

#[test]
fn the_counter_counts() {
    let bytes = |count: usize| black_box(vec![1u8; count]);
    assert_eq!(peak(|| bytes(1000)), 1000);
    assert_eq!(peak(|| drop(bytes(1000))), 1000, "also what is gone at the end");
    assert_eq!(
        peak(|| (bytes(1000), drop(bytes(500)), drop(bytes(700)))),
        1700,
        "what is there at one time"
    );
    assert_eq!(peak(|| black_box(1)), 0);
}

#[test]
fn validating_takes_48_bytes_for_each_byte_at_most() {
    for (name, bytes) in hostile() {
        let taken = peak(|| validate(&bytes));
        assert!(
            taken <= 48 * bytes.len() + CONSTANT,
            "{name}: {taken} for {}",
            bytes.len()
        );
    }
}

#[test]
fn a_value_takes_48_bytes_for_each_byte_at_most() {
    for (name, bytes) in hostile() {
        let taken = peak(|| from_slice::<Value>(&bytes));
        assert!(
            taken <= 48 * bytes.len() + CONSTANT,
            "{name}: {taken} for {}",
            bytes.len()
        );
    }
}

#[test]
fn a_type_takes_three_of_its_largest_elements_for_each_byte_at_most() {
    for (name, bytes) in hostile() {
        let limit = |element: usize| 3 * element * bytes.len() + CONSTANT; // a growing Vec is there twice, and half empty
        let taken = peak(|| from_slice::<Vec<Vec<[u64; 4]>>>(&bytes));
        assert!(
            taken <= limit(size_of::<[u64; 4]>()),
            "{name}: {taken} for {}",
            bytes.len()
        );
        let taken = peak(|| from_slice::<Tree>(&bytes));
        assert!(taken <= limit(size_of::<Tree>()), "{name}: {taken} for {}", bytes.len());
        let taken = peak(|| from_slice::<Vec<()>>(&bytes));
        assert!(
            taken <= 48 * bytes.len() + CONSTANT,
            "{name}: {taken} for {}",
            bytes.len()
        );
    }
}

#[test]
fn writing_and_canonicalizing_take_a_few_times_the_output() {
    for (name, bytes) in hostile() {
        let Ok(value) = from_slice::<Value>(&bytes) else {
            continue;
        };
        let taken = peak(|| to_vec(&value).unwrap());
        assert!(
            taken <= 40 * bytes.len() + CONSTANT,
            "{name}: {taken} for {}",
            bytes.len()
        );
        let taken = peak(|| canonicalize(&bytes).unwrap());
        assert!(
            taken <= 40 * bytes.len() + CONSTANT,
            "{name}: {taken} for {}",
            bytes.len()
        );
    }
}

#[test]
fn sorting_a_map_takes_a_few_times_its_bytes() {
    let map: BTreeMap<String, u32> = (0..50_000u32).map(|key| (format!("{key}"), key)).collect();
    let bytes = to_vec(&map).unwrap().len();
    let taken = peak(|| to_vec(&map).unwrap());
    assert!(taken <= 8 * bytes, "{taken} for {bytes}");
}

#[test]
fn a_fold_of_many_events_takes_a_few_times_the_state() {
    let rules = Rules::from_json(
        br#"{ "initial": { "applied": 0, "nodes": {} }, "rules": { "step": [
        { "put": "/nodes/{/data/node}", "from": "/data" }, { "add": "/applied", "value": 1 }] } }"#,
    )
    .unwrap();
    let line = |n: u64| {
        let node = n % 1_500;
        format!(
            "{{\"position\":{n},\"type\":\"step\",\"data\":{{\"node\":\"n{node}\",\"status\":\"done\",\"attempts\":{n},\"worker\":\"worker-{n}\"}}}}\n"
        )
    };
    let mut peaks = vec![];
    for events in [50_000u64, 200_000] {
        let mut folded = None;
        peaks.push(peak(|| {
            let mut session = rules.start();
            for first in (1..=events).step_by(1_000) {
                let batch: String = (first..first + 1_000).map(line).collect();
                session.json_lines(batch.as_bytes()).unwrap();
            }
            folded = Some(session.folded());
        }));
        let folded = folded.unwrap();
        assert_eq!(folded.progress.event_count(), events);
        println!(
            "{events} events of one stream, state {} bytes: at most {} bytes at one time",
            folded.state.len(),
            peaks[peaks.len() - 1]
        );
    }
    assert!(
        peaks[1] < peaks[0] + peaks[0] / 8,
        "{peaks:?}: it does not grow with the events"
    );
}
