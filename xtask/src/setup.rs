//! What must be there before anything can be built: checked in under two seconds, installed once.

use std::env;
use std::fs;
use std::path::Path;
use std::time::{Instant, SystemTime};

use crate::run::{self, Cmd, NPM, Result, Show};

/// Folders with a package.json whose packages are installed from their lockfile.
const NPM_FOLDERS: &[&str] = &["pkg"];
/// The same, of examples that have packages of their own, which only their tests need.
const EXAMPLES: &[&str] = &["examples/emmett", "examples/hono-postgres"];

const WASM_TARGET: &str = "wasm32-unknown-unknown";
const OLDEST_NODE: Node = Node { major: 20, minor: 0 };
const NODE_REMEDY: &str =
    "install Node.js 20 or newer from https://nodejs.org, with nvm, or with your system's packages";
/// What Python reads our frames with: any CBOR library would do; this release comes without compiled parts.
const CBOR: (&str, &str) = ("cbor2", "5.6.5");
const PYTHON_REMEDY: &str = "\
the Python tests need python3 with venv (Debian: apt-get install python3-venv) and, once, a network for pip";
const CHROMEDRIVER_REMEDY: &str = "\
these tests need chromedriver, on the PATH or named in CHROMEDRIVER, and the Chromium or Chrome of the same version where it looks
for it (Debian: apt-get install chromium-driver)";
const PACKAGES_REMEDY: &str = "\
npm needs a network. Where better-sqlite3 has no ready-made build for this machine, npm compiles it: that takes python3,
make and a C++ compiler (Debian: apt-get install python3 make g++)";

/// Checks programs, then installs whatever of the toolchain and the packages is missing.
pub fn run() -> Result<()> {
    let wasm_bindgen = pinned_wasm_bindgen()?;
    let mut steps = Steps {
        done: 0,
        total: 3 + NPM_FOLDERS.len(),
    };
    steps.ensure("node, npm, git", has_programs, "", || Ok(()))?;
    steps.ensure(
        WASM_TARGET,
        has_wasm_target,
        "adding (some seconds, once)",
        add_wasm_target,
    )?;
    steps.ensure(
        &format!("wasm-bindgen {wasm_bindgen}"),
        || Ok(has_wasm_bindgen(&wasm_bindgen)),
        "installing (2 minutes, on a busy machine up to 10; once)",
        || install_wasm_bindgen(&wasm_bindgen),
    )?;
    NPM_FOLDERS.iter().try_for_each(|folder| steps.packages(folder))
}

/// Installs the packages of the examples.
pub fn example_packages() -> Result<()> {
    let mut steps = Steps {
        done: 0,
        total: EXAMPLES.len(),
    };
    EXAMPLES.iter().try_for_each(|folder| steps.packages(folder))
}

/// Installs the packages that only one task needs.
pub fn packages(folder: &str) -> Result<()> {
    let mut steps = Steps { done: 0, total: 1 };
    steps.packages(folder)
}

/// The interpreter of an environment of our own that holds a stock CBOR library; made once. An error says what this machine lacks.
pub fn python() -> Result<String> {
    let folder = run::tools().join("python");
    let python = folder.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let python = python.to_string_lossy().into_owned();
    let (library, version) = CBOR;
    let wanted = format!("from importlib.metadata import version; assert version('{library}') == '{version}'");
    if Cmd::new(&python).arg("-c").arg(&wanted).read().is_ok() {
        return Ok(python);
    }
    let made = run::step("Python environment", "installing (some seconds, once)", || {
        Cmd::new("python3")
            .words("-m venv --clear")
            .arg(&folder)
            .run(Show::Failures)?;
        let install = Cmd::new(&python).words("-m pip install --quiet --disable-pip-version-check --only-binary :all:");
        install.arg(format!("{library}=={version}")).run(Show::Failures)
    });
    made.map(|()| python)
        .map_err(|error| format!("{error}\n{PYTHON_REMEDY}"))
}

/// What drives Chromium for the generator's tests: the program that `CHROMEDRIVER` names, or the one on the PATH.
pub fn chromedriver() -> Result<String> {
    let driver = env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
    match Cmd::new(&driver).arg("--version").read() {
        Ok(_) => Ok(driver),
        Err(error) => Err(format!("{error}\n{CHROMEDRIVER_REMEDY}")),
    }
}

/// A version of Node.js, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    pub major: u32,
    pub minor: u32,
}

impl Node {
    /// The one on the PATH.
    pub fn installed() -> Result<Self> {
        let said = Cmd::new("node").arg("--version").read()?;
        Self::parse(&said).ok_or_else(|| format!("`node --version` says {said:?}, which is no version: {NODE_REMEDY}"))
    }

    /// Whether CommonJS can require ES modules, which Vite and webpack's command line do, and users of the npm package may.
    pub fn requires_modules(self) -> bool {
        matches!(
            self,
            Self { major: 20, minor: 19.. } | Self { major: 22, minor: 12.. } | Self { major: 23.., .. }
        )
    }

    /// Reads `v20.11.1`.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.trim().strip_prefix('v')?.split('.');
        Some(Self {
            major: numbers.next()?.parse().ok()?,
            minor: numbers.next()?.parse().ok()?,
        })
    }
}

struct Steps {
    done: usize,
    total: usize,
}

impl Steps {
    /// Prints one line when it is `ready`, and otherwise installs between two lines.
    fn ensure(
        &mut self,
        name: &str,
        ready: impl FnOnce() -> Result<bool>,
        note: &str,
        install: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        self.done += 1;
        let name = format!("[{}/{}] {name}", self.done, self.total);
        let start = Instant::now();
        if ready()? {
            eprintln!("{name}: ready ({})", run::seconds(start.elapsed()));
            return Ok(());
        }
        run::step(&name, note, install)
    }

    fn packages(&mut self, folder: &str) -> Result<()> {
        self.ensure(
            &format!("npm packages of {folder}"),
            || Ok(has_packages(&run::root().join(folder))),
            "installing (where no ready-made better-sqlite3 fits, compiling it: some minutes)",
            || install_packages(folder),
        )
    }
}

/// Reports everything that is missing at once.
fn has_programs() -> Result<bool> {
    let mut missing = Vec::new();
    match Node::installed() {
        Ok(node) if node >= OLDEST_NODE => {}
        Ok(Node { major, minor }) => missing.push(format!("Node.js {major}.{minor} is too old: {NODE_REMEDY}")),
        Err(error) => missing.push(format!("{error}\n    Node.js is needed: {NODE_REMEDY}")),
    }
    if let Err(error) = Cmd::new(NPM).arg("--version").read() {
        missing.push(format!(
            "{error}\n    npm is needed: it comes with Node.js (Debian: apt-get install npm)"
        ));
    }
    if let Err(error) = Cmd::new("git").arg("--version").read() {
        missing.push(format!(
            "{error}\n    git is needed: https://git-scm.com (Debian: apt-get install git)"
        ));
    }
    if missing.is_empty() {
        Ok(true)
    } else {
        Err(format!("this machine lacks something\n  - {}", missing.join("\n  - ")))
    }
}

fn has_wasm_target() -> Result<bool> {
    let sysroot = Cmd::new("rustc").words("--print sysroot").read()?;
    Ok(Path::new(&sysroot).join("lib/rustlib").join(WASM_TARGET).is_dir())
}

fn add_wasm_target() -> Result<()> {
    Cmd::new("rustup").words("target add").arg(WASM_TARGET).run(Show::All).map_err(|error| {
        format!(
            "{error}\nThe Rust toolchain cannot compile to {WASM_TARGET}. With rustup (https://rustup.rs) and a network, \
             `rustup target add {WASM_TARGET}` adds it. A toolchain from system packages needs its package for that \
             target (Debian: libstd-rust-dev-wasm32)"
        )
    })
}

fn pinned_wasm_bindgen() -> Result<String> {
    let path = run::root().join("Cargo.toml");
    let manifest = fs::read_to_string(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    pinned_version(&manifest, "wasm-bindgen").ok_or_else(|| {
        format!(
            "{} must pin wasm-bindgen on one line, like wasm-bindgen = {{ version = \"=1.2.3\" }}",
            path.display()
        )
    })
}

/// The version that a manifest pins with `=`.
fn pinned_version(manifest: &str, name: &str) -> Option<String> {
    let requirement = manifest
        .lines()
        .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='))?;
    let (_, version) = requirement.split_once("\"=")?;
    let (version, _) = version.split_once('"')?;
    Some(version.trim().into())
}

/// Whether generator and test runner of that version are among the project's tools or on the PATH.
fn has_wasm_bindgen(version: &str) -> bool {
    ["wasm-bindgen", "wasm-bindgen-test-runner"].into_iter().all(|program| {
        let said = Cmd::new(program).arg("--version").read();
        said.is_ok_and(|said| said == format!("{program} {version}"))
    })
}

/// Without `--locked`: the lockfile that the tool ships may name a release that the registry at hand does not offer, and
/// then nothing is installed at all (seen with 0.2.130 and webpki-roots 1.0.11). Its requirements leave cargo a choice.
fn install_wasm_bindgen(version: &str) -> Result<()> {
    let install = Cmd::new("cargo")
        .words("install wasm-bindgen-cli --force --version")
        .arg(format!("={version}"));
    install.arg("--root").arg(run::tools()).run(Show::All).map_err(|error| {
        format!(
            "{error}\nwasm-bindgen {version} is needed, together with its wasm-bindgen-test-runner. Installing it takes a \
             network and a C compiler; programs of exactly this version on the PATH are used as well"
        )
    })
}

/// npm writes its own copy of the lockfile as the last act of an installation.
fn has_packages(folder: &Path) -> bool {
    let written = |file: &str| -> Option<SystemTime> { fs::metadata(folder.join(file)).ok()?.modified().ok() };
    match (written("package-lock.json"), written("node_modules/.package-lock.json")) {
        (Some(lockfile), Some(installed)) => lockfile <= installed,
        _ => false,
    }
}

/// What the lockfile says. Not with `ci`: that insists on add-ons for other systems, which cbor-x, deno and jest name and not every registry
/// has.
fn install_packages(folder: &str) -> Result<()> {
    let installed = Cmd::new(NPM).words("install --no-save").folder(folder).run(Show::All);
    installed.map_err(|error| format!("{error}\n{PACKAGES_REMEDY}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_read_and_ordered() {
        assert_eq!(Node::parse("v20.11.1\n"), Some(Node { major: 20, minor: 11 }));
        assert_eq!(Node::parse("v23.0.0-nightly2024"), Some(Node { major: 23, minor: 0 }));
        assert!(Node::parse("v18.19.0").is_some_and(|node| node < OLDEST_NODE));
        for text in ["", "20.1.0", "v20", "vtwenty.0.0"] {
            assert_eq!(Node::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn modules_can_be_required_since_three_versions() {
        for (version, can) in [
            ("v20.18.3", false),
            ("v20.19.0", true),
            ("v21.7.0", false),
            ("v22.11.0", false),
            ("v22.12.0", true),
            ("v24.0.0", true),
        ] {
            assert_eq!(Node::parse(version).map(Node::requires_modules), Some(can), "{version}");
        }
    }

    #[test]
    fn the_pinned_version_is_found_in_either_form() {
        let manifest = "# wasm-bindgen = \"=0.0.1\"\nwasm-bindgen-test = \"=0.3.80\"\n\
                        wasm-bindgen = { version = \"=0.2.130\", optional = true }\njs-sys = \"=0.3.107\"\n";
        assert_eq!(pinned_version(manifest, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(pinned_version(manifest, "js-sys").as_deref(), Some("0.3.107"));
        assert_eq!(pinned_version(manifest, "serde"), None);
    }

    #[test]
    fn a_version_that_is_not_exact_is_no_pin() {
        assert_eq!(
            pinned_version("wasm-bindgen = { version = \"0.2\" }", "wasm-bindgen"),
            None
        );
        assert_eq!(pinned_version("wasm-bindgen = \"0.2.130\"", "wasm-bindgen"), None);
    }

    #[test]
    fn the_workspace_pins_wasm_bindgen() {
        assert!(pinned_wasm_bindgen().is_ok_and(|version| version.split('.').count() == 3));
    }
}
