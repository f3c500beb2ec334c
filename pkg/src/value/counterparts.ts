/** Which child of an array, object or Map was which one of its last version: of a copy with few changes most are in the same place. */
import type { Content, Part } from './parts.js';

/** So many new items in a row are taken to be replacements of what was in their places. */
const PATIENCE = 8;

export class Counterparts {
  /** The old child in whose place the one is that was asked for last; −1 if there was none. */
  place = -1;
  readonly #content: Content;
  readonly #old: Part;
  /** What a child is known by: its key, or itself. */
  readonly #ids: readonly unknown[];
  readonly #oldIds: readonly unknown[];
  #places: ReadonlyMap<unknown, number> | undefined;
  #next = 0;
  #misses = 0;

  constructor(content: Content, old: Part) {
    this.#content = content;
    this.#old = old;
    this.#ids = content.keys ?? content.items;
    this.#oldIds = old.content.keys ?? old.content.items;
  }

  /** How many children from `index` on have the bytes of those from the old {@link place} on. Children are asked for in order. */
  unchanged(index: number): number {
    const place = this.#find(index);
    this.place = place;
    if (place < 0) return 0;
    const count = this.#run(index, place);
    this.#next = place + Math.max(count, 1);
    if (count > 0) this.#misses = 0;
    return count;
  }

  #find(index: number): number {
    const next = this.#next;
    if (this.#is(index, next)) return next;
    if (this.#is(index, next + 1)) return next + 1; // one was removed
    if (this.#is(index + 1, next)) return -1; // one was added
    const isArray = this.#content.keys === undefined;
    if (isArray && this.#places === undefined && !this.#hasMoved(index)) return next; // most likely it was replaced
    this.#places ??= new Map(this.#oldIds.map((id, place) => [id, place]));
    return this.#places.get(this.#ids[index]) ?? (isArray ? next : -1);
  }

  /** Looks for an item in all places, but seldom, since that takes time: once patience is at its end, after twice as many, and so on. */
  #hasMoved(index: number): boolean {
    const misses = (this.#misses += 1);
    return misses >= PATIENCE && (misses & (misses - 1)) === 0 && this.#oldIds.includes(this.#ids[index]);
  }

  /** Either place may be beyond the end: there is undefined, which says nothing. */
  #is(index: number, place: number): boolean {
    const id = this.#ids[index];
    return id !== undefined && Object.is(id, this.#oldIds[place]);
  }

  #run(index: number, place: number): number {
    const { keys, items } = this.#content;
    const { ends, content } = this.#old;
    const oldKeys = content.keys;
    const oldItems = content.items;
    const most = Math.min(items.length - index, oldItems.length - place);
    let count = 0;
    for (; count < most && (ends[place + count] as number) >= 0; count++) {
      const item = items[index + count];
      // Unlike `===`, `Object.is` does not look into two objects, which is what takes time when they are many; and 0 is not −0.
      // What is undefined may be a hole in an array.
      if (item === undefined || !Object.is(item, oldItems[place + count])) break;
      if (oldKeys !== undefined && keys?.[index + count] !== oldKeys[place + count]) break;
    }
    return count;
  }
}
