//! The artefacts: two WebAssembly modules and the npm package around them. Cargo and tsc decide what is fresh.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{self, Cmd, NPM, Result, Show};

/// Builds everything: `pkg/wasm` (module and glue for JavaScript, plain module) and `pkg/dist` (the package's own code). The modules
/// are shrunk once per change, which takes longer than all the rest.
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
    let entry = Cmd::new("node").arg("pkg/scripts/entry-size.js").read()?;
    println!("{:<34} {:>12} {:>12}", "artefact", "bytes", "brotli");
    for (group, files) in &artefacts {
        let sizes = brotli_sizes(files)?;
        if *group == "pkg/wasm/*.wasm" {
            for (file, size) in files.iter().zip(&sizes) {
                print_size(&file.strip_prefix(run::root()).unwrap_or(file).to_string_lossy(), *size);
            }
        } else {
            print_size(&format!("{group} ({} files)", files.len()), total(&sizes));
        }
    }
    print_size("default entry, minified", total(&parse_sizes(&entry)?));
    Ok(())
}

fn javascript_module(show: Show) -> Result<()> {
    let module = cdylib("js", "wasm", "none", SMALL_SHA256, show)?; // wasm-bindgen reads a section that stripping takes away, and strips itself
    let made = run::root().join("pkg/wasm/snapfold_bg.wasm");
    if is_fresh(&made, &module) {
        return Ok(());
    }
    let glue = run::target().join("glue");
    let generate = Cmd::new("wasm-bindgen").words("--target web --omit-default-module-path");
    generate
        .words("--experimental-reset-state-function") // an instance that trapped is replaced
        .words("--remove-name-section --remove-producers-section")
        .arg("--out-dir")
        .arg(&glue)
        .words("--out-name snapfold")
        .arg(module)
        .run(show)?;
    for file in ["snapfold.js", "snapfold.d.ts", "snapfold_bg.wasm.d.ts"] {
        copy(&glue.join(file), &made.with_file_name(file))?;
    }
    optimise(&glue.join("snapfold_bg.wasm"), &made, SMALL, show)
}

fn plain_module(show: Show) -> Result<()> {
    let module = cdylib("abi", "wasm-speed", "symbols", VECTORS, show)?;
    let made = run::root().join("pkg/wasm/snapfold-core.wasm");
    if is_fresh(&made, &module) {
        return Ok(());
    }
    optimise(&module, &made, "-O3 --enable-simd", show)
}

/// Whether a module was made after all that it is made from: the compiled one, the pinned wasm-opt, and the flags in this program.
fn is_fresh(made: &Path, module: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let sources = [
        Some(module.to_path_buf()),
        Some(run::root().join("pkg/package-lock.json")),
        env::current_exe().ok(),
    ];
    let made = changed(made);
    sources.into_iter().all(|source| {
        let source = source.and_then(|path| changed(&path));
        source.is_some() && source < made
    })
}

/// Taking the code apart and putting it together again in between saves 1 % more (brotli), and costs no speed that can be measured.
/// Nothing of Rust lies in the first kilobyte: there the stack ends.
const SMALL: &str =
    "-O4 -Oz --flatten --rereloop -Oz --code-folding -Oz --converge --reorder-functions --low-memory-unused";

/// Puts a better module that does the same in its place. The features are those of Rust's target, unless a module adds its own.
fn optimise(module: &Path, made: &Path, passes: &str, show: Show) -> Result<()> {
    let better = module.with_extension("better.wasm");
    let optimise = Cmd::new("node").arg("pkg/node_modules/binaryen/bin/wasm-opt");
    optimise
        .words(passes)
        .words("--enable-bulk-memory --enable-sign-ext --enable-nontrapping-float-to-int --enable-mutable-globals")
        .words("--enable-reference-types --enable-multivalue --strip-target-features --strip-producers")
        .arg(module)
        .arg("--output")
        .arg(&better)
        .run(show)?;
    copy(&better, made)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().map_or(Ok(()), fs::create_dir_all);
    folder
        .and_then(|()| fs::copy(from, to))
        .map(drop)
        .map_err(|error| format!("{} cannot be copied to {}: {error}", from.display(), to.display()))
}

fn typescript(show: Show) -> Result<()> {
    Cmd::new(NPM).words("run build").folder("pkg").run(show)
}

/// Saves 1 KB of 38 (brotli) where the runtime hashes payloads itself, which leaves heads to this one; a fifth slower on long inputs.
const SMALL_SHA256: &str = "--cfg=sha2_backend_soft=\"compact\"";

/// A log is folded in a seventh less time with vectors. Hosts have had them since 2023 at the latest.
const VECTORS: &str = "-C target-feature=+simd128";

/// One target folder for each feature: every build writes the same file name.
fn cdylib(feature: &str, profile: &str, strip: &str, flags: &str, show: Show) -> Result<PathBuf> {
    let target = run::target().join(feature);
    Cmd::new("cargo")
        .env("RUSTFLAGS", flags)
        .words("rustc --lib --crate-type cdylib --target wasm32-unknown-unknown --no-default-features --profile")
        .arg(profile)
        .words("--features")
        .arg(feature)
        .arg("--target-dir")
        .arg(&target)
        .words("-- -C")
        .arg(format!("strip={strip}"))
        .run(show)?;
    Ok(target
        .join("wasm32-unknown-unknown")
        .join(profile)
        .join("snapfold.wasm"))
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
    parse_sizes(&Cmd::new("node").arg("-e").arg(script).arg("--").args(files).read()?)
}

/// Lines that begin with bytes and compressed bytes.
fn parse_sizes(lines: &str) -> Result<Vec<(u64, u64)>> {
    let sizes = lines.lines().map(|line| {
        let mut numbers = line.split(' ').map(|number| number.parse().ok());
        Some((numbers.next()??, numbers.next()??))
    });
    sizes
        .collect::<Option<_>>()
        .ok_or_else(|| format!("node printed no sizes but {lines:?}"))
}

fn total(sizes: &[(u64, u64)]) -> (u64, u64) {
    sizes.iter().fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1))
}

fn print_size(name: &str, (bytes, brotli): (u64, u64)) {
    println!("{name:<34} {bytes:>12} {brotli:>12}");
}
