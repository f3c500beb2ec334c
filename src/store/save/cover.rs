//! What already lies at or above the position to be saved.

use alloc::string::String;

use super::{SaveResult, SaveStep, Walk, failed};
use crate::fold::Anchor;
use crate::frame::Digest;
use crate::store::position_of;
use crate::text::text;
use crate::{Code, Error};

impl Walk<'_> {
    pub(super) fn listed(&mut self, prefix: &str, keys: &[String]) -> SaveStep {
        self.listed = keys.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
        self.covering = self
            .listed
            .iter()
            .filter(|key| self.verdict(key).is_none())
            .filter_map(|key| Some((position_of(key)?, key.clone())))
            .filter(|(position, _)| *position >= self.request.header.position)
            .collect();
        let own = self.own_key();
        self.own_verdict = self.verdict(&own).filter(|_| self.listed.contains(&own));
        self.look_above()
    }

    pub(super) fn look_above(&mut self) -> SaveStep {
        match self.covering.pop() {
            Some((position, key)) => SaveStep::Open { key, position },
            None => self.put(),
        }
    }

    /// What the load said of a key.
    pub(super) fn verdict(&self, key: &str) -> Option<Code> {
        let mut distrusted = self.request.distrusted.iter();
        distrusted
            .find(|rejected| rejected.key == key)
            .map(|rejected| rejected.code)
    }

    /// A sound snapshot lies at or above our position.
    pub(super) fn covered(&mut self, key: String, position: u64, digest: &Digest, anchor: Option<&Anchor>) -> SaveStep {
        let same_place = position == self.request.header.position;
        if !same_place || *digest == self.request.payload.digest {
            return SaveStep::Done {
                result: SaveResult::AlreadyCovered { key },
            };
        }
        if anchor == self.request.header.anchor.as_ref() {
            return failed(
                Error::new(
                    Code::Diverged,
                    "the same events gave another state before: evolve is not deterministic, or it changed without a new version",
                )
                .at_position(position),
            );
        }
        // The stored one belongs to a history that the log no longer has.
        self.look_above()
    }

    /// What nobody can use is replaced, but perhaps others can use it: those who have its key, or newer code.
    pub(super) fn put(&self) -> SaveStep {
        let (code, words) = match self.own_verdict {
            Some(code @ Code::UnknownKey) => (code, "it is signed with a key that is not given here"),
            Some(code @ Code::TooNew) => (code, "newer code has written it"),
            _ => return SaveStep::Put { key: self.own_key() },
        };
        failed(
            Error::new(
                code,
                text!("the snapshot that lies at this position is left alone: {}", words),
            )
            .at_position(self.request.header.position),
        )
    }
}
