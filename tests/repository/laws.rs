//! The law that everything rests on: whatever happened to the store, a load is the full replay.

use proptest::prelude::*;
use snapfold::fold::Row;
use snapfold::policy::Policy;

use crate::common::{Log, TestStore};
use crate::{Accounting, Event, STREAM, definition, open, replay};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Happening {
    Append(Vec<i64>),
    /// Load, append, fold what was appended, perhaps snapshot.
    Command(i64),
    Snapshot,
    /// The process dies and another one takes over.
    Restart,
    /// These operations fail from now on.
    StoreFails(Vec<&'static str>),
    /// A bit of one stored value changes.
    Flip(prop::sample::Index, prop::sample::Index),
    /// One stored value ends early: a write that was cut.
    Cut(prop::sample::Index, prop::sample::Index),
    /// One stored value is gone.
    Vanish(prop::sample::Index),
    /// One stored value lies under another key, too.
    Copy(prop::sample::Index, prop::sample::Index),
    /// The log is restored from a backup and goes on differently.
    Restore(prop::sample::Index),
}

fn happenings() -> impl Strategy<Value = Happening> {
    use Happening::*;
    let index = any::<prop::sample::Index>;
    let operation = prop::sample::subsequence(vec!["list", "get", "put", "delete"], 0..=4);
    prop_oneof![
        3 => prop::collection::vec(-9..9i64, 1..12).prop_map(Append),
        6 => (-9..9i64).prop_map(Command),
        4 => Just(Snapshot),
        2 => Just(Restart),
        1 => operation.prop_map(StoreFails),
        2 => (index(), index()).prop_map(|(key, at)| Flip(key, at)),
        1 => (index(), index()).prop_map(|(key, at)| Cut(key, at)),
        1 => index().prop_map(Vanish),
        1 => (index(), index()).prop_map(|(from, to)| Copy(from, to)),
        1 => index().prop_map(Restore),
    ]
}

struct World {
    repository: Accounting,
    store: TestStore,
    log: Log<Event>,
    policy: u64,
    keep: u32,
    events: u64,
}

impl World {
    fn new(policy: u64, keep: u32) -> Self {
        let (store, log) = (TestStore::default(), Log::default());
        let repository = Self::open(policy, keep, &store, &log);
        Self {
            repository,
            store,
            log,
            policy,
            keep,
            events: 0,
        }
    }

    fn open(policy: u64, keep: u32, store: &TestStore, log: &Log<Event>) -> Accounting {
        let policy = Policy::every_events(policy).unwrap();
        open(definition().policy(policy).keep(keep).page_size(7), store, log)
    }

    fn append(&mut self, amount: i64) -> Row<Event> {
        self.events += 1;
        let position = self.log.rows(STREAM).len() as u64 + 1;
        let row = Row::new(position, format!("id {}", self.events), Event::Paid(amount));
        self.log.insert(STREAM, row.clone());
        row
    }

    fn pick(&self, index: prop::sample::Index) -> Option<String> {
        let keys = self.store.keys();
        (!keys.is_empty()).then(|| index.get(&keys).clone())
    }

    fn let_happen(&mut self, happening: Happening) {
        match happening {
            Happening::Append(amounts) => amounts.into_iter().for_each(|amount| drop(self.append(amount))),
            Happening::Command(amount) => {
                let mut handle = self.repository.blocking().load(STREAM).unwrap();
                let row = self.append(amount);
                self.repository.apply(&mut handle, [row]).unwrap();
                assert_eq!(*handle.state(), replay(&self.log));
                let _ = self.repository.blocking().maybe_snapshot(&mut handle);
            }
            Happening::Snapshot => {
                let mut handle = self.repository.blocking().load(STREAM).unwrap();
                let _ = self.repository.blocking().snapshot(&mut handle);
            }
            Happening::Restart => self.repository = Self::open(self.policy, self.keep, &self.store, &self.log),
            Happening::StoreFails(operations) => self.store.fail(&operations),
            Happening::Flip(key, at) => self.damage(key, |bytes| {
                let bit = at.index(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }),
            Happening::Cut(key, at) => self.damage(key, |bytes| bytes.truncate(at.index(bytes.len()))),
            Happening::Vanish(key) => self.pick(key).iter().for_each(|key| self.store.remove(key)),
            Happening::Copy(from, to) => {
                if let (Some(from), Some(to)) = (self.pick(from), self.pick(to)) {
                    self.store.set(&to, &self.store.bytes(&from).unwrap());
                }
            }
            Happening::Restore(at) => {
                let events = self.log.rows(STREAM).len();
                if events > 1 {
                    self.log.restore_to(STREAM, at.index(events - 1) as u64 + 1);
                }
            }
        }
    }

    fn damage(&self, key: prop::sample::Index, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(key) = self.pick(key).filter(|key| !self.store.bytes(key).unwrap().is_empty()) {
            self.store.damage(&key, change);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_load_is_the_full_replay(
        happenings in prop::collection::vec(happenings(), 1..40),
        policy in 1..15u64,
        keep in 1..4u32,
    ) {
        let mut world = World::new(policy, keep);
        world.append(1);
        for happening in happenings {
            world.let_happen(happening.clone());
            let handle = world.repository.blocking().load(STREAM).unwrap();
            let rows = world.log.rows(STREAM);
            prop_assert_eq!(handle.state(), &replay(&world.log), "after {:?}", happening);
            prop_assert_eq!(handle.event_count(), rows.len() as u64);
            prop_assert_eq!(handle.position(), rows.last().map(|row| row.position));
        }
    }
}
