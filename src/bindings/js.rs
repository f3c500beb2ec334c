//! The JavaScript binding: what the npm package's TypeScript calls.
//!
//! Data cross as numbers, or as values (docs/format.md §1) in byte arrays: nothing else needs so little code on both sides. An answer
//! that begins with [`ERROR`] is the value `{ code, message, offset?, path?, position? }` behind that byte.

use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;

use super::answers;
use super::crossing::{self, Part};
use super::frames::Question;
use crate::policy::{self, Attempt, LastLoad, LastSnapshot, Observation};
use crate::store::{self, StreamKeys};
use crate::value::Reader;
use crate::{Error, Result};

/// Starts neither a value nor a frame.
const ERROR: u8 = 0xff;

/// The prefix of everything that belongs to a stream. `question`: `[name, stream id]`.
#[wasm_bindgen(js_name = streamPrefix)]
pub fn stream_prefix(question: &[u8]) -> Vec<u8> {
    key(question, &|keys, _| Ok(keys.all().into()))
}

/// The prefix of the snapshots in one version's slot. `question`: `[name, stream id, version]`.
#[wasm_bindgen(js_name = snapshotPrefix)]
pub fn snapshot_prefix(question: &[u8]) -> Vec<u8> {
    key(question, &|keys, question| Ok(keys.snapshots(question.u32()?)))
}

/// The key of a snapshot. `question`: `[name, stream id, version, position]`.
#[wasm_bindgen(js_name = snapshotKey)]
pub fn snapshot_key(question: &[u8]) -> Vec<u8> {
    key(question, &|keys, question| {
        Ok(keys.snapshot(question.u32()?, question.u64()?))
    })
}

/// The key of the marker that a failed attempt leaves. `question`: `[name, stream id, version]`.
#[wasm_bindgen(js_name = attemptKey)]
pub fn attempt_key(question: &[u8]) -> Vec<u8> {
    key(question, &|keys, question| Ok(keys.attempt(question.u32()?)))
}

/// The position that a snapshot's key states; null if `key` is no such key.
#[wasm_bindgen(js_name = positionOf)]
pub fn position_of(key: &[u8]) -> Vec<u8> {
    let position = Reader::new(key).text().ok().and_then(store::position_of);
    answers::whole(position)
}

/// The next step of a load. `conversation`: `{ request, facts }`; answers `{ step, rejected }`.
#[wasm_bindgen(js_name = nextLoad)]
pub fn next_load(conversation: &[u8]) -> Vec<u8> {
    let read = |from: &Part<'_>| {
        (
            crossing::load_request(&from.at("request")),
            crossing::load_facts(&from.at("facts")),
        )
    };
    let next = crossing::read(conversation, read).and_then(|(request, facts)| store::next(&request, &facts));
    answered(next.map(|next| answers::next_load(&next)))
}

/// The next step of a save. `conversation`: `{ request, facts }`.
#[wasm_bindgen(js_name = nextSave)]
pub fn next_save(conversation: &[u8]) -> Vec<u8> {
    let read = |from: &Part<'_>| {
        (
            crossing::save_request(&from.at("request")),
            crossing::save_facts(&from.at("facts")),
        )
    };
    let step = crossing::read(conversation, read).and_then(|(request, facts)| store::next_save(&request, &facts));
    answered(step.map(|step| answers::next_save(&step)))
}

/// The operations of a save. `plan`: `{ request, facts: keys }`.
#[wasm_bindgen(js_name = planSave)]
pub fn plan_save(plan: &[u8]) -> Vec<u8> {
    let read = |from: &Part<'_>| (crossing::save_request(&from.at("request")), from.at("facts").texts());
    let ops = crossing::read(plan, read).and_then(|(request, keys)| store::plan_save(&request, &keys));
    answered(ops.map(|ops| answers::plan(&ops)))
}

/// Which of a slot's keys retention no longer wants. `question`: `{ existing, position, keep }`.
#[wasm_bindgen(js_name = planPrune)]
pub fn plan_prune(question: &[u8]) -> Vec<u8> {
    let read = |from: &Part<'_>| {
        let (position, keep) = (from.at("position").whole(), from.at("keep").short());
        store::plan_prune(&from.at("existing").texts(), position, keep)
    };
    answered(crossing::read(question, read).map(|keys| answers::texts(&keys)))
}

/// A validated policy, held by the package for as long as its definition lives; or what is wrong with it, which [`Self::needs`] tells.
#[wasm_bindgen(js_name = CompiledPolicy)]
#[derive(Debug)]
pub struct CompiledPolicy(Result<policy::Policy>);

#[wasm_bindgen(js_class = CompiledPolicy)]
impl CompiledPolicy {
    /// Validates the policy's data form, a value.
    #[wasm_bindgen(constructor)]
    pub fn new(spec: &[u8]) -> CompiledPolicy {
        let spec = crossing::read(spec, |spec| spec.value()).map(policy::Spec::from);
        Self(spec.and_then(policy::Policy::try_from))
    }

    /// What an observation must carry for this policy: `[bytes, kind, stream, states, eventTypes]`.
    pub fn needs(&self) -> Vec<u8> {
        answered(match &self.0 {
            Ok(policy) => Ok(answers::needs(&policy.needs())),
            Err(error) => Err(error.clone()),
        })
    }

    /// Whether to take a snapshot now. Most facts are numbers, so they cross as such, in the order of [`fact`]; what nobody knows is
    /// NaN. `rest` is `[eventTypes, states, kind, stream]`, each null unless [`Self::needs`] asks for it.
    pub fn take(&self, facts: &[f64], rest: Option<Vec<u8>>) -> bool {
        let decide = |policy| policy::decide(policy, &observe(facts, rest.as_deref())).take;
        self.0.as_ref().is_ok_and(decide)
    }

    /// The words for what [`Self::take`] says of the same facts; asked for only when somebody reads them.
    pub fn reason(&self, facts: &[f64], rest: Option<Vec<u8>>) -> String {
        let decide = |policy| policy::decide(policy, &observe(facts, rest.as_deref())).reason.words();
        self.0.as_ref().map(decide).unwrap_or_default()
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

fn observe(facts: &[f64], rest: Option<&[u8]>) -> Observation<'static> {
    let known = |index: usize| facts.get(index).copied().filter(|fact| !fact.is_nan());
    let whole = |index: usize| known(index).unwrap_or_default() as u64;
    let time = |index: usize| known(index).map(|millis| millis as i64);
    let mut observation = Observation::new("");
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
    if let Some(rest) = rest {
        crossing::observed(rest, &mut observation);
    }
    observation
}

fn key(question: &[u8], make: &dyn Fn(&StreamKeys, &mut Question<'_>) -> Result<String>) -> Vec<u8> {
    let key = Question::new(question).and_then(|mut question| {
        let (name, stream) = (question.text()?, question.text()?);
        make(&StreamKeys::new(&name, &stream)?, &mut question)
    });
    answered(key.map(|key| answers::text(&key)))
}

pub(super) fn answered(answer: Result<Vec<u8>>) -> Vec<u8> {
    answer.unwrap_or_else(|error| refused(&error))
}

#[cold]
#[inline(never)]
fn refused(error: &Error) -> Vec<u8> {
    let mut answer = Vec::from([ERROR]);
    answer.extend(answers::error(error));
    answer
}
