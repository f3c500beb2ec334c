//! The way that serde-wasm-bindgen offers for a state to become bytes: by reflection into a `serde_json::Value`, and to JSON.

use serde::Serialize;
use serde_json::Value;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};

/// A state as JSON bytes. Keys come out sorted.
#[wasm_bindgen]
pub fn encode(state: JsValue) -> Result<Vec<u8>, JsError> {
    let state: Value = serde_wasm_bindgen::from_value(state)?;
    Ok(serde_json::to_vec(&state)?)
}

/// The state in JSON bytes, as plain objects.
#[wasm_bindgen]
pub fn decode(bytes: &[u8]) -> Result<JsValue, JsError> {
    let state: Value = serde_json::from_slice(bytes)?;
    Ok(state.serialize(&Serializer::json_compatible())?)
}
