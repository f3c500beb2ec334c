/** Stores for tests: one that another function stands around, and what that function may do. */
import assert from 'node:assert/strict';
import type { SnapshotStore } from 'snapfold';

export type Op = 'list' | 'get' | 'put' | 'delete';

type Around = (op: Op, carryOut: () => unknown, args: readonly unknown[]) => unknown;

/** `store`, with `around` deciding what becomes of each operation. */
export function intercepted(store: SnapshotStore, around: Around): SnapshotStore {
  const wrap = (op: Op) => (...args: unknown[]) => {
    const carryOut = () => (store[op] as (...args: unknown[]) => unknown).apply(store, args);
    return around(op, carryOut, args);
  };
  const { putIfAbsent } = store;
  // As a put: who fails or delays those means these, too.
  const exclusive = putIfAbsent && ((...args: unknown[]) => around('put', () => Reflect.apply(putIfAbsent, store, args), args));
  return Object.assign(Object.create(store) as SnapshotStore, exclusive && { putIfAbsent: exclusive }, {
    list: wrap('list'),
    get: wrap('get'),
    put: wrap('put'),
    delete: wrap('delete'),
  });
}

/** Notes every operation as `op key` before it is carried out. */
export function traced(store: SnapshotStore): { store: SnapshotStore; trace: string[] } {
  const trace: string[] = [];
  const around: Around = (op, carryOut, [subject]) => {
    trace.push(`${op} ${String(subject)}`);
    return carryOut();
  };
  return { store: intercepted(store, around), trace };
}

/** Throws where `when` says so. */
export function failing(store: SnapshotStore, when: (op: Op, key: unknown) => boolean): SnapshotStore {
  return intercepted(store, (op, carryOut, [key]) => {
    if (when(op, key)) throw new Error(`${op}: disk on fire`);
    return carryOut();
  });
}

/** Never answers to `hangs`; keeps the signals that those calls were given. */
export function hanging(store: SnapshotStore, hangs: Op): { store: SnapshotStore; signals: AbortSignal[] } {
  const signals: AbortSignal[] = [];
  const around: Around = (op, carryOut, args) => {
    if (op !== hangs) return carryOut();
    const { signal } = (args.at(-1) ?? {}) as { signal?: AbortSignal };
    if (signal !== undefined) signals.push(signal);
    return new Promise(() => {});
  };
  return { store: intercepted(store, around), signals };
}

/** Answers to `op` with whatever that is. */
export function answering(store: SnapshotStore, op: Op, answer: unknown): SnapshotStore {
  return intercepted(store, (asked, carryOut) => (asked === op ? answer : carryOut()));
}

export async function keysIn(store: SnapshotStore, prefix: string): Promise<readonly string[]> {
  return store.list(prefix, { limit: 1_000 });
}

export async function bytesAt(store: SnapshotStore, key: string): Promise<Uint8Array> {
  const bytes = await store.get(key);
  assert.ok(bytes, `nothing under ${key}`);
  return bytes;
}

/** Rewrites what lies under `key`. */
export async function damage(store: SnapshotStore, key: string, change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  await store.put(key, change(await bytesAt(store, key)));
}

/** With one bit of one byte turned. */
export function flipped(bytes: Uint8Array, index: number): Uint8Array {
  return bytes.map((byte, at) => (at === index ? byte ^ 1 : byte));
}
