//! Observation → decision.

use alloc::string::String;
use alloc::sync::Arc;

use serde::Serialize;

use super::jitter::Keep;
use super::observe::{Attempt, LastSnapshot, Observation};
use super::reason::{Measured, Reason, Since, Unit};
use super::spec::{MAX_WHOLE, Policy, Rule};

const MAX_FACTOR: u64 = 64;

/// Whether to take a snapshot now, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Take one.
    pub take: bool,
    /// Why, or why not.
    pub reason: Reason,
}

/// Decides whether a snapshot is due. The [table of triggers](crate::policy#triggers) and the law of
/// [damping](crate::policy#damping) say how.
///
/// Linear in the size of the policy, times the number of observed event types for [`Policy::when_event`]; each jitter hashes the
/// stream id once. Nothing is allocated.
pub fn decide(policy: &Policy, observation: &Observation) -> Decision {
    let scene = Scene::new(observation);
    if observation.events == 0 {
        return no(Reason::NothingFolded);
    }
    if scene.baseline() == observation.events {
        return no(Reason::NothingNew);
    }
    scene.judge(&policy.0, Keep::ALL)
}

/// An observation without what does not count: a snapshot ahead of the log, an attempt that a success has followed.
struct Scene<'o> {
    observation: &'o Observation<'o>,
    snapshot: Option<LastSnapshot>,
    attempt: Option<Attempt>,
}

impl<'o> Scene<'o> {
    fn new(observation: &'o Observation<'o>) -> Self {
        let folded = observation.events;
        let snapshot = observation.snapshot.filter(|snapshot| snapshot.events <= folded);
        let covered = snapshot.map_or(0, |snapshot| snapshot.events);
        let counts = |attempt: &Attempt| attempt.failures > 0 && attempt.events > covered && attempt.events <= folded;
        Self {
            observation,
            snapshot,
            attempt: observation.attempt.filter(counts),
        }
    }

    fn judge(&self, rule: &Rule, keep: Keep) -> Decision {
        match rule {
            Rule::Never => no(Reason::Never),
            Rule::EveryEvents(events) => self.events(keep.of(*events)),
            Rule::EveryBytes(bytes) => self.bytes(keep.of(*bytes)),
            Rule::EveryMillis(millis) => self.millis(keep.of(*millis)),
            Rule::TailRatio(ratio) => self.ratio(*ratio, keep),
            Rule::SlowLoad(millis) => self.slow_load(*millis),
            Rule::WhenEvent(types) => self.event(types),
            Rule::WhenState(index) => self.state(*index),
            Rule::AnyOf(rules) => self.any(rules, keep),
            Rule::AllOf(rules) => self.all(rules, keep),
            Rule::PerKind { kinds, otherwise } => {
                let kind = self.observation.kind.as_deref();
                let own = kinds.iter().find(|(name, _)| Some(name.as_str()) == kind);
                self.judge(own.map_or(otherwise, |(_, rule)| rule), keep)
            }
            Rule::Jitter { fraction, policy } => self.judge(policy, keep.jittered(*fraction, &self.observation.stream)),
        }
    }

    fn events(&self, threshold: u64) -> Decision {
        let from = self.attempt.map_or(self.baseline(), |attempt| attempt.events);
        self.measure(Unit::Events, self.observation.events.saturating_sub(from), threshold)
    }

    fn bytes(&self, threshold: u64) -> Decision {
        let tried = self.attempt.map_or(0, |attempt| attempt.tail_bytes);
        self.measure(
            Unit::Bytes,
            self.observation.tail_bytes.saturating_sub(tried),
            threshold,
        )
    }

    fn ratio(&self, ratio: f64, keep: Keep) -> Decision {
        match self.snapshot {
            Some(snapshot) => self.bytes(keep.of(times(snapshot.bytes, ratio))),
            None => self.at_once(Reason::NoSnapshotYet),
        }
    }

    fn millis(&self, threshold: u64) -> Decision {
        let Some(now) = self.observation.now else {
            return no(Reason::NoClock);
        };
        let covered = match self.snapshot {
            Some(snapshot) => snapshot.at,
            None => self.observation.first_at,
        };
        let tried = self.attempt.and_then(|attempt| attempt.at);
        let Some(from) = covered.max(tried) else {
            return self.at_once(Reason::AgeUnknown);
        };
        let elapsed = if now > from { now.abs_diff(from) } else { 0 };
        let decision = self.measure(Unit::Millis, elapsed, threshold);
        match (decision.take, tried) {
            // Time says nothing about an attempt that nobody timed; new events do.
            (true, None) => self.at_once(decision.reason),
            _ => decision,
        }
    }

    fn slow_load(&self, threshold: u64) -> Decision {
        match self.observation.load {
            Some(load) if load.events > self.baseline() => {
                let millis = load.millis;
                self.when(millis > threshold, Reason::Loaded { millis, threshold })
            }
            _ => no(Reason::NothingReplayed),
        }
    }

    fn event(&self, types: &[Arc<str>]) -> Decision {
        let awaited = |name: &String| {
            let place = types.binary_search_by(|known| (**known).cmp(name)).ok()?;
            types.get(place)
        };
        match self.observation.event_types.iter().find_map(awaited) {
            Some(name) => self.at_once(Reason::EventFolded {
                event_type: name.clone(),
            }),
            None => no(Reason::NoSuchEvent),
        }
    }

    fn state(&self, index: u32) -> Decision {
        let states = self.observation.states.iter();
        let holds = states.zip(0..).any(|(holds, at)| *holds && at == index);
        self.when(holds, Reason::State { index, holds })
    }

    fn any(&self, rules: &[Rule], keep: Keep) -> Decision {
        let mut nearest: Option<Decision> = None;
        for rule in rules {
            let decision = self.judge(rule, keep);
            if decision.take {
                return decision;
            }
            if nearest
                .as_ref()
                .is_none_or(|best| decision.reason.is_nearer_than(&best.reason))
            {
                nearest = Some(decision);
            }
        }
        nearest.unwrap_or(no(Reason::Never))
    }

    fn all(&self, rules: &[Rule], keep: Keep) -> Decision {
        let mut first = None;
        for rule in rules {
            let decision = self.judge(rule, keep);
            if !decision.take {
                return decision;
            }
            first.get_or_insert(decision);
        }
        first.unwrap_or(no(Reason::Never))
    }

    /// A trigger with a threshold; after failed attempts that is a multiple.
    fn measure(&self, unit: Unit, amount: u64, threshold: u64) -> Decision {
        let threshold = threshold.saturating_mul(self.factor()).min(MAX_WHOLE);
        let since = match (self.attempt, self.snapshot) {
            (Some(attempt), _) => Since::Attempt(attempt.failures),
            (None, Some(snapshot)) => Since::Snapshot(snapshot.events),
            (None, None) => Since::Start,
        };
        Decision {
            take: amount >= threshold,
            reason: Reason::Measured(Measured {
                unit,
                amount,
                threshold,
                since,
            }),
        }
    }

    fn when(&self, holds: bool, reason: Reason) -> Decision {
        if holds { self.at_once(reason) } else { no(reason) }
    }

    /// A trigger without a threshold; after failed attempts it waits for new events.
    fn at_once(&self, reason: Reason) -> Decision {
        let waiting = self.attempt.map(|_| self.events(1)).filter(|decision| !decision.take);
        waiting.unwrap_or(Decision { take: true, reason })
    }

    fn baseline(&self) -> u64 {
        self.snapshot.map_or(0, |snapshot| snapshot.events)
    }

    fn factor(&self) -> u64 {
        let failures = self.attempt.map_or(1, |attempt| attempt.failures);
        let factor = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(MAX_FACTOR);
        factor.min(MAX_FACTOR)
    }
}

/// `bytes × ratio`, rounded up, at least 1.
fn times(bytes: u64, ratio: f64) -> u64 {
    let product = bytes as f64 * ratio;
    let whole = product as u64; // saturates
    let missing = u64::from((whole as f64) < product);
    whole.saturating_add(missing).clamp(1, MAX_WHOLE)
}

fn no(reason: Reason) -> Decision {
    Decision { take: false, reason }
}
