//! A load as a conversation: which step follows from which facts.

use snapfold::fold::{Anchor, Sequence};
use snapfold::store::{Bounds, FirstRow, LoadFact, LoadRequest, LoadStep, NextLoad, StreamKeys, next};
use snapfold::{Code, Error};

fn keys() -> StreamKeys {
    StreamKeys::new("cart", "cart-42").unwrap()
}

fn request() -> LoadRequest {
    LoadRequest {
        name: "cart".into(),
        stream: "cart-42".into(),
        version: 3,
        migratable: vec![],
        sequence: Sequence::default(),
        at: None,
        use_snapshots: true,
        has_bounds: false,
    }
}

fn with_bounds() -> LoadRequest {
    LoadRequest {
        has_bounds: true,
        ..request()
    }
}

fn sparse() -> LoadRequest {
    LoadRequest {
        sequence: Sequence::Sparse,
        ..request()
    }
}

fn sparse_with_bounds() -> LoadRequest {
    LoadRequest {
        sequence: Sequence::Sparse,
        ..with_bounds()
    }
}

// Facts

fn listed(positions: &[u64]) -> LoadFact {
    LoadFact::Listed {
        keys: positions.iter().map(|position| keys().snapshot(3, *position)).collect(),
    }
}

/// A sound snapshot of as many events as its position says, the last one being `e` and the position.
fn opened(position: u64) -> LoadFact {
    LoadFact::Opened {
        event_count: position,
        anchor: Some(Anchor::id(format!("e{position}"))),
    }
}

fn rejected(code: Code) -> LoadFact {
    LoadFact::Rejected {
        code,
        message: "why".into(),
    }
}

fn row(position: u64) -> LoadFact {
    foreign_row(position, &format!("e{position}"))
}

fn foreign_row(position: u64, id: &str) -> LoadFact {
    LoadFact::FirstRow {
        row: Some(FirstRow {
            position,
            anchor: Some(Anchor::id(id)),
        }),
    }
}

fn no_row() -> LoadFact {
    LoadFact::FirstRow { row: None }
}

fn count(count: u64) -> LoadFact {
    LoadFact::Bounds {
        bounds: Bounds {
            count: Some(count),
            truncated_through: None,
        },
    }
}

fn truncated(through: u64) -> LoadFact {
    LoadFact::Bounds {
        bounds: Bounds {
            count: None,
            truncated_through: Some(through),
        },
    }
}

fn no_bounds() -> LoadFact {
    LoadFact::Bounds {
        bounds: Bounds::default(),
    }
}

fn unreadable() -> LoadFact {
    LoadFact::Unreadable {
        message: "disk on fire".into(),
    }
}

// Steps

fn list(version: u32) -> LoadStep {
    LoadStep::List {
        prefix: keys().snapshots(version),
        start: None,
        limit: 16,
    }
}

fn open(position: u64) -> LoadStep {
    LoadStep::Open {
        key: keys().snapshot(3, position),
        position,
    }
}

fn read(from: u64) -> LoadStep {
    LoadStep::Read { from: Some(from) }
}

fn read_all() -> LoadStep {
    LoadStep::Read { from: None }
}

fn bounds(through: u64) -> LoadStep {
    LoadStep::Bounds { through: Some(through) }
}

fn used(position: u64) -> LoadStep {
    LoadStep::Use {
        key: keys().snapshot(3, position),
    }
}

/// Walks through a conversation: each step, and the fact that answers it; then the last step.
#[track_caller]
fn walk(request: &LoadRequest, conversation: &[(LoadStep, LoadFact)], end: &LoadStep) -> NextLoad {
    let mut facts = vec![];
    for (step, fact) in conversation {
        assert_eq!(next(request, &facts).unwrap().step, *step, "after {facts:?}");
        facts.push(fact.clone());
    }
    let last = next(request, &facts).unwrap();
    assert_eq!(last.step, *end, "after {facts:?}");
    last
}

/// As [`walk`], to an error.
#[track_caller]
fn walk_to_failure(request: &LoadRequest, conversation: &[(LoadStep, LoadFact)]) -> Error {
    let facts: Vec<_> = conversation.iter().map(|(_, fact)| fact.clone()).collect();
    match next(request, &facts).unwrap().step {
        LoadStep::Fail { error } => {
            walk(request, conversation, &LoadStep::Fail { error: error.clone() });
            error
        }
        other => panic!("{other:?} after {facts:?}"),
    }
}

fn codes(load: &NextLoad) -> Vec<(Option<u64>, Code)> {
    load.rejected
        .iter()
        .map(|rejection| (rejection.position, rejection.code))
        .collect()
}

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
    for log in [row(1), no_row()] {
        walk(
            &request(),
            &[(list(3), listed(&[])), (read_all(), log)],
            &LoadStep::Replay,
        );
    }
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

// The log says otherwise

#[test]
fn another_event_at_the_position_is_another_history() {
    let load = walk(
        &request(),
        &[
            (list(3), listed(&[900, 600])),
            (open(900), opened(900)),
            (read(900), foreign_row(900, "x900")),
            (open(600), opened(600)),
            (read(600), row(600)),
        ],
        &used(600),
    );
    assert_eq!(codes(&load), [(Some(900), Code::Diverged)]);
}

#[test]
fn a_row_without_an_identity_proves_nothing() {
    let anonymous = LoadFact::FirstRow {
        row: Some(FirstRow {
            position: 900,
            anchor: None,
        }),
    };
    let load = walk(
        &request(),
        &[
            (list(3), listed(&[900])),
            (open(900), opened(900)),
            (read(900), anonymous),
            (read_all(), row(1)),
        ],
        &LoadStep::Replay,
    );
    assert_eq!(codes(&load), [(Some(900), Code::Diverged)]);
}

#[test]
fn a_snapshot_ahead_of_the_log_is_not_used() {
    let load = walk(
        &request(),
        &[
            (list(3), listed(&[900])),
            (open(900), opened(900)),
            (read(900), no_row()),
            (read_all(), row(1)),
        ],
        &LoadStep::Replay,
    );
    assert_eq!(codes(&load), [(Some(900), Code::Ahead)]);
}

#[test]
fn an_empty_log_with_a_snapshot_is_not_an_empty_stream() {
    for fact in [opened(900), rejected(Code::Corrupt)] {
        let mut conversation = vec![(list(3), listed(&[900])), (open(900), fact.clone())];
        if matches!(fact, LoadFact::Opened { .. }) {
            conversation.push((read(900), no_row()));
        }
        conversation.push((read_all(), no_row()));
        let error = walk_to_failure(&request(), &conversation);
        assert_eq!(error.code(), Code::HistoryUnavailable);
        assert!(error.message().contains("900"), "{error}");
    }
}

#[test]
fn a_log_that_ignores_from_is_a_broken_log() {
    let error = walk_to_failure(
        &request(),
        &[(list(3), listed(&[900])), (open(900), opened(900)), (read(900), row(1))],
    );
    assert_eq!((error.code(), error.position()), (Code::ReadFailed, Some(1)));
}

#[test]
fn a_contiguous_log_begins_at_its_first_position() {
    let from_zero = LoadRequest {
        sequence: Sequence::Contiguous { first_position: 0 },
        ..request()
    };
    walk(
        &from_zero,
        &[(list(3), listed(&[])), (read_all(), row(0))],
        &LoadStep::Replay,
    );
    let later = walk_to_failure(&from_zero, &[(list(3), listed(&[])), (read_all(), row(1))]);
    assert_eq!(later.code(), Code::HistoryUnavailable);
    let below = walk_to_failure(&request(), &[(list(3), listed(&[])), (read_all(), row(0))]);
    assert_eq!((below.code(), below.position()), (Code::InvalidPosition, Some(0)));
    assert!(below.message().contains("firstPosition: 0"), "{below}");
}

#[test]
fn position_zero_is_a_position() {
    let from_zero = LoadRequest {
        sequence: Sequence::Contiguous { first_position: 0 },
        ..request()
    };
    let opened = LoadFact::Opened {
        event_count: 1,
        anchor: Some(Anchor::id("e0")),
    };
    walk(
        &from_zero,
        &[(list(3), listed(&[0])), (open(0), opened), (read(0), row(0))],
        &used(0),
    );
}

// Logs that were pruned on purpose

#[test]
fn a_contiguous_log_pruned_through_the_snapshot() {
    for log in [row(901), no_row()] {
        walk(
            &with_bounds(),
            &[
                (list(3), listed(&[900])),
                (open(900), opened(900)),
                (read(900), log),
                (bounds(900), truncated(900)),
            ],
            &used(900),
        );
    }
}

#[test]
fn a_log_pruned_past_the_snapshot_is_a_gap() {
    for (log, then) in [(row(951), row(951)), (no_row(), no_row())] {
        let conversation = [
            (list(3), listed(&[900])),
            (open(900), opened(900)),
            (read(900), log),
            (bounds(900), truncated(950)),
        ];
        let again = [&conversation[..], &conversation[..], &[(read_all(), then)]].concat();
        assert_eq!(walk_to_failure(&with_bounds(), &again).code(), Code::HistoryUnavailable);
    }
}

#[test]
fn a_log_pruned_below_the_snapshot_still_has_to_have_the_anchor() {
    let load = walk(
        &with_bounds(),
        &[
            (list(3), listed(&[900])),
            (open(900), opened(900)),
            (read(900), no_row()),
            (bounds(900), truncated(400)),
            (read_all(), row(401)),
        ],
        &LoadStep::Fail {
            error: walk_to_failure(
                &with_bounds(),
                &[
                    (list(3), listed(&[900])),
                    (open(900), opened(900)),
                    (read(900), no_row()),
                    (bounds(900), truncated(400)),
                    (read_all(), row(401)),
                ],
            ),
        },
    );
    assert_eq!(codes(&load), [(Some(900), Code::Ahead)]);
}

#[test]
fn without_bounds_a_missing_anchor_is_never_forgiven() {
    let conversation = [
        (list(3), listed(&[900])),
        (open(900), opened(900)),
        (read(900), row(901)),
    ];
    let again = [&conversation[..], &conversation[..], &[(read_all(), row(901))]].concat();
    assert_eq!(walk_to_failure(&request(), &again).code(), Code::HistoryUnavailable);
}

#[test]
fn an_empty_log_that_was_pruned_is_not_an_empty_stream() {
    let error = walk_to_failure(
        &with_bounds(),
        &[
            (list(3), listed(&[])),
            (read_all(), no_row()),
            (LoadStep::Bounds { through: None }, truncated(900)),
        ],
    );
    assert_eq!(error.code(), Code::HistoryUnavailable);
    walk(
        &with_bounds(),
        &[
            (list(3), listed(&[])),
            (read_all(), no_row()),
            (LoadStep::Bounds { through: None }, no_bounds()),
        ],
        &LoadStep::Replay,
    );
}

// Sparse streams

#[test]
fn a_sparse_stream_counts_to_find_stragglers() {
    let conversation = |counted| {
        [
            (list(3), listed(&[900, 600])),
            (open(900), opened(900)),
            (read(900), row(900)),
            (bounds(900), count(counted)),
        ]
    };
    walk(&sparse_with_bounds(), &conversation(900), &used(900));
    for counted in [901, 899, 0] {
        let older = [
            (open(600), opened(600)),
            (read(600), row(600)),
            (bounds(600), count(600)),
        ];
        let load = walk(
            &sparse_with_bounds(),
            &[&conversation(counted)[..], &older].concat(),
            &used(600),
        );
        assert_eq!(codes(&load), [(Some(900), Code::Stragglers)], "{counted}");
    }
}

#[test]
fn a_sparse_log_without_the_event_at_the_position() {
    let begin = [(list(3), listed(&[900])), (open(900), opened(900))];
    let to_replay = |request: &LoadRequest, rest: &[(LoadStep, LoadFact)], code| {
        let load = walk(request, &[&begin[..], rest].concat(), &LoadStep::Replay);
        assert_eq!(codes(&load), [(Some(900), code)]);
    };
    to_replay(
        &sparse(),
        &[(read(900), row(907)), (read_all(), row(3))],
        Code::Diverged,
    );
    to_replay(&sparse(), &[(read(900), no_row()), (read_all(), row(3))], Code::Ahead);
    let whole = (LoadStep::Bounds { through: None }, no_bounds());
    to_replay(
        &sparse_with_bounds(),
        &[
            (read(900), row(907)),
            (bounds(900), count(899)),
            (read_all(), row(3)),
            whole.clone(),
        ],
        Code::Diverged,
    );
    to_replay(
        &sparse_with_bounds(),
        &[
            (read(900), no_row()),
            (bounds(900), count(899)),
            (read_all(), row(3)),
            whole,
        ],
        Code::Ahead,
    );
}

#[test]
fn a_sparse_log_pruned_exactly_through_the_snapshot() {
    for log in [row(907), no_row()] {
        walk(
            &sparse_with_bounds(),
            &[
                (list(3), listed(&[900])),
                (open(900), opened(900)),
                (read(900), log),
                (bounds(900), truncated(900)),
            ],
            &used(900),
        );
    }
}

#[test]
fn a_sparse_log_with_its_beginning_pruned_is_not_replayed() {
    let error = walk_to_failure(
        &sparse_with_bounds(),
        &[
            (list(3), listed(&[900])),
            (open(900), rejected(Code::Corrupt)),
            (read_all(), row(401)),
            (LoadStep::Bounds { through: None }, truncated(400)),
        ],
    );
    assert_eq!(error.code(), Code::HistoryUnavailable);
    assert!(
        error.message().contains("400") && error.message().contains("corrupt"),
        "{error}"
    );
}

/// Such a log cannot say that it was pruned; a snapshot from before its first event says it.
#[test]
fn a_sparse_log_without_bounds_that_begins_after_a_snapshot_is_not_replayed() {
    for fact in [rejected(Code::Corrupt), opened(900)] {
        let mut conversation = vec![(list(3), listed(&[900])), (open(900), fact.clone())];
        if matches!(fact, LoadFact::Opened { .. }) {
            conversation.push((read(900), row(907)));
        }
        conversation.push((read_all(), row(907)));
        let error = walk_to_failure(&sparse(), &conversation);
        assert_eq!(error.code(), Code::HistoryUnavailable);
        assert!(
            error.message().contains("907") && error.message().contains("900"),
            "{error}"
        );
    }
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
