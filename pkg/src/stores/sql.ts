/** What the SQL stores share: a table with a row for each key, and ranges instead of patterns, since `LIKE` gives `_` a meaning. */
import { SnapshotError } from '../error.js';
import { toCore } from '../position.js';
import type { SnapshotMeta, SnapshotStore, StoreOp } from '../store.js';

/** A store that can do everything. */
export type SqlStore = SnapshotStore & Required<Pick<SnapshotStore, 'putIfAbsent' | 'newest' | 'transact'>>;

/** The columns of {@link rowOf}, in its order. */
export const COLUMNS = ['key', 'bytes', 'name', 'version', 'stream_id', 'position', 'event_count', 'taken_at', 'state_bytes'] as const;

const ABOVE_ASCII = '\x80';

/** A row. Positions are decimal text, exact to 2^64 − 1. */
export function rowOf(key: string, bytes: Uint8Array, meta: SnapshotMeta | undefined): (string | number | Uint8Array | null)[] {
  if (meta === undefined) return [key, bytes, null, null, null, null, null, null, null];
  const { name, version, streamId, position, eventCount, takenAt, stateBytes } = meta;
  return [key, bytes, name, version, streamId, toCore(position).toString(), eventCount, takenAt, stateBytes];
}

/** The keys with that prefix from `start` on are those from the first of these texts (inclusive) to the second (exclusive). */
export function range(prefix: string, start: string = prefix): [from: string, below: string] {
  return [start > prefix ? start : prefix, after(prefix)];
}

/** What is left of each key when the steps are done: bytes to be put, or undefined for deleted. */
export function outcomeOf(ops: readonly StoreOp[]): Map<string, Extract<StoreOp, { op: 'put' }> | undefined> {
  const outcome = new Map<string, Extract<StoreOp, { op: 'put' }> | undefined>();
  for (const op of ops) {
    if (op.op === 'put') outcome.set(op.key, op);
    else if (op.op === 'delete') for (const key of op.keys) outcome.set(key, undefined);
    else throw new SnapshotError('invalidOption', `there is no step ${String((op as { op?: unknown }).op)}`, { path: 'ops' });
  }
  return outcome;
}

/** The smallest text above every key with that prefix. */
function after(prefix: string): string {
  if (prefix === '') return ABOVE_ASCII;
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
