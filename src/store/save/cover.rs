//! What already lies in the slot, and whether it leaves room for a save.

use alloc::string::String;

use super::{SaveResult, SaveStep, Walk, failed};
use crate::fold::Anchor;
use crate::frame::Digest;
use crate::store::keys::by_position;
use crate::text::text;
use crate::{Code, Error};

impl Walk<'_> {
    pub(super) fn listed(&mut self, prefix: &str, keys: &[String]) -> SaveStep {
        self.listed = keys.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
        self.candidates = by_position(self.listed.iter());
        let own = self.own_key();
        self.occupied = self.listed.contains(&own);
        self.own_verdict = self.verdict(&own).filter(|_| self.occupied);
        self.look()
    }

    /// What lies at or above our position may cover it. With a fence, the newest sound one tells whether the stream has another owner.
    pub(super) fn look(&mut self) -> SaveStep {
        while let Some((position, key)) = self.candidates.pop() {
            let may_cover = position >= self.request.header.position && self.verdict(&key).is_none();
            if may_cover || !self.fence_compared {
                return SaveStep::Open { key, position };
            }
        }
        self.put()
    }

    pub(super) fn rejected(&mut self, position: u64, code: Code) -> SaveStep {
        if position == self.request.header.position {
            self.own_verdict = Some(code);
            self.occupied = code != Code::Absent;
        }
        self.look()
    }

    /// A sound snapshot lies there.
    pub(super) fn opened(
        &mut self,
        key: String,
        position: u64,
        digest: &Digest,
        anchor: Option<&Anchor>,
        fence: Option<u64>,
    ) -> SaveStep {
        let header = &self.request.header;
        if let (Some(ours), Some(theirs)) = (header.fence, fence)
            && theirs > ours
        {
            let words = text!("the stream has another owner: fence {}, ours is {}", theirs, ours);
            return failed(Error::new(Code::Fenced, words).at_position(position));
        }
        self.fence_compared = true;
        // What lies where a put found something was written after the load.
        let distrusted = self.verdict(&key).is_some() && !self.collided;
        if position < header.position || distrusted {
            return self.look();
        }
        let same_place = position == header.position;
        if !same_place || *digest == self.request.payload.digest {
            return SaveStep::Done {
                result: SaveResult::AlreadyCovered { key },
            };
        }
        if anchor == header.anchor.as_ref() {
            return failed(
                Error::new(
                    Code::Diverged,
                    "the same last event gave another state before: evolve is not deterministic, it changed without a new version, or one of both states missed an event that arrived late; load again",
                )
                .at_position(position),
            );
        }
        // The stored one belongs to a history that the log no longer has.
        self.look()
    }

    /// Somebody else wrote at our position since the slot was listed.
    pub(super) fn collided(&mut self, key: String) -> SaveStep {
        if self.collided {
            return failed(Error::new(
                Code::StoreFailed,
                "others write and delete at this position all the time; take the snapshot again",
            ));
        }
        self.collided = true;
        self.occupied = true;
        SaveStep::Open {
            key,
            position: self.request.header.position,
        }
    }

    /// What nobody can use is replaced, but perhaps others can use it: those who have its key, or newer code.
    fn put(&self) -> SaveStep {
        let (code, words) = match self.own_verdict {
            Some(code @ Code::UnknownKey) => (code, "it is signed with a key that is not given here"),
            Some(code @ Code::TooNew) => (code, "newer code has written it"),
            _ => {
                return SaveStep::Put {
                    key: self.own_key(),
                    if_absent: self.request.if_absent && !self.occupied,
                };
            }
        };
        failed(
            Error::new(
                code,
                text!("the snapshot that lies at this position is left alone: {}", words),
            )
            .at_position(self.request.header.position),
        )
    }

    /// What the load said of a key.
    pub(super) fn verdict(&self, key: &str) -> Option<Code> {
        let mut distrusted = self.request.distrusted.iter();
        distrusted
            .find(|rejected| rejected.key == key)
            .map(|rejected| rejected.code)
    }
}
