/** Snapshot against log: ahead of it, of another history, or all that is left of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyEvents, memoryStore, SnapshotError, type EventRow, type SnapshotStore } from 'snapfold';
import { keys } from 'snapfold/plans';
import { assertState, event, events, folded, open, taken, type CartEvent, type CartOptions } from './support/carts.js';
import { BoundedLog, Log } from './support/log.js';
import { damage, failing, flipped, intercepted, keysIn } from './support/stores.js';

const at = (position: number) => keys.snapshot('cart', 'cart-42', 1, position);

/** Snapshots of `log` at these positions. */
async function snapshots(log: Log<CartEvent>, positions: readonly number[], options: Partial<CartOptions> = {}): Promise<SnapshotStore> {
  const store = memoryStore();
  for (const last of positions) {
    const read = (_id: string, asked: { from: number; limit: number }) => log.page(asked).filter(({ position }) => Number(position) <= last);
    const events = { read, history: 'complete' as const };
    const repo = await open({ store, events }, { keep: 10, lateArrivals: 'impossible', ...options });
    taken(await repo.snapshot(await repo.load('cart-42')));
  }
  return store;
}

const refusals = (cart: { rejected: readonly { position: number | null; code: string }[] }) =>
  cart.rejected.map(({ position, code }) => [position, code]);

test('a snapshot ahead of the log is not used', async () => {
  const log = new Log<CartEvent>({}, events(10));
  const store = await snapshots(log, [4, 10]);
  log.restoreTo(7);
  const cart = await (await open({ store, events: log })).load('cart-42');
  assert.deepEqual([cart.source, cart.restoredFrom, cart.position], ['snapshot', 4, 7]);
  assert.deepEqual(refusals(cart), [[10, 'ahead']]);
  assertState(cart.state, folded(events(7)));
});

test('a log that was restored to 900 and went on differently', async () => {
  const log = new Log<CartEvent>({}, events(1_000));
  const store = await snapshots(log, [500, 1_000]);
  log.restoreTo(900);
  const other = events(200, 5_000);
  log.append(...other);
  const repo = await open({ store, events: log });
  const cart = await repo.load('cart-42');
  assert.deepEqual([cart.source, cart.restoredFrom, cart.position], ['snapshot', 500, 1_100]);
  assert.deepEqual(refusals(cart), [[1_000, 'diverged']]);
  assertState(cart.state, folded([...events(900), ...other]));
  assertState(cart.state, (await repo.load('cart-42', { useSnapshots: false })).state);
});

test('snapshots of the new history are taken although one of the old lies above them', async () => {
  const log = new Log<CartEvent>({}, events(10));
  const store = await snapshots(log, [4, 10]);
  log.restoreTo(5);
  log.append(event('other'));
  const repo = await open({ store, events: log }, { policy: everyEvents(2) });
  const { position, handle } = taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  assert.equal(position, 6);
  const again = await repo.load('cart-42');
  assert.deepEqual([again.restoredFrom, refusals(again)], [6, [[10, 'ahead']]]);
  const grown = repo.apply(handle, log.append(...events(4, 100)));
  assert.equal(taken(await repo.maybeSnapshot(grown)).key, at(10));
  const last = await repo.load('cart-42');
  assert.deepEqual([last.restoredFrom, last.rejected], [10, []]);
  assertState(last.state, grown.state);
});

test('a snapshot without an anchor is used where the log reaches', async () => {
  const log = new Log<CartEvent>({}, events(6));
  const store = await snapshots(log, [4]);
  const { open: openFrame, seal } = await import('snapfold');
  await damage(store, at(4), (frame) => {
    const { header, state } = openFrame(frame);
    const { anchor, payload, ...rest } = header;
    assert.ok(anchor !== undefined && payload !== undefined);
    return seal(rest, state);
  });
  const cart = await (await open({ store, events: log })).load('cart-42');
  assert.deepEqual([cart.restoredFrom, cart.position], [4, 6]);
});

test('an emptied log is no empty stream', async () => {
  const log = new Log<CartEvent>({}, events(6));
  const store = await snapshots(log, [3, 6]);
  log.rows = [];
  const repo = await open({ store, events: log });
  await assert.rejects(repo.load('cart-42'), { code: 'historyUnavailable', message: /snapshot at 6 exists/ });
  assert.equal((await repo.load('cart-7')).position, null);
});

test('a log that lost its beginning cannot be replayed', async () => {
  const log = new Log<CartEvent>({}, events(6));
  const store = await snapshots(log, [3]);
  log.rows = log.rows.slice(4);
  const repo = await open({ store, events: log });
  await assert.rejects(repo.load('cart-42'), { code: 'historyUnavailable', message: /begins at 5.*gap/ });
  await assert.rejects(repo.load('cart-42', { useSnapshots: false }), { code: 'historyUnavailable' });
});

test('pruned on purpose, a log is continued from the snapshot that covers what is gone', async () => {
  for (const options of [{}, { sequence: 'sparse' } as const]) {
    const log = new BoundedLog<CartEvent>({}, events(8));
    const store = await snapshots(log, [5], options);
    log.truncate(5);
    const repo = await open({ store, events: log }, options);
    const cart = await repo.load('cart-42');
    assert.deepEqual([cart.source, cart.restoredFrom, cart.position, cart.eventCount, cart.replayed], ['snapshot', 5, 8, 8, 3]);
    assertState(cart.state, folded(events(8)));
  }
});

test('a log that was pruned to its end lives on the snapshot alone', async () => {
  const log = new BoundedLog<CartEvent>({}, events(5));
  const store = await snapshots(log, [5]);
  log.truncate(5);
  const repo = await open({ store, events: log });
  const cart = await repo.load('cart-42');
  assert.deepEqual([cart.source, cart.position, cart.replayed], ['snapshot', 5, 0]);
  const next = repo.apply(cart, log.append(event('next')));
  assertState((await repo.load('cart-42')).state, next.state);
  assert.equal((await repo.refresh(next)).position, 6);
});

test('pruned less than the snapshot covers, the anchor is still compared', async () => {
  const log = new BoundedLog<CartEvent>({}, events(8));
  const store = await snapshots(log, [5]);
  log.truncate(3);
  const repo = await open({ store, events: log });
  assert.equal((await repo.load('cart-42')).restoredFrom, 5);
  log.rows[1] = { position: 5, id: 'another', event: event('x') };
  await assert.rejects(repo.load('cart-42'), { code: 'historyUnavailable', message: /diverged/ });
});

test('pruned past the snapshot, history has a hole: no state is made up', async () => {
  for (const options of [{}, { sequence: 'sparse' } as const]) {
    const log = new BoundedLog<CartEvent>({}, events(8));
    const store = await snapshots(log, [5], options);
    log.truncate(6);
    const repo = await open({ store, events: log }, options);
    await assert.rejects(repo.load('cart-42'), { code: 'historyUnavailable' });
  }
});

test('pruned and the snapshot damaged: fail closed', async () => {
  const log = new BoundedLog<CartEvent>({}, events(8));
  const store = await snapshots(log, [5]);
  log.truncate(5);
  await damage(store, at(5), (frame) => flipped(frame, frame.length - 1));
  const repo = await open({ store, events: log });
  await assert.rejects(repo.load('cart-42'), { code: 'historyUnavailable', message: /corrupt/ });
});

test('pruned and no snapshot at all: fail closed', async () => {
  for (const options of [{}, { sequence: 'sparse' } as const]) {
    const log = new BoundedLog<CartEvent>({}, events(8));
    log.truncate(5);
    const repo = await open({ store: memoryStore(), events: log }, options);
    await assert.rejects(repo.load('cart-42'), { code: 'historyUnavailable' });
  }
});

test('an empty log proves nothing while the store cannot be read, unless somebody knows that nothing is deleted', async () => {
  const store = await snapshots(new Log<CartEvent>({}, events(5)), [5]);
  const dead = failing(store, (op) => op === 'list');
  const read = (): EventRow<CartEvent>[] => [];
  for (const source of [{ read }, { read, history: 'pruned' } as const]) {
    const repo = await open({ store: dead, events: source });
    for (const options of [{}, { useSnapshots: false }]) {
      const error = await repo.load('cart-7', options).catch((error: unknown) => error);
      assert.ok(SnapshotError.is(error));
      assert.deepEqual([error.code, (error.cause as Error).message], ['historyUnavailable', 'list: disk on fire']);
      assert.match(error.message, /history: 'complete'.*bounds/);
    }
    const readable = await open({ store, events: source });
    for (const options of [{}, { useSnapshots: false }]) {
      assert.equal((await readable.load('cart-7', options)).position, null);
      await assert.rejects(readable.load('cart-42', options), { code: 'historyUnavailable' });
    }
  }
  for (const source of [{ read, history: 'complete' } as const, { read, bounds: () => ({ count: 0 }) }]) {
    const repo = await open({ store: dead, events: source });
    for (const options of [{}, { useSnapshots: false }]) assert.equal((await repo.load('cart-7', options)).position, null);
  }
});

test('a store that fails at the last question only is no proof either', async () => {
  let lists = 0;
  const late = failing(memoryStore(), (op) => op === 'list' && (lists += 1) % 2 === 0);
  const repo = await open({ store: late, events: { read: () => [] } });
  await assert.rejects(repo.load('cart-7'), { code: 'historyUnavailable', message: /unreadable/ });
  const complete = await open({ store: late, events: { read: () => [], history: 'complete' } });
  const cart = await complete.load('cart-7');
  assert.deepEqual([cart.position, cart.rejected.map(({ code }) => code)], [null, ['unreadable']]);
});

test('a sparse log is replayed if it is complete; of a pruned one, what a snapshot stands for is used', async () => {
  const options = { sequence: 'sparse', lateArrivals: 'impossible' } as const;
  for (const known of ['complete', 'pruned'] as const) {
    const log = new Log<CartEvent>({ first: 10, step: 10, known });
    const store = memoryStore();
    const repo = await open({ store, events: log }, options);
    const cart = repo.apply(await repo.load('cart-42'), log.append(...events(4)));
    for (const asked of [{}, { useSnapshots: false }]) {
      const load = repo.load('cart-42', asked);
      if (known === 'complete') assertState((await load).state, cart.state);
      else await assert.rejects(load, { code: 'historyUnavailable', message: /begins at 10.*bounds/ });
    }
    taken(await repo.snapshot(cart));
    log.append(event('next'));
    const again = await repo.load('cart-42');
    assert.deepEqual([again.restoredFrom, again.position], [40, 50]);
    assertState(again.state, folded([...events(4), event('next')]));
  }
});

test('a contiguous log shows by itself where it begins, whatever is known of it', async () => {
  for (const known of ['complete', 'pruned'] as const) {
    const log = new Log<CartEvent>({ known }, events(4));
    const repo = await open({ store: memoryStore(), events: log });
    assertState((await repo.load('cart-42')).state, folded(events(4)));
    log.rows.shift();
    await assert.rejects(repo.load('cart-42'), { code: 'historyUnavailable' });
  }
});

test('a pruned log whose store cannot be read is no reason to guess', async () => {
  const log = new BoundedLog<CartEvent>({}, events(8));
  const store = await snapshots(log, [5]);
  log.truncate(5);
  const broken = intercepted(store, (op, carryOut) => {
    if (op === 'list') throw new Error('offline');
    return carryOut();
  });
  const repo = await open({ store: broken, events: log });
  await assert.rejects(repo.load('cart-42'), { code: 'historyUnavailable', message: /unreadable/ });
  assert.equal((await keysIn(store, 'cart/')).length, 1);
});

test('a pruner that was faster than the load: the walk begins again, once', async () => {
  const log = new BoundedLog<CartEvent>({}, events(8));
  const store = await snapshots(log, [5]);
  const later = await snapshots(log, [7]);
  let gets = 0;
  const racing = intercepted(store, (op, carryOut) => {
    if (op !== 'get' || (gets += 1) !== 1) return carryOut();
    const old = carryOut();
    log.truncate(7);
    void store.put(at(7), later.get(at(7)) as Uint8Array);
    return old;
  });
  const cart = await (await open({ store: racing, events: log })).load('cart-42');
  assert.deepEqual([cart.restoredFrom, cart.position, cart.rejected], [7, 8, []]);
  assertState(cart.state, folded(events(8)));
});

test('a state of the past whose history is gone is not made up either', async () => {
  const log = new BoundedLog<CartEvent>({}, events(8));
  const store = await snapshots(log, [5]);
  log.truncate(5);
  const repo = await open({ store, events: log });
  assert.equal((await repo.load('cart-42', { at: 6 })).position, 6);
  assert.equal((await repo.load('cart-42', { at: 5 })).position, 5);
  await assert.rejects(repo.load('cart-42', { at: 4 }), { code: 'historyUnavailable' });
});
