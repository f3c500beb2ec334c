/** Takes the snapshots of one repository: asks the policy, encodes, writes, remembers, reports. */
import type { BoundedStore } from './bounded-store.js';
import type { Settings } from './definition.js';
import { describe, SnapshotError, type ErrorCode } from './error.js';
import { makeHandle, type Handle, type Internals } from './handle.js';
import { hosted } from './options.js';
import { decide, type Decision, type PolicyNeeds } from './policy.js';
import type { Position } from './position.js';
import { DEFAULTS } from './defaults.js';
import { EMPTY_TAIL, type BaseSnapshot } from './progress.js';
import type { Observer, Report, SkippedCode } from './report.js';
import { Deadline, markAttempt, readAttempt, save, sealHandle, type SaveResult } from './save.js';
import { Streams, type Attempt } from './streams.js';
import type { RememberedStates } from './value/remembered.js';

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
      readonly code: SkippedCode;
      readonly reason: string;
      readonly handle: Handle<State, P>;
    }
  | {
      readonly status: 'failed';
      readonly reason: string;
      readonly error: SnapshotError;
      readonly handle: Handle<State, P>;
    };

interface Refusal {
  readonly code: SkippedCode;
  readonly reason: string;
}

export class Snapshotter<State, Event, P extends Position> {
  readonly #settings: Settings<State, Event, P>;
  readonly #store: BoundedStore;
  readonly #needs: PolicyNeeds;
  readonly #observe: Observer;
  readonly streams = new Streams(DEFAULTS.rememberedStreams);
  readonly remembered: RememberedStates | undefined;

  constructor(settings: Settings<State, Event, P>, store: BoundedStore, needs: PolicyNeeds, observe: Observer) {
    this.#settings = settings;
    this.#store = store;
    this.#needs = needs;
    this.#observe = observe;
    this.remembered = settings.immutable?.remember({
      limit: DEFAULTS.rememberedBytes,
      thorough: settings.development,
      diverged: (streamId, error) => this.#warn({ streamId, position: error.position ?? null }, 'diverged', error.message, error),
    });
  }

  /**
   * A snapshot that a load found unusable, or did not find, no longer counts as the last one; and a stream that is due, and that this process knows
   * nothing of, may have failed in another one: only that costs an extra read.
   */
  async learnFromLoad(handle: Handle<State, P>, inside: Internals<P>): Promise<void> {
    const { streamId, rejected, historical, eventCount } = handle;
    const memory = this.streams.peek(streamId);
    const looked = !historical && !rejected.some(({ code }) => code === 'unreadable');
    if (memory !== undefined) {
      const { key, events = 0 } = memory.lastTaken ?? {};
      const unseen = looked && this.#store.listing === 'strong' && events > (inside.base?.events ?? 0);
      if (unseen || rejected.some((rejection) => rejection.key === key && rejection.code !== 'unreadable')) memory.lastTaken = undefined;
      return;
    }
    if (!looked || eventCount === 0) return;
    try {
      if (!this.decide(handle, inside).take) return;
      this.streams.of(streamId).lastTried = await readAttempt(this.#settings, this.#store, streamId);
    } catch (error) {
      this.#warn(handle, 'unreadable', `the marker of the last attempt could not be read: ${describe(error)}`);
    }
  }

  /** The outcome of one that was not tried. */
  passed(handle: Handle<State, P>, refusal: Refusal): Outcome<State, P> {
    if (this.#settings.verbose) this.#skipped(handle, refusal, NOTHING);
    return Object.assign(refusal, { status: 'skipped', handle } as const); // words cost more than the decision
  }

  /** Why nothing can be snapshotted here, whatever the policy says. */
  refusal(handle: Handle<State, P>, inside: Internals<P>): Refusal | undefined {
    if (handle.historical) return { code: 'historical', reason: 'a state of the past is not snapshotted' };
    if (handle.eventCount === 0) return { code: 'nothingFolded', reason: 'nothing is folded yet' };
    if (inside.tail.unknown !== undefined) {
      return { code: 'unknownEvent', reason: `this code does not know the event type ${JSON.stringify(inside.tail.unknown)}` };
    }
    if (this.streams.peek(handle.streamId)?.inFlight === true) {
      return { code: 'inFlight', reason: 'another snapshot of this stream is being written' };
    }
    if (handle.pending > 0 && this.#newest(handle, inside)?.events === handle.eventCount) {
      return { code: 'alreadyCovered', reason: `${handle.pending} events wait, and nothing was completed since the last snapshot` };
    }
    return undefined;
  }

  decide(handle: Handle<State, P>, inside: Internals<P>): Decision {
    const { policy, clock, kindOf } = this.#settings;
    const { tail, waiting, load, firstAt } = inside;
    const observation = {
      events: handle.eventCount + handle.pending,
      snapshot: this.#newest(handle, inside),
      attempt: this.streams.peek(handle.streamId)?.lastTried,
      tailBytes: tail.bytes + waiting.tail.bytes,
      firstAt,
      load,
      eventTypes: [...tail.types, ...waiting.tail.types],
      kind: this.#needs.kind && kindOf !== undefined ? hosted('kindOf', 'invalidOption', () => kindOf(handle.streamId)) : undefined,
      now: clock(),
      streamId: handle.streamId,
      get state() {
        return handle.state; // of a built-in fold it is decoded for this
      },
    };
    return hosted('policy', 'invalidOption', () => decide(policy, observation)); // predicates are the host's
  }

  /** The newest snapshot at or below the state that this process knows of. */
  #newest({ streamId, eventCount }: Handle<State, P>, { base }: Internals<P>): BaseSnapshot | undefined {
    const lastTaken = this.streams.peek(streamId)?.lastTaken;
    const newer = lastTaken !== undefined && lastTaken.events <= eventCount && lastTaken.events > (base?.events ?? 0);
    return newer ? lastTaken : base;
  }

  /** Encodes, writes, remembers. Everything before the first await happens in the caller's turn. */
  async attempt(handle: Handle<State, P>, inside: Internals<P>, reason: string): Promise<Outcome<State, P>> {
    const memory = this.streams.of(handle.streamId);
    const began = this.#settings.clock();
    const deadline = new Deadline(this.#settings.snapshotTimeout);
    let bytes = 0;
    const cost = (): Cost => ({ millis: Math.max(0, this.#settings.clock() - began), bytes });
    memory.inFlight = true;
    try {
      const sealed = sealHandle(this.#settings, handle, inside, this.remembered);
      bytes = sealed.frame.length;
      const result = await save(this.#settings, this.#store, sealed, deadline, handle, memory.lastTried !== undefined);
      if (result.status === 'failed') throw result.error;
      if (result.status === 'forgotten') {
        this.#attempted(handle, inside);
        return this.#skipped(handle, { code: 'forgotten', reason: 'the stream was forgotten; nothing of it is stored' }, cost());
      }
      memory.lastTried = undefined;
      memory.lastTaken = { key: result.key, events: handle.eventCount, at: sealed.header.takenAt, bytes };
      const kept = makeHandle<State, P>(handle, handle, { ...inside, base: memory.lastTaken, tail: EMPTY_TAIL });
      return this.#succeeded(kept, result, reason, cost());
    } catch (error) {
      if (!SnapshotError.is(error)) throw error;
      return await this.#attemptFailed(handle, inside, error, deadline, cost());
    } finally {
      memory.inFlight = false;
    }
  }

  #succeeded(handle: Handle<State, P>, result: Exclude<SaveResult, { status: 'failed' | 'forgotten' }>, reason: string, cost: Cost): Outcome<State, P> {
    if (result.status === 'alreadyCovered') {
      return this.#skipped(handle, { code: 'alreadyCovered', reason: `a snapshot at the same or a later position is there already: ${result.key}` }, cost);
    }
    const { key, deleted, deleteError } = result;
    const { eventCount } = handle;
    this.#observe({ type: 'taken', ...this.#place(handle), code: 'taken', ...cost, eventCount, reason, key, deleted });
    if (deleteError !== undefined) {
      this.#warn(handle, deleteError.code, `superfluous snapshots could not be deleted: ${deleteError.message}`);
    }
    return { status: 'taken', reason, handle, position: handle.position as P, key, bytes: cost.bytes, deleted };
  }

  async #attemptFailed(
    handle: Handle<State, P>,
    inside: Internals<P>,
    error: SnapshotError,
    deadline: Deadline,
    cost: Cost,
  ): Promise<Outcome<State, P>> {
    const outcome = this.failed(handle, error, cost);
    if (error.code === 'fenced') return outcome; // the stream is another owner's, who must not be damped
    const { streamId } = handle;
    const attempt = this.#attempted(handle, inside);
    try {
      await markAttempt(this.#settings, this.#store, streamId, attempt, error.code, deadline);
    } catch (markError) {
      this.#warn(handle, 'storeFailed', `the marker of the failed attempt could not be written: ${describe(markError)}`);
    }
    return outcome;
  }

  #skipped(handle: Handle<State, P>, { code, reason }: Refusal, cost: Cost): Outcome<State, P> {
    this.#observe({ type: 'skipped', ...this.#place(handle), code, ...cost, reason });
    return { status: 'skipped', code, reason, handle };
  }

  /** Remembers that one was in vain. */
  #attempted({ streamId, eventCount, pending }: Handle<State, P>, { tail, waiting }: Internals<P>): Attempt {
    const memory = this.streams.of(streamId);
    const failures = (memory.lastTried?.failures ?? 0) + 1;
    const tailBytes = tail.bytes + waiting.tail.bytes;
    return (memory.lastTried = { events: eventCount + pending, at: this.#settings.clock(), failures, tailBytes });
  }

  /** The outcome, reported, of whatever went wrong. */
  failed(handle: Handle<State, P>, cause: unknown, cost: Cost = NOTHING): Outcome<State, P> {
    const error = SnapshotError.is(cause) ? cause : new SnapshotError('storeFailed', describe(cause), { cause });
    const reason = error.message;
    const type = error.code === 'tooLarge' ? 'skipped' : 'failed';
    this.#observe({ type, ...this.#place(handle), code: error.code, ...cost, reason, error });
    return type === 'skipped' ? { status: 'skipped', code: 'tooLarge', reason, handle } : { status: 'failed', reason, error, handle };
  }

  #warn(about: Place, code: ErrorCode, reason: string, error?: SnapshotError): void {
    this.#observe({ type: 'warning', ...this.#place(about), code, ...NOTHING, reason, ...(error === undefined ? {} : { error }) });
  }

  /** Of whatever the host took for a handle, too. */
  #place(about: Partial<Place> | null | undefined) {
    const { streamId = '', position = null } = about ?? {};
    return { streamId, version: this.#settings.version, position };
  }
}

type Place = Pick<Handle<unknown, Position>, 'streamId' | 'position'>;

type Cost = Pick<Report, 'millis' | 'bytes'>;

const NOTHING: Cost = { millis: 0, bytes: 0 };
