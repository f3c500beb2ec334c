//! The policy itself: only valid ones exist.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Serialize, Serializer};

use crate::text::text;
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
        option("everyEvents", whole(events).map(Rule::EveryEvents))
    }

    /// At least `bytes` bytes of events since the last snapshot.
    pub fn every_bytes(bytes: u64) -> Result<Self> {
        option("everyBytes", whole(bytes).map(Rule::EveryBytes))
    }

    /// At least `millis` milliseconds since the last snapshot or, before the first one, since the first event.
    pub fn every_millis(millis: u64) -> Result<Self> {
        option("everyMillis", whole(millis).map(Rule::EveryMillis))
    }

    /// The events since the last snapshot have at least `ratio` times the bytes of that snapshot; any event before the first one.
    ///
    /// With 1.0 a load never reads much more than twice the state's size (automerge-repo).
    pub fn tail_ratio(ratio: f64) -> Result<Self> {
        option("tailRatio", positive(ratio).map(Rule::TailRatio))
    }

    /// The load that made the handle took more than `millis` milliseconds, and replayed events that a snapshot would spare.
    pub fn slow_load(millis: u64) -> Result<Self> {
        option("slowLoad", whole(millis).map(Rule::SlowLoad))
    }

    /// An event of one of these types was folded since the last snapshot.
    pub fn when_event(types: impl IntoIterator<Item = impl Into<String>>) -> Result<Self> {
        let types: Vec<String> = types.into_iter().map(Into::into).collect();
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        option("whenEvent", event_types(&types).map(Rule::WhenEvent))
    }

    /// The host's state predicate with this index, below 1,024, holds.
    pub fn when_state(index: u32) -> Result<Self> {
        option("whenState", state_index(u64::from(index)).map(Rule::WhenState))
    }

    /// At least one of these policies takes a snapshot.
    pub fn any_of(policies: Vec<Policy>) -> Result<Self> {
        option("anyOf", some(rules(policies)).map(Rule::AnyOf))
    }

    /// Each of these policies takes a snapshot.
    pub fn all_of(policies: Vec<Policy>) -> Result<Self> {
        option("allOf", some(rules(policies)).map(Rule::AllOf))
    }

    /// A policy per kind of stream (workflow, task …), and one for every other kind and for streams without a kind.
    pub fn per_kind(kinds: BTreeMap<String, Policy>, otherwise: Policy) -> Result<Self> {
        let mut named = Vec::new();
        let inserted = kinds
            .into_iter()
            .try_for_each(|(kind, policy)| insert_kind(&mut named, &kind, policy.0));
        let kinds = inserted
            .and_then(|()| some(named))
            .map_err(|error| error.under(".kinds"));
        let otherwise = Box::new(otherwise.0);
        option("perKind", kinds.map(|kinds| Rule::PerKind { kinds, otherwise }))
    }

    /// The policy with thresholds that differ from stream to stream: up to `fraction` (at most 0.5) smaller. See
    /// [jitter](crate::policy#jitter).
    pub fn jitter(fraction: f64, policy: Policy) -> Result<Self> {
        let fraction = half(fraction).map_err(|error| error.under(".fraction"));
        let policy = Box::new(policy.0);
        option("jitter", fraction.map(|fraction| Rule::Jitter { fraction, policy }))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self(Rule::EveryEvents(100))
    }
}

impl Rule {
    /// How many policies lie inside one another.
    fn depth(&self) -> usize {
        let inside = match self {
            Self::AnyOf(rules) | Self::AllOf(rules) => rules.iter().map(Self::depth).max(),
            Self::PerKind { kinds, otherwise } => {
                let named = kinds.iter().map(|(_, rule)| rule.depth());
                named.max().max(Some(otherwise.depth()))
            }
            Self::Jitter { policy, .. } => Some(policy.depth()),
            _ => None,
        };
        1 + inside.unwrap_or(0)
    }
}

/// What a constructor made, or its error under the name of the option.
fn option(name: &str, rule: Result<Rule>) -> Result<Policy> {
    let shallow = rule.and_then(|rule| match rule.depth() {
        ..=MAX_DEPTH => Ok(Policy(rule)),
        _ => Err(too_deep()),
    });
    shallow.map_err(|error| error.under(name).under("policy."))
}

pub(super) fn whole(number: u64) -> Result<u64> {
    match number {
        0 => Err(zero()),
        1..=MAX_WHOLE => Ok(number),
        _ => Err(invalid(text!("{} is too large: at most 2^53 − 1", number))),
    }
}

pub(super) fn positive(number: f64) -> Result<f64> {
    if number == 0.0 {
        return Err(zero());
    }
    if number.is_finite() && number > 0.0 {
        return Ok(number);
    }
    Err(invalid("not a number above 0"))
}

pub(super) fn half(fraction: f64) -> Result<f64> {
    if fraction > 0.0 && fraction <= 0.5 {
        return Ok(fraction);
    }
    Err(invalid("not above 0 and at most 0.5; leave jitter out to have none"))
}

pub(super) fn state_index(index: u64) -> Result<u32> {
    match u32::try_from(index) {
        Ok(index) if index < MAX_STATES => Ok(index),
        _ => Err(invalid(text!(
            "{} is too large: predicates are numbered from 0 to 1,023",
            index
        ))),
    }
}

pub(super) fn event_types(types: &[&str]) -> Result<Vec<Arc<str>>> {
    let mut ordered: Vec<Arc<str>> = Vec::new();
    for (i, name) in types.iter().enumerate() {
        if name.is_empty() {
            return Err(invalid("an event type needs a name").at_path(text!("[{}]", i)));
        }
        if let Err(place) = ordered.binary_search_by(|known| (**known).cmp(name)) {
            ordered.insert(place, Arc::from(*name));
        }
    }
    some(ordered)
}

/// Puts the policy of one kind in its place.
pub(super) fn insert_kind(kinds: &mut Vec<(String, Rule)>, kind: &str, policy: Rule) -> Result<()> {
    if kind.is_empty() {
        return Err(invalid("a kind needs a name"));
    }
    match kinds.binary_search_by(|(known, _)| known.as_str().cmp(kind)) {
        Ok(_) => Err(invalid(text!("the kind \"{}\" is named twice; keep one", kind))),
        Err(place) => {
            kinds.insert(place, (kind.into(), policy));
            Ok(())
        }
    }
}

pub(super) fn some<T>(members: Vec<T>) -> Result<Vec<T>> {
    if members.is_empty() { Err(empty()) } else { Ok(members) }
}

pub(super) fn too_deep() -> Error {
    invalid(text!(
        "more than {} policies inside one another; flatten anyOf and allOf",
        MAX_DEPTH
    ))
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidOption, message)
}

fn zero() -> Error {
    invalid(
        "0 is refused because it could mean always or never; to switch snapshots off write \"never\", else a number above 0",
    )
}

fn empty() -> Error {
    invalid("an empty list decides nothing; name at least one")
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
