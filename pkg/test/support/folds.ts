/** Built-in folds small enough to read, written where rows need no core: what `defineSnapshots` asks of them, and no more. */
import { createHash } from 'node:crypto';
import { decode, encode, SnapshotError, type BuiltInFold, type FoldSession } from 'snapfold';
import { sessionFolding } from 'snapfold/folds';

export type Step = { type: 'Added'; amount: number } | { type: 'Opened' } | { type: 'Closed' } | { type: 'Undone'; position: number };

export interface Sum {
  readonly total: number;
  readonly steps: number;
}

type Rows = Parameters<FoldSession<Step>['push']>[0];

/** What a test looks at: how often sessions began and ended, and the rows that each was given. */
export interface Watched {
  started: number;
  finished: number;
  readonly pushed: number[][];
}

/** Adds amounts. With `waits`, what stands behind `Opened` waits for `Closed`. `Undone` cannot be folded onto a state that is finished. */
export function sumFold({ waits = false, name = 'sum' } = {}): BuiltInFold<Sum, Step> & { readonly watched: Watched } {
  const watched: Watched = { started: 0, finished: 0, pushed: [] };
  return {
    watched,
    sequence: 'contiguous',
    firstPosition: 1,
    digest: new Uint8Array(createHash('sha256').update(`${name} ${waits}`).digest()),
    initial: encode({ total: 0, steps: 0 }),
    folding: sessionFolding,
    start(state) {
      watched.started += 1;
      return new SumSession(decode(state) as Sum, waits, watched);
    },
  };
}

class SumSession implements FoldSession<Step> {
  #sum: Sum;
  readonly #waits: boolean;
  readonly #watched: Watched;
  #open: Step[] | undefined;
  #began: number | undefined;

  constructor(sum: Sum, waits: boolean, watched: Watched) {
    this.#sum = sum;
    this.#waits = waits;
    this.#watched = watched;
  }

  push(rows: Rows): number {
    this.#watched.pushed.push(rows.map(({ position }) => Number(position)));
    for (const { position, event } of rows) {
      this.#began ??= Number(position);
      if (event.type === 'Undone' && event.position < this.#began) {
        throw new SnapshotError('invalidatesBase', 'load the stream again', { position: event.position });
      }
      if (event.type === 'Added' && !Number.isFinite(event.amount)) throw new SnapshotError('outOfRange', 'no number', { position });
      if (this.#waits && event.type === 'Opened') this.#open ??= [];
      if (this.#open === undefined) this.#take([event]);
      else this.#open.push(event);
      if (this.#open !== undefined && event.type === 'Closed') {
        this.#take(this.#open);
        this.#open = undefined;
      }
    }
    return this.#open?.length ?? 0;
  }

  finish() {
    this.#watched.finished += 1;
    return { state: encode(this.#sum), waiting: this.#open?.length ?? 0 };
  }

  #take(events: readonly Step[]): void {
    for (const event of events) {
      this.#sum = { total: this.#sum.total + (event.type === 'Added' ? event.amount : 0), steps: this.#sum.steps + 1 };
    }
  }
}
