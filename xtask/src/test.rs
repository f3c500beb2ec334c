//! Everything that can fail, fast feedback first. A failing step does not stop the next one; the last line is the sum.

use std::process::ExitCode;
use std::time::Instant;

use crate::run::{self, Cmd, NPM, Result, Show};
use crate::runners::{self, Counts, Said};
use crate::setup::Node;
use crate::{build, setup};

/// So many failed tests of a step are named at the end; what fails all at once has one cause.
const NAMED: usize = 40;

/// The tests of the packed npm package. They have packages of their own: bundlers, runtimes, and what drives a browser.
const PACKAGING: &str = "tests/packaging";

/// Runs all checks and tests and prints `N passed, N failed` (and `, N skipped` if any) as the last line.
pub fn run() -> Result<ExitCode> {
    let mut tally = Tally::default();
    tally.installed("setup", setup::run);
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
        runners::rust,
    );
    tally.build();
    tally.tests("Rust tests in WebAssembly, in Node", wasm_tests(), runners::rust);
    let name = "Rust tests in WebAssembly, in Chromium";
    match setup::chromedriver() {
        Ok(driver) => {
            let browser = wasm_tests().env("WASM_BINDGEN_USE_BROWSER", "1");
            tally.tests(name, browser.env("CHROMEDRIVER", &driver), runners::rust);
        }
        Err(lack) => tally.skip(name, lack),
    }
    let peer = "build --example differential-peer";
    tally.check("Rust side of the differential tests", Cmd::new("cargo").words(peer));
    tally.installed("packages of the examples", setup::example_packages);
    tally.tests("npm tests", npm_tests(), runners::node);
    let benchmark = Cmd::new("node").words("--test benches/js/smoke.test.js");
    tally.tests("the benchmark runs", benchmark, runners::node);
    packaging_tests(tally);
    match setup::python() {
        Ok(python) => {
            let python = Cmd::new(&python).words("-B tests/python/test_read_frame.py");
            tally.tests("Python tests", python, runners::python);
        }
        Err(lack) => tally.skip("Python tests", lack),
    }
}

/// The same program for Node and for browsers; webdriver.json says how those are started.
fn wasm_tests() -> Cmd {
    let wasm = "test --target wasm32-unknown-unknown --features js --test wasm --target-dir";
    let wasm = Cmd::new("cargo").words(wasm).arg(run::target().join("wasm-test"));
    wasm.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner")
}

fn packaging_tests(tally: &mut Tally) {
    let name = "packaging tests";
    match Node::installed() {
        Ok(node) if node.requires_modules() => match setup::packages(PACKAGING) {
            Ok(()) => tally.tests(name, Cmd::new("node").arg("test.js").folder(PACKAGING), runners::node),
            Err(error) => tally.step(name, || Outcome::failed(error)),
        },
        Ok(_) => tally.skip(
            name,
            "they need Node.js 20.19, or 22.12 or newer: https://nodejs.org".into(),
        ),
        Err(error) => tally.step(name, || Outcome::failed(error)),
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
    fn installed(&mut self, name: &str, install: fn() -> Result<()>) {
        self.step(name, || install().map_or_else(Outcome::failed, |()| Outcome::default()));
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

    /// A command that runs tests and prints what became of them; `read` understands that.
    fn tests(&mut self, name: &str, command: Cmd, read: fn(&str) -> Said) {
        let line = command.to_string();
        self.step(name, || match command.tee() {
            Ok((text, verdict)) => judge(&line, read(&text), verdict),
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
        let Outcome {
            counts,
            problem,
            failed,
            skipped,
        } = action();
        let verdict = if counts == Counts::default() {
            "done".into()
        } else {
            counts.to_string()
        };
        println!("── {name}: {verdict} ({})", run::seconds(start.elapsed()));
        self.sum += counts;
        if let Some(problem) = problem {
            println!("   {problem}");
            self.failures.push(format!("{name}: {problem}{}", listed(&failed)));
        }
        let skipped = skipped
            .iter()
            .map(|(reason, tests)| format!("{name}: {tests}× {reason}"));
        self.skipped.extend(skipped);
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
    /// Names of the tests that failed.
    failed: Vec<String>,
    /// Why tests were skipped, and how many.
    skipped: Vec<(String, u64)>,
}

impl Outcome {
    fn passed() -> Self {
        let counts = Counts {
            passed: 1,
            ..Counts::default()
        };
        Self {
            counts,
            ..Self::default()
        }
    }

    fn failed(problem: String) -> Self {
        let counts = Counts {
            failed: 1,
            ..Counts::default()
        };
        Self {
            counts,
            problem: Some(problem),
            ..Self::default()
        }
    }
}

/// A command that fails counts at least one failure, and so does one that ran no test.
fn judge(command: &str, said: Said, verdict: Result<()>) -> Outcome {
    let Said {
        mut counts,
        failed,
        skipped,
    } = said;
    let problem = match verdict {
        Err(error) => Some(error),
        Ok(()) if counts.failed > 0 => Some(format!("`{command}` reported failures")),
        Ok(()) if counts.passed == 0 => Some(format!("`{command}` ran no test")),
        Ok(()) => None,
    };
    if problem.is_some() {
        counts.failed = counts.failed.max(1);
    }
    Outcome {
        counts,
        problem,
        failed,
        skipped,
    }
}

/// Names, each on a line of its own below what they belong to.
fn listed(names: &[String]) -> String {
    let mut lines: String = names
        .iter()
        .take(NAMED)
        .map(|name| format!("\n      ✖ {name}"))
        .collect();
    if names.len() > NAMED {
        lines += &format!("\n      and {} more", names.len() - NAMED);
    }
    lines
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

    fn said(counts: Counts) -> Said {
        Said {
            counts,
            ..Said::default()
        }
    }

    #[test]
    fn a_failed_command_counts_even_without_a_summary() {
        let crashed = judge("x", said(counts(0, 0, 0)), Err("`x` failed".into()));
        assert_eq!(
            (crashed.counts, crashed.problem.as_deref()),
            (counts(0, 1, 0), Some("`x` failed"))
        );
        let failed = judge("x", said(counts(5, 2, 0)), Err("`x` failed".into()));
        assert_eq!(failed.counts, counts(5, 2, 0));
        assert!(failed.problem.is_some());
    }

    #[test]
    fn running_no_test_is_a_failure() {
        let nothing = judge("x", said(counts(0, 0, 3)), Ok(()));
        assert_eq!(
            (nothing.counts, nothing.problem.as_deref()),
            (counts(0, 1, 3), Some("`x` ran no test"))
        );
        assert!(judge("x", said(counts(1, 0, 0)), Ok(())).problem.is_none());
    }

    #[test]
    fn failed_tests_are_listed_up_to_a_limit() {
        assert_eq!(listed(&[]), "");
        assert_eq!(listed(&["a".into(), "b".into()]), "\n      ✖ a\n      ✖ b");
        let many: Vec<_> = (0..NAMED + 2).map(|name| name.to_string()).collect();
        assert!(listed(&many).ends_with("✖ 39\n      and 2 more"));
    }
}
