//! A save as a conversation: which step follows from which facts.

use snapfold::fold::Anchor;
use snapfold::frame::{Header, Payload};
use snapfold::store::{
    Distrusted, Listing, Retention, SaveFact, SaveRequest, SaveResult, SaveStep, StreamKeys, next_save,
};
use snapfold::{Code, Error, Result};

fn keys() -> StreamKeys {
    StreamKeys::new("cart", "cart-42").unwrap()
}

fn key(position: u64) -> String {
    keys().snapshot(3, position)
}

fn request() -> SaveRequest {
    let header = Header {
        anchor: Some(Anchor::id("e500")),
        ..Header::new("cart", 3, "cart-42", 500, 500)
    };
    SaveRequest::new(header, Payload::of(b"state"), 1_000)
}

fn listed(positions: &[u64]) -> SaveFact {
    SaveFact::Listed {
        keys: positions.iter().map(|position| key(*position)).collect(),
    }
}

fn opened(state: &[u8], anchor: &str) -> SaveFact {
    SaveFact::Opened {
        digest: snapfold::frame::sha256(state),
        anchor: Some(Anchor::id(anchor)),
        fence: None,
    }
}

/// A listing, and what follows when the slot is free: put, no tombstone, read back.
fn written_after(mut facts: Vec<SaveFact>) -> Vec<SaveFact> {
    facts.extend([SaveFact::Stored, NOT_FORGOTTEN, opened(b"state", "e500")]);
    facts
}

const NOT_FORGOTTEN: SaveFact = SaveFact::Found { there: false };

fn rejected(code: Code) -> SaveFact {
    SaveFact::Rejected { code }
}

fn distrusted(position: u64, code: Code) -> Distrusted {
    Distrusted {
        key: key(position),
        code,
    }
}

fn failed() -> SaveFact {
    SaveFact::Failed {
        code: Code::Timeout,
        message: "5 s went by".into(),
    }
}

fn open(position: u64) -> SaveStep {
    SaveStep::Open {
        key: key(position),
        position,
    }
}

fn put() -> SaveStep {
    SaveStep::Put {
        key: key(500),
        if_absent: false,
    }
}

fn get() -> SaveStep {
    SaveStep::Get {
        key: keys().tombstone(),
    }
}

fn verify() -> SaveStep {
    SaveStep::Verify {
        key: key(500),
        position: 500,
    }
}

fn delete(keys: Vec<String>) -> SaveStep {
    SaveStep::Delete {
        keys,
        covered_by: key(500),
    }
}

fn covered(position: u64) -> SaveStep {
    SaveStep::Done {
        result: SaveResult::AlreadyCovered { key: key(position) },
    }
}

fn taken(deleted: &[u64], delete_error: Option<Error>) -> SaveStep {
    let deleted = deleted.iter().map(|position| key(*position)).collect();
    SaveStep::Done {
        result: SaveResult::Taken {
            key: key(500),
            deleted,
            delete_error,
        },
    }
}

fn failure(step: Result<SaveStep>) -> Error {
    match step.unwrap() {
        SaveStep::Done {
            result: SaveResult::Failed { error },
        } => error,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_next(facts: &[SaveFact], step: &SaveStep) {
    assert_eq!(next_save(&request(), facts).as_ref(), Ok(step), "after {facts:?}");
}

#[test]
fn an_empty_slot_is_written_at_once() {
    assert_next(
        &[],
        &SaveStep::List {
            prefix: keys().snapshots(3),
            limit: 18,
        },
    );
    assert_next(&[listed(&[])], &put());
    assert_next(&[listed(&[]), SaveFact::Stored], &get());
    assert_next(&[listed(&[]), SaveFact::Stored, NOT_FORGOTTEN], &verify());
    assert_next(&written_after(vec![listed(&[])]), &taken(&[], None));
}

#[test]
fn retention_follows_the_write() {
    let mut facts = written_after(vec![listed(&[400, 300, 200])]);
    assert_next(&facts[..1], &put());
    assert_next(&facts[..3], &verify());
    assert_next(&facts, &delete(vec![key(300), key(200)]));
    facts.push(SaveFact::Stored);
    assert_next(&facts, &taken(&[300, 200], None));
}

#[test]
fn a_deletion_that_fails_leaves_the_snapshot_taken() {
    let error = Error::new(Code::Timeout, "5 s went by");
    let mut facts = written_after(vec![listed(&[400, 300])]);
    facts.push(failed());
    assert_next(&facts, &taken(&[], Some(error.clone())));
    // Nor does reading back what a store cannot read now.
    let unread = [listed(&[400, 300]), SaveFact::Stored, NOT_FORGOTTEN, failed()];
    assert_next(&unread, &taken(&[], Some(error)));
}

#[test]
fn a_store_that_fails_before_the_write_is_done_ends_the_save() {
    for facts in [
        vec![failed()],
        vec![listed(&[500]), failed()],
        vec![listed(&[500]), rejected(Code::Corrupt), failed()],
        // Whether the stream was forgotten is not known then.
        vec![listed(&[]), SaveFact::Stored, failed()],
    ] {
        let error = failure(next_save(&request(), &facts));
        assert_eq!((error.code(), error.message()), (Code::Timeout, "5 s went by"));
    }
}

#[test]
fn the_same_snapshot_is_not_written_twice() {
    assert_next(&[listed(&[500, 400])], &open(500));
    assert_next(&[listed(&[500, 400]), opened(b"state", "e500")], &covered(500));
}

#[test]
fn a_newer_sound_snapshot_covers_ours() {
    let facts = [listed(&[700, 600, 400]), opened(b"newer", "e700")];
    assert_next(&facts[..1], &open(700));
    assert_next(&facts, &covered(700));
}

#[test]
fn a_newer_damaged_one_covers_nothing() {
    let facts = [listed(&[700, 600]), rejected(Code::Corrupt), opened(b"newer", "e600")];
    assert_next(&facts[..2], &open(600));
    assert_next(&facts, &covered(600));
    assert_next(&[listed(&[700]), rejected(Code::Truncated)], &put());
}

#[test]
fn a_damaged_snapshot_at_the_same_position_is_replaced() {
    for verdict in [Code::Corrupt, Code::Truncated, Code::Foreign, Code::Stale] {
        assert_next(&[listed(&[500]), rejected(verdict)], &put());
        assert_next(
            &written_after(vec![listed(&[500]), rejected(verdict)]),
            &taken(&[], None),
        );
    }
}

#[test]
fn what_vanished_since_the_listing_may_have_been_covered_by_something_newer() {
    let list = next_save(&request(), &[]).unwrap();
    let facts = [
        listed(&[700]),
        rejected(Code::Absent),
        listed(&[900]),
        opened(b"newer", "e900"),
    ];
    assert_next(&facts[..2], &list);
    assert_next(&facts[..3], &open(900));
    assert_next(&facts, &covered(900));
    // Once.
    let again = [&facts[..3], &[rejected(Code::Absent)]].concat();
    assert_next(&again, &put());
}

#[test]
fn another_state_of_the_same_events_is_reported_and_neither_is_trusted() {
    let error = failure(next_save(&request(), &[listed(&[500]), opened(b"other", "e500")]));
    assert_eq!((error.code(), error.position()), (Code::Diverged, Some(500)));
}

#[test]
fn a_snapshot_of_a_history_that_is_gone_is_replaced() {
    assert_next(&[listed(&[500]), opened(b"other", "x500")], &put());
}

#[test]
fn what_the_load_rejected_covers_nothing_and_is_not_opened_again() {
    let request = SaveRequest {
        distrusted: vec![distrusted(700, Code::Ahead), distrusted(500, Code::Corrupt)],
        ..request()
    };
    assert_eq!(next_save(&request, &[listed(&[700, 500, 400])]), Ok(put()));
    let facts = [listed(&[700, 600, 500]), opened(b"newer", "e600")];
    assert_eq!(next_save(&request, &facts[..1]), Ok(open(600)));
    assert_eq!(next_save(&request, &facts), Ok(covered(600)));
}

/// It may be the only one that somebody else can read.
#[test]
fn a_snapshot_at_the_same_position_that_only_others_can_use_is_not_overwritten() {
    for code in [Code::UnknownKey, Code::TooNew] {
        let found_now = failure(next_save(&request(), &[listed(&[500, 400]), rejected(code)]));
        let found_by_the_load = SaveRequest {
            distrusted: vec![distrusted(500, code)],
            ..request()
        };
        let known = failure(next_save(&found_by_the_load, &[listed(&[500, 400])]));
        for error in [found_now, known] {
            assert_eq!((error.code(), error.position()), (code, Some(500)), "{error}");
        }
        // Elsewhere it is in nobody's way.
        assert_next(&[listed(&[600, 400]), rejected(code)], &put());
        assert_eq!(
            next_save(&found_by_the_load, &[listed(&[600, 400]), rejected(code)]),
            Ok(put())
        );
        // And a sound one above covers us, whatever lies here.
        let above = [listed(&[600, 500]), opened(b"newer", "e600")];
        assert_eq!(next_save(&found_by_the_load, &above), Ok(covered(600)));
    }
    assert_next(&[listed(&[500]), rejected(Code::Unsigned)], &put());
}

#[test]
fn the_size_limit_is_inclusive_and_nothing_is_read_above_it() {
    let error = failure(next_save(
        &SaveRequest {
            frame_bytes: 1_001,
            ..request()
        },
        &[],
    ));
    assert_eq!(error.code(), Code::TooLarge);
    assert!(
        error.message().contains("1001") && error.message().contains("1000"),
        "{error}"
    );
    assert!(matches!(next_save(&request(), &[]), Ok(SaveStep::List { .. })));
}

#[test]
fn a_store_that_lists_late_loses_nothing() {
    let eventual = SaveRequest {
        listing: Listing::Eventual,
        keep: Retention::from(1),
        ..request()
    };
    // Where listings lag, reads may lag too: nothing is read back.
    let step = next_save(&eventual, &[listed(&[400, 300]), SaveFact::Stored, NOT_FORGOTTEN]);
    assert_eq!(step, Ok(taken(&[], None)));
}

#[test]
fn the_attempt_marker_goes_with_the_success() {
    let request = SaveRequest {
        clear_attempt: true,
        ..request()
    };
    let marker = keys().attempt(3);
    let step = next_save(&request, &written_after(vec![listed(&[400, 300])]));
    assert_eq!(step, Ok(delete(vec![key(300), marker])));
}

#[test]
fn keys_of_other_slots_are_no_business_of_this_save() {
    let keys = vec![
        keys().snapshot(4, 900),
        keys().snapshot(33, 100),
        keys().attempt(3),
        "x".into(),
    ];
    let facts = written_after(vec![SaveFact::Listed { keys }]);
    let request = SaveRequest {
        keep: Retention::from(1),
        ..request()
    };
    assert_eq!(next_save(&request, &facts[..1]), Ok(put()));
    assert_eq!(next_save(&request, &facts), Ok(taken(&[], None)));
}

#[test]
fn a_fact_that_does_not_answer_the_step_is_refused() {
    let listing = listed(&[500, 300, 200, 100]);
    for facts in [
        vec![SaveFact::Stored],
        vec![opened(b"state", "e500")],
        vec![rejected(Code::Corrupt)],
        vec![listing.clone(), listing.clone()],
        vec![listing.clone(), SaveFact::Stored],
        vec![listing.clone(), rejected(Code::Corrupt), rejected(Code::Corrupt)],
        vec![
            listing.clone(),
            rejected(Code::Corrupt),
            SaveFact::Stored,
            listing.clone(),
        ],
        vec![listing.clone(), opened(b"state", "e500"), SaveFact::Stored],
        vec![listing.clone(), rejected(Code::Corrupt), SaveFact::Occupied],
        vec![
            listing.clone(),
            rejected(Code::Corrupt),
            SaveFact::Stored,
            SaveFact::Stored,
        ],
        vec![listing.clone(), NOT_FORGOTTEN],
        vec![failed(), failed()],
    ] {
        let error = next_save(&request(), &facts).unwrap_err();
        assert_eq!(
            (error.code(), error.path()),
            (Code::InvalidOption, Some("facts")),
            "{facts:?}"
        );
    }
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let no_period = Retention {
        every: Some(0),
        ..Retention::from(1)
    };
    for (keep, path) in [(Retention::from(0), "keep"), (no_period, "keep.every")] {
        let error = next_save(&SaveRequest { keep, ..request() }, &[]).unwrap_err();
        assert_eq!((error.code(), error.path()), (Code::InvalidOption, Some(path)));
    }
    let nameless = SaveRequest {
        header: Header::new("", 1, "cart-42", 1, 1),
        ..request()
    };
    assert_eq!(next_save(&nameless, &[]).unwrap_err().code(), Code::InvalidId);
}

#[test]
fn a_conversation_can_be_written_down() {
    let facts = vec![
        listed(&[500]),
        opened(b"other", "x500"),
        rejected(Code::Corrupt),
        SaveFact::Stored,
        SaveFact::Occupied,
        NOT_FORGOTTEN,
        failed(),
    ];
    let bytes = snapfold::value::to_vec(&(request(), facts.clone())).unwrap();
    assert_eq!(
        snapfold::value::from_slice::<(SaveRequest, Vec<SaveFact>)>(&bytes).unwrap(),
        (request(), facts)
    );
    for step in [
        open(500),
        put(),
        get(),
        verify(),
        delete(vec![key(300)]),
        covered(700),
        SaveStep::Done {
            result: SaveResult::Forgotten,
        },
        taken(&[300], Some(Error::new(Code::Timeout, "late"))),
    ] {
        let bytes = snapfold::value::to_vec(&step).unwrap();
        assert_eq!(snapfold::value::from_slice::<SaveStep>(&bytes).unwrap(), step);
    }
}

#[test]
fn a_built_in_fold_is_saved_in_its_own_slot() {
    let fold = [7; 32];
    let mut request = request();
    request.header.fold_digest = Some(fold);
    request.keep = Retention::from(1);
    request.clear_attempt = true;
    let key = |position| keys().snapshot(fold, position);
    let steps = [
        SaveStep::List {
            prefix: keys().snapshots(fold),
            limit: 17,
        },
        SaveStep::Put {
            key: key(500),
            if_absent: false,
        },
        get(),
        SaveStep::Verify {
            key: key(500),
            position: 500,
        },
        SaveStep::Delete {
            keys: vec![key(400), keys().attempt(fold)],
            covered_by: key(500),
        },
    ];
    let facts = written_after(vec![SaveFact::Listed {
        keys: vec![key(400), keys().snapshot(3, 300)],
    }]);
    for (answered, step) in steps.iter().enumerate() {
        assert_eq!(next_save(&request, &facts[..answered]), Ok(step.clone()));
    }
}

#[test]
fn what_is_read_back_as_something_else_is_a_failure_and_nothing_is_deleted() {
    for (read, code) in [
        (rejected(Code::Truncated), Code::Truncated),
        (rejected(Code::Absent), Code::Absent),
        (opened(b"other", "e500"), Code::Diverged),
    ] {
        let facts = [listed(&[400, 300, 200]), SaveFact::Stored, NOT_FORGOTTEN, read];
        let error = failure(next_save(&request(), &facts));
        assert_eq!((error.code(), error.position()), (code, Some(500)));
    }
}

#[test]
fn without_reading_back_only_what_lies_behind_the_loaded_snapshot_goes() {
    let written = [listed(&[400, 300, 200, 100]), SaveFact::Stored, NOT_FORGOTTEN];
    for (vouched, distrusts, deleted) in [
        (None, vec![], vec![]),
        (Some(400), vec![], vec![300, 200, 100]),
        (Some(300), vec![], vec![200, 100]),
        (Some(100), vec![], vec![]),
        // No longer there, or found unusable since.
        (Some(350), vec![], vec![]),
        (Some(400), vec![distrusted(400, Code::Corrupt)], vec![]),
    ] {
        let request = SaveRequest {
            read_back: false,
            vouched,
            distrusted: distrusts,
            ..request()
        };
        let step = match deleted.as_slice() {
            [] => taken(&[], None),
            deleted => SaveStep::Delete {
                keys: deleted.iter().map(|position| key(*position)).collect(),
                covered_by: key(vouched.unwrap()),
            },
        };
        assert_eq!(next_save(&request, &written), Ok(step), "vouched {vouched:?}");
    }
}

#[test]
fn a_forgotten_stream_stays_forgotten() {
    let facts = [listed(&[400]), SaveFact::Stored, SaveFact::Found { there: true }];
    let take_back = SaveStep::Delete {
        keys: vec![key(500), keys().attempt(3)],
        covered_by: keys().tombstone(),
    };
    assert_next(&facts, &take_back);
    let forgotten = SaveStep::Done {
        result: SaveResult::Forgotten,
    };
    assert_next(&[&facts[..], &[SaveFact::Stored]].concat(), &forgotten);
    let error = failure(next_save(&request(), &[&facts[..], &[failed()]].concat()));
    assert_eq!(error.code(), Code::Timeout);
}

fn fenced_by(fence: u64) -> SaveFact {
    SaveFact::Opened {
        digest: snapfold::frame::sha256(b"theirs"),
        anchor: None,
        fence: Some(fence),
    }
}

#[test]
fn a_greater_fence_refuses_the_save_also_from_below() {
    let mut request = request();
    request.header.fence = Some(7);
    for positions in [&[700, 400][..], &[500, 400], &[400, 300]] {
        let newest = positions[0];
        let facts = [listed(positions), fenced_by(8)];
        assert_eq!(next_save(&request, &facts[..1]), Ok(open(newest)));
        let error = failure(next_save(&request, &facts));
        assert_eq!((error.code(), error.position()), (Code::Fenced, Some(newest)));
    }
    for theirs in [fenced_by(7), fenced_by(6), opened(b"theirs", "e400")] {
        assert_eq!(next_save(&request, &[listed(&[400, 300]), theirs]), Ok(put()));
    }
    // What cannot be opened says nothing; then the next one does.
    let facts = [listed(&[400, 300]), rejected(Code::Corrupt), fenced_by(8)];
    assert_eq!(next_save(&request, &facts[..2]), Ok(open(300)));
    assert_eq!(failure(next_save(&request, &facts)).code(), Code::Fenced);
    // What the load rejected, such as one ahead of a log that lags, is of an owner too, though it covers nothing.
    request.distrusted = vec![distrusted(700, Code::Ahead)];
    assert_eq!(next_save(&request, &[listed(&[700])]), Ok(open(700)));
    assert_eq!(next_save(&request, &[listed(&[700]), fenced_by(7)]), Ok(put()));
    assert_eq!(
        failure(next_save(&request, &[listed(&[700]), fenced_by(8)])).code(),
        Code::Fenced
    );
}

#[test]
fn without_a_fence_nothing_below_is_opened() {
    assert_next(&[listed(&[400, 300])], &put());
    assert_next(&[listed(&[500]), fenced_by(8)], &put());
}

#[test]
fn what_a_put_finds_at_its_position_is_judged_first() {
    let request = SaveRequest {
        if_absent: true,
        ..request()
    };
    let put_if_absent = SaveStep::Put {
        key: key(500),
        if_absent: true,
    };
    let facts = [listed(&[400]), SaveFact::Occupied];
    assert_eq!(next_save(&request, &facts[..1]), Ok(put_if_absent.clone()));
    assert_eq!(next_save(&request, &facts), Ok(open(500)));
    let after = |fact: SaveFact| next_save(&request, &[&facts[..], &[fact]].concat());
    assert_eq!(after(opened(b"state", "e500")), Ok(covered(500)));
    assert_eq!(failure(after(opened(b"other", "e500"))).code(), Code::Diverged);
    assert_eq!(failure(after(rejected(Code::TooNew))).code(), Code::TooNew);
    // What nobody can use is replaced; what is gone again leaves room, once.
    assert_eq!(after(rejected(Code::Corrupt)), Ok(put()));
    assert_eq!(after(opened(b"other", "x500")), Ok(put()));
    assert_eq!(after(rejected(Code::Absent)), Ok(put_if_absent.clone()));
    let again = [&facts[..], &[rejected(Code::Absent), SaveFact::Occupied]].concat();
    assert_eq!(failure(next_save(&request, &again)).code(), Code::StoreFailed);
    // What the listing showed was judged already.
    assert_eq!(
        next_save(&request, &[listed(&[500]), rejected(Code::Corrupt)]),
        Ok(put())
    );
    assert_eq!(
        next_save(&request, &[listed(&[500]), rejected(Code::Absent), listed(&[])]),
        Ok(put_if_absent)
    );
}

#[test]
fn a_collision_shows_the_other_owner() {
    let mut request = SaveRequest {
        if_absent: true,
        ..request()
    };
    request.header.fence = Some(7);
    let facts = [listed(&[]), SaveFact::Occupied, fenced_by(8)];
    assert_eq!(failure(next_save(&request, &facts)).code(), Code::Fenced);
}
