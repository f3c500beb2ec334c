/** Folds that are data: they run somewhere else, take events and give bytes. What makes them is in entries of its own. */
import type { Row } from './events.js';
import type { Position } from './position.js';
import type { Folder, Folding, Progress } from './progress.js';
import { decode } from './value/decode.js';

/** A built-in fold, such as those of `snapfold/folds`. */
export interface BuiltInFold<State, Event> {
  readonly sequence: 'contiguous' | 'sparse';
  readonly firstPosition: 0 | 1;
  /** Says what the fold does, 32 bytes: equal digests, equal states from equal events. */
  readonly digest: Uint8Array;
  /** The state before the first event, encoded. */
  readonly initial: Uint8Array;
  /** Goes on from a state that {@link FoldSession.finish} gave, or the initial one. */
  start(state: Uint8Array): FoldSession<Event>;
  /** How rows of a repository go through its sessions: `sessionFolding` of `snapfold/folds`. */
  readonly folding: SessionFolding;
  /** Never there: it tells the compiler what the bytes decode to. */
  readonly state?: State;
}

/** `sessionFolding` of `snapfold/folds`. */
export interface SessionFolding {
  /** Folds in place: `progress` moves. */
  begin<State, Event, P extends Position>(
    fold: BuiltInFold<unknown, Event>,
    folder: Folder<State, Event, P>,
    progress: Progress<State, P>,
  ): Folding<Event, P>;
}

/** Events on their way into a state. */
export interface FoldSession<Event> {
  /**
   * Folds in rows that are next in their stream, by order and without gaps. Returns how many of the last ones, with those of earlier calls,
   * a later one may yet change: those that wait for others, or might do so again. Throws a SnapshotError with the position of an event that
   * cannot be folded in; of code `invalidatesBase` with the position from which snapshots hold what is no longer true.
   */
  push(rows: readonly Row<Event, Position>[]): number;
  /**
   * The state, encoded, and how many of the last rows wait for others and are not in it. Called once, after an error too; frees what the
   * session holds.
   */
  finish(): { readonly state: Uint8Array; readonly waiting: number };
}

/** The state of a built-in fold: bytes, which are decoded for those who look. */
export class FoldedState {
  readonly bytes: Uint8Array;
  #value: { readonly decoded: unknown } | undefined;

  /** `decoded`, if somebody has looked already. */
  constructor(bytes: Uint8Array, ...decoded: [] | [unknown]) {
    this.bytes = bytes;
    if (decoded.length > 0) this.#value = { decoded: decoded[0] };
  }

  get value(): unknown {
    this.#value ??= { decoded: decode(this.bytes) };
    return this.#value.decoded;
  }
}

/** What a host sees of a state. */
export function seen<State>(state: State): State {
  return state instanceof FoldedState ? (state.value as State) : state;
}
