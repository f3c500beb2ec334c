/** The driver of a load: performs the steps that the core names, and tells it what was learned. */
import { FoldedState } from './built-in.js';
import { ask, fromCore } from './core.js';
import * as Operation from './operations.js';
import type { Settings } from './definition.js';
import { describe, SnapshotError } from './error.js';
import { anchorLike, Pages, type EventSource, type Row } from './events.js';
import { decodePayload, openPayload } from './frame.js';
import type { Expect, Header } from './head.js';
import type { LoadStep, NextLoad } from './plans.js';
import { bigintPositions, toCore, type Position } from './position.js';
import type { Rejection } from './progress.js';
import type { BoundedStore } from './bounded-store.js';

/** What a load works with. */
export interface LoadContext<State, Event, P extends Position> {
  readonly settings: Settings<State, Event, P>;
  readonly store: BoundedStore;
  readonly events: EventSource<Event, P>;
}

/** A verified snapshot, decoded, migrated and rebuilt. */
export interface Opened<State> {
  readonly header: Header & { readonly eventCount: number };
  readonly frameBytes: number;
  readonly state: State;
}

/** Where the fold begins: the snapshot (none: the initial state), and the log after it. */
export interface Recovered<State, Event, P extends Position> {
  readonly snapshot: Opened<State> | undefined;
  /** Where it lies. */
  readonly key: string | undefined;
  /** First rows to fold; the rest comes from `pages`. */
  readonly page: readonly Row<Event, P>[];
  readonly pages: Pages<Event, P>;
  readonly rejected: readonly Rejection<P>[];
}

/** What one load is asked for, with the definition's defaults filled in. */
export interface LoadSettings<P extends Position> {
  readonly at: P | undefined;
  readonly useSnapshots: boolean;
  readonly onStoreError: 'replay' | 'throw';
  readonly maxReplay: number | undefined;
}

/** Finds the newest snapshot that can be vouched for, given what is known already. Throws `historyUnavailable` rather than guess. */
export async function recover<State, Event, P extends Position>(
  context: LoadContext<State, Event, P>,
  streamId: string,
  options: LoadSettings<P>,
  facts: unknown[],
  signal: AbortSignal | undefined,
): Promise<Recovered<State, Event, P>> {
  const load = new Recovery(context, streamId, signal);
  const request = requestOf(context, streamId, options);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { step, rejected } = ask<NextLoad>(Operation.NextLoad, { request, facts });
      switch (step.do) {
        case 'use':
          return load.finish(step.key, rejected);
        case 'replay':
          return load.finish(undefined, rejected);
        case 'fail':
          throw fromCore({ ...step.error, ...load.cause });
        default:
          facts.push(await load.perform(step));
      }
    }
  } catch (error) {
    await load.close();
    throw error;
  }
}

function requestOf<State, Event, P extends Position>(
  { settings, events }: LoadContext<State, Event, P>,
  streamId: string,
  { at, ...options }: LoadSettings<P>,
): unknown {
  const { name, version, fold, migratable, sequence, firstPosition, lateArrivals } = settings;
  return {
    name,
    streamId,
    version,
    foldDigest: fold?.digest ?? null,
    migratable,
    sequence: sequence === 'sparse' ? 'sparse' : { contiguous: { firstPosition } },
    at: at === undefined ? null : toCore(at),
    ...options,
    hasBounds: events.bounds !== undefined,
    lateArrivals: lateArrivals === 'possible',
    history: events.history,
  };
}

class Recovery<State, Event, P extends Position> {
  readonly #context: LoadContext<State, Event, P>;
  readonly #streamId: string;
  readonly #signal: AbortSignal | undefined;
  /** What the store threw, if it did. */
  cause: { readonly cause?: unknown } = {};
  /** What the last look found first. */
  #newest: { readonly key: string; readonly bytes: Uint8Array } | undefined;
  #snapshot: Opened<State> | undefined;
  #pages: Pages<Event, P> | undefined;
  #page: Row<Event, P>[] = [];

  constructor(context: LoadContext<State, Event, P>, streamId: string, signal: AbortSignal | undefined) {
    this.#context = context;
    this.#streamId = streamId;
    this.#signal = signal;
  }

  /** The fact that answers `step`. */
  async perform(step: Exclude<LoadStep, { do: 'use' | 'replay' | 'fail' }>): Promise<unknown> {
    switch (step.do) {
      case 'list':
        return this.#list(step.prefix, step.start, step.limit);
      case 'open':
        return this.#open(step.key, step.position);
      case 'read':
        return this.#read(step.from);
      case 'bounds':
        return boundsFact(this.#context, this.#streamId, step.through);
    }
  }

  /** `key` is that of the snapshot to use. */
  finish(key: string | undefined, rejected: readonly Rejection<Position>[]): Recovered<State, Event, P> {
    if (this.#pages === undefined) throw new SnapshotError('readFailed', 'the log was not read');
    const snapshot = key !== undefined ? this.#snapshot : undefined;
    const [first, ...rest] = this.#page;
    const anchored = snapshot !== undefined && first !== undefined && first.position === this.#parse(snapshot.header.position);
    return {
      snapshot,
      key,
      page: anchored ? rest : this.#page,
      pages: this.#pages,
      rejected: rejected.map((rejection) => ({ ...rejection, position: this.#expressible(rejection.position) })),
    };
  }

  async close(): Promise<void> {
    await this.#pages?.close();
  }

  async #list(prefix: string, start: string | null, limit: number): Promise<unknown> {
    const { store, settings } = this.#context;
    try {
      if (!store.seeks) return { listed: { keys: await store.list(prefix, start, limit, settings.snapshotTimeout) } };
      this.#newest = await store.newest(prefix, start, settings.snapshotTimeout);
      return { newest: { key: this.#newest?.key ?? null } };
    } catch (error) {
      return this.#unreadable(error);
    }
  }

  async #open(key: string, position: number | bigint): Promise<unknown> {
    const { store, settings } = this.#context;
    if (this.#expressible(position) === null) {
      return { rejected: { code: 'invalidPosition', message: "beyond 2^53 - 1; define the snapshots with positions: 'bigint'" } };
    }
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#newest?.key === key ? this.#newest.bytes : await store.get(key, settings.snapshotTimeout);
      this.#newest = undefined;
    } catch (error) {
      return this.#unreadable(error);
    }
    if (bytes === undefined) {
      return { rejected: { code: 'absent', message: 'it was listed, but it is gone' } };
    }
    try {
      this.#snapshot = openSnapshot(settings, this.#streamId, position, bytes);
      const { eventCount, anchor } = this.#snapshot.header;
      return { opened: { eventCount, anchor: anchor ?? null } };
    } catch (error) {
      if (!SnapshotError.is(error)) throw error;
      return { rejected: { code: error.code, message: error.message } };
    }
  }

  #unreadable(cause: unknown): unknown {
    this.cause = { cause };
    return { unreadable: { message: describe(cause) } };
  }

  async #read(from: number | bigint | null): Promise<unknown> {
    const { events, settings } = this.#context;
    await this.close();
    this.#pages = new Pages(events, this.#streamId, {
      from: from === null ? undefined : this.#parse(from),
      pageSize: settings.pageSize,
      positions: settings.positions,
      sequence: settings.sequence,
      signal: this.#signal,
    });
    this.#page = await this.#pages.next();
    const [first] = this.#page;
    if (first === undefined) return { firstRow: { row: null } };
    const asked = from !== null && first.position === this.#parse(from);
    return { firstRow: { row: { position: toCore(first.position), anchor: asked ? anchorLike(this.#snapshot?.header.anchor, first) : null } } };
  }

  /** Null for a position that the definition's type cannot express; only a key can state one. */
  #expressible(position: number | bigint | null): P | null {
    const { positions } = this.#context.settings;
    if (position === null || (positions.kind === 'number' && position > Number.MAX_SAFE_INTEGER)) return null;
    return positions.parse(position, 'position of a key');
  }

  #parse(position: number | bigint): P {
    return this.#context.settings.positions.parse(position, 'position of a snapshot');
  }
}

/** The fact that answers `bounds`. */
export async function boundsFact<State, Event, P extends Position>(
  { settings: { positions }, events }: LoadContext<State, Event, P>,
  streamId: string,
  through: number | bigint | null,
): Promise<{ readonly bounds: object }> {
  try {
    const counted = through === null ? {} : { through: positions.parse(through, 'position of a snapshot') };
    const { count, truncatedThrough } = (await events.bounds?.(streamId, counted)) ?? {};
    return {
      bounds: {
        bounds: {
          count: count === undefined ? null : bigintPositions.parse(count, 'bounds.count'),
          truncatedThrough:
            truncatedThrough === undefined || truncatedThrough === null ?
              null
            : toCore(positions.parse(truncatedThrough, 'bounds.truncatedThrough')),
        },
      },
    };
  } catch (error) {
    if (SnapshotError.is(error)) throw error;
    throw new SnapshotError('readFailed', `events.bounds failed: ${describe(error)}`, { cause: error });
  }
}

/** Verify, decode, migrate, validate, rebuild: in this order. Throws a {@link SnapshotError} with the verdict. */
export function openSnapshot<State, Event, P extends Position>(
  settings: Settings<State, Event, P>,
  streamId: string,
  position: number | bigint,
  bytes: Uint8Array,
): Opened<State> {
  const { migratable } = settings;
  const { header, payload } = openPayload(bytes, { ...expected(settings, streamId, position), migratable });
  if (header.payload.mediaType !== undefined) {
    throw new SnapshotError('tooNew', `its payload is ${header.payload.mediaType}, which this repository does not read`);
  }
  const { eventCount } = header;
  if (typeof eventCount !== 'number') throw new SnapshotError('corrupt', `no log holds ${eventCount} events`);
  const plain = migrate(settings, header.version, decodePayload(payload));
  const state = rebuild(settings, plain);
  return {
    header: { ...header, eventCount },
    frameBytes: bytes.length,
    state: settings.fold === undefined ? state : (new FoldedState(payload.slice(), state) as State),
  };
}

/** What a frame under a key of this stream must be. */
export function expected<State, Event, P extends Position>(
  { name, version, fold, knows, maxStateBytes, keys }: Settings<State, Event, P>,
  streamId: string,
  position: number | bigint,
): Expect {
  const foldDigest = fold === undefined ? {} : { foldDigest: fold.digest };
  const known = knows === undefined ? {} : { knows: [...knows] };
  return { name, version, ...foldDigest, ...known, streamId, position, maxStateBytes, ...(keys.length === 0 ? {} : { keys }) };
}

function migrate<State, Event, P extends Position>(settings: Settings<State, Event, P>, from: number, plain: unknown): unknown {
  let migrated = plain;
  for (let version = from; version < settings.version; version += 1) {
    try {
      migrated = settings.migrate.get(version)?.(migrated);
    } catch (error) {
      throw new SnapshotError('migrationFailed', `the migration from version ${version} failed: ${describe(error)}`, { cause: error });
    }
    if (migrated === undefined || migrated instanceof Promise) {
      throw new SnapshotError('migrationFailed', `the migration from version ${version} must return the next plain form at once`);
    }
  }
  return migrated;
}

function rebuild<State, Event, P extends Position>(settings: Settings<State, Event, P>, plain: unknown): State {
  checkPlain(settings, plain);
  try {
    return settings.fromState(plain);
  } catch (error) {
    throw new SnapshotError('invalid', `fromState failed: ${describe(error)}`, { cause: error });
  }
}

/** Runs the definition's `validate`; throws `invalid`. */
export function checkPlain<State, Event, P extends Position>(settings: Settings<State, Event, P>, plain: unknown): void {
  try {
    if (settings.validate?.(plain) === false) throw new Error('it returned false');
  } catch (error) {
    throw new SnapshotError('invalid', `validate refused the state: ${describe(error)}`, { cause: error });
  }
}
