/** Every shipped store passes the suite that is there for everybody's, and a repository lives on it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import type pg from 'pg';
import { memoryStore, type SnapshotStore } from 'snapfold';
import { encrypted } from 'snapfold/encrypted';
import { filesStore } from 'snapfold/files';
import { postgresStore, type PostgresClient, type PostgresPool } from 'snapfold/postgres';
import { sqliteStore } from 'snapfold/sqlite';
import { storeConformance, type ConformanceOptions, type Offer } from 'snapfold/testing';
import { aesGcm, newSecret } from './support/aes-gcm.js';
import { events, open, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { lack, startServer, type Server } from './support/postgres.js';
import { skip, sqlites, type OpenDatabase } from './support/sqlites.js';
import { keysIn } from './support/stores.js';

const folder = mkdtempSync(join(tmpdir(), 'snapfold-stores-'));
after(() => rmSync(folder, { recursive: true }));

let made = 0;
/** Another one at each call. */
const next = (name: string) => `${name}${++made}`;

const METHODS: readonly Offer[] = ['putIfAbsent', 'newest', 'transact'];

type Options = ConformanceOptions & { readonly skip?: string | false };

function passes(name: string, makeStore: () => SnapshotStore | Promise<SnapshotStore>, options: Options = {}): void {
  const when = { skip: options.skip ?? false };
  for (const check of storeConformance(makeStore, options)) test(`${name}: ${check.name}`, when, check.run);
  test(`${name}: a repository lives on it`, when, async () => {
    const store = await makeStore();
    const log = new Log<CartEvent>();
    const repo = await open({ store, events: log });
    let cart = await repo.load('cart-42');
    for (const event of events(10)) cart = (await repo.maybeSnapshot(repo.apply(cart, log.append(event)))).handle;
    const again = await (await open({ store, events: log })).load('cart-42');
    assert.deepEqual([again.source, again.restoredFrom, again.rejected], ['snapshot', 9, []]);
    assert.deepEqual(again.state, cart.state);
    assert.equal((await keysIn(store, 'cart/')).length, 2);
    await options.close?.(store);
  });
}

passes('memory', memoryStore);

for (const [name, database] of sqlites) {
  let file = '';
  let db: ReturnType<OpenDatabase>;
  const make = () => sqliteStore((db = (database as OpenDatabase)((file = join(folder, next('sqlite')))))); // synchronous: `db` is the last one
  passes(name, make, {
    skip: database === undefined && skip,
    offers: METHODS,
    reopen() {
      db.close();
      return sqliteStore((db = (database as OpenDatabase)(file)));
    },
    close: () => db.close(),
  });
}

{
  let last = '';
  const make = () => filesStore((last = join(folder, next('files'))));
  passes('files', make, { offers: ['putIfAbsent', 'newest', 'signal'], reopen: () => filesStore(last) });
}

{
  const secret = await newSecret();
  const conceal = (store: SnapshotStore) => encrypted(store, aesGcm(secret));
  passes('encrypted memory', () => conceal(memoryStore()));
  passes('encrypted files', () => conceal(filesStore(join(folder, next('encrypted')))), { offers: ['putIfAbsent', 'signal'] });
  passes('encrypted SQLite', () => conceal(sqliteStore((sqlites[0] as [string, OpenDatabase])[1](':memory:'))), { offers: ['putIfAbsent', 'transact'] });
}

interface PostgresTests {
  readonly skip?: string | undefined;
  readonly prepare?: boolean;
  readonly before?: () => Promise<unknown>;
  readonly close?: () => Promise<unknown>;
  /** Another connection, as after a restart. */
  readonly again?: () => Promise<PostgresClient | PostgresPool>;
}

/** A table of its own for each store. */
function postgres(
  name: string,
  client: () => Promise<PostgresClient | PostgresPool>,
  options: PostgresTests = {},
): void {
  let table = '';
  const { prepare = false, again } = options;
  passes(name, async () => {
    table = next('snapshots ');
    const connection = await client();
    await options.before?.();
    const store = postgresStore(connection, { table, prepare });
    await store.migrate();
    return store;
  }, {
    skip: options.skip ?? false,
    offers: [...METHODS, 'signal'],
    ...(options.close === undefined ? {} : { close: options.close }),
    ...(again === undefined ? {} : { reopen: async () => postgresStore(await again(), { table, prepare }) }),
  });
}

{
  const server = lack === undefined ? await startServer() : undefined;
  const running = server as Server;
  let pool: pg.Pool | undefined;
  const shared = async () => (pool ??= running.pool({ max: 4 }));
  const again = async () => {
    await pool?.end();
    return (pool = running.pool({ max: 4 }));
  };
  postgres('pg Pool', shared, { skip: lack, again });
  postgres('pg Pool, prepared', shared, { skip: lack, prepare: true });

  let client: pg.Client | undefined;
  const one = async () => (client ??= await running.client());
  const query = (sql: string) => async () => (await one()).query(sql);
  postgres('pg Client', one, { skip: lack });
  postgres('pg Client in a transaction', one, { skip: lack, before: query('BEGIN'), close: query('ROLLBACK') });
}

{
  const folderOf = join(folder, 'pglite');
  let db: PGlite | undefined;
  const embedded = async () => (db ??= await PGlite.create(folderOf));
  after(() => db?.close());
  const again = async () => {
    await db?.close();
    return (db = await PGlite.create(folderOf));
  };
  postgres('PGlite', embedded, { again });
  const query = (sql: string) => async () => (await embedded()).query(sql);
  postgres('PGlite in a transaction', embedded, { before: query('BEGIN'), close: query('ROLLBACK') });
}

// Bun

/** The program that the npm package `bun` brings for this machine, or why there is none that runs. */
function bunProgram(): { readonly program: string } | { readonly lack: string } {
  const packages = fileURLToPath(new URL('../node_modules/@oven/', import.meta.url));
  const names = existsSync(packages) ? readdirSync(packages) : [];
  const programs = names.flatMap((name) => ['bun', 'bun.exe'].map((file) => join(packages, name, 'bin', file)));
  for (const program of programs.filter((file) => existsSync(file))) {
    try {
      execFileSync(program, ['--version'], { stdio: 'pipe' });
      return { program };
    } catch {
      // for another kind of machine
    }
  }
  return { lack: 'SKIPPED: the npm package bun has no program that runs on this machine; bun:sqlite is not tested' };
}

const bun = bunProgram();

test('bun:sqlite, in Bun: all checks', { skip: 'lack' in bun && bun.lack }, (t) => {
  assert.ok('program' in bun);
  const script = fileURLToPath(new URL('support/bun-sqlite.js', import.meta.url));
  const said = JSON.parse(execFileSync(bun.program, [script], { encoding: 'utf8' })) as { passed: string[]; failed: string[] };
  const wanted = storeConformance(memoryStore, { offers: METHODS, reopen: (store) => store }).map(({ name }) => name);
  assert.deepEqual(said, { passed: wanted, failed: [] });
  t.diagnostic(`${said.passed.length} checks in Bun`);
});

test('the memory store tells its size', async () => {
  const store = memoryStore();
  assert.equal(store.size, 0);
  await store.put('a', new Uint8Array([1]));
  await store.put('a', new Uint8Array([2]));
  await store.put('b', new Uint8Array([3]));
  assert.equal(store.size, 2);
});
