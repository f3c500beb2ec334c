/** One small table of checks that every store passes, and what SQLite keeps beside the bytes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import Database from 'better-sqlite3';
import { memoryStore, type SnapshotMeta, type SnapshotStore } from 'snapfold';
import { sqliteStore, type SqliteDatabase } from 'snapfold/sqlite';
import { events, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { keysIn } from './support/stores.js';

type OpenDatabase = (path: string) => SqliteDatabase & { close(): void };

/** Undefined on a Node without it. */
async function nodeSqlite(): Promise<OpenDatabase | undefined> {
  const name = 'node:sqlite';
  try {
    const { DatabaseSync } = (await import(name)) as { DatabaseSync: new (path: string) => ReturnType<OpenDatabase> };
    return (path) => new DatabaseSync(path);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ERR_UNKNOWN_BUILTIN_MODULE');
    return undefined;
  }
}

const builtIn = await nodeSqlite();
const skip = builtIn === undefined ? `SKIPPED: Node ${process.versions.node} has no node:sqlite; it is tested on Node 22.5 and later` : false;
const sqlites: [string, OpenDatabase | undefined][] = [
  ['better-sqlite3', (path) => new Database(path)],
  ['node:sqlite', builtIn],
];
const stores: [string, (() => SnapshotStore) | undefined][] = [
  ['memory', memoryStore],
  ...sqlites.map(([name, database]): [string, (() => SnapshotStore) | undefined] => [name, database && (() => sqliteStore(database(':memory:')))]),
];

const folder = mkdtempSync(join(tmpdir(), 'snapfold-'));
after(() => rmSync(folder, { recursive: true }));

const meta: SnapshotMeta = { name: 'cart', version: 3, streamId: 'cart-42', position: 7, eventCount: 5, takenAt: 1_700_000_000_000, stateBytes: 9 };

const CHECKS: Record<string, (store: SnapshotStore) => Promise<void>> = {
  async 'nothing is nothing'(store) {
    assert.deepEqual([...(await store.list('cart/', { limit: 9 }))], []);
    assert.equal((await store.get('cart/x')) ?? null, null);
    await store.delete(['cart/x']);
    await store.delete([]);
  },

  async 'what is put can be got, whole, and is listed'(store) {
    for (const bytes of [new Uint8Array(), new Uint8Array([0]), Uint8Array.from({ length: 256 }, (_, byte) => byte)]) {
      await store.put('cart/x', bytes, meta);
      const found = await store.get('cart/x');
      assert.deepEqual(new Uint8Array(found as Uint8Array), bytes);
    }
    assert.deepEqual(await store.list('cart/', { limit: 9 }), ['cart/x']);
  },

  async 'a put replaces'(store) {
    await store.put('k', new Uint8Array([1, 2, 3]), meta);
    await store.put('k', new Uint8Array([4]));
    assert.deepEqual([...((await store.get('k')) ?? [])], [4]);
    assert.deepEqual(await store.list('', { limit: 9 }), ['k']);
  },

  async 'keys come in ascending bytewise order, whatever order they were put in'(store) {
    const keys = ['a/~7e', 'a/-', 'a/.b', 'a/0', 'a/9', 'a/_', 'a/a', 'a/z', 'a/', 'a/a/', 'a/ab', 'a/a-'];
    for (const key of keys) await store.put(key, new Uint8Array([1]));
    assert.deepEqual(await store.list('a/', { limit: 99 }), [...keys].sort());
  },

  async 'a prefix is a prefix, and no pattern'(store) {
    const keys = ['cart/cart-4/s/1', 'cart/cart-42/s/1', 'cart/cart-4', 'cart/cart_4/s/1', 'cart/cartx4/s/1', 'cart/cart%4/s/1', 'cart/CART-4/s/1', 'cart0'];
    for (const key of keys) await store.put(key, new Uint8Array([1]));
    assert.deepEqual(await store.list('cart/cart-4/', { limit: 99 }), ['cart/cart-4/s/1']);
    assert.deepEqual(await store.list('cart/cart_4/', { limit: 99 }), ['cart/cart_4/s/1']);
    assert.deepEqual(await store.list('cart/cart%', { limit: 99 }), ['cart/cart%4/s/1']);
    assert.deepEqual(await store.list('cart/', { limit: 99 }), keys.slice(0, -1).sort());
    assert.deepEqual(await store.list('', { limit: 99 }), [...keys].sort());
    assert.deepEqual(await store.list('dart/', { limit: 99 }), []);
  },

  async 'start is inclusive, limit is a limit'(store) {
    for (const key of ['p/1', 'p/2', 'p/3', 'q/1']) await store.put(key, new Uint8Array([1]));
    assert.deepEqual(await store.list('p/', { limit: 2 }), ['p/1', 'p/2']);
    assert.deepEqual(await store.list('p/', { start: 'p/2', limit: 9 }), ['p/2', 'p/3']);
    assert.deepEqual(await store.list('p/', { start: 'p/2', limit: 1 }), ['p/2']);
    assert.deepEqual(await store.list('p/', { start: 'p/25', limit: 9 }), ['p/3']);
    assert.deepEqual(await store.list('p/', { start: 'a', limit: 9 }), ['p/1', 'p/2', 'p/3']);
    assert.deepEqual(await store.list('p/', { start: 'p/4', limit: 9 }), []);
    assert.deepEqual(await store.list('p/', { start: 'q/0', limit: 9 }), []);
  },

  async 'exactly the keys that are named are deleted'(store) {
    for (const key of ['a', 'b', 'c', 'ab']) await store.put(key, new Uint8Array([1]));
    await store.delete(['a', 'missing', 'c', 'a']);
    assert.deepEqual(await store.list('', { limit: 9 }), ['ab', 'b']);
  },

  async 'bytes are copied both ways'(store) {
    const bytes = new Uint8Array([1, 2, 3]);
    await store.put('k', bytes, meta);
    bytes[0] = 9;
    const found = (await store.get('k')) as Uint8Array;
    assert.deepEqual([...found], [1, 2, 3]);
    found[0] = 9;
    assert.deepEqual([...((await store.get('k')) as Uint8Array)], [1, 2, 3]);
  },

  async 'part of a larger buffer is stored as that part'(store) {
    await store.put('k', Buffer.from('0123456789').subarray(3, 6), meta);
    assert.equal(Buffer.from((await store.get('k')) as Uint8Array).toString(), '345');
  },

  async 'a large value'(store) {
    const bytes = Uint8Array.from({ length: 5_000_000 }, (_, index) => index % 251);
    await store.put('k', bytes, meta);
    assert.ok(Buffer.from(bytes).equals((await store.get('k')) as Uint8Array));
  },

  async 'a repository lives on it'(store) {
    const log = new Log<CartEvent>();
    const repo = await open({ store, events: log });
    let cart = await repo.load('cart-42');
    for (const next of events(10)) cart = (await repo.maybeSnapshot(repo.apply(cart, log.append(next)))).handle;
    const again = await (await open({ store, events: log })).load('cart-42');
    assert.deepEqual([again.source, again.restoredFrom, again.rejected], ['snapshot', 9, []]);
    assert.deepEqual(again.state, cart.state);
    assert.equal((await keysIn(store, 'cart/')).length, 2);
  },
};

for (const [name, make] of stores) {
  for (const [what, check] of Object.entries(CHECKS)) {
    test(`${name}: ${what}`, { skip: make === undefined && skip }, async () => check((make as () => SnapshotStore)()));
  }
}

for (const [name, database] of sqlites) {
  const when = { skip: database === undefined && skip };
  const opened = (path = ':memory:') => (database as OpenDatabase)(path);

  test(`${name}: what a snapshot is about stands in columns of its own`, when, async () => {
    const db = opened();
    const log = new Log<CartEvent>({}, events(3));
    const repo = await open({ store: sqliteStore(db), events: log });
    const { key, bytes } = taken(await repo.maybeSnapshot(await repo.load('cart-42')));
    const row = db.prepare('SELECT *, length(bytes) AS size FROM snapfold_snapshots').get() as Record<string, unknown>;
    const { bytes: _frame, state_bytes, ...columns } = row;
    assert.deepEqual({ ...columns }, {
      key,
      name: 'cart',
      version: 1,
      stream_id: 'cart-42',
      position: '3',
      event_count: 3,
      taken_at: 1_700_000_000_000,
      size: bytes,
    });
    assert.ok((state_bytes as number) > 0 && (state_bytes as number) < bytes);
  });

  test(`${name}: markers have no columns, large positions stay exact`, when, async () => {
    const db = opened();
    const store = sqliteStore(db);
    await store.put('marker', new Uint8Array([1]));
    await store.put('large', new Uint8Array([1]), { ...meta, position: 2n ** 64n - 1n, takenAt: null });
    const rows = db.prepare('SELECT key, name, version, position, taken_at FROM snapfold_snapshots ORDER BY key').all() as object[];
    assert.deepEqual(rows.map((row) => ({ ...row })), [
      { key: 'large', name: 'cart', version: 3, position: '18446744073709551615', taken_at: null },
      { key: 'marker', name: null, version: null, position: null, taken_at: null },
    ]);
  });

  test(`${name}: the table’s name is an identifier and nothing else`, when, async () => {
    const db = opened();
    for (const table of ['', 'a b', 'a;b', "a'b", 'a"b', '1a', 'a-b', 'é', 'a.b']) {
      assert.throws(() => sqliteStore(db, { table }), { code: 'invalidOption', path: 'table' });
    }
    for (const table of [null, 7, {}]) assert.throws(() => sqliteStore(db, { table: table as never }), { code: 'invalidOption', path: 'table' });
    for (const table of ['cart_snapshots', '_t', 'T1', 'order', 'select']) {
      const store = sqliteStore(db, { table });
      await store.put('k', new Uint8Array([1]), meta);
      assert.deepEqual(await store.list('', { limit: 9 }), ['k']);
    }
    assert.deepEqual(await sqliteStore(db).list('', { limit: 9 }), []);
  });

  test(`${name}: snapshots survive in the file`, when, async () => {
    const path = join(folder, `${name.replace(':', '-')}.db`);
    const log = new Log<CartEvent>({}, events(5));
    const first = opened(path);
    const repo = await open({ store: sqliteStore(first), events: log });
    taken(await repo.maybeSnapshot(await repo.load('cart-42')));
    first.close();
    const second = opened(path);
    const again = await (await open({ store: sqliteStore(second), events: log })).load('cart-42');
    assert.deepEqual([again.source, again.restoredFrom], ['snapshot', 5]);
    second.close();
    const closed = await open({ store: failingAfterClose(path, opened), events: log });
    assert.equal((await closed.load('cart-42')).rejected[0]?.code, 'unreadable');
  });

  test(`${name}: statements join the transaction that is open`, when, async () => {
    const db = opened();
    const store = sqliteStore(db);
    db.exec('BEGIN');
    await store.put('k', new Uint8Array([1]), meta);
    db.exec('ROLLBACK');
    assert.equal((await store.get('k')) ?? null, null);
  });
}

/** A store whose database was closed under it. */
function failingAfterClose(path: string, opened: OpenDatabase): SnapshotStore {
  const db = opened(path);
  const store = sqliteStore(db);
  db.close();
  return store;
}

test('the memory store tells its size', async () => {
  const store = memoryStore();
  assert.equal(store.size, 0);
  await store.put('a', new Uint8Array([1]));
  await store.put('a', new Uint8Array([2]));
  await store.put('b', new Uint8Array([3]));
  assert.equal(store.size, 2);
});
