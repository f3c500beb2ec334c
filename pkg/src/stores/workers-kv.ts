/** Snapshots in Workers KV. An entry of its own, `snapfold/workers-kv`. */
import { asciiText, knownOptions } from '../options.js';
import type { SnapshotStore } from '../store.js';
import { checkSize } from './limits.js';

/** The part of a `KVNamespace` that is used. */
export interface KvNamespace {
  get(key: string, type: 'arrayBuffer'): Promise<ArrayBuffer | null>;
  put(key: string, value: ArrayBuffer): Promise<void>;
  delete(key: string): Promise<void>;
  list(options: { prefix: string; cursor?: string | null }): Promise<KvPage>;
}

export interface KvPage {
  readonly keys: readonly { readonly name: string }[];
  readonly list_complete: boolean;
  readonly cursor?: string;
}

export interface WorkersKvOptions {
  /** What the keys begin with, beside those of the application. ASCII text. Default `'snapfold/'`. */
  readonly prefix?: string;
}

const MAX_VALUE_BYTES = 25 * 1024 * 1024;

/**
 * A store in a namespace of Workers KV. What was written shows everywhere within a minute or later, so that nothing is deleted but on demand,
 * and of two writers at one position the later one replaces. A signal is looked at before each call of the namespace.
 */
export function workersKvStore(namespace: KvNamespace, options: WorkersKvOptions = {}): SnapshotStore {
  knownOptions('workersKvStore', options, ['prefix']);
  const own = asciiText('prefix', options.prefix ?? 'snapfold/');
  return {
    listing: 'eventual',
    maxValueBytes: MAX_VALUE_BYTES,
    async list(prefix, { start = '', limit, signal }) {
      const found: string[] = [];
      for (let cursor: string | undefined; found.length < limit; ) {
        signal?.throwIfAborted();
        const page = await namespace.list({ prefix: own + prefix, ...(cursor === undefined ? {} : { cursor }) });
        found.push(...page.keys.map(({ name }) => name.slice(own.length)).filter((key) => key >= start));
        if (page.list_complete) break;
        cursor = page.cursor;
      }
      return found;
    },
    async get(key, { signal } = {}) {
      signal?.throwIfAborted();
      const found = await namespace.get(own + key, 'arrayBuffer');
      return found === null ? undefined : new Uint8Array(found);
    },
    async put(key, bytes, _meta, { signal } = {}) {
      signal?.throwIfAborted();
      checkSize('Workers KV', bytes, MAX_VALUE_BYTES);
      await namespace.put(own + key, new Uint8Array(bytes).buffer);
    },
    async delete(keys, { signal } = {}) {
      for (const key of new Set(keys)) {
        signal?.throwIfAborted();
        await namespace.delete(own + key);
      }
    },
  };
}
