/** Tidying up, taking back, checking, rebuilding: what tests/repository/maintenance.rs shows of the Rust driver. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore, SnapshotError, type ReadOptions, type SnapshotStore } from 'snapfold';
import { maintain, type RebuildProgress } from 'snapfold/maintenance';
import { keys } from 'snapfold/plans';
import { carts, event, evolve, events, open, taken, type Cart, type CartEvent, type CartOptions, type CartRepository } from './support/carts.js';
import { BoundedLog, Log } from './support/log.js';
import { damage, failing, flipped, intercepted, keysIn } from './support/stores.js';

const STREAM = 'cart-42';

const key = (position: number, version = 1) => keys.snapshot('cart', STREAM, version, position);

async function snapshot(repo: CartRepository, streamId = STREAM): Promise<void> {
  taken(await repo.snapshot(await repo.load(streamId)));
}

/** Snapshots at 10 and 20 of a log of 25 events. */
async function twoSnapshots(log: Log<CartEvent> = new Log<CartEvent>(), store: SnapshotStore = memoryStore()) {
  const repo = await open({ store, events: log });
  for (const count of [10, 10]) {
    log.append(...events(count));
    await snapshot(repo);
  }
  log.append(...events(5));
  return { repo, store, log, care: maintain(repo) };
}

test('an event that arrives late between the load and the replay is no divergence', async () => {
  class Growing extends BoundedLog<CartEvent> {
    late: number[] = [];
    override read(streamId: string, options: ReadOptions) {
      const replays = options.from === 0;
      const position = replays ? this.late.shift() : undefined;
      if (position !== undefined) this.insert(position, event('late'));
      return super.read(streamId, options);
    }
  }
  const log = new Growing({ step: 10 }, events(5));
  const repo = await open({ store: memoryStore(), events: log }, { sequence: 'sparse' });
  await snapshot(repo);
  log.late = [5];
  assert.deepEqual(await maintain(repo).verify(STREAM), { position: 41, eventCount: 6, snapshot: null, historyCompared: false });
  await snapshot(repo);
  log.late = Array.from({ length: 20 }, (_, index) => index + 12); // no end of it
  await assert.rejects(maintain(repo).verify(STREAM), { code: 'diverged' });
});

test('lists that are none are refused', async () => {
  const { care } = await twoSnapshots();
  const wrong = (value: unknown) => value as never;
  await assert.rejects(care.rebuild('cart-42'), { code: 'invalidOption', path: 'rebuild.streamIds' });
  await assert.rejects(care.dropSlots(STREAM, { live: wrong(1) }), { code: 'invalidOption', path: 'dropSlots.live' });
  await assert.rejects(care.safeToPruneThrough(STREAM, { live: wrong('1') }), { code: 'invalidOption', path: 'safeToPruneThrough.live' });
  await assert.rejects(care.safeToPruneThrough(STREAM, { consumers: wrong(5) }), { code: 'invalidOption', path: 'safeToPruneThrough.consumers' });
});

test('what is invalid goes in every slot, and is taken again', async () => {
  const { repo, store, log, care } = await twoSnapshots();
  await snapshot(await open({ store, events: log }, { version: 2 }));
  assert.deepEqual(await care.invalidate(STREAM, { from: 15 }), [key(20), key(25, 2)]);
  assert.deepEqual(await keysIn(store, ''), [key(10)]);
  const handle = await repo.load(STREAM);
  assert.equal(handle.restoredFrom, 10);
  taken(await repo.maybeSnapshot(handle)); // what this process took last counts no longer
  assert.deepEqual(await care.invalidate(STREAM, { from: 26n }), []);
});

test('slots are dropped once the own one holds', async () => {
  const { store, log } = await twoSnapshots();
  const second = await open({ store, events: log }, { version: 2 });
  const care = maintain(second);
  assert.deepEqual(await care.dropSlots(STREAM), []);
  await snapshot(second);
  assert.deepEqual(await care.dropSlots(STREAM, { live: [1] }), []);
  assert.deepEqual(await care.dropSlots(STREAM, { live: [3, new Uint8Array(32)] }), [key(20), key(10)]);
  assert.deepEqual(await keysIn(store, ''), [key(25, 2)]);
});

test('events are safe to delete below the oldest sound snapshot of every live slot', async () => {
  const { store, log, repo, care } = await twoSnapshots(new BoundedLog<CartEvent>());
  assert.equal(await care.safeToPruneThrough(STREAM), 9);
  assert.equal(await care.safeToPruneThrough(STREAM, { live: [1], consumers: [30, 4n, '7'] }), 4);
  assert.equal(await care.safeToPruneThrough(STREAM, { live: [2] }), null);
  await snapshot(await open({ store, events: log }, { version: 2 }));
  assert.equal(await care.safeToPruneThrough(STREAM, { live: [2] }), 9);
  await damage(store, key(10), (bytes) => bytes.slice(0, 100));
  assert.equal(await care.safeToPruneThrough(STREAM, { live: [2] }), 19);
  log.truncate(19);
  assert.equal((await repo.load(STREAM)).eventCount, 25);
  assert.equal(await care.safeToPruneThrough(STREAM), 19);
  log.truncate(20); // its anchor is gone: nothing proves that it belongs to this log
  assert.equal(await care.safeToPruneThrough(STREAM), null);
});

/** Nothing else could bring them back. */
test('events are not safe to delete behind a snapshot that no load uses', async () => {
  const log = new BoundedLog<CartEvent>({ first: 10, step: 10 }, events(2));
  const store = memoryStore();
  const sparse = await open({ store, events: log }, { sequence: 'sparse' });
  await snapshot(sparse);
  log.append(...events(1, 3));
  await snapshot(sparse);
  log.insert(25, event('late'));
  assert.equal(await maintain(sparse).safeToPruneThrough(STREAM), 19, 'the older one is still right');
  log.insert(5, event('later'));
  assert.equal(await maintain(sparse).safeToPruneThrough(STREAM), null);
  const second = await open({ store, events: log }, { sequence: 'sparse', version: 2 });
  await snapshot(second);
  assert.equal(await maintain(second).safeToPruneThrough(STREAM), 29);
  assert.equal(await maintain(second).safeToPruneThrough(STREAM, { live: [1] }), null);

  const whole = await twoSnapshots();
  const safe = async (definition: Partial<CartOptions>) => maintain(await open({ store: whole.store, events: whole.log }, definition)).safeToPruneThrough(STREAM);
  const large = (plain: unknown) => (plain as Cart).total > 100n;
  assert.equal(await safe({ validate: large }), 19, 'the older one is not valid');
  assert.equal(await safe({ firstPosition: 0 }), null, 'they count from another first position');
});

test('a full replay tells whether the snapshot is right', async () => {
  const { store, log, care } = await twoSnapshots();
  assert.deepEqual(await care.verify(STREAM), { position: 25, eventCount: 25, snapshot: 20, historyCompared: false });
  assert.deepEqual(await care.verify('cart-none'), { position: 25, eventCount: 25, snapshot: null, historyCompared: false });
  const twice = { evolve: (state: Cart, event: CartEvent) => evolve(evolve(state, event), event) };
  const changed = maintain(await open({ store, events: log }, twice));
  await assert.rejects(changed.verify(STREAM), { code: 'diverged', path: 'state.lines.get("sku-1")', position: 25 });
  await changed.invalidate(STREAM, { from: 0 });
  assert.equal((await changed.verify(STREAM)).snapshot, null);
});

test('nothing can be verified where the history is gone', async () => {
  const { log, care } = await twoSnapshots(new BoundedLog<CartEvent>());
  log.truncate(15);
  await assert.rejects(care.verify(STREAM), { code: 'historyUnavailable' });
});

/** Streams of 12 events each. */
async function manyStreams(broken?: string) {
  const store = memoryStore();
  const log = new Log<CartEvent>({}, events(12));
  const source = {
    read: (streamId: string, options: { from: number; limit: number }) => {
      if (streamId === broken) throw new Error('the disk is gone');
      return streamId === 'none' ? [] : log.page(options);
    },
  };
  const first = await open({ store, events: source });
  await snapshot(first, 'a');
  return { store, source };
}

test('a rebuild goes through all streams, past a bad one, and goes on where it was', async () => {
  const { store, source } = await manyStreams('bad');
  const second = () => open({ store, events: source }, { version: 2, migrate: { 1: (state) => state as never } });
  const streams = ['a', 'b', 'bad', 'c', 'none'];
  const progress: RebuildProgress[] = [];
  const report = await maintain(await second()).rebuild(streams, { concurrency: 2, onProgress: (each) => progress.push(each) });
  assert.deepEqual({ ...report, errors: report.errors.map(({ streamId, error }) => [streamId, error.code]) }, {
    migrated: 1,
    rebuilt: 2,
    skipped: 1,
    errors: [['bad', 'readFailed']],
  });
  assert.deepEqual(progress.map(({ streamId, result }) => [streamId, result]).sort(), [
    ['a', 'migrated'], ['b', 'rebuilt'], ['bad', 'error'], ['c', 'rebuilt'], ['none', 'skipped'],
  ]);
  assert.deepEqual(progress.at(-1)?.report, report);
  const again = await maintain(await second()).rebuild(new Set(streams));
  assert.deepEqual([again.migrated, again.rebuilt, again.skipped, again.errors.length], [0, 0, 4, 1]);
});

test('a rebuild ends early when it is told to', async () => {
  const { store, source } = await manyStreams();
  const controller = new AbortController();
  let asked = 0;
  let closed = false;
  async function* ids() {
    try {
      for (;;) yield `cart-${(asked += 1)}`;
    } finally {
      closed = true;
    }
  }
  const care = maintain(await open({ store, events: source }));
  const report = await care.rebuild(ids(), {
    concurrency: 1,
    signal: controller.signal,
    onProgress: ({ report }) => report.rebuilt === 3 && controller.abort(),
  });
  assert.deepEqual([report.rebuilt, asked, closed], [3, 3, true]);
});

/** Snapshots at 10, 20, 30 and 40, taken at these moments, with a retention of periods of 100 ms. */
async function byPeriod(around?: (op: string, key: unknown) => void) {
  const memory = memoryStore();
  const log = new Log<CartEvent>();
  let moment = 0;
  const store = around === undefined ? memory : intercepted(memory, (op, carryOut, [key]) => (around(op, key), carryOut()));
  const repo = await open({ store, events: log }, { keep: { last: 1, every: 100 }, clock: () => moment });
  for (const at of [0, 50, 120, 250]) {
    moment = at;
    log.append(...events(10));
    await snapshot(repo);
  }
  return { repo, memory, log, care: maintain(repo) };
}

test('a period keeps its newest snapshot, and a prune deletes the others', async () => {
  const trace: string[] = [];
  const { repo, memory, care } = await byPeriod((op, key) => void trace.push(`${op} ${String(key)}`));
  assert.deepEqual(await care.prune(STREAM), { deleted: [key(10)], coveredBy: key(40) });
  assert.deepEqual(trace.slice(-2), [`get ${key(40)}`, `delete ${key(10)}`]); // what covers is read just before
  assert.deepEqual(await keysIn(memory, ''), [40, 30, 20].map((position) => key(position)));
  assert.deepEqual((await care.prune(STREAM)).deleted, []);
  assert.equal((await repo.load(STREAM)).restoredFrom, 40);
});

test('what is not sound neither counts nor is pruned', async () => {
  const { memory, care } = await byPeriod();
  await damage(memory, key(20), (bytes) => bytes.slice(0, 50));
  await damage(memory, key(40), (bytes) => flipped(bytes, 60));
  assert.deepEqual(await care.prune(STREAM), { deleted: [], coveredBy: key(30) }); // 10 is the newest sound one of its period
  assert.equal((await keysIn(memory, '')).length, 4);
});

test('a prune deletes nothing that nothing covers', async () => {
  const { store, log } = await twoSnapshots();
  const nothing = { deleted: [], coveredBy: null };
  const second = await open({ store, events: log }, { version: 2, keep: 1, migrate: { 1: (state) => state as never } });
  assert.deepEqual(await maintain(second).prune(STREAM), nothing);
  const one = maintain(await open({ store, events: log }, { keep: 1 }));
  for (const position of [10, 20]) await damage(store, key(position), (bytes) => bytes.slice(0, 50));
  assert.deepEqual(await one.prune(STREAM), nothing);
  assert.deepEqual(await keysIn(store, ''), [key(20), key(10)]);
});

test('a prune that somebody outran deletes nothing', async () => {
  for (const before of ['list', 'get']) {
    const { store, log } = await twoSnapshots();
    let seen = 0;
    const outrun = intercepted(store, async (op, carryOut) => {
      if (op === before && (seen += 1) === 2) await store.delete([key(20)]); // 1 is the load's
      return carryOut();
    });
    const care = maintain(await open({ store: outrun, events: log }, { keep: 1 }));
    assert.deepEqual(await care.prune(STREAM), { deleted: [], coveredBy: null }, before);
    assert.deepEqual(await keysIn(store, ''), [key(10)]);
  }
});

test('slots are not dropped once what covers them is gone', async () => {
  const { store, log } = await twoSnapshots();
  await snapshot(await open({ store, events: log }, { version: 2 }));
  let read = 0;
  const outrun = intercepted(store, async (op, carryOut) => {
    if (op === 'get' && (read += 1) === 2) await store.delete([key(25, 2)]); // 1 is the load's
    return carryOut();
  });
  assert.deepEqual(await maintain(await open({ store: outrun, events: log }, { version: 2 })).dropSlots(STREAM), []);
  assert.deepEqual(await keysIn(store, ''), [key(20), key(10)]);
});

test('nothing is deleted where listings lag', async () => {
  const store = { ...memoryStore(), listing: 'eventual' as const };
  const { care } = await twoSnapshots(new Log<CartEvent>(), store);
  const before = await keysIn(store, '');
  for (const refused of [care.invalidate(STREAM, { from: 0 }), care.dropSlots(STREAM), care.prune(STREAM), care.safeToPruneThrough(STREAM)]) {
    await assert.rejects(refused, { code: 'invalidOption', path: 'store.listing' });
  }
  assert.deepEqual(await keysIn(store, ''), before);
});

test('a store that fails is an error and loses nothing', async () => {
  const { store, log } = await twoSnapshots();
  for (const op of ['list', 'delete'] as const) {
    const care = maintain(await open({ store: failing(store, (asked) => asked === op), events: log }));
    await assert.rejects(care.invalidate(STREAM, { from: 0 }), { code: 'storeFailed' });
  }
  assert.equal((await (await open({ store, events: log })).load(STREAM)).restoredFrom, 20);
});

test('short pages are read to their end, and nothing foreign in them is deleted', async () => {
  const { log, store } = await twoSnapshots();
  const short = intercepted(store, (op, carryOut) => (op === 'list' ? [...(carryOut() as string[]).slice(0, 2), 'other/stream/s/v1/0000000000000000'] : carryOut()));
  const care = maintain(await open({ store: short, events: log }));
  assert.deepEqual(await care.invalidate(STREAM, { from: 0 }), [key(20), key(10)]);
});

test('options are checked', async () => {
  const { care } = await twoSnapshots();
  assert.throws(() => maintain(carts() as never), { code: 'invalidOption', path: 'repository' });
  for (const refused of [care.invalidate('', { from: 1 }), care.prune(''), care.forget(''), care.revive('')]) {
    await assert.rejects(refused, { code: 'invalidId' });
  }
  await assert.rejects(care.invalidate(STREAM, { from: -1 }), SnapshotError);
  await assert.rejects(care.dropSlots(STREAM, { live: ['1'] as never }), { code: 'invalidOption' });
  await assert.rejects(care.rebuild([], { concurrency: 0 }), { code: 'invalidOption', path: 'rebuild.concurrency' });
  await assert.rejects(care.rebuild([], { concurency: 1 } as never), { code: 'invalidOption' });
});
