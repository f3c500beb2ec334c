//! JSON text to values and back, in one pass and without a tree in between.
//!
//! [`lexer`] finds tokens, `read` turns them into bytes, `write` is the way back; `number` and `natural` are exact in both
//! directions. Events that are folded take a quick way past all that where they are `plain`.

mod lexer;
mod natural;
pub(super) mod number;
mod plain;
mod read;
pub(super) mod text;
mod write;

use alloc::string::String;
use alloc::vec::Vec;

pub(crate) use plain::check as check_plain;
pub(crate) use read::Transcoder;
pub use read::from_json;
pub use write::to_json;

/// The text that a JSON text is; `None` if it is something else, or holds a lone surrogate.
pub(crate) fn text(json: &[u8]) -> Option<String> {
    let token = lexer::Lexer::new(json).token().ok().flatten()?;
    let lexer::Kind::Text(text) = token.kind else {
        return None;
    };
    let mut plain = Vec::new();
    text.unescape(&mut plain);
    String::from_utf8(plain).ok()
}
