//! Which snapshots in the store a load could use: what maintenance counts on.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::position_of;
use super::maintenance::store_failed;
use super::pages::Pages;
use super::recovery::{bounds, first_row, open, request};
use super::{EventLog, Head, LoadFact, LoadOptions, LoadRequest, LoadStep, Repository, Slot, Store, next};
use crate::Result;
use crate::fold::Fold;
use crate::frame::{self, Expect, Header};

impl<F, S, L> Repository<F, S, L>
where
    F: Fold,
    F::State: Serialize + DeserializeOwned,
    S: Store,
    L: EventLog<Event = F::Event>,
{
    /// Whether a load would use it, if it had the slot to itself and the log still has its anchor.
    pub(super) async fn is_sound(&self, stream: &str, slot: Slot, key: &str, position: u64) -> Result<bool> {
        let Some(header) = self.sound_header(stream, slot, key, position).await? else {
            return Ok(false);
        };
        let request = self.request_of(stream, slot, position);
        let keys = Vec::from([String::from(key)]);
        let (event_count, anchor) = (header.event_count, header.anchor);
        let mut facts = Vec::from([LoadFact::Listed { keys }, LoadFact::Opened { event_count, anchor }]);
        loop {
            let fact = match next(&request, &facts)?.step {
                LoadStep::Use { .. } => return Ok(true),
                LoadStep::Fail { error } => return Err(error),
                LoadStep::Bounds { through } => bounds(&self.log, stream, through).await?,
                LoadStep::Read { from } => {
                    let page = Pages::new(&self.log, stream, from, 1, self.definition.sequence)
                        .next()
                        .await?;
                    if page.first().is_none_or(|row| row.position != position) {
                        return Ok(false);
                    }
                    first_row(&page)
                }
                _ => return Ok(false),
            };
            facts.push(fact);
        }
    }

    /// For a load of what lies in that slot at a position.
    fn request_of(&self, stream: &str, slot: Slot, position: u64) -> LoadRequest {
        let at = LoadOptions {
            at: Some(position),
            ..LoadOptions::default()
        };
        let own = request(&self.definition, &self.log, stream, at);
        let (version, fold_digest) = match slot {
            Slot::Version(version) => (version, None),
            Slot::Fold(digest) => (own.version, Some(digest)),
        };
        LoadRequest {
            version,
            fold_digest,
            migratable: Vec::new(),
            max_replay: None,
            ..own
        }
    }

    /// `None` if nothing sound lies there; in the own slot also if it is no valid state.
    pub(super) async fn sound_header(
        &self,
        stream: &str,
        slot: Slot,
        key: &str,
        position: u64,
    ) -> Result<Option<Header>> {
        let Some(bytes) = self.store.get(key).await.map_err(store_failed)? else {
            return Ok(None);
        };
        if slot == self.definition.slot() {
            return Ok(open(&self.definition, stream, position, &bytes)
                .ok()
                .map(|opened| opened.header));
        }
        let expect = Expect {
            position: Some(position),
            version: match slot {
                Slot::Version(version) => Some(version),
                Slot::Fold(_) => None,
            },
            fold_digest: match slot {
                Slot::Version(_) => None,
                Slot::Fold(digest) => Some(digest),
            },
            ..self.definition.expect(stream)
        };
        Ok(frame::open_payload(&bytes, &expect).ok().map(|opened| opened.header))
    }

    /// Of the sound ones among these snapshots of the own slot.
    pub(super) async fn heads(&self, stream: &str, keys: &[String]) -> Result<Vec<Head>> {
        let mut heads = Vec::new();
        for key in keys {
            let Some(position) = position_of(key) else {
                continue;
            };
            if let Some(header) = self.sound_header(stream, self.definition.slot(), key, position).await? {
                heads.push(Head {
                    key: key.clone(),
                    taken_at: header.taken_at,
                });
            }
        }
        Ok(heads)
    }
}
