/** Snapshots in R2. An entry of its own, `snapfold/r2`. */
import { asciiText, knownOptions } from '../options.js';
import type { SnapshotStore } from '../store.js';

/** The part of an `R2Bucket` that is used. */
export interface Bucket {
  get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
  put(key: string, value: ArrayBuffer, options?: { onlyIf: { etagDoesNotMatch: string } }): Promise<object | null>;
  delete(keys: string[]): Promise<void>;
  list(options: { prefix: string; startAfter?: string; cursor?: string; limit: number }): Promise<BucketPage>;
}

export interface BucketPage {
  readonly objects: readonly { readonly key: string }[];
  readonly truncated: boolean;
  readonly cursor?: string;
}

export interface R2Options {
  /** What the keys begin with, beside those of the application. ASCII text. Default `'snapfold/'`. */
  readonly prefix?: string;
}

/** Keys in one call, at most. */
const KEYS = 1_000;

/**
 * A store in a bucket of R2, where every write shows at once. Values are limited by the memory of whoever writes them. A signal is looked at
 * before each call of the bucket.
 */
export function r2Store(bucket: Bucket, options: R2Options = {}): SnapshotStore & Required<Pick<SnapshotStore, 'putIfAbsent'>> {
  knownOptions('r2Store', options, ['prefix']);
  const own = asciiText('prefix', options.prefix ?? 'snapfold/');
  return {
    async list(prefix, { start = '', limit, signal }) {
      const found: string[] = [];
      // `startAfter` leaves its key out: one that is a character shorter lies before `start`, and little is between them.
      const from = start > prefix ? { startAfter: own + start.slice(0, -1) } : {};
      for (let cursor: string | undefined; found.length < limit; ) {
        signal?.throwIfAborted();
        const page = await bucket.list({ prefix: own + prefix, ...from, limit: KEYS, ...(cursor === undefined ? {} : { cursor }) });
        found.push(...page.objects.map(({ key }) => key.slice(own.length)).filter((key) => key >= start));
        if (!page.truncated) break;
        cursor = page.cursor;
      }
      return found;
    },
    async get(key, { signal } = {}) {
      signal?.throwIfAborted();
      const found = await bucket.get(own + key);
      return found === null ? undefined : new Uint8Array(await found.arrayBuffer());
    },
    async put(key, bytes, _meta, { signal } = {}) {
      signal?.throwIfAborted();
      await bucket.put(own + key, new Uint8Array(bytes).buffer);
    },
    async putIfAbsent(key, bytes, _meta, { signal } = {}) {
      signal?.throwIfAborted();
      return (await bucket.put(own + key, new Uint8Array(bytes).buffer, { onlyIf: { etagDoesNotMatch: '*' } })) !== null;
    },
    async delete(keys, { signal } = {}) {
      for (let at = 0; at < keys.length; at += KEYS) {
        signal?.throwIfAborted();
        await bucket.delete(keys.slice(at, at + KEYS).map((key) => own + key));
      }
    },
  };
}
