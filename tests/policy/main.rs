//! When a snapshot is taken.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod damping;
mod data;
mod jitter;
#[cfg(not(target_family = "wasm"))]
mod laws;
mod triggers;

use serde_json::Value;
use snapfold::policy::{Decision, Policy, Reason, decide};

const MAX: u64 = (1 << 53) - 1;

fn policy(data: Value) -> Policy {
    serde_json::from_value(data).unwrap()
}

fn judge(data: Value, observation: Value) -> Decision {
    decide(&policy(data), &serde_json::from_value(observation).unwrap())
}

/// Rows of (observation, take, words).
fn table(data: Value, rows: &[(Value, bool, &str)]) {
    for (observation, take, words) in rows {
        let decision = judge(data.clone(), observation.clone());
        let found = (decision.take, decision.reason.to_string());
        assert_eq!(found, (*take, (*words).to_owned()), "{data} on {observation}");
    }
}

fn threshold(data: Value, observation: Value) -> u64 {
    match judge(data, observation).reason {
        Reason::Measured(measured) => measured.threshold,
        other => panic!("{other}"),
    }
}
