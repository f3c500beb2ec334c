/** `load(id, { at })`: states of the past; and loads that do not look at the store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore, type SnapshotStore } from 'snapfold';
import { assertSkipped, assertState, event, events, folded, open, taken, type CartEvent, type CartRepository } from './support/carts.js';
import { Log } from './support/log.js';
import { traced } from './support/stores.js';

const sparse = { sequence: 'sparse', lateArrivals: 'impossible' } as const;

/** 10 events, snapshots at 3, 6 and 9. */
async function tenEvents(store: SnapshotStore, keep = 5): Promise<CartRepository> {
  const log = new Log<CartEvent>({ pageRows: 4 }, events(10));
  const repo = await open({ store, events: log }, { keep });
  const writer = await open({ store, events: new Log<CartEvent>() }, { keep });
  let cart = await writer.load('cart-42');
  for (const row of log.rows) cart = (await writer.maybeSnapshot(writer.apply(cart, row))).handle;
  return repo;
}

test('every position of the past is what was folded then', async () => {
  const repo = await tenEvents(memoryStore());
  for (let at = 1; at <= 10; at += 1) {
    const cart = await repo.load('cart-42', { at });
    assert.deepEqual([cart.position, cart.eventCount, cart.historical], [at, at, true]);
    assert.equal(cart.restoredFrom, [null, null, 3, 3, 3, 6, 6, 6, 9, 9][at - 1]);
    assertState(cart.state, folded(events(at)));
    assertState((await repo.load('cart-42', { at, useSnapshots: false })).state, cart.state);
  }
});

test('a position beyond the log is an error', async () => {
  const repo = await tenEvents(memoryStore());
  await assert.rejects(repo.load('cart-42', { at: 11 }), { code: 'beyondLog', position: 11 });
  await assert.rejects(repo.load('cart-42', { at: '9007199254740991' }), { code: 'beyondLog' });
  const empty = await open({ store: memoryStore(), events: new Log<CartEvent>() });
  await assert.rejects(empty.load('cart-42', { at: 1 }), { code: 'beyondLog', position: 1 });
});

test('a position before the first one of a contiguous stream is none of its positions', async () => {
  const repo = await tenEvents(memoryStore());
  await assert.rejects(repo.load('cart-42', { at: 0 }), { code: 'beyondLog', position: 0 });
});

test('between two positions of a sparse stream the state is that of the earlier', async () => {
  const log = new Log<CartEvent>({ first: 10, step: 10, pageRows: 2 }, events(5));
  const store = memoryStore();
  const repo = await open({ store, events: log }, sparse);
  taken(await repo.snapshot(await repo.load('cart-42')));
  const found = async (at: number) => {
    const { position, eventCount, restoredFrom } = await repo.load('cart-42', { at });
    return [position, eventCount, restoredFrom];
  };
  assert.deepEqual(await found(9), [null, 0, null]);
  assert.deepEqual(await found(10), [10, 1, null]);
  assert.deepEqual(await found(29), [20, 2, null]);
  assert.deepEqual(await found(30), [30, 3, null]);
  assert.deepEqual(await found(50), [50, 5, 50]);
  await assert.rejects(repo.load('cart-42', { at: 51 }), { code: 'beyondLog', position: 51 });
});

test('nothing is read that lies behind the position', async () => {
  const log = new Log<CartEvent>({ pageRows: 2 }, events(10));
  const repo = await open({ store: memoryStore(), events: log });
  await repo.load('cart-42', { at: 4 });
  assert.deepEqual(log.reads.map(({ from }) => from), [0, 3]);
});

test('a state of the past is neither extended, refreshed nor snapshotted', async () => {
  const { store, trace } = traced(memoryStore());
  const repo = await tenEvents(store);
  const past = await repo.load('cart-42', { at: 5 });
  const row = { position: 6, event: event('x') };
  assert.throws(() => repo.apply(past, row), { code: 'historical' });
  assert.throws(() => repo.apply(past, [event('x')], { through: 6 }), { code: 'historical' });
  await assert.rejects(repo.refresh(past), { code: 'historical' });
  await assert.rejects(repo.snapshot(past), { code: 'historical' });
  trace.length = 0;
  const outcome = await repo.maybeSnapshot(past);
  assertSkipped(outcome, 'historical');
  assert.equal(outcome.handle, past);
  assert.deepEqual(trace, []);
});

test('at the newest position the handle is historical all the same', async () => {
  const repo = await tenEvents(memoryStore());
  assertSkipped(await repo.maybeSnapshot(await repo.load('cart-42', { at: 10 })), 'historical');
});

test('useSnapshots: false replays without looking at the store', async () => {
  const { store, trace } = traced(memoryStore());
  const repo = await tenEvents(store);
  const usual = await repo.load('cart-42');
  assert.equal(usual.source, 'snapshot');
  trace.length = 0;
  const cart = await repo.load('cart-42', { useSnapshots: false });
  assert.deepEqual(trace, []);
  assert.deepEqual([cart.source, cart.restoredFrom, cart.replayed, cart.eventCount], ['replay', null, 10, 10]);
  assertState(cart.state, usual.state);
});

test('options that do not exist, and stream ids that are none, are refused', async () => {
  const repo = await tenEvents(memoryStore());
  await assert.rejects(repo.load('cart-42', { until: 3 } as never), { code: 'invalidOption', path: 'load.until' });
  await assert.rejects(repo.load('cart-42', { useSnapshots: 'no' } as never), { code: 'invalidOption', path: 'load.useSnapshots' });
  for (const id of ['', '\ud800', 7, null, undefined, {}]) await assert.rejects(repo.load(id as never), { code: 'invalidId' });
});
