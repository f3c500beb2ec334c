//! actionqueue-storage: the threshold and the rhythm of retries.

use snapfold::Code;
use snapfold::policy::{Attempt, LastSnapshot, Observation, Policy, decide};

/// Threshold default 10,000; none = off; 0 = error ▸ (Our default is 100; theirs is said explicitly.)
#[test]
fn a_threshold_or_off_and_zero_is_an_error() {
    let policy = Policy::every_events(10_000).unwrap();
    let mut observation = Observation::new("wal");
    observation.events = 9_999;
    assert!(!decide(&policy, &observation).take);
    observation.events = 10_000;
    assert!(decide(&policy, &observation).take);
    assert!(!decide(&Policy::never(), &observation).take);
    assert_eq!(Policy::every_events(0).unwrap_err().code(), Code::InvalidOption);
}

/// retry backoff 1 s doubling to 60 s ▸ (Ours doubles to 64 times.)
#[test]
fn a_retry_waits_twice_as_long_each_time() {
    let policy = Policy::every_millis(1_000).unwrap();
    let mut observation = Observation::new("wal");
    observation.events = 1;
    for (failures, wait) in [
        (1, 1_000),
        (2, 2_000),
        (3, 4_000),
        (6, 32_000),
        (7, 64_000),
        (8, 64_000),
        (900, 64_000),
    ] {
        observation.attempt = Some(Attempt {
            events: 1,
            at: Some(5_000),
            tail_bytes: 0,
            failures,
        });
        observation.now = Some(5_000 + wait - 1);
        assert!(!decide(&policy, &observation).take, "{failures} failures");
        observation.now = Some(5_000 + wait);
        assert!(decide(&policy, &observation).take, "{failures} failures");
    }
}

/// due = latest − *published* (survives restart) ▸; ▸ the counter restarts at zero after a restart, ignoring the replayed tail
#[test]
fn what_is_due_follows_from_the_log_and_the_published_snapshot() {
    let policy = Policy::every_events(100).unwrap();
    // Just restarted: the snapshot at 1,000 was loaded and a tail of 100 replayed; nothing was applied since.
    let mut observation = Observation::new("wal");
    observation.events = 1_100;
    observation.snapshot = Some(LastSnapshot {
        events: 1_000,
        ..LastSnapshot::default()
    });
    assert!(decide(&policy, &observation).take);
}
