//! Every so many loads that a snapshot served: the full replay beside it, for what only shows in production. The TypeScript twin is
//! pkg/src/audit.ts.

use alloc::string::{String, ToString};
use core::sync::atomic::Ordering;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{EventLog, Handle, LoadOptions, Rejection, Repository, Slot, Source, Store};
use crate::fold::Fold;
use crate::{Code, Error, Result, value};

/// How the comparison of a load with the full replay went.
#[derive(Clone, Debug, PartialEq)]
pub enum Audit {
    /// The snapshot is right.
    Equal,
    /// It is not, and the handle is what was replayed: [`Code::Diverged`], with the snapshot's position, and the path `history` if other
    /// events were folded. The handle names the snapshot among those that were rejected, so that the next one replaces it.
    Diverged(Error),
    /// The events are gone, or others by now, or could not be replayed.
    Unavailable(Error),
}

/// In what a state that was built on a snapshot differs from the full replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// Not the same events were folded.
    History,
    /// The same events gave another state, or another number of them.
    State,
}

/// A difference between histories explains all others.
pub(super) fn difference<S: Serialize>(found: &Handle<S>, truth: &Handle<S>) -> Result<Option<Difference>> {
    if found
        .commitment
        .zip(truth.commitment)
        .is_some_and(|(one, other)| one != other)
    {
        return Ok(Some(Difference::History));
    }
    let same =
        found.event_count() == truth.event_count() && value::to_vec(&found.state)? == value::to_vec(&truth.state)?;
    Ok((!same).then_some(Difference::State))
}

impl<F, S, L> Repository<F, S, L>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    S: Store,
    L: EventLog<Event = F::Event>,
{
    /// The handle to go on with. An audit never fails a load.
    pub(super) async fn audited(&self, mut handle: Handle<F::State>, options: LoadOptions) -> Handle<F::State> {
        let Some(position) = self.audit_due(&handle) else {
            return handle;
        };
        let whole = LoadOptions {
            at: handle.position(),
            use_snapshots: false,
            max_replay: Some(u64::MAX),
            ..options
        };
        let compared = match self.loaded(&handle.stream, whole).await {
            Ok(truth) => self.compare(&handle, truth),
            Err(error) => Err(error),
        };
        match compared {
            Ok(None) => handle.audit = Some(Audit::Equal),
            Err(error) => handle.audit = Some(Audit::Unavailable(error)),
            Ok(Some((truth, difference))) => {
                let error = diverged(difference).at_position(position);
                let rejection = self.rejection(&handle, &error);
                handle = Handle {
                    rejected: [core::mem::take(&mut handle.rejected), rejection.into_iter().collect()].concat(),
                    historical: handle.historical,
                    audit: Some(Audit::Diverged(error)),
                    ..truth
                };
            }
        }
        handle
    }

    /// The position of the snapshot behind a handle, if it is time to look at one.
    fn audit_due(&self, handle: &Handle<F::State>) -> Option<u64> {
        let every = self.definition.audit_every?;
        let (Source::Snapshot { position } | Source::Migrated { position, .. }) = handle.source else {
            return None;
        };
        let loads = self.audited_loads.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        loads.is_multiple_of(every).then_some(position)
    }

    /// The replay, if it differs, and in what.
    fn compare(
        &self,
        handle: &Handle<F::State>,
        truth: Handle<F::State>,
    ) -> Result<Option<(Handle<F::State>, Difference)>> {
        if self.definition.late_events_possible() && truth.event_count() != handle.event_count() {
            return Err(Error::new(Code::Stragglers, "an event arrived below since the load"));
        }
        Ok(difference(handle, &truth)?.map(|difference| (truth, difference)))
    }

    fn rejection(&self, handle: &Handle<F::State>, error: &Error) -> Option<Rejection> {
        let (position, slot) = match handle.source {
            Source::Snapshot { position } => (position, self.definition.slot()),
            Source::Migrated { position, version } => (position, Slot::Version(version)),
            Source::Replay => return None,
        };
        let keys = self.definition.keys_of(&handle.stream).ok()?;
        Some(Rejection {
            key: keys.snapshot(slot, position),
            position: Some(position),
            code: error.code(),
            message: error.message().to_string(),
        })
    }
}

fn diverged(difference: Difference) -> Error {
    match difference {
        Difference::History => Error::new(
            Code::Diverged,
            "the log holds other events than those that a snapshot was folded of; the full replay is used instead. If that is not on \
             purpose, restore the log",
        )
        .at_path("history"),
        Difference::State => Error::new(
            Code::Diverged,
            String::from(
                "the state from a snapshot is not that of the full replay, which is used instead; the fold is not deterministic, or was \
                 changed without a new version",
            ),
        ),
    }
}
