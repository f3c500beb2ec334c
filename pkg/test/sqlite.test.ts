/** What SQLite keeps beside the bytes, and how its statements stand in the transactions of others. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SnapshotMeta, SnapshotStore, StoreOp } from 'snapfold';
import { sqliteStore } from 'snapfold/sqlite';
import { events, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { skip, sqlites, type OpenDatabase } from './support/sqlites.js';

const folder = mkdtempSync(join(tmpdir(), 'snapfold-'));
after(() => rmSync(folder, { recursive: true }));

const meta: SnapshotMeta = { name: 'cart', version: 3, streamId: 'cart-42', position: 7, eventCount: 5, takenAt: 1_700_000_000_000, stateBytes: 9 };

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

  test(`${name}: what fails inside a transaction leaves the rest of it to be committed`, when, async () => {
    const db = opened();
    const store = sqliteStore(db);
    db.exec('CREATE TABLE events (id INTEGER); BEGIN; INSERT INTO events VALUES (1)');
    const steps: StoreOp[] = [{ op: 'put', key: 'a', bytes: new Uint8Array([1]) }, { op: 'put', key: 'b', bytes: null as never }];
    assert.throws(() => store.transact(steps), /NOT NULL/);
    assert.throws(() => store.put('c', null as never), /NOT NULL/);
    assert.throws(() => store.putIfAbsent('c', null as never), /NOT NULL/);
    await store.put('d', new Uint8Array([4]));
    db.exec('COMMIT');
    assert.deepEqual(db.prepare('SELECT id FROM events').all().map((row) => ({ ...(row as object) })), [{ id: 1 }]);
    assert.deepEqual(await store.list('', { limit: 9 }), ['d']);
  });

  test(`${name}: a put that finds the disk full leaves the transaction to be committed`, when, async () => {
    for (const method of ['put', 'putIfAbsent', 'transact'] as const) {
      const db = opened();
      const store = sqliteStore(db);
      await store.put('a', new Uint8Array([1]));
      db.exec('CREATE TABLE events (id INTEGER); PRAGMA max_page_count = 20; BEGIN; INSERT INTO events VALUES (1)');
      const bytes = new Uint8Array(1_000_000);
      assert.throws(() => (method === 'transact' ? store.transact([{ op: 'put', key: 'a', bytes }]) : store[method]('b', bytes)), /full/);
      db.exec('COMMIT');
      assert.equal(db.prepare('SELECT id FROM events').all().length, 1, method);
      assert.deepEqual(await store.get('a'), new Uint8Array([1]));
    }
  });

  test(`${name}: a database that another one holds is given back as it was`, when, async () => {
    const path = join(folder, `busy-${name.replace(':', '-')}.db`);
    const [first, second] = [opened(path), opened(path)];
    for (const db of [first, second]) db.exec('PRAGMA busy_timeout = 0');
    const [store, other] = [sqliteStore(first), sqliteStore(second)];
    await store.put('a', new Uint8Array([1]));
    // A reader in the middle of its work keeps a writer from committing.
    second.exec('BEGIN');
    assert.deepEqual(await other.list('', { limit: 9 }), ['a']);
    assert.throws(() => store.transact([{ op: 'put', key: 'b', bytes: new Uint8Array([2]) }]), /locked|busy/i);
    second.exec('COMMIT');
    await store.transact([{ op: 'put', key: 'c', bytes: new Uint8Array([3]) }]);
    assert.deepEqual(await other.list('', { limit: 9 }), ['a', 'c']);
    first.close();
    second.close();
  });
}

/** A store whose database was closed under it. */
function failingAfterClose(path: string, opened: OpenDatabase): SnapshotStore {
  const db = opened(path);
  const store = sqliteStore(db);
  db.close();
  return store;
}
