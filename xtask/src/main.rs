//! The project's task runner: `cargo xtask TASK`. It installs what a task needs, says what it does, and uses only `std`, so
//! that it compiles in a second on a bare machine.

use std::env;
use std::process::ExitCode;

mod bench;
mod build;
mod demo;
mod fuzz;
mod run;
mod runners;
mod setup;
mod test;

const USAGE: &str = "\
Usage: cargo xtask TASK

Tasks:
  demo [ARGS…]  build, then run examples/demo with these arguments (try `cargo xtask demo --help`)
  test          format, lints, documentation, Rust, WebAssembly, npm, packaging and Python tests, counted
  build         make the WebAssembly modules and the npm package, and list their sizes
  fuzz [TARGET] [--seconds N]
                run one fuzz target, or all, for N seconds each (60); needs a nightly toolchain and a C++ compiler
  bench [ARGS…] measure against peers, see docs/benchmarks.md; with --quick in 5 minutes, without in more than half an hour
  help          print this text

Every task but fuzz first checks that Node.js 20 or newer, npm and git are there. It then installs what is missing: the
wasm32-unknown-unknown target, wasm-bindgen of the pinned version (into target/tools) and the npm packages.
The first run takes some minutes; later runs only look.
";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.to_string_lossy(), rest),
        None => return usage("which task?"),
    };
    let outcome = match (&*task, rest) {
        ("demo", rest) => demo::run(rest),
        ("bench", rest) => match bench::Options::parse(rest) {
            Ok(options) => bench::run(&options),
            Err(problem) => return usage(&problem),
        },
        ("test", []) => test::run(),
        ("build", []) => build_and_list(),
        ("fuzz", rest) => fuzz::run(rest),
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        ("test" | "build", _) => return usage(&format!("`{task}` takes no arguments")),
        _ => return usage(&format!("there is no task `{task}`")),
    };
    outcome.unwrap_or_else(|message| {
        eprintln!("error: {message}");
        ExitCode::FAILURE
    })
}

fn build_and_list() -> run::Result<ExitCode> {
    setup::run()?;
    build::run(run::Show::All)?;
    build::print_sizes()?;
    Ok(ExitCode::SUCCESS)
}

fn usage(problem: &str) -> ExitCode {
    eprintln!("error: {problem}\n\n{USAGE}");
    ExitCode::from(2)
}
