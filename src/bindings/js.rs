//! The JavaScript binding: what the npm package's TypeScript calls.
//!
//! Data cross as numbers, or as values (docs/format.md §1) in byte arrays: nothing else needs so little code on both sides. An answer
//! that begins with [`ERROR`] is the value `{ code, message, offset?, path?, position? }` behind that byte.

use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;

use super::answers;
use super::crossing::{self, Part};
use super::frames::{self, Question};
use crate::frame;
use crate::policy::{self, Attempt, LastLoad, LastSnapshot, Observation};
use crate::store::{self, StreamKeys};
use crate::value::Reader;
use crate::{Code, Error, Result};

/// Starts neither a value nor a frame.
const ERROR: u8 = 0xff;

/// Answers one question. `operation` says what is asked, the twin of `Operation` in pkg/src/core.ts: one export for all of them, because
/// each costs the package 70 bytes of glue.
#[wasm_bindgen]
pub fn ask(operation: u32, question: &[u8]) -> Vec<u8> {
    let answer = match operation {
        0 => key(question, &|keys, _| Ok(keys.all().into())),
        1 => key(question, &|keys, rest| Ok(keys.snapshots(rest.slot()?))),
        2 => key(question, &|keys, rest| Ok(keys.snapshot(rest.slot()?, rest.u64()?))),
        3 => key(question, &|keys, rest| Ok(keys.attempt(rest.slot()?))),
        4 => Ok(position_of(question)),
        5 => next_load(question),
        6 => next_save(question),
        7 => plan_save(question),
        8 => plan_prune(question),
        9 => frames::make_head(question),
        10 => frames::inspect(question),
        // Of short bytes, answered as they are; long ones go through `Scratch`.
        11 => Ok(frame::sha256(question).to_vec()),
        _ => Err(Error::new(Code::InvalidOption, "there is no such operation")),
    };
    answered(answer)
}

/// A key, or the start of keys. `question`: `[name, stream id]`, and where the key says them also slot (version or fold digest) and
/// position.
fn key(question: &[u8], make: &dyn Fn(&StreamKeys, &mut Question<'_>) -> Result<String>) -> Result<Vec<u8>> {
    let mut question = Question::new(question)?;
    let (name, stream) = (question.text()?, question.text()?);
    let key = make(&StreamKeys::new(&name, &stream)?, &mut question)?;
    Ok(answers::text(&key))
}

/// The position that a snapshot's key states; null if the text is no such key.
fn position_of(key: &[u8]) -> Vec<u8> {
    let position = Reader::new(key).text().ok().and_then(store::position_of);
    answers::whole(position)
}

/// The next step of a load. `conversation`: `{ request, facts }`; answers `{ step, rejected }`.
fn next_load(conversation: &[u8]) -> Result<Vec<u8>> {
    let read = |from: &Part<'_>| {
        (
            crossing::load_request(&from.at("request")),
            crossing::load_facts(&from.at("facts")),
        )
    };
    let (request, facts) = crossing::read(conversation, read)?;
    Ok(answers::next_load(&store::next(&request, &facts)?))
}

/// The next step of a save. `conversation`: `{ request, facts }`.
fn next_save(conversation: &[u8]) -> Result<Vec<u8>> {
    let read = |from: &Part<'_>| {
        (
            crossing::save_request(&from.at("request")),
            crossing::save_facts(&from.at("facts")),
        )
    };
    let (request, facts) = crossing::read(conversation, read)?;
    Ok(answers::next_save(&store::next_save(&request, &facts)?))
}

/// The operations of a save. `plan`: `{ request, facts: keys }`.
fn plan_save(plan: &[u8]) -> Result<Vec<u8>> {
    let read = |from: &Part<'_>| (crossing::save_request(&from.at("request")), from.at("facts").texts());
    let (request, keys) = crossing::read(plan, read)?;
    Ok(answers::plan(&store::plan_save(&request, &keys)?))
}

/// Which of a slot's keys retention no longer wants. `question`: `{ existing, position, keep }`.
fn plan_prune(question: &[u8]) -> Result<Vec<u8>> {
    let read = |from: &Part<'_>| {
        let (position, keep) = (from.at("position").whole(), from.at("keep").short());
        store::plan_prune(&from.at("existing").texts(), position, keep)
    };
    Ok(answers::texts(&crossing::read(question, read)?))
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
    pub fn reason(&self, facts: &[f64], rest: Option<Vec<u8>>) -> Vec<u8> {
        let decide = |policy| policy::decide(policy, &observe(facts, rest.as_deref())).reason.words();
        answers::text(&self.0.as_ref().map(decide).unwrap_or_default())
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
