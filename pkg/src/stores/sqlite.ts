/**
 * Snapshots in SQLite, through the handle that the application already has: better-sqlite3, node:sqlite or bun:sqlite.
 * An entry of its own, `snapfold/sqlite`: who keeps snapshots elsewhere does not pay for it.
 */
import { knownOptions } from '../options.js';
import { outcomeOf, range, rowOf, type SqlStore } from './sql.js';
import { statementsFor, type SqliteStoreOptions } from './sqlite-table.js';

export type { SqliteStoreOptions };

/** The part of better-sqlite3's `Database`, node:sqlite's `DatabaseSync` and bun:sqlite's `Database` that is used. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
}

export interface SqliteStatement {
  all(...parameters: never[]): unknown[];
  get(...parameters: never[]): unknown;
  run(...parameters: never[]): unknown;
}

/** SQLite's own default limit for one value. */
const MAX_VALUE_BYTES = 1_000_000_000;

/**
 * A store in one table of `db`; durable as the database itself is. Statements join whatever transaction is open on
 * the handle; one that fails leaves it as it was. Everything is synchronous, so that no signal is looked at.
 */
export function sqliteStore(db: SqliteDatabase, options: SqliteStoreOptions = {}): SqlStore {
  knownOptions('sqliteStore', options, ['table']);
  const sql = statementsFor(options);
  db.exec(sql.create);
  const [list, newest, get] = [statement(db, sql.list), statement(db, sql.newest), statement(db, sql.get)];
  const [put, putNew, remove] = [statement(db, sql.put), statement(db, sql.putNew), statement(db, sql.remove)];
  return {
    maxValueBytes: MAX_VALUE_BYTES,
    list(prefix, { start, limit }) {
      return (list.all(...range(prefix, start), limit) as { key: string }[]).map(({ key }) => key);
    },
    get(key) {
      const found = get.get(key) as { bytes: Uint8Array } | null | undefined;
      return found ? new Uint8Array(found.bytes) : undefined;
    },
    put(key, bytes, meta) {
      put.run(...rowOf(key, bytes, meta));
    },
    delete(keys) {
      whole(db, () => keys.forEach((key) => remove.run(key)));
    },
    putIfAbsent(key, bytes, meta) {
      const { changes } = putNew.run(...rowOf(key, bytes, meta)) as { changes: number | bigint };
      return Number(changes) === 1;
    },
    newest(prefix, { start } = {}) {
      const found = newest.get(...range(prefix, start)) as { key: string; bytes: Uint8Array } | null | undefined;
      return found ? { key: found.key, bytes: new Uint8Array(found.bytes) } : undefined;
    },
    transact(ops) {
      const outcome = outcomeOf(ops);
      whole(db, () => {
        for (const [key, op] of outcome) op === undefined ? remove.run(key) : put.run(...rowOf(key, op.bytes, op.meta));
      });
    },
  };
}

/** All of `work` or nothing, inside the transaction that is open or in one of its own. */
function whole(db: SqliteDatabase, work: () => void): void {
  db.exec('SAVEPOINT snapfold');
  try {
    work();
    db.exec('RELEASE snapfold');
  } catch (error) {
    undo(db);
    throw error;
  }
}

/** Some failures end the whole transaction by themselves, and then there is nothing left to undo. */
function undo(db: SqliteDatabase): void {
  try {
    db.exec('ROLLBACK TO snapfold');
    db.exec('RELEASE snapfold');
  } catch {
    try {
      db.exec('ROLLBACK'); // only the end of a transaction of its own can fail: another process holds the database
    } catch {
      // ended already
    }
  }
}

interface Bound {
  all(...parameters: unknown[]): unknown[];
  get(...parameters: unknown[]): unknown;
  run(...parameters: unknown[]): unknown;
}

/** The libraries type their parameters differently; what is bound here is text, numbers, bytes and null. */
function statement(db: SqliteDatabase, sql: string): Bound {
  return db.prepare(sql) as unknown as Bound;
}
