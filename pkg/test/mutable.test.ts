/** Reducers that change states in place: one owner at a time, and nothing in two places. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSnapshots, everyEvents, memoryStore, type SnapshotStore } from 'snapfold';
import { taken } from './support/carts.js';
import { StreamingLog } from './support/log.js';

interface Counter {
  n: number;
}

const rows = (count: number) => Array.from({ length: count }, (_, at) => ({ position: at + 1, id: `e${at}`, event: 1 }));

function counters(log: ReturnType<typeof rows>, store: SnapshotStore = memoryStore()) {
  return defineSnapshots<Counter, number>({
    name: 'counter',
    version: 1,
    mutable: true,
    initialState: () => ({ n: 0 }),
    evolve: (state, by) => {
      state.n += by;
    },
    policy: everyEvents(1),
  }).open({ store, events: { read: (_, { from }) => log.filter(({ position }) => position >= from) } });
}

test('of two refreshes at once, one is too late', async () => {
  const log = rows(1);
  const repo = await counters(log);
  const handle = await repo.load('a');
  log.push(...rows(3).slice(1));
  const results = await Promise.allSettled([repo.refresh(handle), repo.refresh(handle)]);
  const [fresh, late] = results;
  assert.equal(fresh?.status === 'fulfilled' && fresh.value.state.n, 3);
  assert.equal(late?.status === 'rejected' && (late.reason as { code: string }).code, 'spent');
});

test('an apply while a refresh reads makes the refresh too late', async () => {
  const log = rows(2);
  const repo = await counters(log);
  const handle = await repo.load('a');
  log.push(...rows(3).slice(2));
  const refreshing = repo.refresh(handle);
  assert.equal(repo.apply(handle, rows(3).slice(2)).state.n, 3);
  await assert.rejects(refreshing, { code: 'spent' });
});

test('the handle of an outcome and the one it was made from share one life', async () => {
  const log = rows(1);
  const repo = await counters(log);
  const handle = await repo.load('a');
  const outcome = taken(await repo.maybeSnapshot(handle));
  const next = repo.apply(outcome.handle, rows(2).slice(1));
  assert.equal(next.state.n, 2);
  assert.throws(() => repo.apply(handle, rows(2).slice(1)), { code: 'spent' });
  assert.equal(repo.apply(next, []), next);
});

test('an object in two places is refused with its path: restored, it would be two', async () => {
  const item = { quantity: 1 };
  const repo = await defineSnapshots<{ list: object[]; byId: Record<string, object> }, string>({
    name: 'shared',
    version: 1,
    mutable: true,
    initialState: () => ({ list: [], byId: {} }),
    evolve: (state, id) => {
      state.list.push(item);
      state.byId[id] = item;
    },
    policy: everyEvents(1),
  }).open({ store: memoryStore(), events: { read: () => [] }, observe: () => {} });
  const handle = repo.apply(await repo.load('a'), { position: 1, id: 'e', event: 'x' });
  const outcome = await repo.maybeSnapshot(handle);
  assert.equal(outcome.status, 'failed');
  assert.equal(outcome.status === 'failed' && outcome.error.path, 'state.byId.x');
});

test('one initial state for all streams is refused when the definition is opened', async () => {
  const one = { n: 0 };
  const definition = defineSnapshots<Counter, number>({
    name: 'counter',
    version: 1,
    mutable: true,
    initialState: () => one,
    evolve: (state, by) => void (state.n += by),
  });
  await assert.rejects(definition.open({ store: memoryStore(), events: { read: () => [] } }), { code: 'invalidOption', path: 'initialState' });
});

test('a refresh that is too late lets go of the log', async () => {
  const log = new StreamingLog<number>({}, [1, 1, 1]);
  const repo = await defineSnapshots<Counter, number>({
    name: 'counter',
    version: 1,
    mutable: true,
    pageSize: 1,
    initialState: () => ({ n: 0 }),
    evolve: (state, by) => void (state.n += by),
  }).open({ store: memoryStore(), events: log });
  const handle = await repo.load('a');
  await Promise.allSettled([repo.refresh(handle), repo.refresh(handle)]);
  assert.equal(log.closed, log.opened);
});
