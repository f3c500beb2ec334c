//! The artefacts: two WebAssembly modules and the npm package around them. Cargo and tsc decide what is fresh.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{self, Cmd, NPM, Result, Show};

/// Builds everything: `pkg/wasm` (module and glue for JavaScript, plain module) and `pkg/dist` (the package's own code).
pub fn run(show: Show) -> Result<()> {
    run::step(
        "[1/3] module for JavaScript (pkg/wasm/snapfold_bg.wasm)",
        "building",
        || javascript_module(show),
    )?;
    run::step("[2/3] plain module (pkg/wasm/snapfold-core.wasm)", "building", || {
        plain_module(show)
    })?;
    run::step("[3/3] TypeScript (pkg/dist)", "compiling", || typescript(show))
}

/// Prints what was built with its size, as it is and as a server would send it.
pub fn print_sizes() -> Result<()> {
    let artefacts = [
        ("pkg/wasm/*.wasm", files("pkg/wasm", "wasm")?),
        ("pkg/wasm/*.js", files("pkg/wasm", "js")?),
        ("pkg/dist/**/*.js", files("pkg/dist", "js")?),
    ];
    println!("{:<34} {:>12} {:>12}", "artefact", "bytes", "brotli");
    for (group, files) in &artefacts {
        let sizes = brotli_sizes(files)?;
        if *group == "pkg/wasm/*.wasm" {
            for (file, size) in files.iter().zip(&sizes) {
                print_size(&file.strip_prefix(run::root()).unwrap_or(file).to_string_lossy(), *size);
            }
        } else {
            let sum = sizes.iter().fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1));
            print_size(&format!("{group} ({} files)", files.len()), sum);
        }
    }
    Ok(())
}

fn javascript_module(show: Show) -> Result<()> {
    let module = cdylib("js", "none", show)?; // wasm-bindgen reads a section that stripping takes away, and strips itself
    let generate = Cmd::new("wasm-bindgen").words("--target web --omit-default-module-path");
    generate
        .words("--remove-name-section --remove-producers-section")
        .words("--out-dir pkg/wasm --out-name snapfold")
        .arg(module)
        .run(show)
}

fn plain_module(show: Show) -> Result<()> {
    let module = cdylib("abi", "symbols", show)?;
    let folder = run::root().join("pkg/wasm");
    let copied = fs::create_dir_all(&folder).and_then(|()| fs::copy(&module, folder.join("snapfold-core.wasm")));
    copied
        .map(drop)
        .map_err(|error| format!("{} cannot be copied to pkg/wasm: {error}", module.display()))
}

fn typescript(show: Show) -> Result<()> {
    Cmd::new(NPM).words("run build").folder("pkg").run(show)
}

/// One target folder for each feature: every build writes the same file name.
fn cdylib(feature: &str, strip: &str, show: Show) -> Result<PathBuf> {
    let target = run::target().join(feature);
    Cmd::new("cargo")
        .words("rustc --lib --crate-type cdylib --profile wasm --target wasm32-unknown-unknown --no-default-features")
        .words("--features")
        .arg(feature)
        .arg("--target-dir")
        .arg(&target)
        .words("-- -C")
        .arg(format!("strip={strip}"))
        .run(show)?;
    Ok(target.join("wasm32-unknown-unknown/wasm/snapfold.wasm"))
}

/// All files below `folder` with that extension, in a stable order.
fn files(folder: &str, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![run::root().join(folder)];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|is| is == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error| format!("{} cannot be read: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(unreadable)?;
    entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .map_err(unreadable)
}

/// Bytes and compressed bytes of each file. Node.js has brotli built in.
fn brotli_sizes(files: &[PathBuf]) -> Result<Vec<(u64, u64)>> {
    let script = "for (const file of process.argv.slice(1)) {
        const bytes = require('node:fs').readFileSync(file);
        console.log(bytes.length, require('node:zlib').brotliCompressSync(bytes).length);
    }";
    let said = Cmd::new("node").arg("-e").arg(script).arg("--").args(files).read()?;
    let sizes = said.lines().map(|line| {
        let (bytes, brotli) = line.split_once(' ')?;
        Some((bytes.parse().ok()?, brotli.parse().ok()?))
    });
    sizes
        .collect::<Option<_>>()
        .ok_or_else(|| format!("node printed no sizes but {said:?}"))
}

fn print_size(name: &str, (bytes, brotli): (u64, u64)) {
    println!("{name:<34} {bytes:>12} {brotli:>12}");
}
