/** A repository: one definition, connected to a store and a log. */
import { BoundedStore } from './bounded-store.js';
import { connect } from './connection.js';
import { replayOptions, type Auditor, type Settings } from './definition.js';
import { SnapshotError } from './error.js';
import { anchorLike, checkSource, Pages, parseRow, type EventRow, type EventSource, type Row } from './events.js';
import { exact } from './head.js';
import { internals, makeHandle, type Handle, type Internals } from './handle.js';
import { recover, type LoadContext, type LoadSettings, type Recovered } from './load.js';
import { checkId, functionOption, hosted, invalidOption, knownOptions, oneOf, positiveInteger } from './options.js';
import { needs } from './policy.js';
import { toCore, type Position, type PositionInput } from './position.js';
import { anchorIdentity, EMPTY_TAIL, Folder, NOTHING_WAITS, sameAnchor, type BaseSnapshot, type Progress } from './progress.js';
import { observerOf, type Observer } from './report.js';
import { plainAgain } from './save.js';
import { signingKeys, type SigningKey } from './signing.js';
import { Snapshotter, type Outcome } from './snapshotter.js';
import type { SnapshotStore } from './store.js';
import { abortable, watchOptions, type WatchOptions } from './watching.js';
import { sameBytes } from './value/bytes.js';
import { decode } from './value/decode.js';
import { firstDifference } from './value/difference.js';
import { encode } from './value/encode.js';

/** What a definition is connected to. */
export interface OpenOptions<Event, P extends Position, Raw = EventRow<Event>> {
  readonly store: SnapshotStore;
  /** `Raw` is what `read` returns: rows, or anything that `row` makes rows of. */
  readonly events: EventSource<Event, P, Raw>;
  /** Signs what is written with the first key, and reads only what one of them has signed. Default: nothing is signed. */
  readonly keys?: readonly SigningKey[];
  /**
   * The token that a stream's owner has, and that grows with each owner: one for all streams, or asked for when a stream is loaded;
   * undefined: it has none. Where the newest snapshot of the version has a greater one, saves fail with `fenced`.
   */
  readonly fence?: PositionInput | ((streamId: string) => PositionInput | undefined);
  /** Told of everything that happens. Default: one warning for each kind of trouble. */
  readonly observe?: Observer;
  /** Tells also of each snapshot that was not due, or could not be tried: as many reports as calls of `maybeSnapshot`. Default: false. */
  readonly verbose?: boolean;
}

export interface LoadOptions extends WatchOptions {
  /** The state at this position (inclusive) instead of the newest; the handle is historical. */
  readonly at?: PositionInput;
  /**
   * `false`: full replay, whatever lies in the store. That is asked only whether an empty log belongs to a new stream, if neither
   * `events.bounds` nor `events.history` says so.
   */
  readonly useSnapshots?: boolean;
  /** In place of the definition's. */
  readonly onStoreError?: 'replay' | 'throw';
  /** In place of the definition's. */
  readonly maxReplay?: number;
}

/** What the log made of events that were appended. */
export interface AppendedOptions {
  /** The position of the last one. */
  readonly through: PositionInput;
  /** One for each event. */
  readonly ids?: readonly string[];
}

/** Loads, extends and snapshots the streams of one definition. */
export interface Repository<State, Event, P extends Position> {
  /** The newest state: snapshot and tail, or the full replay. */
  load(streamId: string, options?: LoadOptions): Promise<Handle<State, P>>;
  /**
   * Folds rows that were just appended; a gap or a wrong order is an error and leaves `handle` as it is. With `through`, the position
   * of the last of them, bare events are numbered. Where the log gives its rows ids, give these, too: a snapshot without is compared with the
   * log by its last event's content only.
   */
  apply(handle: Handle<State, P>, rows: readonly EventRow<Event>[] | EventRow<Event>): Handle<State, P>;
  apply(handle: Handle<State, P>, events: readonly Event[], options: AppendedOptions): Handle<State, P>;
  /**
   * Reads and folds only what came after; loads anew if the handle and the log no longer share one history, or if what came after cannot
   * be folded onto the handle.
   */
  refresh(handle: Handle<State, P>, options?: WatchOptions): Promise<Handle<State, P>>;
  /** Takes a snapshot if the policy says so. Never throws; decides and encodes before its first await. */
  maybeSnapshot(handle: Handle<State, P>): Promise<Outcome<State, P>>;
  /** Takes a snapshot now, whatever the policy says; throws if it cannot. */
  snapshot(handle: Handle<State, P>): Promise<Outcome<State, P>>;
}

export function openRepository<State, Event, P extends Position, Raw>(
  settings: Settings<State, Event, P>,
  options: OpenOptions<Event, P, Raw>,
): Repository<State, Event, P> {
  knownOptions('open', options, ['store', 'events', 'keys', 'fence', 'observe', 'verbose']);
  checkStore(options.store);
  checkSource(options.events);
  if (options.observe !== undefined) functionOption('observe', options.observe);
  checkSparse(settings, options.events);
  checkInitialState(settings);
  return new SnapshotRepository({ ...settings, keys: signingKeys('keys', options.keys), fence: options.fence, verbose: oneOf('verbose', options.verbose ?? false, [true, false]) }, options as OpenOptions<Event, P>);
}

class SnapshotRepository<State, Event, P extends Position> implements Repository<State, Event, P> {
  readonly #settings: Settings<State, Event, P>;
  readonly #context: LoadContext<State, Event, P>;
  readonly #folder: Folder<State, Event, P>;
  readonly #snapshotter: Snapshotter<State, Event, P>;
  readonly #auditor: Auditor<State, P> | undefined;
  readonly #observe: Observer;

  constructor(settings: Settings<State, Event, P>, options: OpenOptions<Event, P>) {
    this.#settings = settings;
    const store = new BoundedStore(options.store);
    const policyNeeds = needs(settings.policy);
    this.#context = { settings, store, events: options.events };
    this.#folder = new Folder(settings, policyNeeds);
    this.#observe = observerOf(options.observe);
    this.#auditor = settings.audit?.begin(settings, this.#observe);
    this.#snapshotter = new Snapshotter(settings, store, policyNeeds, this.#observe);
    connect(this, { ...this.#context, snapshotter: this.#snapshotter });
  }

  async load(streamId: string, options: LoadOptions = {}): Promise<Handle<State, P>> {
    knownOptions('load', options, ['at', 'useSnapshots', 'onStoreError', 'maxReplay', 'onProgress', 'signal']);
    const at = options.at === undefined ? undefined : this.#settings.positions.parse(options.at, 'load.at');
    const useSnapshots = oneOf('load.useSnapshots', options.useSnapshots ?? true, [true, false]);
    const limits = replayOptions(options, this.#settings, 'load.');
    const watch = watchOptions('load', options);
    checkId('streamId', streamId);
    return abortable(watch.signal, this.#load(streamId, { at, useSnapshots, ...limits }, watch));
  }

  async #load(streamId: string, options: LoadSettings<P>, watch: WatchOptions): Promise<Handle<State, P>> {
    const loaded = await this.#loaded(streamId, options, watch);
    const { handle, ...audited } = await this.#audited(loaded, options, watch);
    const { version } = this.#settings;
    const { position, eventCount, source, replayed, rejected } = handle;
    const { millis, bytes } = loaded;
    this.#observe({ type: 'loaded', streamId, version, position, code: source, millis, bytes, eventCount, replayed, rejected, ...audited });
    if (options.useSnapshots) await this.#snapshotter.learnFromLoad(handle, this.#usable(handle));
    return handle;
  }

  apply(
    handle: Handle<State, P>,
    rows: readonly EventRow<Event>[] | EventRow<Event> | readonly Event[],
    options?: AppendedOptions,
  ): Handle<State, P> {
    const inside = this.#usable(handle);
    if (handle.historical) {
      throw new SnapshotError('historical', 'a state of the past cannot be extended; load the stream without `at`');
    }
    if (options !== undefined) knownOptions('apply', options, ['through', 'ids']);
    const list = Array.isArray(rows) ? rows : [rows];
    const parsed =
      options === undefined ?
        (list as EventRow<Event>[]).map((row) => parseRow(row, this.#settings.positions))
      : this.#number(handle, inside, list as Event[], options);
    if (parsed.length === 0) return handle;
    const progress = progressOf<State, P>(handle, inside);
    if (this.#settings.mutable) {
      this.#folder.admitted({ ...progress }, parsed); // once the state has changed there is no way back
      inside.life.spent = true;
    }
    const folding = this.#folder.folding(progress);
    try {
      folding.push(parsed);
      folding.finish();
    } finally {
      folding.close();
    }
    return extended(handle, inside, progress);
  }

  async refresh(handle: Handle<State, P>, options: WatchOptions = {}): Promise<Handle<State, P>> {
    knownOptions('refresh', options, ['onProgress', 'signal']);
    const watch = watchOptions('refresh', options);
    return abortable(watch.signal, this.#refresh(handle, watch));
  }

  async #refresh(handle: Handle<State, P>, watch: WatchOptions): Promise<Handle<State, P>> {
    const inside = this.#usable(handle);
    if (handle.historical) throw new SnapshotError('historical', 'a state of the past stays as it is; load the stream without `at`');
    const { events } = this.#context;
    const { positions, pageSize, sequence, lateArrivals } = this.#settings;
    const began = this.#settings.clock();
    if (handle.position === null || (sequence === 'sparse' && lateArrivals === 'possible')) return this.#reload(handle, watch);
    const pages = new Pages(events, handle.streamId, { from: handle.position, pageSize, positions, sequence, signal: watch.signal });
    const [first, ...page] = await pages.next();
    const anchor = anchorIdentity(inside.anchor);
    const same = first?.position === handle.position && sameAnchor(anchor, anchorLike(anchor, first));
    if (!same || inside.life.spent) await pages.close();
    this.#usable(handle); // somebody else may have taken a mutable state over while the log was read
    if (!same) return this.#reload(handle, watch);
    const progress = { ...progressOf<State, P>(handle, inside), waiting: NOTHING_WAITS }; // what waits is read again
    if (this.#settings.mutable) inside.life.spent = true;
    try {
      await this.#foldThrough(handle.streamId, progress, page, pages, this.#settings, watch);
    } catch (error) {
      if (SnapshotError.is(error) && WORTH_A_LOAD.includes(error.code)) return this.#reload(handle, watch);
      throw error;
    }
    this.#tellRefreshed(handle, progress, began);
    return extended(handle, inside, progress, this.#fence(handle.streamId));
  }

  async maybeSnapshot(handle: Handle<State, P>): Promise<Outcome<State, P>> {
    try {
      const inside = this.#usable(handle);
      const refusal = this.#snapshotter.refusal(handle, inside);
      if (refusal !== undefined) return this.#snapshotter.passed(handle, refusal);
      const decision = this.#snapshotter.decide(handle, inside);
      if (decision.take) return await this.#snapshotter.attempt(handle, inside, decision.reason);
      return this.#snapshotter.passed(handle, {
        code: 'notDue',
        get reason() {
          return decision.reason;
        },
      });
    } catch (error) {
      return this.#snapshotter.failed(handle, error);
    }
  }

  async snapshot(handle: Handle<State, P>): Promise<Outcome<State, P>> {
    const inside = this.#usable(handle);
    const refusal = this.#snapshotter.refusal(handle, inside);
    if (refusal?.code === 'historical') throw new SnapshotError('historical', refusal.reason);
    if (refusal?.code === 'unknownEvent') throw new SnapshotError('unknownEvent', refusal.reason);
    if (refusal !== undefined) return this.#snapshotter.passed(handle, refusal);
    const outcome = await this.#snapshotter.attempt(handle, inside, 'asked for');
    if (outcome.status === 'failed') throw outcome.error;
    if (outcome.status === 'skipped' && outcome.code === 'tooLarge') throw new SnapshotError('tooLarge', outcome.reason);
    return outcome;
  }

  // Loading

  #tellRefreshed({ streamId, eventCount: before }: Handle<State, P>, { position, eventCount }: Progress<State, P>, began: number): void {
    const { version, clock } = this.#settings;
    const millis = Math.max(0, clock() - began);
    const code = 'refreshed';
    this.#observe({ type: code, streamId, version, position, code, millis, bytes: 0, eventCount, replayed: eventCount - before });
  }

  /** The log went another way than the handle. If it is empty now, it may as well be lost. */
  async #reload(handle: Handle<State, P>, watch: WatchOptions): Promise<Handle<State, P>> {
    const fresh = await this.load(handle.streamId, watch);
    if (fresh.position !== null || fresh.pending > 0 || handle.position === null) return fresh;
    throw new SnapshotError(
      'historyUnavailable',
      `the log is empty, but this handle stands at ${handle.position}; load the stream if it was reset on purpose`,
    );
  }

  async #audited({ handle, key }: { readonly handle: Handle<State, P>; readonly key: string | undefined }, options: LoadSettings<P>, watch: WatchOptions) {
    const { streamId, position } = handle;
    if (this.#auditor === undefined || key === undefined) return { handle };
    const whole = { ...options, at: position ?? undefined, useSnapshots: false, maxReplay: undefined };
    return this.#auditor.audited(handle, key, async () => (await this.#loaded(streamId, whole, watch)).handle);
  }

  /** A handle, the key and the size of the snapshot that it came from, and how long it took. */
  async #loaded(streamId: string, options: LoadSettings<P>, watch: WatchOptions) {
    const began = this.#settings.clock();
    const { recovered, progress, replayed } = await this.#recover(streamId, options, watch);
    const millis = Math.max(0, this.#settings.clock() - began);
    const handle = this.#handleOf(streamId, progress, recovered, { millis, replayed, at: options.at });
    return { handle, key: recovered.key, millis, bytes: recovered.snapshot?.frameBytes ?? 0 };
  }

  /** The state, built on a snapshot of which no event behind it changes what it holds, from a log without holes; only folding finds that out. */
  async #recover(streamId: string, options: LoadSettings<P>, watch: WatchOptions) {
    const facts: unknown[] = [];
    for (;;) {
      const recovered = await recover(this.#context, streamId, options, facts, watch.signal);
      const progress = startOf(this.#settings, recovered);
      const before = progress.eventCount;
      try {
        await this.#foldThrough(streamId, progress, recovered.page, recovered.pages, options, watch);
        return { recovered, progress, replayed: progress.eventCount - before };
      } catch (error) {
        facts.push(learned(error, recovered.snapshot !== undefined));
      }
    }
  }

  async #foldThrough(
    streamId: string,
    progress: Progress<State, P>,
    first: readonly Row<Event, P>[],
    pages: Pages<Event, P>,
    { at, maxReplay = Infinity }: { readonly at?: P | undefined; readonly maxReplay: number | undefined },
    { onProgress, signal }: WatchOptions,
  ): Promise<void> {
    let count = 0;
    let reached = progress.position !== null && progress.position === at;
    let page = first;
    const folding = this.#folder.folding(progress);
    try {
      while (!reached) {
        if (page.length === 0) page = await pages.next();
        if (page.length === 0) break;
        const end = at === undefined ? -1 : page.findIndex((row) => row.position > at);
        const rows = end === -1 ? page : page.slice(0, end);
        const over = rows[maxReplay - count];
        if (over !== undefined) throw tooLong(streamId, maxReplay, over.position);
        count += rows.length;
        folding.push(rows);
        reached = end !== -1 || (at !== undefined && folding.position === at);
        page = [];
        onProgress?.({ streamId, position: folding.position, replayed: count });
        signal?.throwIfAborted();
      }
      await pages.end();
      folding.finish();
    } finally {
      folding.close();
      await pages.close();
    }
    const { position } = folding;
    const passed = this.#settings.sequence === 'sparse' || position === at;
    if (at !== undefined && !(reached && passed)) {
      const reached = position === null ? 'nothing is folded up to there' : `the log ends at ${position}`;
      throw new SnapshotError('beyondLog', reached, { position: at });
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
        source: snapshot === undefined ? 'replay' : own === undefined ? 'migrated' : 'snapshot',
        restoredFrom: snapshot === undefined ? null : positions.parse(snapshot.header.position, 'position of a snapshot'),
        replayed: load.replayed,
        rejected,
        historical: load.at !== undefined,
        fence: this.#fence(streamId),
      },
      progress,
      {
        owner: this,
        ...hidden(progress),
        base,
        load: { millis: load.millis, events: progress.eventCount },
        life: { spent: false },
      },
    );
  }

  #fence(streamId: string): number | bigint | null {
    const { fence } = this.#settings;
    const token = typeof fence === 'function' ? hosted('fence', 'invalidOption', () => fence(streamId)) : fence;
    return token === undefined ? null : exact('fence', token);
  }

  // Applying

  #usable(handle: Handle<State, P>): Internals<P> {
    const inside = internals(handle);
    if (inside === undefined || inside.owner !== this) {
      throw invalidOption('handle', handle, 'must be a handle that this repository made');
    }
    if (inside.life.spent) {
      throw new SnapshotError('spent', 'an earlier apply took this handle over; keep the one that it returned');
    }
    return inside;
  }

  #number(handle: Handle<State, P>, { waiting }: Internals<P>, events: readonly Event[], { through, ids }: AppendedOptions): Row<Event, P>[] {
    const { positions, firstPosition, sequence } = this.#settings;
    if (sequence === 'sparse') throw invalidOption('apply.through', through, 'numbers contiguous streams only; give rows with positions');
    const read = waiting.rows.at(-1)?.position ?? handle.position;
    const first = read === null ? positions.parse(firstPosition, 'firstPosition') : positions.after(read);
    const last = positions.parse(through, 'apply.through');
    if (ids !== undefined && ids.length !== events.length) throw invalidOption('apply.ids', ids.length, `must be one for each of ${events.length} events`);
    const rows = events.map((event, index) => parseRow({ position: positions.plus(first, index), event, ...(ids && { id: ids[index] as string }) }, positions));
    if ((rows.at(-1)?.position ?? read) !== last) {
      throw new SnapshotError('gap', `${events.length} events from ${first} on do not end at ${last}; refresh the handle first`, {
        position: last,
      });
    }
    return rows;
  }
}

function startOf<State, Event, P extends Position>(
  { initialState, positions, commitment }: Settings<State, Event, P>,
  { snapshot }: Recovered<State, Event, P>,
): Progress<State, P> {
  if (snapshot === undefined) {
    const nothing = { position: null, eventCount: 0, anchor: undefined, commitment: commitment?.start, tail: EMPTY_TAIL, firstAt: undefined };
    return { state: initialState(), ...nothing, waiting: NOTHING_WAITS };
  }
  const { position, eventCount, anchor, commitment: known } = snapshot.header;
  return {
    state: snapshot.state,
    position: positions.parse(position, 'position of a snapshot'),
    eventCount,
    anchor: { known: anchor },
    commitment: commitment && known,
    tail: EMPTY_TAIL,
    firstAt: undefined,
    waiting: NOTHING_WAITS,
  };
}

function progressOf<State, P extends Position>({ position, eventCount }: Handle<State, P>, inside: Internals<P>): Progress<State, P> {
  return { ...hidden(inside), state: inside.state as State, position, eventCount };
}

/** The handle of what was folded onto another one's state. */
function extended<State, P extends Position>(
  handle: Handle<State, P>,
  inside: Internals<P>,
  progress: Progress<State, P>,
  fence = handle.fence,
): Handle<State, P> {
  const { streamId, source, restoredFrom, replayed, rejected, historical } = handle;
  return makeHandle({ streamId, source, restoredFrom, replayed, rejected, historical, fence }, progress, { ...inside, ...hidden(progress), life: { spent: false } });
}

/** What a handle knows of a progress and does not show as it is. */
function hidden<P extends Position>({ state, anchor, commitment, tail, firstAt, waiting }: Omit<Progress<unknown, P>, 'position' | 'eventCount'>) {
  return { state, anchor, commitment, tail, firstAt, waiting };
}

/** Where the fold of what came after a handle fails with these, a load may succeed: it begins elsewhere. */
const WORTH_A_LOAD: readonly string[] = ['invalidatesBase', 'gap', 'replayTooLong'];

/** What a load learns from a fold that failed, and may do better on another way; every other error is the load's own. */
function learned(error: unknown, onSnapshot: boolean): unknown {
  if (SnapshotError.is(error) && error.position !== undefined) {
    const at = { position: toCore(error.position) };
    if (error.code === 'gap') return { gap: at };
    if (error.code === 'invalidatesBase' && onSnapshot) return { invalidated: at };
  }
  throw error;
}

function tooLong(streamId: string, maxReplay: number, position: Position): SnapshotError {
  const message = `stream ${streamId} has more than ${maxReplay} events to fold, which is maxReplay; see why no newer snapshot serves, or allow more`;
  return new SnapshotError('replayTooLong', message, { position });
}

/** Where a sparse stream begins, and how many events it has, nothing shows but what the log says. */
function checkSparse(
  { sequence, lateArrivals }: Pick<Settings<unknown, unknown, Position>, 'sequence' | 'lateArrivals'>,
  { bounds, history }: Pick<EventSource<never>, 'history'> & { readonly bounds?: unknown },
): void {
  if (sequence !== 'sparse' || bounds !== undefined) return;
  if (lateArrivals === 'possible') {
    const why = "a sparse stream needs it to notice events that arrive late; or define the snapshots with lateArrivals: 'impossible'";
    throw invalidOption('events.bounds', bounds, why);
  }
  if (history !== undefined) return;
  throw invalidOption('events.history', history, "a sparse log without bounds must state it: 'complete' if events are never deleted, else 'pruned'");
}

function checkStore(store: SnapshotStore): void {
  for (const name of ['list', 'get', 'put', 'delete'] as const) {
    functionOption(`store.${name}`, (store as Partial<SnapshotStore> | undefined)?.[name]);
  }
  if (store.putIfAbsent !== undefined) functionOption('store.putIfAbsent', store.putIfAbsent);
  if (store.maxValueBytes !== undefined) positiveInteger('store.maxValueBytes', store.maxValueBytes);
  if (store.listing !== undefined) oneOf('store.listing', store.listing, ['strong', 'eventual']);
}

/** What could never be snapshotted is better known now than after the first hundred events. */
function checkInitialState<State, Event, P extends Position>(settings: Settings<State, Event, P>): void {
  const { initialState, toState, fold } = settings;
  if (fold !== undefined) return void decode(fold.initial);
  const state = hosted('initialState', 'invalidOption', initialState);
  if (settings.mutable && typeof state === 'object' && state !== null && state === initialState()) {
    throw invalidOption('initialState', state, 'must make a new state at each call, since evolve changes it');
  }
  const bytes = encode(hosted('toState', 'unencodable', () => toState(state)));
  const again = encode(plainAgain(settings, decode(bytes)));
  if (sameBytes(bytes, again)) return;
  throw new SnapshotError('invalid', 'fromState and toState do not give initialState() back: a restored state would be another one', {
    path: firstDifference(decode(bytes), decode(again)) ?? 'state',
  });
}
