/** The suite for stores is tested itself: a store that breaks a rule fails the checks of that rule, and no others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { memoryStore, type SnapshotStore, type StoreOp } from 'snapfold';
import { keys } from 'snapfold/plans';
import { storeConformance, type ConformanceOptions, type Rule } from 'snapfold/testing';
import { SLOT, snapshotKey, STREAMS } from '../dist/testing/streams.js';

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A store that does everything right, and can be told to do one thing wrong. */
interface Whole extends Required<Omit<SnapshotStore, 'listing' | 'maxValueBytes'>> {
  maxValueBytes?: number;
  listing?: 'strong' | 'eventual';
}

function whole(values = new Map<string, Uint8Array>()): Whole {
  const from = (prefix: string, start = '') => [...values.keys()].filter((key) => key.startsWith(prefix) && key >= start).sort();
  const refuseAborted = (options: { readonly signal?: AbortSignal } | undefined) => options?.signal?.throwIfAborted();
  return {
    list(prefix, options) {
      refuseAborted(options);
      return from(prefix, options.start).slice(0, options.limit);
    },
    get(key, options) {
      refuseAborted(options);
      return values.get(key)?.slice();
    },
    put(key, bytes, _meta, options) {
      refuseAborted(options);
      values.set(key, bytes.slice());
    },
    delete(keys, options) {
      refuseAborted(options);
      for (const key of keys) values.delete(key);
    },
    putIfAbsent(key, bytes, _meta, options) {
      refuseAborted(options);
      if (values.has(key)) return false;
      values.set(key, bytes.slice());
      return true;
    },
    newest(prefix, options = {}) {
      refuseAborted(options);
      const [key] = from(prefix, options.start);
      return key === undefined ? null : { key, bytes: (values.get(key) as Uint8Array).slice() };
    },
    transact(ops, options) {
      refuseAborted(options);
      const after = new Map(values);
      for (const op of ops) apply(after, op);
      values.clear();
      for (const [key, bytes] of after) values.set(key, bytes);
    },
  };
}

function apply(values: Map<string, Uint8Array>, op: StoreOp): void {
  if (op.op === 'put') values.set(op.key, op.bytes.slice());
  else if (op.op === 'delete') for (const key of op.keys) values.delete(key);
  else throw new Error('unknown step');
}

const OPTIONS: ConformanceOptions = { offers: ['putIfAbsent', 'newest', 'transact', 'signal'], reopen: (store) => store };

type Breaking = (store: Whole, values: Map<string, Uint8Array>) => Partial<SnapshotStore>;

/** What is wrong, by the rule that it breaks. */
const BROKEN: [rule: Rule, what: string, broken: Breaking, options?: ConformanceOptions][] = [
  ['absence', 'empty bytes for nothing', (store) => ({ get: async (...args) => (await store.get(...args)) ?? new Uint8Array() })],
  ['absence', 'a missing key cannot be deleted', (store, values) => ({
    delete(keys, options) {
      if (!keys.some((key) => values.has(key)) && keys.length === 1) throw new Error('no such key');
      return store.delete(keys, options);
    },
  })],
  ['bytes', 'the whole buffer for a part of it', (store) => ({
    put: (key, bytes, ...rest) => store.put(key, new Uint8Array(bytes.buffer), ...rest),
  })],
  ['bytes', 'as text', (store) => ({
    put(key, bytes, ...rest) {
      const text = new TextEncoder().encode(new TextDecoder().decode(bytes));
      return store.put(key, bytes.length === 256 ? text : bytes, ...rest);
    },
  })],
  ['copies', 'the caller’s array is kept', (_, values) => ({
    put(key, bytes, _, options) {
      options?.signal?.throwIfAborted();
      values.set(key, bytes);
    },
  })],
  ['copies', 'the array inside is handed out', (_, values) => ({ get: (key, options) => (options?.signal?.throwIfAborted(), values.get(key)) })],
  ['meta', 'no marker without meta', (store) => ({
    put(key, bytes, meta, options) {
      if (meta === undefined) throw new Error('NOT NULL constraint failed');
      return store.put(key, bytes, meta, options);
    },
  })],
  ['meta', 'positions through numbers', (store) => ({
    put(key, bytes, meta, options) {
      if (!Number.isSafeInteger(Number(meta?.position ?? 0))) throw new Error('out of range');
      return store.put(key, bytes, meta, options);
    },
  })],
  ['replace', 'the first put wins', (store, values) => ({
    put: (key, ...rest) => (values.has(key) ? undefined : store.put(key, ...rest)),
  })],
  ['replace', 'a shorter value leaves the end of a longer one', (store, values) => ({
    put(key, bytes, ...rest) {
      const old = values.get(key);
      if (old === undefined || old.length > 999) return store.put(key, bytes, ...rest);
      return store.put(key, Uint8Array.from([...bytes, ...old.subarray(bytes.length)]), ...rest);
    },
  })],
  ['atomic', 'written in two halves', (store) => ({
    async put(key, bytes, meta, options) {
      options?.signal?.throwIfAborted();
      await store.put(key, bytes.subarray(0, bytes.length / 2), meta);
      if (bytes.length > 999 && bytes.length < 10_000) await tick();
      await store.put(key, bytes, meta);
    },
  })],
  ['keys', 'cut off at 60 characters', (store) => ({
    get: (key, options) => store.get(key.slice(0, 60), options),
    put: (key, ...rest) => store.put(key.slice(0, 60), ...rest),
  })],
  ['keys', 'escapes are resolved', (store) => {
    const resolved = (key: string) => key.replaceAll('~2f', '/');
    return {
      get: (key, options) => store.get(resolved(key), options),
      put: (key, ...rest) => store.put(resolved(key), ...rest),
    };
  }],
  ['order', 'as people sort', (store) => ({
    async list(prefix, options) {
      const keys = await store.list(prefix, options);
      return [...keys].sort((a, b) => a.localeCompare(b, 'en'));
    },
  })],
  ['order', 'newest last', (store) => ({ list: async (prefix, options) => [...(await store.list(prefix, options))].reverse() })],
  ['prefix', 'LIKE', (_, values) => ({
    list(prefix, { start = '', limit, signal }) {
      signal?.throwIfAborted();
      const pattern = new RegExp(`^${prefix.replaceAll('.', '\\.').replaceAll('_', '.')}`);
      return [...values.keys()].filter((key) => pattern.test(key) && key >= start).sort().slice(0, limit);
    },
  })],
  ['prefix', 'whole segments alone', (store) => ({
    list: (prefix, options) => (prefix === '' || prefix.endsWith('/') ? store.list(prefix, options) : []),
  })],
  ['start', 'exclusive', (store) => ({
    async list(prefix, { limit, ...options }) {
      const keys = await store.list(prefix, { ...options, limit: limit + 1 });
      return keys.filter((key) => key !== options.start).slice(0, limit);
    },
  })],
  ['limit', 'short pages', (store) => ({ list: (prefix, options) => store.list(prefix, { ...options, limit: Math.min(options.limit, 100) }) })],
  ['limit', 'an empty page, then more', (store, values) => ({
    list: (prefix, options) => (values.size > 100 && options.limit > 100 ? [] : store.list(prefix, options)),
  })],
  ['delete', 'everything that begins so', (store, values) => ({
    delete: (keys, options) => store.delete([...values.keys()].filter((key) => keys.some((deleted) => key.startsWith(deleted))), options),
  })],
  ['delete', 'only the first', (store) => ({ delete: (keys, options) => store.delete(keys.slice(0, 1), options) })],
  ['size', 'one byte less than it says', (store) => ({
    maxValueBytes: 100_001,
    put(key, bytes, ...rest) {
      if (bytes.length > 100_000) throw new Error('too large');
      return store.put(key, bytes, ...rest);
    },
  })],
  ['offers', 'more than is said', () => ({}), { ...OPTIONS, offers: ['putIfAbsent', 'newest', 'signal'] }],
  ['offers', 'less than is said', () => ({ newest: undefined as never })],
  ['durable', 'in memory', () => ({}), { ...OPTIONS, reopen: () => whole() }],
  ['durable', 'deletes come back', () => ({}), {
    ...OPTIONS,
    async reopen(store) {
      await store.put(snapshotKey(SLOT, 1), new Uint8Array());
      return store;
    },
  }],
  ['putIfAbsent', 'look, then put', (store) => ({
    async putIfAbsent(key, bytes, meta, options) {
      if ((await store.get(key, options)) !== undefined) return false;
      await tick();
      await store.put(key, bytes, meta);
      return true;
    },
  })],
  ['putIfAbsent', 'it is an ordinary put', (store) => ({
    async putIfAbsent(...args) {
      await store.put(...args);
      return true;
    },
  })],
  ['newest', 'start is not looked at', (store) => ({ newest: (prefix, { start: _, ...options } = {}) => store.newest(prefix, options) })],
  ['newest', 'the last one', (store, values) => ({
    newest(prefix, options = {}) {
      options.signal?.throwIfAborted();
      const key = [...values.keys()].filter((each) => each.startsWith(prefix) && each >= (options.start ?? '')).sort().at(-1);
      return key === undefined ? null : { key, bytes: values.get(key) as Uint8Array };
    },
  })],
  ['transact', 'one after the other', (_, values) => ({
    async transact(ops, options) {
      options?.signal?.throwIfAborted();
      for (const op of ops) {
        await tick();
        apply(values, op);
      }
    },
  })],
  ['transact', 'puts first, deletes last', (store) => ({
    transact: (ops, options) => store.transact([...ops].sort((a) => (a.op === 'delete' ? 1 : -1)), options),
  })],
  ['signal', 'it is not looked at', (store) => ({
    list: (prefix, { signal: _, ...options }) => store.list(prefix, options),
    get: (key) => store.get(key),
    put: (key, bytes, meta) => store.put(key, bytes, meta),
  })],
  ['signal', 'half a value is left', (store) => ({
    async put(key, bytes, meta, options) {
      options?.signal?.throwIfAborted();
      if (bytes.length === 100_000) await store.put(key, bytes.subarray(1), meta);
      await Promise.resolve();
      options?.signal?.throwIfAborted();
      await store.put(key, bytes, meta);
    },
  })],
];

async function failures(make: () => SnapshotStore, options: ConformanceOptions): Promise<{ failed: Rule[]; words: string[] }> {
  const failed = new Set<Rule>();
  const words: string[] = [];
  for (const { rule, name, run } of storeConformance(make, options)) {
    try {
      await run();
    } catch (error) {
      assert.ok(error instanceof Error && error.message !== '', name);
      failed.add(rule);
      words.push(`${name}: ${error.message}`);
    }
  }
  return { failed: [...failed], words };
}

for (const [rule, what, breaking, options = OPTIONS] of BROKEN) {
  test(`a store that breaks "${rule}" fails that rule alone: ${what}`, async () => {
    const broken = () => {
      const values = new Map<string, Uint8Array>();
      const store = whole(values);
      return { ...store, ...breaking(store, values) } as SnapshotStore;
    };
    const { failed, words } = await failures(broken, options);
    assert.deepEqual(failed, [rule], words.join('\n'));
  });
}

test('every rule has a store that breaks it', () => {
  const rules = new Set(storeConformance(memoryStore, OPTIONS).map(({ rule }) => rule));
  assert.deepEqual([...rules].sort(), [...new Set(BROKEN.map(([rule]) => rule))].sort());
});

test('a store that does everything right passes, and so does one whose pages hold too much', async () => {
  assert.deepEqual(await failures(() => whole(), OPTIONS), { failed: [], words: [] });
  const overfull = () => {
    const store = whole();
    return { ...store, list: (prefix: string, options: { limit: number }) => store.list(prefix, { ...options, limit: options.limit + 7 }) };
  };
  assert.deepEqual(await failures(overfull, OPTIONS), { failed: [], words: [] });
});

test('a store whose listings lag passes once they have settled', async () => {
  const lagging = () => {
    const store = whole();
    let listed: ReadonlySet<string> = new Set();
    return {
      ...store,
      listing: 'eventual' as const,
      async list(prefix: string, options: { limit: number }) {
        const keys = await store.list(prefix, { ...options, limit: 999 });
        return keys.filter((key) => listed.has(key)).slice(0, options.limit);
      },
      async settle() {
        listed = new Set(await store.list('', { limit: 999 }));
      },
    };
  };
  const offers = ['putIfAbsent', 'signal'] as const;
  const bare = () => {
    const { newest: _, transact: __, ...store } = lagging();
    return store;
  };
  const settle = (store: SnapshotStore) => (store as ReturnType<typeof lagging>).settle();
  assert.deepEqual(await failures(bare, { offers, settle }), { failed: [], words: [] });
  assert.ok((await failures(bare, { offers })).failed.includes('order'));
});

test('each check has a store of its own, and closes it, failed or not', async () => {
  const opened: SnapshotStore[] = [];
  const closed: SnapshotStore[] = [];
  const make = () => {
    const store = { ...whole(), get: () => new Uint8Array([13]) };
    opened.push(store);
    return store;
  };
  const checks = storeConformance(make, { ...OPTIONS, close: (store) => closed.push(store) });
  assert.equal(opened.length, 0);
  for (const { run } of checks) await run().catch(() => {});
  assert.equal(opened.length, checks.length);
  assert.deepEqual(closed, opened);
});

test('names are different sentences', () => {
  const names = storeConformance(memoryStore, OPTIONS).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

for (const entry of ['testing/store-conformance', 'stores/encrypted', 'stores/postgres', 'stores/sqlite']) {
  test(`${entry} needs nothing of Node, and no core`, async () => {
    const entryPoint = fileURLToPath(new URL(`../dist/${entry}.js`, import.meta.url));
    const { metafile } = await build({ entryPoints: [entryPoint], bundle: true, platform: 'browser', format: 'esm', write: false, metafile: true });
    const files = Object.keys(metafile.inputs);
    assert.ok(files.length > 1);
    assert.deepEqual(files.filter((file) => file.includes('wasm') || file.endsWith('core.js')), []);
  });
}

test('the keys of the suite are those that the package makes', () => {
  for (const [id, prefix] of STREAMS) {
    assert.equal(prefix, keys.snapshots('cart', id, 3));
    assert.equal(snapshotKey(prefix, 7), keys.snapshot('cart', id, 3, 7));
  }
  assert.equal(SLOT, keys.snapshots('cart', 'cart-4', 3));
});
