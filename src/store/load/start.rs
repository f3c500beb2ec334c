//! Judging the start of the log: whether a replay is sound.

use alloc::string::String;

use super::{History, LoadStep, Walk};
use crate::fold::Sequence;
use crate::text::text;
use crate::{Code, Error};

const REMEDY: &str = "state history: 'complete' if events are never deleted, or give bounds";

impl Walk<'_> {
    pub(super) fn judge_start(&mut self) -> LoadStep {
        match (self.row.as_ref().map(|row| row.position), self.request.sequence) {
            (None, _) => self.judge_empty(),
            (Some(first), Sequence::Contiguous { first_position }) if first < first_position => LoadStep::Fail {
                error: Error::new(
                    Code::InvalidPosition,
                    text!(
                        "the log begins below {}; declare firstPosition: 0 if that is meant",
                        first_position
                    ),
                )
                .at_position(first),
            },
            (Some(first), Sequence::Contiguous { first_position }) if first > first_position => self
                .history_unavailable(text!(
                    "the log begins at {}, its first event should be {}",
                    first,
                    first_position
                )),
            (Some(_), Sequence::Contiguous { .. }) => LoadStep::Replay,
            (Some(_), Sequence::Sparse) if self.request.has_bounds => LoadStep::Bounds { through: None },
            (Some(first), Sequence::Sparse) => match self.rejected_below(first) {
                Some(position) => self.history_unavailable(text!(
                    "the log begins at {} and cannot tell whether that is its start, but a snapshot at {} exists",
                    first,
                    position
                )),
                None if self.vouched_for() => LoadStep::Replay,
                None => self.history_unavailable(text!(
                    "the log begins at {}, and what came before may have been deleted ({})",
                    first,
                    REMEDY
                )),
            },
        }
    }

    /// An empty log may be a new stream, or one whose events were lost: snapshots tell, also those of versions that are not read here.
    pub(super) fn judge_empty(&mut self) -> LoadStep {
        let seen = self.rejected.iter().find_map(|rejection| rejection.position);
        if let Some(position) = seen {
            return self.history_unavailable(text!("the log is empty, but a snapshot at {} exists", position));
        }
        let vouched_for = self.vouched_for();
        match self.rejected.is_empty() {
            true if self.request.use_snapshots || !vouched_for => self.probe(),
            false if !vouched_for => self.history_unavailable(text!(
                "the log is empty, and the store cannot tell whether the stream is new ({})",
                REMEDY
            )),
            _ => self.judge_new(),
        }
    }

    fn probe(&mut self) -> LoadStep {
        self.probing = true;
        LoadStep::List {
            prefix: self.keys.all_snapshots(),
            start: None,
            limit: 1,
        }
    }

    pub(super) fn probed(&mut self, keys: &[String]) -> LoadStep {
        match keys.first() {
            Some(key) => self.history_unavailable(text!("the log is empty, but a snapshot lies under {}", key)),
            None => self.judge_new(),
        }
    }

    /// Nothing is known of the stream; the log may know that it was truncated.
    fn judge_new(&self) -> LoadStep {
        match self.request.has_bounds {
            true => LoadStep::Bounds { through: None },
            false => LoadStep::Replay,
        }
    }

    /// Whether a log that shows nothing missing may be taken at its word.
    fn vouched_for(&self) -> bool {
        self.request.has_bounds || self.request.history == Some(History::Complete)
    }

    /// A snapshot from before the log's first event shows that events were deleted, whatever is wrong with it.
    fn rejected_below(&self, first: u64) -> Option<u64> {
        let mut positions = self.rejected.iter().filter_map(|rejection| rejection.position);
        positions.find(|position| *position < first)
    }

    /// Gives up, unless a snapshot may have been written and the log truncated behind it since the store was listed.
    pub(super) fn history_unavailable(&mut self, found: String) -> LoadStep {
        if self.request.use_snapshots && !self.restarted {
            return self.restart();
        }
        let mut codes = String::new();
        for rejection in &self.rejected {
            let comma = if codes.is_empty() { "" } else { ", " };
            codes.push_str(comma);
            codes.push_str(rejection.code.as_str());
        }
        let snapshots = match codes.as_str() {
            "" if !self.request.use_snapshots => String::from("snapshots were not to be used"),
            "" => String::from("none lies in this version's slot"),
            codes => text!("no snapshot can be used ({})", codes),
        };
        LoadStep::Fail {
            error: Error::new(
                Code::HistoryUnavailable,
                text!(
                    "{}, and {}; restore the log or a snapshot, migrate another version's, or invalidate from 0 if the stream was reset on purpose",
                    found,
                    snapshots
                ),
            ),
        }
    }
}
