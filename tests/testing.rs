//! `snapfold::testing`: each law fails for a fold that is broken in that way, and a lock for results that changed.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::atomic::{AtomicU64, Ordering};

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use snapfold::fold::{Fold, Row, Sequence};
use snapfold::store::Definition;
use snapfold::testing::{DefinitionLock, definition_lock, snapshot_laws};
use snapfold::{Code, Error};

#[derive(Clone, Copy, PartialEq)]
enum Flaw {
    None,
    Unencodable,
    Refuses,
    Forgets,
    Remembers,
    LooksAtTheWorld,
    AddsFourTwice,
}

static WORLD: AtomicU64 = AtomicU64::new(0);

struct Sum {
    flaw: Flaw,
    /// How many events this fold has seen.
    seen: AtomicU64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Total {
    #[serde(serialize_with = "below_a_thousand")]
    sum: u64,
    /// Lost where it is stored.
    #[serde(skip)]
    since: u64,
}

fn below_a_thousand<S: Serializer>(sum: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    match sum {
        0..1_000 => serializer.serialize_u64(*sum),
        _ => Err(S::Error::custom("a thousand")),
    }
}

impl Fold for Sum {
    type State = Total;
    type Event = u64;

    fn initial(&self) -> Total {
        Total::default()
    }

    fn evolve(&self, total: &mut Total, amount: &u64) {
        let seen = self.seen.fetch_add(1, Ordering::Relaxed);
        total.since += 1;
        total.sum += match self.flaw {
            Flaw::Unencodable if *amount == 4 => 1_000,
            Flaw::Forgets if total.since == 5 => 100,
            Flaw::Remembers => seen,
            Flaw::LooksAtTheWorld => WORLD.fetch_add(1, Ordering::Relaxed),
            Flaw::AddsFourTwice if *amount == 4 => 8,
            _ => *amount,
        };
    }
}

fn definition(version: u32, flaw: Flaw) -> Definition<Sum> {
    let seen = AtomicU64::new(0);
    Definition::new("sum", version, Sum { flaw, seen }).validate(move |total| {
        let opened = total.sum == 10 && total.since == 0;
        match flaw == Flaw::Refuses && opened {
            true => Err(Error::new(Code::Invalid, "ten")),
            false => Ok(()),
        }
    })
}

fn rows(count: u64) -> Vec<Row<u64>> {
    (1..=count)
        .map(|position| Row::new(position, format!("event-{position}"), position))
        .collect()
}

fn broken(flaw: Flaw) -> Error {
    snapshot_laws(|| definition(1, flaw), &rows(12)).unwrap_err()
}

#[test]
fn the_laws_hold_for_a_fold_without_a_flaw() {
    for count in [0, 1, 2, 12] {
        snapshot_laws(|| definition(1, Flaw::None), &rows(count)).unwrap();
    }
    let gaps: Vec<_> = rows(12)
        .into_iter()
        .map(|row| Row {
            position: 7 * row.position,
            ..row
        })
        .collect();
    snapshot_laws(|| definition(1, Flaw::None).sequence(Sequence::Sparse), &gaps).unwrap();
    let refused = snapshot_laws(|| definition(1, Flaw::None), &gaps).unwrap_err();
    assert_eq!((refused.code(), refused.position()), (Code::Gap, Some(7)));
}

#[test]
fn each_law_fails_for_a_fold_that_breaks_it() {
    assert_eq!(broken(Flaw::Unencodable).code(), Code::Unencodable);
    let refused = broken(Flaw::Refuses);
    assert_eq!((refused.code(), refused.position()), (Code::Invalid, Some(4)));
    assert!(refused.message().starts_with("the snapshot is not used: "), "{refused}");
    let cases = [
        (
            Flaw::Forgets,
            "the snapshot goes on to another state than the full replay",
        ),
        (
            Flaw::Remembers,
            "pages of many events give another state than single ones",
        ),
        (Flaw::LooksAtTheWorld, "folding twice gives two states"),
    ];
    for (flaw, says) in cases {
        let error = broken(flaw);
        assert_eq!((error.code(), error.message()), (Code::Diverged, says));
        assert!(error.position().is_some());
    }
}

#[test]
fn a_lock_notices_results_that_changed_without_a_new_version() {
    let before = definition_lock(|| definition(2, Flaw::None), &rows(6)).unwrap();
    let text = serde_json::to_string(&before).unwrap();
    let kept: DefinitionLock = serde_json::from_str(&text).unwrap();
    assert_eq!(kept, before);
    before.check(&kept).unwrap();

    let changed = definition_lock(|| definition(2, Flaw::AddsFourTwice), &rows(6)).unwrap();
    let error = changed.check(&kept).unwrap_err();
    assert_eq!(error.code(), Code::Diverged);
    assert!(error.message().contains("first after event 4 of 6"), "{error}");

    let bumped = definition_lock(|| definition(3, Flaw::AddsFourTwice), &rows(6)).unwrap();
    bumped.check(&kept).unwrap();
    assert_eq!(kept.check(&bumped).unwrap_err().code(), Code::Stale);
}

#[test]
fn a_lock_of_another_definition_or_of_other_events_proves_nothing() {
    let lock = definition_lock(|| definition(1, Flaw::None), &rows(6)).unwrap();
    let longer = definition_lock(|| definition(1, Flaw::None), &rows(7)).unwrap();
    assert_eq!(lock.check(&longer).unwrap_err().code(), Code::Foreign);
    let other = DefinitionLock {
        name: "other".into(),
        ..lock.clone()
    };
    assert_eq!(lock.check(&other).unwrap_err().code(), Code::Foreign);
    let nothing = definition_lock(|| definition(1, Flaw::None), &[]).unwrap_err();
    assert_eq!((nothing.code(), nothing.path()), (Code::InvalidOption, Some("rows")));
}
