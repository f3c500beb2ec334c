/** The host's store as the drivers see it: every call within a time limit, every answer checked. */
import { SnapshotError } from './error.js';
import { isBytes } from './value/bytes.js';
import type { SnapshotMeta, SnapshotStore } from './store.js';
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
    if (Array.isArray(keys) && keys.every((key) => typeof key === 'string' && key.isWellFormed())) return keys as string[];
    throw new SnapshotError('unreadable', 'store.list must return an array of keys');
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

  async delete(keys: readonly string[], millis: number): Promise<void> {
    await withinTime(millis, (signal) => this.#store.delete(keys, lazily(signal, {})));
  }
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
