//! The Rust part of the benchmark: `native [full|quick]`. Typed states to sealed bytes and back, all sides in one process, in
//! rounds that take every side in turn. Prints lines of JSON, progress to stderr.

mod families;
mod sides;

use std::hint::black_box;
use std::time::Instant;

use families::{Dictionary, Family, Numbers, Records, SIZES, SmallDictionaries, Text, Trees};
use serde_json::json;
use sides::Sealed;

/// How long and how often; milliseconds.
#[derive(Clone, Copy)]
struct Mode {
    largest: usize,
    rounds: usize,
    batch_ms: f64,
}

fn main() {
    let mode = match std::env::args().nth(1).as_deref() {
        None | Some("full") => Mode {
            largest: 50_000_000,
            rounds: 11,
            batch_ms: 15.0,
        },
        Some("quick") => Mode {
            largest: 1_000_000,
            rounds: 5,
            batch_ms: 5.0,
        },
        Some(other) => panic!("there is no mode {other}"),
    };
    eprintln!("  Rust");
    family::<Records>(mode);
    family::<Trees>(mode);
    family::<Dictionary>(mode);
    family::<SmallDictionaries>(mode);
    family::<Text>(mode);
    family::<Numbers>(mode);
}

fn family<T: Family>(mode: Mode) {
    for (size, json_bytes) in SIZES.into_iter().filter(|(_, bytes)| *bytes <= mode.largest) {
        eprintln!("  {}, {size}", T::NAME);
        let state = T::of_size(json_bytes);
        let sides = sides::sides::<T>();
        let rounds = if json_bytes > 10_000_000 {
            mode.rounds.min(3)
        } else {
            mode.rounds
        };
        let seal: Vec<(_, Box<dyn Fn()>)> = sides
            .iter()
            .map(|side| (side.name, task(|| (side.seal)(&state))))
            .collect();
        report::<T>("seal", size, measure(&seal, rounds, mode.batch_ms));
        drop(seal);
        let sealed: Vec<Sealed> = sides.iter().map(|side| (side.seal)(&state)).collect();
        for (side, sealed) in sides.iter().zip(&sealed) {
            assert!(
                (side.open)(sealed) == state,
                "{} does not give {} back",
                side.name,
                T::NAME
            );
            let bytes = sealed.bytes.len();
            println!(
                "{}",
                json!({ "runtime": "Rust", "kind": "bytes", "family": T::NAME, "size": size, "side": side.name, "bytes": bytes })
            );
        }
        let open: Vec<(_, Box<dyn Fn()>)> = sides
            .iter()
            .zip(&sealed)
            .map(|(side, sealed)| (side.name, task(|| (side.open)(sealed))))
            .collect();
        report::<T>("open", size, measure(&open, rounds, mode.batch_ms));
    }
}

/// Dropping what was made is part of the work.
fn task<'a, R>(work: impl Fn() -> R + 'a) -> Box<dyn Fn() + 'a> {
    Box::new(move || drop(black_box(work())))
}

fn report<T: Family>(work: &str, size: &str, times: Vec<(&str, f64, f64)>) {
    for (side, ms, spread) in times {
        println!(
            "{}",
            json!({
                "runtime": "Rust", "kind": "time", "work": work, "family": T::NAME, "size": size, "side": side, "ms": ms, "spread": spread,
            })
        );
    }
}

/// Median milliseconds of one run for each task, and the share of it within which half of the batches lie.
fn measure<'a>(tasks: &[(&'a str, Box<dyn Fn() + '_>)], rounds: usize, batch_ms: f64) -> Vec<(&'a str, f64, f64)> {
    let runs: Vec<usize> = tasks.iter().map(|(_, run)| runs_in(batch_ms, run)).collect();
    let mut times = vec![Vec::new(); tasks.len()];
    for round in 0..rounds {
        for turn in 0..tasks.len() {
            let at = (round + turn) % tasks.len();
            times[at].push(elapsed(&tasks[at].1, runs[at]) / runs[at] as f64);
        }
    }
    tasks
        .iter()
        .zip(times)
        .map(|((name, _), times)| summary(name, times))
        .collect()
}

fn runs_in(batch_ms: f64, run: &dyn Fn()) -> usize {
    elapsed(run, 1);
    (batch_ms / elapsed(run, 1)).ceil().max(1.0) as usize
}

fn elapsed(run: &dyn Fn(), runs: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..runs {
        run();
    }
    start.elapsed().as_secs_f64() * 1000.0
}

fn summary<'a>(name: &'a str, times: Vec<f64>) -> (&'a str, f64, f64) {
    let middle = median(times.clone());
    let away = times.iter().map(|time| (time - middle).abs()).collect();
    (name, middle, median(away) / middle)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        f64::midpoint(numbers[middle - 1], numbers[middle])
    }
}
