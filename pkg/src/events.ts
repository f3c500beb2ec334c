/** The host's event log: rows, pages, bounds, and the identity of an event. */
import { sha256 } from './core.js';
import { describe, SnapshotError } from './error.js';
import { functionOption, oneOf } from './options.js';
import { MAX_POSITION, type Position, type PositionInput, type Positions } from './position.js';
import { identityForm } from './value/identity.js';

/** One event with its place in the log. */
export interface EventRow<Event> {
  /** Position in the stream. */
  readonly position: PositionInput;
  readonly event: Event;
  /** The event's own id. Without one, a digest of the event is its identity. */
  readonly id?: string;
  /** The event's type, where a policy or `knows` asks for it. */
  readonly type?: string;
  /** When it was recorded. */
  readonly at?: number | string | Date;
  /** Its stored size, in bytes. */
  readonly bytes?: number;
}

export interface ReadOptions<P extends Position = number> {
  /** First position of interest, **inclusive**; 0 for the start. */
  readonly from: P;
  /** How many rows are wanted; fewer are fine. */
  readonly limit: number;
  /** That of the load. */
  readonly signal?: AbortSignal;
}

/** What a log says of one stream. */
export interface EventBounds {
  /** How many events it holds at or below `through`. */
  readonly count?: PositionInput;
  /** Events at or below this position were deleted on purpose. */
  readonly truncatedThrough?: PositionInput;
}

type Awaitable<T> = T | PromiseLike<T>;

/** Reads a stream's events in ascending order. */
export interface EventSource<Event, P extends Position = number, Raw = EventRow<Event>> {
  /** An array is one page, and only an empty page ends the log; an async iterable is the whole rest. */
  read(streamId: string, options: ReadOptions<P>): Awaitable<readonly Raw[] | AsyncIterable<Raw>>;
  /** Optional: what was deleted on purpose, and how many events there are at or below `through` (absent: in all). */
  bounds?(streamId: string, options: { readonly through?: P }): Awaitable<EventBounds>;
  /** Turns what `read` returns into a row, where it is not one already. */
  row?(raw: Raw): EventRow<Event>;
  /**
   * What is known of the log as a whole: `'complete'` if events are never deleted, `'pruned'` if the beginnings of streams may be. A sparse
   * log without `bounds` must say it. `'complete'` also lets an empty log pass for a new stream while the store cannot be read.
   */
  readonly history?: 'complete' | 'pruned';
}

/** A row whose position has been checked. */
export interface Row<Event, P extends Position> {
  readonly position: P;
  readonly event: Event;
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly at: number | undefined;
  readonly bytes: number | undefined;
}

export function checkSource(events: unknown): void {
  const source = (events ?? {}) as Record<string, unknown>;
  functionOption('events.read', source['read']);
  for (const name of ['bounds', 'row']) {
    if (source[name] !== undefined) functionOption(`events.${name}`, source[name]);
  }
  if (source['history'] !== undefined) oneOf('events.history', source['history'], ['complete', 'pruned']);
}

export function parseRow<Event, P extends Position>(row: EventRow<Event>, positions: Positions<P>): Row<Event, P> {
  if (typeof row !== 'object' || row === null || !('event' in row)) {
    throw new SnapshotError('invalidEvent', 'a row is { position, event, … }; give events.row to make one of what read returns');
  }
  const position = positions.parse(row.position, 'row.position');
  if (row.id !== undefined && (typeof row.id !== 'string' || row.id === '' || !row.id.isWellFormed())) {
    throw new SnapshotError('invalidEvent', 'an id is text, not empty, without lone surrogates', { path: 'row.id', position });
  }
  return { position, event: row.event, id: row.id, type: row.type, at: milliseconds(row, position), bytes: row.bytes };
}

/** The identity of an event: its id, or the SHA-256 of a form that survives a trip through JSON. */
export function anchorOf(row: Row<unknown, Position>): string | Uint8Array {
  if (row.id !== undefined) return row.id;
  try {
    return sha256(identityForm(row.event));
  } catch (error) {
    throw new SnapshotError('invalidEvent', 'the event has no id and cannot be hashed; give its row an id', {
      position: row.position,
      cause: error,
    });
  }
}

/** The identity of an event in the form that `anchor` has: an anchor made of a digest is compared with a digest, though ids came later. */
export function anchorLike(anchor: string | Uint8Array | undefined, row: Row<unknown, Position>): string | Uint8Array {
  return anchorOf(anchor instanceof Uint8Array ? { ...row, id: undefined } : row);
}

export interface PagesOptions<P extends Position> {
  /** First position of the first page, inclusive; undefined for the start. */
  readonly from: P | undefined;
  readonly pageSize: number;
  readonly positions: Positions<P>;
  readonly sequence: 'contiguous' | 'sparse';
  readonly signal?: AbortSignal | undefined;
}

/** A log from one position on, page by page. The twin of src/store/pages.rs. */
export class Pages<Event, P extends Position> {
  readonly #source: EventSource<Event, P>;
  readonly #streamId: string;
  readonly #options: PagesOptions<P>;
  #from: P | undefined;
  #iterator: AsyncIterator<EventRow<Event>> | undefined;
  #ended = false;
  /** Position of the last page's last row, and whether the page was full; of an iterable's first page. */
  #seam: { readonly position: P; readonly full: boolean } | undefined;
  /** Whether an iterable went on behind it. */
  #sewn = false;

  constructor(source: EventSource<Event, P>, streamId: string, options: PagesOptions<P>) {
    this.#source = source;
    this.#streamId = streamId;
    this.#options = options;
    this.#from = options.from;
  }

  /** The next page; an empty one is the end of the log. */
  async next(): Promise<Row<Event, P>[]> {
    if (this.#ended || (this.#from !== undefined && this.#from > MAX_POSITION)) return [];
    const { positions, pageSize } = this.#options;
    try {
      const rows = (await this.#fetch()).map((row) => parseRow(row, positions));
      const [first] = rows;
      if (first !== undefined && this.#from !== undefined && first.position < this.#from) throw ignoresFrom(first.position);
      const last = rows.at(-1);
      if (this.#iterator !== undefined) this.#sewn ||= this.#seam !== undefined && last !== undefined;
      else if (this.#seam !== undefined && this.#mayHaveLostRows(this.#seam.full, last === undefined)) await this.#checkSeam();
      if (last === undefined) {
        this.#ended = true;
      } else {
        this.#from = positions.after(last.position);
        if (!this.#sewn) this.#seam = { position: last.position, full: rows.length >= pageSize };
      }
      return rows;
    } catch (error) {
      await this.close();
      if (SnapshotError.is(error)) throw error;
      throw new SnapshotError('readFailed', `the event log failed: ${describe(error)}`, { cause: error });
    }
  }

  /** Ends the reading. While an iterable is read its source may be able to answer nothing else: it is asked now. */
  async end(): Promise<void> {
    await this.close();
    if (this.#sewn && this.#mayHaveLostRows(true, false)) await this.#checkSeam();
  }

  /** Since the page before, unless all events are kept. A contiguous stream shows a hole by itself, but not that all the rest of it is gone. */
  #mayHaveLostRows(full: boolean, atEnd: boolean): boolean {
    const { bounds, history } = this.#source;
    const shown = this.#options.sequence === 'contiguous' && (!atEnd || bounds === undefined);
    return !shown && (full || !atEnd) && history !== 'complete';
  }

  /** Logs are truncated from their start: if the row before a page is still there, nothing was missing when the page was read. */
  async #checkSeam(): Promise<void> {
    const from = this.#seam?.position;
    const pages = new Pages(this.#source, this.#streamId, { ...this.#options, from, pageSize: 1 });
    const [row] = await pages.next();
    await pages.close();
    if (from !== undefined && row?.position !== from) throw new SnapshotError('gap', 'the log was truncated while it was read', { position: from });
  }

  /** Lets an iterable that was not read to its end go. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    try {
      await this.#iterator?.return?.();
    } catch (error) {
      throw new SnapshotError('readFailed', `the event log failed when it was let go: ${describe(error)}`, { cause: error });
    }
  }

  async #fetch(): Promise<readonly EventRow<Event>[]> {
    const { positions, pageSize, signal } = this.#options;
    const row = this.#source.row?.bind(this.#source);
    if (this.#iterator === undefined) {
      const from = this.#from ?? positions.parse(0, 'from');
      const answer = await this.#source.read(this.#streamId, { from, limit: pageSize, ...(signal && { signal }) });
      if (Array.isArray(answer)) return row === undefined ? answer : answer.map((raw) => row(raw));
      this.#iterator = iterate(answer as AsyncIterable<EventRow<Event>>);
    }
    return this.#drain(this.#iterator, row);
  }

  async #drain(iterator: AsyncIterator<EventRow<Event>>, row: EventSource<Event, P>['row']): Promise<EventRow<Event>[]> {
    const page: EventRow<Event>[] = [];
    while (page.length < this.#options.pageSize && !this.#ended) {
      this.#ended = true; // an iterator that throws has ended, too
      const { done, value } = await iterator.next();
      if (done === true) break;
      this.#ended = false;
      page.push(row === undefined ? value : row(value));
    }
    return page;
  }
}

function ignoresFrom(position: Position): SnapshotError {
  return new SnapshotError('readFailed', 'the log answered with an earlier event than asked for; `from` is inclusive and ascending', { position });
}

function iterate<T>(answer: AsyncIterable<T>): AsyncIterator<T> {
  const method = (answer as AsyncIterable<T> | undefined)?.[Symbol.asyncIterator];
  if (typeof method !== 'function') {
    throw new SnapshotError('readFailed', 'events.read must return an array (one page) or an async iterable (the whole rest)');
  }
  return method.call(answer);
}

function milliseconds(row: EventRow<unknown>, position: Position): number | undefined {
  if (row.at === undefined || row.at === null) return undefined;
  const at = new Date(row.at).getTime();
  if (Number.isNaN(at)) throw new SnapshotError('invalidEvent', 'not a point in time', { path: 'row.at', position });
  return at;
}
