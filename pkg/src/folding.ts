/** Rows through a session of a built-in fold: what it has folded in moves the progress, the rest of the rows waits. */
import { FoldedState, type BuiltInFold, type FoldSession } from './built-in.js';
import type { Row } from './events.js';
import { hosted } from './options.js';
import { NOTHING_WAITS, type Folder, type Folding, type Progress } from './progress.js';
import type { Position } from './position.js';

/** Only the end of a session tells which rows wait, so that all of them are kept until then. After as many another session goes on. */
const ROWS_PER_SESSION = 10_000;

export class BuiltInFolding<State, Event, P extends Position> implements Folding<Event, P> {
  readonly #fold: BuiltInFold<unknown, Event>;
  readonly #folder: Folder<State, Event, P>;
  readonly #progress: Progress<State, P>;
  /** The last row that was admitted, folded in or not. */
  readonly #last: Pick<Progress<State, P>, 'position' | 'anchor'>;
  #session: FoldSession<Event> | undefined;
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
      const session = (this.#session ??= this.#begin());
      session.push(admitted);
    });
    this.#rows = this.#rows.concat(admitted);
    if (this.#rows.length >= ROWS_PER_SESSION) this.finish();
  }

  finish(): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    const { state, pending } = hosted('fold', 'evolveFailed', () => session.finish());
    const folded = this.#rows.length - pending;
    const progress = this.#progress;
    progress.state = new FoldedState(state) as State;
    if (progress.eventCount === 0) progress.firstAt = this.#rows[0]?.at;
    const last = this.#rows[folded - 1];
    if (last !== undefined) {
      progress.position = last.position;
      progress.anchor = { row: last };
      progress.eventCount += folded;
      progress.tail = this.#folder.noted(progress.tail, this.#rows.slice(0, folded));
    }
    const rows = this.#rows.slice(folded);
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

  /** Rows that waited come first. */
  #begin(): FoldSession<Event> {
    const session = this.#fold.start((this.#progress.state as FoldedState).bytes);
    this.#session = session;
    this.#rows = [...this.#progress.waiting.rows] as Row<Event, P>[];
    if (this.#rows.length > 0) session.push(this.#rows);
    return session;
  }
}
