//! The host's event log from one position on, page by page. The TypeScript twin is `Pages` in pkg/src/events.ts.

use alloc::format;
use alloc::vec::Vec;

use super::{EventLog, History};
use crate::fold::{Row, Sequence};
use crate::{Code, Error, Result};

pub(super) struct Pages<'a, L> {
    log: &'a L,
    stream: &'a str,
    /// First position of the next page, inclusive; `None` is the start of the log.
    from: Option<u64>,
    ended: bool,
    page_size: usize,
    /// Position of the last page's last row, and whether the page was full.
    seam: Option<(u64, bool)>,
    /// Whether positions tell nothing of rows that are missing.
    sparse: bool,
}

impl<'a, L: EventLog> Pages<'a, L> {
    pub fn new(log: &'a L, stream: &'a str, from: Option<u64>, page_size: usize, sequence: Sequence) -> Self {
        Self {
            log,
            stream,
            from,
            ended: false,
            page_size,
            seam: None,
            sparse: sequence == Sequence::Sparse,
        }
    }

    /// The next page; an empty one is the end of the log, which is not read again.
    pub async fn next(&mut self) -> Result<Vec<Row<L::Event>>> {
        if self.ended {
            return Ok(Vec::new());
        }
        let rows = self.read(self.from, self.page_size).await?;
        // The same page again and again would otherwise be read for ever.
        if let (Some(row), Some(from)) = (rows.first(), self.from)
            && row.position < from
        {
            return Err(Error::new(
                Code::ReadFailed,
                "the log answered with an earlier event than asked for; `from` is inclusive and ascending",
            )
            .at_position(row.position));
        }
        if let Some((seam, full)) = self.seam
            && self.may_have_lost_rows(full, rows.is_empty())
        {
            self.check_seam(seam).await?;
        }
        let last = rows.last().map(|last| last.position);
        self.seam = last.map(|last| (last, rows.len() >= self.page_size));
        self.from = last.and_then(|last| last.checked_add(1));
        self.ended = self.from.is_none();
        Ok(rows)
    }

    /// Since the page before, unless all events are kept. A contiguous stream shows a hole by itself, but not that all the rest of it is gone.
    fn may_have_lost_rows(&self, full: bool, at_end: bool) -> bool {
        let shown = !self.sparse && (!at_end || !self.log.has_bounds());
        !shown && (full || !at_end) && self.log.history() != Some(History::Complete)
    }

    /// Logs are truncated from their start: if the row before a page is still there, nothing was missing when the page was read.
    async fn check_seam(&self, seam: u64) -> Result<()> {
        match self.read(Some(seam), 1).await?.first() {
            Some(row) if row.position == seam => Ok(()),
            _ => Err(Error::new(Code::Gap, "the log was truncated while it was read").at_position(seam)),
        }
    }

    async fn read(&self, from: Option<u64>, limit: usize) -> Result<Vec<Row<L::Event>>> {
        let rows = self.log.read(self.stream, from, limit).await;
        rows.map_err(|error| Error::new(Code::ReadFailed, format!("the event log failed: {error}")))
    }
}
