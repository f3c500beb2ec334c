//! A store whose operations tests carry out one by one.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use snapfold::frame::Header;
use snapfold::store::{HostError, Store};

use crate::common::TestStore;

/// Waits once before each operation, and has so many left until it fails.
pub struct Paced {
    store: TestStore,
    left: AtomicUsize,
}

impl Paced {
    pub fn of(store: &TestStore) -> Self {
        Self {
            store: store.clone(),
            left: AtomicUsize::new(usize::MAX),
        }
    }

    pub fn dies_after(&self, operations: usize) {
        self.left.store(operations, Ordering::SeqCst);
    }

    async fn turn(&self) -> Result<(), HostError> {
        let mut asked = false;
        poll_fn(|context| {
            context.waker().wake_by_ref();
            match std::mem::replace(&mut asked, true) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        match self.left.load(Ordering::SeqCst) {
            0 => Err("the store is away".into()),
            left => {
                self.left.store(left - 1, Ordering::SeqCst);
                Ok(())
            }
        }
    }
}

impl Store for Paced {
    async fn list(&self, prefix: &str, start: Option<&str>, limit: usize) -> Result<Vec<String>, HostError> {
        self.turn().await?;
        self.store.list(prefix, start, limit).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        self.turn().await?;
        self.store.get(key).await
    }

    async fn put(&self, key: &str, bytes: &[u8], header: Option<&Header>) -> Result<(), HostError> {
        self.turn().await?;
        self.store.put(key, bytes, header).await
    }

    fn has_put_if_absent(&self) -> bool {
        self.store.has_put_if_absent()
    }

    async fn put_if_absent(&self, key: &str, bytes: &[u8], header: Option<&Header>) -> Result<bool, HostError> {
        self.turn().await?;
        self.store.put_if_absent(key, bytes, header).await
    }

    async fn delete(&self, keys: &[String]) -> Result<(), HostError> {
        self.turn().await?;
        self.store.delete(keys).await
    }
}

pub fn step<T>(future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

pub fn finish<T>(mut future: Pin<&mut impl Future<Output = T>>) -> T {
    loop {
        if let Some(result) = step(future.as_mut()) {
            return result;
        }
    }
}
