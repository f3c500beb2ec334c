/**
 * Snapshots in the storage of a Durable Object. An entry of its own, `snapfold/durable-object`.
 *
 * The object says which of its storage's two faces it means: SQL, which is synchronous, or key and value. What is written is durable before
 * anything leaves the object: its output gate sees to that.
 */
import { asciiText, knownOptions } from '../options.js';
import type { ListOptions, NewestOptions, SnapshotMeta, SnapshotStore, StoreOp } from '../store.js';
import { checkSize } from './limits.js';
import { outcomeOf, range, rowOf, type SqlStore } from './sql.js';
import { statementsFor, type SqliteStoreOptions } from './sqlite-table.js';

/** The part of `ctx.storage` of a SQLite-backed object that {@link durableObjectSqlStore} uses. */
export interface SqlStorage {
  readonly sql: { exec(query: string, ...bindings: any[]): { toArray(): unknown[] } };
  transactionSync<T>(work: () => T): T;
}

/** A store whose methods answer at once, also inside `transactionSync`. */
export interface DurableObjectSqlStore extends SqlStore {
  list(prefix: string, options: ListOptions): string[];
  get(key: string): Uint8Array | undefined;
  put(key: string, bytes: Uint8Array, meta?: SnapshotMeta): void;
  putIfAbsent(key: string, bytes: Uint8Array, meta?: SnapshotMeta): boolean;
  delete(keys: readonly string[]): void;
  newest(prefix: string, options?: NewestOptions): { readonly key: string; readonly bytes: Uint8Array } | undefined;
  transact(ops: readonly StoreOp[]): void;
}

/** A row has 2 MB, of which the runtime makes a little more than 2 MiB: room for the other columns. */
const MAX_ROW_VALUE_BYTES = 2_000_000;

/**
 * A store in one table of a SQLite-backed object, the same as that of `sqliteStore`. Statements join the transaction that is open; one that
 * fails leaves it as it was. No signal is looked at.
 */
export function durableObjectSqlStore(storage: SqlStorage, options: SqliteStoreOptions = {}): DurableObjectSqlStore {
  knownOptions('durableObjectSqlStore', options, ['table']);
  const sql = statementsFor(options);
  const run = <Row>(query: string, ...bindings: unknown[]) => storage.sql.exec(query, ...bindings).toArray() as Row[];
  const row = (key: string, bytes: Uint8Array, meta: SnapshotMeta | undefined) => {
    checkSize('a SQLite-backed Durable Object', bytes, MAX_ROW_VALUE_BYTES);
    return rowOf(key, bytes, meta);
  };
  run(sql.create);
  return {
    maxValueBytes: MAX_ROW_VALUE_BYTES,
    list: (prefix, { start, limit }) => run<{ key: string }>(sql.list, ...range(prefix, start), limit).map(({ key }) => key),
    get(key) {
      const [found] = run<{ bytes: ArrayBuffer }>(sql.get, key);
      return found && new Uint8Array(found.bytes);
    },
    put(key, bytes, meta) {
      run(sql.put, ...row(key, bytes, meta));
    },
    putIfAbsent: (key, bytes, meta) => run(`${sql.putNew} RETURNING 1`, ...row(key, bytes, meta)).length > 0,
    delete(keys) {
      storage.transactionSync(() => keys.forEach((key) => run(sql.remove, key)));
    },
    newest(prefix, { start } = {}) {
      const [found] = run<{ key: string; bytes: ArrayBuffer }>(sql.newest, ...range(prefix, start));
      return found && { key: found.key, bytes: new Uint8Array(found.bytes) };
    },
    transact(ops) {
      const outcome = outcomeOf(ops);
      storage.transactionSync(() => {
        for (const [key, op] of outcome) op === undefined ? run(sql.remove, key) : run(sql.put, ...row(key, op.bytes, op.meta));
      });
    },
  };
}

/** The part of `ctx.storage` that {@link durableObjectKvStore} uses. */
export interface KvStorage extends KvOperations {
  list(options: { prefix: string; start: string; end: string; limit: number }): Promise<Map<string, unknown>>;
  transaction<T>(work: (transaction: KvOperations) => Promise<T>): Promise<T>;
}

export interface KvOperations {
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
  delete(keys: string[]): Promise<unknown>;
}

export interface DurableObjectKvOptions {
  /** What the keys begin with, beside those of the application. ASCII text. Default `'snapfold/'`. */
  readonly prefix?: string;
}

/** 128 KiB; the storage adds what it needs to serialise them. */
const MAX_KV_VALUE_BYTES = 128 * 1024;

/** A listing brings the values: of so many at once there are 8 MiB at most, in an isolate of 128 MB. */
const PAGE = 64;

/** Keys in one call, at most. */
const KEYS = 128;

/** A store in the keys and values of an object's storage, with the limits of a key-value backed one. No signal is looked at. */
export function durableObjectKvStore(
  storage: KvStorage,
  options: DurableObjectKvOptions = {},
): SnapshotStore & Required<Pick<SnapshotStore, 'putIfAbsent' | 'newest' | 'transact'>> {
  knownOptions('durableObjectKvStore', options, ['prefix']);
  const own = asciiText('prefix', options.prefix ?? 'snapfold/');
  const page = async (prefix: string, from: string, limit: number) => {
    const [start, end] = range(own + prefix, own + from);
    return start < end ? [...(await storage.list({ prefix: own + prefix, start, end, limit }))] : [];
  };
  const put = async (to: KvOperations, key: string, bytes: Uint8Array) => {
    checkSize('a key-value backed Durable Object', bytes, MAX_KV_VALUE_BYTES);
    await to.put(own + key, new Uint8Array(bytes)); // as a part of a larger buffer it would be stored with all of that
  };
  const remove = async (from: KvOperations, keys: readonly string[]) => {
    for (let at = 0; at < keys.length; at += KEYS) await from.delete(keys.slice(at, at + KEYS).map((key) => own + key));
  };
  return {
    maxValueBytes: MAX_KV_VALUE_BYTES,
    async list(prefix, { start = '', limit }) {
      const found: string[] = [];
      for (let from = start, wanted = limit; wanted > 0; wanted = limit - found.length) {
        const entries = await page(prefix, from, Math.min(wanted, PAGE));
        for (const [key] of entries) found.push(key.slice(own.length));
        if (entries.length < Math.min(wanted, PAGE)) break;
        from = `${found.at(-1)}\0`; // the smallest key behind it
      }
      return found;
    },
    get: async (key) => (await storage.get(own + key)) as Uint8Array | undefined,
    put: (key, bytes) => put(storage, key, bytes),
    putIfAbsent: (key, bytes) =>
      storage.transaction(async (transaction) => {
        if ((await transaction.get(own + key)) !== undefined) return false;
        await put(transaction, key, bytes);
        return true;
      }),
    delete: (keys) => remove(storage, keys),
    async newest(prefix, { start = '' } = {}) {
      const [first] = await page(prefix, start, 1);
      return first && { key: first[0].slice(own.length), bytes: first[1] as Uint8Array };
    },
    async transact(ops) {
      const outcome = [...outcomeOf(ops)];
      await storage.transaction(async (transaction) => {
        for (const [key, op] of outcome) if (op !== undefined) await put(transaction, key, op.bytes);
        await remove(transaction, outcome.flatMap(([key, op]) => (op === undefined ? [key] : [])));
      });
    },
  };
}
