//! The driver's half of a load: performs steps until the core says what to build on.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::pages::Pages;
use super::{
    Definition, EventLog, FirstRow, HostError, LoadFact, LoadOptions, LoadRequest, LoadStep, NextLoad, Rejection,
    Repository, Store, next,
};
use crate::fold::{Fold, Row};
use crate::frame::{self, Expect, Header};
use crate::value::{self, Value};
use crate::{Code, Error, Result};

/// A verified snapshot, decoded and migrated.
pub(super) struct Recovered<S> {
    pub header: Header,
    pub state: S,
    pub frame_bytes: u64,
}

/// Where the fold begins.
pub(super) struct Start<'a, S, L: EventLog> {
    pub snapshot: Option<Recovered<S>>,
    /// First rows to fold; the anchor row is not among them.
    pub page: Vec<Row<L::Event>>,
    /// What follows that page.
    pub pages: Pages<'a, L>,
    pub rejected: Vec<Rejection>,
}

pub(super) async fn recover<'a, F, S, L>(
    repository: &'a Repository<F, S, L>,
    stream: &'a str,
    options: LoadOptions,
    facts: &mut Vec<LoadFact>,
) -> Result<Start<'a, F::State, L>>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    S: Store,
    L: EventLog<Event = F::Event>,
{
    let Repository {
        definition, store, log, ..
    } = repository;
    let request = request(definition, log, stream, options);
    let pages_from = |from| Pages::new(log, stream, from, definition.page_size, definition.sequence);
    let mut snapshot = None;
    let mut newest = None;
    let mut pages = pages_from(None);
    let mut page: Vec<Row<F::Event>> = Vec::new();
    loop {
        let NextLoad { step, rejected } = next(&request, facts)?;
        let fact = match step {
            LoadStep::List { prefix, start, limit } => list(store, &prefix, start.as_deref(), limit, &mut newest).await,
            LoadStep::Open { key, position } => match get(store, &key, newest.take()).await {
                Err(error) => unreadable(&error),
                Ok(None) => rejected_fact(&Error::new(Code::Absent, "it was listed, but it is gone")),
                Ok(Some(bytes)) => match open(definition, stream, position, &bytes) {
                    Err(error) => rejected_fact(&error),
                    Ok(opened) => {
                        let (event_count, anchor) = (opened.header.event_count, opened.header.anchor.clone());
                        snapshot = Some(opened);
                        LoadFact::Opened { event_count, anchor }
                    }
                },
            },
            LoadStep::Read { from } => {
                pages = pages_from(from);
                page = pages.next().await?;
                first_row(&page)
            }
            LoadStep::Bounds { through } => bounds(log, stream, through).await?,
            LoadStep::Use { .. } => return Ok(start(snapshot, page, pages, rejected)),
            LoadStep::Replay => return Ok(start(None, page, pages, rejected)),
            LoadStep::Fail { error } => return Err(error),
        };
        facts.push(fact);
    }
}

pub(super) fn first_row<E>(page: &[Row<E>]) -> LoadFact {
    LoadFact::FirstRow {
        row: page.first().map(|row| FirstRow {
            position: row.position,
            anchor: Some(row.anchor.clone()),
        }),
    }
}

pub(super) async fn bounds(log: &impl EventLog, stream: &str, through: Option<u64>) -> Result<LoadFact> {
    let bounds = log.bounds(stream, through).await;
    let failed = |error| Error::new(Code::ReadFailed, format!("the log's bounds failed: {error}"));
    bounds.map(|bounds| LoadFact::Bounds { bounds }).map_err(failed)
}

pub(super) fn request<F: Fold>(
    definition: &Definition<F>,
    log: &impl EventLog,
    stream: &str,
    options: LoadOptions,
) -> LoadRequest {
    LoadRequest {
        name: definition.name.clone(),
        stream: stream.into(),
        version: definition.version,
        fold_digest: definition.fold.digest(),
        migratable: definition.migratable(),
        sequence: definition.sequence,
        at: options.at,
        use_snapshots: options.use_snapshots,
        has_bounds: log.has_bounds(),
        late_arrivals: !definition.late_arrivals_impossible,
        history: log.history(),
        on_store_error: options.on_store_error.unwrap_or(definition.on_store_error),
        max_replay: options.max_replay.or(definition.max_replay),
    }
}

fn start<'a, S, L: EventLog>(
    snapshot: Option<Recovered<S>>,
    mut page: Vec<Row<L::Event>>,
    pages: Pages<'a, L>,
    rejected: Vec<Rejection>,
) -> Start<'a, S, L> {
    let anchor_at = snapshot.as_ref().map(|snapshot| snapshot.header.position);
    if page.first().is_some_and(|row| Some(row.position) == anchor_at) {
        page.remove(0);
    }
    Start {
        snapshot,
        page,
        pages,
        rejected,
    }
}

/// A first key and its bytes.
type Newest = Option<(String, Vec<u8>)>;

async fn list(store: &impl Store, prefix: &str, start: Option<&str>, limit: usize, newest: &mut Newest) -> LoadFact {
    if !store.has_newest() {
        return match store.list(prefix, start, limit).await {
            Ok(keys) => LoadFact::Listed { keys },
            Err(error) => unreadable(&error),
        };
    }
    match store.newest(prefix, start).await {
        Ok(found) => {
            *newest = found;
            LoadFact::Newest {
                key: newest.as_ref().map(|(key, _)| key.clone()),
            }
        }
        Err(error) => unreadable(&error),
    }
}

async fn get(store: &impl Store, key: &str, newest: Newest) -> core::result::Result<Option<Vec<u8>>, HostError> {
    match newest {
        Some((found, bytes)) if found == key => Ok(Some(bytes)),
        _ => store.get(key).await,
    }
}

fn unreadable(error: &HostError) -> LoadFact {
    LoadFact::Unreadable {
        message: error.to_string(),
    }
}

fn rejected_fact(error: &Error) -> LoadFact {
    LoadFact::Rejected {
        code: error.code(),
        message: error.message().into(),
    }
}

/// Verify, decode, migrate, validate: in this order.
pub(super) fn open<F>(
    definition: &Definition<F>,
    stream: &str,
    position: u64,
    bytes: &[u8],
) -> Result<Recovered<F::State>>
where
    F: Fold,
    F::State: DeserializeOwned,
{
    let migratable = definition.migratable();
    let expect = Expect {
        position: Some(position),
        migratable: &migratable,
        ..definition.expect(stream)
    };
    let opened = frame::open_payload(bytes, &expect)?;
    if let Some(media_type) = &opened.facts.media_type {
        return Err(Error::new(
            Code::TooNew,
            format!("its payload is {media_type}, which this repository does not read"),
        ));
    }
    let state = match opened.header.version == definition.version {
        true => value::from_slice(&opened.payload).map_err(|error| not_a_state(&error))?,
        false => migrate(definition, opened.header.version, &opened.payload)?,
    };
    if let Some(validate) = &definition.validate {
        validate(&state).map_err(|error| Error::new(Code::Invalid, format!("validate refused the state: {error}")))?;
    }
    Ok(Recovered {
        header: opened.header,
        state,
        frame_bytes: bytes.len() as u64,
    })
}

fn migrate<F>(definition: &Definition<F>, from: u32, payload: &[u8]) -> Result<F::State>
where
    F: Fold,
    F::State: DeserializeOwned,
{
    let mut plain: Value = value::from_slice(payload).map_err(|error| not_a_state(&error))?;
    for (version, step) in definition.migrations.range(from..) {
        plain = step(plain).map_err(|error| {
            Error::new(
                Code::MigrationFailed,
                format!("the migration from version {version} failed: {error}"),
            )
        })?;
    }
    value::to_vec(&plain)
        .and_then(|bytes| value::from_slice(&bytes))
        .map_err(|error| {
            Error::new(
                Code::MigrationFailed,
                format!("the migrated state has another shape: {error}"),
            )
        })
}

fn not_a_state(error: &Error) -> Error {
    Error::new(
        Code::Corrupt,
        format!("the payload is not a state of this definition: {error}"),
    )
}
