/** Processes are killed while they write, hundreds of them; what they said to be stored is there, and whole, when the store is opened again. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import type { SnapshotStore } from 'snapfold';
import { filesStore } from 'snapfold/files';
import { postgresStore } from 'snapfold/postgres';
import { sqliteStore } from 'snapfold/sqlite';
import { lack, startServer } from './support/postgres.js';
import type { WriterConfig } from './support/writer.js';
import { leftAfter, prefixOf, stepOf } from './support/writing.js';

const ROUNDS = 30;
const WRITERS = [0, 1];
const SEED = 20_241;

const folder = mkdtempSync(path.join(tmpdir(), 'snapfold-killed-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const writerScript = fileURLToPath(new URL('support/writer.js', import.meta.url));

interface Campaign {
  /** How the process reaches the store. */
  config(writer: number): Pick<WriterConfig, 'kind' | 'place'>;
  /** Opens what a writer left. */
  open(writer: number): SnapshotStore & { close?(): void };
  /** Whether values are read while they are written, too. */
  readonly meanwhile?: boolean;
  /** Until nothing is under way any more on behalf of processes that are dead. */
  settled?(round: number): Promise<void>;
  /** What else a writer's steps leave: the last one, undefined if it leaves nothing else. */
  also?(writer: number): Promise<number | undefined>;
}

/** Kills `ROUNDS` times each writer, all of them writing at once, and compares after each round. */
async function campaign(t: TestContext, { config, open, meanwhile = true, settled, also }: Campaign): Promise<void> {
  const random = randomFrom(SEED);
  const done = WRITERS.map(() => 0);
  let reads = 0;
  let unannounced = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    let readers = WRITERS.map((writer) => open(writer));
    const close = () => readers.forEach((reader) => reader.close?.());
    const lookAt = async (writer: number, left: Map<string, number>) => {
      const reader = readers[writer] as SnapshotStore;
      for (const key of await reader.list(prefixOf(writer), { limit: 99 })) {
        const bytes = await reader.get(key);
        if (!bytes) continue; // deleted in between
        const step = stepOf(bytes);
        assert.ok(step !== undefined, `round ${round}: ${key} holds ${bytes.length} bytes that nobody wrote so`);
        reads += 1;
        left.set(key, step);
      }
    };
    const said = await Promise.all(
      WRITERS.map((writer) => {
        const lines = 1 + Math.floor(random() * 8);
        const delay = random() * 5;
        const run = { ...config(writer), writer, from: (done[writer] as number) + 1 };
        return killed(run, { lines, delay }, async () => meanwhile && lookAt(writer, new Map()));
      }),
    );
    close();
    await settled?.(round);
    readers = WRITERS.map((writer) => open(writer));
    for (const writer of WRITERS) {
      const announced = Math.max(done[writer] as number, said[writer] as number);
      const left = new Map<string, number>();
      await lookAt(writer, left);
      const last = await also?.(writer);
      // The step after the last announced one may have been carried out, or not; and nothing else.
      const store = readers[writer] as SnapshotStore;
      const reached = [announced, announced + 1].find((step) => (last ?? step) === step && same(left, leftAfter(store, writer, step)));
      const found = `${announced} steps announced, ${String(last)} events, left ${JSON.stringify([...left])}`;
      assert.ok(reached !== undefined, `round ${round}, writer ${writer}: ${found}`);
      if (reached > announced) unannounced += 1;
      done[writer] = reached;
    }
    close();
  }
  const steps = done.reduce((sum, each) => sum + each, 0);
  t.diagnostic(
    `KILLED with SIGKILL: ${ROUNDS * WRITERS.length} processes after ${steps} writes; lost 0, torn 0 of ${reads} values read; ` +
      `${unannounced} writes done, not yet announced`,
  );
}

/** Starts a writer, kills it some time after its announcement number `lines`, and gives the last step it announced. */
async function killed(config: WriterConfig, { lines, delay }: { lines: number; delay: number }, meanwhile: () => Promise<unknown>): Promise<number> {
  const child = spawn(process.execPath, [writerScript, JSON.stringify(config)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const ended = new Promise<string | null>((resolve) => child.once('close', (_, signal) => resolve(signal)));
  let last = 0;
  let count = 0;
  for await (const line of createInterface(child.stdout)) {
    last = Number(line);
    count += 1;
    if (count === lines) setTimeout(() => child.kill('SIGKILL'), delay);
    if (count === 1) await meanwhile();
  }
  assert.equal(await ended, 'SIGKILL', errors);
  return last;
}

function same(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([key, step]) => b.get(key) === step);
}

/** Numbers from 0 to 1 (mulberry32), the same ones in each run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('files', async (t) => {
  const place = path.join(folder, 'files');
  await campaign(t, { config: () => ({ kind: 'files', place }), open: () => filesStore(place) });
  const leftOver = readdirSync(place, { recursive: true }).filter((name) => String(name).endsWith('.tmp'));
  assert.ok(leftOver.length > 0, 'some were killed in the middle of a file');
  t.diagnostic(`${leftOver.length} were killed in the middle of a file`);
});

function openDatabase(place: string, journal: string): SnapshotStore & { close(): void } {
  const db = new Database(place);
  db.pragma(`journal_mode = ${journal}`);
  return Object.assign(sqliteStore(db), { close: () => void db.close() });
}

test('SQLite with a rollback journal, a database for each process', async (t) => {
  const place = (writer: number) => path.join(folder, `journal-${writer}.db`);
  for (const writer of WRITERS) openDatabase(place(writer), 'DELETE').close();
  await campaign(t, {
    config: (writer) => ({ kind: 'sqlite', place: place(writer) }),
    open: (writer) => openDatabase(place(writer), 'DELETE'),
    meanwhile: false, // such a journal lets no reader in between the writes of a process that does nothing else
  });
});

test('SQLite with a write-ahead log, one database', async (t) => {
  const place = path.join(folder, 'wal.db');
  openDatabase(place, 'WAL').close();
  await campaign(t, { config: () => ({ kind: 'sqlite', place }), open: () => openDatabase(place, 'WAL') });
});

test('Postgres: one process with a pool, one with a transaction around events and snapshot; the server crashes too', { skip: lack }, async (t) => {
  const server = await startServer();
  let pool = server.pool();
  await postgresStore(pool).migrate();
  await pool.query('CREATE TABLE events (writer int, step int, PRIMARY KEY (writer, step))');
  let crashes = 0;
  await campaign(t, {
    config: (writer) => ({ kind: writer === 0 ? 'postgres' : 'postgres events', place: JSON.stringify(server.config) }),
    open: () => postgresStore(pool),
    async settled(round) {
      if (round % 8 === 0) {
        await pool.end();
        await server.crash();
        crashes += 1;
        pool = server.pool();
      }
      const alive = "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'writer%'";
      while ((await pool.query(alive)).rows.length > 0); // the server carries out what a dead client has sent
    },
    async also(writer) {
      if (writer === 0) return undefined;
      const { rows } = await pool.query<{ last: number; count: string }>('SELECT coalesce(max(step), 0) AS last, count(*) FROM events');
      assert.equal(Number(rows[0]?.count), rows[0]?.last, 'an event for each step');
      return rows[0]?.last;
    },
  });
  t.diagnostic(`${crashes} crashes of the server in between`);
});
