/** Postgres beyond the suite: columns, names, migrations, transactions of others, connections. On PGlite and on a real server. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { PGlite } from '@electric-sql/pglite';
import type pg from 'pg';
import { type SnapshotMeta } from 'snapfold';
import { postgresStore, type PostgresClient } from 'snapfold/postgres';
import { events, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { lack, startServer, type Server } from './support/postgres.js';

const server = lack === undefined ? await startServer() : (undefined as unknown as Server);
const embedded = await PGlite.create();
after(() => embedded.close());

const meta: SnapshotMeta = { name: 'cart', version: 3, streamId: 'cart-42', position: 7, eventCount: 5, takenAt: 1_700_000_000_000, stateBytes: 9 };
const one = Uint8Array.of(1);
const TOO_LARGE = new Uint8Array(5_000);

let made = 0;
const newTable = () => `t${++made}`;

type Kind = [name: string, client: () => Promise<PostgresClient>, when: { skip: string | false }];
const KINDS: Kind[] = [
  ['PGlite', async () => embedded, { skip: false }],
  ['pg', async () => server.client(), { skip: lack ?? false }],
];

/** A table that refuses values over 4,000 bytes, and one for events beside it. */
async function prepared(client: PostgresClient): Promise<{ store: ReturnType<typeof postgresStore>; table: string; log: string }> {
  const table = newTable();
  const log = `log_${table}`;
  const store = postgresStore(client, { table });
  await store.migrate();
  await client.query(`ALTER TABLE ${table} ADD CHECK (length(bytes) <= 4000)`);
  await client.query(`CREATE TABLE ${log} (id int PRIMARY KEY)`);
  return { store, table, log };
}

for (const [name, connect, when] of KINDS) {
  test(`${name}: what a snapshot is about stands in columns of its own`, when, async () => {
    const client = await connect();
    const table = newTable();
    const store = postgresStore(client, { table });
    await store.migrate();
    const log = new Log<CartEvent>({}, events(3));
    const repo = await open({ store, events: log });
    const { key, bytes } = taken(await repo.maybeSnapshot(await repo.load('cart-42')));
    await store.put('cart/z', one, { ...meta, streamId: 'a\0b', position: 2n ** 64n - 1n, takenAt: null });
    await store.put('marker', one);
    const columns = 'key, name, version::int, stream_id, position::text, event_count::int, taken_at::text, length(bytes) AS size';
    const { rows } = await client.query(`SELECT ${columns}, state_bytes > 0 AS has_state FROM ${table} ORDER BY key`);
    const nothing = { name: null, version: null, stream_id: null, position: null, event_count: null, taken_at: null, has_state: null };
    assert.deepEqual(rows, [
      { key, name: 'cart', version: 1, stream_id: 'cart-42', position: '3', event_count: 3, taken_at: '1700000000000', size: bytes, has_state: true },
      { key: 'cart/z', name: 'cart', version: 3, stream_id: null, position: '18446744073709551615', event_count: 5, taken_at: null, size: 1, has_state: true },
      { key: 'marker', ...nothing, size: 1 },
    ]);
  });

  test(`${name}: a put that fails inside BEGIN … COMMIT leaves the events to be committed, and the transaction usable`, when, async () => {
    const client = await connect();
    const { store, log } = await prepared(client);
    await store.put('old', one);
    await client.query('BEGIN');
    await client.query(`INSERT INTO ${log} VALUES (1)`);
    const failing: (() => unknown)[] = [
      () => store.put('a', TOO_LARGE, meta),
      () => store.putIfAbsent('a', TOO_LARGE, meta),
      () => store.transact([{ op: 'delete', keys: ['old'] }, { op: 'put', key: 'a', bytes: TOO_LARGE }]),
      () => store.put('a\0b', one),
      () => store.get('a\0b'),
      () => store.list('a\0', { limit: 9 }),
      () => store.newest('a\0'),
      () => store.delete(['a\0b']),
    ];
    for (const operation of failing) await assert.rejects(async () => operation());
    await store.put('b', one, meta);
    await client.query(`INSERT INTO ${log} VALUES (2)`);
    assert.deepEqual(await store.list('', { limit: 9 }), ['b', 'old']);
    await client.query('COMMIT');
    assert.deepEqual((await client.query(`SELECT id FROM ${log} ORDER BY id`)).rows, [{ id: 1 }, { id: 2 }]);
    assert.deepEqual(await store.list('', { limit: 9 }), ['b', 'old']);
  });

  test(`${name}: what was put is gone with a transaction that is rolled back`, when, async () => {
    const client = await connect();
    const { store } = await prepared(client);
    await client.query('BEGIN');
    await store.put('a', one, meta);
    assert.equal(await store.putIfAbsent('b', one), true);
    await store.transact([{ op: 'put', key: 'c', bytes: one }]);
    await client.query('ROLLBACK');
    assert.deepEqual(await store.list('', { limit: 9 }), []);
  });

  test(`${name}: a put that nobody waits for takes nothing with it, whatever comes right behind it`, when, async () => {
    const client = await connect();
    const { store, log } = await prepared(client);
    const outcomes: Promise<unknown>[] = [];
    for (let id = 0; id < 12; id += 1) {
      await client.query('BEGIN');
      await client.query(`INSERT INTO ${log} VALUES (${id})`);
      const put = Promise.resolve(store.put(`k${id}`, id % 2 === 0 ? TOO_LARGE : one));
      outcomes.push(put.then(() => 'put', () => 'failed'));
      for (let turn = 0; turn < id; turn += 1) await Promise.resolve();
      await client.query('COMMIT');
      await put.catch(() => {});
    }
    assert.deepEqual(new Set(await Promise.all(outcomes)), new Set(['put', 'failed']));
    assert.deepEqual((await client.query(`SELECT count(*)::int AS count FROM ${log}`)).rows, [{ count: 12 }]);
    assert.equal((await store.list('', { limit: 99 })).length, 6);
  });

  test(`${name}: what stands in the text of a statement is what was given`, when, async () => {
    const client = await connect();
    const { store, table } = await prepared(client);
    const strange = ["it's", 'a\\b', "\\'; DROP TABLE x; --", '"$1"', '$1 $2', "E'\\x00'", '🛒 $$', ''];
    await client.query('BEGIN');
    for (const [index, text] of strange.entries()) await store.put(`k${index}`, new TextEncoder().encode(text), { ...meta, streamId: text });
    await store.put("k'9\\", Uint8Array.from({ length: 256 }, (_, byte) => byte));
    await store.transact([{ op: 'delete', keys: ["k'9\\", 'other'] }, { op: 'put', key: 'z$1', bytes: one }]);
    await client.query('COMMIT');
    const { rows } = await client.query(`SELECT stream_id FROM ${table} ORDER BY key`);
    assert.deepEqual(rows.map((row) => (row as { stream_id: string }).stream_id), [...strange, null]);
    for (const [index, text] of strange.entries()) assert.equal(new TextDecoder().decode((await store.get(`k${index}`)) as Uint8Array), text);
  });

  test(`${name}: outside a transaction, one that fails is alone in it`, when, async () => {
    const client = await connect();
    const { store, log } = await prepared(client);
    await assert.rejects(async () => store.put('a', TOO_LARGE, meta));
    await client.query(`INSERT INTO ${log} VALUES (1)`);
    await store.put('b', one);
    assert.deepEqual(await store.list('', { limit: 9 }), ['b']);
  });

  test(`${name}: operations at once, of several stores and of the application, on one client in a transaction: each for itself`, when, async () => {
    const client = await connect();
    const { store, table, log } = await prepared(client);
    const second = postgresStore(client, { table });
    await client.query('BEGIN');
    const failed: unknown[] = [];
    const inserted: Promise<unknown>[] = [];
    const puts = Array.from({ length: 20 }, async (_, index) => {
      const bytes = index % 3 === 0 ? TOO_LARGE : one;
      try {
        await (index % 2 === 0 ? store : second).put(`k${String(index).padStart(2, '0')}`, bytes, meta);
      } catch (error) {
        failed.push(error);
      }
    });
    for (let id = 0; id < 20; id += 1) {
      await Promise.resolve();
      inserted.push(client.query(`INSERT INTO ${log} VALUES (${id})`).then(() => id, () => undefined));
    }
    await Promise.all(puts);
    const accepted = (await Promise.all(inserted)).filter((id) => id !== undefined);
    await client.query('COMMIT');
    assert.equal(failed.length, 7);
    const { rows } = await client.query(`SELECT id FROM ${log} ORDER BY id`);
    assert.equal(accepted.length, 20, 'and nothing of it was refused');
    assert.deepEqual(rows.map((row) => (row as { id: number }).id), accepted, 'what the application was told to be inserted is there');
    assert.equal((await store.list('', { limit: 99 })).length, 13);
  });

  test(`${name}: names of schema and table are quoted, whatever they are`, when, async () => {
    const client = await connect();
    const names = [['Sch"ema; DROP', "ta'b\\le"], ['select', 'Ünïcode $1 $$'], [undefined, 'a.b'], ['%I', 'x'.repeat(63)]] as const;
    for (const [schema, table] of names) {
      const store = postgresStore(client, { table, ...(schema === undefined ? {} : { schema }) });
      await store.migrate();
      await store.migrate();
      await store.put('k', one, meta);
      await store.transact([{ op: 'put', key: 'l', bytes: one }, { op: 'delete', keys: ['k'] }]);
      assert.deepEqual(await store.list('', { limit: 9 }), ['l']);
      const named = 'SELECT 1 FROM information_schema.tables WHERE table_name = $1 AND ($2::text IS NULL OR table_schema = $2)';
      const { rows } = await client.query(named, [table, schema ?? null]);
      assert.equal(rows.length, 1, table);
    }
  });

  test(`${name}: a table that is missing is said, and does not end a transaction`, when, async () => {
    const client = await connect();
    const store = postgresStore(client, { table: newTable() });
    await client.query('BEGIN');
    await assert.rejects(async () => store.get('k'), { code: '42P01' });
    await store.migrate();
    assert.equal(await store.get('k'), undefined);
    await client.query('ROLLBACK');
    await assert.rejects(async () => store.get('k'), { code: '42P01' });
  });
}

test('PGlite: inside its own transactions', async () => {
  const { store, table, log } = await prepared(embedded);
  await embedded.transaction(async (tx) => {
    await tx.query(`INSERT INTO ${log} VALUES (1)`);
    const inside = postgresStore(tx, { table });
    await assert.rejects(async () => inside.put('a', TOO_LARGE));
    await inside.put('b', one);
  });
  assert.deepEqual(await store.list('', { limit: 9 }), ['b']);
  assert.deepEqual((await embedded.query(`SELECT id FROM ${log}`)).rows, [{ id: 1 }]);
});

test('options are checked', () => {
  for (const table of ['', 'x'.repeat(64), 'a\0b', '\ud800', 7, null]) {
    assert.throws(() => postgresStore(embedded, { table: table as never }), { code: 'invalidOption', path: 'table' });
    assert.throws(() => postgresStore(embedded, { schema: table as never }), { code: 'invalidOption', path: 'schema' });
  }
  assert.throws(() => postgresStore(embedded, { prepare: 1 as never }), { code: 'invalidOption', path: 'prepare' });
  assert.throws(() => postgresStore(embedded, { other: 1 } as never), { code: 'invalidOption' });
});

const real = { skip: lack ?? false };

test('many connections migrate at once', real, async () => {
  for (let round = 0; round < 5; round += 1) {
    const options = { schema: `migrated${round}`, table: 'snapshots' };
    const clients = await Promise.all(Array.from({ length: 8 }, async () => server.client()));
    await Promise.all(clients.map(async (client) => postgresStore(client, options).migrate()));
    await postgresStore(clients[0] as pg.Client, options).put('k', one);
    await Promise.all(clients.map(async (client) => client.end()));
  }
});

test('who may not create anything can migrate what is there', real, async () => {
  const owner = await server.client();
  const options = { schema: 'owned', table: 'snapshots' };
  await postgresStore(owner, options).migrate();
  await owner.query('CREATE ROLE app LOGIN; GRANT USAGE ON SCHEMA owned TO app; GRANT SELECT, INSERT, UPDATE, DELETE ON owned.snapshots TO app');
  const pool = server.pool({ user: 'app' });
  const store = postgresStore(pool, options);
  await store.migrate();
  await store.put('k', one);
  assert.deepEqual(await store.list('', { limit: 9 }), ['k']);
  await assert.rejects(async () => postgresStore(pool, { schema: 'other' }).migrate(), { code: '42501' });
});

test('keys are compared bytewise, whatever the collation of the database', real, async () => {
  const client = await server.client();
  const { store, table } = await prepared(client);
  for (const key of ['a-b/', 'a/', 'a_b/', 'B/', 'a~20/', 'a0/']) await store.put(key, one);
  assert.deepEqual(await store.list('', { limit: 9 }), ['B/', 'a-b/', 'a/', 'a0/', 'a_b/', 'a~20/']);
  const { rows } = await client.query(`SELECT collation_name FROM information_schema.columns WHERE table_name = $1 AND column_name = 'key'`, [table]);
  assert.deepEqual(rows, [{ collation_name: 'C' }]);
  await client.query('SET enable_seqscan = off; SET enable_bitmapscan = off');
  const plan = await client.query(`EXPLAIN SELECT key FROM ${table} WHERE key >= 'a' AND key < 'b' ORDER BY key LIMIT 3`);
  assert.match(JSON.stringify(plan.rows), /Index (Only )?Scan/);
  assert.doesNotMatch(JSON.stringify(plan.rows), /Sort/);
});

test('a pool gets every connection back: after success, failure, and a signal', real, async () => {
  const pool = server.pool({ max: 2 });
  const table = newTable();
  const store = postgresStore(pool, { table });
  await store.migrate();
  await pool.query(`ALTER TABLE ${table} ADD CHECK (length(bytes) <= 4000)`);
  for (let round = 0; round < 5; round += 1) {
    const tooMuch = store.transact([{ op: 'put', key: 'c', bytes: TOO_LARGE }]);
    await Promise.allSettled([store.put('a', one), store.put('b', TOO_LARGE), store.get('a'), store.newest(''), tooMuch]);
  }
  assert.deepEqual([pool.totalCount - pool.idleCount, pool.waitingCount], [0, 0]);

  const holder = await server.client();
  await holder.query(`BEGIN; LOCK TABLE ${table}`);
  const controllers = [1, 2, 3].map(() => new AbortController());
  // Two wait for the lock, with a connection; the third waits for a connection.
  const waiting = controllers.map((controller, index) => store.put(`w${index}`, one, undefined, { signal: controller.signal }));
  const settled = Promise.allSettled(waiting);
  while ((await holder.query("SELECT 1 FROM pg_locks WHERE NOT granted")).rows.length < 2);
  const reason = new Error('given up');
  for (const controller of controllers) controller.abort(reason);
  assert.deepEqual(await settled, controllers.map(() => ({ status: 'rejected', reason })));
  await holder.query('COMMIT');
  await store.put('after', one);
  assert.ok((await store.list('', { limit: 9 })).includes('after'));
  assert.deepEqual([pool.totalCount - pool.idleCount, pool.waitingCount], [0, 0]);
});

test('with a client, a signal ends the waiting, and what comes next waits for the answer', real, async () => {
  const client = await server.client();
  const { store, table, log } = await prepared(client);
  const holder = await server.client();
  await holder.query(`BEGIN; LOCK TABLE ${table}`);
  await client.query('BEGIN');
  const controller = new AbortController();
  const put = store.put('a', one, undefined, { signal: controller.signal });
  const next = store.put('b', TOO_LARGE);
  const neverSent = store.put('c', one, undefined, { signal: controller.signal });
  const settled = Promise.allSettled([put, next, neverSent]);
  while ((await holder.query('SELECT 1 FROM pg_locks WHERE NOT granted')).rows.length < 1);
  controller.abort(new Error('given up'));
  await assert.rejects(async () => put, /given up/);
  await holder.query('COMMIT');
  assert.deepEqual((await settled).map(({ status }) => status), ['rejected', 'rejected', 'rejected']);
  await client.query(`INSERT INTO ${log} VALUES (1)`);
  await client.query('COMMIT');
  assert.deepEqual(await store.list('', { limit: 9 }), ['a'], 'it was on its way');
});

test('a client of a pool, lent to the application, is the application’s', real, async () => {
  const pool = server.pool({ max: 1 });
  const client = await pool.connect();
  const { store, log } = await prepared(client);
  await client.query('BEGIN');
  await client.query(`INSERT INTO ${log} VALUES (1)`);
  await assert.rejects(async () => store.put('a', TOO_LARGE));
  await store.put('b', one);
  assert.equal(pool.idleCount, 0);
  await client.query('COMMIT');
  client.release();
  assert.deepEqual((await pool.query(`SELECT id FROM ${log}`)).rows, [{ id: 1 }]);
});

test('connections that the server cuts are errors of the operation alone', real, async () => {
  const pool = server.pool({ max: 2 });
  const table = newTable();
  const store = postgresStore(pool, { table });
  await store.migrate();
  const holder = await server.client();
  await holder.query(`BEGIN; LOCK TABLE ${table}`);
  const put = Promise.allSettled([store.put('a', one)]);
  while ((await holder.query('SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted')).rows.length < 1);
  const [outcome] = await put;
  assert.equal(outcome.status, 'rejected');
  await holder.query('COMMIT');
  await store.put('b', one);
  assert.deepEqual(await store.list('', { limit: 9 }), ['b']);
  assert.equal(pool.totalCount - pool.idleCount, 0);
});

test('statements have names where that is wanted, one for each text', real, async () => {
  const client = await server.client();
  for (const table of [newTable(), newTable()]) {
    const store = postgresStore(client, { table, prepare: true });
    await store.migrate();
    for (const key of ['a', 'b']) await store.put(key, one);
    assert.deepEqual(await store.list('', { limit: 9 }), ['a', 'b']);
  }
  const { rows } = await client.query("SELECT count(*)::int AS count FROM pg_prepared_statements WHERE name LIKE 'snapfold-%'");
  assert.deepEqual(rows, [{ count: 4 }]);
});

test('a client outside a transaction costs one statement for each operation, without errors in the server’s log', real, async () => {
  const client = await server.client();
  const { store } = await prepared(client);
  const sent: string[] = [];
  const query = client.query.bind(client) as (...args: unknown[]) => unknown;
  client.query = ((...args: unknown[]) => (sent.push(String(args[0]).slice(0, 6)), query(...args))) as never;
  await store.put('a', one);
  await store.get('a');
  assert.deepEqual(sent, ['INSERT', 'SELECT']);
  await client.query('BEGIN');
  await store.put('b', one);
  assert.deepEqual(sent.slice(2), ['BEGIN', 'SAVEPO', 'ROLLBA']);
  await client.query('COMMIT');
  // A BEGIN that nobody has waited for counts, too.
  const begun = client.query('BEGIN');
  await assert.rejects(async () => store.put('c', TOO_LARGE));
  await begun;
  await store.put('d', one);
  await client.query('COMMIT');
  assert.deepEqual(await store.list('', { limit: 9 }), ['a', 'b', 'd']);
});
