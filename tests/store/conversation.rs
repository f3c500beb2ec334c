//! A load as a conversation: the words in which its tests are written.

use snapfold::fold::{Anchor, Sequence};
use snapfold::store::{
    Bounds, FirstRow, History, LoadFact, LoadRequest, LoadStep, NextLoad, OnStoreError, StreamKeys, next,
};
use snapfold::{Code, Error};

pub fn keys() -> StreamKeys {
    StreamKeys::new("cart", "cart-42").unwrap()
}

pub fn request() -> LoadRequest {
    LoadRequest {
        name: "cart".into(),
        stream: "cart-42".into(),
        version: 3,
        fold_digest: None,
        migratable: vec![],
        sequence: Sequence::default(),
        at: None,
        use_snapshots: true,
        has_bounds: false,
        late_arrivals: false,
        history: None,
        on_store_error: OnStoreError::Replay,
        max_replay: None,
    }
}

pub fn with_bounds() -> LoadRequest {
    LoadRequest {
        has_bounds: true,
        late_arrivals: true,
        ..request()
    }
}

/// Of a log that is never truncated.
pub fn sparse() -> LoadRequest {
    LoadRequest {
        sequence: Sequence::Sparse,
        history: Some(History::Complete),
        ..request()
    }
}

pub fn sparse_with_bounds() -> LoadRequest {
    LoadRequest {
        sequence: Sequence::Sparse,
        ..with_bounds()
    }
}

// Facts

pub fn listed(positions: &[u64]) -> LoadFact {
    LoadFact::Listed {
        keys: positions.iter().map(|position| keys().snapshot(3, *position)).collect(),
    }
}

/// A sound snapshot of as many events as its position says, the last one being `e` and the position.
pub fn opened(position: u64) -> LoadFact {
    LoadFact::Opened {
        event_count: position,
        anchor: Some(Anchor::id(format!("e{position}"))),
    }
}

pub fn rejected(code: Code) -> LoadFact {
    LoadFact::Rejected {
        code,
        message: "why".into(),
    }
}

pub fn row(position: u64) -> LoadFact {
    foreign_row(position, &format!("e{position}"))
}

pub fn foreign_row(position: u64, id: &str) -> LoadFact {
    LoadFact::FirstRow {
        row: Some(FirstRow {
            position,
            anchor: Some(Anchor::id(id)),
        }),
    }
}

pub fn no_row() -> LoadFact {
    LoadFact::FirstRow { row: None }
}

pub fn count(count: u64) -> LoadFact {
    LoadFact::Bounds {
        bounds: Bounds {
            count: Some(count),
            truncated_through: None,
        },
    }
}

pub fn truncated(through: u64) -> LoadFact {
    LoadFact::Bounds {
        bounds: Bounds {
            count: None,
            truncated_through: Some(through),
        },
    }
}

pub fn no_bounds() -> LoadFact {
    LoadFact::Bounds {
        bounds: Bounds::default(),
    }
}

pub fn unreadable() -> LoadFact {
    LoadFact::Unreadable {
        message: "disk on fire".into(),
    }
}

// Steps

pub fn list(version: u32) -> LoadStep {
    LoadStep::List {
        prefix: keys().snapshots(version),
        start: None,
        limit: 16,
    }
}

/// The look into every slot that an empty log gives reason to.
pub fn probe() -> LoadStep {
    LoadStep::List {
        prefix: keys().all_snapshots(),
        start: None,
        limit: 1,
    }
}

pub fn open(position: u64) -> LoadStep {
    LoadStep::Open {
        key: keys().snapshot(3, position),
        position,
    }
}

pub fn read(from: u64) -> LoadStep {
    LoadStep::Read { from: Some(from) }
}

pub fn read_all() -> LoadStep {
    LoadStep::Read { from: None }
}

pub fn bounds(through: u64) -> LoadStep {
    LoadStep::Bounds { through: Some(through) }
}

pub fn used(position: u64) -> LoadStep {
    LoadStep::Use {
        key: keys().snapshot(3, position),
    }
}

/// Walks through a conversation: each step, and the fact that answers it; then the last step.
#[track_caller]
pub fn walk(request: &LoadRequest, conversation: &[(LoadStep, LoadFact)], end: &LoadStep) -> NextLoad {
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
pub fn walk_to_failure(request: &LoadRequest, conversation: &[(LoadStep, LoadFact)]) -> Error {
    let facts: Vec<_> = conversation.iter().map(|(_, fact)| fact.clone()).collect();
    match next(request, &facts).unwrap().step {
        LoadStep::Fail { error } => {
            walk(request, conversation, &LoadStep::Fail { error: error.clone() });
            error
        }
        other => panic!("{other:?} after {facts:?}"),
    }
}

/// As [`walk_to_failure`], for a history that is found missing: a load looks once more before it says so.
#[track_caller]
pub fn walk_twice_to_failure(request: &LoadRequest, conversation: &[(LoadStep, LoadFact)]) -> Error {
    walk_to_failure(request, &[conversation, conversation].concat())
}

pub fn codes(load: &NextLoad) -> Vec<(Option<u64>, Code)> {
    load.rejected
        .iter()
        .map(|rejection| (rejection.position, rejection.code))
        .collect()
}
