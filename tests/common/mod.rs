//! A log and a store that tests can interfere with.
#![allow(dead_code)] // each harness uses its part

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use snapfold::fold::Row;
use snapfold::frame::Header;
use snapfold::store::{Bounds, EventLog, History, HostError, Listing, MemoryStore, Store};

/// An event log in memory; clones share it.
#[derive(Clone, Debug)]
pub struct Log<E>(Arc<Mutex<Streams<E>>>);

#[derive(Debug)]
struct Streams<E> {
    rows: BTreeMap<String, Vec<Row<E>>>,
    truncated_through: BTreeMap<String, u64>,
    has_bounds: bool,
    history: Option<History>,
    failing: bool,
    reads: Vec<Option<u64>>,
    /// What happens just before the read of that number, counted from now on.
    upset: Option<(usize, Upset<E>)>,
}

type Upset<E> = fn(&mut Vec<Row<E>>);

impl<E> Default for Log<E> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Streams {
            rows: BTreeMap::new(),
            truncated_through: BTreeMap::new(),
            has_bounds: false,
            history: None,
            failing: false,
            reads: vec![],
            upset: None,
        })))
    }
}

impl<E> Log<E> {
    /// A log that tells its bounds.
    pub fn with_bounds() -> Self {
        let log = Self::default();
        log.streams().has_bounds = true;
        log
    }

    /// A log of which that is known.
    pub fn known(history: History) -> Self {
        let log = Self::default();
        log.streams().history = Some(history);
        log
    }

    /// Lets something happen to the rows of every stream before the read of that number from now on; 0: before the next one.
    pub fn upset_before(&self, read: usize, upset: Upset<E>) {
        self.streams().upset = Some((read, upset));
    }

    fn streams(&self) -> MutexGuard<'_, Streams<E>> {
        self.0.lock().unwrap()
    }

    /// Adds a row, wherever its position belongs.
    pub fn insert(&self, stream: &str, row: Row<E>) {
        let mut streams = self.streams();
        let rows = streams.rows.entry(stream.into()).or_default();
        let index = rows.partition_point(|there| there.position < row.position);
        rows.insert(index, row);
    }

    /// Deletes rows above a position, as a restore from a backup does.
    pub fn restore_to(&self, stream: &str, position: u64) {
        self.streams()
            .rows
            .get_mut(stream)
            .unwrap()
            .retain(|row| row.position <= position);
    }

    /// Deletes rows up to a position, on purpose.
    pub fn prune_through(&self, stream: &str, position: u64) {
        let mut streams = self.streams();
        streams
            .rows
            .get_mut(stream)
            .unwrap()
            .retain(|row| row.position > position);
        streams.truncated_through.insert(stream.into(), position);
    }

    pub fn fail(&self, failing: bool) {
        self.streams().failing = failing;
    }

    /// Where the reads since the last call began.
    pub fn take_reads(&self) -> Vec<Option<u64>> {
        std::mem::take(&mut self.streams().reads)
    }
}

impl<E: Clone> Log<E> {
    pub fn rows(&self, stream: &str) -> Vec<Row<E>> {
        self.streams().rows.get(stream).cloned().unwrap_or_default()
    }
}

impl<E: Clone + Send> EventLog for Log<E> {
    type Event = E;

    async fn read(&self, stream: &str, from: Option<u64>, limit: usize) -> Result<Vec<Row<E>>, HostError> {
        let mut streams = self.streams();
        streams.reads.push(from);
        match &mut streams.upset {
            Some((0, upset)) => {
                let upset = *upset;
                streams.rows.values_mut().for_each(upset);
                streams.upset = None;
            }
            Some((reads, _)) => *reads -= 1,
            None => {}
        }
        if streams.failing {
            return Err("the log is away".into());
        }
        let rows = streams.rows.get(stream).into_iter().flatten();
        let wanted = rows.filter(|row| from.is_none_or(|from| row.position >= from));
        Ok(wanted.take(limit).cloned().collect())
    }

    fn history(&self) -> Option<History> {
        self.streams().history
    }

    fn has_bounds(&self) -> bool {
        self.streams().has_bounds
    }

    async fn bounds(&self, stream: &str, through: Option<u64>) -> Result<Bounds, HostError> {
        let streams = self.streams();
        let rows = streams.rows.get(stream).into_iter().flatten();
        let counted = rows.filter(|row| through.is_none_or(|through| row.position <= through));
        Ok(Bounds {
            count: Some(counted.count() as u64),
            truncated_through: streams.truncated_through.get(stream).copied(),
        })
    }
}

/// A memory store that writes down what it is asked, and fails, is small or lists late on demand. Clones share all of it.
#[derive(Clone, Debug, Default)]
pub struct TestStore {
    pub memory: MemoryStore,
    controls: Arc<Mutex<Controls>>,
}

#[derive(Debug, Default)]
struct Controls {
    trace: Vec<String>,
    failing: BTreeSet<&'static str>,
    max_value_bytes: Option<u64>,
    listing: Listing,
    slow_puts: bool,
    vanished: Option<String>,
    appearing: Option<(String, Vec<u8>)>,
    tearing: bool,
    exclusive: bool,
    seeking: bool,
}

impl TestStore {
    fn controls(&self) -> MutexGuard<'_, Controls> {
        self.controls.lock().unwrap()
    }

    /// From now on exactly these operations fail: `list`, `newest`, `get`, `put`, `delete`.
    pub fn fail(&self, operations: &[&'static str]) {
        self.controls().failing = operations.iter().copied().collect();
    }

    pub fn limit(&self, max_value_bytes: u64) {
        self.controls().max_value_bytes = Some(max_value_bytes);
    }

    pub fn list_late(&self) {
        self.controls().listing = Listing::Eventual;
    }

    /// Lets a frame appear once the next listing was answered, as if another process had saved it just then.
    pub fn appear(&self, key: &str, bytes: &[u8]) {
        self.controls().appearing = Some((key.into(), bytes.into()));
    }

    /// From now on a `put` is pending once before it writes.
    pub fn slow_down(&self) {
        self.controls().slow_puts = true;
    }

    /// From now on only the first half of what is put arrives, or all of it again.
    pub fn tear(&self, tearing: bool) {
        self.controls().tearing = tearing;
    }

    /// From now on it has `put_if_absent`.
    pub fn exclude(&self) {
        self.controls().exclusive = true;
    }

    /// From now on it has `newest`.
    pub fn seek(&self) {
        self.controls().seeking = true;
    }

    /// Waits once, if puts are slow.
    async fn pause(&self) {
        if self.controls().slow_puts {
            let mut asked = false;
            std::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                match std::mem::replace(&mut asked, true) {
                    true => std::task::Poll::Ready(()),
                    false => std::task::Poll::Pending,
                }
            })
            .await;
        }
    }

    /// The operations since the last call.
    pub fn take_trace(&self) -> Vec<String> {
        std::mem::take(&mut self.controls().trace)
    }

    /// From now on nothing is there when it is asked for, though it is listed.
    pub fn vanish(&self, key: &str) {
        self.controls().vanished = Some(key.into());
    }

    /// Writes down an operation, which may have to fail.
    pub fn note(&self, operation: &'static str, what: &str) -> Result<(), HostError> {
        let mut controls = self.controls();
        controls.trace.push(format!("{operation} {what}"));
        match controls.failing.contains(operation) {
            true => Err(format!("{operation} is out of order").into()),
            false => Ok(()),
        }
    }

    /// All keys, in order.
    pub fn keys(&self) -> Vec<String> {
        now(self.memory.list("", None, usize::MAX)).unwrap()
    }

    pub fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        now(self.memory.get(key)).unwrap()
    }

    pub fn set(&self, key: &str, bytes: &[u8]) {
        now(self.memory.put(key, bytes, None)).unwrap();
    }

    pub fn remove(&self, key: &str) {
        now(self.memory.delete(&[key.to_owned()])).unwrap();
    }

    /// Changes the bytes under a key.
    pub fn damage(&self, key: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.bytes(key).unwrap();
        change(&mut bytes);
        self.set(key, &bytes);
    }
}

impl Store for TestStore {
    async fn list(&self, prefix: &str, start: Option<&str>, limit: usize) -> Result<Vec<String>, HostError> {
        self.note("list", prefix)?;
        let listed = self.memory.list(prefix, start, limit).await;
        let appearing = self.controls().appearing.take();
        if let Some((key, bytes)) = appearing {
            self.set(&key, &bytes);
        }
        listed
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.note("get", key)?;
        if self.controls().vanished.as_deref() == Some(key) {
            return Ok(None);
        }
        self.memory.get(key).await
    }

    fn has_newest(&self) -> bool {
        self.controls().seeking
    }

    async fn newest(&self, prefix: &str, start: Option<&str>) -> Result<Option<(String, Vec<u8>)>, HostError> {
        self.note("newest", start.unwrap_or(prefix))?;
        self.memory.newest(prefix, start).await
    }

    async fn put(&self, key: &str, bytes: &[u8], header: Option<&Header>) -> Result<(), HostError> {
        self.note("put", key)?;
        self.pause().await;
        let arrives = match self.controls().tearing {
            true => &bytes[..bytes.len() / 2],
            false => bytes,
        };
        self.memory.put(key, arrives, header).await
    }

    fn has_put_if_absent(&self) -> bool {
        self.controls().exclusive
    }

    async fn put_if_absent(&self, key: &str, bytes: &[u8], header: Option<&Header>) -> Result<bool, HostError> {
        self.note("put", key)?;
        self.pause().await;
        self.memory.put_if_absent(key, bytes, header).await
    }

    async fn delete(&self, keys: &[String]) -> Result<(), HostError> {
        self.note("delete", &keys.join(" "))?;
        self.memory.delete(keys).await
    }

    fn max_value_bytes(&self) -> u64 {
        self.controls().max_value_bytes.unwrap_or(u64::MAX)
    }

    fn listing(&self) -> Listing {
        self.controls().listing
    }
}

/// The result of a future that never waits.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(result) => result,
        std::task::Poll::Pending => panic!("this future waits"),
    }
}
