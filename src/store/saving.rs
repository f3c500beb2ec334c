//! The driver's half of a save: encodes once, then performs steps until the core says that it is done.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{
    Definition, Distrusted, Handle, HostError, SaveFact, SaveRequest, SaveResult, SaveStep, Source, Store, next_save,
};
use crate::fold::Fold;
use crate::frame::{self, Expect, Header, Payload, Sealing};
use crate::policy::Attempt;
use crate::{Code, Error, Result, value};

/// What is known of the slot before a save.
pub(super) struct Known {
    pub distrusted: Vec<Distrusted>,
    /// What a load opened and used.
    pub vouched: Option<u64>,
    /// Whether a marker of a failed attempt may lie there.
    pub clear_attempt: bool,
}

impl Known {
    pub fn of<S>(handle: &Handle<S>, clear_attempt: bool) -> Self {
        let distrusted = handle.rejected.iter().map(|rejection| Distrusted {
            key: rejection.key.clone(),
            code: rejection.code,
        });
        Self {
            distrusted: distrusted.collect(),
            vouched: match handle.source {
                Source::Snapshot { position } => Some(position),
                _ => None,
            },
            clear_attempt,
        }
    }
}

/// An encoded snapshot, ready to be written.
pub(super) struct Sealed {
    pub header: Header,
    pub payload: Payload,
    pub frame: Vec<u8>,
}

/// What a failed attempt leaves in the store; docs/format.md §4.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    event_count: u64,
    failures: u32,
    #[serde(default)]
    at: Option<i64>,
    #[serde(default)]
    tail_bytes: u64,
    code: String,
}

/// Refuses a state that does not survive its own encoding, such as one with a `HashSet`, whose order changes.
pub(super) fn check_round_trip<F>(payload: &[u8]) -> Result<()>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
{
    let again: F::State = value::from_slice(payload)?;
    if value::to_vec(&again)? == payload {
        return Ok(());
    }
    Err(Error::new(
        Code::Unencodable,
        "the state encodes differently after a round trip; use BTreeSet or value::Set where order is not fixed",
    ))
}

pub(super) fn seal<F>(definition: &Definition<F>, handle: &Handle<F::State>) -> Result<Sealed>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
{
    if let Some(validate) = &definition.validate {
        validate(&handle.state)
            .map_err(|error| Error::new(Code::Invalid, format!("validate refused the state: {error}")))?;
    }
    let encoded = value::to_vec(&handle.state)?;
    if encoded.len() as u64 > definition.max_state_bytes {
        return Err(Error::new(
            Code::TooLarge,
            format!(
                "the state is {} bytes, max_state_bytes is {}",
                encoded.len(),
                definition.max_state_bytes
            ),
        ));
    }
    let verify = definition.verify_on_seal || cfg!(debug_assertions);
    if verify {
        check_round_trip::<F>(&encoded)?;
    }
    let header = header(definition, handle)?;
    let sealing = Sealing {
        compression: definition.compression,
        keys: &definition.keys,
        verify,
        ..Sealing::default()
    };
    let frame::Sealed { facts, frame } = frame::seal_with(&header, &encoded, &sealing)?;
    Ok(Sealed {
        header,
        payload: facts,
        frame,
    })
}

fn header<F: Fold>(definition: &Definition<F>, handle: &Handle<F::State>) -> Result<Header> {
    let position = handle.position().ok_or_else(|| {
        Error::new(
            Code::InvalidOption,
            "nothing is folded yet; there is nothing to snapshot",
        )
    })?;
    let mut header = Header::new(
        definition.name.as_str(),
        definition.version,
        handle.stream(),
        position,
        handle.event_count(),
    );
    header.anchor = handle.progress.anchor().cloned();
    header.taken_at = definition.now();
    header.fold_digest = definition.fold.digest();
    header.fence = handle.fence;
    header.commitment = handle.commitment;
    header.knows = definition.knows.clone();
    Ok(header)
}

pub(super) async fn save<F: Fold>(
    definition: &Definition<F>,
    store: &impl Store,
    sealed: &Sealed,
    known: Known,
) -> Result<SaveResult> {
    let Known {
        distrusted,
        vouched,
        clear_attempt,
    } = known;
    let request = SaveRequest {
        header: sealed.header.clone(),
        payload: sealed.payload.clone(),
        frame_bytes: sealed.frame.len() as u64,
        max_bytes: definition.max_bytes.min(store.max_value_bytes()),
        keep: definition.retention.clone(),
        distrusted,
        listing: store.listing(),
        clear_attempt,
        read_back: definition.read_back,
        vouched,
        if_absent: store.has_put_if_absent(),
    };
    let mut facts = Vec::new();
    loop {
        let fact = match next_save(&request, &facts)? {
            SaveStep::List { prefix, limit } => match store.list(&prefix, None, limit).await {
                Ok(keys) => SaveFact::Listed { keys },
                Err(error) => failure(&error),
            },
            SaveStep::Open { key, position } | SaveStep::Verify { key, position } => match store.get(&key).await {
                Ok(bytes) => judge(definition, &sealed.header.stream, position, bytes.as_deref()),
                Err(error) => failure(&error),
            },
            SaveStep::Put { key, if_absent: false } => {
                stored(store.put(&key, &sealed.frame, Some(&sealed.header)).await)
            }
            SaveStep::Put { key, if_absent: true } => {
                match store.put_if_absent(&key, &sealed.frame, Some(&sealed.header)).await {
                    Ok(true) => SaveFact::Stored,
                    Ok(false) => SaveFact::Occupied,
                    Err(error) => failure(&error),
                }
            }
            SaveStep::Get { key } => match store.get(&key).await {
                Ok(bytes) => SaveFact::Found { there: bytes.is_some() },
                Err(error) => failure(&error),
            },
            SaveStep::Delete { keys, .. } => stored(store.delete(&keys).await),
            SaveStep::Done { result } => return Ok(result),
        };
        facts.push(fact);
    }
}

/// Best effort: a store that has just failed may fail again, and the attempt is remembered in memory too.
pub(super) async fn mark_attempt<F: Fold>(
    definition: &Definition<F>,
    store: &impl Store,
    stream: &str,
    attempt: &Attempt,
    code: Code,
) {
    let marker = Marker {
        event_count: attempt.events,
        failures: attempt.failures,
        at: attempt.at,
        tail_bytes: attempt.tail_bytes,
        code: code.to_string(),
    };
    let (Ok(keys), Ok(bytes)) = (definition.keys_of(stream), value::to_vec(&marker)) else {
        return;
    };
    let key = keys.attempt(definition.slot());
    let written = store.put(&key, &bytes, None).await;
    // Its key holds the stream id, which must not come back once the stream is forgotten.
    if written.is_ok() && matches!(store.get(&keys.tombstone()).await, Ok(Some(_))) {
        let _ = store.delete(&[key]).await;
    }
}

/// The marker in the store; `None` if there is none, or none that can be read.
pub(super) async fn read_attempt<F: Fold>(
    definition: &Definition<F>,
    store: &impl Store,
    stream: &str,
) -> Option<Attempt> {
    let keys = definition.keys_of(stream).ok()?;
    let bytes = store.get(&keys.attempt(definition.slot())).await.ok()??;
    let marker: Marker = value::from_slice(&bytes).ok()?;
    Some(Attempt {
        events: marker.event_count,
        at: marker.at,
        tail_bytes: marker.tail_bytes,
        failures: marker.failures,
    })
}

fn judge<F: Fold>(definition: &Definition<F>, stream: &str, position: u64, bytes: Option<&[u8]>) -> SaveFact {
    let Some(bytes) = bytes else {
        return SaveFact::Rejected { code: Code::Absent };
    };
    let expect = Expect {
        position: Some(position),
        ..definition.expect(stream)
    };
    match frame::open_payload(bytes, &expect) {
        Ok(opened) => SaveFact::Opened {
            digest: opened.facts.digest,
            anchor: opened.header.anchor,
            fence: opened.header.fence,
        },
        Err(error) => SaveFact::Rejected { code: error.code() },
    }
}

fn stored(result: core::result::Result<(), HostError>) -> SaveFact {
    match result {
        Ok(()) => SaveFact::Stored,
        Err(error) => failure(&error),
    }
}

fn failure(error: &HostError) -> SaveFact {
    SaveFact::Failed {
        code: Code::StoreFailed,
        message: error.to_string(),
    }
}
