/**
 * Folds that are data: they run in WebAssembly, straight from the bytes of events, and give the same state on every host. An entry of its
 * own, with a module of its own, so that applications with an `evolve` do not pay for it.
 */
import { FoldedState, type BuiltInFold, type FoldSession } from './built-in.js';
import { toCoreBytes } from './core.js';
import { describe, SnapshotError, type ErrorPlace } from './error.js';
import type { Row } from './events.js';
import { exact } from './head.js';
import { Format, push, pushLines, pushText, type Refusal } from './pieces.js';
import { askPlain, plainModule, readAnswer } from './plain-module.js';
import type { Position } from './position.js';
import type { JournalSpec, RulesSpec } from './fold-specs.js';
import { isBytes } from './value/bytes.js';
import { encode } from './value/encode.js';

export type { EventPointers, JournalSpec, Operation, RulesSpec, StepKind } from './fold-specs.js';

/** Rules, validated and compiled: for `defineSnapshots({ fold })` and for {@link fold}. */
export interface RulesFold<State = unknown, Event = unknown> extends BuiltInFold<State, Event> {
  readonly kind: 'rules';
}

/** A journal's table, validated and compiled: for `defineSnapshots({ fold })` and for {@link fold}. */
export interface JournalFold<Event = unknown> extends BuiltInFold<Steps, Event> {
  readonly kind: 'journal';
}

/** The completed steps of a journal, by the position of the event that began each. */
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
 * Folds events into a state, without a repository. O(n) in the bytes of the events; they pass through WebAssembly in pieces of about 1 MiB,
 * a CBOR sequence as a whole. Goes on from `base`, what an earlier call gave.
 *
 * @throws FoldError for the first event that cannot be folded in: `gap`, `outOfOrder`, `malformed` with the offset in the input, and what
 * the fold refuses.
 */
export function fold<State, Event>(
  spec: RulesFold<State, Event> | (JournalFold<Event> & BuiltInFold<State, Event>),
  events: Events<Event>,
  base?: FoldResult<State>,
): FoldResult<State> {
  if (!(spec instanceof CompiledFold)) throw new SnapshotError('invalidOption', 'must be what rulesFold or journalFold made', { path: 'spec' });
  const session = spec.begin(base === undefined ? null : baseOf(base));
  let refused: Refusal | undefined;
  try {
    refused = pushPending(session, base?.pending ?? []) ?? pushEvents(session, events);
  } catch (error) {
    plainModule.snapfold_fold_abandon(session);
    throw error;
  }
  const folded = new Result<State>(readAnswer(plainModule.snapfold_fold_finish(session)));
  if (refused === undefined) return folded;
  throw new FoldError(refused, folded);
}

/** What the module says when a session ends. */
interface Finished {
  readonly state: Uint8Array;
  readonly position: number | bigint | null;
  readonly eventCount: number | bigint;
  readonly anchor: string | Uint8Array | null;
  readonly pending: readonly Uint8Array[];
}

class Result<State> implements FoldResult<State> {
  readonly bytes: Uint8Array;
  readonly position: number | bigint | null;
  readonly eventCount: number | bigint;
  readonly anchor: string | Uint8Array | null;
  readonly pending: readonly Uint8Array[];
  readonly #state: FoldedState;

  constructor({ state, position, eventCount, anchor, pending }: Finished) {
    this.bytes = state;
    this.position = position;
    this.eventCount = eventCount;
    this.anchor = anchor;
    this.pending = pending;
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
  readonly #id: number;

  constructor(kind: Kind, spec: RulesSpec | JournalSpec) {
    interface Compiled {
      readonly id: number;
      readonly digest: Uint8Array;
      readonly initial: Uint8Array;
    }
    const { id, digest, initial } = ask<Compiled>({ kind, spec }, plainModule.snapfold_fold_compile);
    this.kind = kind;
    this.sequence = spec.sequence ?? 'contiguous';
    this.firstPosition = spec.firstPosition ?? 1;
    this.digest = digest;
    this.initial = initial;
    this.#id = id;
    dropped?.register(this, id);
  }

  /** The number of a session on what {@link baseOf} gives, or on nothing. */
  begin(base: unknown): number {
    return ask(base, (address, length) => plainModule.snapfold_fold_start(this.#id, address, length));
  }

  start(state: Uint8Array): FoldSession<Event> {
    const session = this.begin({ state });
    return {
      push(rows) {
        const refused = push(session, rowsOf(rows), Format.Rows);
        if (refused !== undefined) throw new SnapshotError(refused.code, refused.message, refused.place);
      },
      finish() {
        const { state, pending } = readAnswer<Finished>(plainModule.snapfold_fold_finish(session));
        return { state, pending: pending.length };
      },
    };
  }
}

/** Frees compiled folds that nobody holds any more, where the runtime tells. */
const dropped =
  typeof FinalizationRegistry === 'undefined' ? undefined : (
    new FinalizationRegistry<number>((id) => plainModule.snapfold_fold_drop(id))
  );

function ask<T>(question: unknown, operation: (address: number, length: number) => bigint): T {
  return askPlain(toCoreBytes(question), operation);
}

function baseOf({ bytes, position, eventCount, anchor }: FoldResult): unknown {
  return { state: bytes, position, eventCount, anchor };
}

/** `[position, type | null, event]`; an event in text or bytes is JSON. */
function* rowsOf<Event>(rows: readonly Row<Event, Position>[]): Iterable<Uint8Array | Refusal> {
  for (const { position, type, event } of rows) yield encoded([exact('position', position), type ?? null, event], { position });
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

function pushPending(session: number, pending: readonly Uint8Array[]): Refusal | undefined {
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

function pushEvents(session: number, events: Events): Refusal | undefined {
  if (typeof events === 'string') return pushText(session, events);
  if (isBytes(events)) return pushLines(session, events);
  if ('cbor' in events) return push(session, [events.cbor], Format.Cbor);
  return push(session, valuesOf(events), Format.Cbor);
}
