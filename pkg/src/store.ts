/** What a host brings: a store for snapshots. Keys are ASCII, compared bytewise; see docs/format.md §3. */
import { SnapshotError } from './error.js';
import { isBytes } from './frame.js';
import type { Position } from './position.js';

/** What a store may keep in columns of its own beside the bytes. */
export interface SnapshotMeta {
  readonly name: string;
  readonly version: number;
  readonly streamId: string;
  readonly position: Position;
  readonly eventCount: number;
  /** Milliseconds since 1970, or null. */
  readonly takenAt: number | null;
  /** Size of the state inside the frame, in bytes. */
  readonly stateBytes: number;
}

export interface ListOptions {
  /** First key of interest, inclusive. */
  readonly start?: string;
  /** How many keys at most. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

export interface StoreOptions {
  /** Aborted when the snapshot timeout has passed or the caller gave up. */
  readonly signal?: AbortSignal;
}

type Awaitable<T> = T | PromiseLike<T>;

/** Where snapshots lie. Every method may be synchronous or return a promise. */
export interface SnapshotStore {
  /** Keys with that prefix, ascending bytewise, from `start` on. */
  list(prefix: string, options: ListOptions): Awaitable<readonly string[]>;
  get(key: string, options?: StoreOptions): Awaitable<Uint8Array | null | undefined>;
  /** Durable before it returns; replaces what lies there, whole or not at all. `meta` is absent for small markers. */
  put(key: string, bytes: Uint8Array, meta?: SnapshotMeta, options?: StoreOptions): Awaitable<unknown>;
  /** Keys that do not exist are no error. */
  delete(keys: readonly string[], options?: StoreOptions): Awaitable<unknown>;
  /** The largest value it takes, in bytes. Default: no limit. */
  readonly maxValueBytes?: number;
  /** Whether a listing shows every write at once. Default `'strong'`; nothing is ever deleted on `'eventual'` ones. */
  readonly listing?: 'strong' | 'eventual';
}

/** What the store lists; throws for an answer that is no list of keys. */
export async function listKeys(store: SnapshotStore, prefix: string, options: ListOptions): Promise<string[]> {
  const keys: unknown = await store.list(prefix, options);
  if (Array.isArray(keys) && keys.every((key) => typeof key === 'string' && key.isWellFormed())) return keys as string[];
  throw new SnapshotError('unreadable', 'store.list must return an array of keys');
}

/** What lies under `key`, undefined for nothing; throws for an answer that is neither. */
export async function getBytes(store: SnapshotStore, key: string, options: StoreOptions): Promise<Uint8Array | undefined> {
  const bytes: unknown = await store.get(key, options);
  if (bytes === null || bytes === undefined) return undefined;
  if (isBytes(bytes)) return bytes;
  throw new SnapshotError('unreadable', 'store.get must return a Uint8Array, or nothing');
}
