//! A load as a conversation: finding candidates, stores and drivers that fail.

use snapfold::Code;
use snapfold::store::{LoadFact, LoadRequest, LoadStep, NextLoad, next};

use crate::conversation::*;

#[test]
fn a_snapshot_whose_anchor_the_log_still_has() {
    let load = walk(
        &request(),
        &[
            (list(3), listed(&[900, 800])),
            (open(900), opened(900)),
            (read(900), row(900)),
        ],
        &used(900),
    );
    assert_eq!(load.rejected, []);
}

#[test]
fn an_empty_store_means_a_replay() {
    let new_log = [(list(3), listed(&[])), (read_all(), row(1))];
    walk(&request(), &new_log, &LoadStep::Replay);
    let new_stream = [(list(3), listed(&[])), (read_all(), no_row()), (probe(), listed(&[]))];
    walk(&request(), &new_stream, &LoadStep::Replay);
}

#[test]
fn without_snapshots_the_store_is_not_asked() {
    let request = LoadRequest {
        use_snapshots: false,
        ..request()
    };
    walk(&request, &[(read_all(), row(1))], &LoadStep::Replay);
}

#[test]
fn candidates_are_tried_newest_first_however_the_store_lists_them() {
    let load = walk(
        &request(),
        &[
            (list(3), listed(&[700, 900, 800, 900])),
            (open(900), rejected(Code::Corrupt)),
            (open(800), rejected(Code::Truncated)),
            (open(700), opened(700)),
            (read(700), row(700)),
        ],
        &used(700),
    );
    assert_eq!(codes(&load), [(Some(900), Code::Corrupt), (Some(800), Code::Truncated)]);
    assert_eq!(load.rejected[0].key, keys().snapshot(3, 900));
    assert_eq!(load.rejected[0].message, "why");
}

#[test]
fn every_candidate_rejected_means_a_replay() {
    let load = walk(
        &request(),
        &[
            (list(3), listed(&[900, 800])),
            (open(900), rejected(Code::Corrupt)),
            (open(800), rejected(Code::Invalid)),
            (read_all(), row(1)),
        ],
        &LoadStep::Replay,
    );
    assert_eq!(codes(&load), [(Some(900), Code::Corrupt), (Some(800), Code::Invalid)]);
}

#[test]
fn the_slots_that_migrations_cover_come_after_the_own_one() {
    let old = |position: u64| keys().snapshot(1, position);
    walk(
        &LoadRequest {
            migratable: vec![2, 1],
            ..request()
        },
        &[
            (list(3), listed(&[900])),
            (open(900), rejected(Code::Corrupt)),
            (list(2), listed(&[])),
            (list(1), LoadFact::Listed { keys: vec![old(500)] }),
            (
                LoadStep::Open {
                    key: old(500),
                    position: 500,
                },
                opened(500),
            ),
            (read(500), row(500)),
        ],
        &LoadStep::Use { key: old(500) },
    );
}

#[test]
fn a_full_listing_is_continued_below_its_oldest_key() {
    let sixteen: Vec<u64> = (0..16).map(|i| 900 - i * 10).collect();
    let mut conversation = vec![(list(3), listed(&sixteen))];
    conversation.extend(
        sixteen
            .iter()
            .map(|position| (open(*position), rejected(Code::Corrupt))),
    );
    conversation.push((
        LoadStep::List {
            prefix: keys().snapshots(3),
            start: Some(keys().snapshot(3, 749)),
            limit: 16,
        },
        listed(&[740]),
    ));
    conversation.extend([(open(740), opened(740)), (read(740), row(740))]);
    let load = walk(&request(), &conversation, &used(740));
    assert_eq!(load.rejected.len(), 16);
}

#[test]
fn a_state_of_the_past_starts_from_the_newest_snapshot_at_or_below() {
    let request = LoadRequest {
        at: Some(850),
        ..request()
    };
    let list = LoadStep::List {
        prefix: keys().snapshots(3),
        start: Some(keys().snapshot(3, 850)),
        limit: 16,
    };
    // A store that ignores `start` changes nothing.
    walk(
        &request,
        &[
            (list, listed(&[900, 851, 800])),
            (open(800), opened(800)),
            (read(800), row(800)),
        ],
        &used(800),
    );
}

#[test]
fn keys_of_other_slots_and_strange_ones_are_ignored() {
    let strange = vec![
        keys().snapshot(33, 900),
        keys().attempt(3),
        format!("{}x", keys().snapshots(3)),
        String::new(),
    ];
    walk(
        &request(),
        &[(list(3), LoadFact::Listed { keys: strange }), (read_all(), row(1))],
        &LoadStep::Replay,
    );
}

// A store that cannot be read

#[test]
fn an_unreadable_store_is_asked_once_and_the_log_replayed() {
    let request = LoadRequest {
        migratable: vec![2],
        ..request()
    };
    let load = walk(
        &request,
        &[(list(3), unreadable()), (read_all(), row(1))],
        &LoadStep::Replay,
    );
    assert_eq!(codes(&load), [(None, Code::Unreadable)]);
    let load = walk(
        &request,
        &[
            (list(3), listed(&[900, 800])),
            (open(900), unreadable()),
            (read_all(), row(1)),
        ],
        &LoadStep::Replay,
    );
    assert_eq!(codes(&load), [(Some(900), Code::Unreadable)]);
    assert_eq!(load.rejected[0].message, "disk on fire");
}

// Pruners

#[test]
fn a_candidate_that_vanished_restarts_the_walk_once() {
    let load = walk(
        &request(),
        &[
            (list(3), listed(&[900, 800])),
            (open(900), rejected(Code::Corrupt)),
            (open(800), rejected(Code::Absent)),
            (list(3), listed(&[950])),
            (open(950), opened(950)),
            (read(950), row(950)),
        ],
        &used(950),
    );
    assert_eq!(load.rejected, [], "the second walk starts afresh");
    let load = walk(
        &request(),
        &[
            (list(3), listed(&[900])),
            (open(900), rejected(Code::Absent)),
            (list(3), listed(&[900])),
            (open(900), rejected(Code::Absent)),
            (read_all(), row(1)),
        ],
        &LoadStep::Replay,
    );
    assert_eq!(codes(&load), [(Some(900), Code::Absent)]);
}

#[test]
fn a_gap_behind_a_candidate_restarts_the_walk_once() {
    walk(
        &request(),
        &[
            (list(3), listed(&[900])),
            (open(900), opened(900)),
            (read(900), row(951)),
            (list(3), listed(&[950])),
            (open(950), opened(950)),
            (read(950), row(950)),
        ],
        &used(950),
    );
    let error = walk_to_failure(
        &request(),
        &[
            (list(3), listed(&[900])),
            (open(900), opened(900)),
            (read(900), row(951)),
            (list(3), listed(&[900])),
            (open(900), opened(900)),
            (read(900), row(951)),
            (read_all(), row(951)),
        ],
    );
    assert_eq!(error.code(), Code::HistoryUnavailable);
    assert!(
        error.message().contains("951") && error.message().contains("gap"),
        "{error}"
    );
}

// Drivers with a defect

#[test]
fn a_fact_that_does_not_answer_the_step_is_refused() {
    let found = listed(&[900]);
    for facts in [
        vec![row(1)],
        vec![rejected(Code::Corrupt)],
        vec![no_bounds()],
        vec![found.clone(), found.clone()],
        vec![found.clone(), row(900)],
        vec![found.clone(), opened(900), opened(900)],
        vec![found.clone(), opened(900), unreadable()],
        vec![found.clone(), opened(900), row(900), row(900)],
        vec![listed(&[]), row(1), row(1)],
        vec![listed(&[]), row(0), row(0)],
    ] {
        let error = next(&request(), &facts).unwrap_err();
        assert_eq!(
            (error.code(), error.path()),
            (Code::InvalidOption, Some("facts")),
            "{facts:?}"
        );
    }
}

#[test]
fn empty_identifiers_are_refused() {
    for (name, stream) in [("", "cart-42"), ("cart", "")] {
        let request = LoadRequest {
            name: name.into(),
            stream: stream.into(),
            ..request()
        };
        assert_eq!(next(&request, &[]).unwrap_err().code(), Code::InvalidId);
    }
}

#[test]
fn a_conversation_can_be_written_down() {
    let facts = vec![
        listed(&[900]),
        opened(900),
        row(900),
        count(1),
        truncated(3),
        unreadable(),
        rejected(Code::Stale),
    ];
    let conversation = (
        LoadRequest {
            at: Some(u64::MAX),
            migratable: vec![1],
            ..sparse_with_bounds()
        },
        facts,
    );
    let bytes = snapfold::value::to_vec(&conversation).unwrap();
    assert_eq!(
        snapfold::value::from_slice::<(LoadRequest, Vec<LoadFact>)>(&bytes).unwrap(),
        conversation
    );
    let answer = next(&request(), &[listed(&[900]), rejected(Code::Corrupt)]).unwrap();
    let bytes = snapfold::value::to_vec(&answer).unwrap();
    assert_eq!(snapfold::value::from_slice::<NextLoad>(&bytes).unwrap(), answer);
}

#[test]
fn a_request_that_does_not_say_whether_events_arrive_late_must_count_them() {
    let mut silent = serde_json::to_value(sparse_with_bounds()).unwrap();
    silent.as_object_mut().unwrap().remove("lateArrivals").unwrap();
    let request: LoadRequest = serde_json::from_value(silent).unwrap();
    assert!(request.late_arrivals);
    let conversation = [
        (list(3), listed(&[900])),
        (open(900), opened(900)),
        (read(900), row(900)),
        (bounds(900), count(900)),
    ];
    walk(&request, &conversation, &used(900));
}

#[test]
fn a_built_in_fold_is_looked_for_in_its_own_slot() {
    let fold = [7; 32];
    let request = LoadRequest {
        fold_digest: Some(fold),
        ..request()
    };
    let key = keys().snapshot(fold, 20);
    let list = LoadStep::List {
        prefix: keys().snapshots(fold),
        start: None,
        limit: 16,
    };
    let listed = LoadFact::Listed {
        keys: vec![keys().snapshot(3, 30), key.clone()],
    };
    let open = LoadStep::Open {
        key: key.clone(),
        position: 20,
    };
    walk(
        &request,
        &[(list, listed), (open, opened(20)), (read(20), row(20))],
        &LoadStep::Use { key },
    );
}

#[test]
fn an_event_that_changes_what_a_snapshot_holds_sends_the_load_below_it() {
    let invalidated = |position| LoadFact::Invalidated { position };
    let began = [
        (list(3), listed(&[900, 700, 500, 300])),
        (open(900), opened(900)),
        (read(900), row(900)),
        (used(900), invalidated(500)),
        (open(300), opened(300)),
        (read(300), row(300)),
    ];
    let load = walk(&request(), &began, &used(300));
    let held = |position| (Some(position), Code::InvalidatesBase);
    assert_eq!(codes(&load), [held(900), held(700), held(500)]);

    let replayed = [&began[..], &[(used(300), invalidated(2)), (read_all(), row(1))]].concat();
    let load = walk(&request(), &replayed, &LoadStep::Replay);
    assert_eq!(codes(&load), [held(900), held(700), held(500), held(300)]);
}

#[test]
fn a_snapshot_that_was_invalidated_stays_so_when_the_load_begins_again() {
    let conversation = [
        (list(3), listed(&[900])),
        (open(900), opened(900)),
        (read(900), row(900)),
        (used(900), LoadFact::Invalidated { position: 950 }),
        (read_all(), row(100)), // the log was truncated
        (list(3), listed(&[900])),
        (read_all(), row(100)),
    ];
    let error = walk_to_failure(&request(), &conversation);
    assert_eq!(error.code(), Code::HistoryUnavailable);
    assert!(error.message().contains("invalidatesBase"), "{error}");
}

#[test]
fn only_a_snapshot_in_use_can_be_invalidated() {
    let invalidated = LoadFact::Invalidated { position: 1 };
    for facts in [
        vec![invalidated.clone()],
        vec![listed(&[900]), opened(900), invalidated.clone()],
        vec![listed(&[]), row(1), invalidated],
    ] {
        assert_eq!(next(&request(), &facts).unwrap_err().code(), Code::InvalidOption);
    }
}
