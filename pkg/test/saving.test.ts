/** What a snapshot does: the state of the call, one save per stream, retention behind it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSnapshots, everyEvents, inspect, memoryStore, open as openFrame, type SnapshotStore } from 'snapfold';
import { keys } from 'snapfold/plans';
import { assertSkipped, assertState, event, events, folded, open, taken, type Cart, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { bytesAt, failing, intercepted, keysIn, traced } from './support/stores.js';

const at = (position: number) => keys.snapshot('cart', 'cart-42', 1, position);

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** A store whose puts wait until they are let through. */
function gated(store: SnapshotStore): { store: SnapshotStore; reached: Promise<void>; letThrough(): void } {
  const gate = deferred();
  const reached = deferred();
  const around = intercepted(store, async (op, carryOut) => {
    if (op === 'put') {
      reached.resolve();
      await gate.promise;
    }
    return carryOut();
  });
  return { store: around, reached: reached.promise, letThrough: gate.resolve };
}

test('what is stored opens to what was folded, with a header that says so', async () => {
  const log = new Log<CartEvent>({ ids: true }, events(5));
  const store = memoryStore();
  const repo = await open({ store, events: log });
  const outcome = taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  assert.deepEqual([outcome.position, outcome.key, outcome.deleted], [5, at(5), []]);
  assert.match(outcome.reason, /5 events and no snapshot yet, threshold 3/);
  const frame = await bytesAt(store, outcome.key);
  assert.equal(outcome.bytes, frame.length);
  const { header, state } = openFrame(frame);
  const { payload, ...stated } = header;
  assert.deepEqual(stated, {
    name: 'cart',
    version: 1,
    streamId: 'cart-42',
    position: 5,
    eventCount: 5,
    anchor: 'event-5',
    takenAt: 1_700_000_000_000,
  });
  assert.equal(payload.mediaType, undefined);
  assertState(state, folded(events(5)));
});

test('the state is encoded before the first await: later changes are not in the snapshot', async () => {
  const bag = defineSnapshots<{ items: string[] }, string>({
    name: 'bag',
    version: 1,
    initialState: () => ({ items: [] }),
    evolve: (state, item) => {
      state.items.push(item);
      return state;
    },
    mutable: true,
    policy: everyEvents(1),
  });
  const store = memoryStore();
  const repo = await bag.open({ store, events: new Log<string>() });
  const handle = repo.apply(await repo.load('b'), ['first'], { through: 1 });
  const promise = repo.maybeSnapshot(handle);
  handle.state.items.push('later');
  const { key } = taken(await promise);
  assert.deepEqual(openFrame(await bytesAt(store, key)).state, { items: ['first'] });
});

test('the store is not touched before a snapshot is due', async () => {
  const { store, trace } = traced(memoryStore());
  const repo = await open({ store, events: new Log<CartEvent>() });
  let cart = await repo.load('cart-42');
  trace.length = 0;
  cart = repo.apply(cart, events(2), { through: 2 });
  const outcome = await repo.maybeSnapshot(cart);
  assertSkipped(outcome, 'notDue');
  assert.equal(outcome.reason, '2 events and no snapshot yet, threshold 3');
  assert.deepEqual(trace, []);
});

test('one save per stream at a time; other streams go on', async () => {
  const { store, reached, letThrough } = gated(memoryStore());
  const repo = await open({ store, events: new Log<CartEvent>() });
  const cart = repo.apply(await repo.load('cart-42'), events(3), { through: 3 });
  const first = repo.maybeSnapshot(cart);
  await reached;
  assertSkipped(await repo.maybeSnapshot(cart), 'inFlight');
  assertSkipped(await repo.snapshot(cart), 'inFlight');
  const other = repo.apply(await repo.load('cart-43'), events(3), { through: 3 });
  const second = repo.maybeSnapshot(other);
  letThrough();
  taken(await first);
  taken(await second);
  assertSkipped(await repo.maybeSnapshot(cart), 'notDue');
});

test('what lies there already at the same position is not written again', async () => {
  const { store, trace } = traced(memoryStore());
  const log = new Log<CartEvent>({}, events(3));
  const first = await open({ store, events: log });
  taken(await first.maybeSnapshot(await first.load('cart-42', { useSnapshots: false })));
  const second = await open({ store, events: log });
  const cart = await second.load('cart-42', { useSnapshots: false });
  trace.length = 0;
  const outcome = await second.maybeSnapshot(cart);
  assertSkipped(outcome, 'alreadyCovered');
  assert.match(outcome.reason, /fffffffffffffffc/);
  assert.deepEqual(trace.filter((line) => line.startsWith('put')), []);
  assertSkipped(await second.maybeSnapshot(outcome.handle), 'notDue');
});

test('an older writer does not hide a newer snapshot', async () => {
  const store = memoryStore();
  const log = new Log<CartEvent>({}, events(3));
  const slow = await open({ store, events: log });
  const old = await slow.load('cart-42');
  log.append(...events(3, 4));
  const fast = await open({ store, events: log });
  taken(await fast.maybeSnapshot(await fast.load('cart-42')));
  assertSkipped(await slow.maybeSnapshot(old), 'alreadyCovered');
  assert.deepEqual(await keysIn(store, 'cart/'), [at(6)]);
});

test('another state from the same events is reported as diverged, and neither is overwritten', async () => {
  const store = memoryStore();
  const log = new Log<CartEvent>({}, events(3));
  const one = await open({ store, events: log });
  taken(await one.snapshot(await one.load('cart-42')));
  const before = await bytesAt(store, at(3));
  const changed = await open({ store, events: log }, { evolve: (cart: Cart) => ({ ...cart, total: cart.total + 1n }) });
  const cart = await changed.load('cart-42', { useSnapshots: false });
  await assert.rejects(changed.snapshot(cart), { code: 'diverged', position: 3, message: /without a new version/ });
  assert.deepEqual(await bytesAt(store, at(3)), before);
});

test('the newest `keep` are kept, the rest is deleted after the put', async () => {
  for (const keep of [1, 2, 3]) {
    const { store, trace } = traced(memoryStore());
    const log = new Log<CartEvent>();
    const repo = await open({ store, events: log }, { keep });
    let cart = await repo.load('cart-42');
    for (let round = 1; round <= 5; round += 1) {
      cart = repo.apply(cart, log.append(...events(3, round)));
      trace.length = 0;
      const { handle, deleted } = taken(await repo.maybeSnapshot(cart));
      cart = handle;
      assert.deepEqual(deleted, round > keep ? [at(3 * (round - keep))] : []);
      const order = trace.map((line) => line.split(' ')[0]).filter((op) => op === 'put' || op === 'delete');
      assert.deepEqual(order, round > keep ? ['put', 'delete'] : ['put']);
    }
    assert.deepEqual(await keysIn(store, 'cart/'), [15, 12, 9].slice(0, keep).map(at));
  }
});

test('nothing is deleted where a listing lags behind', async () => {
  const store = Object.assign(memoryStore(), { listing: 'eventual' as const });
  const log = new Log<CartEvent>();
  const repo = await open({ store, events: log }, { keep: 1 });
  let cart = await repo.load('cart-42');
  for (let round = 1; round <= 3; round += 1) {
    const { handle, deleted } = taken(await repo.maybeSnapshot(repo.apply(cart, log.append(...events(3, round)))));
    assert.deepEqual(deleted, []);
    cart = handle;
  }
  assert.equal((await keysIn(store, 'cart/')).length, 3);
});

test('nothing is deleted when the put failed', async () => {
  let broken = false;
  const { store: inner, trace } = traced(memoryStore());
  const store = failing(inner, (op, key) => broken && op === 'put' && String(key).includes('/s/'));
  const log = new Log<CartEvent>({}, events(3));
  const repo = await open({ store, events: log }, { keep: 1 });
  const { handle } = taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  broken = true;
  const outcome = await repo.maybeSnapshot(repo.apply(handle, log.append(...events(3, 4))));
  assert.equal(outcome.status, 'failed');
  assert.ok(trace.every((line) => !line.startsWith('delete')));
  assert.deepEqual((await keysIn(inner, 'cart/')).filter((key) => key.includes('/s/')), [at(3)]);
});

test('a frame above maxBytes, or above what the store takes, is skipped with both numbers', async () => {
  const log = new Log<CartEvent>({}, events(3));
  const probe = memoryStore();
  const sized = await open({ store: probe, events: log });
  const { bytes } = taken(await sized.maybeSnapshot(await sized.load('cart-42')));
  const attempt = async (store: SnapshotStore, maxBytes: number) => {
    const repo = await open({ store, events: log }, { maxBytes });
    return repo.maybeSnapshot(await repo.load('cart-42'));
  };
  const full = (): SnapshotStore => Object.assign(memoryStore(), { maxValueBytes: bytes - 1 });
  const fitting = (): SnapshotStore => Object.assign(memoryStore(), { maxValueBytes: bytes });
  taken(await attempt(memoryStore(), bytes));
  taken(await attempt(fitting(), 1_000_000));
  for (const [store, maxBytes] of [[memoryStore(), bytes - 1], [full(), 1_000_000]] as const) {
    const outcome = await attempt(store, maxBytes);
    assertSkipped(outcome, 'tooLarge');
    assert.match(outcome.reason, new RegExp(`\\b${bytes}\\b.*\\b${bytes - 1}\\b`));
    assert.deepEqual((await keysIn(store, 'cart/')).filter((key) => key.includes('/s/')), []);
    const repo = await open({ store, events: log }, { maxBytes });
    assertState((await repo.load('cart-42')).state, folded(events(3)));
  }
});

test('a state above maxStateBytes is skipped as well', async () => {
  const store = memoryStore();
  const repo = await open({ store, events: new Log<CartEvent>({}, events(3)) }, { maxStateBytes: 20 });
  const outcome = await repo.maybeSnapshot(await repo.load('cart-42'));
  assertSkipped(outcome, 'tooLarge');
  assert.match(outcome.reason, /maxStateBytes is 20/);
});

test('what the store is told beside the bytes', async () => {
  const metas: unknown[] = [];
  const store = intercepted(memoryStore(), (op, carryOut, args) => {
    if (op === 'put') metas.push(args[2]);
    return carryOut();
  });
  const repo = await open({ store, events: new Log<CartEvent>({}, events(3)) });
  const { key } = taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  const { payload } = inspect(await bytesAt(store, key));
  assert.deepEqual(metas, [
    { name: 'cart', version: 1, streamId: 'cart-42', position: 3, eventCount: 3, takenAt: 1_700_000_000_000, stateBytes: payload.bytes },
  ]);
});

test('the handle of an outcome counts from the snapshot', async () => {
  const log = new Log<CartEvent>({}, events(3));
  const repo = await open({ store: memoryStore(), events: log });
  const cart = await repo.load('cart-42');
  const { handle } = taken(await repo.maybeSnapshot(cart));
  assertSkipped(await repo.maybeSnapshot(handle), 'notDue');
  const two = repo.apply(handle, log.append(event('a'), event('b')));
  assert.equal((await repo.maybeSnapshot(two)).reason, '2 events since the snapshot at event 3, threshold 3');
  taken(await repo.maybeSnapshot(repo.apply(two, log.append(event('c')))));
});

test('after a load the count goes on from the snapshot, not from zero', async () => {
  const store = memoryStore();
  const log = new Log<CartEvent>({}, events(3));
  const first = await open({ store, events: log });
  taken(await first.maybeSnapshot(await first.load('cart-42')));
  log.append(event('a'), event('b'));
  const second = await open({ store, events: log });
  const cart = await second.load('cart-42');
  assertSkipped(await second.maybeSnapshot(cart), 'notDue');
  taken(await second.maybeSnapshot(second.apply(cart, log.append(event('c')))));
});

test('a snapshot that is gone no longer counts as the last one', async () => {
  let broken = false;
  const original = memoryStore();
  const store = failing(original, (op) => broken && op === 'list');
  const log = new Log<CartEvent>({}, events(3));
  const repo = await open({ store, events: log });
  taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  await store.delete([at(3)]); // as a transaction that was rolled back does, or another process
  log.append(event('a'));
  broken = true; // it is not known whether it is gone
  assertSkipped(await repo.maybeSnapshot(await repo.load('cart-42')), 'notDue');
  broken = false;
  assertSkipped(await repo.maybeSnapshot(await repo.load('cart-42', { useSnapshots: false })), 'notDue');
  assert.equal(taken(await repo.maybeSnapshot(await repo.load('cart-42'))).key, at(4));
});

test('where listings lag, a snapshot that is not listed yet counts', async () => {
  const store: SnapshotStore = Object.assign(memoryStore(), { listing: 'eventual' as const });
  const log = new Log<CartEvent>({}, events(3));
  const repo = await open({ store, events: log });
  taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  await store.delete([at(3)]);
  log.append(event('a'));
  assertSkipped(await repo.maybeSnapshot(await repo.load('cart-42')), 'notDue');
});
