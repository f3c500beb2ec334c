//! *When* to take a snapshot: a [`Policy`] is data, an [`Observation`] is data, and [`decide`] is a pure function of both.
//!
//! ```
//! use snapfold::policy::{LastSnapshot, Observation, Policy, decide};
//!
//! let policy = Policy::any_of(vec![Policy::every_events(100)?, Policy::when_event(["CartClosed"])?])?;
//! assert_eq!(policy.needs().event_types, ["CartClosed"]); // what the driver has to watch for
//!
//! let mut cart = Observation::new("cart-42");
//! cart.events = 1_320;
//! cart.snapshot = Some(LastSnapshot { events: 1_200, ..LastSnapshot::default() });
//!
//! let decision = decide(&policy, &cart);
//! assert!(decision.take);
//! assert_eq!(decision.reason.to_string(), "120 events since the snapshot at event 1,200, threshold 100");
//! # Ok::<(), snapfold::Error>(())
//! ```
//!
//! # Triggers
//!
//! Before any trigger is asked, one rule holds: without an event that the newest snapshot does not cover, none is taken. A
//! snapshot that claims more events than the log has is no baseline: that log was reset, and counts as one without a
//! snapshot.
//!
//! | policy | as data | takes a snapshot when | before the first snapshot |
//! |---|---|---|---|
//! | [`Policy::never`] | `"never"` | never | never |
//! | [`Policy::every_events`] | `{"everyEvents": 100}` | events since the snapshot ≥ 100 | events ≥ 100 |
//! | [`Policy::every_bytes`] | `{"everyBytes": 65536}` | bytes of events since the snapshot ≥ 65,536 | the same |
//! | [`Policy::every_millis`] | `{"everyMillis": 3600000}` | time since the snapshot ≥ 1 h | time since the first event ≥ 1 h |
//! | [`Policy::tail_ratio`] | `{"tailRatio": 1.0}` | bytes of events since the snapshot ≥ 1.0 × the snapshot's bytes | any event |
//! | [`Policy::slow_load`] | `{"slowLoad": 50}` | the load took more than 50 ms and replayed events that are still not covered | the same |
//! | [`Policy::when_event`] | `{"whenEvent": ["CartClosed"]}` | an event of such a type was folded since the snapshot | the same |
//! | [`Policy::when_state`] | `{"whenState": 0}` | the host's predicate 0 holds for the state | the same |
//! | [`Policy::any_of`] | `{"anyOf": [p, q]}` | at least one of them says so | the same |
//! | [`Policy::all_of`] | `{"allOf": [p, q]}` | each of them says so | the same |
//! | [`Policy::per_kind`] | `{"perKind": {"kinds": {"task": p}, "otherwise": q}}` | the policy of the stream's kind says so | the same |
//! | [`Policy::jitter`] | `{"jitter": {"fraction": 0.2, "policy": p}}` | p says so, with smaller thresholds | the same |
//!
//! A time that nobody recorded (the snapshot's, or the first event's) counts as long ago. Time that runs backwards counts as
//! standing still.
//!
//! # Damping
//!
//! An attempt that failed, or whose frame was too large, must not be repeated at each event. After `k` failed attempts in a
//! row the factor is 2^(k − 1), at most 64:
//!
//! - triggers with a threshold (events, bytes, time, ratio) measure from the last attempt or the last snapshot, whichever is
//!   later, and multiply the threshold by the factor;
//! - triggers without one (event, state, slow load, and those that are due because nothing is known to measure from) wait
//!   for as many new events since the last attempt as the factor says.
//!
//! A newer snapshot ends the damping, whoever took it. Counting from the later of both is how openraft damps; doubling up to
//! about sixty is actionqueue's retry rule.
//!
//! # Jitter
//!
//! Streams that began together reach a threshold together. `jitter(fraction, policy)` multiplies every threshold inside (events,
//! bytes, time, ratio) by 1 − fraction × u, where u in [0, 1) depends on the stream id alone. A tail is therefore never longer
//! than without jitter. The exact steps, the same on each host, in integers:
//!
//! 1. `u` = the first 8 bytes of SHA-256(`"snapfold.jitter.1\0"` ‖ stream id in UTF-8), big-endian, shifted right by 11;
//! 2. `f` = fraction × 2^53, without its fractional part; `keep` = 2^53 − ⌊f × u / 2^53⌋;
//! 3. threshold = ⌈threshold × keep / 2^53⌉, before damping multiplies it. One jitter inside another multiplies both: the
//!    inner `keep` becomes ⌈outer × inner / 2^53⌉.
//!
//! The ratio's threshold is ratio × bytes as one multiplication of IEEE doubles, rounded up to whole bytes, at least 1.

mod decide;
mod jitter;
mod observe;
mod parse;
mod reason;
mod spec;

pub use decide::{Decision, decide};
pub use observe::{Attempt, LastLoad, LastSnapshot, Needs, Observation};
pub use parse::Spec;
pub use reason::{Measured, Reason, Since, Unit};
pub use spec::Policy;
