//! JSON text to values and back, in one pass and without a tree in between.
//!
//! [`lexer`] finds tokens, `read` turns them into bytes, `write` is the way back; `number` and `natural` are exact in both
//! directions.

mod lexer;
mod natural;
pub(super) mod number;
mod read;
pub(super) mod text;
mod write;

pub use read::from_json;
pub use write::to_json;
