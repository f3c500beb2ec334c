//! Judging a candidate against the log.

use alloc::string::String;

use super::super::keys::position_of;
use super::{Bounds, Candidate, LoadStep, Walk};
use crate::fold::{Anchor, Sequence};
use crate::text::text;
use crate::{Code, Error};

impl Walk<'_> {
    pub(super) fn opened(&mut self, key: String, position: u64, event_count: u64, anchor: Option<Anchor>) -> LoadStep {
        if let Sequence::Contiguous { first_position } = self.request.sequence
            && position.checked_sub(first_position) != event_count.checked_sub(1)
        {
            let message = text!(
                "{} events do not reach from {} to {}",
                event_count,
                first_position,
                position
            );
            return self.reject(key, Some(position), Code::Foreign, message);
        }
        self.candidate = Some(Candidate {
            key,
            position,
            event_count,
            anchor,
        });
        self.read()
    }

    pub(super) fn judge_row(&mut self) -> LoadStep {
        let Some(candidate) = &self.candidate else {
            return self.judge_start();
        };
        let position = candidate.position;
        match &self.row {
            Some(row) if row.position < position => LoadStep::Fail {
                error: Error::new(
                    Code::ReadFailed,
                    text!(
                        "asked for events from {} on, the log answered with an earlier one; `from` is inclusive and ascending",
                        position
                    ),
                )
                .at_position(row.position),
            },
            Some(row) if row.position == position => {
                if candidate.anchor.is_some() && candidate.anchor != row.anchor {
                    return self.reject_candidate(Code::Diverged, "the log holds another event at this position");
                }
                if self.request.late_arrivals && self.request.sequence == Sequence::Sparse {
                    return LoadStep::Bounds {
                        through: Some(position),
                    };
                }
                self.use_candidate()
            }
            _ if self.request.has_bounds => LoadStep::Bounds {
                through: Some(position),
            },
            _ => self.anchor_missing(&Bounds::default()),
        }
    }

    pub(super) fn judge_bounds(&mut self, bounds: &Bounds) -> LoadStep {
        let Some(candidate) = &self.candidate else {
            return match bounds.truncated_through {
                Some(through) => self.history_unavailable(text!("events through {} were deleted on purpose", through)),
                None => LoadStep::Replay,
            };
        };
        let anchored = self.row.as_ref().is_some_and(|row| row.position == candidate.position);
        if !anchored {
            return self.anchor_missing(bounds);
        }
        match (bounds.count, bounds.truncated_through) {
            // What was deleted cannot be counted any more, but what is left must be among what was folded.
            (Some(count), Some(_)) if count <= candidate.event_count => self.use_candidate(),
            (Some(count), None) if count == candidate.event_count => self.use_candidate(),
            (Some(count), _) => {
                let folded = candidate.event_count;
                self.late_events(count, folded)
            }
            (None, _) => LoadStep::Fail {
                error: Error::new(
                    Code::ReadFailed,
                    "the bounds of a sparse log must count its events; or declare that none arrives late",
                ),
            },
        }
    }

    /// The log has no event at the candidate's position. That is sound only if exactly the events folded into it were deleted.
    fn anchor_missing(&mut self, bounds: &Bounds) -> LoadStep {
        let position = self
            .candidate
            .as_ref()
            .map(|candidate| candidate.position)
            .unwrap_or_default();
        let following = self.row.as_ref().map(|row| row.position);
        let contiguous = matches!(self.request.sequence, Sequence::Contiguous { .. });
        match (bounds.truncated_through, following) {
            (Some(through), _) if through == position && !contiguous => match bounds.count {
                Some(late @ 1..) if self.request.late_arrivals => self.late_events(late, 0),
                _ => self.use_candidate(),
            },
            (Some(through), None) if through == position => self.use_candidate(),
            (Some(through), Some(next)) if through >= position && contiguous && next - 1 == position => {
                self.use_candidate()
            }
            (Some(through), _) if through >= position => self.gap(text!(
                "events through {} were deleted, which this snapshot does not reach",
                through
            )),
            (_, None) => self.reject_candidate(Code::Ahead, "the log ends before this position"),
            (_, Some(next)) if contiguous => self.gap(text!(
                "the log goes on at {}, without the event at this position; if it is there, read must take `from` as inclusive",
                next
            )),
            (_, Some(_)) => {
                self.reject_candidate(Code::Diverged, "the log has no event at this position, but later ones")
            }
        }
    }

    fn late_events(&mut self, count: u64, folded: u64) -> LoadStep {
        let message = text!(
            "the log holds {} events through this position, {} of them are folded in at most",
            count,
            folded
        );
        self.reject_candidate(Code::Stragglers, message)
    }

    fn gap(&mut self, message: String) -> LoadStep {
        if self.restarted {
            return self.reject_candidate(Code::Gap, message);
        }
        self.restart()
    }

    /// Only the fold sees what is missing between two pages.
    pub(super) fn torn(&mut self, position: u64) -> LoadStep {
        if !self.restarted {
            return self.restart();
        }
        LoadStep::Fail {
            error: Error::new(
                Code::Gap,
                "events are missing here, also after the load began again; `from` is inclusive, and positions with gaps need \
                 sequence: 'sparse'",
            )
            .at_position(position),
        }
    }

    fn use_candidate(&mut self) -> LoadStep {
        match self.candidate.take() {
            Some(candidate) => LoadStep::Use { key: candidate.key },
            None => self.replay(),
        }
    }

    fn reject_candidate(&mut self, code: Code, message: impl Into<String>) -> LoadStep {
        match self.candidate.take() {
            Some(candidate) => self.reject(candidate.key, Some(candidate.position), code, message.into()),
            None => self.next_candidate(),
        }
    }

    /// Only the fold can find that out, and only when the snapshot is in use already.
    pub(super) fn invalidated(&mut self, key: String, position: u64) -> LoadStep {
        let used = position_of(&key).unwrap_or_default();
        let from = position.min(used);
        self.invalid_from = Some(self.invalid_from.map_or(from, |before| before.min(from)));
        self.reject_invalidated(key, used)
    }

    pub(super) fn reject_invalidated(&mut self, key: String, position: u64) -> LoadStep {
        let message = String::from("an event behind it changes what it holds");
        self.reject(key, Some(position), Code::InvalidatesBase, message)
    }
}
