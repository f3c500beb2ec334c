/** Runs in a page: the store on IndexedDB. The tests call what lies in `page` there. */
import { openDB } from 'idb';
import { createSnapshots, indexedDbStore, type IndexedDatabase, type IndexedDbSource } from 'snapfold/indexeddb';
import type { SnapshotStore } from 'snapfold';
import { checked, refusal } from './inside.js';
import { carryOut, prefixOf, stepOf } from './writing.js';

const OFFERS = ['putIfAbsent', 'newest', 'transact', 'signal'] as const;

const KEY = 'cart/cart-1/s/v1/fffffffffffffff8';

interface Browser {
  readonly indexedDB: { databases(): Promise<{ name: string; version: number }[]>; deleteDatabase(name: string): object; open(name: string, version?: number): object };
  announce(writer: number, step: number): Promise<void>;
  page: unknown;
}

const browser = globalThis as unknown as Browser;

/** Another database at each call. */
const next = () => crypto.randomUUID();

/** The application's own database, with an object store of its own beside ours. */
function applications(name: string, version = 2): Promise<IndexedDatabase> {
  const upgrade = (database: IndexedDatabase) => {
    if (!database.objectStoreNames.contains('settings')) database.createObjectStore('settings');
    createSnapshots(database, 'carts');
  };
  return openDB(name, version, { upgrade } as object) as unknown as Promise<IndexedDatabase>;
}

/** The first event of that kind that a request of IndexedDB fires. */
function event(request: object, ...kinds: readonly string[]): Promise<string> {
  const target = request as { addEventListener(kind: string, listener: () => void): void };
  return new Promise((resolve) => kinds.forEach((kind) => target.addEventListener(kind, () => resolve(kind))));
}

const stores = new Map<string, SnapshotStore>();

/** One store for each database, as long as the page lives. */
function store(database: string): SnapshotStore {
  const known = stores.get(database) ?? indexedDbStore(database);
  stores.set(database, known);
  return known;
}

const held: object[] = [];

browser.page = {
  ownDatabase() {
    let database = '';
    return checked(() => indexedDbStore((database = next())), { offers: OFFERS, reopen: () => indexedDbStore(database) });
  },
  async appDatabase(kind: 'idb' | 'function' | 'plain') {
    const source = async (name: string): Promise<IndexedDbSource> => {
      const database = await applications(name);
      if (kind === 'idb') return database;
      if (kind === 'function') return async () => database;
      database.close();
      const request = browser.indexedDB.open(name) as { result: IndexedDatabase };
      await event(request, 'success');
      return request.result;
    };
    return checked(async () => indexedDbStore(await source(next()), { objectStore: 'carts' }), { offers: OFFERS });
  },
  put: async (database: string, key: string, ...bytes: number[]) => void (await store(database).put(key, Uint8Array.from(bytes))),
  get: async (database: string, key: string) => [...((await store(database).get(key)) ?? [])],
  list: (database: string) => store(database).list('', { limit: 99 }),
  async race(database: string, from: number, count: number) {
    const won: number[] = [];
    for (let index = 0; index < count; index += 1) {
      if (await store(database).putIfAbsent?.(`race/${index}`, Uint8Array.of(from))) won.push(index);
    }
    return won;
  },
  /** With bytes that a browser cannot compress. */
  refused(database: string, key: string, length: number) {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    return refusal(() => store(database).put(key, bytes));
  },
  version: async (database: string) => (await browser.indexedDB.databases()).find(({ name }) => name === database)?.version,
  /** Opens the database with that version, as an upgraded application does; what happened first. */
  upgraded: async (database: string, version: number) => {
    const request = browser.indexedDB.open(database, version) as { result: IndexedDatabase };
    const first = await event(request, 'success', 'blocked', 'error');
    if (first === 'success') request.result.close();
    return first;
  },
  deleted: (database: string) => event(browser.indexedDB.deleteDatabase(database), 'success', 'blocked', 'error'),
  /** Holds a connection that looks at no `versionchange`. */
  async hold(database: string) {
    const request = browser.indexedDB.open(database);
    held.push(request);
    return event(request, 'success');
  },
  release: () => held.splice(0).forEach((request) => (request as { result: IndexedDatabase }).result.close()),
  async closedByApplication() {
    const name = next();
    let database = await applications(name);
    const fixed = indexedDbStore(database, { objectStore: 'carts' });
    const present = indexedDbStore(() => database, { objectStore: 'carts' });
    await present.put(KEY, Uint8Array.of(1));
    database.close();
    const refused = await refusal(() => fixed.get(KEY));
    database = await applications(name, 3);
    return { refused, bytes: [...((await present.get(KEY)) ?? [])], missing: await refusal(() => indexedDbStore(database, { objectStore: 'others' }).get(KEY)) };
  },
  /** Gives up while it waits for a connection that nobody gives. */
  async givenUp() {
    const controller = new AbortController();
    const waiting = refusal(() => indexedDbStore(() => new Promise<never>(() => {})).get(KEY, { signal: controller.signal }));
    controller.abort(new Error('given up'));
    return waiting;
  },
  /** Writes until the page ends, and waits with each step until the last one is announced. */
  async write(database: string, writer: number, from: number) {
    for (let step = from; ; step += 1) {
      await carryOut(store(database), writer, step);
      await browser.announce(writer, step);
    }
  },
  /** The step that wrote each value; null for what no step has written as a whole. */
  async left(database: string, writer: number) {
    const keys = await store(database).list(prefixOf(writer), { limit: 99 });
    return Promise.all(keys.map(async (key) => [key, stepOf((await store(database).get(key)) ?? new Uint8Array()) ?? null]));
  },
};
