/** Snapshots in this process's memory: for tests, and as the shortest example of a store. */
import type { SnapshotStore } from '../store.js';

/** A {@link SnapshotStore} over a Map. Bytes are copied both ways, so that nobody can change what is stored. */
export function memoryStore(): SnapshotStore & { readonly size: number } {
  const values = new Map<string, Uint8Array>();
  return {
    get size() {
      return values.size;
    },
    list(prefix, { start = '', limit }) {
      const keys = [...values.keys()].filter((key) => key.startsWith(prefix) && key >= start);
      return keys.sort().slice(0, limit);
    },
    get: (key) => values.get(key)?.slice(),
    put(key, bytes) {
      values.set(key, bytes.slice());
    },
    delete(keys) {
      for (const key of keys) values.delete(key);
    },
  };
}
