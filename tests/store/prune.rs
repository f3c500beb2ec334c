//! Retention: what a plan deletes, and what it never does.

use snapfold::Code;
use snapfold::frame::{Header, Payload};
use snapfold::store::{Distrusted, Listing, Op, SaveRequest, StreamKeys, plan_prune, plan_save};

fn keys() -> StreamKeys {
    StreamKeys::new("cart", "cart-42").unwrap()
}

fn slot(positions: &[u64]) -> Vec<String> {
    positions.iter().map(|position| keys().snapshot(3, *position)).collect()
}

fn request() -> SaveRequest {
    SaveRequest {
        header: Header::new("cart", 3, "cart-42", 500, 500),
        payload: Payload::of(b"state"),
        frame_bytes: 100,
        max_bytes: 1_000,
        keep: 2,
        distrusted: vec![],
        listing: Listing::Strong,
        clear_attempt: false,
    }
}

#[test]
fn the_newest_below_the_new_one_are_kept() {
    for (positions, keep, deleted) in [
        (&[100, 200, 300, 400][..], 1, &[400, 300, 200, 100][..]),
        (&[100, 200, 300, 400], 2, &[300, 200, 100]),
        (&[100, 200, 300, 400], 4, &[100]),
        (&[100, 200, 300, 400], 5, &[]),
        (&[100, 200, 300, 400], u32::MAX, &[]),
        (&[], 1, &[]),
        (&[0], 1, &[0]),
    ] {
        assert_eq!(
            plan_prune(&slot(positions), 500, keep),
            slot(deleted),
            "{positions:?}, keep {keep}"
        );
    }
}

#[test]
fn the_new_one_and_what_lies_above_it_stay() {
    let listed = slot(&[500, 501, 900, u64::MAX, 100, 50]);
    assert_eq!(plan_prune(&listed, 500, 1), slot(&[100, 50]));
    assert_eq!(plan_prune(&slot(&[0, 1, 2]), 0, 1), Vec::<String>::new());
}

#[test]
fn keys_of_another_kind_stay() {
    let strange = [
        "cart/cart-42/s/v3/note.txt".to_owned(),
        keys().attempt(3),
        String::new(),
    ];
    assert_eq!(plan_prune(&strange, 500, 1), Vec::<String>::new());
}

#[test]
fn a_plan_writes_first_and_deletes_afterwards() {
    let own = keys().snapshot(3, 500);
    assert_eq!(plan_save(&request(), &[]).unwrap(), [Op::Put { key: own.clone() }]);
    let plan = plan_save(&request(), &slot(&[500, 400, 300])).unwrap();
    assert_eq!(plan, [Op::Put { key: own }, Op::Delete { keys: slot(&[300]) }]);
}

#[test]
fn a_plan_leaves_other_slots_and_streams_alone() {
    let other_stream = StreamKeys::new("cart", "cart-4").unwrap();
    let others = [
        keys().snapshot(2, 400),
        keys().snapshot(33, 300),
        other_stream.snapshot(3, 200),
    ];
    let plan = plan_save(&SaveRequest { keep: 1, ..request() }, &others).unwrap();
    assert_eq!(plan.len(), 1, "{plan:?}");
}

#[test]
fn a_plan_for_a_store_that_lists_late_deletes_nothing() {
    let eventual = SaveRequest {
        listing: Listing::Eventual,
        keep: 1,
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
    assert_eq!(plan[1..], [Op::Delete { keys: slot(&[200]) }]);
}

#[test]
fn keeping_none_is_refused() {
    let error = plan_save(&SaveRequest { keep: 0, ..request() }, &[]).unwrap_err();
    assert_eq!((error.code(), error.path()), (Code::InvalidOption, Some("keep")));
}
