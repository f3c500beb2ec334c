/** Runs in workerd: the stores of Durable Objects, Workers KV and R2, in a Worker. Answers with JSON. */
import type { SnapshotStore } from 'snapfold';
import { durableObjectKvStore, durableObjectSqlStore, type KvStorage, type SqlStorage } from 'snapfold/durable-object';
import { r2Store, type Bucket } from 'snapfold/r2';
import type { Offer } from 'snapfold/testing';
import { workersKvStore, type KvNamespace } from 'snapfold/workers-kv';
import { checked, refusal } from './inside.js';

const ALL: readonly Offer[] = ['putIfAbsent', 'newest', 'transact'];

let made = 0;
const next = (name: string) => `${name}${++made}`;

interface Place {
  readonly offers: readonly Offer[];
  /** Another one for each name. */
  store(name: string): SnapshotStore;
}

/** What is asked for: `/<what>/<where>`. */
async function answer(request: { readonly url: string }, { offers, store }: Place, more: Record<string, () => unknown> = {}): Promise<unknown> {
  const [, what] = new URL(request.url).pathname.split('/') as [string, string];
  const key = 'cart/cart-1/s/v1/fffffffffffffff8';
  const questions: Record<string, () => unknown> = {
    checks: () => checked(() => store(next('s')), { offers }),
    put: async () => void (await store('kept').put(key, new Uint8Array([1, 2, 3]))),
    get: async () => [...((await store('kept').get(key)) ?? [])],
    async large() {
      const most = store('large').maxValueBytes as number;
      const meta = { name: 'cart', version: 1, streamId: 'a'.repeat(10_000), position: 7, eventCount: 7, takenAt: 1, stateBytes: most };
      await store('large').put(key, new Uint8Array(most).fill(7), meta);
      const length = (await store('large').get(key))?.length;
      return { most, length, refused: await refusal(() => store('large').put(key, new Uint8Array(most + 1))) };
    },
    ...more,
  };
  return (await questions[what]?.()) ?? null;
}

const json = (value: unknown) => new Response(JSON.stringify(value));

export class SqlObject {
  readonly #storage: SqlStorage;

  constructor({ storage }: { readonly storage: SqlStorage }) {
    this.#storage = storage;
  }

  async fetch(request: Request): Promise<Response> {
    const store = (name: string) => durableObjectSqlStore(this.#storage, { table: name });
    return json(await answer(request, { offers: ALL, store }, { joined: () => joined(this.#storage) }));
  }
}

/** What a transaction of the application leaves when it fails, and what one leaves in which only the store failed. */
function joined(storage: SqlStorage): unknown {
  const store = durableObjectSqlStore(storage, { table: 'joined' });
  storage.sql.exec('CREATE TABLE events (id INTEGER)');
  const counted = () => [(storage.sql.exec('SELECT count(*) AS n FROM events').toArray()[0] as { n: number }).n, store.list('', { limit: 9 })];
  try {
    storage.transactionSync(() => {
      storage.sql.exec('INSERT INTO events VALUES (1)');
      store.put('a', new Uint8Array([1]));
      throw new Error('undone');
    });
  } catch {
    // as wanted
  }
  const undone = counted();
  storage.transactionSync(() => {
    storage.sql.exec('INSERT INTO events VALUES (2)');
    try {
      store.transact([{ op: 'put', key: 'b', bytes: new Uint8Array(1) }, { op: 'put', key: 'c', bytes: new Uint8Array(2_000_001) }]);
    } catch {
      store.put('d', new Uint8Array([4]));
    }
  });
  return { undone, done: counted() };
}

export class KvObject {
  readonly #storage: KvStorage;

  constructor({ storage }: { readonly storage: KvStorage }) {
    this.#storage = storage;
  }

  async fetch(request: Request): Promise<Response> {
    const store = (name: string) => durableObjectKvStore(this.#storage, { prefix: `${name}/` });
    return json(await answer(request, { offers: ALL, store }));
  }
}

interface Namespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(request: Request): Promise<Response> };
}

interface Env {
  readonly SQL: Namespace;
  readonly KV_OBJECT: Namespace;
  readonly KV: KvNamespace;
  readonly R2: Bucket;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const [, , where] = new URL(request.url).pathname.split('/');
    const object = (namespace: Namespace) => namespace.get(namespace.idFromName('one')).fetch(request);
    if (where === 'sql') return object(env.SQL);
    if (where === 'kv-object') return object(env.KV_OBJECT);
    if (where === 'kv') return json(await answer(request, { offers: ['signal'], store: (name) => workersKvStore(env.KV, { prefix: `${name}/` }) }));
    return json(await answer(request, { offers: ['putIfAbsent', 'signal'], store: (name) => r2Store(env.R2, { prefix: `${name}/` }) }));
  },
};
