//! What your own parts must hold, as checks for your own tests.

mod store;

pub use store::{Broken, Rule, store_conformance};
