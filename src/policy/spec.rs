//! The policy itself: only valid ones exist.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Serialize, Serializer};

use crate::{Code, Error, Result};

/// The largest whole number a JavaScript number holds without doubt: 2^53 − 1.
pub(super) const MAX_WHOLE: u64 = (1 << 53) - 1;
/// How many policies may lie inside one another.
pub(super) const MAX_DEPTH: usize = 16;
/// How many state predicates one policy may ask for.
const MAX_STATES: u32 = 1_024;

/// When to take a snapshot, as data.
///
/// The [table of triggers](crate::policy#triggers) says what each means and how it is written as JSON. Whole numbers lie between 1
/// and 2^53 − 1. Every constructor refuses what makes no sense with [`Code::InvalidOption`] and a path that names the option;
/// deserialising does the same. The default takes a snapshot every 100 events.
///
/// ```
/// use snapfold::policy::Policy;
///
/// let policy: Policy = serde_json::from_str(r#"{"anyOf": [{"everyEvents": 100}, {"everyMillis": 3600000}]}"#)?;
/// assert_eq!(policy, Policy::any_of(vec![Policy::every_events(100)?, Policy::every_millis(3_600_000)?])?);
///
/// let refused = Policy::every_events(0).unwrap_err();
/// assert_eq!(refused.path(), Some("policy.everyEvents"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Policy(pub(super) Rule);

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Rule {
    Never,
    EveryEvents(u64),
    EveryBytes(u64),
    EveryMillis(u64),
    TailRatio(f64),
    SlowLoad(u64),
    /// In order, each once.
    #[serde(serialize_with = "as_list")]
    WhenEvent(Vec<Arc<str>>),
    WhenState(u32),
    AnyOf(Vec<Rule>),
    AllOf(Vec<Rule>),
    PerKind {
        /// In the order of their names, each once.
        #[serde(serialize_with = "as_object")]
        kinds: Vec<(String, Rule)>,
        otherwise: Box<Rule>,
    },
    Jitter {
        fraction: f64,
        policy: Box<Rule>,
    },
}

impl Policy {
    /// No snapshots.
    pub fn never() -> Self {
        Self(Rule::Never)
    }

    /// At least `events` events since the last snapshot.
    pub fn every_events(events: u64) -> Result<Self> {
        whole(events, "policy.everyEvents").map(Rule::EveryEvents).map(Self)
    }

    /// At least `bytes` bytes of events since the last snapshot.
    pub fn every_bytes(bytes: u64) -> Result<Self> {
        whole(bytes, "policy.everyBytes").map(Rule::EveryBytes).map(Self)
    }

    /// At least `millis` milliseconds since the last snapshot or, before the first one, since the first event.
    pub fn every_millis(millis: u64) -> Result<Self> {
        whole(millis, "policy.everyMillis").map(Rule::EveryMillis).map(Self)
    }

    /// The events since the last snapshot have at least `ratio` times the bytes of that snapshot; any event before the first one.
    ///
    /// With 1.0 a load never reads much more than twice the state's size (automerge-repo).
    pub fn tail_ratio(ratio: f64) -> Result<Self> {
        positive(ratio, "policy.tailRatio").map(Rule::TailRatio).map(Self)
    }

    /// The load that made the handle took more than `millis` milliseconds, and replayed events that a snapshot would spare.
    pub fn slow_load(millis: u64) -> Result<Self> {
        whole(millis, "policy.slowLoad").map(Rule::SlowLoad).map(Self)
    }

    /// An event of one of these types was folded since the last snapshot.
    pub fn when_event(types: impl IntoIterator<Item = impl Into<String>>) -> Result<Self> {
        let types: Vec<String> = types.into_iter().map(Into::into).collect();
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        event_types(&types, "policy.whenEvent").map(Rule::WhenEvent).map(Self)
    }

    /// The host's state predicate with this index, below 1,024, holds.
    pub fn when_state(index: u32) -> Result<Self> {
        state_index(u64::from(index), "policy.whenState")
            .map(Rule::WhenState)
            .map(Self)
    }

    /// At least one of these policies takes a snapshot.
    pub fn any_of(policies: Vec<Policy>) -> Result<Self> {
        Rule::AnyOf(some(rules(policies), "policy.anyOf")?).shallow("policy.anyOf")
    }

    /// Each of these policies takes a snapshot.
    pub fn all_of(policies: Vec<Policy>) -> Result<Self> {
        Rule::AllOf(some(rules(policies), "policy.allOf")?).shallow("policy.allOf")
    }

    /// A policy per kind of stream (workflow, task …), and one for every other kind and for streams without a kind.
    pub fn per_kind(kinds: BTreeMap<String, Policy>, otherwise: Policy) -> Result<Self> {
        let mut named = Vec::new();
        for (kind, policy) in kinds {
            insert_kind(&mut named, &kind, policy.0, "policy.perKind.kinds")?;
        }
        let kinds = some(named, "policy.perKind.kinds")?;
        let otherwise = Box::new(otherwise.0);
        Rule::PerKind { kinds, otherwise }.shallow("policy.perKind")
    }

    /// The policy with thresholds that differ from stream to stream: up to `fraction` (at most 0.5) smaller. See
    /// [jitter](crate::policy#jitter).
    pub fn jitter(fraction: f64, policy: Policy) -> Result<Self> {
        let fraction = half(fraction, "policy.jitter.fraction")?;
        let policy = Box::new(policy.0);
        Rule::Jitter { fraction, policy }.shallow("policy.jitter")
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self(Rule::EveryEvents(100))
    }
}

impl Rule {
    /// The policies directly inside this one.
    pub(super) fn children(&self) -> Vec<&Rule> {
        match self {
            Self::AnyOf(rules) | Self::AllOf(rules) => rules.iter().collect(),
            Self::PerKind { kinds, otherwise } => {
                let named = kinds.iter().map(|(_, rule)| rule);
                named.chain([&**otherwise]).collect()
            }
            Self::Jitter { policy, .. } => [&**policy].into(),
            _ => Vec::new(),
        }
    }

    fn depth(&self) -> usize {
        1 + self.children().into_iter().map(Self::depth).max().unwrap_or(0)
    }

    fn shallow(self, path: &str) -> Result<Policy> {
        if self.depth() > MAX_DEPTH {
            return Err(too_deep(path));
        }
        Ok(Policy(self))
    }
}

pub(super) fn whole(number: u64, path: &str) -> Result<u64> {
    match number {
        0 => Err(zero(path)),
        1..=MAX_WHOLE => Ok(number),
        _ => Err(invalid(format!("{number} is too large: at most 2^53 − 1"), path)),
    }
}

pub(super) fn positive(number: f64, path: &str) -> Result<f64> {
    if number == 0.0 {
        return Err(zero(path));
    }
    if number.is_finite() && number > 0.0 {
        return Ok(number);
    }
    Err(invalid("not a number above 0", path))
}

pub(super) fn half(fraction: f64, path: &str) -> Result<f64> {
    if fraction > 0.0 && fraction <= 0.5 {
        return Ok(fraction);
    }
    Err(invalid(
        "not above 0 and at most 0.5; leave jitter out to have none",
        path,
    ))
}

pub(super) fn state_index(index: u64, path: &str) -> Result<u32> {
    u32::try_from(index)
        .ok()
        .filter(|index| *index < MAX_STATES)
        .ok_or_else(|| {
            invalid(
                format!("{index} is too large: predicates are numbered from 0 to 1,023"),
                path,
            )
        })
}

pub(super) fn event_types(types: &[&str], path: &str) -> Result<Vec<Arc<str>>> {
    let mut ordered: Vec<Arc<str>> = Vec::new();
    for (i, name) in types.iter().enumerate() {
        if name.is_empty() {
            return Err(invalid("an event type needs a name", &format!("{path}[{i}]")));
        }
        if let Err(place) = ordered.binary_search_by(|known| (**known).cmp(name)) {
            ordered.insert(place, Arc::from(*name));
        }
    }
    some(ordered, path)
}

/// Puts the policy of one kind in its place.
pub(super) fn insert_kind(kinds: &mut Vec<(String, Rule)>, kind: &str, policy: Rule, path: &str) -> Result<()> {
    if kind.is_empty() {
        return Err(invalid("a kind needs a name", path));
    }
    match kinds.binary_search_by(|(known, _)| known.as_str().cmp(kind)) {
        Ok(_) => Err(invalid("this kind is named twice; keep one", &format!("{path}.{kind}"))),
        Err(place) => {
            kinds.insert(place, (kind.into(), policy));
            Ok(())
        }
    }
}

pub(super) fn some<T>(members: Vec<T>, path: &str) -> Result<Vec<T>> {
    if members.is_empty() {
        Err(empty(path))
    } else {
        Ok(members)
    }
}

pub(super) fn too_deep(path: &str) -> Error {
    invalid(
        format!("more than {MAX_DEPTH} policies inside one another; flatten anyOf and allOf"),
        path,
    )
}

pub(super) fn invalid(message: impl Into<String>, path: &str) -> Error {
    Error::new(Code::InvalidOption, message).at_path(path)
}

fn zero(path: &str) -> Error {
    invalid(
        "0 is refused because it could mean always or never; to switch snapshots off write \"never\", else a number above 0",
        path,
    )
}

fn empty(path: &str) -> Error {
    invalid("an empty list decides nothing; name at least one", path)
}

fn rules(policies: Vec<Policy>) -> Vec<Rule> {
    policies.into_iter().map(|policy| policy.0).collect()
}

fn as_list<S: Serializer>(types: &[Arc<str>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(types.iter().map(|name| &**name))
}

fn as_object<S: Serializer>(kinds: &[(String, Rule)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(kinds.iter().map(|(kind, rule)| (kind, rule)))
}
