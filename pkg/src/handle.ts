/** What `load` returns: state and position, which always move together. */
import { seen } from './built-in.js';
import type { Anchor, BaseSnapshot, Rejection, Tail, Waiting } from './progress.js';
import type { Position } from './position.js';

/** A stream's state at a position. Immutable; `apply` makes the next one. */
export interface Handle<State, P extends Position> {
  readonly streamId: string;
  readonly state: State;
  /** Position of the last folded event, inclusive; null if nothing is folded yet. */
  readonly position: P | null;
  /** How many events are folded in. */
  readonly eventCount: number;
  /** How many events behind the position a built-in fold has read and keeps waiting for those that complete them; else 0. */
  readonly pending: number;
  /** Where the state came from. */
  readonly source: 'snapshot' | 'migrated' | 'replay';
  /** Position of the snapshot that it came from. */
  readonly restoredFrom: P | null;
  /** Events that the load folded. */
  readonly replayed: number;
  /** Snapshots that were found and not used, and why. */
  readonly rejected: readonly Rejection<P>[];
  /** True for a state of the past (`load(id, { at })`). */
  readonly historical: boolean;
  /** The owner's token when this was loaded; null without `fence`. */
  readonly fence: number | bigint | null;
}

/** What a repository knows of a handle beyond what the handle shows. */
export interface Internals<P extends Position> {
  /** The repository that made it. */
  readonly owner: object;
  /** What the handle shows, or the bytes of it. */
  readonly state: unknown;
  readonly waiting: Waiting<P>;
  readonly anchor: Anchor<P> | undefined;
  readonly commitment: Uint8Array | undefined;
  readonly tail: Tail;
  /** When the stream's first event was recorded, if the log said so. */
  readonly firstAt: number | undefined;
  /** The newest snapshot of the own slot below this state, if one was loaded or taken. */
  readonly base: BaseSnapshot | undefined;
  readonly load: { readonly millis: number; readonly events: number } | undefined;
  /** Shared by all handles of one state: once `apply` has taken a mutable state over, none of them may be used. */
  readonly life: { spent: boolean };
}

const internalsOf = new WeakMap<Handle<unknown, Position>, Internals<Position>>();

/** What a handle shows of its load; of another handle the state is not touched. */
type Origin<P extends Position> = Pick<Handle<unknown, P>, 'streamId' | 'source' | 'restoredFrom' | 'replayed' | 'rejected' | 'historical' | 'fence'>;

export function makeHandle<State, P extends Position>(
  { streamId, source, restoredFrom, replayed, rejected, historical, fence }: Origin<P>,
  { position, eventCount }: Pick<Handle<State, P>, 'position' | 'eventCount'>,
  internals: Internals<P>,
): Handle<State, P> {
  const handle: Handle<State, P> = Object.freeze({
    streamId,
    get state() {
      return seen(internals.state) as State;
    },
    position,
    eventCount,
    pending: internals.waiting.rows.length,
    source,
    restoredFrom,
    replayed,
    rejected,
    historical,
    fence,
  });
  internalsOf.set(handle, internals);
  return handle;
}

/** Undefined for anything that no repository made. */
export function internals<P extends Position>(handle: Handle<unknown, P>): Internals<P> | undefined {
  return internalsOf.get(handle) as Internals<P> | undefined;
}
