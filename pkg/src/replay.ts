/** Replaying a workflow from the steps of its journal. The twin of src/fold/journal/steps.rs. */
import { SnapshotError } from './error.js';
import { exact } from './head.js';
import { askPlain, plainModule } from './plain-module.js';
import { sameBytes } from './value/bytes.js';
import { encode } from './value/encode.js';

/** The completed steps of a journal, by the position of the event that began each, in ascending order. */
export type Steps = ReadonlyMap<number | bigint, Step>;

export interface Step {
  readonly kind: string;
  readonly commandId: unknown;
  readonly shape: unknown;
  /** In its place `error`, for a step that failed. */
  readonly result?: unknown;
  readonly error?: unknown;
  /** How many events of the journal it stands for. */
  readonly advanceBy: number;
}

/** What a workflow asks for. The order of keys in objects does not count. */
export interface Expected {
  readonly kind: string;
  readonly commandId: unknown;
  readonly shape: unknown;
}

/** What the steps answer. */
export type Replay =
  /** It was done before; `advanceBy` moves the cursor. */
  | { readonly status: 'step'; readonly result: unknown; readonly error?: never; readonly advanceBy: number }
  | { readonly status: 'step'; readonly error: unknown; readonly result?: never; readonly advanceBy: number }
  /** Something else was done there, or, without `found`, the cursor is in the middle of a step: another workflow wrote this journal. */
  | { readonly status: 'drift'; readonly expected: Expected; readonly found: (Step & { readonly position: number | bigint }) | undefined }
  /** The cursor lies behind all steps: the raw events go on. */
  | { readonly status: 'beyond' };

/**
 * What was recorded for a request at a cursor, which is a position. O(log n), after O(n) for the first call with these steps.
 *
 * A step counts from its first event; a cursor in its middle is drift. Between two steps lie only events that the table ignores: a cursor
 * there moves on to the next step. A request of kind `patched` is never drift for want of a step: where the workflow was not patched so, the
 * answer is `false`, and the cursor stays.
 *
 * @throws SnapshotError `invalidPosition` for a cursor that is no position.
 */
export function stepAt(steps: Steps, cursor: number | bigint, expected: Expected): Replay {
  if (!(steps instanceof Map)) throw new SnapshotError('invalidOption', 'must be the state of a journal: handle.state', { path: 'steps' });
  exact('cursor', cursor);
  const positions = positionsOf(steps);
  const next = firstFrom(positions, cursor);
  const position = positions[next];
  const before = positions[next - 1];
  const inside = before !== undefined && BigInt(cursor) < BigInt(before) + BigInt(steps.get(before)?.advanceBy ?? 0);
  if (position === undefined && !inside) return { status: 'beyond' };
  const step = position === undefined || (inside && position != cursor) ? undefined : steps.get(position); // 5 == 5n
  const asksTheSame = step?.kind === expected.kind && same(step.shape, expected.shape);
  if (step !== undefined && asksTheSame && same(step.commandId, expected.commandId)) {
    const advanceBy = step.advanceBy + Number(BigInt(position ?? cursor) - BigInt(cursor));
    return 'error' in step ? { status: 'step', error: step.error, advanceBy } : { status: 'step', result: step.result, advanceBy };
  }
  if (expected.kind === 'patched' && !asksTheSame) return { status: 'step', result: false, advanceBy: 0 };
  return { status: 'drift', expected, found: step && { ...step, position: position ?? cursor } };
}

const known = new WeakMap<Steps, readonly (number | bigint)[]>();

/** A Map finds what is at a position, but not what comes next. */
function positionsOf(steps: Steps): readonly (number | bigint)[] {
  const positions = known.get(steps);
  if (positions?.length === steps.size) return positions;
  const fresh = [...steps.keys()];
  known.set(steps, fresh);
  return fresh;
}

/** The place of the first position that is not below the cursor. */
function firstFrom(positions: readonly (number | bigint)[], cursor: number | bigint): number {
  let [low, high] = [0, positions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((positions[middle] as number | bigint) < cursor) low = middle + 1;
    else high = middle;
  }
  return low;
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  const [first, second] = [encode(a), encode(b)];
  return sameBytes(first, second) || (first.length === second.length && sameBytes(inOrder(first), inOrder(second)));
}

function inOrder(bytes: Uint8Array): Uint8Array {
  return askPlain(bytes, (address, length) => plainModule.snapfold_canonicalize(address, length));
}
