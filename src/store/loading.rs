//! The driver's other half of a load: from what recovery found to a handle, by folding the log behind it.

use alloc::format;
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handle::{Handle, Source, Tail};
use super::pages::Pages;
use super::recovery::Recovered;
use super::{EventLog, LoadFact, LoadOptions, Rejection, Repository, Store};
use crate::fold::{Commitment, Fold, Progress, Row, Sequence};
use crate::policy::LastSnapshot;
use crate::{Code, Error, Result};

impl<F, S, L> Repository<F, S, L>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    S: Store,
    L: EventLog<Event = F::Event>,
{
    pub(super) fn handle_of(
        &self,
        stream: &str,
        snapshot: Option<Recovered<F::State>>,
        rejected: Vec<Rejection>,
        options: LoadOptions,
    ) -> Handle<F::State> {
        let commitment = match &snapshot {
            _ if !self.definition.history_commitment => None,
            None => Some(Commitment::default()),
            Some(Recovered { header, .. }) => header.commitment,
        };
        let (state, progress, source, base) = match snapshot {
            None => (
                self.definition.fold.initial(),
                Progress::default(),
                Source::Replay,
                None,
            ),
            Some(Recovered {
                header,
                state,
                frame_bytes,
            }) => {
                let (position, version) = (header.position, header.version);
                let own = version == self.definition.version;
                let base = own.then_some(LastSnapshot {
                    events: header.event_count,
                    at: header.taken_at,
                    bytes: frame_bytes,
                });
                let source = match own {
                    true => Source::Snapshot { position },
                    false => Source::Migrated { position, version },
                };
                (
                    state,
                    Progress::resume(position, header.event_count, header.anchor),
                    source,
                    base,
                )
            }
        };
        Handle {
            stream: stream.into(),
            state,
            progress,
            commitment,
            source,
            replayed: 0,
            rejected,
            historical: options.at.is_some(),
            fence: self.definition.fence_of(stream),
            base,
            load: None,
            tail: Tail::default(),
            audit: None,
        }
    }

    /// Folds the page and those that follow, and says how many events that were.
    pub(super) async fn fold_through(
        &self,
        handle: &mut Handle<F::State>,
        mut page: Vec<Row<F::Event>>,
        mut pages: Pages<'_, L>,
        LoadOptions { at, max_replay, .. }: LoadOptions,
    ) -> Result<u64> {
        let most = max_replay.or(self.definition.max_replay).unwrap_or(u64::MAX);
        let before = handle.event_count();
        let beyond = |position: u64| at.is_some_and(|at| position > at);
        let mut passed = at.is_some() && handle.position() == at;
        while !passed {
            if page.is_empty() {
                page = pages.next().await?;
            }
            if page.is_empty() {
                break;
            }
            for row in page.drain(..) {
                if beyond(row.position) {
                    passed = true;
                    break;
                }
                if handle.event_count() - before == most {
                    return Err(too_long(&handle.stream, most).at_position(row.position));
                }
                self.fold(handle, row)?;
            }
            passed |= at.is_some() && handle.position() == at;
        }
        let sparse = self.definition.sequence == Sequence::Sparse;
        match at {
            Some(at) if !(passed && (sparse || handle.position() == Some(at))) => Err(Error::new(
                Code::BeyondLog,
                "the log holds no event at this position, or ends before it",
            )
            .at_position(at)),
            _ => Ok(handle.event_count() - before),
        }
    }
}

/// What a load learns from a fold that failed, and may do better on another way; every other error is the load's own.
pub(super) fn learned<S>(handle: &Handle<S>, error: Error) -> Result<LoadFact> {
    match (error.code(), error.position()) {
        (Code::InvalidatesBase, Some(position)) if handle.source != Source::Replay => {
            Ok(LoadFact::Invalidated { position })
        }
        (Code::Gap, Some(position)) => Ok(LoadFact::Gap { position }),
        _ => Err(error),
    }
}

/// Whether a load may succeed where the fold of what came after a handle did not: it begins elsewhere.
pub(super) fn is_worth_a_load(code: Code) -> bool {
    matches!(code, Code::InvalidatesBase | Code::Gap | Code::ReplayTooLong)
}

fn too_long(stream: &str, most: u64) -> Error {
    Error::new(
        Code::ReplayTooLong,
        format!(
            "stream {stream} has more than {most} events to fold, which is maxReplay; see why no newer snapshot serves, or allow more"
        ),
    )
}
