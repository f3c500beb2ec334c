//! The host's event log from one position on, page by page. The TypeScript twin is `Pages` in pkg/src/events.ts.

use alloc::format;
use alloc::vec::Vec;

use super::EventLog;
use crate::fold::Row;
use crate::{Code, Error, Result};

pub(super) struct Pages<'a, L> {
    log: &'a L,
    stream: &'a str,
    /// First position of the next page, inclusive; `None` is the start of the log.
    from: Option<u64>,
    ended: bool,
    page_size: usize,
    /// Position of the first page's last row.
    seam: Option<u64>,
    /// Whether rows of another page followed.
    sewn: bool,
}

impl<'a, L: EventLog> Pages<'a, L> {
    pub fn new(log: &'a L, stream: &'a str, from: Option<u64>, page_size: usize) -> Self {
        Self {
            log,
            stream,
            from,
            ended: false,
            page_size,
            seam: None,
            sewn: false,
        }
    }

    /// The next page; an empty one is the end of the log, which is not read again.
    pub async fn next(&mut self) -> Result<Vec<Row<L::Event>>> {
        if self.ended {
            return Ok(Vec::new());
        }
        let rows = self
            .log
            .read(self.stream, self.from, self.page_size)
            .await
            .map_err(|error| Error::new(Code::ReadFailed, format!("the event log failed: {error}")))?;
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
        let last = rows.last().map(|last| last.position);
        self.from = last.and_then(|last| last.checked_add(1));
        self.ended = self.from.is_none();
        self.sewn |= self.seam.is_some() && last.is_some();
        self.seam = self.seam.or(last);
        Ok(rows)
    }

    /// The position of a row that went away while the pages behind it were read, and events after it perhaps, too. Logs are truncated
    /// from their start: if it is still there, nothing is missing. A contiguous stream shows a hole by itself.
    pub async fn torn(&self) -> Result<Option<u64>> {
        let Some(seam) = self.seam.filter(|_| self.sewn) else {
            return Ok(None);
        };
        let again = Self::new(self.log, self.stream, Some(seam), 1).next().await?;
        let there = again.first().is_some_and(|row| row.position == seam);
        Ok((!there).then_some(seam))
    }
}
