//! Why a decision was made: numbers until somebody asks for words.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

use serde::{Serialize, Serializer};

use crate::text::text;

/// Why a snapshot is taken or not. It displays as words that a log line can carry.
///
/// Serialised, `code` names the variant and the fields are in camelCase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Reason {
    /// The policy says never.
    Never,
    /// Not a single event is folded.
    NothingFolded,
    /// The last snapshot covers every folded event.
    NothingNew,
    /// An amount was compared with a threshold.
    Measured(Measured),
    /// A tail ratio before the first snapshot: any event meets it.
    NoSnapshotYet,
    /// A time rule, and nobody recorded when the last snapshot was taken or the first event happened.
    AgeUnknown,
    /// A time rule, and the host gave no time.
    NoClock,
    /// How long the load took; it counts when it is more than the threshold.
    Loaded {
        /// Milliseconds.
        millis: u64,
        /// Milliseconds.
        threshold: u64,
    },
    /// The load replayed nothing that a new snapshot would spare.
    NothingReplayed,
    /// An event of a type that the policy waits for was folded.
    EventFolded {
        /// The type.
        #[serde(serialize_with = "as_text")]
        event_type: Arc<str>,
    },
    /// No such event.
    NoSuchEvent,
    /// What a state predicate says.
    State {
        /// The predicate's index.
        index: u32,
        /// Whether it holds.
        holds: bool,
    },
}

/// An amount and the threshold it is compared with, after jitter and damping. It is reached when `amount` ≥ `threshold`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// What is counted.
    pub unit: Unit,
    /// How much of it there is.
    pub amount: u64,
    /// How much it takes.
    pub threshold: u64,
    /// From where it is counted.
    pub since: Since,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    /// Events.
    Events,
    /// Bytes of events.
    Bytes,
    /// Milliseconds.
    Millis,
}

/// From where an amount is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Since {
    /// From the first event: there is no snapshot.
    Start,
    /// From the snapshot with this event count.
    Snapshot(u64),
    /// From the last attempt, after this many failed in a row.
    Attempt(u32),
}

impl Reason {
    /// Whether this is closer to taking a snapshot than the other: the larger share of its threshold.
    pub(super) fn is_nearer_than(&self, other: &Self) -> bool {
        let share = |reason: &Self| match reason {
            Self::Measured(measured) => (u128::from(measured.amount), u128::from(measured.threshold)),
            _ => (0, 1),
        };
        let ((amount, threshold), (other_amount, other_threshold)) = (share(self), share(other));
        amount * other_threshold > other_amount * threshold
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words())
    }
}

impl Reason {
    /// What it displays as.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Never => "policy is never".into(),
            Self::NothingFolded => "nothing folded yet".into(),
            Self::NothingNew => "nothing folded since the last snapshot".into(),
            Self::Measured(measured) => measured.words(),
            Self::NoSnapshotYet => "no snapshot yet, so any tail meets the ratio".into(),
            Self::AgeUnknown => "the age of what is stored is unknown".into(),
            Self::NoClock => "the host gave no time to measure with".into(),
            Self::Loaded { millis, threshold } => {
                let (millis, threshold) = (grouped(*millis), grouped(*threshold));
                text!("the load took {} ms, threshold {} ms", millis, threshold)
            }
            Self::NothingReplayed => "the load replayed nothing that a snapshot would spare".into(),
            Self::EventFolded { event_type } => text!("{} was folded", **event_type),
            Self::NoSuchEvent => "no event of the types it waits for was folded".into(),
            Self::State { index, holds } => {
                let verb = if *holds { "holds" } else { "does not hold" };
                text!("state predicate {} {}", index, verb)
            }
        }
    }
}

impl Measured {
    fn words(&self) -> String {
        let (amount, threshold) = (&grouped(self.amount), &grouped(self.threshold));
        let (of_amount, of_threshold) = (self.unit.of(self.amount), self.unit.of(self.threshold));
        match (self.since, self.unit) {
            (Since::Attempt(failures), _) => {
                let verb = if self.amount < self.threshold {
                    "waiting"
                } else {
                    "trying again"
                };
                let attempts = if failures == 1 { "attempt" } else { "attempts" };
                let failures = &grouped(failures.into());
                text!(
                    "{} after {} failed {}: {} of {} {}",
                    verb,
                    failures,
                    attempts,
                    amount,
                    threshold,
                    of_threshold
                )
            }
            (_, Unit::Bytes) => {
                text!(
                    "tail of {} {}, threshold {} {}",
                    amount,
                    of_amount,
                    threshold,
                    of_threshold
                )
            }
            (Since::Snapshot(events), unit) => {
                let events = &grouped(events);
                let end = if unit == Unit::Millis { " ms" } else { "" };
                text!(
                    "{} {} since the snapshot at event {}, threshold {}{}",
                    amount,
                    of_amount,
                    events,
                    threshold,
                    end
                )
            }
            (Since::Start, Unit::Events) => {
                text!("{} {} and no snapshot yet, threshold {}", amount, of_amount, threshold)
            }
            (Since::Start, Unit::Millis) => text!("{} ms since the first event, threshold {} ms", amount, threshold),
        }
    }
}

impl Unit {
    fn of(self, amount: u64) -> &'static str {
        match (self, amount) {
            (Self::Events, 1) => "event",
            (Self::Events, _) => "events",
            (Self::Bytes, 1) => "byte",
            (Self::Bytes, _) => "bytes",
            (Self::Millis, _) => "ms",
        }
    }
}

/// A number with a comma between groups of three digits.
fn grouped(number: u64) -> String {
    let digits = text!("{}", number);
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
