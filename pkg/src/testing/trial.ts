/** A definition at work on given events: what laws and locks look at, through the package's public surface. */
import type { Definition } from '../definition.js';
import { SnapshotError } from '../error.js';
import type { EventRow } from '../events.js';
import { inspect, open } from '../frame.js';
import type { Handle } from '../handle.js';
import { exact } from '../head.js';
import { invalidOption } from '../options.js';
import type { Position } from '../position.js';
import type { Repository } from '../repository.js';
import type { SnapshotStore } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { decode } from '../value/decode.js';
import { encode } from '../value/encode.js';

/**
 * The events of one stream, from its first on: bare ones, numbered from 1; or rows, for streams that begin at 0 or have gaps, and for policies
 * and folds that look at more of a row.
 */
export type TrialEvents<Event> = readonly Event[] | { readonly rows: readonly EventRow<Event>[] };

export function rowsOf<Event>(events: TrialEvents<Event>): readonly EventRow<Event>[] {
  if (Array.isArray(events)) return (events as Event[]).map((event, index) => ({ position: index + 1, id: `event-${index + 1}`, event }));
  const { rows } = Object(events) as { readonly rows?: readonly EventRow<Event>[] };
  if (Array.isArray(rows)) return rows;
  throw invalidOption('events', events, 'must be an array of events, or { rows } with an array of rows');
}

/** As a log gives it out: an event that can be encoded is a new one at each read. */
export function copied<Event>(row: EventRow<Event>): EventRow<Event> {
  try {
    return { ...row, event: decode(encode(row.event, { thorough: true })) as Event };
  } catch {
    return row;
  }
}

export interface TrialOptions<Event> {
  /** Rows in a page, at most. */
  readonly pageRows?: number;
  /** A snapshot that lies there. Those that are taken are not found again. */
  readonly snapshot?: Sealed;
  /** What a log makes of a row that was appended. Default {@link copied}. */
  readonly stored?: (row: EventRow<Event>) => EventRow<Event>;
}

/** A snapshot as it would lie in a store. */
export interface Sealed {
  readonly key: string;
  readonly frame: Uint8Array;
}

const STREAM = 'stream';

/** A repository on a log that can be looked at up to any of its rows, and how the states of its handles are encoded. */
export class Trial<State, Event, P extends Position> {
  readonly repository: Repository<State, Event, P>;
  readonly #log: { end: number };
  readonly #store: SnapshotStore;

  private constructor(repository: Repository<State, Event, P>, log: { end: number }, store: SnapshotStore) {
    this.repository = repository;
    this.#log = log;
    this.#store = store;
  }

  static async open<State, Event, P extends Position>(
    definition: Definition<State, Event, P>,
    rows: readonly EventRow<Event>[],
    { pageRows = Infinity, snapshot, stored = copied }: TrialOptions<Event> = {},
  ): Promise<Trial<State, Event, P>> {
    const log = { end: rows.length };
    const taken = memoryStore();
    const positions = rows.map(({ position }) => exact('position', position));
    /** How many rows come before the first one of which that is true. */
    const before = (found: (position: number | bigint) => boolean) => {
      const first = positions.findIndex(found);
      return Math.min(log.end, first === -1 ? rows.length : first);
    };
    const repository = await definition.open({
      store: {
        ...taken,
        list: (prefix) => (snapshot?.key.startsWith(prefix) ? [snapshot.key] : []),
        get: (key) => (key === snapshot?.key ? snapshot.frame : taken.get(key)),
      },
      events: {
        read: (_id, { from, limit }) => {
          const start = before((position) => position >= from);
          return rows.slice(start, Math.min(log.end, start + Math.min(limit, pageRows))).map(stored);
        },
        bounds: (_id, { through }) => ({ count: before((position) => through !== undefined && position > through) }),
      },
      observe: () => {},
    });
    return new Trial(repository, log, taken);
  }

  /** The state after the first `count` events. */
  load(count: number): Promise<Handle<State, P>> {
    this.#log.end = count;
    return this.repository.load(STREAM);
  }

  /** The state after those rows, the last of `count`. */
  async apply(handle: Handle<State, P>, rows: readonly EventRow<Event>[], count: number): Promise<Handle<State, P>> {
    try {
      return this.repository.apply(handle, rows);
    } catch (error) {
      if (SnapshotError.is(error) && error.code === 'invalidatesBase') return this.load(count);
      throw error;
    }
  }

  /** The snapshot of a handle; undefined if there is nothing new to snapshot. Rejects if its state cannot be. */
  async seal(handle: Handle<State, P>): Promise<Sealed | undefined> {
    const outcome = await this.repository.snapshot(handle);
    if (outcome.status !== 'taken') return undefined;
    return { key: outcome.key, frame: (await this.#store.get(outcome.key)) as Uint8Array };
  }
}

/** What a frame says of its state: equal states, equal digests. */
export function digestOf({ frame }: Sealed): string {
  return hex(inspect(frame).payload.digest);
}

/** The plain form of the state in a frame. */
export function plainOf({ frame }: Sealed): unknown {
  const { foldDigest } = inspect(frame);
  return open(frame, { maxStateBytes: Number.MAX_SAFE_INTEGER, ...(foldDigest === undefined ? {} : { foldDigest }) }).state;
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
