/** What a load may cost: replays while the store is away, long ones, and logs that are truncated while they are folded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSnapshots, memoryStore, SnapshotError, type LoadOptions } from 'snapfold';
import { keys } from 'snapfold/plans';
import { rulesFold } from 'snapfold/folds';
import { assertState, events, folded, open, taken, type CartEvent, type CartOptions } from './support/carts.js';
import { BoundedLog, Log, StreamingLog } from './support/log.js';
import { failing, intercepted } from './support/stores.js';

const at = (position: number) => keys.snapshot('cart', 'cart-42', 1, position);

/** 20 events, a snapshot at 20, then 5 more. */
async function twenty(log: Log<CartEvent>, options: Partial<CartOptions> = {}) {
  const store = memoryStore();
  log.append(...events(20));
  const repo = await open({ store, events: log }, options);
  taken(await repo.snapshot(await repo.load('cart-42')));
  log.append(...events(5, 21));
  log.reads.length = 0;
  return { store, repo };
}

test('a dead store costs a replay, or an error at once, as is asked', async () => {
  for (const dead of ['list', 'get']) {
    const log = new Log<CartEvent>();
    const { store } = await twenty(log);
    const broken = failing(store, (op) => op === dead);
    const lenient = await open({ store: broken, events: log });
    const strict = await open({ store: broken, events: log }, { onStoreError: 'throw' });
    for (const load of [strict.load('cart-42'), lenient.load('cart-42', { onStoreError: 'throw' })]) {
      const error = await load.catch((error: unknown) => error);
      assert.ok(SnapshotError.is(error));
      assert.deepEqual([error.code, (error.cause as Error).message], ['unreadable', `${dead}: disk on fire`]);
      assert.match(error.message, /disk on fire/);
    }
    assert.deepEqual(log.reads, [], 'the log was spared');
    for (const load of [lenient.load('cart-42'), strict.load('cart-42', { onStoreError: 'replay' }), strict.load('cart-42', { useSnapshots: false })]) {
      assertState((await load).state, folded(events(25)));
    }
  }
});

test('a load folds no more than it may', async () => {
  for (const log of [new Log<CartEvent>({ pageRows: 7 }), new StreamingLog<CartEvent>()]) {
    const { store, repo } = await twenty(log);
    assert.equal((await repo.load('cart-42', { maxReplay: 5 })).replayed, 5);
    await assert.rejects(repo.load('cart-42', { maxReplay: 4 }), { code: 'replayTooLong', position: 25, message: /cart-42.*\b4\b/ });
    await assert.rejects(repo.load('cart-42', { maxReplay: 24, useSnapshots: false }), { code: 'replayTooLong', position: 25 });
    const limited = await open({ store, events: log }, { maxReplay: 4 });
    await assert.rejects(limited.load('cart-42'), { code: 'replayTooLong' });
    assert.equal((await limited.load('cart-42', { at: 24 })).replayed, 4);
    assert.equal((await limited.load('cart-42', { maxReplay: 25, useSnapshots: false })).replayed, 25);
  }
});

test('a log that counts is not read for nothing', async () => {
  for (const options of [{}, { sequence: 'sparse' } as const]) {
    const log = new BoundedLog<CartEvent>();
    const { repo } = await twenty(log, options);
    const tooLong = (load: LoadOptions, position: number, message: RegExp) => assert.rejects(repo.load('cart-42', load), { code: 'replayTooLong', position, message });
    await tooLong({ maxReplay: 4 }, 20, /5 events/);
    await tooLong({ maxReplay: 24, useSnapshots: false }, 0, /25 events/);
    assert.deepEqual(log.reads, []);
    assert.equal((await repo.load('cart-42', { maxReplay: 5 })).replayed, 5);
    assert.equal((await repo.load('cart-42', { maxReplay: 4, at: 24 })).replayed, 4);
    log.truncate(3);
    await assert.rejects(repo.load('cart-42', { maxReplay: 4, useSnapshots: false }), { code: 'historyUnavailable' });
  }
});

test('built-in folds are limited, too', async () => {
  const fold = rulesFold<{ n: number }>({ initial: { n: 0 }, rules: { added: [{ add: '/n', value: 1 }] } });
  const log = new Log<CartEvent>({}, events(9));
  const repo = await defineSnapshots<{ n: number }, CartEvent>({ name: 'cart', version: 1, fold }).open({ store: memoryStore(), events: log });
  assert.equal((await repo.load('cart-42', { maxReplay: 9 })).state.n, 9);
  await assert.rejects(repo.load('cart-42', { maxReplay: 8 }), { code: 'replayTooLong', position: 9 });
});

test('a handle too far behind begins again at a newer snapshot', async () => {
  const log = new Log<CartEvent>({}, events(20));
  const store = memoryStore();
  const repo = await open({ store, events: log });
  for (const mutable of [false, true]) {
    const limited = await open({ store, events: log }, { maxReplay: 5, mutable });
    const old = await limited.load('cart-42', { maxReplay: 1_000 });
    log.append(...events(20, log.rows.length + 1));
    if (!mutable) await assert.rejects(limited.refresh(old), { code: 'replayTooLong' });
    taken(await repo.snapshot(await repo.load('cart-42')));
    const fresh = await limited.refresh(old);
    assertState(fresh.state, folded(log.rows.map(({ event }) => event)));
  }
});

test('what makes no sense is refused', async () => {
  const repo = await open({ store: memoryStore(), events: new Log<CartEvent>() });
  for (const maxReplay of [0, -1, 1.5, NaN, Infinity, '5']) {
    await assert.rejects(repo.load('cart-42', { maxReplay: maxReplay as never }), { code: 'invalidOption', path: 'load.maxReplay' });
  }
  for (const onStoreError of ['', 'ignore', true]) {
    await assert.rejects(repo.load('cart-42', { onStoreError: onStoreError as never }), { code: 'invalidOption', path: 'load.onStoreError' });
  }
  await assert.rejects(repo.load('cart-42', { maxReplay: null as never }), { code: 'invalidOption', path: 'maxReplay' });
});

// Truncated while it is folded

const LOGS: readonly [string, () => Log<CartEvent>, Partial<CartOptions>][] = [
  ['contiguous', () => new Log({ known: 'pruned' }), {}],
  ['contiguous, with bounds', () => new BoundedLog({ known: 'pruned' }), {}],
  ['sparse', () => new Log({ known: 'pruned' }), { sequence: 'sparse', lateArrivals: 'impossible' }],
  ['sparse, with bounds', () => new BoundedLog({ known: 'pruned' }), { sequence: 'sparse' }],
];

/** 50 events, snapshots at 20 and 40. The log is truncated behind the second one before that read, counted from then on. */
async function pruner(log: Log<CartEvent>, definition: Partial<CartOptions>) {
  const options = { keep: 9, pageSize: 5, ...definition };
  const store = memoryStore();
  const repo = await open({ store, events: log }, options);
  const old = taken(await repo.snapshot(repo.apply(await repo.load('cart-42'), log.append(...events(20))))).handle;
  taken(await repo.snapshot(repo.apply(old, log.append(...events(20, 21)))));
  log.append(...events(10, 41));
  const truncateBefore = (read: number): void => {
    const page = log.page.bind(log);
    let reads = 0;
    log.page = (asked) => {
      if (reads === read) log.truncate(39);
      reads += 1;
      return page(asked);
    };
  };
  return { store, repo, options, old, truncateBefore };
}

for (const [what, logOf, definition] of LOGS) {
  test(`a log truncated between two pages is loaded once more: ${what}`, async () => {
    const log = logOf();
    const { store, options, truncateBefore } = await pruner(log, definition);
    const frame = await store.get(at(40));
    await store.delete([at(40)]);
    let listed = false;
    const racing = intercepted(store, (op, carryOut) => {
      const answer = carryOut();
      if (op === 'list' && !listed) void store.put(at(40), frame as Uint8Array);
      listed ||= op === 'list';
      return answer;
    });
    truncateBefore(2);
    const cart = await (await open({ store: racing, events: log }, options)).load('cart-42');
    assert.deepEqual([cart.restoredFrom, cart.position, cart.eventCount, cart.replayed, cart.rejected], [40, 50, 50, 10, []]);
    assertState(cart.state, folded(events(50)));
  });

  test(`a handle is refreshed while the log is truncated: ${what}`, async () => {
    for (const covered of [true, false]) {
      const log = logOf();
      const { store, repo, old, truncateBefore } = await pruner(log, definition);
      if (!covered) await store.delete([at(40)]);
      truncateBefore(1);
      if (covered) assertState((await repo.refresh(old)).state, folded(events(50)));
      else await assert.rejects(repo.refresh(old), { code: 'historyUnavailable' });
    }
  });
}

test('an iterable that was read to its end is asked once more whether something went away, and let go', async () => {
  const log = new StreamingLog<CartEvent>({ known: 'pruned' });
  const sparse = { sequence: 'sparse', lateArrivals: 'impossible' } as const;
  const { repo } = await pruner(log, sparse);
  log.reads.length = 0;
  const cart = await repo.load('cart-42');
  assert.deepEqual([cart.restoredFrom, cart.position], [40, 50]);
  assert.deepEqual(log.reads.map(({ from }) => from), [40, 44]);
  assert.equal(log.opened, log.closed);
  const complete = new Log<CartEvent>();
  const known = (await pruner(complete, sparse)).repo;
  complete.reads.length = 0;
  await known.load('cart-42');
  assert.deepEqual(complete.reads.map(({ from }) => from), [40, 45, 50, 51]);
});

test('a log with a hole is read twice, and refused', async () => {
  const log = new Log<CartEvent>({}, events(12));
  log.rows.splice(7, 1);
  const repo = await open({ store: memoryStore(), events: log }, { pageSize: 5 });
  await assert.rejects(repo.load('cart-42'), { code: 'gap', position: 9, message: /inclusive/ });
  assert.equal(log.reads.filter(({ from }) => from === 0).length, 2);
});

test('a mutable state that was folded in vain is not folded on', async () => {
  const log = new Log<CartEvent>({ known: 'pruned' });
  const { store, truncateBefore } = await pruner(log, {});
  const frame = (await store.get(at(40))) as Uint8Array;
  await store.delete([at(40)]);
  truncateBefore(2);
  const late = intercepted(store, (op, carryOut) => {
    const answer = carryOut();
    if (op === 'get') void store.put(at(40), frame);
    return answer;
  });
  const evolve = (cart: { total: bigint }, event: CartEvent): void => {
    cart.total += BigInt(event.price);
  };
  const sums = defineSnapshots<{ total: bigint }, CartEvent>({ name: 'cart', version: 1, pageSize: 5, initialState: () => ({ total: 0n }), evolve, mutable: true });
  const cart = await (await sums.open({ store: late, events: log })).load('cart-42');
  assert.deepEqual([cart.restoredFrom, cart.state.total], [40, folded(events(50)).total]);
});

/** A contiguous log shows no hole where nothing is left behind it. */
test('a log of which all the rest goes between two pages has not ended there', async () => {
  for (const definition of [{}, { sequence: 'sparse' }] as const) {
    const log = new BoundedLog<CartEvent>({ known: 'pruned' }, events(10));
    const store = memoryStore();
    const other = await open({ store, events: log }, definition);
    const read = log.read.bind(log);
    let reads = 0;
    const pruned = {
      bounds: log.bounds.bind(log),
      history: log.history,
      read: async (id: string, options: { from: number; limit: number }) => {
        if (++reads === 2) {
          taken(await other.snapshot(await other.load(id)));
          log.truncate(10);
        }
        return read(id, options);
      },
    };
    const cart = await (await open({ store, events: pruned }, { ...definition, pageSize: 5 })).load('cart-42');
    assert.equal(cart.position, 10);
    assertState(cart.state, folded(events(10)));
  }
});
