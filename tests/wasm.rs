//! The same values on WebAssembly as everywhere: golden vectors, run by wasm-bindgen-test in Node.
#![cfg(target_family = "wasm")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use serde_json::Value as Json;
use snapfold::fold::Anchor;
use snapfold::frame::{self, Expect, Header};
use snapfold::policy::{Observation, Policy, decide};
use snapfold::store::StreamKeys;
use snapfold::value::{self, Value};
use wasm_bindgen_test::wasm_bindgen_test;

fn vectors(text: &str) -> Vec<Json> {
    serde_json::from_str(text).expect("a JSON array")
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[wasm_bindgen_test]
fn every_value_vector_is_read_and_written_back_as_it_is() {
    let vectors = vectors(include_str!("vectors/values.json"));
    assert!(vectors.len() > 100);
    for vector in vectors {
        let bytes = hex(vector["hex"].as_str().unwrap());
        let value: Value = value::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", vector["name"]));
        assert_eq!(value::to_vec(&value).unwrap(), bytes, "{}", vector["name"]);
    }
}

#[wasm_bindgen_test]
fn every_refused_vector_is_refused_at_its_offset() {
    for vector in vectors(include_str!("vectors/values-refused.json")) {
        let error = value::from_slice::<Value>(&hex(vector["hex"].as_str().unwrap())).unwrap_err();
        assert_eq!(error.offset(), vector["offset"].as_u64(), "{}: {error}", vector["name"]);
    }
}

#[wasm_bindgen_test]
fn a_frame_sealed_here_opens_here_and_every_changed_bit_shows() {
    let mut header = Header::new("cart", 3, "cart-42", u64::MAX, 7);
    header.anchor = Some(Anchor::id("event-7"));
    let payload = value::to_vec(&["apples"]).unwrap();
    let sealed = frame::seal(&header, &payload).unwrap();
    let expect = Expect::of("cart", 3, "cart-42");
    assert_eq!(frame::open(&sealed, &expect).unwrap().payload, payload);
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(frame::open(&changed, &expect).is_err(), "bit {bit}");
    }
}

#[wasm_bindgen_test]
fn keys_and_decisions_are_those_of_other_hosts() {
    let keys = StreamKeys::new("cart", "Cart-42").unwrap();
    assert_eq!(keys.snapshot(3, 1_200), "cart/~43art-42/s/v3/fffffffffffffb4f");
    let mut observation = Observation::new("cart-42");
    observation.events = 1_320;
    let decision = decide(&Policy::default(), &observation);
    assert!(decision.take);
    assert_eq!(
        decision.reason.to_string(),
        "1,320 events and no snapshot yet, threshold 100"
    );
}
