//! The Rust part of the benchmark: `native full|quick all|folds LOGS`. Typed states to sealed bytes and back, and the logs of a folder
//! to states, all sides in one process. Prints lines of JSON, progress to stderr.

mod families;
mod folds;
mod measure;
mod sides;

use std::env;
use std::path::PathBuf;
use std::time::Instant;

use families::{Dictionary, Family, Numbers, Records, SIZES, SmallDictionaries, Text, Trees};
use measure::{Task, measure};
use serde_json::{Value, json};
use sides::{Sealed, sides};

struct Mode {
    /// Bytes of JSON.
    largest: usize,
    rounds: usize,
    batch_ms: f64,
}

fn main() {
    let start = Instant::now();
    let clock = env::var("BENCH_CLOCK").unwrap_or_else(|_| "wall".into());
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [mode, part, logs] = arguments.as_slice() else {
        panic!("native full|quick all|folds LOGS");
    };
    let mode = Mode::named(mode);
    eprintln!("  Rust");
    if part == "all" {
        take::<Records>(&mode);
        take::<Trees>(&mode);
        take::<Dictionary>(&mode);
        take::<SmallDictionaries>(&mode);
        take::<Text>(&mode);
        take::<Numbers>(&mode);
    }
    folds::take(&PathBuf::from(logs), &mode);
    print(json!({ "kind": "share", "clock": clock, "share": measure::processor_share(start) }));
}

impl Mode {
    fn named(name: &str) -> Self {
        match name {
            "full" => Self {
                largest: 50_000_000,
                rounds: 11,
                batch_ms: 15.0,
            },
            "quick" => Self {
                largest: 1_000_000,
                rounds: 5,
                batch_ms: 5.0,
            },
            other => panic!("there is no mode {other}"),
        }
    }
}

/// Seals and opens one family at every size.
fn take<T: Family>(mode: &Mode) {
    for (size, json_bytes) in SIZES.into_iter().filter(|(_, bytes)| *bytes <= mode.largest) {
        eprintln!("  {}, {size}", T::NAME);
        let state = T::of_size(json_bytes);
        let sides = sides::<T>();
        let seal = sides.iter().map(|side| Task::new(side.name, || (side.seal)(&state)));
        time::<T>("seal", size, json_bytes, &seal.collect::<Vec<_>>(), mode);
        let sealed: Vec<Sealed> = sides.iter().map(|side| (side.seal)(&state)).collect();
        for (side, sealed) in sides.iter().zip(&sealed) {
            assert!((side.open)(sealed) == state, "{} loses some of {}", side.name, T::NAME);
            let bytes = sealed.bytes.len();
            print(json!({ "kind": "bytes", "family": T::NAME, "size": size, "side": side.name, "bytes": bytes }));
        }
        let pairs = sides.iter().zip(&sealed);
        let open = pairs.map(|(side, sealed)| Task::new(side.name, || (side.open)(sealed)));
        time::<T>("open", size, json_bytes, &open.collect::<Vec<_>>(), mode);
    }
}

/// A run of 50 MB is long enough to stand alone.
fn time<T: Family>(work: &str, size: &str, json_bytes: usize, tasks: &[Task<'_>], mode: &Mode) {
    let big = json_bytes > 10_000_000;
    let (rounds, batch_ms) = if big { (3, 0.0) } else { (mode.rounds, mode.batch_ms) };
    for (task, timing) in tasks.iter().zip(measure(tasks, rounds, batch_ms)) {
        print(json!({
            "kind": "time", "work": work, "family": T::NAME, "size": size, "side": task.side,
            "ms": timing.ms, "spread": timing.spread,
        }));
    }
}

fn print(mut line: Value) {
    line["runtime"] = "Rust".into();
    println!("{line}");
}
