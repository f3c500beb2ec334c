//! What test runners print: how many tests passed, which failed, and why some were skipped.

use std::fmt;
use std::ops::AddAssign;

/// What one run says of its tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub counts: Counts,
    /// Names of the failed ones, each once.
    pub failed: Vec<String>,
    /// Reasons, and how many tests each of them skipped.
    pub skipped: Vec<(String, u64)>,
}

/// What Rust's test runners print.
pub fn rust(text: &str) -> Said {
    let lines: Vec<_> = text.lines().map(without_colours).collect();
    let tests = lines
        .iter()
        .filter_map(|line| line.strip_prefix("test ")?.rsplit_once(" ... "));
    let failed = tests
        .clone()
        .filter(|(_, verdict)| *verdict == "FAILED")
        .map(|(name, _)| name);
    let ignored = tests.filter_map(|(_, verdict)| verdict.strip_prefix("ignored, "));
    Said::of(count_rust(text), failed, ignored)
}

/// What Node's test runner prints, in both of its forms.
pub fn node(text: &str) -> Said {
    let lines: Vec<_> = text.lines().map(without_colours).collect();
    let failed = lines.iter().filter_map(|line| failed_in_node(line.trim_start()));
    let skipped = lines.iter().filter_map(|line| skipped_in_node(line.trim_start()));
    Said::of(count_node(text), failed, skipped)
}

/// What Python's unittest prints. It does not say why it skips.
pub fn python(text: &str) -> Said {
    let failed = text
        .lines()
        .filter_map(|line| line.strip_prefix("FAIL: ").or_else(|| line.strip_prefix("ERROR: ")));
    Said::of(count_python(text), failed, [])
}

impl Said {
    fn of<'a>(
        counts: Counts,
        failed: impl IntoIterator<Item = &'a str>,
        reasons: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut said = Self {
            counts,
            ..Self::default()
        };
        for name in failed {
            if !said.failed.iter().any(|known| known == name) {
                said.failed.push(name.into());
            }
        }
        for reason in reasons {
            let reason = reason.strip_prefix("SKIPPED: ").unwrap_or(reason);
            match said.skipped.iter_mut().find(|(known, _)| known == reason) {
                Some((_, tests)) => *tests += 1,
                None => said.skipped.push((reason.into(), 1)),
            }
        }
        let explained = said.skipped.iter().map(|(_, tests)| tests).sum();
        let unexplained = counts.skipped.saturating_sub(explained);
        if unexplained > 0 {
            said.skipped.push(("no reason given".into(), unexplained));
        }
        said
    }
}

/// How many tests there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
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

/// `✖ a (1.2ms)`, or `not ok 1 - a`.
fn failed_in_node(line: &str) -> Option<&str> {
    if let Some(name) = line.strip_prefix("✖ ") {
        let directed = name.contains("ms) # "); // as a test that is still to be done
        return (name != "failing tests:" && !directed).then(|| without_duration(name));
    }
    let name = line.strip_prefix("not ok ")?.split_once(" - ")?.1;
    (!name.contains(" # ")).then_some(name) // one with a directive is counted as that
}

/// `﹣ a (1.2ms) # reason`, or `ok 1 - a # SKIP reason`.
fn skipped_in_node(line: &str) -> Option<&str> {
    if let Some(test) = line.strip_prefix("﹣ ") {
        return test.rsplit_once(" # ").map(|(_, reason)| without_duration(reason));
    }
    let (_, reason) = line.strip_prefix("ok ")?.rsplit_once(" # SKIP")?;
    Some(reason.trim_start()).filter(|reason| !reason.is_empty())
}

fn without_duration(text: &str) -> &str {
    match text.rsplit_once(" (") {
        Some((rest, duration)) if duration.ends_with("ms)") => rest,
        _ => text,
    }
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
    fn the_closing_line_names_skipped_tests_only_when_there_are_some() {
        assert_eq!(counts(12, 0, 0).to_string(), "12 passed, 0 failed");
        assert_eq!(counts(12, 1, 2).to_string(), "12 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn failed_and_ignored_tests_of_rust_are_named() {
        let text = "running 4 tests\ntest a::b ... ok\ntest a::c ... \u{1b}[31mFAILED\u{1b}[0m\ntest d ... ignored, no network here\n\
            test src/lib.rs - e (line 3) ... FAILED\ntest f ... ignored\n\nfailures:\n    a::c\n\n\
            test result: FAILED. 1 passed; 2 failed; 2 ignored; 0 measured; 0 filtered out; finished in 1s\n";
        let said = rust(text);
        assert_eq!(said.failed, ["a::c", "src/lib.rs - e (line 3)"]);
        let reasons = [("no network here".into(), 1), ("no reason given".into(), 1)];
        assert_eq!((said.counts, said.skipped), (counts(1, 2, 2), reasons.to_vec()));
    }

    #[test]
    fn failed_and_skipped_tests_of_node_are_named_in_both_forms() {
        let spec = "✔ a (1.5ms)\n▶ b\n  \u{1b}[31m✖ inner (2ms)\u{1b}[39m\n✖ b (3ms) (2ms)\n✖ f (1ms) # later\n﹣ c (0.3ms) # SKIPPED: no server\n\
            ﹣ d (0.2ms) # SKIPPED: no server\n﹣ e (0.2ms) # SKIP\nℹ tests 6\nℹ pass 1\nℹ fail 2\nℹ skipped 3\nℹ todo 0\n\n\
            ✖ failing tests:\n\ntest at a.test.js:3:1\n✖ inner (2ms)\n  Error: no\n";
        let reasons = vec![("no server".into(), 2), ("SKIP".into(), 1)];
        let names = vec!["inner".into(), "b (3ms)".into()];
        assert_eq!(
            node(spec),
            Said {
                counts: counts(1, 2, 3),
                failed: names,
                skipped: reasons
            }
        );
        let tap = "ok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP SKIPPED: no server\nok 4 - d # SKIP\nnot ok 5 - e # TODO\n\
            # tests 5\n# pass 1\n# fail 1\n# skipped 2\n# todo 1\n";
        let said = node(tap);
        assert_eq!(said.failed, ["b"]);
        assert_eq!(said.skipped, [("no server".into(), 1), ("no reason given".into(), 2)]);
    }

    #[test]
    fn failed_tests_of_python_are_named() {
        let text = "F.E\n====\nERROR: test_b (__main__.Frames.test_b)\n----\nFAIL: test_a (__main__.Frames.test_a) ('signed', at=3)\n\
            FAIL: test_a (__main__.Frames.test_a) ('signed', at=3)\n----\nRan 4 tests in 0.2s\n\nFAILED (failures=1, errors=1, skipped=1)\n";
        let said = python(text);
        let failed = [
            "test_b (__main__.Frames.test_b)",
            "test_a (__main__.Frames.test_a) ('signed', at=3)",
        ];
        assert_eq!(said.failed, failed);
        assert_eq!(said.skipped, [("no reason given".into(), 1)]);
    }
}
