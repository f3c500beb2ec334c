//! A process that dies before, after or in the middle of every single operation of the store, whatever it was about to do; then another
//! one loads. Its state is that of the full replay, also where the log no longer reaches back to the first event.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use snapfold::fold::{Fold, Row};
use snapfold::frame::{self, Header};
use snapfold::policy::Policy;
use snapfold::store::{
    Bounds, Definition, EventLog, HostError, Listing, MemoryStore, Op, Outcome, PruneRequest, Repository, Retention,
    Source, Store, StreamKeys, plan_prune,
};

/// Events of the stream, and where the snapshot is taken that the process may not survive.
const EVENTS: u64 = 12;
/// Of a log that was pruned: the events at or below are gone.
const TRUNCATED: u64 = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Crash {
    Before,
    After,
    /// Half of a value, or half of the keys.
    Torn,
}

struct History;

impl Fold for History {
    type State = Vec<u64>;
    type Event = u64;

    fn initial(&self) -> Vec<u64> {
        vec![]
    }

    fn evolve(&self, state: &mut Vec<u64>, event: &u64) {
        state.push(*event);
    }
}

#[derive(Clone, Copy, Debug)]
struct Log {
    from: u64,
}

impl EventLog for Log {
    type Event = u64;

    async fn read(&self, _: &str, from: Option<u64>, limit: usize) -> Result<Vec<Row<u64>>, HostError> {
        let rows = (self.from.max(from.unwrap_or(0))..=EVENTS).map(|at| Row::new(at, format!("e{at}"), at * 7));
        Ok(rows.take(limit).collect())
    }

    fn has_bounds(&self) -> bool {
        true
    }

    async fn bounds(&self, _: &str, _: Option<u64>) -> Result<Bounds, HostError> {
        Ok(Bounds {
            truncated_through: (self.from > 1).then(|| self.from - 1),
            ..Bounds::default()
        })
    }
}

/// A store whose host dies at one of the operations that change something, or that read.
#[derive(Clone)]
struct Dying {
    memory: MemoryStore,
    /// Operations until then, and how; `None` once it is dead.
    left: Arc<Mutex<Option<(usize, Crash)>>>,
    exclusive: bool,
}

impl Dying {
    /// How this operation goes: `None` if as always.
    fn fate(&self) -> Result<Option<Crash>, HostError> {
        let mut left = self.left.lock().unwrap();
        match left.take() {
            None => Err("the process is dead".into()),
            Some((0, crash)) => Ok(Some(crash)),
            Some((more, crash)) => {
                *left = Some((more - 1, crash));
                Ok(None)
            }
        }
    }

    fn dead<T>() -> Result<T, HostError> {
        Err("the process died".into())
    }
}

impl Store for Dying {
    async fn list(&self, prefix: &str, start: Option<&str>, limit: usize) -> Result<Vec<String>, HostError> {
        match self.fate()? {
            None => self.memory.list(prefix, start, limit).await,
            Some(_) => Self::dead(),
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        match self.fate()? {
            None => self.memory.get(key).await,
            Some(_) => Self::dead(),
        }
    }

    async fn put(&self, key: &str, bytes: &[u8], header: Option<&Header>) -> Result<(), HostError> {
        let crash = self.fate()?;
        let arrives = match crash {
            Some(Crash::Before) => return Self::dead(),
            Some(Crash::Torn) => &bytes[..bytes.len() / 2],
            Some(Crash::After) | None => bytes,
        };
        self.memory.put(key, arrives, header).await?;
        if crash.is_some() { Self::dead() } else { Ok(()) }
    }

    fn has_put_if_absent(&self) -> bool {
        self.exclusive
    }

    async fn put_if_absent(&self, key: &str, bytes: &[u8], header: Option<&Header>) -> Result<bool, HostError> {
        if self.memory.get(key).await?.is_some() {
            return self.fate()?.map_or(Ok(false), |_| Self::dead());
        }
        self.put(key, bytes, header).await.map(|()| true)
    }

    async fn delete(&self, keys: &[String]) -> Result<(), HostError> {
        let crash = self.fate()?;
        let gone = match crash {
            Some(Crash::Before) => return Self::dead(),
            Some(Crash::Torn) => &keys[..keys.len().div_ceil(2)],
            Some(Crash::After) | None => keys,
        };
        self.memory.delete(gone).await?;
        if crash.is_some() { Self::dead() } else { Ok(()) }
    }
}

fn keys() -> StreamKeys {
    StreamKeys::new("history", "s").unwrap()
}

fn truth(events: u64) -> Vec<u64> {
    (1..=events).map(|event| event * 7).collect()
}

fn definition(keep: u32, read_back: bool) -> Definition<History> {
    Definition::new("history", 1, History)
        .policy(Policy::every_events(1).unwrap())
        .keep(keep)
        .read_back(read_back)
}

fn sealed(position: u64) -> Vec<u8> {
    let header = Header {
        anchor: Some(snapfold::fold::Anchor::id(format!("e{position}"))),
        ..Header::new("history", 1, "s", position, position)
    };
    frame::seal(&header, &snapfold::value::to_vec(&truth(position)).unwrap()).unwrap()
}

/// Snapshots at these positions, each of them missing, sound or damaged.
fn stores() -> Vec<BTreeMap<u64, Vec<u8>>> {
    let mut stores = vec![BTreeMap::new()];
    for position in [3, 6, 9, EVENTS] {
        let with = |bytes: Vec<u8>| {
            move |mut store: BTreeMap<u64, Vec<u8>>| {
                store.insert(position, bytes.clone());
                store
            }
        };
        let mut damaged = sealed(position);
        *damaged.last_mut().unwrap() ^= 1;
        let (sound, damaged) = (with(sealed(position)), with(damaged));
        stores = stores
            .into_iter()
            .flat_map(|store| [store.clone(), sound(store.clone()), damaged(store)])
            .collect();
    }
    stores
}

#[derive(Clone, Copy, Debug)]
enum Plan {
    Save {
        keep: u32,
        read_back: bool,
        exclusive: bool,
    },
    Prune {
        keep: u32,
    },
}

const PLANS: [Plan; 7] = [
    Plan::Save {
        keep: 5,
        read_back: true,
        exclusive: false,
    },
    Plan::Save {
        keep: 1,
        read_back: true,
        exclusive: false,
    },
    Plan::Save {
        keep: 2,
        read_back: true,
        exclusive: true,
    },
    Plan::Save {
        keep: 1,
        read_back: false,
        exclusive: false,
    },
    Plan::Save {
        keep: 2,
        read_back: false,
        exclusive: true,
    },
    Plan::Prune { keep: 1 },
    Plan::Prune { keep: 2 },
];

impl Plan {
    /// Carries it out on a store that may fail; what comes of it shows in the store. A load before it, by the same process, costs no
    /// operation: it is what was done before that dies.
    fn carry_out(self, log: Log, store: &Dying) {
        match self {
            Self::Save { keep, read_back, .. } => {
                let alive = Repository::new(definition(keep, read_back), store.clone(), log).unwrap();
                let Ok(mut handle) = alive.blocking().load("s") else {
                    return;
                };
                let _: Outcome = alive.blocking().maybe_snapshot(&mut handle);
            }
            Self::Prune { keep } => {
                let alive = Repository::new(definition(keep, true), store.clone(), log).unwrap();
                let Ok(handle) = alive.blocking().load("s") else { return };
                let Source::Snapshot { position } = handle.source() else {
                    return;
                };
                let _: Result<(), HostError> = pollster::block_on(prune(store, position, keep));
            }
        }
    }
}

/// As a host does that carries plans out itself.
async fn prune(store: &Dying, used: u64, keep: u32) -> Result<(), HostError> {
    let request = PruneRequest {
        keys: store.list(&keys().snapshots(1), None, 100).await?,
        covered_by: keys().snapshot(1, used),
        keep: Retention::from(keep),
        listing: Listing::Strong,
        heads: vec![],
    };
    for op in plan_prune(&request)? {
        match op {
            Op::Verify { key } => {
                let bytes = store.get(&key).await?.ok_or("it is gone")?;
                frame::open(&bytes, &frame::Expect::of("history", 1, "s"))?;
            }
            Op::Delete { keys, .. } => store.delete(&keys).await?,
            Op::Put { key } => panic!("{key}"),
        }
    }
    Ok(())
}

#[test]
fn whatever_a_process_dies_of_the_next_one_has_every_event() {
    let (mut crashes, mut survived, mut from_snapshots) = (0, 0, 0);
    for plan in PLANS {
        for initial in stores() {
            let sound = initial.iter().any(|(position, bytes)| *bytes == sealed(*position));
            // Without a snapshot a pruned log has lost its state before anything happened.
            for from in [Some(1), sound.then_some(TRUNCATED + 1)].into_iter().flatten() {
                for crash in [Crash::Before, Crash::After, Crash::Torn] {
                    for operation in 0.. {
                        let memory = MemoryStore::default();
                        for (position, bytes) in &initial {
                            pollster::block_on(memory.put(&keys().snapshot(1, *position), bytes, None)).unwrap();
                        }
                        let left = Arc::new(Mutex::new(Some((operation, crash))));
                        let exclusive = matches!(plan, Plan::Save { exclusive: true, .. });
                        let store = Dying {
                            memory: memory.clone(),
                            left: Arc::clone(&left),
                            exclusive,
                        };
                        plan.carry_out(Log { from }, &store);
                        let what = || {
                            format!(
                                "{plan:?}, {crash:?} operation {operation}, log from {from}, {:?}",
                                initial.keys()
                            )
                        };
                        from_snapshots += u64::from(recovers(&memory, Log { from }, &what));
                        if left.lock().unwrap().is_some() {
                            survived += 1;
                            break;
                        }
                        crashes += 1;
                    }
                }
            }
        }
    }
    println!("{crashes} crashes, {survived} plans to their end; {from_snapshots} loads afterwards built on a snapshot");
    assert!(crashes > 10_000 && survived > 1_000 && from_snapshots > 10_000);
}

/// A new process loads, takes a snapshot of its own, and loads again. True if the first load built on a snapshot.
fn recovers(memory: &MemoryStore, log: Log, what: &dyn Fn() -> String) -> bool {
    let next = Repository::new(definition(2, true), memory.clone(), log).unwrap();
    let mut handle = next
        .blocking()
        .load("s")
        .unwrap_or_else(|error| panic!("{error}: {}", what()));
    assert_eq!(handle.state(), &truth(EVENTS), "{}", what());
    let snapshot = matches!(handle.source(), Source::Snapshot { .. });
    let outcome = next.blocking().snapshot(&mut handle);
    assert!(outcome.is_ok(), "{outcome:?}: {}", what());
    let again = next.blocking().load("s").unwrap();
    assert_eq!(
        (again.state(), again.source()),
        (&truth(EVENTS), Source::Snapshot { position: EVENTS }),
        "{}",
        what()
    );
    snapshot
}
