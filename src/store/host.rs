//! What a host brings: a store for snapshots and a log of events.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::future::Future;

use super::{Bounds, History, Listing};
use crate::fold::Row;
use crate::frame::Header;

/// What a host's store or log fails with.
pub type HostError = Box<dyn core::error::Error + Send + Sync>;

/// Where snapshots lie. Keys are ASCII, compared bytewise (docs/format.md §3).
///
/// Futures are `Send`, so that a repository can live in any executor; a synchronous store writes plain `async fn`s that never wait.
///
/// The driver sets no time limit of its own: it waits as long as a future takes. Bound your own futures, and fail when the time is up; a
/// store that fails costs a load no more than the full replay, and a save no more than the snapshot.
pub trait Store: Sync {
    /// Keys with that prefix, ascending bytewise, from `start` (inclusive) on, at most `limit`.
    fn list(
        &self,
        prefix: &str,
        start: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<String>, HostError>> + Send;

    /// The bytes under `key`; `None` if there are none.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, HostError>> + Send;

    /// Whether [`Self::newest`] can be called. Loads do then, instead of listing and getting.
    fn has_newest(&self) -> bool {
        false
    }

    /// The first key with that prefix, from `start` (inclusive) on, and its bytes, in one round trip; `None` if there is none.
    fn newest(
        &self,
        prefix: &str,
        start: Option<&str>,
    ) -> impl Future<Output = Result<Option<(String, Vec<u8>)>, HostError>> + Send {
        let _ = (prefix, start);
        core::future::ready(Err("this store has no newest".into()))
    }

    /// Writes, durably before it returns; replaces what lies there, whole or not at all. `header` is for stores that keep columns
    /// of their own; it is absent for small markers.
    fn put(
        &self,
        key: &str,
        bytes: &[u8],
        header: Option<&Header>,
    ) -> impl Future<Output = Result<(), HostError>> + Send;

    /// Whether [`Self::put_if_absent`] can be called.
    fn has_put_if_absent(&self) -> bool {
        false
    }

    /// As [`Self::put`] where nothing lies, in one step; `false` if something does, and nothing was written.
    fn put_if_absent(
        &self,
        key: &str,
        bytes: &[u8],
        header: Option<&Header>,
    ) -> impl Future<Output = Result<bool, HostError>> + Send {
        let _ = (key, bytes, header);
        core::future::ready(Err("this store has no put_if_absent".into()))
    }

    /// Deletes exactly these keys; one that does not exist is no error.
    fn delete(&self, keys: &[String]) -> impl Future<Output = Result<(), HostError>> + Send;

    /// The largest value it takes, in bytes.
    fn max_value_bytes(&self) -> u64 {
        u64::MAX
    }

    /// How soon a listing shows what was written.
    fn listing(&self) -> Listing {
        Listing::Strong
    }
}

/// Reads a stream's events in ascending order. As with a [`Store`], the driver sets no time limit of its own: bound your own futures.
pub trait EventLog: Sync {
    /// One event.
    type Event;

    /// A page of at most `limit` rows from `from` (inclusive; `None`: the start) on. Only an empty page ends the log.
    fn read(
        &self,
        stream: &str,
        from: Option<u64>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Row<Self::Event>>, HostError>> + Send;

    /// What is known of the log as a whole. A sparse log without bounds must say it. [`History::Complete`] also lets an empty log pass for
    /// a new stream while the store cannot be read.
    fn history(&self) -> Option<History> {
        None
    }

    /// Whether [`Self::bounds`] is asked at all. A log that implements it must say `true` here; with `false`, the default, its bounds are
    /// ignored without a word.
    fn has_bounds(&self) -> bool {
        false
    }

    /// What was deleted on purpose, and how many events there are at or below `through` (`None`: in all). Asked only if
    /// [`Self::has_bounds`] says so: implement both.
    fn bounds(&self, stream: &str, through: Option<u64>) -> impl Future<Output = Result<Bounds, HostError>> + Send {
        let _ = (stream, through);
        core::future::ready(Ok(Bounds::default()))
    }
}
