//! Fuzzing: builds the targets of fuzz/, seeds their corpora from the golden vectors, runs each for a while, and says what
//! was found. Corpora and finds stay in target/fuzz, so that the next run goes on where this one ended.

use std::collections::hash_map::DefaultHasher;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::run::{self, Cmd, Result, Show};

const CARGO_FUZZ: &str = "0.13.2";
const DEFAULT_SECONDS: u32 = 60;
/// A single allocation of more than this is a find: no input is nearly that large.
const LARGEST_ALLOCATION_MB: u32 = 64;
const PROGRESS: Duration = Duration::from_secs(10);

/// One of fuzz/fuzz_targets, and the vectors that its corpus starts from.
struct Target {
    name: &'static str,
    vectors: &'static [&'static str],
}

const TARGETS: &[Target] = &[
    Target {
        name: "value_decode",
        vectors: &["values.json", "values-refused.json"],
    },
    Target {
        name: "frame_open",
        vectors: &["frames.json", "frames-refused.json"],
    },
    Target {
        name: "frame_open_repaired",
        vectors: &["frames.json", "frames-refused.json"],
    },
    Target {
        name: "json_transcode",
        vectors: &["values.json"],
    },
    Target {
        name: "decompress",
        vectors: &[],
    },
    Target {
        name: "fold_json_lines",
        vectors: &[],
    },
    Target {
        name: "fold_rules_spec",
        vectors: &["values.json"],
    },
];

/// `[TARGET] [--seconds N]`: all targets if none is named. Fails if an input breaks a law.
pub fn run(arguments: &[OsString]) -> Result<ExitCode> {
    let Options { targets, seconds } = Options::parse(arguments)?;
    let host = prepare()?;
    run::step("build", "the fuzz targets, with libFuzzer and AddressSanitizer", build)?;
    let mut finds = Vec::new();
    let mut rows = Vec::new();
    for target in targets {
        let run = target.run(&host, seconds)?;
        rows.push(run.row(target.name));
        finds.extend(run.find);
    }
    println!(
        "{}",
        row(["target", "executions", "a second", "coverage", "corpus", "result"])
    );
    rows.iter().for_each(|row| println!("{row}"));
    for find in &finds {
        println!("\n{find}");
    }
    Ok(ExitCode::from(u8::from(!finds.is_empty())))
}

struct Options {
    targets: Vec<&'static Target>,
    seconds: u32,
}

impl Options {
    fn parse(arguments: &[OsString]) -> Result<Self> {
        let mut options = Self {
            targets: Vec::new(),
            seconds: DEFAULT_SECONDS,
        };
        let mut words = arguments.iter().map(|word| word.to_string_lossy());
        while let Some(word) = words.next() {
            if word == "--seconds" {
                let number = words.next().unwrap_or_default();
                let number = number.parse().ok().filter(|seconds| *seconds > 0);
                options.seconds = number.ok_or("--seconds takes a number, 1 or more")?;
            } else {
                let known = TARGETS.iter().find(|target| target.name == word);
                options.targets.push(known.ok_or_else(|| {
                    let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
                    format!("there is no fuzz target `{word}`; there are {}", names.join(", "))
                })?);
            }
        }
        if options.targets.is_empty() {
            options.targets.extend(TARGETS);
        }
        Ok(options)
    }
}

/// Reports everything that is missing at once, installs cargo-fuzz, and returns the name of this platform.
fn prepare() -> Result<String> {
    let mut missing = Vec::new();
    let nightly = Cmd::new("rustc").words("+nightly -vV").read();
    if let Err(error) = &nightly {
        missing.push(format!(
            "{error}\n    fuzzing needs the nightly toolchain: `rustup toolchain install nightly --profile minimal`"
        ));
    }
    let compiler = env::var("CXX").unwrap_or_else(|_| "c++".into());
    if let Err(error) = Cmd::new(&compiler).arg("--version").read() {
        missing.push(format!(
            "{error}\n    libFuzzer is C++ and needs its compiler (Debian: apt-get install g++)"
        ));
    }
    if !missing.is_empty() {
        return Err(format!("this machine lacks something\n  - {}", missing.join("\n  - ")));
    }
    if Cmd::new("cargo-fuzz").arg("--version").read() != Ok(format!("cargo-fuzz {CARGO_FUZZ}")) {
        run::step(
            &format!("cargo-fuzz {CARGO_FUZZ}"),
            "installing (about a minute, once)",
            install_cargo_fuzz,
        )?;
    }
    let host = nightly.ok().and_then(|said| {
        let host = said.lines().find_map(|line| line.strip_prefix("host: "));
        host.map(str::to_owned)
    });
    host.ok_or_else(|| "`rustc +nightly -vV` does not say what platform this is".into())
}

fn install_cargo_fuzz() -> Result<()> {
    let install = Cmd::new("cargo")
        .words("install cargo-fuzz --force --version")
        .arg(format!("={CARGO_FUZZ}"));
    install.arg("--root").arg(run::tools()).run(Show::All).map_err(|error| {
        format!("{error}\ncargo-fuzz {CARGO_FUZZ} is needed. Installing it takes a network; one of exactly this version on the PATH is used as well")
    })
}

fn build() -> Result<()> {
    let build = Cmd::new("cargo").words("+nightly fuzz build --fuzz-dir fuzz --target-dir");
    build.arg(folder("build")).run(Show::All)
}

fn folder(name: &str) -> PathBuf {
    run::target().join("fuzz").join(name)
}

impl Target {
    fn run(&self, host: &str, seconds: u32) -> Result<Run> {
        let corpus = folder("corpus").join(self.name);
        let finds = folder("finds").join(self.name);
        make(&corpus)?;
        make(&finds)?;
        self.seed(&corpus)?;
        let mut command = Command::new(folder("build").join(host).join("release").join(self.name));
        command
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-malloc_limit_mb={LARGEST_ALLOCATION_MB}"))
            .args(["-max_len=1024", "-timeout=10", "-print_funcs=0"])
            .arg(format!("-artifact_prefix={}/", finds.display()))
            .arg(&corpus);
        run::step(self.name, &format!("running for {seconds} s"), || {
            self.follow(command, &corpus)
        })
    }

    /// Golden vectors and the finds of earlier times. Files are named by content, so seeding again changes nothing.
    fn seed(&self, corpus: &Path) -> Result<()> {
        for file in self.vectors {
            let path = run::root().join("tests/vectors").join(file);
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            for bytes in hex_fields(&text) {
                keep(corpus, &bytes)?;
            }
        }
        let fixtures = fs::read_dir(self.fixtures()).into_iter().flatten().flatten();
        for fixture in fixtures {
            let bytes = fs::read(fixture.path()).map_err(|error| format!("{}: {error}", fixture.path().display()))?;
            keep(corpus, &bytes)?;
        }
        Ok(())
    }

    fn fixtures(&self) -> PathBuf {
        run::root().join("tests/fixtures/fuzz").join(self.name)
    }

    /// Shows how it goes now and then, and what libFuzzer said besides only if it ends with a find.
    fn follow(&self, mut command: Command, corpus: &Path) -> Result<Run> {
        let not_followed = |error| format!("{} cannot be run to its end: {error}", self.name);
        let mut child = command.stderr(Stdio::piped()).spawn().map_err(not_followed)?;
        let mut status = Status::default();
        let mut said = Vec::new();
        let mut shown = Instant::now();
        if let Some(stderr) = child.stderr.take() {
            for line in BufReader::new(stderr).split(b'\n') {
                let line = String::from_utf8_lossy(&line.map_err(not_followed)?).into_owned();
                if !status.read(&line) {
                    said.push(line);
                } else if shown.elapsed() >= PROGRESS {
                    eprintln!("  {status}");
                    shown = Instant::now();
                }
            }
        }
        let exit = child.wait().map_err(not_followed)?;
        let find = (!exit.success()).then(|| {
            let frames_of_the_stack = |line: &&String| line.trim_start().starts_with('#');
            said.iter()
                .filter(|line| !frames_of_the_stack(line))
                .for_each(|line| eprintln!("  {line}"));
            self.describe(said.iter().find_map(|line| find_of(line)))
        });
        let corpus = fs::read_dir(corpus).map_or(0, Iterator::count);
        Ok(Run { status, corpus, find })
    }

    fn describe(&self, input: Option<&str>) -> String {
        let name = self.name;
        let Some(input) = input else {
            return format!("{name} failed without leaving an input; see what it said above");
        };
        format!(
            "{name} found an input that breaks a law: {input}\nIt becomes a fixture, which the tests replay from then on:\n  \
             mkdir -p {fixtures} && cp {input} {fixtures}/SAY-WHAT-IT-IS",
            fixtures = self.fixtures().display()
        )
    }
}

/// What came of one target.
struct Run {
    status: Status,
    corpus: usize,
    find: Option<String>,
}

impl Run {
    fn row(&self, name: &str) -> String {
        let Status {
            executions,
            coverage,
            rate,
        } = self.status;
        let result = if self.find.is_some() { "FOUND" } else { "nothing found" };
        row([
            name,
            &executions.to_string(),
            &rate.to_string(),
            &coverage.to_string(),
            &self.corpus.to_string(),
            result,
        ])
    }
}

fn row([name, executions, rate, coverage, corpus, result]: [&str; 6]) -> String {
    format!("{name:<20} {executions:>12} {rate:>9} {coverage:>9} {corpus:>7}  {result}")
}

/// The last status line of libFuzzer: `#4096 pulse  cov: 812 ft: 2511 corp: 310/9Kb lim: 43 exec/s: 2048 rss: 61Mb`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Status {
    executions: u64,
    /// Edges of the program that some input took.
    coverage: u64,
    /// Executions a second.
    rate: u64,
}

impl Status {
    /// Takes over a status line; false for any other line.
    fn read(&mut self, line: &str) -> bool {
        let Some((count, fields)) = line.strip_prefix('#').and_then(|rest| rest.split_once(['\t', ' '])) else {
            return false;
        };
        let Ok(executions) = count.parse() else {
            return false;
        };
        let words: Vec<_> = fields.split_whitespace().collect();
        let field = |name: &str| {
            let value = words.windows(2).find(|pair| pair[0] == name)?[1];
            value.parse().ok()
        };
        *self = Self {
            executions,
            coverage: field("cov:").unwrap_or(self.coverage),
            rate: field("exec/s:").unwrap_or(self.rate),
        };
        true
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            executions,
            coverage,
            rate,
        } = self;
        write!(f, "{executions} executions, {rate} a second, coverage {coverage}")
    }
}

/// Where libFuzzer says it wrote the input.
fn find_of(line: &str) -> Option<&str> {
    let (_, path) = line.split_once("Test unit written to ")?;
    Some(path.trim())
}

/// The contents of all fields of a vector file whose name ends in `hex` or `Hex`.
fn hex_fields(json: &str) -> Vec<Vec<u8>> {
    let pieces: Vec<_> = json.split('"').collect();
    let fields = pieces.windows(3).filter_map(|window| match window {
        [name, ": ", content] if name.to_lowercase().ends_with("hex") => bytes_of(content),
        _ => None,
    });
    fields.collect()
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

fn keep(corpus: &Path, bytes: &[u8]) -> Result<()> {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let path = corpus.join(format!("seed-{:016x}", hasher.finish()));
    fs::write(&path, bytes).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_are_read_and_others_are_not() {
        let mut status = Status::default();
        assert!(status.read("#4096\tpulse  cov: 812 ft: 2511 corp: 310/9Kb lim: 43 exec/s: 2048 rss: 61Mb"));
        let expected = Status {
            executions: 4096,
            coverage: 812,
            rate: 2048,
        };
        assert_eq!(status, expected);
        assert!(!status.read("INFO: seed corpus: files: 3"));
        assert!(!status.read("    #0 0x55 in main"));
        assert_eq!(status, expected);
    }

    #[test]
    fn seeds_are_the_hexadecimal_fields() {
        let json =
            r#"[{"name": "hex", "hex": "00ff"}, {"frameHex": "", "code": "x", "value": {"$": "bytes", "hex": "01"}}]"#;
        assert_eq!(hex_fields(json), [vec![0, 0xff], vec![], vec![1]]);
    }

    #[test]
    fn options_are_a_target_and_a_number_of_seconds() {
        let parse = |line: &str| Options::parse(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>());
        let shape = |options: Options| (options.targets.len(), options.seconds);
        assert_eq!(parse("").map(shape), Ok((TARGETS.len(), DEFAULT_SECONDS)));
        assert_eq!(parse("frame_open --seconds 5").map(shape), Ok((1, 5)));
        for wrong in ["nonsense", "--seconds", "--seconds 0", "--seconds soon"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_target_has_a_program_and_every_program_is_a_target() {
        let folder = run::root().join("fuzz/fuzz_targets");
        let programs = fs::read_dir(folder).map_or(0, Iterator::count);
        assert_eq!(programs, TARGETS.len());
        for Target { name, .. } in TARGETS {
            assert!(
                run::root().join(format!("fuzz/fuzz_targets/{name}.rs")).is_file(),
                "{name}"
            );
        }
    }
}
