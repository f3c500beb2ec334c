//! Starting other programs: the project's folders, a command with its printable line, and steps with their time.
//!
//! Progress and the output of tools go to stderr. Stdout carries results only, so that `cargo xtask demo | …` stays clean.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Errors are sentences for a person.
pub type Result<T> = std::result::Result<T, String>;

/// npm is a script on Windows, and scripts are only found by their full name there.
pub const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// What of a command's output reaches the terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// Everything, as it comes.
    All,
    /// Nothing, unless the command fails.
    Failures,
}

/// The workspace's root folder. Cargo says at run time where this checkout is: the path at compile time is wrong once a
/// checkout has moved or shares its target folder with another.
pub fn root() -> PathBuf {
    let xtask = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    xtask.parent().map_or_else(|| xtask.clone(), Path::to_path_buf)
}

/// Cargo's target folder, honouring `CARGO_TARGET_DIR`.
pub fn target() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Where setup installs the tools that belong to this project alone.
pub fn tools() -> PathBuf {
    target().join("tools")
}

/// Runs one named step and prints its line, before it with `note` and after it with the seconds it took.
pub fn step<T>(name: &str, note: &str, action: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("{name}: {note}");
    let start = Instant::now();
    let value = action()?;
    eprintln!("{name}: done ({})", seconds(start.elapsed()));
    Ok(value)
}

/// A duration as people read it: `0.4 s`.
pub fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}

/// A command that runs in the workspace's root, finds the project's own tools first, and reads nothing from the terminal.
pub struct Cmd {
    command: Command,
    folder: Option<String>,
    variables: Vec<String>,
}

impl Cmd {
    pub fn new(program: &str) -> Self {
        let mut command = Command::new(program);
        command
            .current_dir(root())
            .env("PATH", search_path())
            .stdin(Stdio::null());
        Self {
            command,
            folder: None,
            variables: Vec::new(),
        }
    }

    /// Adds the words of `text` as arguments.
    pub fn words(mut self, text: &str) -> Self {
        self.command.args(text.split_whitespace());
        self
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self.variables.push(format!("{name}={}", quoted(value)));
        self
    }

    /// Runs in this folder of the workspace.
    pub fn folder(mut self, folder: &str) -> Self {
        self.command.current_dir(root().join(folder));
        self.folder = Some(folder.into());
        self
    }

    /// Runs to the end; anything but success is an error.
    pub fn run(mut self, show: Show) -> Result<()> {
        let status = match show {
            Show::All => self.command.stdout(io::stderr()).status(),
            Show::Failures => self.command.output().map(|output| {
                if !output.status.success() {
                    eprint!("{}", String::from_utf8_lossy(&output.stdout));
                    eprint!("{}", String::from_utf8_lossy(&output.stderr));
                }
                output.status
            }),
        };
        let status = status.map_err(|error| self.not_started(&error))?;
        if status.success() {
            Ok(())
        } else {
            Err(self.failure(status))
        }
    }

    /// Runs to the end and returns what it printed; anything but success is an error.
    pub fn read(mut self) -> Result<String> {
        let output = self.command.output().map_err(|error| self.not_started(&error))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("{}\n{}", self.failure(output.status), said.trim()))
        }
    }

    /// Runs to the end and lets it write its stdout to the end of `file`; anything but success is an error.
    pub fn run_into(mut self, file: &File) -> Result<()> {
        let own = file.try_clone().map_err(|error| self.not_started(&error))?;
        let status = self.command.stdout(own).status();
        let status = status.map_err(|error| self.not_started(&error))?;
        if status.success() {
            Ok(())
        } else {
            Err(self.failure(status))
        }
    }

    /// Runs to the end, passes its stdout on line by line, and returns it with the verdict.
    pub fn tee(mut self) -> Result<(String, Result<()>)> {
        let child = self.command.stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| self.not_started(&error))?;
        let copied = child.stdout.take().map(|stdout| copy_lines(stdout, io::stdout()));
        let status = child.wait().map_err(|error| self.not_finished(&error))?;
        let text = copied.transpose().map_err(|error| self.not_finished(&error))?;
        let verdict = if status.success() {
            Ok(())
        } else {
            Err(self.failure(status))
        };
        Ok((text.unwrap_or_default(), verdict))
    }

    /// Hands the terminal over to the program and returns how it ended.
    pub fn interact(mut self) -> Result<ExitStatus> {
        let status = self.command.stdin(Stdio::inherit()).status();
        status.map_err(|error| self.not_started(&error))
    }

    fn failure(&self, status: ExitStatus) -> String {
        format!("`{self}` failed ({status})")
    }

    fn not_started(&self, error: &io::Error) -> String {
        format!("`{self}` cannot be started: {error}. Is it installed and on the PATH?")
    }

    fn not_finished(&self, error: &io::Error) -> String {
        format!("`{self}` cannot be followed to its end: {error}")
    }
}

/// The command as it would be typed in the workspace's root.
impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(folder) = &self.folder {
            write!(f, "cd {folder} && ")?;
        }
        for variable in &self.variables {
            write!(f, "{variable} ")?;
        }
        f.write_str(&self.command.get_program().to_string_lossy())?;
        for argument in self.command.get_args() {
            write!(f, " {}", quoted(&argument.to_string_lossy()))?;
        }
        Ok(())
    }
}

fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_=+./:,@%\\".contains(c));
    if plain { word.into() } else { format!("'{word}'") }
}

fn search_path() -> OsString {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let folders = [tools().join("bin")].into_iter().chain(env::split_paths(&inherited));
    // Joining fails only if the project's own path holds a separator; the tools are then reported as missing.
    env::join_paths(folders).unwrap_or(inherited)
}

fn copy_lines(from: impl io::Read, mut to: impl Write) -> io::Result<String> {
    let mut reader = BufReader::new(from);
    let mut all = Vec::new();
    loop {
        let start = all.len();
        if reader.read_until(b'\n', &mut all)? == 0 {
            return Ok(String::from_utf8_lossy(&all).into_owned());
        }
        to.write_all(all.get(start..).unwrap_or_default())?;
        to.flush()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_prints_as_it_would_be_typed() {
        let command = Cmd::new("npm")
            .words("run build")
            .arg("two words")
            .env("FLAGS", "-D warnings")
            .folder("pkg");
        assert_eq!(
            command.to_string(),
            "cd pkg && FLAGS='-D warnings' npm run build 'two words'"
        );
    }

    #[test]
    fn copied_lines_reach_both_sides_even_without_a_last_newline() {
        let mut passed_on = Vec::new();
        let kept = copy_lines(&b"one\ntwo"[..], &mut passed_on);
        assert_eq!(kept.ok().as_deref(), Some("one\ntwo"));
        assert_eq!(passed_on, b"one\ntwo");
    }

    #[test]
    fn a_program_that_is_not_there_is_a_sentence() {
        let error = Cmd::new("no-such-program").words("--version").read();
        assert!(error.is_err_and(|message| message.contains("`no-such-program --version` cannot be started")));
    }
}
