//! Each trigger's table, with the words of its reasons.

use serde_json::json;

use super::{MAX, judge, table};

#[test]
fn never() {
    table(
        json!("never"),
        &[(json!({"events": 1_000_000}), false, "policy is never")],
    );
}

#[test]
fn every_events_means_at_least_since_the_snapshot() {
    let after = |events: u64, snapshot: u64| json!({"events": events, "snapshot": {"events": snapshot}});
    table(
        json!({"everyEvents": 100}),
        &[
            (json!({"events": 0}), false, "nothing folded yet"),
            (
                json!({"events": 1}),
                false,
                "1 event and no snapshot yet, threshold 100",
            ),
            (
                json!({"events": 99}),
                false,
                "99 events and no snapshot yet, threshold 100",
            ),
            (
                json!({"events": 100}),
                true,
                "100 events and no snapshot yet, threshold 100",
            ),
            (
                json!({"events": 101}),
                true,
                "101 events and no snapshot yet, threshold 100",
            ),
            (
                after(1_299, 1_200),
                false,
                "99 events since the snapshot at event 1,200, threshold 100",
            ),
            (
                after(1_320, 1_200),
                true,
                "120 events since the snapshot at event 1,200, threshold 100",
            ),
            (after(1_200, 1_200), false, "nothing folded since the last snapshot"),
        ],
    );
}

#[test]
fn every_bytes_measures_the_tail() {
    table(
        json!({"everyBytes": 65_536}),
        &[
            (json!({"events": 9}), false, "tail of 0 bytes, threshold 65,536 bytes"),
            (
                json!({"events": 9, "tailBytes": 65_535}),
                false,
                "tail of 65,535 bytes, threshold 65,536 bytes",
            ),
            (
                json!({"events": 9, "tailBytes": 65_536}),
                true,
                "tail of 65,536 bytes, threshold 65,536 bytes",
            ),
            (
                json!({"events": 9, "tailBytes": 70_000, "snapshot": {"events": 2}}),
                true,
                "tail of 70,000 bytes, threshold 65,536 bytes",
            ),
        ],
    );
}

#[test]
fn every_millis_measures_from_the_snapshot_or_the_first_event() {
    let after = |now: i64, at: i64| json!({"events": 9, "now": now, "snapshot": {"events": 8, "at": at}});
    table(
        json!({"everyMillis": 3_600_000}),
        &[
            (
                after(3_600_999, 1_000),
                false,
                "3,599,999 ms since the snapshot at event 8, threshold 3,600,000 ms",
            ),
            (
                after(3_601_000, 1_000),
                true,
                "3,600,000 ms since the snapshot at event 8, threshold 3,600,000 ms",
            ),
            (
                after(1_000, 9_999_999),
                false,
                "0 ms since the snapshot at event 8, threshold 3,600,000 ms",
            ),
            (
                after(i64::MAX, i64::MIN),
                true,
                "18,446,744,073,709,551,615 ms since the snapshot at event 8, threshold 3,600,000 ms",
            ),
            (
                json!({"events": 1, "now": 3_599_999, "firstAt": 0}),
                false,
                "3,599,999 ms since the first event, threshold 3,600,000 ms",
            ),
            (
                json!({"events": 1, "now": 3_600_000, "firstAt": 0}),
                true,
                "3,600,000 ms since the first event, threshold 3,600,000 ms",
            ),
            (
                json!({"events": 1, "now": 0}),
                true,
                "the age of what is stored is unknown",
            ),
            (
                json!({"events": 9, "now": 0, "firstAt": 0, "snapshot": {"events": 8}}),
                true,
                "the age of what is stored is unknown",
            ),
            (
                json!({"events": 1, "firstAt": 0}),
                false,
                "the host gave no time to measure with",
            ),
        ],
    );
}

#[test]
fn tail_ratio_compares_with_the_snapshots_size() {
    let tail =
        |bytes: u64, size: u64| json!({"events": 9, "tailBytes": bytes, "snapshot": {"events": 8, "bytes": size}});
    table(
        json!({"tailRatio": 0.5}),
        &[
            (tail(499, 999), false, "tail of 499 bytes, threshold 500 bytes"),
            (tail(500, 999), true, "tail of 500 bytes, threshold 500 bytes"),
            (tail(500, 1_000), true, "tail of 500 bytes, threshold 500 bytes"),
            (tail(0, 0), false, "tail of 0 bytes, threshold 1 byte"),
            (tail(1, 0), true, "tail of 1 byte, threshold 1 byte"),
            (
                json!({"events": 1}),
                true,
                "no snapshot yet, so any tail meets the ratio",
            ),
        ],
    );
    table(
        json!({"tailRatio": 1e300}),
        &[(
            tail(MAX - 1, 1),
            false,
            "tail of 9,007,199,254,740,990 bytes, threshold 9,007,199,254,740,991 bytes",
        )],
    );
}

#[test]
fn slow_load_counts_while_replayed_events_are_not_covered() {
    let load = |millis: u64, events: u64| json!({"events": 60, "snapshot": {"events": 40}, "load": {"millis": millis, "events": events}});
    let spared = "the load replayed nothing that a snapshot would spare";
    table(
        json!({"slowLoad": 50}),
        &[
            (load(50, 60), false, "the load took 50 ms, threshold 50 ms"),
            (load(1_051, 60), true, "the load took 1,051 ms, threshold 50 ms"),
            (load(51, 41), true, "the load took 51 ms, threshold 50 ms"),
            (load(51, 40), false, spared),
            (load(51, 30), false, spared),
            (json!({"events": 60}), false, spared),
            (
                json!({"events": 60, "load": {"millis": 51, "events": 60}}),
                true,
                "the load took 51 ms, threshold 50 ms",
            ),
        ],
    );
}

#[test]
fn when_event_looks_at_the_types_since_the_snapshot() {
    table(
        json!({"whenEvent": ["CartClosed", "CartMerged"]}),
        &[
            (
                json!({"events": 1, "eventTypes": ["ItemAdded", "CartMerged"]}),
                true,
                "CartMerged was folded",
            ),
            (
                json!({"events": 1, "eventTypes": ["cartclosed"]}),
                false,
                "no event of the types it waits for was folded",
            ),
            (
                json!({"events": 1}),
                false,
                "no event of the types it waits for was folded",
            ),
        ],
    );
}

#[test]
fn when_state_asks_the_predicate_with_its_index() {
    table(
        json!({"whenState": 1}),
        &[
            (
                json!({"events": 1, "states": [false, true]}),
                true,
                "state predicate 1 holds",
            ),
            (
                json!({"events": 1, "states": [true, false]}),
                false,
                "state predicate 1 does not hold",
            ),
            (
                json!({"events": 1, "states": [true]}),
                false,
                "state predicate 1 does not hold",
            ),
        ],
    );
}

#[test]
fn any_of_gives_the_first_yes_or_the_nearest_no() {
    table(
        json!({"anyOf": ["never", {"everyEvents": 100}, {"everyBytes": 1_000}]}),
        &[
            (
                json!({"events": 100, "tailBytes": 5_000}),
                true,
                "100 events and no snapshot yet, threshold 100",
            ),
            (
                json!({"events": 5, "tailBytes": 1_000}),
                true,
                "tail of 1,000 bytes, threshold 1,000 bytes",
            ),
            (
                json!({"events": 5, "tailBytes": 900}),
                false,
                "tail of 900 bytes, threshold 1,000 bytes",
            ),
            (
                json!({"events": 50, "tailBytes": 500}),
                false,
                "50 events and no snapshot yet, threshold 100",
            ),
        ],
    );
    table(
        json!({"anyOf": ["never"]}),
        &[(json!({"events": 5}), false, "policy is never")],
    );
}

#[test]
fn all_of_gives_the_first_no_or_the_first_yes() {
    table(
        json!({"allOf": [{"everyEvents": 10}, {"everyBytes": 1_000}]}),
        &[
            (
                json!({"events": 9, "tailBytes": 5_000}),
                false,
                "9 events and no snapshot yet, threshold 10",
            ),
            (
                json!({"events": 10, "tailBytes": 999}),
                false,
                "tail of 999 bytes, threshold 1,000 bytes",
            ),
            (
                json!({"events": 10, "tailBytes": 1_000}),
                true,
                "10 events and no snapshot yet, threshold 10",
            ),
        ],
    );
    table(
        json!({"allOf": [{"everyEvents": 1}, "never"]}),
        &[(json!({"events": 5}), false, "policy is never")],
    );
}

#[test]
fn per_kind_falls_back_to_otherwise() {
    table(
        json!({"perKind": {"kinds": {"workflow": {"everyEvents": 10}}, "otherwise": {"everyEvents": 1_000}}}),
        &[
            (
                json!({"events": 10, "kind": "workflow"}),
                true,
                "10 events and no snapshot yet, threshold 10",
            ),
            (
                json!({"events": 10, "kind": "task"}),
                false,
                "10 events and no snapshot yet, threshold 1,000",
            ),
            (
                json!({"events": 10}),
                false,
                "10 events and no snapshot yet, threshold 1,000",
            ),
        ],
    );
}

#[test]
fn a_snapshot_ahead_of_the_log_is_no_baseline() {
    let reset =
        |events: u64| json!({"events": events, "now": 0, "snapshot": {"events": 5_000, "at": 0, "bytes": 1_000_000}});
    assert!(judge(json!({"everyEvents": 100}), reset(100)).take);
    assert!(!judge(json!({"everyEvents": 100}), reset(99)).take);
    assert!(judge(json!({"everyMillis": 1_000}), reset(1)).take);
    assert!(judge(json!({"tailRatio": 1.0}), reset(1)).take);
}
