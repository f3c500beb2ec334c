/** Failed attempts are tried again later and later, in this process and, through a marker in the store, in the next one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode, everyBytes, everyElapsed, everyEvents, memoryStore, whenEvent, type SnapshotStore } from 'snapfold';
import { keys } from 'snapfold/plans';
import { assertSkipped, event, events, open, taken, type CartEvent, type CartHandle, type CartOptions, type CartRepository } from './support/carts.js';
import { Log } from './support/log.js';
import { bytesAt, failing, hanging, intercepted, keysIn, traced } from './support/stores.js';

const MARKER = keys.attempt('cart', 'cart-42', 1);

/** A stream whose snapshots fail as long as `broken.now` holds. */
async function breakable(options: Partial<CartOptions> = {}) {
  const broken = { now: true };
  const inner = memoryStore();
  const store = failing(inner, (op, key) => broken.now && op === 'put' && String(key).includes('/s/'));
  const log = new Log<CartEvent>();
  const fresh = () => open({ store, events: log }, options);
  return { broken, inner, store, log, fresh, repo: await fresh() };
}

/** Appends events one by one, trying a snapshot after each; the counts at which one was tried and failed. */
async function failures(repo: CartRepository, log: Log<CartEvent>, cart: CartHandle, count: number): Promise<[number[], CartHandle]> {
  const tried: number[] = [];
  let now = cart;
  for (let index = 0; index < count; index += 1) {
    now = repo.apply(now, log.append(event(`sku-${index % 3}`)));
    const outcome = await repo.maybeSnapshot(now);
    if (outcome.status === 'failed') tried.push(now.eventCount);
    now = outcome.handle;
  }
  return [tried, now];
}

test('the distance between attempts doubles', async () => {
  const { repo, log } = await breakable();
  const [tried] = await failures(repo, log, await repo.load('cart-42'), 100);
  assert.deepEqual(tried, [3, 6, 12, 24, 48, 96]);
});

test('a success starts over', async () => {
  const { repo, log, broken } = await breakable();
  const [, cart] = await failures(repo, log, await repo.load('cart-42'), 11);
  broken.now = false;
  const next = repo.apply(cart, log.append(event('a')));
  const { handle } = taken(await repo.maybeSnapshot(next));
  broken.now = true;
  const [tried] = await failures(repo, log, handle, 10);
  assert.deepEqual(tried, [15, 18]);
});

test('a failed attempt leaves a marker that the next process reads', async () => {
  const { repo, log, fresh, inner } = await breakable();
  await failures(repo, log, await repo.load('cart-42'), 6);
  assert.deepEqual(decode(await bytesAt(inner, MARKER)), {
    eventCount: 6,
    failures: 2,
    at: 1_700_000_000_000,
    tailBytes: 0,
    code: 'storeFailed',
  });
  const next = await fresh();
  const cart = await next.load('cart-42');
  const outcome = await next.maybeSnapshot(cart);
  assertSkipped(outcome, 'notDue');
  assert.match(outcome.reason, /waiting after 2 failed attempts: 0 of 6 events/);
  const [tried] = await failures(next, log, cart, 10);
  assert.deepEqual(tried, [12]);
});

test('a success removes the marker', async () => {
  const { repo, log, fresh, broken, inner } = await breakable();
  await failures(repo, log, await repo.load('cart-42'), 3);
  broken.now = false;
  const next = await fresh();
  const cart = next.apply(await next.load('cart-42'), log.append(...events(3)));
  taken(await next.maybeSnapshot(cart));
  assert.ok(!(await keysIn(inner, 'cart/')).includes(MARKER));
});

test('the marker is read only when a snapshot is due', async () => {
  const { log, store, repo } = await breakable();
  await failures(repo, log, await repo.load('cart-42'), 3);
  const { store: watched, trace } = traced(store);
  const idle = await open({ store: watched, events: log }, { policy: everyEvents(50) });
  await idle.load('cart-42');
  assert.ok(!trace.includes(`get ${MARKER}`));
  const eager = await open({ store: watched, events: log });
  await eager.load('cart-42');
  assert.ok(trace.includes(`get ${MARKER}`));
});

test('a marker that cannot be read is as good as none', async () => {
  const log = new Log<CartEvent>({}, events(3));
  const markers = [
    new Uint8Array(),
    new Uint8Array([255]),
    encode(7),
    encode({}),
    encode({ eventCount: -1, failures: 1 }),
    encode({ eventCount: 3, failures: 'many' }),
    encode({ eventCount: 2n ** 70n, failures: 1 }),
  ];
  for (const marker of markers) {
    const store = memoryStore();
    await store.put(MARKER, marker);
    const repo = await open({ store, events: log });
    taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  }
});

test('a marker whose small print is damaged still damps', async () => {
  const log = new Log<CartEvent>({}, events(3));
  const store = memoryStore();
  await store.put(MARKER, encode({ eventCount: 3, failures: 1, at: 'noon', tailBytes: -1 }));
  const repo = await open({ store, events: log });
  assertSkipped(await repo.maybeSnapshot(await repo.load('cart-42')), 'notDue');
});

test('a store that cannot even keep a marker damps in this process all the same', async () => {
  const log = new Log<CartEvent>();
  const repo = await open({ store: failing(memoryStore(), (op) => op === 'put'), events: log });
  const [tried] = await failures(repo, log, await repo.load('cart-42'), 13);
  assert.deepEqual(tried, [3, 6, 12]);
});

test('a state that is too large is damped like any failure', async () => {
  const { store, trace } = traced(memoryStore());
  const log = new Log<CartEvent>();
  const repo = await open({ store, events: log }, { maxBytes: 60 });
  let cart = await repo.load('cart-42');
  const skipped: number[] = [];
  for (const next of events(30)) {
    cart = repo.apply(cart, log.append(next));
    const outcome = await repo.maybeSnapshot(cart);
    if (outcome.status === 'skipped' && outcome.code === 'tooLarge') skipped.push(cart.eventCount);
  }
  assert.deepEqual(skipped, [3, 6, 12, 24]);
  assert.ok(trace.every((line) => !(line.startsWith('put') && line.includes('/s/'))));
});

test('triggers without a threshold wait for as many new events', async () => {
  const { repo, log } = await breakable({ policy: whenEvent('added') });
  const [tried] = await failures(repo, log, await repo.load('cart-42'), 20);
  assert.deepEqual(tried, [1, 2, 4, 8, 16]);
});

test('bytes are damped by bytes', async () => {
  const { repo, log } = await breakable({ policy: everyBytes(100), sizeOf: () => 50 });
  const [tried] = await failures(repo, log, await repo.load('cart-42'), 20);
  assert.deepEqual(tried, [2, 4, 8, 16]);
});

test('time is damped by time', async () => {
  let now = 0;
  const { repo, log } = await breakable({ policy: everyElapsed('1s'), clock: () => now });
  let cart = repo.apply(await repo.load('cart-42'), { ...(log.append(event('a'))[0] as { position: number; event: CartEvent }), at: 0 });
  const tried: number[] = [];
  for (now = 0; now <= 16_000; now += 500) {
    const outcome = await repo.maybeSnapshot(cart);
    if (outcome.status === 'failed') tried.push(now);
    cart = outcome.handle;
  }
  assert.deepEqual(tried, [1_000, 2_000, 4_000, 8_000, 16_000]);
});

test('a store that hangs is not asked at every event', async () => {
  const { store, signals } = hanging(memoryStore(), 'list');
  const log = new Log<CartEvent>();
  const repo = await open({ store, events: log }, { snapshotTimeout: 5 });
  const [tried] = await failures(repo, log, await repo.load('cart-42', { useSnapshots: false }), 8);
  assert.deepEqual(tried, [3, 6]);
  assert.equal(signals.length, 2);
});

test('streams are damped one by one', async () => {
  const { repo } = await breakable();
  for (const id of ['cart-1', 'cart-2']) {
    const cart = repo.apply(await repo.load(id), events(3), { through: 3 });
    assert.equal((await repo.maybeSnapshot(cart)).status, 'failed');
    assertSkipped(await repo.maybeSnapshot(cart), 'notDue');
  }
});

test('a store whose get answers garbage for the marker', async () => {
  const log = new Log<CartEvent>({}, events(3));
  const store: SnapshotStore = intercepted(memoryStore(), (op, carryOut, [key]) => (op === 'get' && String(key).includes('/a/') ? 'garbage' : carryOut()));
  const repo = await open({ store, events: log });
  taken(await repo.maybeSnapshot(await repo.load('cart-42')));
});

test('asking when nothing is due is no reason to overlook the attempt of another process', async () => {
  const log = new Log<CartEvent>({}, events(3));
  const inner = memoryStore();
  const policy = everyEvents(5);
  const long = await open({ store: inner, events: log, observe: () => {} }, { policy });
  assertSkipped(await long.maybeSnapshot(await long.load('cart-42')), 'notDue');
  log.append(...events(2, 4));
  const other = await open({ store: { ...inner, put: refusingSnapshots(inner) }, events: log, observe: () => {} }, { policy });
  assert.equal((await other.maybeSnapshot(await other.load('cart-42'))).status, 'failed');
  const outcome = await long.maybeSnapshot(await long.load('cart-42'));
  assertSkipped(outcome, 'notDue');
  assert.match(outcome.status === 'skipped' ? outcome.reason : '', /attempt/);
});

function refusingSnapshots(inner: SnapshotStore): SnapshotStore['put'] {
  return (key, bytes, meta, options) => {
    if (meta !== undefined) throw new Error('disk full');
    return inner.put(key, bytes, meta, options);
  };
}
