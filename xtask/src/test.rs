//! Everything that can fail, fast feedback first. A failing step does not stop the next one; the last line is the sum.

use std::fmt;
use std::ops::AddAssign;
use std::process::ExitCode;
use std::time::Instant;

use crate::run::{self, Cmd, NPM, Result, Show};
use crate::{build, setup};

/// Runs all checks and tests and prints `N passed, N failed` (and `, N skipped` if any) as the last line.
pub fn run() -> Result<ExitCode> {
    let mut tally = Tally::default();
    tally.setup();
    if tally.sum.failed == 0 {
        checks(&mut tally);
        tests(&mut tally);
    }
    Ok(tally.finish())
}

fn checks(tally: &mut Tally) {
    let clippy = |arguments: &str| Cmd::new("cargo").arg("clippy").words(arguments).words("-- -D warnings");
    tally.check("format", Cmd::new("cargo").words("fmt --all --check"));
    let benches = Cmd::new("cargo").words("fmt --all --check --manifest-path benches/Cargo.toml");
    tally.check("format of the benchmark", benches);
    let benches = "clippy --locked --package native --manifest-path benches/Cargo.toml --target-dir";
    let benches = Cmd::new("cargo").words(benches).arg(run::target().join("bench"));
    tally.check("lints of the benchmark", benches.words("-- -D warnings"));
    tally.check("lints", clippy("--workspace --all-targets"));
    tally.check("lints without std", clippy("--lib --no-default-features"));
    for feature in ["js", "abi"] {
        let arguments = format!("--lib --target wasm32-unknown-unknown --no-default-features --features {feature}");
        tally.check(&format!("lints of feature {feature}"), clippy(&arguments));
    }
    let doc = Cmd::new("cargo").words("doc --no-deps --workspace");
    tally.check("documentation", doc.env("RUSTDOCFLAGS", "-D warnings"));
}

fn tests(tally: &mut Tally) {
    tally.tests(
        "Rust tests",
        Cmd::new("cargo").words("test --workspace --no-fail-fast"),
        count_rust,
    );
    tally.build();
    let wasm = "test --target wasm32-unknown-unknown --features js --test wasm --target-dir";
    let wasm = Cmd::new("cargo").words(wasm).arg(run::target().join("wasm-test"));
    let runner = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER";
    tally.tests(
        "Rust tests in WebAssembly",
        wasm.env(runner, "wasm-bindgen-test-runner"),
        count_rust,
    );
    let peer = "build --example differential-peer";
    tally.check("Rust side of the differential tests", Cmd::new("cargo").words(peer));
    tally.tests("npm tests", npm_tests(), count_node);
    let benchmark = Cmd::new("node").words("--test benches/js/smoke.test.js");
    tally.tests("the benchmark runs", benchmark, count_node);
    match setup::python() {
        Ok(python) => {
            let python = Cmd::new(&python).words("-B tests/python/test_read_frame.py");
            tally.tests("Python tests", python, count_python);
        }
        Err(lack) => tally.skip("Python tests", lack),
    }
}

/// Without their Rust side, the differential tests are skipped and say so.
fn npm_tests() -> Cmd {
    let tests = Cmd::new(NPM).arg("test").folder("pkg");
    let program = format!("differential-peer{}", std::env::consts::EXE_SUFFIX);
    let peer = run::target().join("debug/examples").join(program);
    match peer.is_file() {
        true => tests.env("SNAPFOLD_PEER", &peer.to_string_lossy()),
        false => tests,
    }
}

/// Sums the steps, and keeps a sentence about each that failed.
#[derive(Default)]
struct Tally {
    sum: Counts,
    failures: Vec<String>,
    skipped: Vec<String>,
}

impl Tally {
    /// Installing proves nothing, so it counts only when it fails.
    fn setup(&mut self) {
        self.step("setup", || {
            setup::run().map_or_else(Outcome::failed, |()| Outcome::default())
        });
    }

    fn build(&mut self) {
        self.step("build", || {
            build::run(Show::All).map_or_else(Outcome::failed, |()| Outcome::passed())
        });
    }

    /// A command that counts as one.
    fn check(&mut self, name: &str, command: Cmd) {
        self.step(name, || {
            command
                .run(Show::All)
                .map_or_else(Outcome::failed, |()| Outcome::passed())
        });
    }

    /// A command that runs tests and prints how many; `count` reads that.
    fn tests(&mut self, name: &str, command: Cmd, count: fn(&str) -> Counts) {
        let line = command.to_string();
        self.step(name, || match command.tee() {
            Ok((text, verdict)) => judge(&line, count(&text), verdict),
            Err(error) => Outcome::failed(error),
        });
    }

    /// Tests that this machine cannot run count as one that was skipped, and are named again at the end.
    fn skip(&mut self, name: &str, lack: String) {
        println!("\n── {name}: SKIPPED\n   {lack}");
        self.sum.skipped += 1;
        self.skipped.push(format!("{name}: {lack}"));
    }

    fn step(&mut self, name: &str, action: impl FnOnce() -> Outcome) {
        println!("\n── {name}");
        let start = Instant::now();
        let Outcome { counts, problem } = action();
        let verdict = if counts == Counts::default() {
            "done".into()
        } else {
            counts.to_string()
        };
        println!("── {name}: {verdict} ({})", run::seconds(start.elapsed()));
        self.sum += counts;
        if let Some(problem) = problem {
            println!("   {problem}");
            self.failures.push(format!("{name}: {problem}"));
        }
    }

    fn finish(self) -> ExitCode {
        println!();
        if !self.skipped.is_empty() {
            println!("Skipped:\n  - {}\n", self.skipped.join("\n  - "));
        }
        if !self.failures.is_empty() {
            println!("Failed:\n  - {}\n", self.failures.join("\n  - "));
        }
        println!("{}", self.sum);
        if self.sum.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// What became of one step.
#[derive(Default)]
struct Outcome {
    counts: Counts,
    problem: Option<String>,
}

impl Outcome {
    fn passed() -> Self {
        let counts = Counts {
            passed: 1,
            ..Counts::default()
        };
        Self { counts, problem: None }
    }

    fn failed(problem: String) -> Self {
        let counts = Counts {
            failed: 1,
            ..Counts::default()
        };
        Self {
            counts,
            problem: Some(problem),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// A command that fails counts at least one failure, and so does one that ran no test.
fn judge(command: &str, mut counts: Counts, verdict: Result<()>) -> Outcome {
    let problem = match verdict {
        Err(error) => Some(error),
        Ok(()) if counts.failed > 0 => Some(format!("`{command}` reported failures")),
        Ok(()) if counts.passed == 0 => Some(format!("`{command}` ran no test")),
        Ok(()) => None,
    };
    if problem.is_some() {
        counts.failed = counts.failed.max(1);
    }
    Outcome { counts, problem }
}

/// Sums the lines `test result: ok. 3 passed; 0 failed; 1 ignored; …` of Rust's test runners.
fn count_rust(text: &str) -> Counts {
    let mut counts = Counts::default();
    for line in text.lines().map(without_colours) {
        let Some((_, fields)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            continue;
        };
        for (number, name) in fields.split("; ").filter_map(|field| field.split_once(' ')) {
            let number = number.parse().unwrap_or(0);
            match name {
                "passed" => counts.passed += number,
                "failed" => counts.failed += number,
                "ignored" => counts.skipped += number,
                _ => {}
            }
        }
    }
    counts
}

/// Sums the summaries of Node's test runner: consecutive lines from `# tests 3` (TAP) or `ℹ tests 3` (spec) on.
fn count_node(text: &str) -> Counts {
    let mut counts = Counts::default();
    let mut in_summary = false;
    for line in text.lines().map(without_colours) {
        match node_field(&line) {
            Some(("tests", _)) => in_summary = true,
            Some(("pass", number)) if in_summary => counts.passed += number,
            Some(("fail" | "cancelled", number)) if in_summary => counts.failed += number,
            Some(("skipped" | "todo", number)) if in_summary => counts.skipped += number,
            Some(("suites", _)) if in_summary => {}
            _ => in_summary = false,
        }
    }
    counts
}

/// Reads the summary of Python's unittest: `Ran 5 tests in 0.2s`, then `OK (skipped=1)` or `FAILED (failures=1, errors=2)`.
fn count_python(text: &str) -> Counts {
    let mut counts = Counts::default();
    let mut ran = 0;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("Ran ") {
            ran = rest
                .split_once(' ')
                .and_then(|(number, _)| number.parse().ok())
                .unwrap_or(0);
        } else if line.starts_with("OK") || line.starts_with("FAILED") {
            let details = line
                .split_once('(')
                .map_or("", |(_, details)| details.trim_end_matches(')'));
            for (name, number) in details.split(", ").filter_map(|detail| detail.split_once('=')) {
                let number: u64 = number.parse().unwrap_or(0);
                match name {
                    "failures" | "errors" => counts.failed += number,
                    "skipped" => counts.skipped += number,
                    _ => {}
                }
            }
        }
    }
    // One test may fail in several of its parts.
    counts.passed = u64::saturating_sub(ran, counts.failed + counts.skipped);
    counts
}

fn node_field(line: &str) -> Option<(&str, u64)> {
    let (name, number) = line
        .strip_prefix("# ")
        .or_else(|| line.strip_prefix("ℹ "))?
        .split_once(' ')?;
    Some((name, number.parse().ok()?))
}

/// Drops the escape sequences `ESC [ … m` that colour a terminal.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once('m').map_or("", |(_, text)| text));
    [first].into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn rust_summaries_are_summed() {
        let text = "running 3 tests\ntest a ... ok\n\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.01s\n\
            test result: \u{1b}[31mFAILED\u{1b}[0m. 2 passed; 4 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s\n";
        assert_eq!(count_rust(text), counts(5, 4, 1));
        assert_eq!(count_rust("error: could not compile `snapfold`\n"), counts(0, 0, 0));
    }

    #[test]
    fn node_summaries_are_summed_in_both_forms() {
        let tap = "TAP version 13\nok 1 - a\n1..1\n# tests 7\n# suites 0\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 1\n\
            # duration_ms 51.2\n";
        let spec = "✔ a (1ms)\n\u{1b}[34mℹ tests 2\u{1b}[39m\n\u{1b}[34mℹ suites 0\u{1b}[39m\n\u{1b}[34mℹ pass 2\u{1b}[39m\n\
            ℹ fail 0\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\nℹ duration_ms 3\n";
        assert_eq!(count_node(tap), counts(3, 2, 2));
        assert_eq!(count_node(spec), counts(2, 0, 0));
        assert_eq!(count_node(&format!("{tap}{spec}")), counts(5, 2, 2));
    }

    #[test]
    fn python_summaries_are_read() {
        assert_eq!(count_python("....\nRan 5 tests in 0.217s\n\nOK\n"), counts(5, 0, 0));
        assert_eq!(count_python("Ran 5 tests in 0.2s\n\nOK (skipped=2)\n"), counts(3, 0, 2));
        assert_eq!(
            count_python("Ran 5 tests in 0.2s\n\nFAILED (failures=1, errors=2)\n"),
            counts(2, 3, 0)
        );
        assert_eq!(count_python("Traceback (most recent call last):\n"), counts(0, 0, 0));
    }

    #[test]
    fn what_a_test_prints_is_no_summary() {
        assert_eq!(
            count_node("# pass 9\n# fail 9\nok 1 - a\n# tests 1\nok 2 - b\n# pass 9\n"),
            counts(0, 0, 0)
        );
    }

    #[test]
    fn a_failed_command_counts_even_without_a_summary() {
        let crashed = judge("x", counts(0, 0, 0), Err("`x` failed".into()));
        assert_eq!(
            (crashed.counts, crashed.problem.as_deref()),
            (counts(0, 1, 0), Some("`x` failed"))
        );
        let failed = judge("x", counts(5, 2, 0), Err("`x` failed".into()));
        assert_eq!(failed.counts, counts(5, 2, 0));
        assert!(failed.problem.is_some());
    }

    #[test]
    fn running_no_test_is_a_failure() {
        let nothing = judge("x", counts(0, 0, 3), Ok(()));
        assert_eq!(
            (nothing.counts, nothing.problem.as_deref()),
            (counts(0, 1, 3), Some("`x` ran no test"))
        );
        assert!(judge("x", counts(1, 0, 0), Ok(())).problem.is_none());
    }

    #[test]
    fn the_closing_line_names_skipped_tests_only_when_there_are_some() {
        assert_eq!(counts(12, 0, 0).to_string(), "12 passed, 0 failed");
        assert_eq!(counts(12, 1, 2).to_string(), "12 passed, 1 failed, 2 skipped");
    }
}
