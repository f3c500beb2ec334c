/** Connections to IndexedDB: those of the application as they are, those of our own closed for others and opened again. */
import { openDB, unwrap, wrap } from 'idb';
import { SnapshotError } from '../error.js';
import { invalidOption, nonEmptyText } from '../options.js';

/** The part of an `IDBDatabase`, or an `IDBPDatabase` of `idb`, that is named here. */
export interface IndexedDatabase {
  readonly name: string;
  readonly version: number;
  readonly objectStoreNames: { readonly length: number; contains(name: string): boolean };
  createObjectStore(name: string): unknown;
  close(): void;
}

/** The name of a database of the store's own; or the application's connection, or a function that gives the present one. */
export type IndexedDbSource = string | IndexedDatabase | (() => IndexedDatabase | PromiseLike<IndexedDatabase>);

export interface Connection {
  /** Waits for the database; an aborted signal ends the waiting. */
  begin(mode: 'readonly' | 'readwrite', signal: AbortSignal | undefined): Promise<Transaction>;
}

/** The part of `idb` that is used. The compiler is told of no browser, so that its types stand here. */
export interface Transaction {
  readonly store: ObjectStore;
  readonly done: Promise<void>;
  abort(): void;
}

export interface ObjectStore {
  get(key: string): Promise<Uint8Array | undefined>;
  put(value: Uint8Array, key: string): Promise<unknown>;
  add(value: Uint8Array, key: string): Promise<unknown>;
  delete(key: string): Promise<unknown>;
  getAllKeys(keys: object, count: number): Promise<string[]>;
  openCursor(keys: object): Promise<{ readonly key: string; readonly value: Uint8Array } | null>;
}

interface Database extends IndexedDatabase {
  transaction(objectStore: string, mode: string, options: { durability: 'strict' }): Transaction;
}

export function connectionTo(source: IndexedDbSource, objectStore: string): Connection {
  if (typeof source === 'string') return ownConnection(nonEmptyText('database', source), objectStore);
  if (typeof source === 'function') return { begin: async (mode, signal) => begin(await unlessAborted(source(), signal), objectStore, mode) };
  if (typeof source !== 'object' || source === null) throw invalidOption('database', source, 'must be a name, a database, or a function that gives one');
  return { begin: async (mode) => begin(source, objectStore, mode) };
}

function ownConnection(name: string, objectStore: string): Connection {
  let current: Promise<Database> | undefined;
  const connect = () => {
    const lost = () => {
      if (current === opening) current = undefined;
    };
    const opening = opened(name, objectStore, lost);
    opening.catch(lost);
    return (current = opening);
  };
  return {
    async begin(mode, signal) {
      const database = await unlessAborted(current ?? connect(), signal);
      try {
        return begin(database, objectStore, mode);
      } catch {
        current = undefined; // the browser has closed it, as it does when the user clears the site's data
        return begin(await unlessAborted(connect(), signal), objectStore, mode);
      }
    },
  };
}

/** At whatever version the database has; one more if it is empty. `lost` is called when the connection is no longer to be used. */
async function opened(name: string, objectStore: string, lost: () => void): Promise<Database> {
  const database = await openedAt(name, undefined, objectStore, lost);
  const { objectStoreNames, version } = database;
  if (objectStoreNames.contains(objectStore)) return database;
  database.close();
  if (objectStoreNames.length === 0) return openedAt(name, version + 1, objectStore, lost);
  const remedy = 'give a name of its own, or your own connection, and call createSnapshots in its upgrade';
  throw new SnapshotError('invalidOption', `the database ${name} is there, without an object store ${objectStore}; ${remedy}`, { path: 'database' });
}

function openedAt(name: string, version: number | undefined, objectStore: string, lost: () => void): Promise<Database> {
  return new Promise((resolve, reject) => {
    let isBlocked = false;
    const opening = openDB(name, version, {
      upgrade(database: IndexedDatabase) {
        if (!database.objectStoreNames.contains(objectStore)) database.createObjectStore(objectStore);
      },
      blocked() {
        isBlocked = true;
        reject(new SnapshotError('storeFailed', `another tab holds the database ${name} open and does not let it be upgraded; close or reload that tab`));
      },
      blocking(_current: number, _blocked: number | null, event: unknown) {
        lost();
        (event as { readonly target: Database }).target.close(); // what is under way is finished first
      },
      terminated: lost,
    } as object) as unknown as Promise<Database>;
    opening.then((database) => (isBlocked ? database.close() : resolve(database)), reject);
  });
}

function begin(given: IndexedDatabase, objectStore: string, mode: 'readonly' | 'readwrite'): Transaction {
  const database = wrap((unwrap(given as never) ?? given) as never) as unknown as Database;
  try {
    return database.transaction(objectStore, mode, { durability: 'strict' });
  } catch (error) {
    const { name } = error as { readonly name?: unknown };
    if (name === 'NotFoundError') {
      const remedy = 'call createSnapshots in the upgrade of your database, and raise its version';
      throw new SnapshotError('invalidOption', `there is no object store ${objectStore}; ${remedy}`, { path: 'objectStore', cause: error });
    }
    if (name !== 'InvalidStateError') throw error;
    const remedy = 'give indexedDbStore a function that gives an open one';
    throw new SnapshotError('storeFailed', `the connection to the database is closed; ${remedy}`, { cause: error });
  }
}

function unlessAborted<T>(work: T | PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    Promise.resolve(work).then(resolve, reject).finally(() => signal?.removeEventListener('abort', stop));
  });
}
