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

/** Rows behind the position that a built-in fold has read and not folded in yet, and what policies want to know of them. */
export interface Waiting<P extends Position> {
  readonly rows: readonly Row<unknown, P>[];
  readonly tail: Tail;
}

export const NOTHING_WAITS: Waiting<never> = { rows: [], tail: EMPTY_TAIL };

/** Where a fold stands. */
export interface Progress<State, P extends Position> {
  state: State;
  position: P | null;
  eventCount: number;
  anchor: Anchor<P> | undefined;
  /** To all events up to there, if the definition asks for it and the snapshot that it began with has one. */
  commitment: Uint8Array | undefined;
  tail: Tail;
  /** When the stream's first event was recorded, if the log said so. */
  firstAt: number | undefined;
  waiting: Waiting<P>;
}

/** A way for rows into a progress. What was folded before a row that is refused may stay folded. */
export interface Folding<Event, P extends Position> {
  /** Of the last row that was admitted. */
  readonly position: P | null;
  push(rows: Iterable<Row<Event, P>>): void;
  /** Before this the progress need not have moved. */
  finish(): void;
  /** Frees what {@link finish} did not. */
  close(): void;
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

  /** Folds in place: `progress` moves. */
  folding(progress: Progress<State, P>): Folding<Event, P> {
    const { fold } = this.#settings;
    if (fold !== undefined) return fold.folding.begin(fold, this, progress);
    return {
      get position() {
        return progress.position;
      },
      push: (rows) => this.#fold(progress, rows),
      finish() {},
      close() {},
    };
  }

  #fold(progress: Progress<State, P>, rows: Iterable<Row<Event, P>>): void {
    const tail = { ...progress.tail, types: new Set(progress.tail.types) };
    try {
      for (const row of rows) {
        if (!this.#admit(progress, row)) continue;
        const commitment = this.committed(progress.commitment, row); // before a reducer can change the event
        progress.state = this.#evolve(progress.state, row);
        progress.commitment = commitment;
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

  /** Those of `rows` that come next, after `last`, which moves on to them. Throws for a gap or a wrong order. */
  admitted(last: Pick<Progress<State, P>, 'position' | 'anchor'>, rows: Iterable<Row<Event, P>>): Row<Event, P>[] {
    const admitted: Row<Event, P>[] = [];
    for (const row of rows) {
      if (!this.#admit(last, row)) continue;
      last.position = row.position;
      last.anchor = { row };
      admitted.push(row);
    }
    return admitted;
  }

  /** A commitment that goes on with `row`, if there is one. */
  committed(commitment: Uint8Array | undefined, row: Row<Event, P>): Uint8Array | undefined {
    return commitment && this.#settings.commitment?.after(commitment, row.position, anchorOf(row));
  }

  /** A tail that goes on with `rows`. */
  noted(tail: Tail, rows: readonly Row<Event, P>[]): Tail {
    const longer = { ...tail, types: new Set(tail.types) };
    for (const row of rows) this.#note(longer, row);
    return longer;
  }

  /** False for the very row that was folded last (a re-read page of a sparse log). */
  #admit({ position, anchor }: Pick<Progress<State, P>, 'position' | 'anchor'>, row: Row<Event, P>): boolean {
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
