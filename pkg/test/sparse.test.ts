/** Sparse streams: positions with gaps, late arrivals, and rows that are read twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore, type EventRow } from 'snapfold';
import { assertState, event, events, evolve, folded, open, taken, type CartEvent } from './support/carts.js';
import { BoundedLog, Log } from './support/log.js';
import { traced } from './support/stores.js';

const sparse = { sequence: 'sparse' } as const;
const settled = { sequence: 'sparse', lateArrivals: 'impossible' } as const;

const foldRows = (rows: readonly EventRow<CartEvent>[]) => folded(rows.map((row) => row.event));

test('a sparse stream needs bounds, or the word that nothing arrives late and what is known of its history', async () => {
  const store = memoryStore();
  const read = () => [];
  await assert.rejects(open({ store, events: { read } }, settled), { code: 'invalidOption', path: 'events.history', message: /'complete'.*'pruned'/ });
  for (const history of ['complete', 'pruned'] as const) await open({ store, events: { read, history } }, settled);
  await open({ store, events: { read, bounds: () => ({ count: 0 }) } }, sparse);
  for (const history of ['', 'Complete', null, true, {}]) {
    await assert.rejects(open({ store, events: { read, history: history as never } }), { code: 'invalidOption', path: 'events.history' });
  }
  await assert.rejects(open({ store, events: new Log<CartEvent>() }, sparse), { code: 'invalidOption', path: 'events.bounds' });
  await open({ store, events: new Log<CartEvent>() }, settled);
  await open({ store, events: new BoundedLog<CartEvent>() }, sparse);
});

test('gaps are no error, counts are of events', async () => {
  const log = new BoundedLog<CartEvent>({ first: 10, step: 7, pageRows: 2 }, events(5));
  const store = memoryStore();
  const repo = await open({ store, events: log }, sparse);
  const cart = await repo.load('cart-42');
  assert.deepEqual([cart.position, cart.eventCount], [38, 5]);
  taken(await repo.snapshot(cart));
  log.append(...events(2, 6));
  const again = await repo.load('cart-42');
  assert.deepEqual([again.source, again.restoredFrom, again.position, again.eventCount, again.replayed], ['snapshot', 38, 52, 7, 2]);
  assertState(again.state, folded(events(7)));
});

test('positions must grow', async () => {
  const repo = await open({ store: memoryStore(), events: new Log<CartEvent>({ first: 10, step: 10 }, events(3)) }, settled);
  const cart = await repo.load('cart-42');
  assert.throws(() => repo.apply(cart, { position: 29, event: event('late') }), { code: 'outOfOrder', position: 29 });
  assert.equal(repo.apply(cart, { position: 31, event: event('next') }).position, 31);
});

test('the row that was folded last may come again; another event at its position may not', async () => {
  for (const ids of [true, false]) {
    const log = new Log<CartEvent>({ first: 10, step: 10, ids }, events(3));
    const repo = await open({ store: memoryStore(), events: log }, settled);
    const cart = await repo.load('cart-42');
    const repeated = repo.apply(cart, log.rows.slice(-1));
    assert.deepEqual([repeated.position, repeated.eventCount], [30, 3]);
    assertState(repeated.state, cart.state);
    const other = { position: 30, event: event('other'), ...(ids ? { id: 'other' } : {}) };
    assert.throws(() => repo.apply(cart, other), { code: 'outOfOrder', position: 30, message: /share one position/ });
  }
});

test('a straggler below the snapshot is noticed by the count, and folded', async () => {
  const log = new BoundedLog<CartEvent>({ first: 10, step: 10 }, events(4));
  const store = memoryStore();
  const repo = await open({ store, events: log }, sparse);
  taken(await repo.snapshot(await repo.load('cart-42')));
  log.insert(15, event('late'));
  log.append(event('next'));
  const cart = await repo.load('cart-42');
  assert.equal(cart.source, 'replay');
  assert.deepEqual(cart.rejected.map(({ code, position }) => [code, position]), [['stragglers', 40]]);
  assert.deepEqual([cart.position, cart.eventCount], [50, 6]);
  assertState(cart.state, foldRows(log.rows));
});

test('a straggler below all that was deleted is not passed over', async () => {
  const log = new BoundedLog<CartEvent>({ first: 10, step: 10 }, events(4));
  const repo = await open({ store: memoryStore(), events: log }, sparse);
  taken(await repo.snapshot(await repo.load('cart-42')));
  log.truncate(40);
  assert.equal((await repo.load('cart-42')).restoredFrom, 40);
  log.insert(15, event('late'));
  await assert.rejects(repo.load('cart-42'), { code: 'historyUnavailable', message: /stragglers/ });
});

test('an older snapshot below the straggler is used', async () => {
  const log = new BoundedLog<CartEvent>({ first: 10, step: 10 }, events(2));
  const store = memoryStore();
  const repo = await open({ store, events: log }, sparse);
  taken(await repo.snapshot(await repo.load('cart-42')));
  log.append(...events(2, 3));
  taken(await repo.snapshot(await repo.load('cart-42')));
  log.insert(35, event('late'));
  const cart = await repo.load('cart-42');
  assert.deepEqual([cart.source, cart.restoredFrom], ['snapshot', 20]);
  assert.deepEqual(cart.rejected.map(({ code }) => code), ['stragglers']);
  assertState(cart.state, foldRows(log.rows));
});

test('after a straggler a new snapshot replaces the one that missed it', async () => {
  const log = new BoundedLog<CartEvent>({ first: 10, step: 10 }, events(4));
  const store = memoryStore();
  const repo = await open({ store, events: log }, sparse);
  taken(await repo.snapshot(await repo.load('cart-42')));
  log.insert(15, event('late'));
  const { handle } = taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  assert.equal(handle.position, 40);
  const cart = await repo.load('cart-42');
  assert.deepEqual([cart.source, cart.restoredFrom, cart.eventCount, cart.rejected], ['snapshot', 40, 5, []]);
  assertState(cart.state, foldRows(log.rows));
});

test('refresh notices a straggler below the handle', async () => {
  const log = new BoundedLog<CartEvent>({ first: 10, step: 10 }, events(4));
  const repo = await open({ store: memoryStore(), events: log }, sparse);
  const cart = await repo.load('cart-42');
  log.insert(25, event('late'));
  const fresh = await repo.refresh(cart);
  assert.equal(fresh.eventCount, 5);
  assertState(fresh.state, foldRows(log.rows));
});

test('a count may be a number, a bigint or decimal text; anything else is refused', async () => {
  const log = new BoundedLog<CartEvent>({ first: 10, step: 10 }, events(4));
  const counting = (count: unknown) => ({
    read: (id: string, options: { from: number; limit: number }) => log.read(id, options),
    bounds: () => ({ count: count as number }),
  });
  const store = memoryStore();
  const repo = await open({ store, events: log }, sparse);
  taken(await repo.snapshot(await repo.load('cart-42')));
  for (const count of [4, 4n, '4']) {
    const cart = await (await open({ store, events: counting(count) }, sparse)).load('cart-42');
    assert.equal(cart.source, 'snapshot');
  }
  for (const count of [5, 5n, '5']) {
    const cart = await (await open({ store, events: counting(count) }, sparse)).load('cart-42');
    assert.deepEqual([cart.source, cart.rejected[0]?.code], ['replay', 'stragglers']);
  }
  const silent = await open({ store, events: counting(undefined) }, sparse);
  await assert.rejects(silent.load('cart-42'), { code: 'readFailed', message: /must count/ });
  for (const count of [-1, 1.5, NaN, 'four', {}]) {
    const liar = await open({ store, events: counting(count) }, sparse);
    await assert.rejects(liar.load('cart-42'), { code: 'invalidPosition', path: 'bounds.count' });
  }
});

test('bounds that fail are readFailed', async () => {
  const log = new BoundedLog<CartEvent>({ first: 10, step: 10 }, events(4));
  const store = memoryStore();
  const repo = await open({ store, events: log }, sparse);
  taken(await repo.snapshot(await repo.load('cart-42')));
  const cause = new Error('no count today');
  log.bounds = () => {
    throw cause;
  };
  await assert.rejects(repo.load('cart-42'), { code: 'readFailed', cause });
});

test('without late arrivals refresh reads the tail alone', async () => {
  const log = new Log<CartEvent>({ first: 10, step: 10 }, events(4));
  const { store, trace } = traced(memoryStore());
  const repo = await open({ store, events: log }, settled);
  const cart = await repo.load('cart-42');
  trace.length = 0;
  log.append(event('next'));
  log.reads.length = 0;
  const fresh = await repo.refresh(cart);
  assertState(fresh.state, evolve(cart.state, event('next')));
  assert.equal(log.reads[0]?.from, 40);
  assert.deepEqual(trace, []);
});

test('a sparse log that ignores `from` is refused, not read for ever', async () => {
  const rows = new Log<CartEvent>({ first: 10 }, events(1)).rows;
  const repo = await open({ store: memoryStore(), events: { read: () => rows, history: 'complete' } }, settled);
  await assert.rejects(repo.load('cart-42'), { code: 'readFailed', position: 10 });
});
