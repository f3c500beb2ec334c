/** Several writers, old owners, old code, and streams that were forgotten meanwhile. The twin of tests/repository/concurrency.rs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSnapshots, everyEvents, inspect, memoryStore, type SnapshotStore } from 'snapfold';
import { keys } from 'snapfold/plans';
import { assertSkipped, assertState, events, failed, folded, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { bytesAt, intercepted, keysIn, traced } from './support/stores.js';

const at = (position: number) => keys.snapshot('cart', 'cart-42', 1, position);
const tombstone = keys.tombstone('cart', 'cart-42');

test('an old owner writes nothing once the new one has, not even a marker', async () => {
  const log = new Log<CartEvent>({}, events(6));
  const { store, trace } = traced(memoryStore());
  const old = await open({ store, events: log, fence: 1 });
  const owner = await open({ store, events: log, fence: (streamId) => (streamId === 'cart-42' ? 2n : undefined) });
  let zombie = await old.load('cart-42');
  assert.equal(zombie.fence, 1);
  const { key } = taken(await owner.maybeSnapshot(await owner.load('cart-42')));
  assert.equal(inspect(await bytesAt(store, key)).fence, 2);
  for (const position of [6, 12]) {
    trace.length = 0;
    const { error } = failed(await old.maybeSnapshot(zombie));
    assert.deepEqual([error.code, error.position], ['fenced', 6]);
    await assert.rejects(old.snapshot(zombie), { code: 'fenced' });
    assert.deepEqual(trace.filter((line) => line.startsWith('put')), [], `at ${position}`);
    log.append(...events(6, 7));
    zombie = await old.refresh(zombie);
  }
});

test('a handle keeps the fence that it was loaded with, until it is refreshed', async () => {
  const log = new Log<CartEvent>({}, events(6));
  let token = 1;
  const repo = await open({ store: memoryStore(), events: log, fence: () => token });
  const stale = await repo.load('cart-42');
  token = 3;
  const [extended, fresh] = [repo.apply(stale, []), await repo.refresh(stale)];
  assert.deepEqual([stale.fence, extended.fence, fresh.fence], [1, 1, 3]);
  taken(await repo.snapshot(fresh));
  await assert.rejects(repo.snapshot(stale), { code: 'fenced' });
});

test('a fence that is none is refused by name', async () => {
  const log = new Log<CartEvent>({}, events(1));
  for (const fence of [-1, 1.5, () => '007']) {
    const repo = await open({ store: memoryStore(), events: log, fence });
    await assert.rejects(repo.load('cart-42'), { path: 'fence' });
  }
  const repo = await open({ store: memoryStore(), events: log, fence: () => { throw new Error('no lease'); } });
  await assert.rejects(repo.load('cart-42'), { code: 'invalidOption', path: 'fence' });
});

/** With `putIfAbsent`, in case it has none. */
function exclusive(store: SnapshotStore): SnapshotStore {
  return Object.assign(Object.create(store) as SnapshotStore, {
    putIfAbsent: async (key: string, bytes: Uint8Array) => {
      if ((await store.get(key)) !== undefined) return false;
      await store.put(key, bytes);
      return true;
    },
  });
}

for (const has of [true, false]) {
  test(`two writers at one position, ${has ? 'with' : 'without'} putIfAbsent`, async () => {
    const log = new Log<CartEvent>({}, events(6));
    const shared = memoryStore();
    const plain = Object.assign(Object.create(shared) as SnapshotStore, { putIfAbsent: undefined });
    const store = has ? exclusive(shared) : plain;
    let other: Promise<unknown> | undefined;
    const second = await open({ store, events: log });
    // Between the first one's listing and its put the second one saves.
    const between = intercepted(store, async (op, carryOut) => {
      if (op === 'put') await (other ??= second.maybeSnapshot(await second.load('cart-42')));
      return carryOut();
    });
    const first = await open({ store: between, events: log });
    const outcome = await first.maybeSnapshot(await first.load('cart-42'));
    if (has) assertSkipped(outcome, 'alreadyCovered');
    else taken(outcome);
    assert.deepEqual(await keysIn(shared, 'cart/'), [at(6)]);
    assertState((await second.load('cart-42')).state, folded(events(6)));
  });
}

test('a store that tears what it is given costs no snapshot', async () => {
  const log = new Log<CartEvent>({}, events(6));
  const memory = memoryStore();
  const repo = await open({ store: memory, events: log }, { keep: 1 });
  taken(await repo.snapshot(await repo.load('cart-42')));
  log.append(...events(6, 7));
  const tearing = Object.assign(Object.create(memory) as SnapshotStore, {
    putIfAbsent: undefined,
    put: (key: string, bytes: Uint8Array) => memory.put(key, bytes.subarray(0, bytes.length >> 1)),
  });
  const torn = await open({ store: tearing, events: log }, { keep: 1 });
  const { error } = failed(await torn.maybeSnapshot(await torn.load('cart-42')));
  assert.deepEqual([error.code, error.position], ['truncated', 12]);
  const restored = await repo.load('cart-42');
  assert.deepEqual([restored.source, restored.restoredFrom], ['snapshot', 6]);
  assertState(restored.state, folded([...events(6), ...events(6, 7)]));
});

test('without reading back, only what lies behind the loaded snapshot is deleted', async () => {
  const log = new Log<CartEvent>({}, events(3));
  const { store, trace } = traced(memoryStore());
  const repo = await open({ store, events: log }, { keep: 1, readBack: false });
  let handle = await repo.load('cart-42');
  for (let round = 0; round < 3; round += 1) {
    ({ handle } = taken(await repo.snapshot(handle)));
    log.append(...events(3));
    handle = await repo.refresh(handle);
  }
  assert.deepEqual(await keysIn(store, 'cart/'), [9, 6, 3].map(at));
  trace.length = 0;
  const { deleted } = taken(await repo.snapshot(await repo.load('cart-42')));
  assert.deepEqual(deleted, [6, 3].map(at));
  assert.ok(!trace.includes(`get ${at(12)}`));
});

test('a late writer does not bring a forgotten stream back', async () => {
  const log = new Log<CartEvent>({}, events(6));
  const store = memoryStore();
  const reports: string[] = [];
  const observe = (report: { type: string; code?: string }) => void reports.push(`${report.type} ${report.code ?? ''}`);
  const repo = await open({ store, events: log, observe });
  const handle = await repo.load('cart-42');
  await store.put(tombstone, new Uint8Array([0xa0]));
  assertSkipped(await repo.snapshot(handle), 'forgotten');
  assert.deepEqual(await keysIn(store, 'cart/'), [tombstone]);
  assert.ok(reports.includes('skipped forgotten'));
  // Nor does the marker of an attempt that fails.
  const small = await open({ store, events: log }, { maxBytes: 10 });
  assertSkipped(await small.maybeSnapshot(await small.load('cart-42')), 'tooLarge');
  assert.deepEqual(await keysIn(store, 'cart/'), [tombstone]);
});

interface NotingEvent {
  readonly type: 'added' | 'noted';
  readonly sku: string;
  readonly price: number;
}

interface Noting {
  readonly paid: number;
  readonly notes?: readonly string[];
}

/** Old and new code take turns on one stream, and no version was bumped. The old code drops what it does not know from states. */
test('a rolling deploy loses nothing for the new code', async () => {
  const definition = (knows: string[], evolve: (state: Noting, event: NotingEvent) => Noting, fromState = (plain: Noting) => plain) =>
    defineSnapshots<Noting, NotingEvent>({
      name: 'noting',
      version: 1,
      initialState: () => ({ paid: 0 }),
      evolve,
      fromState,
      knows,
      policy: everyEvents(1),
    });
  const pay = ({ paid, ...rest }: Noting, { price }: NotingEvent): Noting => ({ ...rest, paid: paid + price });
  const note = (state: Noting, { sku }: NotingEvent): Noting => ({ ...state, notes: [...(state.notes ?? []), sku] });
  const evolve = (state: Noting, event: NotingEvent) => (event.type === 'noted' ? note : pay)(state, event);
  const oldCode = definition(
    ['added'],
    (state, event) => (event.type === 'noted' ? state : pay(state, event)),
    ({ paid }) => ({ paid }),
  );
  const newCode = definition(['added', 'noted'], evolve);
  let oldTook = 0;
  for (let types = 0; types < 8; types += 1) {
    for (let turns = 0; turns < 64; turns += 1) {
      const log = new Log<NotingEvent>({});
      const options = { store: memoryStore(), events: log, observe: () => {} };
      const [old, young] = [await oldCode.open(options), await newCode.open(options)];
      const truth: NotingEvent[] = [];
      for (let position = 1; position <= 6; position += 1) {
        const type = position > 3 && ((types >> (position - 4)) & 1) === 1 ? 'noted' : 'added';
        const event = { type, sku: `sku-${position}`, price: position } as const;
        truth.push(event);
        log.append(event);
        if (((turns >> (position - 1)) & 1) === 1) {
          oldTook += Number((await old.maybeSnapshot(await old.load('s'))).status === 'taken');
        } else {
          const handle = await young.load('s');
          assertState(handle.state, truth.reduce(evolve, { paid: 0 }));
          await young.maybeSnapshot(handle);
        }
      }
    }
  }
  assert.ok(oldTook > 500, `the old code took ${oldTook} snapshots`);
});
