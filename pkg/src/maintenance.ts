/**
 * What is done with streams beside loading and saving: tidying up, taking back, forgetting, checking, rebuilding. An entry of its own,
 * `snapfold/maintenance`, on the module of `snapfold/plans`: most processes only load and save. Its Rust twin is src/store/maintenance.rs.
 */
import { connectionOf, type Connection } from './connection.js';
import { toCoreBytes } from './core.js';
import { divergence, HISTORY, sameHistory } from './divergence.js';
import { describe, SnapshotError } from './error.js';
import type { Handle } from './handle.js';
import { exact } from './head.js';
import { checkId, functionOption, invalidOption, knownOptions, positiveInteger } from './options.js';
import { askPlain, plainModule } from './plain-module.js';
import { keys, planPrune, slotOf, type Slot } from './plans.js';
import { toCore, type Position, type PositionInput } from './position.js';
import type { Rejection } from './progress.js';
import type { LoadOptions, Repository } from './repository.js';
import { headsOf, isSound, ownSlot, soundHeader, stored } from './soundness.js';
import type { StoreOp } from './store.js';
import { encode } from './value/encode.js';
import type { WatchOptions } from './watching.js';

export interface SlotsOptions {
  /** Versions, or digests of built-in folds, that are in use beside the repository's own: of a rolling deploy, or to roll back to. */
  readonly live?: readonly Slot[];
}

export interface SafeOptions extends SlotsOptions {
  /** Positions that everybody else who reads the stream has dealt with, inclusive. */
  readonly consumers?: readonly PositionInput[];
}

/** What a prune deleted. */
export interface Pruned {
  /** Which keys. */
  readonly deleted: readonly string[];
  /** The sound snapshot that makes up for them; null if nothing covers, and then nothing was deleted. */
  readonly coveredBy: string | null;
}

/** What is gone of a stream that was forgotten. */
export interface Forgotten {
  /** Which keys. */
  readonly deleted: readonly string[];
  /** Whether nothing is left. Not so where listings lag: what was written before may appear later. Forget the stream again then. */
  readonly complete: boolean;
}

/** What a full replay says of a stream. */
export interface Verified<P extends Position> {
  /** Where both stand. */
  readonly position: P | null;
  readonly eventCount: number;
  /** Position of the snapshot that was compared with the replay; null if none could be used, which proves nothing. */
  readonly snapshot: P | null;
  /** Whether that snapshot commits to a history, which then is that of the log (`commitment` of `defineSnapshots`). */
  readonly historyCompared: boolean;
}

export interface RebuildOptions {
  /** Streams at once. Default 4. */
  readonly concurrency?: number;
  /** Told after each stream. */
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Aborted: what is under way ends, and the report so far is returned. */
  readonly signal?: AbortSignal;
}

export interface RebuildProgress {
  readonly streamId: string;
  readonly result: keyof Counts | 'error';
  /** So far. */
  readonly report: Rebuilt;
}

interface Counts {
  /** Streams whose older snapshot was migrated and saved under the new version. */
  migrated: number;
  /** Streams that were replayed and saved. */
  rebuilt: number;
  /** Streams that had a snapshot of this version, or no events, or were forgotten. */
  skipped: number;
}

/** What became of the streams of a rebuild. */
export interface Rebuilt extends Readonly<Counts> {
  /** Streams that failed, and why. They did not stop the others. */
  readonly errors: readonly { readonly streamId: string; readonly error: SnapshotError }[];
}

export interface Maintenance<P extends Position> {
  /**
   * Deletes the snapshots of a stream at or above `from`, in every slot: what they hold is no longer true from there on. Which keys.
   * Throws `storeFailed`; `invalidOption` where listings lag, for what is not listed could not be deleted.
   */
  invalidate(streamId: string, options: { readonly from: PositionInput }): Promise<string[]>;
  /**
   * Deletes what lies in slots of a stream that nobody uses any more: all but this definition's and the `live` ones. Nothing, unless the
   * stream can be loaded from a snapshot of this definition's own slot, which is read once more. Which keys.
   */
  dropSlots(streamId: string, options?: SlotsOptions): Promise<string[]>;
  /**
   * Deletes what `keep` no longer wants of this definition's slot, the only way where it has a period. Nothing, unless the stream can be
   * loaded from a snapshot of the slot; that one is read once more, and then covers what goes. What the load rejected and what is not sound
   * neither counts nor is deleted. With a period each snapshot of the slot is read.
   */
  prune(streamId: string): Promise<Pruned>;
  /**
   * Deletes everything of a stream, in every slot, and leaves a tombstone without its id, so that whoever still holds the state cannot write
   * it again (`skipped: forgotten`). Where the store has `transact`, what a listing shows goes together with that. After an error, forget it again: the tombstone is put first, and what is gone stays gone. Where
   * listings lag it is no error; `complete` is false then. The log decides what there is: events that it still has are loaded as ever, by
   * replaying them, and only not snapshotted.
   */
  forget(streamId: string): Promise<Forgotten>;
  /** Lets a stream that was forgotten be snapshotted again. */
  revive(streamId: string): Promise<void>;
  /**
   * Through which position (inclusive) a stream's events may be deleted, so that this definition's slot and the `live` ones can still be
   * loaded from their oldest sound snapshot, and every consumer has dealt with them. Null if none may. Reads one event for each slot.
   */
  safeToPruneThrough(streamId: string, options?: SafeOptions): Promise<P | null>;
  /**
   * Compares the newest state with a full replay; and the history that its snapshot commits to with the log's. Throws `diverged` with the path
   * if they differ, which is `history` if the events do; what `load` throws.
   */
  verify(streamId: string, options?: WatchOptions): Promise<Verified<P>>;
  /**
   * Gives streams a snapshot of this version, after it changed: migrates or replays those that have none. What has one is skipped, so that a
   * rebuild that was interrupted goes on where it was. Never rejects for a stream's sake.
   */
  rebuild(streamIds: Iterable<string> | AsyncIterable<string>, options?: RebuildOptions): Promise<Rebuilt>;
}

/** The maintenance of a repository's streams. */
export function maintain<State, Event, P extends Position>(repository: Repository<State, Event, P>): Maintenance<P> {
  const connection = connectionOf<State, Event, P>(repository);
  if (connection === undefined) throw invalidOption('repository', repository, 'must be one that a definition opened');
  return new Maintainer(repository, connection);
}

/** Keys listed and deleted at once. */
const PAGE = 100;

/** How often a stream that is being forgotten is listed until nothing is left of it: each writer that was under way adds a key or two once. */
const SWEEPS = 100;

/** How often a state is compared with its replay, at most, because an event arrived late between the two. */
const COMPARISONS = 3;

/** Who checks or rebuilds has asked for it. */
const WHATEVER_IT_COSTS = { maxReplay: Number.MAX_SAFE_INTEGER };

interface Covering<P extends Position> {
  readonly key: string;
  readonly position: number | bigint;
  /** What the load passed over. */
  readonly rejected: readonly Rejection<P>[];
}

class Maintainer<State, Event, P extends Position> implements Maintenance<P> {
  readonly #repository: Repository<State, Event, P>;
  readonly #connection: Connection<State, Event, P>;

  constructor(repository: Repository<State, Event, P>, connection: Connection<State, Event, P>) {
    this.#repository = repository;
    this.#connection = connection;
  }

  async invalidate(streamId: string, options: { readonly from: PositionInput }): Promise<string[]> {
    knownOptions('invalidate', options, ['from']);
    const from = exact('invalidate.from', options.from);
    const listed = await this.#listed(this.#prefix(streamId));
    return this.#remove(streamId, planned({ invalidate: { keys: listed, from } }));
  }

  async dropSlots(streamId: string, options: SlotsOptions = {}): Promise<string[]> {
    knownOptions('dropSlots', options, ['live']);
    const live = [...arrayOption('dropSlots.live', options.live), this.#slot].map(slotOf);
    const prefix = this.#prefix(streamId);
    const covering = await this.#covering(streamId);
    if (covering === undefined) return [];
    const { key, position } = covering;
    const abandoned = planned({ dropSlots: { keys: await this.#listed(prefix), coveredBy: key, live } });
    if (abandoned.length === 0 || (await soundHeader(this.#connection, streamId, this.#slot, key, position)) === undefined) return [];
    return this.#remove(streamId, abandoned);
  }

  async prune(streamId: string): Promise<Pruned> {
    const { settings, store } = this.#connection;
    const covering = await this.#covering(streamId);
    if (covering === undefined) return NOTHING_PRUNED;
    const { key: coveredBy, position, rejected } = covering;
    const listed = await this.#listed(keys.snapshots(settings.name, streamId, this.#slot));
    const usable = listed.filter((key) => !rejected.some((rejection) => rejection.key === key));
    const { last, positions, every } = settings.keep;
    const heads = every === null ? undefined : await headsOf(this.#connection, streamId, usable);
    const existing = heads?.map(({ key }) => key) ?? usable;
    if (!existing.includes(coveredBy)) return NOTHING_PRUNED; // somebody was faster
    const keep = { last, positions, ...(every === null ? {} : { every }) };
    const deleted: string[] = [];
    for (const op of planPrune(existing, coveredBy, { keep, listing: store.listing, ...(heads && { heads }) })) {
      if (op.op === 'delete') deleted.push(...(await this.#remove(streamId, [...op.keys])));
      else if ((await soundHeader(this.#connection, streamId, this.#slot, op.key, position)) === undefined) return NOTHING_PRUNED;
    }
    return { deleted, coveredBy };
  }

  async forget(streamId: string): Promise<Forgotten> {
    const { settings, store } = this.#connection;
    const prefix = this.#prefix(streamId);
    const tombstone: StoreOp = { op: 'put', key: keys.tombstone(settings.name, streamId), bytes: encode({ at: settings.clock() }) };
    const shown = store.transacts ? await this.#shown(prefix) : [];
    await this.#carryOut([tombstone, ...deletions(shown)]);
    try {
      return await this.#sweep(prefix, shown);
    } finally {
      this.#forgetWhatIsRemembered(streamId);
    }
  }

  async revive(streamId: string): Promise<void> {
    const { name, snapshotTimeout } = this.#connection.settings;
    const tombstone = keys.tombstone(name, streamId);
    await stored(this.#connection, (store) => store.delete([tombstone], snapshotTimeout));
    this.#forgetWhatIsRemembered(streamId); // that saves were in vain
  }

  async safeToPruneThrough(streamId: string, options: SafeOptions = {}): Promise<P | null> {
    knownOptions('safeToPruneThrough', options, ['live', 'consumers']);
    checkId('streamId', streamId);
    const consumers = arrayOption('safeToPruneThrough.consumers', options.consumers).map((position) => exact('safeToPruneThrough.consumers', position));
    const { name } = this.#connection.settings;
    const slots = new Map([...arrayOption('safeToPruneThrough.live', options.live), this.#slot].map((slot) => [keys.snapshots(name, streamId, slot), slot])); // each once
    const oldest: (number | bigint | null)[] = [];
    for (const [prefix, slot] of slots) oldest.push(await this.#oldestVerified(streamId, prefix, slot));
    const through = planned<number | bigint | null>({ safeToPruneThrough: { oldest, consumers } });
    return through === null ? null : this.#connection.settings.positions.parse(through, 'safeToPruneThrough');
  }

  async verify(streamId: string, options: WatchOptions = {}): Promise<Verified<P>> {
    knownOptions('verify', options, ['onProgress', 'signal']);
    const { settings } = this.#connection;
    const [loaded, replayed] = await this.#loadedAndReplayed(streamId, { ...WHATEVER_IT_COSTS, ...options });
    const { position, eventCount, restoredFrom } = loaded;
    const path = divergence(settings, loaded, replayed);
    if (path === undefined && eventCount === replayed.eventCount) {
      const historyCompared = restoredFrom !== null && sameHistory(loaded, replayed) === true;
      return { position, eventCount, snapshot: restoredFrom, historyCompared };
    }
    throw new SnapshotError('diverged', path === HISTORY ? otherHistory(restoredFrom) : otherState(restoredFrom), {
      ...(path === undefined ? {} : { path }),
      ...(position === null ? {} : { position }),
    });
  }

  async rebuild(streamIds: Iterable<string> | AsyncIterable<string>, options: RebuildOptions = {}): Promise<Rebuilt> {
    knownOptions('rebuild', options, ['concurrency', 'onProgress', 'signal']);
    if (typeof streamIds === 'string') throw invalidOption('rebuild.streamIds', streamIds, 'must be ids, such as an array of them, and not one');
    const concurrency = positiveInteger('rebuild.concurrency', options.concurrency ?? 4);
    if (options.onProgress !== undefined) functionOption('rebuild.onProgress', options.onProgress);
    const report = { migrated: 0, rebuilt: 0, skipped: 0, errors: [] as { streamId: string; error: SnapshotError }[] };
    const ids = iterator(streamIds);
    const work = async (): Promise<void> => {
      while (options.signal?.aborted !== true) {
        const next = await ids.next();
        if (next.done === true) return;
        const result = await this.#rebuildOne(next.value).catch((error: unknown) => {
          report.errors.push({ streamId: next.value, error: asError(error) });
          return 'error' as const;
        });
        if (result !== 'error') report[result] += 1;
        options.onProgress?.({ streamId: next.value, result, report: { ...report, errors: [...report.errors] } });
      }
    };
    try {
      await Promise.all(Array.from({ length: concurrency }, work));
    } finally {
      await ids.return(undefined);
    }
    return report;
  }

  /** The newest state, and the full replay of the same events. */
  async #loadedAndReplayed(streamId: string, options: LoadOptions): Promise<[Handle<State, P>, Handle<State, P>]> {
    const { sequence, lateArrivals } = this.#connection.settings;
    for (let attempt = 1; ; attempt += 1) {
      const loaded = await this.#repository.load(streamId, options);
      const whole = { ...options, useSnapshots: false };
      const replayed = await this.#repository.load(streamId, loaded.position === null ? whole : { ...whole, at: loaded.position });
      const late = sequence === 'sparse' && lateArrivals === 'possible' && loaded.eventCount !== replayed.eventCount;
      if (!late || attempt === COMPARISONS) return [loaded, replayed];
    }
  }

  async #rebuildOne(streamId: string): Promise<keyof Counts> {
    const handle = await this.#repository.load(streamId, WHATEVER_IT_COSTS);
    if (handle.source === 'snapshot') return 'skipped';
    const outcome = await this.#repository.snapshot(handle);
    if (outcome.status === 'taken') return handle.source === 'migrated' ? 'migrated' : 'rebuilt';
    if (outcome.status === 'skipped' && NOTHING_TO_REBUILD.includes(outcome.code)) return 'skipped';
    throw new SnapshotError('storeFailed', `no snapshot was taken: ${outcome.reason}`);
  }

  get #slot(): Slot {
    return ownSlot(this.#connection.settings);
  }

  #prefix(streamId: string): string {
    return keys.stream(this.#connection.settings.name, streamId);
  }

  /** What a load uses of the own slot, which makes up for what is deleted; undefined if that is no snapshot of it. */
  async #covering(streamId: string): Promise<Covering<P> | undefined> {
    const { source, restoredFrom, rejected } = await this.#repository.load(streamId);
    if (source !== 'snapshot' || restoredFrom === null) return undefined;
    const key = keys.snapshot(this.#connection.settings.name, streamId, this.#slot, restoredFrom);
    return { key, position: toCore(restoredFrom), rejected };
  }

  /** Position of the oldest snapshot of a slot, whose keys have that prefix, that is sound and of the log's own history. */
  async #oldestVerified(streamId: string, prefix: string, slot: Slot): Promise<number | bigint | null> {
    const listed = await this.#listed(prefix);
    for (const key of listed.reverse()) {
      const position = keys.positionOf(key);
      if (position !== undefined && (await isSound(this.#connection, streamId, slot, key, position))) return toCore(position);
    }
    return null;
  }

  /** All keys with that prefix. Where listings lag it would not be all. */
  async #listed(prefix: string): Promise<string[]> {
    const { listing } = this.#connection.store;
    if (listing === 'eventual') {
      throw invalidOption('store.listing', listing, 'its listings lag: what they do not show yet could not be dealt with');
    }
    return this.#shown(prefix);
  }

  /** What a listing shows of the keys with that prefix. */
  async #shown(prefix: string): Promise<string[]> {
    const { settings } = this.#connection;
    const all: string[] = [];
    for (;;) {
      const last = all.at(-1);
      const page = await stored(this.#connection, (store) => store.list(prefix, last ?? null, PAGE, settings.snapshotTimeout));
      const fresh = page.filter((key) => key.startsWith(prefix) && (last === undefined || key > last));
      if (fresh.length === 0) return all;
      all.push(...fresh);
    }
  }

  /** Deletes keys of a stream, and no longer counts on them. Which ones. */
  async #remove(streamId: string, unwanted: string[]): Promise<string[]> {
    await this.#carryOut(deletions(unwanted));
    const memory = this.#connection.snapshotter.streams.peek(streamId);
    if (memory?.lastTaken !== undefined && unwanted.includes(memory.lastTaken.key)) memory.lastTaken = undefined;
    return unwanted;
  }

  /** All or nothing where the store has transactions, else one after the other. */
  async #carryOut(ops: readonly StoreOp[]): Promise<void> {
    const { snapshotTimeout } = this.#connection.settings;
    await stored(this.#connection, async (store) => {
      if (ops.length > 1 && store.transacts) return store.transact(ops, snapshotTimeout);
      for (const op of ops) {
        if (op.op === 'put') await store.put(op.key, op.bytes, op.meta, snapshotTimeout);
        else await store.delete(op.keys, snapshotTimeout);
      }
    });
  }

  /** Deletes until a listing shows nothing; where listings lag, what one shows. What is gone already counts. */
  async #sweep(prefix: string, gone: readonly string[]): Promise<Forgotten> {
    const lagging = this.#connection.store.listing === 'eventual';
    const deleted = new Set<string>(gone);
    let complete = false;
    for (let sweep = 0; sweep < (lagging ? 1 : SWEEPS); sweep += 1) {
      const shown = await this.#shown(prefix);
      complete = shown.length === 0 && !lagging;
      if (shown.length === 0) break;
      await this.#carryOut(deletions(shown));
      for (const key of shown) deleted.add(key);
    }
    return { deleted: [...deleted].sort(), complete };
  }

  /** Also that saves failed. One that is under way goes on being the only one. */
  #forgetWhatIsRemembered(streamId: string): void {
    const { streams, remembered } = this.#connection.snapshotter;
    const memory = streams.peek(streamId);
    if (memory?.inFlight === true) memory.lastTaken = memory.lastTried = undefined;
    else streams.forget(streamId);
    remembered?.forget(streamId);
  }
}

const NOTHING_PRUNED: Pruned = { deleted: [], coveredBy: null };

const NOTHING_TO_REBUILD: readonly string[] = ['nothingFolded', 'alreadyCovered', 'forgotten'];

function arrayOption<T>(option: string, value: readonly T[] = []): readonly T[] {
  if (Array.isArray(value)) return value as readonly T[];
  throw invalidOption(option, value, 'must be an array');
}

/** Page by page. */
function deletions(unwanted: readonly string[]): StoreOp[] {
  const pages = Array.from({ length: Math.ceil(unwanted.length / PAGE) }, (_, page) => page * PAGE);
  return pages.map((from) => ({ op: 'delete', keys: unwanted.slice(from, from + PAGE) }));
}

function planned<T = string[]>(question: object): T {
  return askPlain(toCoreBytes(question), (at, length) => plainModule.snapfold_plan_upkeep(at, length));
}

/** One for all who work through it: a generator answers one after the other. */
function iterator(ids: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  return (async function* () {
    yield* ids;
  })();
}

function asError(error: unknown): SnapshotError {
  return SnapshotError.is(error) ? error : new SnapshotError('readFailed', describe(error), { cause: error });
}

function otherState(snapshot: Position | null): string {
  return snapshot === null ?
      'two replays of the same events gave two states: evolve is not deterministic'
    : `the state that was built on the snapshot at ${snapshot} is not the one that a full replay gives: evolve is not deterministic, or it changed without a new version; invalidate the snapshot`;
}

function otherHistory(snapshot: Position | null): string {
  return snapshot === null ?
      'two replays read two histories: events were changed meanwhile; verify again'
    : `the log holds other events at ${snapshot} or below than those that the snapshot there was folded of; restore the log, or invalidate the snapshot`;
}
