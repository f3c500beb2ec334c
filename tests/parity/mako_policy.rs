//! mako-engine: the interval policy.

use snapfold::policy::{LastSnapshot, Observation, Policy, decide};

/// mako's `should_take(count, last, interval)`. Its interval 0 is our [`Policy::never`]; its `last` 0 is no snapshot.
fn should_take(count: u64, last: u64, interval: u64) -> bool {
    let policy = match interval {
        0 => Policy::never(),
        interval => Policy::every_events(interval).unwrap(),
    };
    decide(&policy, &stream(count, last)).take
}

fn stream(count: u64, last: u64) -> Observation<'static> {
    let mut observation = Observation::new("process-7");
    observation.events = count;
    observation.snapshot = (last > 0).then(|| LastSnapshot {
        events: last,
        ..LastSnapshot::default()
    });
    observation
}

/// `should_take(count, last, interval) = interval ≠ 0 and count > 0 and count − last (saturating) ≥ interval` ▸
#[test]
fn the_table_of_should_take() {
    for (count, last, interval, take) in [
        (0, 0, 100, false),
        (99, 0, 100, false),
        (100, 0, 100, true),
        (101, 0, 100, true),
        (200, 0, 100, true),
        (101, 100, 100, false),
        (200, 100, 100, true),
        (250, 100, 100, true),
        (1_000, 0, 0, false),
    ] {
        assert_eq!(
            should_take(count, last, interval),
            take,
            "({count}, {last}, {interval})"
        );
    }
    for i in 1..1_000 {
        assert!(should_take(i, i - 1, 1), "({i}, {}, 1)", i - 1);
    }
}

/// ▸ an old snapshot of another version still counts as "last", so none is taken for N more events
#[test]
fn only_a_snapshot_of_the_own_slot_is_a_baseline() {
    // The newest snapshot at 950 belongs to another version: the own slot is empty.
    assert!(should_take(1_000, 0, 100));
}

/// ▸ a log that was reset (last > count) suppresses snapshots
#[test]
fn a_reset_log_does_not_suppress_snapshots() {
    assert!(should_take(100, 5_000, 100));
    assert!(should_take(4_999, 5_000, 100));
    assert!(
        !should_take(99, 5_000, 100),
        "the new log has its own threshold to reach"
    );
}
