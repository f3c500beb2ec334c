/** What a store may offer beyond four functions, and what becomes of loads and maintenance with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import type { SnapshotStore } from 'snapfold';
import { maintain } from 'snapfold/maintenance';
import { keys } from 'snapfold/plans';
import { sqliteStore } from 'snapfold/sqlite';
import { assertState, events, folded, open, taken, type CartEvent, type CartRepository } from './support/carts.js';
import { Log } from './support/log.js';
import { bytesAt, damage, flipped, keysIn } from './support/stores.js';

const STREAM = 'cart-42';
const TOMBSTONE = keys.tombstone('cart', STREAM);
const slot = keys.snapshots('cart', STREAM, 1);
const key = (position: number) => keys.snapshot('cart', STREAM, 1, position);

const sqlite = () => sqliteStore(new Database(':memory:'));

/** Notes which methods are called; `instead` are those that are not the store's own. */
function noted(store: SnapshotStore, instead: Partial<SnapshotStore> = {}): { store: SnapshotStore; trace: string[] } {
  const trace: string[] = [];
  const proxy = new Proxy(store, {
    get(target, name: string) {
      const own: unknown = name in instead ? instead[name as keyof SnapshotStore] : Reflect.get(target, name);
      if (typeof own !== 'function') return own;
      return (...args: unknown[]) => {
        trace.push(`${name} ${Array.isArray(args[0]) ? args[0].length : String(args[0])}`);
        return Reflect.apply(own, target, args) as unknown;
      };
    },
  });
  return { store: proxy, trace };
}

async function snapshotted(store: SnapshotStore, ...positions: number[]): Promise<{ repo: CartRepository; log: Log<CartEvent> }> {
  const log = new Log<CartEvent>();
  const repo = await open({ store, events: log }, { keep: 9 });
  for (const event of events(Math.max(...positions))) {
    log.append(event);
    const cart = await repo.load(STREAM);
    if (positions.includes(cart.position as number)) taken(await repo.snapshot(cart));
  }
  return { repo, log };
}

test('a load takes the newest snapshot in one round trip', async () => {
  const { store, trace } = noted(sqlite());
  const { repo } = await snapshotted(store, 3, 6, 8);
  trace.length = 0;
  const cart = await repo.load(STREAM);
  assert.deepEqual(trace, [`newest ${slot}`]);
  assert.deepEqual([cart.source, cart.restoredFrom, cart.rejected], ['snapshot', 8, []]);
  assertState(cart.state, folded(events(8)));
});

test('what does not serve leads to the next newest', async () => {
  const { store, trace } = noted(sqlite());
  const { repo } = await snapshotted(store, 3, 6, 8);
  for (const position of [6, 8]) await damage(store, key(position), (bytes) => flipped(bytes, bytes.length - 1));
  trace.length = 0;
  const cart = await repo.load(STREAM);
  assert.deepEqual(trace.filter((call) => call.startsWith('newest')), Array(3).fill(`newest ${slot}`));
  assert.deepEqual(trace.filter((call) => call.startsWith('list') || call === `get ${key(3)}`), []);
  assert.deepEqual(cart.rejected.map(({ position, code }) => [position, code]), [[8, 'corrupt'], [6, 'corrupt']]);
  assert.deepEqual([cart.source, cart.restoredFrom], ['snapshot', 3]);
  assertState(cart.state, folded(events(8)));
});

test('a state of the past is looked for from its position on', async () => {
  const { store } = noted(sqlite());
  const { repo } = await snapshotted(store, 3, 6, 8);
  const cart = await repo.load(STREAM, { at: 7 });
  assert.equal(cart.restoredFrom, 6);
  assertState(cart.state, folded(events(7)));
});

test('a newest that fails, or gives something else, is an unreadable store', async () => {
  const answers: [what: string, newest: () => unknown][] = [
    ['throws', () => { throw new Error('disk on fire'); }],
    ['text for bytes', () => ({ key: key(3), bytes: 'text' })],
    ['no key', () => ({ bytes: Uint8Array.of(1) })],
    ['a lone surrogate', () => ({ key: '\ud800', bytes: Uint8Array.of(1) })],
    ['a boolean', () => false],
  ];
  for (const [what, newest] of answers) {
    const original = sqlite();
    const { log } = await snapshotted(original, 3);
    const { store } = noted(original, { newest } as Partial<SnapshotStore>);
    const repo = await open({ store, events: log });
    const cart = await repo.load(STREAM);
    assert.deepEqual([cart.source, cart.rejected.map(({ code }) => code)], ['replay', ['unreadable']], what);
    assertState(cart.state, folded(events(3)));
    await assert.rejects(repo.load(STREAM, { onStoreError: 'throw' }), { code: 'unreadable' }, what);
  }
});

test('what newest gives of another stream, or from before the start, is not used', async () => {
  const original = sqlite();
  const { log } = await snapshotted(original, 3, 6);
  const elsewhere = keys.snapshot('cart', 'cart-7', 1, 6);
  const answers: [what: string, found: { key: string; bytes: Uint8Array }][] = [
    ['another key', { key: elsewhere, bytes: await bytesAt(original, key(6)) }],
    ['another position under the key', { key: key(5), bytes: await bytesAt(original, key(6)) }],
    ['newer than asked for', { key: key(6), bytes: await bytesAt(original, key(6)) }],
  ];
  for (const [what, found] of answers) {
    const { store } = noted(original, { newest: () => found });
    const cart = await (await open({ store, events: log })).load(STREAM, { at: 5 });
    assert.deepEqual([cart.source, cart.position], ['replay', 5], what);
    assertState(cart.state, folded(events(5)));
  }
});

test('with transactions a stream is forgotten at once, or not at all', async () => {
  const original = sqlite();
  const { log } = await snapshotted(original, 3, 6);
  for (let position = 10; position < 250; position += 1) await original.put(key(position), Uint8Array.of(1));
  const before = await keysIn(original, '');
  const breaking = noted(original, {
    transact: (ops, options) => original.transact([...ops, { op: 'break' } as unknown as (typeof ops)[number]], options),
  });
  await assert.rejects(maintain(await open({ store: breaking.store, events: log })).forget(STREAM), /no step break/);
  assert.deepEqual(await keysIn(original, ''), before);

  const { store, trace } = noted(original);
  const { deleted, complete } = await maintain(await open({ store, events: log })).forget(STREAM);
  assert.deepEqual([deleted.length, complete], [242, true]);
  assert.deepEqual(trace.filter((call) => !call.startsWith('list')), ['transact 4']);
  assert.deepEqual(await keysIn(original, ''), [TOMBSTONE]);
});

test('with transactions what is invalidated goes at once, or not at all', async () => {
  const original = sqlite();
  const { log } = await snapshotted(original, 3);
  for (let position = 10; position < 250; position += 1) await original.put(key(position), Uint8Array.of(1));
  const failing = noted(original, { transact: () => { throw new Error('disk on fire'); } });
  await assert.rejects(maintain(await open({ store: failing.store, events: log })).invalidate(STREAM, { from: 10 }), { code: 'storeFailed' });
  assert.equal((await keysIn(original, '')).length, 241);
  const { store, trace } = noted(original);
  assert.equal((await maintain(await open({ store, events: log })).invalidate(STREAM, { from: 10 })).length, 240);
  assert.deepEqual(trace.filter((call) => !call.startsWith('list')), ['transact 3']);
  assert.deepEqual(await keysIn(original, ''), [key(3)]);
});
