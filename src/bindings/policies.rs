//! Policies for JavaScript: compiled once, by number, and asked for each decision. The twin is pkg/src/policy.ts.

use alloc::vec::Vec;

use super::module::Single;
use super::{answers, crossing};
use crate::policy::{self, Attempt, LastLoad, LastSnapshot, Observation, Policy};
use crate::{Code, Error, Result};

/// By number; nothing in the place of one that was forgotten. No map, which would be ten times as much code.
static POLICIES: Single<Vec<Option<Policy>>> = Single::new(Vec::new());

/// Validates a policy's data form, a value, and keeps it. The answer is its number, and what an observation must carry for it:
/// `[number, bytes, kind, stream, states, eventTypes]`.
pub(super) fn compile(spec: &[u8]) -> Result<Vec<u8>> {
    let spec = policy::Spec::from(crossing::read(spec, |spec| spec.value())?);
    let policy = Policy::try_from(spec)?;
    let needs = policy.needs();
    let number = POLICIES.with(|policies| {
        let free = policies.iter().position(Option::is_none);
        let number = free.unwrap_or(policies.len());
        match policies.get_mut(number) {
            Some(place) => *place = Some(policy),
            None => policies.push(Some(policy)),
        }
        number
    });
    number
        .map(|number| answers::needs(number as u64, &needs))
        .ok_or_else(no_policy)
}

/// Forgets a policy that nobody asks any more.
pub(super) fn forget(question: &[u8]) -> Vec<u8> {
    let number = Facts::of(question).policy();
    POLICIES.with(|policies| policies.get_mut(number).map(Option::take));
    Vec::new()
}

/// Whether to take a snapshot now: one byte, 0 or 1. Or `in_words` what it says of these facts and why, asked for only when somebody reads
/// it.
pub(super) fn decide(question: &[u8], in_words: bool) -> Result<Vec<u8>> {
    let facts = Facts::of(question);
    let said = POLICIES.with(|policies| {
        let policy = policies.get(facts.policy())?.as_ref()?;
        let decision = policy::decide(policy, &observe(&facts));
        Some(match in_words {
            true => answers::text(&decision.reason.words()),
            false => Vec::from([u8::from(decision.take)]),
        })
    });
    said.flatten().ok_or_else(no_policy)
}

#[cold]
fn no_policy() -> Error {
    Error::new(Code::InvalidOption, "there is no such policy")
}

/// What a decision is asked with: doubles, little-endian, in the order of [`fact`], NaN for what nobody knows. Behind them
/// `[eventTypes, states, kind, stream]`, each null unless the policy needs it, or nothing if it needs none.
struct Facts<'a> {
    numbers: &'a [[u8; 8]],
    rest: &'a [u8],
}

impl<'a> Facts<'a> {
    fn of(question: &'a [u8]) -> Self {
        let (numbers, rest) = question.split_at_checked(8 * fact::COUNT).unwrap_or((question, &[]));
        let (numbers, _) = numbers.as_chunks();
        Self { numbers, rest }
    }

    fn known(&self, index: usize) -> Option<f64> {
        let number = self.numbers.get(index).copied().map(f64::from_le_bytes);
        number.filter(|number| !number.is_nan())
    }

    fn policy(&self) -> usize {
        self.known(fact::POLICY).unwrap_or_default() as usize
    }
}

/// Where each fact lies; the twin of `factsOf` in pkg/src/policy.ts.
mod fact {
    pub const POLICY: usize = 0;
    pub const EVENTS: usize = 1;
    pub const TAIL_BYTES: usize = 2;
    pub const NOW: usize = 3;
    pub const FIRST_AT: usize = 4;
    pub const SNAPSHOT_EVENTS: usize = 5;
    pub const SNAPSHOT_AT: usize = 6;
    pub const SNAPSHOT_BYTES: usize = 7;
    pub const ATTEMPT_EVENTS: usize = 8;
    pub const ATTEMPT_AT: usize = 9;
    pub const ATTEMPT_TAIL_BYTES: usize = 10;
    pub const ATTEMPT_FAILURES: usize = 11;
    pub const LOAD_EVENTS: usize = 12;
    pub const LOAD_MILLIS: usize = 13;
    pub const COUNT: usize = 14;
}

fn observe(facts: &Facts<'_>) -> Observation<'static> {
    let known = |index: usize| facts.known(index);
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
    if !facts.rest.is_empty() {
        crossing::observed(facts.rest, &mut observation);
    }
    observation
}
