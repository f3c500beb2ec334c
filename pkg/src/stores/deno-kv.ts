/** Snapshots in Deno KV. An entry of its own, `snapfold/deno-kv`. */
import { SnapshotError } from '../error.js';
import { invalidOption, knownOptions } from '../options.js';
import type { SnapshotStore } from '../store.js';
import { checkSize } from './limits.js';
import { outcomeOf, range, type SqlStore } from './sql.js';

type Key = readonly (string | number | bigint | boolean | Uint8Array)[];

/** The part of a `Deno.Kv` that is used. */
export interface DenoKv {
  get(key: Key): Promise<{ readonly value: unknown }>;
  set(key: Key, value: unknown): Promise<unknown>;
  list(selector: { start: Key; end: Key }, options: { limit: number; batchSize: number }): AsyncIterable<{ readonly key: readonly unknown[]; readonly value: unknown }>;
  atomic(): DenoAtomic;
}

export interface DenoAtomic {
  check(check: { key: Key; versionstamp: null }): DenoAtomic;
  set(key: Key, value: unknown): DenoAtomic;
  delete(key: Key): DenoAtomic;
  commit(): Promise<{ readonly ok: boolean }>;
}

export interface DenoKvOptions {
  /** The parts of keys before the last one, beside those of the application. Default `['snapfold']`. */
  readonly prefix?: Key;
}

const MAX_VALUE_BYTES = 64 * 1024;

/** Keys and values of one commit, at most. */
const MAX_COMMIT_BYTES = 800 * 1024;

/** Steps of one commit, at most 1,000. */
const STEPS = 500;

/** A listing brings the values; of so many at once there are 4 MiB at most. */
const PAGE = 64;

/** A store in a Deno KV database; durable as the database is. A signal is looked at before each call. */
export function denoKvStore(kv: DenoKv, options: DenoKvOptions = {}): SqlStore {
  knownOptions('denoKvStore', options, ['prefix']);
  const { prefix: own = ['snapfold'] } = options;
  if (!Array.isArray(own)) throw invalidOption('prefix', own, 'must be an array of the parts of a key');
  const at = (key: string): Key => [...own, key];
  async function* entries(prefix: string, start: string | undefined, limit: number, signal: AbortSignal | undefined) {
    signal?.throwIfAborted();
    const [from, below] = range(prefix, start);
    if (from >= below || limit <= 0) return;
    for await (const { key, value } of kv.list({ start: at(from), end: at(below) }, { limit, batchSize: Math.min(limit, PAGE) })) {
      signal?.throwIfAborted();
      yield { key: key.at(-1) as string, bytes: value as Uint8Array };
    }
  }
  const checked = (bytes: Uint8Array) => {
    checkSize('Deno KV', bytes, MAX_VALUE_BYTES);
    return bytes;
  };
  return {
    maxValueBytes: MAX_VALUE_BYTES,
    async list(prefix, { start, limit, signal }) {
      const found: string[] = [];
      for await (const { key } of entries(prefix, start, limit, signal)) found.push(key);
      return found;
    },
    async get(key, { signal } = {}) {
      signal?.throwIfAborted();
      return ((await kv.get(at(key))).value ?? undefined) as Uint8Array | undefined;
    },
    async put(key, bytes, _meta, { signal } = {}) {
      signal?.throwIfAborted();
      await kv.set(at(key), checked(bytes));
    },
    async putIfAbsent(key, bytes, _meta, { signal } = {}) {
      signal?.throwIfAborted();
      const absent = kv.atomic().check({ key: at(key), versionstamp: null });
      return (await absent.set(at(key), checked(bytes)).commit()).ok;
    },
    async delete(keys, { signal } = {}) {
      for (let from = 0; from < keys.length; from += STEPS) {
        signal?.throwIfAborted();
        const atomic = kv.atomic();
        for (const key of keys.slice(from, from + STEPS)) atomic.delete(at(key));
        await atomic.commit();
      }
    },
    async newest(prefix, { start, signal } = {}) {
      for await (const first of entries(prefix, start, 1, signal)) return first;
      return undefined;
    },
    async transact(ops, { signal } = {}) {
      signal?.throwIfAborted();
      const outcome = [...outcomeOf(ops)];
      const bytes = outcome.reduce((sum, [key, op]) => sum + key.length + (op?.bytes.length ?? 0), 0);
      if (bytes > MAX_COMMIT_BYTES) throw new SnapshotError('tooLarge', `${bytes} bytes; a commit of Deno KV has ${MAX_COMMIT_BYTES} at most`);
      const atomic = kv.atomic();
      for (const [key, op] of outcome) op === undefined ? atomic.delete(at(key)) : atomic.set(at(key), checked(op.bytes));
      if (outcome.length > 0) await atomic.commit();
    },
  } satisfies SnapshotStore;
}
