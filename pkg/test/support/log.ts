/** An event log in memory: pages, ids, bounds, pruning. Logs that break their promises are made by overriding `read`. */
import type { EventBounds, EventRow, EventSource, Position, ReadOptions } from 'snapfold';

export interface LogOptions {
  /** Position of the first event. Default 1. */
  readonly first?: number;
  /** From one position to the next. Default 1. */
  readonly step?: number;
  /** Whether rows carry an id. Default true. */
  readonly ids?: boolean;
  /** Rows per page at most, whatever is asked for. */
  readonly pageRows?: number;
  /** Names the history in the ids, so that two logs differ. */
  readonly history?: string;
  /** What is known of the log. Default `'complete'`, though tests truncate it. */
  readonly known?: 'complete' | 'pruned';
}

export class Log<Event> implements EventSource<Event> {
  rows: EventRow<Event>[] = [];
  truncatedThrough: number | undefined;
  readonly history: 'complete' | 'pruned';
  /** Every read so far. */
  readonly reads: ReadOptions[] = [];
  readonly #options: LogOptions;
  #history: string;

  constructor(options: LogOptions = {}, events: readonly Event[] = []) {
    this.#options = options;
    this.#history = options.history ?? 'event';
    this.history = options.known ?? 'complete';
    this.append(...events);
  }

  /** Appends and returns the new rows. */
  append(...events: readonly Event[]): EventRow<Event>[] {
    const { first = 1, step = 1, ids = true } = this.#options;
    const last = this.rows.at(-1)?.position;
    const start = last === undefined ? (this.truncatedThrough ?? first - step) + step : Number(last) + step;
    const rows = events.map((event, index) => {
      const position = start + index * step;
      return { position, event, ...(ids ? { id: `${this.#history}-${position}` } : {}) };
    });
    this.rows.push(...rows);
    return rows;
  }

  /** A row at a position of its own, wherever that is: a late arrival, for instance. */
  insert(position: number, event: Event): EventRow<Event> {
    const row = { position, event, id: `late-${position}` };
    this.rows = [...this.rows, row].sort((a, b) => Number(a.position) - Number(b.position));
    return row;
  }

  /** Deletes events on purpose, as retention does. */
  truncate(through: number): void {
    this.rows = this.rows.filter(({ position }) => Number(position) > through);
    this.truncatedThrough = through;
  }

  /** Loses what came after, as a restored backup does; what is appended next belongs to another history. */
  restoreTo(position: number): void {
    this.rows = this.rows.filter((row) => Number(row.position) <= position);
    this.#history = 'other';
  }

  read(_streamId: string, options: ReadOptions): EventRow<Event>[] | AsyncIterable<EventRow<Event>> {
    this.reads.push(options);
    return this.page(options);
  }

  page({ from, limit }: Partial<ReadOptions> & { readonly limit: number }): EventRow<Event>[] {
    const wanted = this.rows.filter(({ position }) => BigInt(position) >= BigInt(from ?? 0));
    return wanted.slice(0, Math.min(limit, this.#options.pageRows ?? Infinity));
  }
}

/** A log that can tell its bounds. */
export class BoundedLog<Event> extends Log<Event> {
  bounds(_streamId: string, { through }: { readonly through?: Position }): EventBounds {
    const counted = through === undefined ? this.rows : this.rows.filter(({ position }) => BigInt(position) <= BigInt(through));
    return {
      count: counted.length,
      ...(this.truncatedThrough === undefined ? {} : { truncatedThrough: this.truncatedThrough }),
    };
  }
}

/** A log that hands out the whole rest as an async iterable, and counts those that were opened and let go. */
export class StreamingLog<Event> extends Log<Event> {
  opened = 0;
  closed = 0;

  override read(_streamId: string, options: ReadOptions): AsyncIterable<EventRow<Event>> {
    this.reads.push(options);
    return this.#rest(options);
  }

  async *#rest({ from }: ReadOptions): AsyncGenerator<EventRow<Event>> {
    this.opened += 1;
    try {
      yield* this.page({ from, limit: Infinity });
    } finally {
      this.closed += 1;
    }
  }
}
