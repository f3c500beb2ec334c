/**
 * Folds that are data: they run in WebAssembly, straight from the bytes of events, and give the same state on every host. An entry of its
 * own, with a module of its own, so that applications with an `evolve` do not pay for it.
 */
import { FoldedState, type BuiltInFold, type FoldSession } from './built-in.js';
import { toCoreBytes } from './core.js';
import { describe, SnapshotError, type ErrorPlace } from './error.js';
import type { Row } from './events.js';
import { takeEnding, type Ending } from './ending.js';
import { sessionFolding } from './folding.js';
import { digestOption, exact } from './head.js';
import { invalidOption } from './options.js';
import { foldAtOnce, Format, push, pushLines, pushText, type Refusal, type Session } from './pieces.js';
import { askPlain, borrow, errorOf, generation, giveBack, numberOf, plainModule, throwError } from './plain-module.js';
import type { Position } from './position.js';
import type { Steps } from './replay.js';
import type { JournalSpec, RulesSpec } from './fold-specs.js';
import { isBytes, sameBytes } from './value/bytes.js';
import { encode } from './value/encode.js';

export { sessionFolding } from './folding.js';
export { stepAt, type Expected, type Replay, type Step, type Steps } from './replay.js';
export type { EventPointers, JournalSpec, Operation, RulesSpec, StepKind } from './fold-specs.js';

/** Rules, validated and compiled: for `defineSnapshots({ fold })` and for {@link fold}. */
export interface RulesFold<State = unknown, Event = unknown> extends BuiltInFold<State, Event> {
  readonly kind: 'rules';
}

/** A journal's table, validated and compiled: for `defineSnapshots({ fold })` and for {@link fold}. */
export interface JournalFold<Event = unknown> extends BuiltInFold<Steps, Event> {
  readonly kind: 'journal';
}

/** Where a fold stands, for those who keep it themselves. */
export interface FoldResult<State = unknown> {
  /** Decoded when it is read first. */
  readonly state: State;
  /** The state, encoded. */
  readonly bytes: Uint8Array;
  /** Of the last event that is folded in; null before the first. A bigint beyond 2^53 − 1. */
  readonly position: number | bigint | null;
  readonly eventCount: number | bigint;
  /** Identity of the last event: its id, or SHA-256 of its bytes. */
  readonly anchor: string | Uint8Array | null;
  /** Events that wait for those that complete them, as they were given: JSON text, or encoded values. They come first next time. */
  readonly pending: readonly Uint8Array[];
  /** Digest of the fold, 32 bytes. Only that fold goes on from here. */
  readonly foldDigest: Uint8Array;
}

/** JSON Lines as text or UTF-8, one event on each line; a CBOR sequence (RFC 8742); or objects. */
export type Events<Event = unknown> = string | Uint8Array | { readonly cbor: Uint8Array } | Iterable<Event & object>;

/** The first event that could not be folded in; what came before it is in {@link FoldError.folded}. */
export class FoldError<State = unknown> extends SnapshotError {
  static {
    this.prototype.name = 'FoldError';
  }

  readonly folded: FoldResult<State>;

  constructor({ code, message, place }: Refusal, folded: FoldResult<State>) {
    super(code, message, place);
    this.folded = folded;
  }
}

/**
 * A reducer as data: event type → operations on the state.
 *
 * ```ts
 * const orders = rulesFold({
 *   initial: { orders: {}, open: 0 },
 *   rules: {
 *     Placed: [{ put: '/orders/{/data/id}', value: { status: 'placed' } }, { add: '/open', value: 1 }],
 *     Shipped: [{ put: '/orders/{/data/id}/status', value: 'shipped' }, { subtract: '/open', value: 1 }],
 *   },
 * });
 * ```
 *
 * An event is folded in whole or not at all. What can go wrong with one: `missingTarget`, `wrongType`, `missingValue`, `outOfRange`,
 * `unknownEvent`, `patchFailed`, each with the event's `position` and the target as `path`.
 *
 * @throws SnapshotError `invalidOption` that names every mistake in the specification; `path` is the JSON Pointer of the first.
 */
export function rulesFold<State = unknown, Event = unknown>(spec: RulesSpec): RulesFold<State, Event> {
  return new CompiledFold<State, Event, 'rules'>('rules', spec);
}

/**
 * Compaction of durable executions: the events of a step (scheduled, retried, completed …) become one entry. An opener that still waits
 * for its end is in `pending`, with everything after it, and comes first next time. Without `table` that of the core: activities with
 * retries, signals, timers, side effects, children and more.
 *
 * A retry behind a snapshot that holds the failed step already is `invalidatesBase` with that step's position; a repository then loads
 * from below it, or from the start.
 *
 * @throws SnapshotError as {@link rulesFold}.
 */
export function journalFold<Event = unknown>(spec: JournalSpec = {}): JournalFold<Event> {
  return new CompiledFold<Steps, Event, 'journal'>('journal', spec);
}

/**
 * Folds events into a state, without a repository. O(n) in the bytes of the events; they pass through WebAssembly in pieces of about 64 KiB,
 * a CBOR sequence as a whole. Goes on from `base`, what an earlier call with an equal specification gave.
 *
 * @throws FoldError for the first event that cannot be folded in: `gap`, `outOfOrder`, `malformed` with the offset in the input, and what
 * the fold refuses. SnapshotError `foreign` for a base of another fold.
 */
export function fold<State, Event>(
  spec: RulesFold<State, Event> | (JournalFold<Event> & BuiltInFold<State, Event>),
  events: Events<Event>,
  base?: Omit<FoldResult<State>, 'state'> | null,
): FoldResult<State> {
  if (!(spec instanceof CompiledFold)) throw new SnapshotError('invalidOption', 'must be what rulesFold or journalFold made', { path: 'spec' });
  const atOnce = base == null ? spec.foldAtOnce(events) : undefined;
  if (atOnce !== undefined) return new Result<State>(atOnce, spec.digest);
  const session = base == null ? spec.begin() : spec.resume(base);
  let refused: Refusal | undefined;
  try {
    refused = pushPending(session, base?.pending ?? []) ?? pushEvents(session, events);
  } catch (error) {
    plainModule.snapfold_fold_abandon(session.number);
    throw error;
  }
  const folded = new Result<State>(takeEnding(plainModule.snapfold_fold_finish(session.number)), spec.digest);
  if (refused === undefined) return folded;
  throw new FoldError(refused, folded);
}

class Result<State> implements FoldResult<State> {
  readonly bytes: Uint8Array;
  readonly position: number | bigint | null;
  readonly eventCount: number | bigint;
  readonly anchor: string | Uint8Array | null;
  readonly pending: readonly Uint8Array[];
  readonly foldDigest: Uint8Array;
  readonly #state: FoldedState;

  constructor({ state, position, eventCount, anchor, pending }: Ending, foldDigest: Uint8Array) {
    this.bytes = state;
    this.position = position;
    this.eventCount = eventCount;
    this.anchor = anchor;
    this.pending = pending;
    this.foldDigest = foldDigest;
    this.#state = new FoldedState(state);
  }

  get state(): State {
    return this.#state.value as State;
  }
}

class CompiledFold<State, Event, Kind extends 'rules' | 'journal'> implements BuiltInFold<State, Event> {
  readonly kind: Kind;
  readonly sequence: 'contiguous' | 'sparse';
  readonly firstPosition: 0 | 1;
  readonly digest: Uint8Array;
  readonly initial: Uint8Array;
  readonly folding = sessionFolding;
  /** The specification, encoded. */
  readonly #spec: Uint8Array;
  #compiled: Compiled;
  /** States of sessions that handles and loads go on from: the module has checked them. */
  readonly #given = new WeakSet<Uint8Array>();

  constructor(kind: Kind, spec: RulesSpec | JournalSpec) {
    this.#spec = dataOf(kind, spec);
    this.#compiled = compiled(this.#spec, this);
    this.kind = kind;
    this.sequence = spec.sequence ?? 'contiguous';
    this.firstPosition = spec.firstPosition ?? 1;
    this.digest = this.#compiled.digest;
    this.initial = this.#compiled.initial;
  }

  /** By which the module knows it. */
  get #id(): number {
    if (this.#compiled.generation !== generation()) this.#compiled = compiled(this.#spec, this);
    return this.#compiled.id;
  }

  /** All events at once before the first one; undefined if they are many, or if one of them is refused: a session tells what then is. */
  foldAtOnce(events: Events): Ending | undefined {
    if (typeof events !== 'string' && !isBytes(events)) return undefined;
    const answer = foldAtOnce(this.#id, events);
    return answer === undefined || errorOf(answer) !== undefined ? undefined : takeEnding(answer);
  }

  /** A session before the first event. */
  begin(): Session {
    return started(plainModule.snapfold_fold_start(this.#id));
  }

  resume({ bytes, position, eventCount, anchor, pending, foldDigest }: Omit<FoldResult, 'state'>): Session {
    if ((foldDigest as unknown) === undefined) throw new SnapshotError('invalidOption', 'must be what fold gave, not a state', { path: 'base' });
    if (!sameBytes(digestOption('base.foldDigest', foldDigest), this.digest)) {
      throw new SnapshotError('foreign', 'a state of another fold; fold all events again', { path: 'base' });
    }
    if (!isBytes(bytes)) throw invalidOption('base.bytes', bytes, 'must be a Uint8Array');
    if (!pending.every(isBytes)) throw invalidOption('base.pending', pending, 'must be an array of Uint8Arrays');
    return this.#resume(bytes, toCoreBytes({ position, eventCount, anchor }));
  }

  start(state: Uint8Array): FoldSession<Event> {
    const session = state === this.initial ? this.begin() : this.#resume(state, NOTHING);
    return {
      push(rows) {
        const refused = push(session, rowsOf(rows), Format.Rows);
        if (refused !== undefined) throw new SnapshotError(refused.code, refused.message, refused.place);
        return session.unsettled;
      },
      finish: () => {
        const { state, pending } = takeEnding(plainModule.snapfold_fold_finish(session.number));
        this.#given.add(state);
        return { state, waiting: pending.length };
      },
    };
  }

  /** `place` is what is said of where the state stands. */
  #resume(state: Uint8Array, place: Uint8Array): Session {
    const length = state.length + place.length;
    const lent = borrow(length);
    try {
      const { bytes } = lent;
      bytes.set(state);
      bytes.set(place, state.length);
      return started(plainModule.snapfold_fold_resume(this.#id, lent.address, length, state.length, Number(this.#given.has(state))));
    } finally {
      giveBack(lent);
    }
  }
}

interface Compiled {
  readonly id: number;
  readonly digest: Uint8Array;
  readonly initial: Uint8Array;
  /** Of the instance that it lies in. */
  readonly generation: number;
}

function compiled(spec: Uint8Array, fold: object): Compiled {
  const answer = askPlain<Omit<Compiled, 'generation'>>(spec, plainModule.snapfold_fold_compile);
  const made = { ...answer, generation: generation() };
  dropped?.register(fold, made);
  return made;
}

function started(answer: bigint): Session {
  throwError(answer);
  const number = numberOf(answer);
  const began = generation();
  return {
    unsettled: 0,
    get number() {
      if (began === generation()) return number;
      throw new SnapshotError('trapped', 'the fold is gone with the WebAssembly instance that it was in; fold again');
    },
  };
}

const NOTHING: Uint8Array = new Uint8Array();

/** Frees compiled folds that nobody holds any more, where the runtime tells. */
const dropped =
  typeof FinalizationRegistry === 'undefined' ? undefined : (
    new FinalizationRegistry<Compiled>((made) => {
      if (made.generation === generation()) plainModule.snapfold_fold_drop(made.id);
    })
  );

/** A specification comes from outside: what is no data in it is a mistake like others. */
function dataOf(kind: string, spec: unknown): Uint8Array {
  try {
    return encode({ kind, spec });
  } catch (cause) {
    if (!SnapshotError.is(cause)) throw cause;
    const path = cause.path?.replace(/^state\.spec/, 'spec') ?? 'spec';
    throw new SnapshotError('invalidOption', 'a specification is data: null, true, false, numbers, text, arrays and plain objects', { path, cause });
  }
}

/** `[position, type | null, event]`; an event in text or bytes is JSON. */
function* rowsOf<Event>(rows: readonly Row<Event, Position>[]): Iterable<Uint8Array | Refusal> {
  for (const { position, type = null, event } of rows) {
    const place = { position };
    if (type === null || (typeof type === 'string' && type.isWellFormed())) yield encoded([exact('position', position), type, event], place);
    else yield { code: 'invalidEvent', message: 'row.type must be text without lone surrogates', place };
  }
}

function* valuesOf(events: Iterable<object>): Iterable<Uint8Array | Refusal> {
  for (const event of events) yield encoded(event);
}

function encoded(value: unknown, place: ErrorPlace = {}): Uint8Array | Refusal {
  try {
    return encode(value);
  } catch (cause) {
    return { code: 'invalidEvent', message: `the event cannot be encoded: ${describe(cause)}`, place: { ...place, cause } };
  }
}

function pushPending(session: Session, pending: readonly Uint8Array[]): Refusal | undefined {
  for (const event of pending) {
    const refused = isJson(event) ? pushLines(session, event) : push(session, [event], Format.Cbor);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** Events are objects: of an encoded one the first byte says so, and no JSON text begins with it. */
function isJson(event: Uint8Array): boolean {
  return (event[0] ?? 0) < 0x80;
}

function pushEvents(session: Session, events: Events): Refusal | undefined {
  if (typeof events === 'string') return pushText(session, events);
  if (isBytes(events)) return pushLines(session, events);
  const { cbor, [Symbol.iterator]: iterator } = Object(events) as { readonly cbor?: unknown; readonly [Symbol.iterator]?: unknown };
  if (isBytes(cbor)) return push(session, [cbor], Format.Cbor);
  if (typeof iterator === 'function') return push(session, valuesOf(events as Iterable<object>), Format.Cbor);
  throw invalidOption('events', events, 'must be JSON Lines as text or bytes, { cbor } with bytes, or an iterable of objects');
}
