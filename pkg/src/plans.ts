/**
 * Keys and plans as data, for hosts that do their own I/O. Pure and synchronous. An entry of its own, with the module of `snapfold/folds`, so
 * that applications with a repository do not pay for it.
 */
import type { ErrorCode } from './error.js';
import { toCoreBytes } from './core.js';
import { inspect } from './frame.js';
import { digestOption, exact, headerForPlans } from './head.js';
import { DEFAULTS } from './defaults.js';
import { checkId, knownOptions, oneOf, positiveInteger } from './options.js';
import { askPlain, plainModule } from './plain-module.js';
import type { PositionInput } from './position.js';
import type { SigningKey } from './signing.js';
import { retention, type Retention } from './retention.js';
import { isBytes } from './value/bytes.js';

/** Whose the snapshots of a key space are: a version of a definition, or a built-in fold by its digest of 32 bytes. */
export type Slot = number | Uint8Array;

/** The keys of one stream; docs/format.md §3. */
export const keys = {
  /** The prefix of everything that belongs to a stream. */
  stream: (name: string, streamId: string): string => key('stream', name, streamId),
  /** The prefix of one slot's snapshots; a plain ascending scan finds the newest first. */
  snapshots: (name: string, streamId: string, slot: Slot): string => key('snapshots', name, streamId, slotOf(slot)),
  /** The key of a snapshot. */
  snapshot: (name: string, streamId: string, slot: Slot, position: PositionInput): string =>
    key('snapshot', name, streamId, { ...slotOf(slot), position: exact('position', position) }),
  /** The key of the marker that a failed attempt leaves. */
  attempt: (name: string, streamId: string, slot: Slot): string => key('attempt', name, streamId, slotOf(slot)),
  /** The key of what is left of a stream that was forgotten; it does not hold the stream id. */
  tombstone: (name: string, streamId: string): string => key('tombstone', name, streamId),
  /** The position that a snapshot's key states; undefined if it is no such key. */
  positionOf: (key: string): bigint | undefined => {
    const position = askPlain<number | bigint | null>(toCoreBytes(key), (at, length) => plainModule.snapfold_position_of(at, length));
    return position === null ? undefined : BigInt(position);
  },
};

function key(kind: string, name: string, streamId: string, rest: object = {}): string {
  checkId('name', name);
  checkId('streamId', streamId);
  const question = toCoreBytes({ kind, name, streamId, ...rest });
  return askPlain(question, (at, length) => plainModule.snapfold_key(at, length));
}

export function slotOf(slot: Slot): object {
  return isBytes(slot) ? { foldDigest: digestOption('slot', slot) } : { version: positiveInteger('version', slot, { bits: 32 }) };
}

/**
 * One operation of a plan. Carry them out in order, each only when the one before is done, durably, and none after one that failed. To
 * verify is to get what lies there and `open` it: it must be sound and, after a put, hold the state that was put.
 */
export type PlannedOp =
  | { readonly op: 'put' | 'verify'; readonly key: string }
  /** Exactly these keys; the sound snapshot under `coveredBy` makes up for them. */
  | { readonly op: 'delete'; readonly keys: readonly string[]; readonly coveredBy: string };

interface PruneOptions {
  /** Which snapshots to keep, the new one included. */
  readonly keep?: number | Retention;
  /** Where a listing does not show every write at once, nothing is deleted. */
  readonly listing?: 'strong' | 'eventual';
}

export interface PlanOptions extends PruneOptions {
  /** Whether the frame is to be read back before anything is deleted behind it. Default: true. */
  readonly readBack?: boolean;
  /** Position of the snapshot that a load opened and used: without reading back, only what lies behind it is deleted. */
  readonly vouched?: PositionInput;
  /** Keys of which one has signed the frame. */
  readonly keys?: readonly SigningKey[];
}

/** How to store `frame`, given the keys that lie in its slot: the put, reading it back, and then the deletes that it makes safe. Inspects the frame. */
export function planSave(frame: Uint8Array, existing: readonly string[], options: PlanOptions = {}): PlannedOp[] {
  knownOptions('planSave', options, ['keep', 'listing', 'readBack', 'vouched', 'keys']);
  const { keep, readBack = DEFAULTS.readBack, vouched, keys } = options;
  const { payload, keyId: _, ...header } = inspect(frame, keys === undefined ? {} : { keys });
  const request = {
    header: headerForPlans(header),
    payload,
    frameBytes: frame.length,
    maxBytes: frame.length,
    keep: retention(keep),
    listing: listingOption(options),
    readBack: oneOf('readBack', readBack, [true, false]),
    vouched: vouched === undefined ? null : exact('vouched', vouched),
  };
  const question = toCoreBytes({ request, facts: [...existing] });
  return askPlain(question, (at, length) => plainModule.snapfold_plan_save(at, length));
}

/**
 * How to delete what retention no longer wants of the keys of a slot. `coveredBy` is the one of them that a load opened and used, which is
 * how it is known that the log agrees with it; what lies above it stays. A period needs `heads`, what {@link inspect} says of the others: a
 * snapshot without one is kept then. Leave out of `existing` what was found unusable.
 */
export function planPrune(
  existing: readonly string[],
  coveredBy: string,
  options: PruneOptions & { readonly heads?: readonly { readonly key: string; readonly takenAt?: number }[] } = {},
): PlannedOp[] {
  knownOptions('planPrune', options, ['keep', 'listing', 'heads']);
  const { keep, heads = [] } = options;
  const request = {
    keys: [...existing],
    coveredBy,
    keep: retention(keep),
    listing: listingOption(options),
    heads: heads.map(({ key, takenAt = null }) => ({ key, takenAt })),
  };
  return askPlain(toCoreBytes(request), (at, length) => plainModule.snapfold_plan_prune(at, length));
}

function listingOption({ listing = 'strong' }: PruneOptions): string {
  return oneOf('listing', listing, ['strong', 'eventual']);
}

/** What a load is asked for; the same fields as src/store/load/conversation.rs. */
export interface LoadRequest {
  readonly name: string;
  readonly streamId: string;
  readonly version: number;
  readonly foldDigest?: Uint8Array;
  readonly migratable?: readonly number[];
  readonly sequence: 'sparse' | { readonly contiguous: { readonly firstPosition: 0 | 1 } };
  readonly at?: PositionInput;
  readonly useSnapshots: boolean;
  readonly hasBounds: boolean;
  readonly lateArrivals?: boolean;
  /** A sparse log without bounds that leaves it out is taken to be pruned. */
  readonly history?: 'complete' | 'pruned';
  /** Default: `'replay'`. */
  readonly onStoreError?: 'replay' | 'throw';
  readonly maxReplay?: number;
}

/** One thing that a load has learned: the answer to the step before. */
export type LoadFact =
  | { readonly listed: { readonly keys: readonly string[] } }
  /** To `list`, by a driver that gets the first key and its bytes in one round trip; null if there is none. */
  | { readonly newest: { readonly key: string | null } }
  | { readonly unreadable: { readonly message: string } }
  | { readonly opened: { readonly eventCount: number; readonly anchor?: string | Uint8Array } }
  | { readonly rejected: { readonly code: ErrorCode; readonly message: string } }
  | { readonly firstRow: { readonly row: { readonly position: number | bigint; readonly anchor?: string | Uint8Array } | null } }
  | { readonly bounds: { readonly bounds: { readonly count?: number; readonly truncatedThrough?: number | bigint } } }
  /** To `use`, while the tail is folded: an event changes what snapshots at this position or above hold. The load goes on below it. */
  | { readonly invalidated: { readonly position: number | bigint } }
  /** To `use` and `replay`, while pages are folded: events next to this one are missing. The load begins again, once. */
  | { readonly gap: { readonly position: number | bigint } };

/** What to do next in a load. */
export type LoadStep =
  | { readonly do: 'list'; readonly prefix: string; readonly start: string | null; readonly limit: number }
  | { readonly do: 'open'; readonly key: string; readonly position: number | bigint }
  | { readonly do: 'read'; readonly from: number | bigint | null }
  | { readonly do: 'bounds'; readonly through: number | bigint | null }
  | { readonly do: 'use'; readonly key: string }
  | { readonly do: 'replay' }
  | { readonly do: 'fail'; readonly error: { readonly code: ErrorCode; readonly message: string } };

export interface NextLoad {
  readonly step: LoadStep;
  readonly rejected: readonly { readonly key: string; readonly position: number | bigint | null; readonly code: ErrorCode; readonly message: string }[];
}

/** The next step of a load: recovery as a function of all that was learned, for drivers of your own. */
export function next(request: LoadRequest, facts: readonly LoadFact[]): NextLoad {
  const { at, ...rest } = request;
  const asked = at === undefined ? rest : { ...rest, at: exact('at', at) };
  const question = toCoreBytes({ request: asked, facts: facts.map(inNumbers) });
  return askPlain(question, (at, length) => plainModule.snapfold_next_load(at, length));
}

/** A bigint that a number can express is another value, and no position. */
function inNumbers(fact: unknown): unknown {
  if (typeof fact === 'bigint') return exact('facts', fact);
  if (typeof fact !== 'object' || fact === null || isBytes(fact) || Array.isArray(fact)) return fact;
  return Object.fromEntries(Object.entries(fact).map(([name, part]) => [name, inNumbers(part)]));
}
