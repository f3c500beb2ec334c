/** What a host brings: a store for snapshots. Keys are ASCII, compared bytewise; see docs/format.md §3. */
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
  /** How many keys are wanted. Fewer are an answer only where there are no more; more do no harm. */
  readonly limit: number;
  readonly signal?: AbortSignal;
}

export interface NewestOptions {
  /** First key of interest, inclusive. */
  readonly start?: string;
  readonly signal?: AbortSignal;
}

export interface StoreOptions {
  /** Aborted when the snapshot timeout has passed or the caller gave up. */
  readonly signal?: AbortSignal;
}

/** One step of {@link SnapshotStore.transact}. */
export type StoreOp =
  | { readonly op: 'put'; readonly key: string; readonly bytes: Uint8Array; readonly meta?: SnapshotMeta }
  | { readonly op: 'delete'; readonly keys: readonly string[] };

type Awaitable<T> = T | PromiseLike<T>;

/**
 * Where snapshots lie. Every method may be synchronous or return a promise. Four are needed; `putIfAbsent`, `newest` and `transact` belong
 * to stores that can do them for real. They are methods and no options: a store that does not know an option would overwrite in silence.
 */
export interface SnapshotStore {
  /** Keys with that prefix, ascending bytewise, from `start` on. */
  list(prefix: string, options: ListOptions): Awaitable<readonly string[]>;
  get(key: string, options?: StoreOptions): Awaitable<Uint8Array | null | undefined>;
  /** Durable before it returns; replaces what lies there, whole or not at all. `meta` is absent for small markers. */
  put(key: string, bytes: Uint8Array, meta?: SnapshotMeta, options?: StoreOptions): Awaitable<unknown>;
  /** As `put`, but only where nothing lies, in one step; `true` if it was written. Two writers then never replace each other's snapshot. */
  putIfAbsent?(key: string, bytes: Uint8Array, meta?: SnapshotMeta, options?: StoreOptions): Awaitable<boolean>;
  /** Keys that do not exist are no error. */
  delete(keys: readonly string[], options?: StoreOptions): Awaitable<unknown>;
  /** The first key with that prefix, at or after `start`, and its bytes, in one round trip: the newest snapshot of a slot. */
  newest?(prefix: string, options?: NewestOptions): Awaitable<{ readonly key: string; readonly bytes: Uint8Array } | null | undefined>;
  /** All of it or nothing, seen by others whole or not at all. Steps hold in order: the last one that names a key decides. */
  transact?(ops: readonly StoreOp[], options?: StoreOptions): Awaitable<unknown>;
  /** The largest value it takes, in bytes. Default: no limit. */
  readonly maxValueBytes?: number;
  /** Whether a listing shows every write at once. Default `'strong'`; nothing is ever deleted on `'eventual'` ones. */
  readonly listing?: 'strong' | 'eventual';
}
