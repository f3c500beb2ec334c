/** The host's store as the drivers see it: every call within a time limit, every answer checked. */
import { SnapshotError } from './error.js';
import { isBytes } from './value/bytes.js';
import type { SnapshotMeta, SnapshotStore, StoreOp } from './store.js';
import { withinTime } from './timeout.js';

export class BoundedStore {
  readonly #store: SnapshotStore;

  constructor(store: SnapshotStore) {
    this.#store = store;
  }

  get maxValueBytes(): number | undefined {
    return this.#store.maxValueBytes;
  }

  get listing(): 'strong' | 'eventual' {
    return this.#store.listing ?? 'strong';
  }

  async list(prefix: string, start: string | null, limit: number, millis: number): Promise<string[]> {
    const keys: unknown = await withinTime(millis, (signal) =>
      this.#store.list(prefix, lazily(signal, { limit, ...(start === null ? {} : { start }) })),
    );
    if (Array.isArray(keys) && keys.every(isKey)) return keys as string[];
    throw new SnapshotError('unreadable', 'store.list must return an array of keys');
  }

  /** Whether {@link newest} can be called. */
  get seeks(): boolean {
    return this.#store.newest !== undefined;
  }

  /** Undefined for nothing. */
  async newest(prefix: string, start: string | null, millis: number): Promise<Found | undefined> {
    const found: Partial<Found> | null | undefined = await withinTime(millis, (signal) =>
      this.#store.newest?.(prefix, lazily(signal, start === null ? {} : { start })),
    );
    if (found === null || found === undefined) return undefined;
    if (isKey(found.key) && isBytes(found.bytes)) return found as Found;
    throw new SnapshotError('unreadable', 'store.newest must return { key, bytes }, or nothing');
  }

  get exclusive(): boolean {
    return this.#store.putIfAbsent !== undefined;
  }

  /** Undefined for nothing. */
  async get(key: string, millis: number): Promise<Uint8Array | undefined> {
    const bytes: unknown = await withinTime(millis, (signal) => this.#store.get(key, lazily(signal, {})));
    if (bytes === null || bytes === undefined) return undefined;
    if (isBytes(bytes)) return bytes;
    throw new SnapshotError('unreadable', 'store.get must return a Uint8Array, or nothing');
  }

  /** False if something may lie there: whoever puts if absent looks then. */
  async put(key: string, bytes: Uint8Array, meta: SnapshotMeta | undefined, millis: number, ifAbsent = false): Promise<boolean> {
    const written: unknown = await withinTime(millis, (signal) =>
      this.#store[ifAbsent ? 'putIfAbsent' : 'put']?.(key, bytes, meta, lazily(signal, {})),
    );
    return !ifAbsent || written === true;
  }

  /** Whether {@link transact} can be called. */
  get transacts(): boolean {
    return this.#store.transact !== undefined;
  }

  async transact(ops: readonly StoreOp[], millis: number): Promise<void> {
    await withinTime(millis, (signal) => this.#store.transact?.(ops, lazily(signal, {})));
  }

  async delete(keys: readonly string[], millis: number): Promise<void> {
    await withinTime(millis, (signal) => this.#store.delete(keys, lazily(signal, {})));
  }
}

/** What a store found first, and what lies there. */
interface Found {
  readonly key: string;
  readonly bytes: Uint8Array;
}

function isKey(key: unknown): boolean {
  return typeof key === 'string' && key.isWellFormed();
}

/** Most stores never look at the signal. */
function lazily<T extends object>(signal: () => AbortSignal, options: T): T & { readonly signal: AbortSignal } {
  return {
    ...options,
    get signal() {
      return signal();
    },
  };
}
