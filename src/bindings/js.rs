//! The JavaScript binding: what the npm package's TypeScript calls.
//!
//! Per-call data cross as scalars or as values (docs/format.md §1) in byte arrays; serde-wasm-bindgen carries only what crosses once,
//! and errors, which arrive in JavaScript as plain objects `{ code, message, offset?, path?, position? }`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use crate::Error;
use crate::policy::{self, Attempt, LastLoad, LastSnapshot, Observation};
use crate::store::{self, LoadFact, LoadRequest, SaveFact, SaveRequest, StreamKeys};
use crate::value;

pub(super) type JsResult<T> = core::result::Result<T, JsValue>;

/// The same value with the keys of every plain object in the order of RFC 8949 §4.2.1.
#[wasm_bindgen]
pub fn canonicalize(bytes: &[u8]) -> JsResult<Vec<u8>> {
    value::canonicalize(bytes).map_err(thrown)
}

/// The prefix of everything that belongs to a stream.
#[wasm_bindgen(js_name = streamPrefix)]
pub fn stream_prefix(name: &str, stream: &str) -> JsResult<String> {
    Ok(keys(name, stream)?.all().into())
}

/// The prefix of the snapshots in one version's slot.
#[wasm_bindgen(js_name = snapshotPrefix)]
pub fn snapshot_prefix(name: &str, stream: &str, version: u32) -> JsResult<String> {
    Ok(keys(name, stream)?.snapshots(version))
}

/// The key of a snapshot.
#[wasm_bindgen(js_name = snapshotKey)]
pub fn snapshot_key(name: &str, stream: &str, version: u32, position: u64) -> JsResult<String> {
    Ok(keys(name, stream)?.snapshot(version, position))
}

/// The key of the marker that a failed attempt leaves.
#[wasm_bindgen(js_name = attemptKey)]
pub fn attempt_key(name: &str, stream: &str, version: u32) -> JsResult<String> {
    Ok(keys(name, stream)?.attempt(version))
}

/// The position that a snapshot's key states.
#[wasm_bindgen(js_name = positionOf)]
pub fn position_of(key: &str) -> Option<u64> {
    store::position_of(key)
}

/// The next step of a load. `conversation`: `{ request, facts }`; answers `{ step, rejected }`.
#[wasm_bindgen(js_name = nextLoad)]
pub fn next_load(conversation: &[u8]) -> JsResult<Vec<u8>> {
    let Conversation::<LoadRequest, LoadFact> { request, facts } = read(conversation)?;
    write(&store::next(&request, &facts).map_err(thrown)?)
}

/// The next step of a save. `conversation`: `{ request, facts }`.
#[wasm_bindgen(js_name = nextSave)]
pub fn next_save(conversation: &[u8]) -> JsResult<Vec<u8>> {
    let Conversation::<SaveRequest, SaveFact> { request, facts } = read(conversation)?;
    write(&store::next_save(&request, &facts).map_err(thrown)?)
}

/// The operations of a save. `plan`: `{ request, facts: keys }`.
#[wasm_bindgen(js_name = planSave)]
pub fn plan_save(plan: &[u8]) -> JsResult<Vec<u8>> {
    let Conversation::<SaveRequest, String> { request, facts } = read(plan)?;
    write(&store::plan_save(&request, &facts).map_err(thrown)?)
}

/// Which of a slot's keys retention no longer wants.
#[wasm_bindgen(js_name = planPrune)]
pub fn plan_prune(keys: Vec<String>, position: u64, keep: u32) -> Vec<String> {
    store::plan_prune(&keys, position, keep)
}

/// A validated policy, held by the package for as long as its definition lives.
#[wasm_bindgen(js_name = CompiledPolicy)]
#[derive(Debug)]
pub struct CompiledPolicy(policy::Policy);

#[wasm_bindgen(js_class = CompiledPolicy)]
impl CompiledPolicy {
    /// Validates the policy's data form.
    #[wasm_bindgen(constructor)]
    pub fn new(spec: JsValue) -> JsResult<CompiledPolicy> {
        let spec: policy::Spec = serde_wasm_bindgen::from_value(spec)?;
        policy::Policy::try_from(spec).map(Self).map_err(thrown)
    }

    /// What an observation must carry for this policy.
    pub fn needs(&self) -> JsResult<JsValue> {
        Ok(serde_wasm_bindgen::to_value(&self.0.needs())?)
    }

    /// Whether to take a snapshot now. Most facts are numbers, so they cross as such, in the order of [`fact`]; what nobody knows is
    /// NaN. The rest is empty unless [`Self::needs`] asks for it.
    pub fn take(
        &self,
        facts: &[f64],
        event_types: Option<Vec<String>>,
        states: Option<Vec<u8>>,
        kind: Option<String>,
        stream: Option<String>,
    ) -> bool {
        policy::decide(&self.0, &observe(facts, event_types, states, kind, stream)).take
    }

    /// The words for what [`Self::take`] says of the same facts; asked for only when somebody reads them.
    pub fn reason(
        &self,
        facts: &[f64],
        event_types: Option<Vec<String>>,
        states: Option<Vec<u8>>,
        kind: Option<String>,
        stream: Option<String>,
    ) -> String {
        policy::decide(&self.0, &observe(facts, event_types, states, kind, stream))
            .reason
            .to_string()
    }
}

/// Where each fact lies; the twin of `factsOf` in pkg/src/policy.ts.
mod fact {
    pub const EVENTS: usize = 0;
    pub const TAIL_BYTES: usize = 1;
    pub const NOW: usize = 2;
    pub const FIRST_AT: usize = 3;
    pub const SNAPSHOT_EVENTS: usize = 4;
    pub const SNAPSHOT_AT: usize = 5;
    pub const SNAPSHOT_BYTES: usize = 6;
    pub const ATTEMPT_EVENTS: usize = 7;
    pub const ATTEMPT_AT: usize = 8;
    pub const ATTEMPT_TAIL_BYTES: usize = 9;
    pub const ATTEMPT_FAILURES: usize = 10;
    pub const LOAD_EVENTS: usize = 11;
    pub const LOAD_MILLIS: usize = 12;
}

fn observe(
    facts: &[f64],
    event_types: Option<Vec<String>>,
    states: Option<Vec<u8>>,
    kind: Option<String>,
    stream: Option<String>,
) -> Observation<'static> {
    let known = |index: usize| facts.get(index).copied().filter(|fact| !fact.is_nan());
    let whole = |index: usize| known(index).unwrap_or_default() as u64;
    let time = |index: usize| known(index).map(|millis| millis as i64);
    let mut observation = Observation::new(stream.unwrap_or_default());
    observation.events = whole(fact::EVENTS);
    observation.tail_bytes = whole(fact::TAIL_BYTES);
    observation.now = time(fact::NOW);
    observation.first_at = time(fact::FIRST_AT);
    observation.snapshot = known(fact::SNAPSHOT_EVENTS).map(|events| LastSnapshot {
        events: events as u64,
        at: time(fact::SNAPSHOT_AT),
        bytes: whole(fact::SNAPSHOT_BYTES),
    });
    observation.attempt = known(fact::ATTEMPT_EVENTS).map(|events| Attempt {
        events: events as u64,
        at: time(fact::ATTEMPT_AT),
        tail_bytes: whole(fact::ATTEMPT_TAIL_BYTES),
        failures: u32::try_from(whole(fact::ATTEMPT_FAILURES)).unwrap_or(u32::MAX),
    });
    observation.load = known(fact::LOAD_EVENTS).map(|events| LastLoad {
        millis: whole(fact::LOAD_MILLIS),
        events: events as u64,
    });
    observation.event_types = event_types.unwrap_or_default().into();
    observation.states = states
        .unwrap_or_default()
        .iter()
        .map(|state| *state != 0)
        .collect::<Vec<_>>()
        .into();
    observation.kind = kind.map(Into::into);
    observation
}

#[derive(Deserialize)]
struct Conversation<R, F> {
    request: R,
    facts: Vec<F>,
}

fn keys(name: &str, stream: &str) -> JsResult<StreamKeys> {
    StreamKeys::new(name, stream).map_err(thrown)
}

fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> JsResult<T> {
    value::from_slice(bytes).map_err(thrown)
}

fn write<T: Serialize>(answer: &T) -> JsResult<Vec<u8>> {
    value::to_vec(answer).map_err(thrown)
}

pub(super) fn thrown(error: Error) -> JsValue {
    let plain = serde_wasm_bindgen::Serializer::json_compatible().serialize_large_number_types_as_bigints(true);
    error
        .serialize(&plain)
        .unwrap_or_else(|cause| JsError::new(&alloc::format!("{error} ({cause})")).into())
}
