/** Folding rows onto a state: order, count, anchor and what policies want to know move with it. The twin of src/fold/progress.rs. */
import { describe, SnapshotError, type ErrorCode } from './error.js';
import { anchorOf, type Row } from './events.js';
import { MutationGuard } from './mutation.js';
import type { Settings } from './definition.js';
import { hosted } from './options.js';
import type { PolicyNeeds } from './policy.js';
import type { Position } from './position.js';
import { identityForm } from './value/identity.js';
import { sameBytes } from './value/bytes.js';

/** A snapshot that was not used. */
export interface Rejection<P extends Position> {
  readonly key: string;
  readonly position: P | null;
  readonly code: ErrorCode;
  readonly message: string;
}

/** The last folded event; its identity is computed when somebody asks. */
export type Anchor<P extends Position> =
  | { readonly row: Row<unknown, P> }
  | { readonly known: string | Uint8Array | undefined };

/** A snapshot of the own slot. */
export interface BaseSnapshot {
  readonly events: number;
  readonly at: number | undefined;
  readonly bytes: number;
}

/** What policies want to know of the events since the base. */
export interface Tail {
  readonly bytes: number;
  readonly types: ReadonlySet<string>;
  /** A type that `knows` does not list. */
  readonly unknown: string | undefined;
}

export const EMPTY_TAIL: Tail = { bytes: 0, types: new Set(), unknown: undefined };

/** Where a fold stands. */
export interface Progress<State, P extends Position> {
  state: State;
  position: P | null;
  eventCount: number;
  anchor: Anchor<P> | undefined;
  tail: Tail;
  /** When the stream's first event was recorded, if the log said so. */
  firstAt: number | undefined;
}

export function anchorIdentity<P extends Position>(anchor: Anchor<P> | undefined): string | Uint8Array | undefined {
  if (anchor === undefined) return undefined;
  return 'row' in anchor ? anchorOf(anchor.row) : anchor.known;
}

export function sameAnchor(a: string | Uint8Array | undefined, b: string | Uint8Array | undefined): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array ? sameBytes(a, b) : a === b;
}

/** Folds rows by one definition. */
export class Folder<State, Event, P extends Position> {
  readonly #settings: Settings<State, Event, P>;
  readonly #needs: PolicyNeeds;
  readonly #guard: MutationGuard<State>;

  constructor(settings: Settings<State, Event, P>, needs: PolicyNeeds) {
    this.#settings = settings;
    this.#needs = needs;
    this.#guard = new MutationGuard(settings);
  }

  /** Folds `rows` in, in place; what was folded before a row that is refused stays folded. */
  fold(progress: Progress<State, P>, rows: Iterable<Row<Event, P>>): void {
    const tail = { ...progress.tail, types: new Set(progress.tail.types) };
    try {
      for (const row of rows) {
        if (!this.#admit(progress, row)) continue;
        progress.state = this.#evolve(progress.state, row);
        progress.position = row.position;
        progress.eventCount += 1;
        if (progress.eventCount === 1) progress.firstAt = row.at;
        progress.anchor = { row };
        this.#note(tail, row);
      }
      this.#fixAnchor(progress);
    } finally {
      progress.tail = tail;
    }
  }

  /** A reducer that keeps and changes what an event holds would change its digest later. */
  #fixAnchor(progress: Progress<State, P>): void {
    const { anchor } = progress;
    if (this.#settings.mutable && anchor !== undefined && 'row' in anchor) progress.anchor = { known: anchorOf(anchor.row) };
  }

  /** Throws what {@link fold} would throw for the order of `rows`, and changes nothing. */
  check(progress: Progress<State, P>, rows: Iterable<Row<Event, P>>): void {
    const dry = { ...progress };
    for (const row of rows) {
      if (!this.#admit(dry, row)) continue;
      dry.position = row.position;
      dry.anchor = { row };
    }
  }

  /** False for the very row that was folded last (a re-read page of a sparse log). */
  #admit({ position, anchor }: Progress<State, P>, row: Row<Event, P>): boolean {
    const { sequence, firstPosition, positions } = this.#settings;
    if (sequence === 'contiguous') {
      const expected = position === null ? positions.parse(firstPosition, 'firstPosition') : positions.after(position);
      if (row.position === expected) return true;
      throw row.position > expected ?
          refuse('gap', row, `expected position ${expected} next; if others append too, refresh the handle first; if it is in the log, read must take \`from\` as inclusive; ` +
            'if positions may have gaps, declare the stream sparse')
        : outOfOrder(row, position);
    }
    if (position === null || row.position > position) return true;
    if (row.position < position) throw outOfOrder(row, position);
    if (sameAnchor(anchorIdentity(anchor), anchorOf(row))) return false;
    throw refuse('outOfOrder', row, 'two different events share one position; positions must be unique in a stream');
  }

  #evolve(state: State, row: Row<Event, P>): State {
    const { evolve, mutable } = this.#settings;
    try {
      const next = this.#guard.watch(state, row.position, () => evolve(state, row.event));
      if (typeof (next as { then?: unknown } | undefined)?.then === 'function') {
        throw new TypeError('evolve returned a promise; it must be synchronous');
      }
      if (next !== undefined) return next as State;
      if (mutable) return state;
      throw new TypeError('evolve returned undefined; it must return the next state');
    } catch (error) {
      if (SnapshotError.is(error)) throw error;
      throw new SnapshotError('evolveFailed', `evolve failed: ${describe(error)}`, { position: row.position, cause: error });
    }
  }

  #note(tail: { -readonly [K in keyof Tail]: Tail[K] } & { types: Set<string> }, row: Row<Event, P>): void {
    if (this.#needs.bytes) tail.bytes += this.#bytes(row);
    const { knows } = this.#settings;
    if (knows === undefined && this.#needs.eventTypes.length === 0) return;
    const type = this.#type(row);
    if (this.#needs.eventTypes.includes(type)) tail.types.add(type);
    if (knows !== undefined && !knows.has(type)) tail.unknown ??= type;
  }

  #bytes(row: Row<Event, P>): number {
    const { sizeOf } = this.#settings;
    const given = row.bytes ?? (sizeOf && hosted('sizeOf', 'invalidEvent', () => sizeOf(row.event)));
    const bytes = given ?? encodedLength(row);
    if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
    throw refuse('invalidEvent', row, `the size of an event must be a whole number of bytes; got ${bytes}`);
  }

  #type(row: Row<Event, P>): string {
    const { typeOf } = this.#settings;
    const given = row.type ?? (typeOf && hosted('typeOf', 'invalidEvent', () => typeOf(row.event)));
    const type = given ?? (row.event as { type?: unknown } | null)?.type;
    if (typeof type === 'string') return type;
    throw refuse('invalidEvent', row, 'the event has no type, but the policy or `knows` asks for one; give row.type or typeOf');
  }
}

function encodedLength(row: Row<unknown, Position>): number {
  try {
    return identityForm(row.event).length; // the same before and after a log kept as JSON
  } catch (cause) {
    throw new SnapshotError('invalidEvent', 'the policy weighs events, and this one cannot be encoded; give row.bytes or sizeOf', {
      position: row.position,
      cause,
    });
  }
}

function outOfOrder<P extends Position>(row: Row<unknown, P>, position: P | null): SnapshotError {
  const after = position === null ? 'the first one' : `one after ${position}`;
  return refuse('outOfOrder', row, `expected ${after}; pages must be read in ascending order and applied once`);
}

function refuse<P extends Position>(code: 'gap' | 'outOfOrder' | 'invalidEvent', row: Row<unknown, P>, message: string): SnapshotError {
  return new SnapshotError(code, message, { position: row.position });
}
