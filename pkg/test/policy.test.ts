/** Policies: their data form, their composition, and the decisions that every host shares. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  allOf,
  anyOf,
  decide,
  defineSnapshots,
  everyBytes,
  everyElapsed,
  everyEvents,
  memoryStore,
  never,
  perKind,
  slowLoad,
  tailRatio,
  whenEvent,
  whenState,
  withJitter,
  type Observation,
  type Policy,
  type PolicySpec,
} from 'snapfold';

const SPECS: [Policy<never>, PolicySpec][] = [
  [never(), 'never'],
  [everyEvents(100), { everyEvents: 100 }],
  [everyBytes(1), { everyBytes: 1 }],
  [everyBytes('64KiB'), { everyBytes: 65_536 }],
  [everyBytes('64 KB'), { everyBytes: 64_000 }],
  [everyBytes('1.5MiB'), { everyBytes: 1_572_864 }],
  [everyBytes('2MB'), { everyBytes: 2_000_000 }],
  [everyBytes('1GB'), { everyBytes: 1_000_000_000 }],
  [everyBytes('1GiB'), { everyBytes: 1_073_741_824 }],
  [everyBytes('10B'), { everyBytes: 10 }],
  [everyElapsed(5), { everyMillis: 5 }],
  [everyElapsed('250ms'), { everyMillis: 250 }],
  [everyElapsed('1.5s'), { everyMillis: 1_500 }],
  [everyElapsed('2m'), { everyMillis: 120_000 }],
  [everyElapsed('1h'), { everyMillis: 3_600_000 }],
  [everyElapsed('7d'), { everyMillis: 604_800_000 }],
  [tailRatio(0.5), { tailRatio: 0.5 }],
  [slowLoad('50ms'), { slowLoad: 50 }],
  [whenEvent('Closed', 'Paid'), { whenEvent: ['Closed', 'Paid'] }],
  [whenState(() => true), { whenState: 0 }],
  [anyOf(everyEvents(1), never()), { anyOf: [{ everyEvents: 1 }, 'never'] }],
  [allOf(everyEvents(1), everyBytes(2)), { allOf: [{ everyEvents: 1 }, { everyBytes: 2 }] }],
  [
    perKind({ workflow: everyEvents(10), task: never() }, everyEvents(100)),
    { perKind: { kinds: { workflow: { everyEvents: 10 }, task: 'never' }, otherwise: { everyEvents: 100 } } },
  ],
  [withJitter(0.25, everyEvents(100)), { jitter: { fraction: 0.25, policy: { everyEvents: 100 } } }],
];

for (const [policy, spec] of SPECS) {
  test(`${JSON.stringify(spec)} is data, and the core reads it`, () => {
    assert.deepEqual(policy.spec, spec);
    assert.deepEqual(JSON.parse(JSON.stringify(policy.spec)), spec);
    assert.equal(decide(policy as Policy, { events: 0 }).take, false);
  });
}

test('composition keeps predicates apart', () => {
  const above = (limit: number): Policy<number> => whenState((state: number) => state > limit);
  const inner = anyOf(above(1), allOf(above(2), above(3)));
  const outer = anyOf(above(0), withJitter(0.1, inner), perKind({ a: above(4) }, above(5)), everyEvents(9));
  const indices: number[] = [];
  JSON.stringify(outer.spec, (key, value: unknown) => (key === 'whenState' ? indices.push(value as number) : value));
  assert.deepEqual([...indices].sort(), [0, 1, 2, 3, 4, 5]);
  const [first, second, third, fourth, otherwise, kind] = outer.predicates;
  const limits = [first, second, third, fourth, otherwise, kind].map((holds) => [0, 1, 2, 3, 4, 5].find((limit) => holds?.(limit + 1) === true));
  assert.deepEqual(limits, [0, 1, 2, 3, 5, 4]);
  assert.deepEqual(inner.spec, { anyOf: [{ whenState: 0 }, { allOf: [{ whenState: 1 }, { whenState: 2 }] }] });
});

test('each predicate is asked with the state, and only its own answer counts', () => {
  const even = whenState<number>((state) => state % 2 === 0);
  const large = whenState<number>((state) => state > 10);
  const both = allOf(even, large);
  const answers = [2, 11, 12, 13].map((state) => decide(both, { events: 1, state }).take);
  assert.deepEqual(answers, [false, false, true, false]);
  const kinds = perKind({ a: even }, large);
  assert.equal(decide(kinds, { events: 1, state: 2, kind: 'a' }).take, true);
  assert.equal(decide(kinds, { events: 1, state: 2, kind: 'b' }).take, false);
  assert.equal(decide(kinds, { events: 1, state: 11, kind: 'toString' }).take, true);
});

const DECISIONS: [string, Policy<never>, Observation<never>, boolean, string][] = [
  ['never', never(), { events: 1_000 }, false, 'policy is never'],
  ['nothing folded', everyEvents(1), { events: 0 }, false, 'nothing folded yet'],
  ['nothing new', everyEvents(1), { events: 5, snapshot: { events: 5 } }, false, 'nothing folded since the last snapshot'],
  ['below', everyEvents(100), { events: 99 }, false, '99 events and no snapshot yet, threshold 100'],
  ['at', everyEvents(100), { events: 100 }, true, '100 events and no snapshot yet, threshold 100'],
  ['above', everyEvents(100), { events: 1_250 }, true, '1,250 events and no snapshot yet, threshold 100'],
  ['since', everyEvents(100), { events: 199, snapshot: { events: 100 } }, false, '99 events since the snapshot at event 100, threshold 100'],
  ['one event', everyEvents(2), { events: 2, snapshot: { events: 1 } }, false, '1 event since the snapshot at event 1, threshold 2'],
  ['ahead of the log', everyEvents(5), { events: 5, snapshot: { events: 9 } }, true, '5 events and no snapshot yet, threshold 5'],
  ['bytes', everyBytes(10), { events: 1, tailBytes: 9 }, false, 'tail of 9 bytes, threshold 10 bytes'],
  ['bytes at', everyBytes(10), { events: 1, tailBytes: 10 }, true, 'tail of 10 bytes, threshold 10 bytes'],
  ['ratio', tailRatio(0.5), { events: 2, tailBytes: 49, snapshot: { events: 1, bytes: 100 } }, false, 'tail of 49 bytes, threshold 50 bytes'],
  ['ratio at', tailRatio(0.5), { events: 2, tailBytes: 50, snapshot: { events: 1, bytes: 100 } }, true, 'tail of 50 bytes, threshold 50 bytes'],
  ['ratio first', tailRatio(2), { events: 1 }, true, 'no snapshot yet, so any tail meets the ratio'],
  ['time, first', everyElapsed('1s'), { events: 1, firstAt: 0, now: 999 }, false, '999 ms since the first event, threshold 1,000 ms'],
  ['time', everyElapsed('1s'), { events: 2, snapshot: { events: 1, at: 5 }, now: 1_005 }, true, '1,000 ms since the snapshot at event 1, threshold 1,000 ms'],
  ['no clock', everyElapsed('1s'), { events: 1 }, false, 'the host gave no time to measure with'],
  ['age unknown', everyElapsed('1s'), { events: 1, now: 5 }, true, 'the age of what is stored is unknown'],
  ['clock went back', everyElapsed('1s'), { events: 1, firstAt: 9_000, now: 5 }, false, '0 ms since the first event, threshold 1,000 ms'],
  ['slow', slowLoad(50), { events: 2, load: { millis: 51, events: 2 } }, true, 'the load took 51 ms, threshold 50 ms'],
  ['not slow', slowLoad(50), { events: 2, load: { millis: 50, events: 2 } }, false, 'the load took 50 ms, threshold 50 ms'],
  ['event', whenEvent('Closed'), { events: 1, eventTypes: ['Opened', 'Closed'] }, true, 'Closed was folded'],
  ['no event', whenEvent('Closed'), { events: 1, eventTypes: ['Opened'] }, false, 'no event of the types it waits for was folded'],
  ['any', anyOf(everyEvents(9), everyBytes(1)), { events: 1, tailBytes: 1 }, true, 'tail of 1 byte, threshold 1 byte'],
  ['any, nearest', anyOf(everyEvents(100), everyBytes(10)), { events: 50, tailBytes: 9 }, false, 'tail of 9 bytes, threshold 10 bytes'],
  ['all', allOf(everyEvents(2), everyBytes(10)), { events: 2, tailBytes: 9 }, false, 'tail of 9 bytes, threshold 10 bytes'],
  ['kind', perKind({ task: everyEvents(5) }, everyEvents(1)), { events: 4, kind: 'task' }, false, '4 events and no snapshot yet, threshold 5'],
  ['other kind', perKind({ task: everyEvents(5) }, everyEvents(1)), { events: 4, kind: 'flow' }, true, '4 events and no snapshot yet, threshold 1'],
  ['damped', everyEvents(10), { events: 19, attempt: { events: 10, failures: 1 } }, false, 'waiting after 1 failed attempt: 9 of 10 events'],
  ['tried again', everyEvents(10), { events: 30, attempt: { events: 10, failures: 2 } }, true, 'trying again after 2 failed attempts: 20 of 20 events'],
  [
    'attempt outdone',
    everyEvents(10),
    { events: 30, snapshot: { events: 20 }, attempt: { events: 10, failures: 9 } },
    true,
    '10 events since the snapshot at event 20, threshold 10',
  ],
];

for (const [name, policy, observation, take, reason] of DECISIONS) {
  test(`decision: ${name}`, () => {
    const decision = decide(policy as Policy, observation);
    assert.deepEqual([decision.take, decision.reason], [take, reason]);
  });
}

test('jitter lowers the threshold, each stream by its own share, always the same', () => {
  const policy = withJitter(0.5, everyEvents(1_000));
  const threshold = (streamId: string): number => {
    let [below, reached] = [0, 1_000];
    while (reached - below > 1) {
      const events = (below + reached) >> 1;
      if (decide(policy, { events, streamId }).take) reached = events;
      else below = events;
    }
    return reached;
  };
  const thresholds = Array.from({ length: 50 }, (_, index) => threshold(`cart-${index}`));
  assert.ok(thresholds.every((events) => events >= 500 && events <= 1_000));
  assert.ok(new Set(thresholds).size > 40);
  assert.deepEqual(thresholds, Array.from({ length: 50 }, (_, index) => threshold(`cart-${index}`)));
});

test('a decision leaves policy and observation as they were', () => {
  const policy = anyOf(whenEvent('Closed'), everyEvents(5));
  const observation = Object.freeze({ events: 5, eventTypes: Object.freeze(['Closed']), snapshot: Object.freeze({ events: 1 }) });
  const before = JSON.stringify([policy, observation]);
  decide(policy, observation);
  decide(policy, observation);
  assert.equal(JSON.stringify([policy, observation]), before);
});

test('time is measured from the first event of the stream, not of the tail', async () => {
  const log = [0, 900, 1_000].map((at, index) => ({ position: index + 1, id: `e${index}`, event: 1, at }));
  const store = memoryStore();
  const definition = (version: number) =>
    defineSnapshots<number, number>({
      name: 'sum',
      version,
      initialState: () => 0,
      evolve: (sum, n) => sum + n,
      migrate: version === 2 ? { 1: (sum: number) => sum } : {},
      policy: everyElapsed(1_000),
      clock: () => 1_000,
    });
  const events = { read: (_: string, { from }: { from: number }) => log.filter(({ position }) => position >= from) };
  const first = await definition(1).open({ store, events: { read: () => log.slice(0, 0) } });
  assert.equal((await first.maybeSnapshot(first.apply(await first.load('s'), log.slice(0, 2)))).status, 'taken');
  const second = await definition(2).open({ store, events });
  const migrated = await second.load('s');
  assert.equal(migrated.source, 'migrated');
  assert.equal((await second.maybeSnapshot(migrated)).status, 'taken');
});

test('a decision keeps its policy: its words do not become those of another one', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const decision = decide(everyEvents(3), { events: 5 });
  let dropped = 0;
  const registry = new FinalizationRegistry(() => (dropped += 1));
  while (dropped < 3) {
    registry.register({}, undefined);
    collect();
    await new Promise(setImmediate);
  }
  const others = Array.from({ length: 9 }, () => decide(everyBytes(77), { events: 5, tailBytes: 99 }));
  assert.match(decision.reason, /threshold 3/);
  assert.match(others[0]?.reason ?? '', /threshold 77 bytes/);
});
