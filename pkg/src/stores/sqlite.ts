/**
 * Snapshots in SQLite, through the handle that the application already has: better-sqlite3 or node:sqlite.
 * An entry of its own, `snapfold/sqlite`: who keeps snapshots elsewhere does not pay for it.
 */
import { invalidOption, knownOptions } from '../options.js';
import { toCore } from '../position.js';
import type { SnapshotStore } from '../store.js';

/** The part of better-sqlite3's `Database` and node:sqlite's `DatabaseSync` that is used. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

export interface SqliteStatement {
  all(...parameters: never[]): unknown[];
  get(...parameters: never[]): unknown;
  run(...parameters: never[]): unknown;
}

export interface SqliteStoreOptions {
  /** Table that is created if it is missing. Letters, digits and underscores. Default `'snapfold_snapshots'`. */
  readonly table?: string;
}

/** SQLite's own default limit for one value. */
const MAX_VALUE_BYTES = 1_000_000_000;

const ABOVE_ASCII = '\x80';

/**
 * A {@link SnapshotStore} in one table of `db`; durable as the database itself is. Statements join whatever transaction is open on
 * the handle.
 */
export function sqliteStore(db: SqliteDatabase, options: SqliteStoreOptions = {}): SnapshotStore {
  knownOptions('sqliteStore', options, ['table']);
  const { table = 'snapfold_snapshots' } = options;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(table)) throw invalidOption('table', table, 'must be letters, digits and underscores');
  const quoted = `"${table}"`;
  db.exec(`CREATE TABLE IF NOT EXISTS ${quoted} (
    key TEXT PRIMARY KEY, bytes BLOB NOT NULL, name TEXT, version INTEGER, stream_id TEXT, position TEXT, event_count INTEGER,
    taken_at INTEGER, state_bytes INTEGER)`);
  const list = statement(db, `SELECT key FROM ${quoted} WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`);
  const get = statement(db, `SELECT bytes FROM ${quoted} WHERE key = ?`);
  const put = statement(db, `INSERT OR REPLACE INTO ${quoted} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const remove = statement(db, `DELETE FROM ${quoted} WHERE key = ?`);
  return {
    maxValueBytes: MAX_VALUE_BYTES,
    list(prefix, { start = prefix, limit }) {
      const from = start > prefix ? start : prefix;
      return (list.all(from, after(prefix), limit) as { key: string }[]).map(({ key }) => key);
    },
    get(key) {
      const row = get.get(key) as { bytes: Uint8Array } | undefined;
      return row === undefined ? undefined : new Uint8Array(row.bytes);
    },
    put(key, bytes, meta) {
      put.run(
        key,
        bytes,
        meta?.name ?? null,
        meta?.version ?? null,
        meta?.streamId ?? null,
        meta === undefined ? null : toCore(meta.position).toString(),
        meta?.eventCount ?? null,
        meta?.takenAt ?? null,
        meta?.stateBytes ?? null,
      );
    },
    delete(keys) {
      for (const key of keys) remove.run(key);
    },
  };
}

/** The smallest text above every key with that prefix. */
function after(prefix: string): string {
  if (prefix === '') return ABOVE_ASCII;
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

interface Bound {
  all(...parameters: unknown[]): unknown[];
  get(...parameters: unknown[]): unknown;
  run(...parameters: unknown[]): unknown;
}

/** The two libraries type their parameters differently; what is bound here is text, numbers, bytes and null. */
function statement(db: SqliteDatabase, sql: string): Bound {
  return db.prepare(sql) as unknown as Bound;
}
