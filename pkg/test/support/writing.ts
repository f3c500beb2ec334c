/** What the processes that are killed write, step by step; known to them and to those who look at what they left. */
import type { SnapshotStore } from 'snapfold';

/** What lies under each key: the number of the step that wrote its value. */
export type Left = ReadonlyMap<string, number>;

/** In words of four bytes. */
const SIZES = [10, 250, 2_250, 30_000];

/** The value that a step writes. Its first four bytes are the number of the step; all others follow from it. */
export function valueOf(step: number): Uint8Array {
  const words = new Uint32Array(SIZES[(step * 7) % SIZES.length] as number);
  words[0] = step;
  for (let index = 1; index < words.length; index += 1) words[index] = Math.imul(words[index - 1] as number, 1_664_525) + 1_013_904_223;
  return new Uint8Array(words.buffer);
}

/** The step that wrote a value; undefined for what no step has written as a whole. */
export function stepOf(bytes: Uint8Array): number | undefined {
  if (bytes.length < 4) return undefined;
  const step = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const wanted = valueOf(step);
  return bytes.length === wanted.length && wanted.every((byte, index) => bytes[index] === byte) ? step : undefined;
}

export function prefixOf(writer: number): string {
  return `cart/cart-${writer}/s/v1/`;
}

/** Each step is one call of the store. */
export async function carryOut(store: SnapshotStore, writer: number, step: number): Promise<void> {
  const bytes = valueOf(step);
  const plan = planOf(store, writer, step);
  if (plan.length > 1) await store.transact?.(plan.map((op) => (op.op === 'delete' ? { op: 'delete', keys: [op.key] } : { op: 'put', key: op.key, bytes })));
  else if (plan[0].op === 'delete') await store.delete([plan[0].key]);
  else if (plan[0].op === 'putIfAbsent') await store.putIfAbsent?.(plan[0].key, bytes);
  else await store.put(plan[0].key, bytes);
}

/** What must be there after all steps up to that one. */
export function leftAfter(store: SnapshotStore, writer: number, step: number): Left {
  const left = new Map<string, number>();
  for (let each = 1; each <= step; each += 1) {
    for (const { op, key } of planOf(store, writer, each)) {
      if (op === 'delete') left.delete(key);
      else if (op === 'put' || !left.has(key)) left.set(key, each);
    }
  }
  return left;
}

interface PlannedOp {
  readonly op: 'put' | 'putIfAbsent' | 'delete';
  readonly key: string;
}

/** Puts over old values and new ones, deletes, and, where the store can, transactions that move a value from one key to another. */
function planOf(store: SnapshotStore, writer: number, step: number): readonly [PlannedOp, ...PlannedOp[]] {
  const place = step * 5;
  const op = (op: PlannedOp['op'], place: number): PlannedOp => ({ op, key: prefixOf(writer) + (place % 13).toString(16).padStart(16, '0') });
  if (step % 7 === 0) return [op('delete', place)];
  if (step % 5 === 0 && store.transact !== undefined) return [op('put', place), op('delete', place + 6), op('put', place + 3)];
  return [op(step % 3 === 0 && store.putIfAbsent !== undefined ? 'putIfAbsent' : 'put', place)];
}
