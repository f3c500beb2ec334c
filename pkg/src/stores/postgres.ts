/**
 * Snapshots in Postgres, through what the application already has: a Pool or Client of `pg`, or a PGlite.
 * An entry of its own, `snapfold/postgres`: who keeps snapshots elsewhere does not pay for it.
 */
import { invalidOption, knownOptions, oneOf } from '../options.js';
import type { SnapshotMeta, StoreOp } from '../store.js';
import { literal, runner, type PostgresClient, type PostgresPool, type Statement } from './postgres-run.js';
import { COLUMNS, outcomeOf, range, rowOf, type SqlStore } from './sql.js';

export type { PostgresClient, PostgresPool };

export interface PostgresStoreOptions {
  /** The schema of the table. Default: the first one of the connection's `search_path`. */
  readonly schema?: string;
  /** Default `'snapfold_snapshots'`. */
  readonly table?: string;
  /**
   * Names the statements, so that each connection parses and plans them once; for `pg` alone, and not behind a pooler that gives each
   * transaction another connection and knows nothing of prepared statements. Default false.
   */
  readonly prepare?: boolean;
}

export interface PostgresStore extends SqlStore {
  /**
   * Makes the schema and the table if they are missing; without the right to make them, it is enough that they are there. As often as you
   * like, by as many processes at once as you like: an advisory lock lets one after the other do it. Inside a transaction it is part of it.
   */
  migrate(): Promise<void>;
}

/** `pg` reads bytes as hexadecimal text, and V8's texts end at 2^29 − 24 characters. */
const MAX_VALUE_BYTES = 250_000_000;

/** Postgres cuts longer names off in silence. */
const MAX_NAME_BYTES = 63;

/**
 * A store in one table. With a Pool, each operation has a connection of its own and commits by itself. With a client, operations join the
 * transaction that is open on it: each runs in a savepoint, so that one that fails leaves the transaction as it was, and usable.
 *
 * An aborted signal ends the waiting; what was sent by then may still be carried out. A Pool's connection is closed then, a client's stays
 * in use until the server has answered.
 */
export function postgresStore(client: PostgresClient | PostgresPool, options: PostgresStoreOptions = {}): PostgresStore {
  knownOptions('postgresStore', options, ['schema', 'table', 'prepare']);
  const { schema, table = 'snapfold_snapshots', prepare = false } = options;
  const schemaName = schema === undefined ? undefined : identifier('schema', schema);
  const tableName = (schemaName === undefined ? '' : `${schemaName}.`) + identifier('table', table);
  const run = runner(client);
  const sql = statements(tableName, oneOf('prepare', prepare, [true, false]));
  return {
    maxValueBytes: MAX_VALUE_BYTES,
    async list(prefix, { start, limit, signal }) {
      const rows = await run<{ key: string }>(sql.list(...range(prefix, start), limit), signal);
      return rows.map(({ key }) => key);
    },
    async get(key, { signal } = {}) {
      const [row] = await run<{ bytes: Uint8Array }>(sql.get(key), signal);
      return row?.bytes;
    },
    async put(key, bytes, meta, { signal } = {}) {
      await run(sql.put(...columns(key, bytes, meta)), signal);
    },
    async delete(keys, { signal } = {}) {
      if (keys.length > 0) await run(sql.remove(keys), signal);
    },
    async putIfAbsent(key, bytes, meta, { signal } = {}) {
      const rows = await run(sql.putNew(...columns(key, bytes, meta)), signal);
      return rows.length > 0;
    },
    async newest(prefix, { start, signal } = {}) {
      const [row] = await run<{ key: string; bytes: Uint8Array }>(sql.newest(...range(prefix, start)), signal);
      return row;
    },
    async transact(ops, { signal } = {}) {
      const statement = transaction(tableName, ops);
      if (statement !== undefined) await run(statement, signal);
    },
    async migrate() {
      await run({ text: migration(schemaName, tableName) }, undefined);
    },
  };
}

function statements(table: string, prepare: boolean) {
  const inRange = `FROM ${table} WHERE key >= $1 AND key < $2 ORDER BY key LIMIT`;
  const row = `INSERT INTO ${table} (${COLUMNS.join(', ')}) VALUES (${placeholders(1)})`;
  const statement = (text: string) => {
    const fixed = prepare ? { name: nameOf(text), text } : { text };
    return (...values: unknown[]): Statement => ({ ...fixed, values });
  };
  return {
    list: statement(`SELECT key ${inRange} $3`),
    newest: statement(`SELECT key, bytes ${inRange} 1`),
    get: statement(`SELECT bytes FROM ${table} WHERE key = $1`),
    put: statement(`${row} ${REPLACING}`),
    putNew: statement(`${row} ON CONFLICT (key) DO NOTHING RETURNING 1`),
    remove: statement(`DELETE FROM ${table} WHERE key = ANY ($1::text[])`),
  };
}

/** A name stands for one text on each connection, whichever store uses it. */
function nameOf(text: string): string {
  const name = names.get(text) ?? `snapfold-${names.size + 1}`;
  names.set(text, name);
  return name;
}

const names = new Map<string, string>();

const REPLACING = `ON CONFLICT (key) DO UPDATE SET ${COLUMNS.slice(1).map((column) => `${column} = EXCLUDED.${column}`).join(', ')}`;

/** One statement, and thus all or nothing with and without a transaction around it. Undefined if there is nothing to do. */
function transaction(table: string, ops: readonly StoreOp[]): Statement | undefined {
  const outcome = [...outcomeOf(ops)];
  const puts = outcome.flatMap(([, op]) => (op === undefined ? [] : [op]));
  const deletes = outcome.flatMap(([key, op]) => (op === undefined ? [key] : []));
  const removal = `DELETE FROM ${table} WHERE key = ANY ($${puts.length * COLUMNS.length + 1}::text[])`;
  if (puts.length === 0) return deletes.length === 0 ? undefined : { text: removal, values: [deletes] };
  const rows = puts.map((_, index) => `(${placeholders(1 + index * COLUMNS.length)})`).join(', ');
  const insertion = `INSERT INTO ${table} (${COLUMNS.join(', ')}) VALUES ${rows} ${REPLACING}`;
  const values = puts.flatMap(({ key, bytes, meta }) => columns(key, bytes, meta));
  if (deletes.length === 0) return { text: insertion, values };
  return { text: `WITH removed AS (${removal}) ${insertion}`, values: [...values, deletes] };
}

function placeholders(first: number): string {
  return COLUMNS.map((_, index) => `$${first + index}`).join(', ');
}

/** Postgres has no text with U+0000; key and frame hold the id whatever the columns say. */
function columns(key: string, bytes: Uint8Array, meta: SnapshotMeta | undefined): unknown[] {
  return rowOf(key, bytes, meta).map((value) => (typeof value === 'string' && value.includes('\0') && value !== key ? null : value));
}

/**
 * One statement, too. What is there is not made again, because `CREATE … IF NOT EXISTS` asks for the right to create before it looks; it
 * is still said, because what another process has just made may not be visible yet.
 */
function migration(schema: string | undefined, table: string): string {
  const makeSchema = schema === undefined ? '' : `
    IF to_regnamespace(${literal(schema)}) IS NULL THEN CREATE SCHEMA IF NOT EXISTS ${schema}; END IF;`;
  const body = `BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('snapfold', 0));${makeSchema}
    IF to_regclass(${literal(table)}) IS NULL THEN
      CREATE TABLE IF NOT EXISTS ${table} (
        key text COLLATE "C" PRIMARY KEY, bytes bytea NOT NULL, name text, version bigint, stream_id text, position numeric(20),
        event_count bigint, taken_at bigint, state_bytes bigint);
    END IF;
  END`;
  return `DO ${literal(body)}`;
}

function identifier(option: string, name: unknown): string {
  const bytes = typeof name === 'string' && name.isWellFormed() && !name.includes('\0') ? new TextEncoder().encode(name).length : 0;
  if (bytes > 0 && bytes <= MAX_NAME_BYTES) return `"${(name as string).replaceAll('"', '""')}"`;
  throw invalidOption(option, name, `must be text of 1 to ${MAX_NAME_BYTES} bytes`);
}
