//! The fold's bookkeeping: which row may come next, and what identifies an event.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod again;
mod batches;
#[cfg(not(target_family = "wasm"))]
mod commitments;
#[path = "../support/folds/mod.rs"]
mod folds;
mod generated;
#[path = "../support/journals.rs"]
mod journals;
mod json_patch;
mod kept;
mod laws;
mod loans;
mod members;
mod merge_patch;
mod mistakes;
mod operations;
mod orders;
mod reference;
mod routes;
mod rows;
mod shapes;
mod shipped;
mod strict;
mod sums;
mod targets;
mod task_queue;

mod journal;
mod journal_tables;

use snapfold::Code;
use snapfold::fold::{Admission, Anchor, Progress, Row, Sequence};
use snapfold::value;

const FROM_ZERO: Sequence = Sequence::Contiguous { first_position: 0 };

fn admit(progress: &mut Progress, sequence: Sequence, position: u64) -> Result<Admission, Code> {
    let admitted = progress.admit(sequence, position, Anchor::id(format!("e{position}")));
    admitted.map_err(|error| {
        assert_eq!(error.position(), Some(position), "{error}");
        error.code()
    })
}

#[test]
fn nothing_folded_is_not_position_zero() {
    let mut progress = Progress::default();
    assert_eq!(
        (progress.position(), progress.event_count(), progress.anchor()),
        (None, 0, None)
    );
    assert_eq!(admit(&mut progress, FROM_ZERO, 0), Ok(Admission::Fold));
    assert_eq!((progress.position(), progress.event_count()), (Some(0), 1));
    assert_eq!(progress.anchor(), Some(&Anchor::id("e0")));
}

#[test]
fn contiguous_rows_follow_each_other_and_what_is_refused_changes_nothing() {
    let mut progress = Progress::default();
    let contiguous = Sequence::default();
    for (position, admission) in [
        (0, Err(Code::OutOfOrder)),
        (2, Err(Code::Gap)),
        (1, Ok(Admission::Fold)),
        (1, Err(Code::OutOfOrder)),
        (3, Err(Code::Gap)),
        (2, Ok(Admission::Fold)),
        (u64::MAX, Err(Code::Gap)),
    ] {
        let before = progress.clone();
        assert_eq!(admit(&mut progress, contiguous, position), admission, "{position}");
        assert_eq!(progress == before, admission.is_err(), "{position}");
    }
    assert_eq!((progress.position(), progress.event_count()), (Some(2), 2));
}

#[test]
fn sparse_rows_grow_and_the_last_one_may_come_again() {
    let mut progress = Progress::default();
    for (position, admission) in [
        (10, Ok(Admission::Fold)),
        (10, Ok(Admission::Repeated)),
        (9, Err(Code::OutOfOrder)),
        (500, Ok(Admission::Fold)),
        (10, Err(Code::OutOfOrder)),
        (u64::MAX, Ok(Admission::Fold)),
        (u64::MAX, Ok(Admission::Repeated)),
    ] {
        assert_eq!(
            admit(&mut progress, Sequence::Sparse, position),
            admission,
            "{position}"
        );
    }
    assert_eq!(progress.event_count(), 3);
    let twin = progress
        .admit(Sequence::Sparse, u64::MAX, Anchor::id("another"))
        .unwrap_err();
    assert_eq!(twin.code(), Code::OutOfOrder);
}

#[test]
fn there_is_no_position_after_the_last_one() {
    let mut progress = Progress::resume(u64::MAX, 5, None);
    let error = progress.admit(Sequence::default(), 0, Anchor::id("e")).unwrap_err();
    assert_eq!((error.code(), progress.event_count()), (Code::InvalidPosition, 5));
}

#[test]
fn progress_resumes_where_a_header_says() {
    let anchor = Some(Anchor::of_bytes(b"event"));
    let mut progress = Progress::resume(900, 850, anchor.clone());
    assert_eq!(
        (progress.position(), progress.event_count(), progress.anchor()),
        (Some(900), 850, anchor.as_ref())
    );
    assert_eq!(admit(&mut progress, Sequence::default(), 901), Ok(Admission::Fold));
    assert_eq!((progress.position(), progress.event_count()), (Some(901), 851));
}

#[test]
fn a_row_is_identified_by_its_id_or_its_bytes() {
    assert_eq!(Row::new(1, "e1", ()).anchor, Anchor::id("e1"));
    assert_eq!(Row::of_bytes(1, b"event", ()).anchor, Anchor::of_bytes(b"event"));
    assert_ne!(Anchor::of_bytes(b"event"), Anchor::of_bytes(b"events"));
}

#[test]
fn anchors_cross_as_text_or_as_bytes() {
    for (anchor, length) in [(Anchor::id("e1"), 3), (Anchor::of_bytes(b"event"), 34)] {
        let bytes = value::to_vec(&anchor).unwrap();
        assert_eq!((bytes.len(), value::from_slice(&bytes)), (length, Ok(anchor)));
    }
    for wrong in [&[0x01][..], &[0x41, 0x00], &[0xf6]] {
        assert_eq!(value::from_slice::<Anchor>(wrong).unwrap_err().code(), Code::Malformed);
    }
}

#[test]
fn sequences_cross_as_data() {
    for sequence in [Sequence::default(), FROM_ZERO, Sequence::Sparse] {
        let bytes = value::to_vec(&sequence).unwrap();
        assert_eq!(value::from_slice(&bytes), Ok(sequence));
    }
}
