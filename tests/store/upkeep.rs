//! What may go beside what a save lets go.

use snapfold::store::{Slot, StreamKeys, plan_drop_slots, plan_invalidate, safe_to_prune_through};

fn keys() -> StreamKeys {
    StreamKeys::new("cart", "s").unwrap()
}

#[test]
fn what_is_invalid_goes_in_every_slot() {
    let own = |position| keys().snapshot(2, position);
    let other = |position| keys().snapshot([7; 32], position);
    let all = [
        own(5),
        own(6),
        own(u64::MAX),
        other(4),
        other(6),
        keys().attempt(2),
        "cart/s/x".into(),
    ];
    assert_eq!(plan_invalidate(&all, 6), [own(6), own(u64::MAX), other(6)]);
    assert_eq!(
        plan_invalidate(&all, 0),
        [own(5), own(6), own(u64::MAX), other(4), other(6)]
    );
    assert!(plan_invalidate(&all[..1], 6).is_empty());
}

#[test]
fn abandoned_slots_go_once_a_live_one_covers_them() {
    let live = keys().snapshot(3, 9);
    let all = [
        live.clone(),
        keys().snapshot(2, 9),
        keys().attempt(2),
        keys().snapshot([7; 32], 12),
        keys().attempt(3),
        "cart/s/t/v0/0000000000000000".into(),
        "cart/s/unknown".into(),
    ];
    assert_eq!(
        plan_drop_slots(&all, &live, &[3.into()]),
        [all[1].clone(), all[2].clone(), all[3].clone()]
    );
    assert_eq!(
        plan_drop_slots(&all, &live, &[3.into(), Slot::Fold([7; 32])]),
        [all[1].clone(), all[2].clone()]
    );
    // What covers must be there, be a snapshot, and be live.
    for covered_by in [keys().snapshot(3, 10), keys().attempt(3), keys().snapshot(2, 9)] {
        assert!(
            plan_drop_slots(&all, &covered_by, &[3.into()]).is_empty(),
            "{covered_by}"
        );
    }
}

#[test]
fn events_are_safe_to_delete_below_every_live_slot_and_behind_every_consumer() {
    assert_eq!(safe_to_prune_through(&[Some(100)], &[]), Some(99));
    assert_eq!(safe_to_prune_through(&[Some(100), Some(40)], &[]), Some(39));
    assert_eq!(safe_to_prune_through(&[Some(100)], &[120, 70]), Some(70));
    assert_eq!(safe_to_prune_through(&[Some(100)], &[0]), Some(0));
    for oldest in [&[][..], &[None], &[Some(100), None], &[Some(0)]] {
        assert_eq!(safe_to_prune_through(oldest, &[]), None, "{oldest:?}");
    }
}
