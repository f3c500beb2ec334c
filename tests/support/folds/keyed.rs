//! A plain object whose members all have one type, with its keys in ECMAScript's order.

use std::{fmt, marker::PhantomData};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use snapfold::value::{self, Value};

#[derive(Clone, Debug, PartialEq)]
pub struct Keyed<T>(Vec<(String, T)>);

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<T> Keyed<T> {
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn find(&mut self, key: &str) -> Option<&mut T> {
        self.0.iter_mut().find(|(name, _)| name == key).map(|(_, part)| part)
    }

    /// The member under a key that must be there.
    pub fn known(&mut self, key: &str) -> &mut T {
        self.find(key).unwrap_or_else(|| panic!("{key} is not known"))
    }

    /// A member that is there keeps its place; keys that could be an array's indices come first, in their order.
    pub fn set(&mut self, key: &str, part: T) {
        if let Some(there) = self.find(key) {
            *there = part;
            return;
        }
        let place = match array_index(key) {
            Some(index) => self
                .0
                .partition_point(|(name, _)| array_index(name).is_some_and(|there| there < index)),
            None => self.0.len(),
        };
        self.0.insert(place, (key.to_owned(), part));
    }

    pub fn remove(&mut self, key: &str) {
        self.known(key);
        self.0.retain(|(name, _)| name != key);
    }
}

impl<T: Default> Keyed<T> {
    /// The member under a key, made if there is none.
    pub fn within(&mut self, key: &str) -> &mut T {
        if self.find(key).is_none() {
            self.set(key, T::default());
        }
        self.known(key)
    }
}

fn array_index(key: &str) -> Option<u32> {
    let index: u32 = key.parse().ok().filter(|&index| index != u32::MAX)?;
    (index.to_string() == key).then_some(index)
}

/// Maps are sorted when they are written; an object that is a value keeps its order.
impl<T: Serialize> Serialize for Keyed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.0.iter().map(|(key, part)| (key.clone(), value_of(part)));
        Value::Object(entries.collect()).serialize(serializer)
    }
}

fn value_of(part: &impl Serialize) -> Value {
    value::from_slice(&value::to_vec(part).unwrap()).unwrap()
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Keyed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
    type Value = Keyed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = vec![];
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Keyed(entries))
    }
}
