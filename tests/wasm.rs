//! The same values on WebAssembly as everywhere: golden vectors, run by wasm-bindgen-test in Node and in Chromium.
#![cfg(target_family = "wasm")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]

use js_sys::{Array, BigInt as JsBigInt, Date as JsDate, Map as JsMap, Uint8Array};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use snapfold::fold::Anchor;
use snapfold::frame::{self, Expect, Header};
use snapfold::policy::{Observation, Policy, decide};
use snapfold::store::StreamKeys;
use snapfold::value::{self, BigInt, Bytes, Date, OrderedMap, Value};
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

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cart {
    owner: String,
    total: f64,
    count: u32,
    note: Option<String>,
    lines: Vec<Vec<Line>>,
    photo: Bytes,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    sku: String,
    amount: i32,
}

/// Through JavaScript values and back, by the hands of another library, a state keeps its bytes.
#[wasm_bindgen_test]
fn a_state_that_went_through_javascript_has_the_same_bytes() {
    let line = |sku: &str, amount| Line {
        sku: sku.into(),
        amount,
    };
    let state = Cart {
        owner: "Zoë".into(),
        total: 12.5,
        count: 3,
        note: None,
        lines: vec![vec![line("tea", 2), line("cup", -1)], vec![]],
        photo: Bytes(vec![0, 255]),
    };
    for state in [state, Cart::default()] {
        let there = serde_wasm_bindgen::to_value(&state).unwrap();
        let back: Cart = serde_wasm_bindgen::from_value(there).unwrap();
        assert_eq!(value::to_vec(&back).unwrap(), value::to_vec(&state).unwrap());
    }
}

#[derive(Serialize)]
struct Typed {
    at: Date,
    total: BigInt,
    photo: Bytes,
    stock: OrderedMap<String, u32>,
}

/// What serde has no word for: JavaScript's own types, read by hand, are what the newtypes encode.
#[wasm_bindgen_test]
fn types_of_javascript_read_by_hand_are_what_the_newtypes_encode() {
    let at = JsDate::new(&1_700_000_000_123_f64.into());
    let total = JsBigInt::from(u64::MAX) + JsBigInt::from(1);
    let photo = Uint8Array::from(&[1, 2, 255][..]);
    let stock = JsMap::new();
    stock.set(&"tea".into(), &2.into());
    stock.set(&"cup".into(), &1.into());

    let total = String::from(total.to_string(16).unwrap());
    let stock = stock.entries().into_iter().map(|entry| {
        let entry = Array::from(&entry.unwrap());
        (entry.get(0).as_string().unwrap(), entry.get(1).as_f64().unwrap() as u32)
    });
    let typed = Typed {
        at: Date::from_millis(at.get_time() as i64).unwrap(),
        total: BigInt::new(false, &hex(&format!("0{total}"))),
        photo: Bytes(photo.to_vec()),
        stock: OrderedMap(stock.collect()),
    };
    let written = value::to_vec(&Value::Object(vec![
        ("at".into(), Value::Date(Date::from_millis(1_700_000_000_123).unwrap())),
        (
            "total".into(),
            Value::BigInt(BigInt::new(false, &[1, 0, 0, 0, 0, 0, 0, 0, 0])),
        ),
        ("photo".into(), Value::Bytes(vec![1, 2, 255])),
        (
            "stock".into(),
            Value::Map(vec![
                (Value::Text("tea".into()), Value::Number(2.0)),
                (Value::Text("cup".into()), Value::Number(1.0)),
            ]),
        ),
    ]));
    assert_eq!(value::to_vec(&typed).unwrap(), written.unwrap());
}
