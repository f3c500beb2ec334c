/** A repository: one definition, connected to a store and a log. */
import { BoundedStore } from './bounded-store.js';
import { calling, core } from './core.js';
import { DEFAULTS } from './defaults.js';
import type { Settings } from './definition.js';
import { describe, SnapshotError } from './error.js';
import { anchorOf, checkSource, Pages, parseRow, type EventRow, type EventSource, type Row } from './events.js';
import { internals, makeHandle, type Handle, type Internals } from './handle.js';
import { recover, type LoadContext, type Recovered } from './load.js';
import { checkId, functionOption, hosted, invalidOption, knownOptions, oneOf, positiveInteger } from './options.js';
import { decide, needs, type Decision, type PolicyNeeds } from './policy.js';
import type { Position, PositionInput } from './position.js';
import { anchorIdentity, EMPTY_TAIL, Folder, sameAnchor, type BaseSnapshot, type Progress } from './progress.js';
import { observerOf, type Observer } from './report.js';
import { Deadline, markAttempt, readAttempt, save, sealHandle, type SaveResult } from './save.js';
import type { SnapshotStore } from './store.js';
import { Streams, type Attempt } from './streams.js';
import { decode } from './value/decode.js';
import { encode } from './value/encode.js';

/** What a definition is connected to. */
export interface OpenOptions<Event, P extends Position, Raw = EventRow<Event>> {
  readonly store: SnapshotStore;
  /** `Raw` is what `read` returns: rows, or anything that `row` makes rows of. */
  readonly events: EventSource<Event, P, Raw>;
  /** Told of everything that happens. Default: one warning for each kind of trouble. */
  readonly observe?: Observer;
}

export interface LoadOptions {
  /** The state at this position (inclusive) instead of the newest; the handle is historical. */
  readonly at?: PositionInput;
  /** `false`: full replay, without looking at the store. */
  readonly useSnapshots?: boolean;
}

/** How `maybeSnapshot` ended; `handle` is the one to keep. */
export type Outcome<State, P extends Position> =
  | {
      readonly status: 'taken';
      /** Why the policy asked for it. */
      readonly reason: string;
      readonly handle: Handle<State, P>;
      readonly position: P;
      readonly key: string;
      /** Size of the frame. */
      readonly bytes: number;
      /** Keys that retention deleted after it. */
      readonly deleted: readonly string[];
    }
  | {
      readonly status: 'skipped';
      readonly code: 'notDue' | 'nothingFolded' | 'inFlight' | 'alreadyCovered' | 'historical' | 'unknownEvent' | 'tooLarge';
      readonly reason: string;
      readonly handle: Handle<State, P>;
    }
  | {
      readonly status: 'failed';
      readonly reason: string;
      readonly error: SnapshotError;
      readonly handle: Handle<State, P>;
    };

/** Loads, extends and snapshots the streams of one definition. */
export interface Repository<State, Event, P extends Position> {
  /** The newest state: snapshot and tail, or the full replay. */
  load(streamId: string, options?: LoadOptions): Promise<Handle<State, P>>;
  /**
   * Folds rows that were just appended; a gap or a wrong order is an error and leaves `handle` as it is. With `through`, the position
   * of the last of them, bare events are numbered.
   */
  apply(handle: Handle<State, P>, rows: readonly EventRow<Event>[] | EventRow<Event>): Handle<State, P>;
  apply(handle: Handle<State, P>, events: readonly Event[], options: { readonly through: PositionInput }): Handle<State, P>;
  /** Reads and folds only what came after; loads anew if the handle and the log no longer share one history. */
  refresh(handle: Handle<State, P>): Promise<Handle<State, P>>;
  /** Takes a snapshot if the policy says so. Never throws; decides and encodes before its first await. */
  maybeSnapshot(handle: Handle<State, P>): Promise<Outcome<State, P>>;
  /** Takes a snapshot now, whatever the policy says; throws if it cannot. */
  snapshot(handle: Handle<State, P>): Promise<Outcome<State, P>>;
}

export function openRepository<State, Event, P extends Position, Raw>(
  settings: Settings<State, Event, P>,
  options: OpenOptions<Event, P, Raw>,
): Repository<State, Event, P> {
  knownOptions('open', options, ['store', 'events', 'observe']);
  checkStore(options.store);
  checkSource(options.events);
  if (options.observe !== undefined) functionOption('observe', options.observe);
  if (settings.sequence === 'sparse' && settings.lateArrivals === 'possible' && options.events.bounds === undefined) {
    throw invalidOption(
      'events.bounds',
      undefined,
      "a sparse stream needs it to notice events that arrive late; or define the snapshots with lateArrivals: 'impossible'",
    );
  }
  checkInitialState(settings);
  return new SnapshotRepository(settings, options as OpenOptions<Event, P>);
}

class SnapshotRepository<State, Event, P extends Position> implements Repository<State, Event, P> {
  readonly #settings: Settings<State, Event, P>;
  readonly #context: LoadContext<State, Event, P>;
  readonly #needs: PolicyNeeds;
  readonly #folder: Folder<State, Event, P>;
  readonly #streams = new Streams(DEFAULTS.rememberedStreams);
  readonly #observe: Observer;

  constructor(settings: Settings<State, Event, P>, options: OpenOptions<Event, P>) {
    this.#settings = settings;
    this.#context = { settings, store: new BoundedStore(options.store), events: options.events };
    this.#needs = needs(settings.policy);
    this.#folder = new Folder(settings, this.#needs);
    this.#observe = observerOf(options.observe);
  }

  async load(streamId: string, options: LoadOptions = {}): Promise<Handle<State, P>> {
    knownOptions('load', options, ['at', 'useSnapshots']);
    const at = options.at === undefined ? undefined : this.#settings.positions.parse(options.at, 'load.at');
    const useSnapshots = oneOf<never>('load.useSnapshots', options.useSnapshots ?? true, [true, false] as never[]);
    checkId('streamId', streamId);
    const began = this.#settings.clock();
    const recovered = await recover(this.#context, streamId, { at, useSnapshots });
    const progress = startOf(this.#settings, recovered);
    const before = progress.eventCount;
    await this.#foldThrough(progress, recovered.page, recovered.pages, at);
    const millis = Math.max(0, this.#settings.clock() - began);
    const handle = this.#handleOf(streamId, progress, recovered, { millis, replayed: progress.eventCount - before, at });
    const { version } = this.#settings;
    const { position, eventCount, source, replayed, rejected } = handle;
    this.#observe({ type: 'loaded', streamId, version, position, eventCount, source, replayed, rejected, millis });
    this.#forgetRejected(handle);
    if (useSnapshots) await this.#recallAttempt(handle);
    return handle;
  }

  apply(
    handle: Handle<State, P>,
    rows: readonly EventRow<Event>[] | EventRow<Event> | readonly Event[],
    options?: { readonly through: PositionInput },
  ): Handle<State, P> {
    const inside = this.#usable(handle);
    if (handle.historical) {
      throw new SnapshotError('historical', 'a state of the past cannot be extended; load the stream without `at`');
    }
    if (options !== undefined) knownOptions('apply', options, ['through']);
    const list = Array.isArray(rows) ? rows : [rows];
    const parsed =
      options === undefined ?
        (list as EventRow<Event>[]).map((row) => parseRow(row, this.#settings.positions))
      : this.#number(handle, list as Event[], options.through);
    const progress = progressOf(handle, inside);
    if (this.#settings.mutable && parsed.length > 0) {
      this.#folder.check(progress, parsed); // once the state has changed there is no way back
      inside.spent = true;
    }
    this.#folder.fold(progress, parsed);
    return makeHandle({ ...handle, ...shown(progress) }, { ...inside, ...hidden(progress), spent: false });
  }

  async refresh(handle: Handle<State, P>): Promise<Handle<State, P>> {
    const inside = this.#usable(handle);
    if (handle.historical) throw new SnapshotError('historical', 'a state of the past stays as it is; load the stream without `at`');
    const { events } = this.#context;
    const { positions, pageSize, sequence, lateArrivals } = this.#settings;
    if (handle.position === null || (sequence === 'sparse' && lateArrivals === 'possible')) return this.load(handle.streamId);
    const pages = new Pages(events, handle.streamId, { from: handle.position, pageSize, positions });
    const [first, ...page] = await pages.next();
    const same = first?.position === handle.position && sameAnchor(anchorIdentity(inside.anchor), this.#identity(inside, first));
    if (!same) {
      await pages.close();
      return this.#reload(handle);
    }
    const progress = progressOf(handle, inside);
    if (this.#settings.mutable) inside.spent = true;
    await this.#foldThrough(progress, page, pages, undefined);
    return makeHandle({ ...handle, ...shown(progress) }, { ...inside, ...hidden(progress), spent: false });
  }

  async maybeSnapshot(handle: Handle<State, P>): Promise<Outcome<State, P>> {
    try {
      const inside = this.#usable(handle);
      const refusal = this.#refusal(handle, inside);
      if (refusal !== undefined) return { status: 'skipped', handle, ...refusal };
      const decision = this.#decide(handle, inside);
      if (decision.take) return await this.#attempt(handle, inside, decision.reason);
      return {
        status: 'skipped',
        code: 'notDue',
        get reason() {
          return decision.reason; // words cost more than the decision
        },
        handle,
      };
    } catch (error) {
      return this.#failed(handle, error);
    }
  }

  async snapshot(handle: Handle<State, P>): Promise<Outcome<State, P>> {
    const inside = this.#usable(handle);
    const refusal = this.#refusal(handle, inside);
    if (refusal?.code === 'historical') throw new SnapshotError('historical', refusal.reason);
    if (refusal?.code === 'unknownEvent') throw new SnapshotError('invalidEvent', refusal.reason);
    if (refusal !== undefined) return { status: 'skipped', handle, ...refusal };
    const outcome = await this.#attempt(handle, inside, 'asked for');
    if (outcome.status === 'failed') throw outcome.error;
    if (outcome.status === 'skipped' && outcome.code === 'tooLarge') throw new SnapshotError('tooLarge', outcome.reason);
    return outcome;
  }

  // Loading

  /** The log went another way than the handle. If it is empty now, it may as well be lost. */
  async #reload(handle: Handle<State, P>): Promise<Handle<State, P>> {
    const fresh = await this.load(handle.streamId);
    if (fresh.position !== null) return fresh;
    throw new SnapshotError(
      'historyUnavailable',
      `the log is empty, but this handle stands at ${handle.position}; load the stream if it was reset on purpose`,
    );
  }

  async #foldThrough(
    progress: Progress<State, P>,
    first: readonly Row<Event, P>[],
    pages: Pages<Event, P>,
    at: P | undefined,
  ): Promise<void> {
    let reached = progress.position !== null && progress.position === at;
    let page = first;
    try {
      while (!reached) {
        if (page.length === 0) page = await pages.next();
        if (page.length === 0) break;
        const end = at === undefined ? -1 : page.findIndex((row) => row.position > at);
        this.#folder.fold(progress, end === -1 ? page : page.slice(0, end));
        reached = end !== -1 || (at !== undefined && progress.position === at);
        page = [];
      }
    } finally {
      await pages.close();
    }
    const passed = this.#settings.sequence === 'sparse' || progress.position === at;
    if (at !== undefined && !(reached && passed)) {
      throw new SnapshotError('beyondLog', `the log ends at ${progress.position ?? 'its start'}`, { position: at });
    }
  }

  #handleOf(
    streamId: string,
    progress: Progress<State, P>,
    { snapshot, rejected }: Recovered<State, Event, P>,
    load: { millis: number; replayed: number; at: P | undefined },
  ): Handle<State, P> {
    const { version, positions } = this.#settings;
    const own = snapshot?.header.version === version ? snapshot : undefined;
    const base: BaseSnapshot | undefined = own && {
      events: own.header.eventCount,
      at: own.header.takenAt,
      bytes: own.frameBytes,
    };
    return makeHandle<State, P>(
      {
        streamId,
        ...shown(progress),
        source: snapshot === undefined ? 'replay' : own === undefined ? 'migrated' : 'snapshot',
        restoredFrom: snapshot === undefined ? null : positions.parse(snapshot.header.position, 'position of a snapshot'),
        replayed: load.replayed,
        rejected,
        historical: load.at !== undefined,
      },
      {
        owner: this,
        ...hidden(progress),
        base,
        load: { millis: load.millis, events: progress.eventCount },
        distrusted: rejected.map(({ key }) => key),
        spent: false,
      },
    );
  }

  /** A snapshot that was found to be unusable no longer counts as the last one. */
  #forgetRejected({ streamId, rejected }: Handle<State, P>): void {
    if (rejected.length === 0 || !this.#streams.has(streamId)) return;
    const memory = this.#streams.of(streamId);
    if (rejected.some(({ key }) => key === memory.lastTaken?.key)) memory.lastTaken = undefined;
  }

  /** Only a stream that is due, and that this process knows nothing of, costs the extra read. */
  async #recallAttempt(handle: Handle<State, P>): Promise<void> {
    const inside = internals(handle);
    if (inside === undefined || handle.historical || handle.eventCount === 0 || this.#streams.has(handle.streamId)) return;
    const unreadable = handle.rejected.some(({ code }) => code === 'unreadable');
    try {
      if (unreadable || !this.#decide(handle, inside).take) return;
      const attempt = await readAttempt(this.#settings, this.#context.store, handle.streamId);
      this.#streams.of(handle.streamId).lastTried = attempt;
    } catch (error) {
      this.#warn(handle.streamId, 'unreadable', `the marker of the last attempt could not be read: ${describe(error)}`);
    }
  }

  #identity(inside: Internals<P>, row: Row<Event, P>): string | Uint8Array {
    const digest = anchorIdentity(inside.anchor) instanceof Uint8Array;
    return anchorOf(digest ? { ...row, id: undefined } : row);
  }

  // Applying

  #usable(handle: Handle<State, P>): Internals<P> {
    const inside = internals(handle);
    if (inside === undefined || inside.owner !== this) {
      throw invalidOption('handle', handle, 'must be a handle that this repository made');
    }
    if (inside.spent) {
      throw new SnapshotError('spent', 'an earlier apply took this handle over; keep the one that it returned');
    }
    return inside;
  }

  #number(handle: Handle<State, P>, events: readonly Event[], through: PositionInput): Row<Event, P>[] {
    const { positions, firstPosition, sequence } = this.#settings;
    if (sequence === 'sparse') throw invalidOption('apply.through', through, 'numbers contiguous streams only; give rows with positions');
    const first = handle.position === null ? positions.parse(firstPosition, 'firstPosition') : positions.after(handle.position);
    const last = positions.parse(through, 'apply.through');
    const rows = events.map((event, index) => parseRow({ position: positions.plus(first, index), event }, positions));
    if ((rows.at(-1)?.position ?? handle.position) !== last) {
      throw new SnapshotError('gap', `${events.length} events from ${first} on do not end at ${last}; refresh the handle first`, {
        position: last,
      });
    }
    return rows;
  }

  // Snapshotting

  #refusal(handle: Handle<State, P>, inside: Internals<P>): { code: 'historical' | 'nothingFolded' | 'unknownEvent' | 'inFlight'; reason: string } | undefined {
    if (handle.historical) return { code: 'historical', reason: 'a state of the past is not snapshotted' };
    if (handle.eventCount === 0) return { code: 'nothingFolded', reason: 'nothing is folded yet' };
    if (inside.tail.unknown !== undefined) {
      return { code: 'unknownEvent', reason: `this code does not know the event type ${JSON.stringify(inside.tail.unknown)}` };
    }
    if (this.#streams.of(handle.streamId).inFlight) {
      return { code: 'inFlight', reason: 'another snapshot of this stream is being written' };
    }
    return undefined;
  }

  #decide(handle: Handle<State, P>, inside: Internals<P>): Decision {
    const { policy, clock, kindOf } = this.#settings;
    const { lastTaken, lastTried } = this.#streams.has(handle.streamId) ? this.#streams.of(handle.streamId) : {};
    const { base, tail, load } = inside;
    const newer = lastTaken !== undefined && lastTaken.events <= handle.eventCount && lastTaken.events > (base?.events ?? 0);
    const snapshot = newer ? lastTaken : base;
    const observation = {
      events: handle.eventCount,
      ...(snapshot === undefined ? {} : { snapshot: stated(snapshot) }),
      ...(lastTried === undefined ? {} : { attempt: stated(lastTried) }),
      ...(tail.firstAt === undefined ? {} : { firstAt: tail.firstAt }),
      ...(load === undefined ? {} : { load }),
      ...(this.#needs.kind && kindOf !== undefined ? { kind: hosted('kindOf', 'invalidOption', () => kindOf(handle.streamId)) } : {}),
      tailBytes: tail.bytes,
      eventTypes: [...tail.types],
      now: clock(),
      stream: handle.streamId,
      state: handle.state,
    };
    return hosted('policy', 'invalidOption', () => decide(policy, observation)); // predicates are the host's
  }

  /** Encodes, writes, remembers. Everything before the first await happens in the caller's turn. */
  async #attempt(handle: Handle<State, P>, inside: Internals<P>, reason: string): Promise<Outcome<State, P>> {
    const { store } = this.#context;
    const memory = this.#streams.of(handle.streamId);
    const began = this.#settings.clock();
    const deadline = new Deadline(this.#settings.snapshotTimeout);
    memory.inFlight = true;
    try {
      const sealed = sealHandle(this.#settings, handle, inside);
      const clearAttempt = memory.lastTried !== undefined;
      const result = await save(this.#settings, store, sealed, deadline, { distrusted: inside.distrusted, clearAttempt });
      if (result.status === 'failed') return await this.#attemptFailed(handle, inside, result.error, deadline);
      memory.lastTried = undefined;
      memory.lastTaken = {
        key: result.key,
        events: handle.eventCount,
        at: sealed.header.takenAt,
        bytes: sealed.frame.length,
      };
      const kept = makeHandle(handle, { ...inside, base: memory.lastTaken, tail: EMPTY_TAIL });
      return this.#succeeded(kept, result, sealed.frame.length, reason, began);
    } catch (error) {
      if (!SnapshotError.is(error)) throw error;
      return await this.#attemptFailed(handle, inside, error, deadline);
    } finally {
      memory.inFlight = false;
    }
  }

  #succeeded(
    handle: Handle<State, P>,
    result: Exclude<SaveResult, { status: 'failed' }>,
    bytes: number,
    reason: string,
    began: number,
  ): Outcome<State, P> {
    const { streamId, eventCount } = handle;
    const { version } = this.#settings;
    const position = handle.position as P;
    if (result.status === 'alreadyCovered') {
      const covered = `a snapshot at the same or a later position is there already: ${result.key}`;
      this.#observe({ type: 'skipped', streamId, version, position, code: 'alreadyCovered', reason: covered });
      return { status: 'skipped', code: 'alreadyCovered', reason: covered, handle };
    }
    const { key, deleted, deleteError } = result;
    const millis = Math.max(0, this.#settings.clock() - began);
    this.#observe({ type: 'taken', streamId, version, position, eventCount, reason, key, bytes, deleted, millis });
    if (deleteError !== undefined) {
      this.#warn(streamId, deleteError.code, `superfluous snapshots could not be deleted: ${deleteError.message}`);
    }
    return { status: 'taken', reason, handle, position, key, bytes, deleted };
  }

  async #attemptFailed(
    handle: Handle<State, P>,
    inside: Internals<P>,
    error: SnapshotError,
    deadline: Deadline,
  ): Promise<Outcome<State, P>> {
    const { streamId, eventCount } = handle;
    const memory = this.#streams.of(streamId);
    const failures = (memory.lastTried?.failures ?? 0) + 1;
    const attempt: Attempt = { events: eventCount, at: this.#settings.clock(), failures, tailBytes: inside.tail.bytes };
    memory.lastTried = attempt;
    try {
      await markAttempt(this.#settings, this.#context.store, streamId, attempt, error.code, deadline);
    } catch (markError) {
      this.#warn(streamId, 'storeFailed', `the marker of the failed attempt could not be written: ${describe(markError)}`);
    }
    return this.#failed(handle, error);
  }

  #failed(handle: Handle<State, P>, cause: unknown): Outcome<State, P> {
    const error = SnapshotError.is(cause) ? cause : new SnapshotError('storeFailed', describe(cause), { cause });
    const reason = error.message;
    const { streamId = '', position = null } = handle ?? {};
    const { version } = this.#settings;
    const type = error.code === 'tooLarge' ? 'skipped' : 'failed';
    this.#observe({ type, streamId, version, position, code: error.code, reason, error });
    return type === 'skipped' ? { status: 'skipped', code: 'tooLarge', reason, handle } : { status: 'failed', reason, error, handle };
  }

  #warn(streamId: string, code: string, reason: string): void {
    this.#observe({ type: 'warning', streamId, version: this.#settings.version, code, reason });
  }
}

function startOf<State, Event, P extends Position>(
  { initialState, positions }: Settings<State, Event, P>,
  { snapshot }: Recovered<State, Event, P>,
): Progress<State, P> {
  if (snapshot === undefined) {
    return { state: initialState(), position: null, eventCount: 0, anchor: undefined, tail: EMPTY_TAIL };
  }
  const { position, eventCount, anchor } = snapshot.header;
  return {
    state: snapshot.state,
    position: positions.parse(position, 'position of a snapshot'),
    eventCount,
    anchor: { known: anchor },
    tail: EMPTY_TAIL,
  };
}

function progressOf<State, P extends Position>(handle: Handle<State, P>, inside: Internals<P>): Progress<State, P> {
  const { state, position, eventCount } = handle;
  return { state, position, eventCount, anchor: inside.anchor, tail: inside.tail };
}

function shown<State, P extends Position>({ state, position, eventCount }: Progress<State, P>) {
  return { state, position, eventCount };
}

function hidden<P extends Position>({ anchor, tail }: Progress<unknown, P>) {
  return { anchor, tail };
}

/** Without the members that nobody knows. */
function stated<T extends object>(facts: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as never;
}

function checkStore(store: SnapshotStore): void {
  for (const name of ['list', 'get', 'put', 'delete'] as const) {
    functionOption(`store.${name}`, (store as Partial<SnapshotStore> | undefined)?.[name]);
  }
  if (store.maxValueBytes !== undefined) positiveInteger('store.maxValueBytes', store.maxValueBytes);
  if (store.listing !== undefined) oneOf('store.listing', store.listing, ['strong', 'eventual']);
}

/** What could never be snapshotted is better known now than after the first hundred events. */
function checkInitialState<State, Event, P extends Position>(settings: Settings<State, Event, P>): void {
  calling(() => core().maxHeadBytes());
  const { initialState, toState, fromState } = settings;
  const state = hosted('initialState', 'invalidOption', initialState);
  const plain = decode(encode(hosted('toState', 'unencodable', () => toState(state))));
  hosted('fromState', 'invalid', () => fromState(plain));
}
