//! Snapshots in this process's memory.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{HostError, Store};
use crate::frame::Header;

/// A store in memory; clones share what is stored.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    values: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl MemoryStore {
    fn values(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    async fn list(&self, prefix: &str, start: Option<&str>, limit: usize) -> Result<Vec<String>, HostError> {
        let values = self.values();
        let keys = from(&values, prefix, start).map(|(key, _)| key);
        Ok(keys.take(limit).cloned().collect())
    }

    fn has_newest(&self) -> bool {
        true
    }

    async fn newest(&self, prefix: &str, start: Option<&str>) -> Result<Option<(String, Vec<u8>)>, HostError> {
        let values = self.values();
        let first = from(&values, prefix, start).next();
        Ok(first.map(|(key, bytes)| (key.clone(), bytes.clone())))
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        Ok(self.values().get(key).cloned())
    }

    async fn put(&self, key: &str, bytes: &[u8], _: Option<&Header>) -> Result<(), HostError> {
        self.values().insert(key.into(), bytes.into());
        Ok(())
    }

    fn has_put_if_absent(&self) -> bool {
        true
    }

    async fn put_if_absent(&self, key: &str, bytes: &[u8], _: Option<&Header>) -> Result<bool, HostError> {
        let mut values = self.values();
        let absent = !values.contains_key(key);
        if absent {
            values.insert(key.into(), bytes.into());
        }
        Ok(absent)
    }

    async fn delete(&self, keys: &[String]) -> Result<(), HostError> {
        let mut values = self.values();
        for key in keys {
            values.remove(key);
        }
        Ok(())
    }
}

fn from<'a>(
    values: &'a BTreeMap<String, Vec<u8>>,
    prefix: &str,
    start: Option<&str>,
) -> impl Iterator<Item = (&'a String, &'a Vec<u8>)> {
    let first = start.unwrap_or(prefix).max(prefix);
    let rest = values.range(String::from(first)..);
    rest.take_while(move |(key, _)| key.starts_with(prefix))
}
