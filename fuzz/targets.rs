//! What must hold for any bytes at all: the bodies of the fuzz targets. Each panics where a law breaks.
//!
//! `cargo xtask fuzz` runs them under libFuzzer, `tests/fuzz_smoke` on the stable toolchain.

mod folds;
mod frames;
mod lz4;
mod repair;
mod texts;
mod values;

pub use folds::{fold_json_lines, fold_rules_spec};
pub use frames::{frame_open, frame_open_repaired};
pub use lz4::decompress;
pub use texts::json_transcode;
pub use values::value_decode;

use snapfold::Error;

/// An error's offset is one of the input, or its end.
fn lies_inside(error: &Error, data: &[u8]) {
    assert!(
        error.offset().is_none_or(|offset| offset <= data.len() as u64),
        "{error}"
    );
}
