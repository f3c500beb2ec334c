//! What a policy looks at, and which of it a driver has to supply.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::spec::{Policy, Rule};
use crate::sort::insert;

/// The facts about one handle that [`decide`](super::decide) judges. Times are milliseconds of one clock, passed in by the host; most
/// use the Unix epoch.
///
/// Only `events` is needed by every policy; [`Policy::needs`] tells what else. The fields' serialised names are in camelCase, and
/// all but `events` may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Observation<'a> {
    /// How many events are folded into the handle, in total. A count, not a position.
    pub events: u64,
    /// The newest snapshot of the handle's own slot; none if there is none yet, or none that is usable.
    #[serde(default)]
    pub snapshot: Option<LastSnapshot>,
    /// The last attempt, if it failed and no snapshot was taken since.
    #[serde(default)]
    pub attempt: Option<Attempt>,
    /// Bytes of the events folded since the snapshot, or of all events without one.
    #[serde(default)]
    pub tail_bytes: u64,
    /// The time now.
    #[serde(default)]
    pub now: Option<i64>,
    /// The time of the first folded event.
    #[serde(default)]
    pub first_at: Option<i64>,
    /// The load that made this handle, if one did.
    #[serde(default)]
    pub load: Option<LastLoad>,
    /// Types of the events folded since the snapshot, in any order; those the policy does not ask for may be left out.
    #[serde(default)]
    pub event_types: Cow<'a, [String]>,
    /// What the state predicates say, by their index; a missing one counts as false.
    #[serde(default)]
    pub states: Cow<'a, [bool]>,
    /// The kind of stream, as [`Policy::per_kind`] names it.
    #[serde(default)]
    pub kind: Option<Cow<'a, str>>,
    /// The stream's id, for jitter.
    #[serde(default)]
    pub stream: Cow<'a, str>,
}

impl<'a> Observation<'a> {
    /// A stream with nothing folded yet.
    pub fn new(stream: impl Into<Cow<'a, str>>) -> Self {
        Self {
            stream: stream.into(),
            ..Self::default()
        }
    }
}

/// The newest snapshot: what its header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LastSnapshot {
    /// Its event count.
    pub events: u64,
    /// When it was taken.
    #[serde(default)]
    pub at: Option<i64>,
    /// Size of its stored frame in bytes.
    #[serde(default)]
    pub bytes: u64,
}

/// The last failed attempt to take a snapshot, and how many failed in a row. A frame that was too large is a failed attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attempt {
    /// The handle's event count at the time.
    pub events: u64,
    /// When it was made.
    #[serde(default)]
    pub at: Option<i64>,
    /// [`Observation::tail_bytes`] at the time.
    #[serde(default)]
    pub tail_bytes: u64,
    /// Failed attempts since the last snapshot, this one included.
    pub failures: u32,
}

/// How the handle was loaded. It replayed events exactly if `events` is more than the snapshot's event count; once a newer snapshot
/// covers them, the slow load is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LastLoad {
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// The handle's event count when it ended.
    pub events: u64,
}

/// What a driver must supply in an [`Observation`] so that a policy can decide. What is not needed need not be computed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Needs {
    /// Sizes of events and snapshots, in bytes.
    pub bytes: bool,
    /// A clock: `now`, the times of snapshots and attempts, or how long a load took.
    pub clock: bool,
    /// The event types to watch for, sorted, without duplicates.
    pub event_types: Vec<String>,
    /// The number of state predicates.
    pub states: u32,
    /// The kind of stream.
    pub kind: bool,
    /// The stream's id.
    pub stream: bool,
}

impl Policy {
    /// What [`decide`](super::decide) will look at for this policy.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        needs.gather(&self.0);
        needs
    }
}

impl Needs {
    fn gather(&mut self, rule: &Rule) {
        match rule {
            Rule::Never | Rule::EveryEvents(_) => {}
            Rule::EveryBytes(_) | Rule::TailRatio(_) => self.bytes = true,
            Rule::EveryMillis(_) | Rule::SlowLoad(_) => self.clock = true,
            Rule::WhenEvent(names) => names.iter().for_each(|name| insert(&mut self.event_types, name)),
            Rule::WhenState(index) => self.states = self.states.max(index.saturating_add(1)),
            Rule::AnyOf(rules) | Rule::AllOf(rules) => rules.iter().for_each(|rule| self.gather(rule)),
            Rule::PerKind { kinds, otherwise } => {
                self.kind = true;
                kinds.iter().for_each(|(_, rule)| self.gather(rule));
                self.gather(otherwise);
            }
            Rule::Jitter { policy, .. } => {
                self.stream = true;
                self.gather(policy);
            }
        }
    }
}
