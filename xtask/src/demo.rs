//! The demo: build what it needs, then hand the terminal over to it.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::build;
use crate::run::{Cmd, Result, Show};
use crate::setup::{self, Node};

/// Runs examples/demo/main.js with these arguments and ends as it ended.
pub fn run(arguments: &[OsString]) -> Result<ExitCode> {
    setup::run()?;
    build::run(Show::Failures)?;
    let mut node = Cmd::new("node");
    if can_silence(Node::installed()?) {
        node = node.arg("--disable-warning=ExperimentalWarning");
    }
    let status = node.arg("examples/demo/main.js").args(arguments).interact()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// `--disable-warning` came with 21.3 and 20.11. It hides that `node:sqlite` is experimental.
fn can_silence(node: Node) -> bool {
    node >= Node { major: 21, minor: 3 } || (node.major == 20 && node.minor >= 11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_silenced_where_node_can() {
        for (major, minor, can) in [
            (20, 10, false),
            (20, 11, true),
            (21, 2, false),
            (21, 3, true),
            (22, 0, true),
        ] {
            assert_eq!(can_silence(Node { major, minor }), can, "{major}.{minor}");
        }
    }
}
