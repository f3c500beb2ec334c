/**
 * Snapshots in IndexedDB, through the package `idb`. An entry of its own, `snapfold/indexeddb`.
 *
 * Each operation is one transaction, and every write is on the disk before it is reported (`durability: 'strict'`): a tab that closes in the
 * middle of one has written all of it or nothing.
 */
import { SnapshotError } from '../error.js';
import { functionOption, knownOptions, nonEmptyText } from '../options.js';
import type { SnapshotStore } from '../store.js';
import { connectionTo, type Connection, type IndexedDatabase, type IndexedDbSource, type ObjectStore } from './indexeddb-connection.js';
import { outcomeOf, range, type SqlStore } from './sql.js';

export type { IndexedDatabase, IndexedDbSource };

export interface IndexedDbOptions {
  /** The object store in the database. Default `'snapfold_snapshots'`. */
  readonly objectStore?: string;
}

const OBJECT_STORE = 'snapfold_snapshots';

/** More than this is no number of keys to IndexedDB. */
const MAX_COUNT = 2 ** 32 - 1;

/**
 * A store in one object store of a database: one of its own, by name, which is made when it is missing; or the application's, as an open
 * connection or as a function that gives it, asked before each operation. A connection of its own is closed when another tab wants to
 * upgrade or delete the database, and opened again for the next operation; the application does so with its own.
 *
 * An aborted signal ends the transaction.
 */
export function indexedDbStore(source: IndexedDbSource, options: IndexedDbOptions = {}): SqlStore {
  knownOptions('indexedDbStore', options, ['objectStore']);
  const objectStore = nonEmptyText('objectStore', options.objectStore ?? OBJECT_STORE);
  const connection = connectionTo(source, objectStore);
  const read = <T>(signal: AbortSignal | undefined, work: Work<T>) => transacted(connection, 'readonly', signal, work);
  const write = <T>(signal: AbortSignal | undefined, work: Work<T>) => transacted(connection, 'readwrite', signal, work);
  return {
    list: (prefix, { start, limit, signal }) =>
      read(signal, (store) => {
        const keys = keyRange(prefix, start);
        return keys === undefined || limit <= 0 ? [] : store.getAllKeys(keys, Math.min(limit, MAX_COUNT));
      }),
    get: (key, { signal } = {}) => read(signal, (store) => store.get(key)),
    async put(key, bytes, _meta, { signal } = {}) {
      const value = copyOf(bytes);
      await write(signal, (store) => store.put(value, key));
    },
    async putIfAbsent(key, bytes, _meta, { signal } = {}) {
      const value = copyOf(bytes);
      try {
        await write(signal, (store) => store.add(value, key));
        return true;
      } catch (error) {
        if (nameOf(error) === 'ConstraintError') return false;
        throw error;
      }
    },
    async delete(keys, { signal } = {}) {
      await write(signal, (store) => Promise.all(keys.map((key) => store.delete(key))));
    },
    newest: (prefix, { start, signal } = {}) =>
      read(signal, async (store) => {
        const keys = keyRange(prefix, start);
        const cursor = keys && (await store.openCursor(keys));
        return cursor ? { key: cursor.key, bytes: cursor.value } : undefined;
      }),
    async transact(ops, { signal } = {}) {
      const outcome = [...outcomeOf(ops)].map(([key, op]) => [key, op && copyOf(op.bytes)] as const);
      await write(signal, (store) => Promise.all(outcome.map(([key, value]) => (value === undefined ? store.delete(key) : store.put(value, key)))));
    },
  } satisfies SnapshotStore;
}

/** For the `upgrade` of the application's own database: makes the object store if it is missing. */
export function createSnapshots(database: IndexedDatabase, objectStore: string = OBJECT_STORE): void {
  functionOption('database.createObjectStore', database.createObjectStore);
  if (!database.objectStoreNames.contains(objectStore)) database.createObjectStore(objectStore);
}

type Work<T> = (store: ObjectStore) => T | Promise<T>;

/** What `work` asks for, once its transaction is done. It must await nothing but the answers of the object store: else the transaction ends. */
async function transacted<T>(
  connection: Connection,
  mode: 'readonly' | 'readwrite',
  signal: AbortSignal | undefined,
  work: Work<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const transaction = await connection.begin(mode, signal);
  const undo = () => {
    try {
      transaction.abort();
    } catch {
      // it has ended
    }
  };
  signal?.addEventListener('abort', undo);
  try {
    signal?.throwIfAborted();
    const [result] = await Promise.all([work(transaction.store), transaction.done]);
    return result;
  } catch (error) {
    undo();
    await transaction.done.catch(() => {});
    signal?.throwIfAborted();
    throw explained(error);
  } finally {
    signal?.removeEventListener('abort', undo);
  }
}

function explained(error: unknown): unknown {
  if (nameOf(error) !== 'QuotaExceededError') return error;
  const remedy = 'delete what is not needed, keep fewer snapshots (`keep`), or ask for more with navigator.storage.persist()';
  return new SnapshotError('storeFailed', `the browser gives this origin no more room; ${remedy}`, { cause: error });
}

function nameOf(error: unknown): unknown {
  return (error as { name?: unknown } | null)?.name;
}

/** As it is now; a part of a larger buffer would be stored with all of that. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** IndexedDB compares text by its UTF-16 units, which for ASCII are its bytes. Undefined if no key is meant. */
function keyRange(prefix: string, start: string | undefined): object | undefined {
  const [from, below] = range(prefix, start);
  const { IDBKeyRange } = globalThis as unknown as { IDBKeyRange: { bound(lower: string, upper: string, lowerOpen: boolean, upperOpen: boolean): object } };
  return from < below ? IDBKeyRange.bound(from, below, false, true) : undefined;
}
