//! The benchmark: build both sides, measure them on each Node and natively, print tables. What is measured is in benches/.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::build;
use crate::run::{self, Cmd, Result, Show};
use crate::setup;

const JS: &str = "benches/js";
const DOCUMENT: &str = "docs/benchmarks.md";
const CLOCK: &str = "BENCH_CLOCK";
const ARGUMENTS: &str = "--quick, --only js|rust|folds, --events FILE, --cpu, --json and --docs";
const CURRENT_NODE: &str = if cfg!(windows) { "node.cmd" } else { "node" };

#[derive(Debug, Default, PartialEq)]
pub struct Options {
    quick: bool,
    only: Option<Part>,
    json: bool,
    docs: bool,
    cpu: bool,
    events: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Js,
    Rust,
    /// What folds cost, in both.
    Folds,
}

impl Options {
    /// Reads the arguments behind `bench`; the error says which one is wrong.
    pub fn parse(arguments: &[OsString]) -> Result<Self> {
        let mut options = Self::default();
        let mut rest = arguments.iter().map(|argument| argument.to_string_lossy());
        while let Some(argument) = rest.next() {
            match &*argument {
                "--quick" => options.quick = true,
                "--json" => options.json = true,
                "--docs" => options.docs = true,
                "--cpu" => options.cpu = true,
                "--only" => options.only = Some(Part::parse(rest.next().as_deref())?),
                "--events" => options.events = Some(existing(rest.next().as_deref())?),
                other => return Err(format!("bench takes {ARGUMENTS}, not `{other}`")),
            }
        }
        if options.docs && (options.quick || options.only.is_some()) {
            return Err("--docs writes the tables of a whole run, so it goes with neither --quick nor --only".into());
        }
        Ok(options)
    }

    fn mode(&self) -> &'static str {
        if self.quick { "quick" } else { "full" }
    }

    /// Which time the measuring programs take, as they read it from `BENCH_CLOCK`.
    fn clock(&self) -> &'static str {
        if self.cpu { "cpu" } else { "wall" }
    }

    fn takes(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part || only == Part::Folds)
    }

    fn only_folds(&self) -> bool {
        self.only == Some(Part::Folds)
    }
}

impl Part {
    fn parse(text: Option<&str>) -> Result<Self> {
        match text {
            Some("js") => Ok(Self::Js),
            Some("rust") => Ok(Self::Rust),
            Some("folds") => Ok(Self::Folds),
            _ => Err("--only takes js, rust or folds".into()),
        }
    }
}

/// The programs run in other folders than the one that the path was given in.
fn existing(file: Option<&str>) -> Result<PathBuf> {
    let file = file.ok_or("--events takes a file")?;
    fs::canonicalize(file).map_err(|error| format!("{file} cannot be read: {error}"))
}

/// Measures and prints the tables. Results go to target/bench/results.jsonl as they come.
pub fn run(options: &Options) -> Result<ExitCode> {
    setup::run()?;
    let folder = run::target().join("bench");
    let path = folder.join("results.jsonl");
    let results = fs::create_dir_all(&folder).and_then(|()| File::create(&path));
    let results = results.map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    if options.takes(Part::Js) {
        build::run(Show::Failures)?;
        setup::packages(JS)?;
        let peer = if options.only_folds() {
            None
        } else {
            Some(reflection_peer(&folder)?)
        };
        for node in nodes() {
            run::step(&format!("measuring with {node}"), "some minutes", || {
                javascript(&node, options, peer.as_deref()).run_into(&results)
            })?;
        }
    }
    if options.takes(Part::Rust) {
        let program = native(&folder)?;
        let logs = folder.join("logs");
        run::step("logs for the Rust sides", "writing", || write_logs(&logs, options))?;
        run::step("measuring in Rust", "some minutes", || {
            let part = if options.only_folds() { "folds" } else { "all" };
            let measure = Cmd::new(&program.to_string_lossy()).arg(options.mode()).arg(part);
            measure.arg(&logs).env(CLOCK, options.clock()).run_into(&results)
        })?;
    }
    report(options, &path)?;
    Ok(ExitCode::SUCCESS)
}

/// The Node of this machine and the current one, where npm could install it.
fn nodes() -> Vec<String> {
    let current = run::root().join(JS).join("node_modules/.bin").join(CURRENT_NODE);
    let current = current.to_string_lossy().into_owned();
    if Cmd::new(&current).arg("--version").read().is_ok() {
        return vec!["node".into(), current];
    }
    eprintln!("\nNO CURRENT NODE: npm has none for this system, so only the one on the PATH is measured.\n");
    vec!["node".into()]
}

fn javascript(node: &str, options: &Options, peer: Option<&Path>) -> Cmd {
    let mut measure = with_events(Cmd::new(node).arg("main.js"), options);
    if let Some(peer) = peer {
        measure = measure.arg("--swb").arg(peer);
    }
    if options.only_folds() {
        measure = measure.arg("--folds");
    }
    measure.env(CLOCK, options.clock())
}

/// The programs in Rust read the logs that those in JavaScript make.
fn write_logs(folder: &Path, options: &Options) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    with_events(Cmd::new("node").arg("write-logs.js").arg(folder), options).run(Show::Failures)
}

fn with_events(program: Cmd, options: &Options) -> Cmd {
    let program = program.folder(JS).arg("--mode").arg(options.mode());
    match &options.events {
        Some(events) => program.arg("--events").arg(events),
        None => program,
    }
}

/// The module that shows what serde-wasm-bindgen costs.
fn reflection_peer(folder: &Path) -> Result<PathBuf> {
    run::step("peer in WebAssembly (benches/swb)", "building", || {
        cargo(folder, "build --package swb --target wasm32-unknown-unknown").run(Show::Failures)?;
        let module = folder.join("wasm32-unknown-unknown/release/swb.wasm");
        let generate = Cmd::new("wasm-bindgen")
            .words("--target nodejs --out-dir")
            .arg(folder.join("swb"));
        generate.arg(module).run(Show::Failures)
    })?;
    Ok(folder.join("swb/swb.js"))
}

fn native(folder: &Path) -> Result<PathBuf> {
    run::step("Rust sides (benches/native)", "building", || {
        cargo(folder, "build --package native").run(Show::Failures)
    })?;
    Ok(folder.join("release/native"))
}

/// Cargo in the workspace of the benchmark, which shares nothing with the library's.
fn cargo(folder: &Path, words: &str) -> Cmd {
    let cargo = Cmd::new("cargo")
        .words(words)
        .words("--release --locked --manifest-path benches/Cargo.toml");
    cargo.arg("--target-dir").arg(folder)
}

fn report(options: &Options, results: &Path) -> Result<()> {
    let mut report = Cmd::new("node").arg("benches/js/report.js").arg(results);
    if options.json {
        report = report.arg("--json").arg(results.with_file_name("report.json"));
    }
    if options.docs {
        report = report.words("--docs").arg(DOCUMENT);
    }
    report.tee()?.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options> {
        let arguments: Vec<OsString> = text.split_whitespace().map(Into::into).collect();
        Options::parse(&arguments)
    }

    #[test]
    fn without_arguments_everything_is_measured() {
        let options = parse("").expect("no arguments are fine");
        assert_eq!(options.mode(), "full");
        assert!(options.takes(Part::Js) && options.takes(Part::Rust));
    }

    #[test]
    fn a_part_and_a_mode_can_be_chosen() {
        let options = parse("--quick --only rust --json").expect("these go together");
        assert_eq!((options.mode(), options.json), ("quick", true));
        assert!(options.takes(Part::Rust) && !options.takes(Part::Js));
    }

    #[test]
    fn folds_are_a_part_of_both() {
        let options = parse("--only folds").expect("folds are a part");
        assert!(options.takes(Part::Js) && options.takes(Part::Rust) && options.only_folds());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "--fast",
            "--only",
            "--only wasm",
            "quick",
            "--events",
            "--events no-such-file",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_part_never_fills_the_document() {
        for text in ["--docs --quick", "--only js --docs", "--only folds --docs"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("--docs --json").is_ok());
    }
}
