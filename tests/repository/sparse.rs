//! Streams whose positions have gaps, and whose events may arrive late.

use snapfold::Code;
use snapfold::fold::{Row, Sequence};
use snapfold::store::{Definition, EventLog, History, HostError, LoadOptions, Repository, Source};

use crate::common::{Log, TestStore, now};
use crate::{Accounts, Event, STREAM, append, definition, event, fold, open, replay, snapshot};

fn sparse() -> Definition<Accounts> {
    definition().sequence(Sequence::Sparse)
}

fn tens(events: u64) -> (TestStore, Log<Event>) {
    let (store, log) = (TestStore::default(), Log::with_bounds());
    append(&log, (1..=events).map(|n| n * 10));
    (store, log)
}

#[test]
fn counts_do_not_follow_from_positions() {
    let (store, log) = tens(12);
    let repository = open(sparse(), &store, &log);
    let handle = snapshot(&repository);
    assert_eq!((handle.position(), handle.event_count()), (Some(120), 12));
    append(&log, [131, 137]);
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.source(), handle.replayed()),
        (Source::Snapshot { position: 120 }, 2)
    );
    assert_eq!(
        (handle.state(), handle.position(), handle.event_count()),
        (&replay(&log), Some(137), 14)
    );
}

#[test]
fn an_event_that_arrived_late_is_not_lost() {
    let (store, log) = tens(12);
    let repository = open(sparse(), &store, &log);
    snapshot(&repository);
    append(&log, (13..=24).map(|n| n * 10));
    snapshot(&repository);
    append(&log, [155]);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(*handle.state(), replay(&log));
    assert_eq!(
        handle.source(),
        Source::Snapshot { position: 120 },
        "the older one is still right"
    );
    assert_eq!(handle.rejected()[0].code, Code::Stragglers);
    repository.blocking().snapshot(&mut handle).unwrap();
    let healed = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        (healed.source(), healed.rejected().len()),
        (Source::Snapshot { position: 240 }, 0)
    );
    assert_eq!(*healed.state(), replay(&log));
}

#[test]
fn an_event_that_arrives_between_the_load_and_the_replay_is_no_divergence() {
    let (store, log) = tens(12);
    let repository = open(sparse(), &store, &log);
    snapshot(&repository);
    log.upset_before(2, |rows| rows.insert(5, event(55))); // the load reads at the snapshot, and the end
    let verified = now(repository.verify(STREAM)).unwrap();
    assert_eq!((verified.position, verified.event_count), (Some(120), 13));
}

#[test]
fn refresh_finds_late_events_too() {
    let (store, log) = tens(12);
    let repository = open(sparse(), &store, &log);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    append(&log, [55, 125]);
    repository.blocking().refresh(&mut handle).unwrap();
    assert_eq!((handle.state(), handle.event_count()), (&replay(&log), 14));
}

#[test]
fn refresh_reads_only_what_came_after_where_no_event_arrives_late() {
    let (store, log) = tens(12);
    let repository = open(sparse().late_arrivals_impossible(), &store, &log);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    append(&log, [125]);
    log.take_reads();
    repository.blocking().refresh(&mut handle).unwrap();
    assert_eq!((handle.state(), handle.event_count()), (&replay(&log), 13));
    assert_eq!(log.take_reads(), [Some(120), Some(126)]);
}

#[test]
fn refresh_of_a_sparse_stream_does_not_take_an_empty_log_for_a_new_beginning() {
    let (store, log) = tens(12);
    let repository = open(sparse(), &store, &log);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    log.restore_to(STREAM, 0);
    let error = repository.blocking().refresh(&mut handle).unwrap_err();
    assert_eq!((error.code(), handle.event_count()), (Code::HistoryUnavailable, 12));
}

#[test]
fn a_page_that_was_read_twice_counts_once() {
    let (store, log) = tens(3);
    let repository = open(sparse(), &store, &log);
    let mut handle = repository.blocking().load(STREAM).unwrap();
    repository.apply(&mut handle, [event(30), event(40)]).unwrap();
    assert_eq!(handle.event_count(), 4);
    let twin = Row::new(40, "another", Event::Paid(1));
    let error = repository.apply(&mut handle, [twin]).unwrap_err();
    assert_eq!((error.code(), error.position()), (Code::OutOfOrder, Some(40)));
    let error = repository.apply(&mut handle, [event(35)]).unwrap_err();
    assert_eq!((error.code(), handle.event_count()), (Code::OutOfOrder, 4));
}

#[test]
fn the_past_of_a_sparse_stream_lies_between_its_positions() {
    let (store, log) = tens(12);
    let repository = open(sparse(), &store, &log);
    snapshot(&repository);
    append(&log, [130]);
    for (at, events) in [(10, 1), (19, 1), (20, 2), (119, 11), (120, 12), (125, 12), (130, 13)] {
        let options = LoadOptions {
            at: Some(at),
            ..LoadOptions::default()
        };
        let handle = repository.blocking().load_with(STREAM, options).unwrap();
        assert_eq!(*handle.state(), fold(&log.rows(STREAM)[..events]), "at {at}");
    }
    let options = LoadOptions {
        at: Some(131),
        ..LoadOptions::default()
    };
    assert_eq!(
        repository.blocking().load_with(STREAM, options).unwrap_err().code(),
        Code::BeyondLog
    );
}

#[test]
fn a_log_pruned_through_the_snapshot_lives_on() {
    let (store, log) = tens(12);
    let repository = open(sparse(), &store, &log);
    let before = snapshot(&repository);
    log.prune_through(STREAM, 120);
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!((handle.state(), handle.event_count()), (before.state(), 12));
    append(&log, [130]);
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!((handle.event_count(), handle.replayed()), (13, 1));
    log.prune_through(STREAM, 130);
    assert_eq!(
        repository.blocking().load(STREAM).unwrap_err().code(),
        Code::HistoryUnavailable
    );
}

#[test]
fn an_event_that_arrives_below_all_that_was_deleted_is_not_passed_over() {
    let (store, log) = tens(12);
    let repository = open(sparse(), &store, &log);
    snapshot(&repository);
    log.prune_through(STREAM, 120);
    append(&log, [55]);
    let error = repository.blocking().load(STREAM).unwrap_err();
    assert_eq!(error.code(), Code::HistoryUnavailable);
    assert!(error.message().contains("stragglers"), "{error}");
}

#[test]
fn a_refresh_folds_nothing_behind_rows_that_went_away() {
    let (store, log) = (TestStore::default(), Log::known(History::Pruned));
    append(&log, [10]);
    let definition = sparse().late_arrivals_impossible().page_size(3);
    let repository = open(definition, &store, &log);
    let whole = Log::known(History::Complete);
    append(&whole, [10]);
    snapshot(&open(sparse().late_arrivals_impossible(), &store, &whole));
    let mut handle = repository.blocking().load(STREAM).unwrap();
    append(&log, (2..=8).map(|n| n * 10));
    log.upset_before(1, |rows| rows.retain(|row| row.position > 60));
    let error = repository.blocking().refresh(&mut handle).unwrap_err();
    assert_eq!(error.code(), Code::HistoryUnavailable);
    let folded: Vec<_> = [10, 20, 30].map(event).into();
    assert_eq!((handle.position(), handle.state()), (Some(30), &fold(&folded)));
}

/// A log that begins one event too early for ever would be read for ever.
#[test]
fn a_log_that_ignores_from_is_a_broken_log() {
    struct Sloppy(Log<Event>);
    impl EventLog for Sloppy {
        type Event = Event;
        async fn read(&self, stream: &str, from: Option<u64>, limit: usize) -> Result<Vec<Row<Event>>, HostError> {
            self.0.read(stream, from.map(|from| from - 1), limit).await
        }
        fn history(&self) -> Option<History> {
            self.0.history()
        }
    }
    let log = Log::known(History::Complete);
    append(&log, [10, 20]);
    let definition = sparse().late_arrivals_impossible();
    let repository = Repository::new(definition, TestStore::default(), Sloppy(log)).unwrap();
    let error = repository.blocking().load(STREAM).unwrap_err();
    assert_eq!((error.code(), error.position()), (Code::ReadFailed, Some(20)));
}

#[test]
fn without_bounds_late_events_must_be_declared_impossible_and_the_history_be_stated() {
    let refused = |definition, log| {
        let repository = Repository::new(definition, TestStore::default(), log);
        repository
            .err()
            .map(|error| (error.code(), error.path().map(str::to_owned)))
    };
    let option = |name: &str| Some((Code::InvalidOption, Some(name.to_owned())));
    let known = || Log::known(History::Complete);
    assert_eq!(refused(sparse(), known()), option("bounds"));
    assert_eq!(
        refused(sparse().late_arrivals_impossible(), Log::default()),
        option("history")
    );
    assert_eq!(refused(sparse().late_arrivals_impossible(), known()), None);
    assert_eq!(refused(sparse(), Log::with_bounds()), None);
    let log = known();
    append(&log, [10, 20]);
    let repository = open(sparse().late_arrivals_impossible(), &TestStore::default(), &log);
    snapshot(&repository);
    append(&log, [30]);
    let handle = repository.blocking().load(STREAM).unwrap();
    assert_eq!(
        (handle.source(), handle.state()),
        (Source::Snapshot { position: 20 }, &replay(&log))
    );
}
