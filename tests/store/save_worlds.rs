//! Every way in which saves, a pruner and a forgetter can take turns in a small world.
//!
//! Each actor does one operation of the store at a time; all orders of them are tried, for all stores of a few snapshots. However it goes:
//! the newest sound snapshot that ever lay in a slot has one at its position or above in the end, whatever was deleted was seen and covered,
//! an old owner wrote nothing, and of a forgotten stream nothing is left.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use snapfold::Code;
use snapfold::fold::Anchor;
use snapfold::frame::{Header, Payload, sha256};
use snapfold::store::{
    Listing, Op, PruneRequest, Retention, SaveFact, SaveRequest, SaveResult, SaveStep, StreamKeys, next_save,
    plan_prune, position_of,
};

/// What lies under a key; `history` tells what the log holds from what it held once.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Frame {
    sound: bool,
    history: char,
    fence: Option<u64>,
}

impl Frame {
    fn usable(&self) -> bool {
        self.sound && self.history == 'a'
    }
}

type Store = BTreeMap<String, Option<Frame>>;

#[derive(Clone)]
enum Actor {
    Writer(Writer),
    Pruner(Pruner),
    Forgetter(Forgetter),
}

#[derive(Clone)]
struct Writer {
    request: Rc<SaveRequest>,
    facts: Vec<SaveFact>,
    /// A newest snapshot of a greater fence lay there when it listed the slot.
    outranked: bool,
    wrote: bool,
    end: Option<SaveResult>,
}

#[derive(Clone)]
struct Pruner {
    keep: u32,
    /// Not opened yet, oldest first.
    listed: Option<Vec<String>>,
    unopened: Vec<String>,
    plan: Option<Vec<Op>>,
}

#[derive(Clone, Default)]
struct Forgetter {
    buried: bool,
    found: Vec<String>,
    end: bool,
}

#[derive(Clone)]
struct World {
    store: Store,
    actors: Vec<Actor>,
    /// By slot, the newest position at which a usable snapshot ever lay.
    best: BTreeMap<String, u64>,
    /// What the actors did, to tell worlds apart.
    memory: Vec<String>,
}

fn keys() -> StreamKeys {
    StreamKeys::new("n", "s").unwrap()
}

fn slot_of(key: &str) -> String {
    key[..=key.rfind('/').unwrap()].to_owned()
}

fn state(history: char, position: u64) -> [u8; 32] {
    sha256(format!("{history}{position}").as_bytes())
}

fn request(version: u32, position: u64) -> SaveRequest {
    let mut payload = Payload::of(b"");
    payload.digest = state('a', position);
    let header = Header {
        anchor: Some(Anchor::id(format!("a{position}"))),
        ..Header::new("n", version, "s", position, position)
    };
    SaveRequest {
        keep: Retention::from(1),
        ..SaveRequest::new(header, payload, 1)
    }
}

fn writer(request: SaveRequest) -> Actor {
    Actor::Writer(Writer {
        request: Rc::new(request),
        facts: vec![],
        outranked: false,
        wrote: false,
        end: None,
    })
}

fn pruner(keep: u32) -> Actor {
    Actor::Pruner(Pruner {
        keep,
        listed: None,
        unopened: vec![],
        plan: None,
    })
}

impl World {
    fn new(store: Store, actors: Vec<Actor>) -> Self {
        let mut world = Self {
            memory: vec![String::new(); actors.len()],
            store,
            actors,
            best: BTreeMap::new(),
        };
        world.note_best();
        world
    }

    fn note_best(&mut self) {
        for (key, frame) in &self.store {
            if let (Some(position), true) = (position_of(key), frame.is_some_and(|frame| frame.usable())) {
                let best = self.best.entry(slot_of(key)).or_default();
                *best = (*best).max(position);
            }
        }
    }

    fn list(&self, prefix: &str) -> Vec<String> {
        self.store
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect()
    }

    /// Deletes, if something sound at a later position makes up for each of the keys.
    fn delete(&mut self, keys: &[String]) {
        for key in keys {
            let position = position_of(key).unwrap();
            let covered = self.store.iter().any(|(other, frame)| {
                slot_of(other) == slot_of(key)
                    && position_of(other) > Some(position)
                    && frame.is_some_and(|frame| frame.usable())
            });
            let forgotten = self.store.contains_key(&keys_tombstone());
            assert!(covered || forgotten, "{key} is not covered in {:#?}", self.store);
        }
        for key in keys {
            self.store.remove(key);
        }
    }

    /// One operation of an actor; false if it has none left.
    fn act(&mut self, index: usize) -> bool {
        let done = match self.actors[index].clone() {
            Actor::Writer(mut writer) => {
                let done = self.write(&mut writer);
                self.actors[index] = Actor::Writer(writer);
                done
            }
            Actor::Pruner(mut pruner) => {
                let done = self.prune(&mut pruner);
                self.actors[index] = Actor::Pruner(pruner);
                done
            }
            Actor::Forgetter(mut forgetter) => {
                let done = self.forget(&mut forgetter);
                self.actors[index] = Actor::Forgetter(forgetter);
                done
            }
        };
        let Some(done) = done else { return false };
        self.memory[index].push_str(&done);
        self.note_best();
        true
    }

    fn write(&mut self, writer: &mut Writer) -> Option<String> {
        if writer.end.is_some() {
            return None;
        }
        let request = Rc::clone(&writer.request);
        let header = &request.header;
        let step = next_save(&request, &writer.facts).unwrap();
        let (fact, told) = match step {
            SaveStep::List { prefix, limit } => {
                let mut keys = self.list(&prefix);
                keys.truncate(limit);
                let newest = keys.iter().filter_map(|key| self.store[key]).find(|frame| frame.sound);
                writer.outranked = header.fence.is_some() && newest.is_some_and(|frame| frame.fence > header.fence);
                let told = format!("l{}{keys:?}", writer.outranked);
                (SaveFact::Listed { keys }, told)
            }
            SaveStep::Open { key, position } | SaveStep::Verify { key, position } => {
                let frame = self.store.get(&key).copied().flatten();
                let fact = match frame {
                    None => SaveFact::Rejected { code: Code::Absent },
                    Some(frame) if !frame.sound => SaveFact::Rejected { code: Code::Corrupt },
                    Some(frame) => SaveFact::Opened {
                        digest: state(frame.history, position),
                        anchor: Some(Anchor::id(format!("{}{position}", frame.history))),
                        fence: frame.fence,
                    },
                };
                (fact, format!("o{frame:?}"))
            }
            SaveStep::Put { key, if_absent: true } if self.store.contains_key(&key) => {
                (SaveFact::Occupied, "x".to_owned())
            }
            SaveStep::Put { key, .. } => {
                writer.wrote = true;
                let frame = Frame {
                    sound: true,
                    history: 'a',
                    fence: header.fence,
                };
                self.store.insert(key, Some(frame));
                (SaveFact::Stored, "p".to_owned())
            }
            SaveStep::Get { key } => {
                let there = self.store.contains_key(&key);
                (SaveFact::Found { there }, format!("g{there}"))
            }
            SaveStep::Delete { keys, covered_by } => {
                let mut seen = writer.facts.iter().rev().filter_map(|fact| match fact {
                    SaveFact::Listed { keys } => Some(keys),
                    _ => None,
                });
                let seen = seen.next().unwrap();
                let snapshots: Vec<_> = keys.iter().filter(|key| position_of(key).is_some()).cloned().collect();
                let own = keys_in(header.version, header.position);
                let taken_back = covered_by == keys_tombstone();
                assert!(
                    snapshots
                        .iter()
                        .all(|key| seen.contains(key) || (taken_back && *key == own))
                );
                self.delete(&snapshots);
                (SaveFact::Stored, "d".to_owned())
            }
            SaveStep::Done { result } => {
                writer.end = Some(result);
                return None;
            }
        };
        writer.facts.push(fact);
        Some(told)
    }

    /// Covers with the newest snapshot that it could use, as one that was loaded.
    fn prune(&mut self, pruner: &mut Pruner) -> Option<String> {
        let Some(listed) = &pruner.listed else {
            let keys = self.list(&keys().snapshots(1));
            pruner.unopened = keys.iter().rev().cloned().collect();
            pruner.listed = Some(keys.clone());
            return Some(format!("l{keys:?}"));
        };
        if pruner.plan.is_none() {
            let key = pruner.unopened.pop()?;
            if !self
                .store
                .get(&key)
                .copied()
                .flatten()
                .is_some_and(|frame| frame.usable())
            {
                return Some("-".to_owned());
            }
            let request = PruneRequest {
                keys: listed.clone(),
                covered_by: key,
                keep: Retention::from(pruner.keep),
                listing: Listing::Strong,
                heads: vec![],
            };
            let mut plan = plan_prune(&request).unwrap();
            plan.reverse();
            pruner.plan = Some(plan);
            return Some("+".to_owned());
        }
        match pruner.plan.as_mut().unwrap().pop()? {
            Op::Verify { key } => {
                if !self
                    .store
                    .get(&key)
                    .copied()
                    .flatten()
                    .is_some_and(|frame| frame.usable())
                {
                    pruner.plan = Some(vec![]);
                }
                Some(format!("v{}", pruner.plan.as_ref().unwrap().len()))
            }
            Op::Delete { keys, covered_by } => {
                let seen = pruner.listed.as_ref().unwrap();
                assert!(keys.iter().all(|key| seen.contains(key) && *key > covered_by));
                self.delete(&keys);
                Some("d".to_owned())
            }
            Op::Put { key } => panic!("{key}"),
        }
    }

    fn forget(&mut self, forgetter: &mut Forgetter) -> Option<String> {
        if forgetter.end {
            return None;
        }
        if !forgetter.buried {
            forgetter.buried = true;
            self.store.insert(keys_tombstone(), None);
            return Some("t".to_owned());
        }
        if forgetter.found.is_empty() {
            forgetter.found = self.list(keys().all());
            forgetter.end = forgetter.found.is_empty();
            return Some(format!("l{:?}", forgetter.found));
        }
        let found = std::mem::take(&mut forgetter.found);
        self.delete(&found);
        Some("d".to_owned())
    }

    /// How many orders there are from here on; each end is looked at.
    fn explore(&self, known: &mut HashMap<String, u64>) -> u64 {
        let place = format!("{:?}{:?}{:?}", self.store, self.memory, self.best);
        if let Some(paths) = known.get(&place) {
            return *paths;
        }
        let mut paths = 0;
        for index in 0..self.actors.len() {
            let mut next = self.clone();
            if next.act(index) {
                paths += next.explore(known);
            }
        }
        if paths == 0 {
            let mut end = self.clone();
            for index in 0..end.actors.len() {
                assert!(!end.act(index));
            }
            end.check();
            paths = 1;
        }
        known.insert(place, paths);
        paths
    }

    fn check(&self) {
        if self.store.contains_key(&keys_tombstone()) {
            assert_eq!(
                self.list(keys().all()),
                [""; 0],
                "a forgotten stream came back: {:?}",
                self.memory
            );
            return;
        }
        for (slot, best) in &self.best {
            let usable = |key: &&String| self.store[*key].is_some_and(|frame| frame.usable());
            let newest = self
                .list(slot)
                .iter()
                .filter(usable)
                .filter_map(|key| position_of(key))
                .max();
            assert_eq!(newest, Some(*best), "{slot}: {:?} {:?}", self.store, self.memory);
        }
        for actor in &self.actors {
            let Actor::Writer(writer) = actor else { continue };
            let fenced = matches!(&writer.end, Some(SaveResult::Failed { error }) if error.code() == Code::Fenced);
            assert!(
                !writer.outranked || (fenced && !writer.wrote),
                "{:?} {:?}",
                writer.end,
                self.memory
            );
            assert!(!fenced || !writer.wrote || writer.request.if_absent);
            assert!(!matches!(writer.end, Some(SaveResult::Forgotten)));
            // Nobody has to fail where nothing is wrong: only what was pruned behind a newer one may be gone when it is read back.
            if let Some(SaveResult::Failed { error }) = &writer.end {
                let pruned = error.code() == Code::Absent && writer.wrote;
                assert!(fenced || pruned, "{error} {:?}", self.memory);
            }
        }
    }
}

fn keys_tombstone() -> String {
    keys().tombstone()
}

fn keys_in(version: u32, position: u64) -> String {
    keys().snapshot(version, position)
}

/// At each of these positions of the slot: nothing, a usable snapshot with or without a fence, one of a history that is gone, or a damaged one.
fn stores(positions: &[u64], fences: bool) -> Vec<Store> {
    let frame = |sound, history, fence| Some(Frame { sound, history, fence });
    let mut choices = vec![None, frame(true, 'a', None), frame(false, 'a', None)];
    choices.push(match fences {
        true => frame(true, 'a', Some(2)),
        false => frame(true, 'x', None),
    });
    let mut stores = vec![Store::new()];
    for position in positions.iter().copied() {
        stores = stores
            .into_iter()
            .flat_map(|store| {
                choices.clone().into_iter().map(move |choice| {
                    let mut store = store.clone();
                    if let Some(frame) = choice {
                        store.insert(keys_in(1, position), Some(frame));
                    }
                    store
                })
            })
            .collect();
    }
    stores
}

/// The two saves: versions and positions.
const SAVES: [[(u32, u64); 2]; 4] = [[(1, 3), (1, 3)], [(1, 3), (1, 4)], [(1, 2), (1, 4)], [(1, 4), (2, 4)]];

struct Explored<'a> {
    what: &'a str,
    fences: &'a [[Option<u64>; 2]],
    positions: &'a [u64],
    third: &'a [Option<Actor>],
}

impl Explored<'_> {
    fn explore(&self) {
        let (mut worlds, mut orders, mut places) = (0u64, 0u64, 0u64);
        for world in self.worlds() {
            let mut known = HashMap::new();
            orders += world.explore(&mut known);
            places += known.len() as u64;
            worlds += 1;
        }
        let what = self.what;
        println!(
            "two saves and {what}: {worlds} worlds, {orders} orders of their operations, {places} different places"
        );
        assert!(worlds > 40 && orders > 100_000);
    }

    fn worlds(&self) -> Vec<World> {
        let mut worlds = vec![];
        for saves in SAVES {
            for fences in self.fences {
                for store in stores(self.positions, fences[0].is_some()) {
                    for (if_absent, read_back) in [(false, true), (true, true), (true, false)] {
                        let saves = saves.iter().zip(fences).map(|((version, position), fence)| {
                            let mut request = request(*version, *position);
                            request.header.fence = *fence;
                            let vouched = newest_usable(&store).filter(|_| !read_back);
                            writer(SaveRequest {
                                if_absent,
                                read_back,
                                vouched,
                                ..request
                            })
                        });
                        let saves: Vec<_> = saves.collect();
                        let with = |third: &Option<Actor>| {
                            World::new(store.clone(), saves.iter().chain(third).cloned().collect())
                        };
                        worlds.extend(self.third.iter().map(with));
                    }
                }
            }
        }
        worlds
    }
}

fn newest_usable(store: &Store) -> Option<u64> {
    let newest = store
        .iter()
        .find(|(_, frame)| frame.is_some_and(|frame| frame.usable()));
    newest.and_then(|(key, _)| position_of(key))
}

#[test]
fn two_saves() {
    Explored {
        what: "nobody else",
        fences: &[[None, None], [Some(1), Some(2)], [Some(2), Some(1)], [Some(3), Some(2)]],
        positions: &[1, 2, 3],
        third: &[None],
    }
    .explore();
}

#[test]
fn two_saves_and_a_pruner() {
    Explored {
        what: "a pruner",
        fences: &[[None, None]],
        positions: &[1, 3],
        third: &[Some(pruner(1)), Some(pruner(2))],
    }
    .explore();
}

#[test]
fn two_saves_and_a_forgetter() {
    Explored {
        what: "a forgetter",
        fences: &[[None, None]],
        positions: &[3],
        third: &[Some(Actor::Forgetter(Forgetter::default()))],
    }
    .explore();
}
