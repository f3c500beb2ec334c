/** Rows through a session of a built-in fold: what it has folded in moves the progress, the rest of the rows waits. */
import { FoldedState, type BuiltInFold, type FoldSession, type SessionFolding } from './built-in.js';
import type { Row } from './events.js';
import { hosted } from './options.js';
import { NOTHING_WAITS, type Folder, type Folding, type Progress } from './progress.js';
import type { Position } from './position.js';
import { decode } from './value/decode.js';
import { encode } from './value/encode.js';

/** How rows of a repository go through the sessions of a built-in fold; a {@link BuiltInFold} of your own has it, too. */
export const sessionFolding: SessionFolding = {
  begin: (fold, folder, progress) => new BuiltInFolding(fold, folder, progress),
};

class BuiltInFolding<State, Event, P extends Position> implements Folding<Event, P> {
  readonly #fold: BuiltInFold<unknown, Event>;
  readonly #folder: Folder<State, Event, P>;
  readonly #progress: Progress<State, P>;
  /** The last row that was admitted, folded in or not. */
  readonly #last: Pick<Progress<State, P>, 'position' | 'anchor'>;
  #session: FoldSession<Event> | undefined;
  /** Those that a later one may yet change. */
  #rows: Row<Event, P>[] = [];

  constructor(fold: BuiltInFold<unknown, Event>, folder: Folder<State, Event, P>, progress: Progress<State, P>) {
    this.#fold = fold;
    this.#folder = folder;
    this.#progress = progress;
    const row = progress.waiting.rows.at(-1);
    this.#last = row === undefined ? { ...progress } : { position: row.position, anchor: { row } };
  }

  get position(): P | null {
    return this.#last.position;
  }

  push(rows: Iterable<Row<Event, P>>): void {
    const admitted = this.#folder.admitted(this.#last, rows);
    if (admitted.length === 0) return;
    hosted('fold', 'evolveFailed', () => {
      this.#push((this.#session ??= this.#begin()), admitted);
    });
  }

  finish(): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    const { state, waiting } = hosted('fold', 'evolveFailed', () => session.finish());
    this.#settle(waiting);
    const progress = this.#progress;
    const rows = this.#rows.map((row) => ({ ...row, event: decode(encode(row.event)) as Event })); // the host may change what it gave
    progress.state = new FoldedState(state) as State;
    progress.waiting = rows.length === 0 ? NOTHING_WAITS : { rows, tail: this.#folder.noted(NOTHING_WAITS.tail, rows) };
  }

  close(): void {
    try {
      this.#session?.finish();
    } catch {
      // What ended the fold is known already, and said.
    }
    this.#session = undefined;
  }

  #push(session: FoldSession<Event>, rows: readonly Row<Event, P>[]): void {
    const unsettled = session.push(rows);
    this.#rows = this.#rows.concat(rows);
    this.#settle(unsettled);
  }

  /** Moves on to the last row before those that are left; the state follows when the session ends. */
  #settle(left: number): void {
    const rows = this.#rows;
    const folded = rows.slice(0, rows.length - left);
    this.#rows = rows.slice(rows.length - left);
    const last = folded.at(-1);
    if (last === undefined) return;
    const progress = this.#progress;
    if (progress.eventCount === 0) progress.firstAt = folded[0]?.at;
    progress.position = last.position;
    progress.anchor = { row: last };
    for (const row of folded) progress.commitment = this.#folder.committed(progress.commitment, row);
    progress.eventCount += folded.length;
    progress.tail = this.#folder.noted(progress.tail, folded);
  }

  /** Rows that waited come first. */
  #begin(): FoldSession<Event> {
    const session = this.#fold.start((this.#progress.state as FoldedState).bytes);
    this.#session = session;
    const waited = this.#progress.waiting.rows as readonly Row<Event, P>[];
    if (waited.length > 0) this.#push(session, waited);
    return session;
  }
}
