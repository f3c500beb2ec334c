//! Frames: sealing, opening, inspecting, and the verdict on whatever comes back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod compression;
mod damage;
#[cfg(not(target_family = "wasm"))]
mod diagnose;
mod expectations;
mod forge;
mod headers;
mod keys;
#[cfg(not(target_family = "wasm"))]
mod laws;
mod sealing;
mod vectors;
mod verdicts;

use snapfold::fold::Anchor;
use snapfold::frame::{self, Expect, Header};
use snapfold::value::Value;
use snapfold::{Code, Error};

/// A header that uses every field.
fn full_header() -> Header {
    Header {
        anchor: Some(Anchor::id("event-1200")),
        taken_at: Some(1_700_000_000_000),
        fence: Some(7),
        meta: Value::Object(vec![
            ("region".into(), Value::from("north")),
            ("attempt".into(), Value::from(3)),
        ]),
        ..Header::new("cart", 3, "cart-42", 1_200, 1_100)
    }
}

fn minimal_header() -> Header {
    Header::new("cart", 3, "cart-42", 1_200, 1_200)
}

fn payload() -> Vec<u8> {
    snapfold::value::to_vec(&["apples", "pears"]).unwrap()
}

/// The verdict on bytes of which nothing in particular is expected.
fn verdict(bytes: &[u8]) -> Error {
    frame::open(bytes, &Expect::default()).expect_err("these bytes must not open")
}

#[track_caller]
fn assert_verdict(bytes: &[u8], code: Code, offset: usize) {
    let error = verdict(bytes);
    assert_eq!((error.code(), error.offset()), (code, Some(offset as u64)), "{error}");
}
