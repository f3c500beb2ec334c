//! What every snapshot store must do. The npm package's twin is `storeConformance` of `snapfold/testing`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::store::{HostError, Store, StreamKeys};

/// What a check is about. A store that breaks one rule fails the check of that rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// What is not there reads as nothing, and can be deleted.
    Absence,
    /// Bytes come back as they were put, up to the largest value it takes (1 MB is tried at most).
    Bytes,
    /// A put replaces what lies there, whole.
    Replace,
    /// Keys are told apart, whatever ids they are made of.
    Keys,
    /// Listings ascend bytewise.
    Order,
    /// A prefix is a beginning, and no pattern.
    Prefix,
    /// `start` is inclusive, whether it is there or not.
    Start,
    /// A listing has as many keys as were asked for, if there are so many.
    Limit,
    /// A delete takes exactly the keys it names.
    Delete,
    /// What was put is there after a restart, and what was deleted is not.
    Durable,
    /// Where it can be called, `put_if_absent` puts where nothing lies, and changes nothing where something does.
    PutIfAbsent,
}

/// A rule that a store breaks, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which one.
    pub rule: Rule,
    /// What was expected, and what was found.
    pub message: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.message)
    }
}

/// Which rules a store breaks: none, if it is one. `make` gives a new, empty store each time it is asked; `reopen` gives the same one as
/// after a restart of the process (for a store that ends with its process: the store itself). About 400 operations.
///
/// ```
/// use snapfold::store::MemoryStore;
/// use snapfold::testing::store_conformance;
///
/// # fn block_on<T>(future: impl Future<Output = T>) -> T { pollster::block_on(future) }
/// let broken = block_on(store_conformance(MemoryStore::default, |store| store));
/// assert_eq!(broken, []);
/// ```
pub async fn store_conformance<S: Store>(mut make: impl FnMut() -> S, reopen: impl Fn(S) -> S) -> Vec<Broken> {
    let mut checks = Checks { broken: Vec::new() };
    checks.note(Rule::Absence, absence(&make()).await);
    checks.note(Rule::Bytes, bytes(&make()).await);
    checks.note(Rule::Replace, replace(&make()).await);
    checks.note(Rule::Keys, keys(&make()).await);
    checks.note(Rule::Order, order(&make()).await);
    checks.note(Rule::Prefix, prefix(&make()).await);
    checks.note(Rule::Start, start(&make()).await);
    checks.note(Rule::Limit, limit(&make()).await);
    checks.note(Rule::Delete, delete(&make()).await);
    checks.note(Rule::Durable, durable(make(), reopen).await);
    checks.note(Rule::PutIfAbsent, put_if_absent(&make()).await);
    checks.broken
}

struct Checks {
    broken: Vec<Broken>,
}

impl Checks {
    fn note(&mut self, rule: Rule, checked: Result<(), HostError>) {
        if let Err(error) = checked {
            let message = error.to_string();
            self.broken.push(Broken { rule, message });
        }
    }
}

type Checked = Result<(), HostError>;

const SLOT: &str = "cart/cart-4/s/v3/";

/// Under the slot, newest first.
fn key(slot: &str, position: u64) -> String {
    format!("{slot}{:016x}", u64::MAX - position)
}

async fn absence(store: &impl Store) -> Checked {
    same("what was never put", store.get(&key(SLOT, 1)).await?, None)?;
    same_keys("an empty store", list(store, SLOT, None, 9).await?, &[])?;
    store.delete(&[key(SLOT, 1)]).await?;
    store.delete(&[]).await
}

async fn bytes(store: &impl Store) -> Checked {
    let most = usize::try_from(store.max_value_bytes())
        .unwrap_or(usize::MAX)
        .min(1_000_000);
    let large = (0..most).map(|index| (index % 251) as u8).collect();
    let values: [Vec<u8>; 4] = [vec![], vec![0], (0..=u8::MAX).collect(), large];
    for (position, value) in (0..).zip(values) {
        store.put(&key(SLOT, position), &value, None).await?;
        let found = store.get(&key(SLOT, position)).await?;
        same(&format!("a value of {} bytes", value.len()), found, Some(value))?;
    }
    Ok(())
}

async fn replace(store: &impl Store) -> Checked {
    let key = key(SLOT, 1);
    for value in [&[1, 2, 3][..], &[4], &[5, 6]] {
        store.put(&key, value, None).await?;
        same(
            "a value put over another one",
            store.get(&key).await?,
            Some(value.into()),
        )?;
    }
    same_keys("one key, put three times", list(store, SLOT, None, 9).await?, &[key])
}

/// Ids that stores confuse: beginnings of each other, twins in case, names of paths and devices, and long ones.
const IDS: [&str; 16] = [
    "cart-4", "cart-42", "cart-", "Cart-4", "CART-4", "a/b", "a", "a/", "..", ".", "con", "nul.txt", "🛒", "ä", "%2e",
    " ",
];

async fn keys(store: &impl Store) -> Checked {
    let long = "a".repeat(10_240);
    let ids = IDS.into_iter().chain([long.as_str()]);
    let slots: Vec<(u8, String)> = (0..)
        .zip(ids)
        .map(|(index, id)| Ok((index, StreamKeys::new("cart", id)?.snapshots(3))))
        .collect::<crate::Result<_>>()?;
    for (index, slot) in &slots {
        store.put(&key(slot, 1), &[*index], None).await?;
    }
    for (index, slot) in &slots {
        same_keys(
            "one stream among others",
            list(store, slot, None, 9).await?,
            &[key(slot, 1)],
        )?;
        let found = store.get(&key(slot, 1)).await?;
        same("one stream's value among others", found, Some(vec![*index]))?;
    }
    Ok(())
}

async fn order(store: &impl Store) -> Checked {
    let streams = ["b", "a-b", "a", "~7e", "a.b", "9", "a_b", "a~20", "z", "ab", "-", "a0"];
    let mut keys: Vec<String> = streams
        .into_iter()
        .flat_map(|stream| [1, 300].map(|position| key(&format!("cart/{stream}/s/v3/"), position)))
        .collect();
    for key in &keys {
        store.put(key, &[1], None).await?;
    }
    keys.sort_unstable();
    same_keys(
        "a listing of many streams",
        list(store, "cart/", None, 99).await?,
        &keys,
    )
}

async fn prefix(store: &impl Store) -> Checked {
    let streams = [
        "cart/cart_4/",
        "cart/cartx4/",
        "cart/cart-4/",
        "cart/cart-42/",
        "cart-4/cart/",
    ];
    for stream in streams {
        store.put(&key(&format!("{stream}s/v3/"), 1), &[1], None).await?;
    }
    for (prefix, count) in [
        ("cart/cart_4/", 1),
        ("cart/cart-4/", 1),
        ("cart/cart-4", 2),
        ("cart/", 4),
        ("cart", 5),
        ("", 5),
        ("d", 0),
    ] {
        let found = list(store, prefix, None, 99).await?;
        let wanted = found.iter().all(|key| key.starts_with(prefix));
        ensure(wanted && found.len() == count, || {
            format!("the listing of `{prefix}` must have {count} keys that begin with it, got {found:?}")
        })?;
    }
    Ok(())
}

async fn start(store: &impl Store) -> Checked {
    let [one, two, three] = [1, 2, 3].map(|position| key(SLOT, position));
    for key in [&one, &two, &three, &key("cart/cart-5/s/v3/", 1)] {
        store.put(key, &[1], None).await?;
    }
    let last = [one.clone()];
    let wanted: [(String, &[String]); 5] = [
        (three.clone(), &[three.clone(), two.clone(), one.clone()]),
        (two.clone(), &[two.clone(), one.clone()]),
        (format!("{two}-"), &last),
        ("cart/cart-3/s/v3/".into(), &[three, two, one]),
        (key("cart/cart-5/s/v3/", 1), &[]),
    ];
    for (start, keys) in &wanted {
        same_keys(
            &format!("a listing from {start}"),
            list(store, SLOT, Some(start), 99).await?,
            keys,
        )?;
    }
    Ok(())
}

async fn limit(store: &impl Store) -> Checked {
    const MANY: u64 = 40;
    let keys: Vec<String> = (1..=MANY).rev().map(|position| key(SLOT, position)).collect();
    for key in &keys {
        store.put(key, &[1], None).await?;
    }
    for limit in [1, 2, 17, 39, 40, 41] {
        let first = keys.iter().take(limit).cloned().collect::<Vec<_>>();
        same_keys(
            &format!("the first {limit} of {MANY} keys"),
            list(store, SLOT, None, limit).await?,
            &first,
        )?;
    }
    Ok(())
}

async fn delete(store: &impl Store) -> Checked {
    let [one, two, three] = [1, 2, 3].map(|position| key(SLOT, position));
    let near = key("cart/cart-42/s/v3/", 3);
    for key in [&one, &two, &three, &near] {
        store.put(key, &[1], None).await?;
    }
    store.delete(&[three.clone(), key(SLOT, 99), one, three]).await?;
    store
        .delete(&["cart/cart-4/s/v3/".into(), "cart/cart-4".into(), "cart".into()])
        .await?;
    same_keys("what is left", list(store, "", None, 99).await?, &[two, near])
}

async fn durable<S: Store>(store: S, reopen: impl Fn(S) -> S) -> Checked {
    let [kept, gone] = [2, 1].map(|position| key(SLOT, position));
    store.put(&kept, &[1, 2, 3], None).await?;
    store.put(&gone, &[4], None).await?;
    store.delete(core::slice::from_ref(&gone)).await?;
    let store = reopen(store);
    same(
        "what was put before the restart",
        store.get(&kept).await?,
        Some(vec![1, 2, 3]),
    )?;
    same_keys(
        "what is there after the restart",
        list(&store, SLOT, None, 9).await?,
        &[kept],
    )
}

async fn put_if_absent(store: &impl Store) -> Checked {
    if !store.has_put_if_absent() {
        return Ok(());
    }
    let key = key(SLOT, 1);
    for (value, is_first) in [([1, 2].as_slice(), true), (&[3], false)] {
        let written = store.put_if_absent(&key, value, None).await?;
        ensure(written == is_first, || {
            format!("put_if_absent must give {is_first} here, got {written}")
        })?;
        let found = store.get(&key).await?;
        same("what was put first", found, Some(vec![1, 2]))?;
    }
    same_keys("one key", list(store, SLOT, None, 9).await?, &[key])
}

async fn list(store: &impl Store, prefix: &str, start: Option<&str>, limit: usize) -> Result<Vec<String>, HostError> {
    store.list(prefix, start, limit).await
}

fn same(what: &str, found: Option<Vec<u8>>, wanted: Option<Vec<u8>>) -> Checked {
    let shown = |bytes: &Option<Vec<u8>>| match bytes {
        None => "nothing".into(),
        Some(bytes) if bytes.len() > 16 => format!("{} bytes", bytes.len()),
        Some(bytes) => format!("{bytes:?}"),
    };
    ensure(found == wanted, || {
        format!("{what} must be {}, got {}", shown(&wanted), shown(&found))
    })
}

fn same_keys(what: &str, found: Vec<String>, wanted: &[String]) -> Checked {
    let differs = found
        .iter()
        .zip(wanted)
        .take_while(|(found, wanted)| found == wanted)
        .count();
    let shown = |keys: &[String]| match keys.get(differs) {
        None => format!("{} keys", keys.len()),
        Some(key) => format!("{} keys, of which number {differs} is `{key}`", keys.len()),
    };
    ensure(found == wanted, || {
        format!("{what} must list {}, got {}", shown(wanted), shown(&found))
    })
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    match holds {
        true => Ok(()),
        false => Err(otherwise().into()),
    }
}
