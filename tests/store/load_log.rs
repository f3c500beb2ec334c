//! A load as a conversation: what the log says of a candidate, and of itself.

use snapfold::Code;
use snapfold::fold::{Anchor, Sequence};
use snapfold::store::{FirstRow, History, LoadFact, LoadRequest, LoadStep, OnStoreError, next};

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

// What is known of the log as a whole

fn known(history: History, request: LoadRequest) -> LoadRequest {
    LoadRequest {
        history: Some(history),
        ..request
    }
}

fn without_snapshots(request: LoadRequest) -> LoadRequest {
    LoadRequest {
        use_snapshots: false,
        ..request
    }
}

#[test]
fn a_complete_log_that_is_empty_is_a_new_stream_whatever_the_store_says_not() {
    let request = known(History::Complete, request());
    let end = LoadStep::Replay;
    let load = walk(&request, &[(list(3), unreadable()), (read_all(), no_row())], &end);
    assert_eq!(codes(&load), [(None, Code::Unreadable)]);
    let unprobed = [(list(3), listed(&[])), (read_all(), no_row()), (probe(), unreadable())];
    let load = walk(&request, &unprobed, &end);
    assert_eq!(codes(&load), [(None, Code::Unreadable)]);
    // What the store does say counts more.
    let lost = [
        (list(3), listed(&[900])),
        (open(900), unreadable()),
        (read_all(), no_row()),
    ];
    assert_eq!(walk_twice_to_failure(&request, &lost).code(), Code::HistoryUnavailable);
}

#[test]
fn without_snapshots_an_empty_log_is_a_new_stream_if_somebody_knows() {
    walk(
        &without_snapshots(known(History::Complete, request())),
        &[(read_all(), no_row())],
        &LoadStep::Replay,
    );
    walk(
        &without_snapshots(with_bounds()),
        &[
            (read_all(), no_row()),
            (LoadStep::Bounds { through: None }, no_bounds()),
        ],
        &LoadStep::Replay,
    );
    for request in [request(), known(History::Pruned, request())] {
        let request = without_snapshots(request);
        let new = [(read_all(), no_row()), (probe(), listed(&[]))];
        walk(&request, &new, &LoadStep::Replay);
        for answer in [listed(&[900]), unreadable()] {
            let error = walk_to_failure(&request, &[(read_all(), no_row()), (probe(), answer)]);
            assert_eq!(error.code(), Code::HistoryUnavailable);
        }
    }
}

/// Nor is one of which nobody says anything.
#[test]
fn a_pruned_log_that_does_not_show_where_it_begins_is_not_replayed() {
    let silent = LoadRequest {
        history: None,
        ..sparse()
    };
    for request in [known(History::Pruned, sparse()), silent] {
        let error = walk_twice_to_failure(&request, &[(list(3), listed(&[])), (read_all(), row(3))]);
        assert_eq!(error.code(), Code::HistoryUnavailable);
        assert!(error.message().contains("bounds"), "{error}");
        let error = walk_to_failure(&without_snapshots(request.clone()), &[(read_all(), row(3))]);
        assert_eq!(error.code(), Code::HistoryUnavailable);
        let new = [(list(3), listed(&[])), (read_all(), no_row()), (probe(), listed(&[]))];
        walk(&request, &new, &LoadStep::Replay);
        let snapshot = [
            (list(3), listed(&[900])),
            (open(900), opened(900)),
            (read(900), row(900)),
        ];
        walk(&request, &snapshot, &used(900));
    }
    walk(
        &known(History::Pruned, request()),
        &[(list(3), listed(&[])), (read_all(), row(1))],
        &LoadStep::Replay,
    );
    // Bounds are more exact.
    let whole = [
        (list(3), listed(&[])),
        (read_all(), row(3)),
        (LoadStep::Bounds { through: None }, no_bounds()),
    ];
    walk(&known(History::Pruned, sparse_with_bounds()), &whole, &LoadStep::Replay);
}

// Limits

#[test]
fn a_store_that_cannot_be_read_ends_a_strict_load() {
    let strict = LoadRequest {
        on_store_error: OnStoreError::Throw,
        ..request()
    };
    for conversation in [
        &[(list(3), unreadable())][..],
        &[(list(3), listed(&[900])), (open(900), unreadable())],
        &[(list(3), listed(&[])), (read_all(), no_row()), (probe(), unreadable())],
    ] {
        let error = walk_to_failure(&strict, conversation);
        assert_eq!(error.code(), Code::Unreadable);
        assert!(error.message().contains("disk on fire"), "{error}");
    }
}

#[test]
fn a_limited_load_counts_before_it_reads() {
    let limited = |max_replay, request| LoadRequest {
        max_replay: Some(max_replay),
        ..request
    };
    let all = || LoadStep::Bounds { through: None };
    for request in [with_bounds(), sparse_with_bounds()] {
        let error = walk_to_failure(
            &limited(99, request.clone()),
            &[(list(3), listed(&[])), (all(), count(100))],
        );
        assert_eq!((error.code(), error.position()), (Code::ReplayTooLong, Some(0)));
        for words in ["cart-42", "100", "99"] {
            assert!(error.message().contains(words), "{error}");
        }
        let behind = [
            (list(3), listed(&[900])),
            (open(900), opened(900)),
            (all(), count(1_000)),
        ];
        let error = walk_to_failure(&limited(99, request.clone()), &behind);
        assert_eq!((error.code(), error.position()), (Code::ReplayTooLong, Some(900)));
        let enough = next(&limited(100, request), &behind.map(|(_, fact)| fact)).unwrap();
        assert_eq!(enough.step, read(900));
    }
    walk(
        &limited(99, request()),
        &[(list(3), listed(&[])), (read_all(), row(1))],
        &LoadStep::Replay,
    );
    let past = LoadRequest {
        at: Some(50),
        use_snapshots: false,
        ..limited(99, with_bounds())
    };
    walk(
        &past,
        &[(bounds(50), count(50)), (read_all(), row(1))],
        &LoadStep::Replay,
    );
    let pruned = [(all(), truncated(5)), (read_all(), row(6))];
    let error = walk_to_failure(&without_snapshots(limited(99, with_bounds())), &pruned);
    assert_eq!(error.code(), Code::HistoryUnavailable);
}

// Holes that only the fold sees

#[test]
fn a_hole_between_pages_restarts_the_walk_once() {
    let gap = |position| LoadFact::Gap { position };
    let first = [
        (list(3), listed(&[900])),
        (open(900), opened(900)),
        (read(900), row(900)),
        (used(900), gap(951)),
    ];
    let second = [
        (list(3), listed(&[950])),
        (open(950), opened(950)),
        (read(950), row(950)),
    ];
    walk(&request(), &[&first[..], &second].concat(), &used(950));
    let error = walk_to_failure(&request(), &[&first[..], &second, &[(used(950), gap(971))]].concat());
    assert_eq!((error.code(), error.position()), (Code::Gap, Some(971)));

    let replayed = [(read_all(), row(1)), (LoadStep::Replay, gap(9))];
    let error = walk_to_failure(&without_snapshots(request()), &[&replayed[..], &replayed].concat());
    assert_eq!((error.code(), error.position()), (Code::Gap, Some(9)));
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
    asked[3].1 = truncated(400);
    assert_eq!(walk_to_failure(&sparse_with_bounds(), &asked).code(), Code::ReadFailed);
    let none_late = LoadRequest {
        late_arrivals: false,
        ..sparse_with_bounds()
    };
    walk(&none_late, &conversation, &used(900));
}
