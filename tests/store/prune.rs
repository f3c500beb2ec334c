//! Retention: what a plan deletes, and what it never does.

use snapfold::Code;
use snapfold::frame::{Header, Payload};
use snapfold::store::{
    Distrusted, Head, Listing, Op, PruneRequest, Retention, SaveRequest, StreamKeys, plan_prune, plan_save, position_of,
};

fn keys() -> StreamKeys {
    StreamKeys::new("cart", "cart-42").unwrap()
}

fn slot(positions: &[u64]) -> Vec<String> {
    positions.iter().map(|position| keys().snapshot(3, *position)).collect()
}

fn request() -> SaveRequest {
    SaveRequest::new(Header::new("cart", 3, "cart-42", 500, 500), Payload::of(b"state"), 100)
}

fn prune(positions: &[u64], covered_by: u64, keep: impl Into<Retention>) -> PruneRequest {
    PruneRequest {
        keys: slot(positions),
        covered_by: keys().snapshot(3, covered_by),
        keep: keep.into(),
        listing: Listing::Strong,
        heads: vec![],
    }
}

/// Positions of what a plan deletes, once what covers it is verified.
fn deleted(request: &PruneRequest) -> Vec<u64> {
    match plan_prune(request).unwrap().as_slice() {
        [] => vec![],
        [Op::Verify { key }, Op::Delete { keys, covered_by }] => {
            assert_eq!((key, covered_by), (&request.covered_by, &request.covered_by));
            keys.iter().map(|key| position_of(key).unwrap()).collect()
        }
        plan => panic!("{plan:?}"),
    }
}

#[test]
fn the_newest_below_the_new_one_are_kept() {
    for (positions, keep, gone) in [
        (&[100, 200, 300, 400, 500][..], 1, &[400, 300, 200, 100][..]),
        (&[100, 200, 300, 400, 500], 2, &[300, 200, 100]),
        (&[100, 200, 300, 400, 500], 4, &[100]),
        (&[100, 200, 300, 400, 500], 5, &[]),
        (&[100, 200, 300, 400, 500], u32::MAX, &[]),
        (&[500], 1, &[]),
        (&[500, 0], 1, &[0]),
    ] {
        assert_eq!(
            deleted(&prune(positions, 500, keep)),
            gone,
            "{positions:?}, keep {keep}"
        );
    }
}

#[test]
fn the_one_that_covers_and_what_lies_above_it_stay() {
    assert_eq!(deleted(&prune(&[500, 501, 900, u64::MAX, 100, 50], 500, 1)), [100, 50]);
    assert_eq!(deleted(&prune(&[0, 1, 2], 0, 1)), [0; 0]);
}

#[test]
fn keys_of_another_kind_or_slot_stay() {
    let mut request = prune(&[500], 500, 1);
    request.keys.extend([
        "cart/cart-42/s/v3/note.txt".to_owned(),
        keys().attempt(3),
        keys().snapshot(2, 400),
        keys().tombstone(),
        String::new(),
    ]);
    assert_eq!(deleted(&request), [0; 0]);
}

#[test]
fn what_covers_must_be_a_snapshot_that_was_seen() {
    for covered_by in [keys().snapshot(3, 499), keys().attempt(3), String::new()] {
        let request = PruneRequest {
            covered_by,
            ..prune(&[500, 400, 300], 500, 1)
        };
        let error = plan_prune(&request).unwrap_err();
        assert_eq!((error.code(), error.path()), (Code::InvalidOption, Some("coveredBy")));
    }
}

#[test]
fn nothing_is_pruned_where_listings_lag() {
    let request = PruneRequest {
        listing: Listing::Eventual,
        ..prune(&[500, 400, 300], 500, 1)
    };
    assert_eq!(plan_prune(&request).unwrap(), []);
}

#[test]
fn the_newest_at_or_below_a_named_position_is_kept() {
    let positions = [100, 200, 300, 400, 500];
    for (named, gone) in [
        (&[][..], &[400, 300, 200, 100][..]),
        (&[300], &[400, 200, 100]),
        (&[399], &[400, 200, 100]),
        (&[250, 100], &[400, 300]),
        (&[99], &[400, 300, 200, 100]),
        // The newest at or below these is the one that covers.
        (&[500, 501, u64::MAX], &[400, 300, 200, 100]),
    ] {
        let keep = Retention {
            positions: named.to_vec(),
            ..Retention::from(1)
        };
        assert_eq!(deleted(&prune(&positions, 500, keep)), gone, "{named:?}");
    }
}

const DAY: i64 = 86_400_000;

fn daily(last: u32) -> Retention {
    Retention {
        every: Some(DAY as u64),
        ..Retention::from(last)
    }
}

/// 100, 200 … were taken at these times.
fn taken_at(times: &[i64], keep: Retention) -> PruneRequest {
    let positions: Vec<u64> = (1..=times.len() as u64).map(|nth| nth * 100).collect();
    let heads = positions.iter().zip(times).map(|(position, at)| Head {
        key: keys().snapshot(3, *position),
        taken_at: Some(*at),
    });
    PruneRequest {
        heads: heads.collect(),
        ..prune(&positions, times.len() as u64 * 100, keep)
    }
}

#[test]
fn the_newest_of_each_period_is_kept() {
    let times = [0, DAY - 1, DAY, 2 * DAY, 2 * DAY + 1, 4 * DAY, 4 * DAY + 1];
    assert_eq!(deleted(&taken_at(&times, daily(1))), [600, 400, 100]);
    assert_eq!(deleted(&taken_at(&times, daily(3))), [400, 100]);
    assert_eq!(
        deleted(&taken_at(&[-DAY, -1, 0, 1], daily(1))),
        [300, 100],
        "before 1970 too"
    );
    // Once its period is over, pruning again later leaves it.
    let later = [DAY - 1, DAY, 2 * DAY + 1, 4 * DAY + 1, 4 * DAY + 2, 9 * DAY];
    assert_eq!(deleted(&taken_at(&later, daily(1))), [400]);
}

#[test]
fn what_does_not_say_when_it_was_taken_is_kept_with_a_period() {
    let mut request = taken_at(&[0, 1, 2, 3, 4, 5], daily(1));
    assert_eq!(deleted(&request), [500, 400, 300, 200, 100]);
    request.heads[2].taken_at = None;
    request.heads.remove(0);
    // 200 has nothing of its day to be compared with right above it.
    assert_eq!(deleted(&request), [500, 400]);
    request.heads.clear();
    assert_eq!(deleted(&request), [0; 0]);
}

#[test]
fn with_a_period_a_save_deletes_nothing() {
    let request = SaveRequest {
        keep: daily(1),
        ..request()
    };
    let plan = plan_save(&request, &slot(&[400, 300])).unwrap();
    assert_eq!(plan, [put(), verify()]);
}

#[test]
fn named_positions_survive_later_saves() {
    let keep = Retention {
        positions: vec![250],
        ..Retention::from(1)
    };
    let mut there = vec![];
    for position in (100..=1_000).step_by(100) {
        there.push(position);
        let gone = deleted(&prune(&there, position, keep.clone()));
        there.retain(|position| !gone.contains(position));
    }
    assert_eq!(there, [200, 1_000]);
}

fn put() -> Op {
    Op::Put {
        key: keys().snapshot(3, 500),
    }
}

fn verify() -> Op {
    Op::Verify {
        key: keys().snapshot(3, 500),
    }
}

fn delete(positions: &[u64]) -> Op {
    Op::Delete {
        keys: slot(positions),
        covered_by: keys().snapshot(3, 500),
    }
}

#[test]
fn a_plan_writes_first_reads_back_and_deletes_last() {
    assert_eq!(plan_save(&request(), &[]).unwrap(), [put(), verify()]);
    let plan = plan_save(&request(), &slot(&[500, 400, 300])).unwrap();
    assert_eq!(plan, [put(), verify(), delete(&[300])]);
}

#[test]
fn a_plan_that_does_not_read_back_rests_on_the_loaded_snapshot() {
    let mut request = SaveRequest {
        read_back: false,
        keep: Retention::from(1),
        ..request()
    };
    assert_eq!(plan_save(&request, &slot(&[400, 300])).unwrap(), [put()]);
    request.vouched = Some(400);
    let delete = Op::Delete {
        keys: slot(&[300]),
        covered_by: keys().snapshot(3, 400),
    };
    assert_eq!(plan_save(&request, &slot(&[400, 300])).unwrap(), [put(), delete]);
}

#[test]
fn a_plan_leaves_other_slots_and_streams_alone() {
    let other_stream = StreamKeys::new("cart", "cart-4").unwrap();
    let others = [
        keys().snapshot(2, 400),
        keys().snapshot(33, 300),
        other_stream.snapshot(3, 200),
    ];
    let plan = plan_save(
        &SaveRequest {
            keep: Retention::from(1),
            ..request()
        },
        &others,
    )
    .unwrap();
    assert_eq!(plan, [put(), verify()]);
}

#[test]
fn a_plan_for_a_store_that_lists_late_deletes_nothing() {
    let eventual = SaveRequest {
        listing: Listing::Eventual,
        keep: Retention::from(1),
        ..request()
    };
    assert_eq!(plan_save(&eventual, &slot(&[400, 300])).unwrap().len(), 1);
    let with_marker = SaveRequest {
        clear_attempt: true,
        ..eventual
    };
    assert_eq!(plan_save(&with_marker, &slot(&[400, 300])).unwrap().len(), 1);
}

/// A damaged snapshot protects nothing: counting it would delete the sound one behind it.
#[test]
fn what_the_load_rejected_does_not_count_as_kept() {
    let distrusted = SaveRequest {
        distrusted: vec![Distrusted {
            key: slot(&[400]).remove(0),
            code: Code::Corrupt,
        }],
        ..request()
    };
    let plan = plan_save(&distrusted, &slot(&[400, 300, 200])).unwrap();
    assert_eq!(plan, [put(), verify(), delete(&[200])]);
}

#[test]
fn keeping_none_is_refused() {
    let error = plan_save(
        &SaveRequest {
            keep: Retention::from(0),
            ..request()
        },
        &[],
    )
    .unwrap_err();
    assert_eq!((error.code(), error.path()), (Code::InvalidOption, Some("keep")));
}
