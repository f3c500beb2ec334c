//! A load as a conversation: what the log says of a candidate, and of itself.

use snapfold::Code;
use snapfold::fold::{Anchor, Sequence};
use snapfold::store::{FirstRow, LoadFact, LoadRequest, LoadStep};

use crate::conversation::*;

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
        let error = walk_twice_to_failure(&request(), &conversation);
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
    let later = walk_twice_to_failure(&from_zero, &[(list(3), listed(&[])), (read_all(), row(1))]);
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
    let error = walk_twice_to_failure(
        &with_bounds(),
        &[
            (list(3), listed(&[900])),
            (open(900), opened(900)),
            (read(900), no_row()),
            (bounds(900), truncated(400)),
            (read_all(), row(401)),
        ],
    );
    assert_eq!(error.code(), Code::HistoryUnavailable);
    assert!(error.message().contains("ahead"), "{error}");
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
    let error = walk_twice_to_failure(
        &with_bounds(),
        &[
            (list(3), listed(&[])),
            (read_all(), no_row()),
            (probe(), listed(&[])),
            (LoadStep::Bounds { through: None }, truncated(900)),
        ],
    );
    assert_eq!(error.code(), Code::HistoryUnavailable);
    walk(
        &with_bounds(),
        &[
            (list(3), listed(&[])),
            (read_all(), no_row()),
            (probe(), listed(&[])),
            (LoadStep::Bounds { through: None }, no_bounds()),
        ],
        &LoadStep::Replay,
    );
}

/// A version without migrations, or one that was rolled back, does not look into the slots of others, but they show a past.
#[test]
fn an_empty_log_with_snapshots_of_another_version_only_is_not_an_empty_stream() {
    let other = LoadFact::Listed {
        keys: vec![keys().snapshot(1, 900)],
    };
    let error = walk_twice_to_failure(
        &request(),
        &[(list(3), listed(&[])), (read_all(), no_row()), (probe(), other)],
    );
    assert_eq!(error.code(), Code::HistoryUnavailable);
}

/// It may be a new stream, or one whose events were lost: only the store could tell, or somebody who knows that nothing is deleted.
#[test]
fn an_empty_log_proves_nothing_while_the_store_cannot_be_read() {
    let unlisted = [(list(3), unreadable()), (read_all(), no_row())];
    let unprobed = [(list(3), listed(&[])), (read_all(), no_row()), (probe(), unreadable())];
    for conversation in [&unlisted[..], &unprobed] {
        let error = walk_twice_to_failure(&request(), conversation);
        assert_eq!(error.code(), Code::HistoryUnavailable);
        for words in ["history: 'complete'", "bounds", "unreadable"] {
            assert!(error.message().contains(words), "{error}");
        }
    }
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
    let error = walk_twice_to_failure(
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
        let error = walk_twice_to_failure(&sparse(), &conversation);
        assert_eq!(error.code(), Code::HistoryUnavailable);
        assert!(
            error.message().contains("907") && error.message().contains("900"),
            "{error}"
        );
    }
}

/// The store was listed before another process saved and then truncated the log behind its snapshot.
#[test]
fn a_log_truncated_behind_a_new_snapshot_is_looked_at_again() {
    walk(
        &request(),
        &[
            (list(3), listed(&[])),
            (read_all(), row(900)),
            (list(3), listed(&[900])),
            (open(900), opened(900)),
            (read(900), row(900)),
        ],
        &used(900),
    );
}

#[test]
fn an_event_count_that_does_not_fit_its_position_is_of_another_stream_shape() {
    let from_zero = LoadRequest {
        sequence: Sequence::Contiguous { first_position: 0 },
        ..request()
    };
    let load = walk(
        &from_zero,
        &[
            (list(3), listed(&[900])),
            (open(900), opened(900)),
            (read_all(), row(0)),
        ],
        &LoadStep::Replay,
    );
    assert_eq!(codes(&load), [(Some(900), Code::Foreign)]);
}

#[test]
fn a_sparse_log_that_cannot_count_is_refused_unless_nothing_arrives_late() {
    let conversation = [
        (list(3), listed(&[900])),
        (open(900), opened(900)),
        (read(900), row(900)),
    ];
    let mut asked = conversation.to_vec();
    asked.push((bounds(900), no_bounds()));
    assert_eq!(walk_to_failure(&sparse_with_bounds(), &asked).code(), Code::ReadFailed);
    let none_late = LoadRequest {
        late_arrivals: false,
        ..sparse_with_bounds()
    };
    walk(&none_late, &conversation, &used(900));
}
