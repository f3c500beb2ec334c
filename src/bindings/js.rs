//! The JavaScript binding: what the npm package's TypeScript calls.
//!
//! Data cross as scalars or as values (docs/format.md §1) in byte arrays, errors too: what is thrown is the value
//! `{ code, message, offset?, path?, position? }`. Only what a policy needs, which is asked once, is made into an object by
//! serde-wasm-bindgen; its reading half would bring the printing of floats and nothing else that is used.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use super::answers;
use super::crossing::{self, Part};
use crate::Error;
use crate::policy::{self, Attempt, LastLoad, LastSnapshot, Observation};
use crate::store::{self, StreamKeys};
use crate::value::{self, Value};

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
    let read = |from: &Part<'_>| {
        (
            crossing::load_request(&from.at("request")),
            crossing::load_facts(&from.at("facts")),
        )
    };
    let (request, facts) = crossing::read(conversation, read).map_err(thrown)?;
    let next = store::next(&request, &facts).map_err(thrown)?;
    Ok(answers::next_load(&next))
}

/// The next step of a save. `conversation`: `{ request, facts }`.
#[wasm_bindgen(js_name = nextSave)]
pub fn next_save(conversation: &[u8]) -> JsResult<Vec<u8>> {
    let read = |from: &Part<'_>| {
        (
            crossing::save_request(&from.at("request")),
            crossing::save_facts(&from.at("facts")),
        )
    };
    let (request, facts) = crossing::read(conversation, read).map_err(thrown)?;
    let step = store::next_save(&request, &facts).map_err(thrown)?;
    Ok(answers::next_save(&step))
}

/// The operations of a save. `plan`: `{ request, facts: keys }`.
#[wasm_bindgen(js_name = planSave)]
pub fn plan_save(plan: &[u8]) -> JsResult<Vec<u8>> {
    let read = |from: &Part<'_>| (crossing::save_request(&from.at("request")), from.at("facts").texts());
    let (request, keys) = crossing::read(plan, read).map_err(thrown)?;
    let ops = store::plan_save(&request, &keys).map_err(thrown)?;
    Ok(answers::plan(&ops))
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
    /// Validates the policy's data form, a value.
    #[wasm_bindgen(constructor)]
    pub fn new(spec: &[u8]) -> JsResult<CompiledPolicy> {
        let spec = policy::Spec::from(Value::from_bytes(spec).map_err(thrown)?);
        policy::Policy::try_from(spec).map(Self).map_err(thrown)
    }

    /// What an observation must carry for this policy: `[bytes, kind, stream, states, eventTypes]`.
    pub fn needs(&self) -> JsResult<JsValue> {
        let needs = self.0.needs();
        let listed = (needs.bytes, needs.kind, needs.stream, needs.states, needs.event_types);
        Ok(serde_wasm_bindgen::to_value(&listed)?)
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

fn keys(name: &str, stream: &str) -> JsResult<StreamKeys> {
    StreamKeys::new(name, stream).map_err(thrown)
}

pub(super) fn thrown(error: Error) -> JsValue {
    Uint8Array::from(answers::error(&error).as_slice()).into()
}
