//! Why a decision was made: numbers until somebody asks for words.

use alloc::sync::Arc;
use core::fmt;

use serde::{Serialize, Serializer};

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
        #[serde(serialize_with = "text")]
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
        match self {
            Self::Never => f.write_str("policy is never"),
            Self::NothingFolded => f.write_str("nothing folded yet"),
            Self::NothingNew => f.write_str("nothing folded since the last snapshot"),
            Self::Measured(measured) => measured.fmt(f),
            Self::NoSnapshotYet => f.write_str("no snapshot yet, so any tail meets the ratio"),
            Self::AgeUnknown => f.write_str("the age of what is stored is unknown"),
            Self::NoClock => f.write_str("the host gave no time to measure with"),
            Self::Loaded { millis, threshold } => {
                write!(
                    f,
                    "the load took {} ms, threshold {} ms",
                    Grouped(*millis),
                    Grouped(*threshold)
                )
            }
            Self::NothingReplayed => f.write_str("the load replayed nothing that a snapshot would spare"),
            Self::EventFolded { event_type } => write!(f, "{event_type} was folded"),
            Self::NoSuchEvent => f.write_str("no event of the types it waits for was folded"),
            Self::State { index, holds: true } => write!(f, "state predicate {index} holds"),
            Self::State { index, holds: false } => write!(f, "state predicate {index} does not hold"),
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (amount, threshold) = (Grouped(self.amount), Grouped(self.threshold));
        let (of_amount, of_threshold) = (self.unit.of(self.amount), self.unit.of(self.threshold));
        match (self.since, self.unit) {
            (Since::Attempt(failures), _) => {
                let verb = if self.amount < self.threshold {
                    "waiting"
                } else {
                    "trying again"
                };
                let attempts = if failures == 1 { "attempt" } else { "attempts" };
                write!(
                    f,
                    "{verb} after {} failed {attempts}: {amount} of {threshold} {of_threshold}",
                    Grouped(failures.into())
                )
            }
            (_, Unit::Bytes) => write!(f, "tail of {amount} {of_amount}, threshold {threshold} {of_threshold}"),
            (Since::Snapshot(events), Unit::Events) => {
                let events = Grouped(events);
                write!(
                    f,
                    "{amount} {of_amount} since the snapshot at event {events}, threshold {threshold}"
                )
            }
            (Since::Snapshot(events), Unit::Millis) => {
                let events = Grouped(events);
                write!(
                    f,
                    "{amount} ms since the snapshot at event {events}, threshold {threshold} ms"
                )
            }
            (Since::Start, Unit::Events) => {
                write!(f, "{amount} {of_amount} and no snapshot yet, threshold {threshold}")
            }
            (Since::Start, Unit::Millis) => write!(f, "{amount} ms since the first event, threshold {threshold} ms"),
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
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 1_000, self.0 % 1_000) {
            (0, last) => write!(f, "{last}"),
            (groups, last) => write!(f, "{},{last:03}", Grouped(groups)),
        }
    }
}

fn text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
