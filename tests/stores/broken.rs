//! A store that breaks one rule fails the check of that rule, and no other.

use snapfold::frame::Header;
use snapfold::store::{HostError, MemoryStore, Store};
use snapfold::testing::{Rule, store_conformance};

use crate::common::now;

/// Keeps all rules but one.
struct Broken {
    memory: MemoryStore,
    rule: Rule,
}

impl Broken {
    fn breaks(&self, rule: Rule) -> bool {
        self.rule == rule
    }
}

impl Store for Broken {
    async fn list(&self, prefix: &str, start: Option<&str>, limit: usize) -> Result<Vec<String>, HostError> {
        let asked = match self.rule {
            // As an underscore matches any character in SQL's LIKE.
            Rule::Prefix if prefix.contains('_') => prefix.split('_').next().unwrap(),
            _ => prefix,
        };
        let start = match self.breaks(Rule::Start) {
            true => None,
            false => start,
        };
        let mut keys = self.memory.list(asked, start, usize::MAX).await?;
        if self.breaks(Rule::Order) && prefix == "cart/" {
            keys.reverse();
        }
        keys.truncate(match self.breaks(Rule::Limit) {
            true => limit.min(30),
            false => limit,
        });
        Ok(keys)
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        let found = self.memory.get(key).await?;
        Ok(match (self.rule, found) {
            (Rule::Absence, None) => Some(vec![]),
            (Rule::Bytes, Some(bytes)) => Some(bytes.into_iter().take_while(|byte| *byte < 200).collect()),
            (_, found) => found,
        })
    }

    async fn put(&self, key: &str, bytes: &[u8], header: Option<&Header>) -> Result<(), HostError> {
        let there = self.memory.get(key).await?;
        match (self.rule, there) {
            (Rule::Replace, Some(there)) if bytes.len() < there.len() => {
                let rest = there.get(bytes.len()..).unwrap_or_default();
                self.memory.put(key, &[bytes, rest].concat(), header).await
            }
            (Rule::Keys, _) => self.memory.put(&key.replace("~43art", "cart"), bytes, header).await,
            _ => self.memory.put(key, bytes, header).await,
        }
    }

    fn has_put_if_absent(&self) -> bool {
        true
    }

    async fn put_if_absent(&self, key: &str, bytes: &[u8], header: Option<&Header>) -> Result<bool, HostError> {
        match self.breaks(Rule::PutIfAbsent) {
            true => self.memory.put(key, bytes, header).await.map(|()| true),
            false => self.memory.put_if_absent(key, bytes, header).await,
        }
    }

    async fn delete(&self, keys: &[String]) -> Result<(), HostError> {
        if !self.breaks(Rule::Delete) {
            return self.memory.delete(keys).await;
        }
        for key in keys {
            let below = self.memory.list(key, None, usize::MAX).await?;
            self.memory.delete(&below).await?;
        }
        Ok(())
    }
}

#[test]
fn a_broken_store_fails_the_check_of_its_rule() {
    use Rule::{Absence, Bytes, Delete, Durable, Keys, Limit, Order, Prefix, PutIfAbsent, Replace, Start};
    for rule in [
        Absence,
        Bytes,
        Replace,
        Keys,
        Order,
        Prefix,
        Start,
        Limit,
        Delete,
        Durable,
        PutIfAbsent,
    ] {
        let broken = now(store_conformance(
            || Broken {
                memory: MemoryStore::default(),
                rule,
            },
            |store| Broken {
                memory: match rule {
                    Durable => MemoryStore::default(),
                    _ => store.memory,
                },
                rule,
            },
        ));
        let rules: Vec<Rule> = broken.iter().map(|broken| broken.rule).collect();
        assert_eq!(rules, [rule], "{broken:#?}");
        assert!(broken[0].to_string().starts_with(&format!("{rule:?}: ")));
    }
}
