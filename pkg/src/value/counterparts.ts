/** Which child of an array, object or Map was which one of its last version: of a copy with few changes most are in the same place. */
import type { Content, Part } from './parts.js';

/** After so many children in a row that are new, the others are looked for in all places. */
const LOST = 32;

export class Counterparts {
  /** The old child whose place was taken by the child that was asked for last; −1 if it was put between two. */
  place = -1;
  readonly #keys: Content['keys'];
  readonly #items: Content['items'];
  readonly #old: Part;
  #next = 0;
  #lost = 0;
  #places: Map<unknown, number> | undefined;

  constructor({ keys, items }: Content, old: Part) {
    this.#keys = keys;
    this.#items = items;
    this.#old = old;
  }

  /** How many children from `index` on are those from the old {@link place} on, unchanged. Children are asked for in order. */
  unchanged(index: number): number {
    const next = this.#next;
    if (this.#same(index, next)) return this.#run(index, next);
    if (this.#same(index, next + 1)) return this.#run(index, next + 1); // one was removed
    if (this.#same(index + 1, next)) {
      this.place = -1; // one was added
      return 0;
    }
    const place = this.#lost < LOST ? -1 : this.#look(index);
    if (place >= 0) return this.#run(index, place);
    this.place = next;
    this.#next = next + 1;
    this.#lost += 1;
    return 0;
  }

  #run(index: number, place: number): number {
    let count = 1;
    while (this.#same(index + count, place + count)) count += 1;
    this.place = place;
    this.#next = place + count;
    this.#lost = 0;
    return count;
  }

  /** What was sorted, or moved by many places, is found by identity; −1 if it is not. */
  #look(index: number): number {
    this.#places ??= new Map(this.#old.items.map((item, place) => [item, place]));
    const place = this.#places.get(this.#items[index]) ?? -1;
    return place >= 0 && this.#same(index, place) ? place : -1;
  }

  #same(index: number, place: number): boolean {
    const items = this.#items;
    const old = this.#old;
    if (index >= items.length || place >= old.items.length || (old.ends[place] as number) < 0) return false;
    // Unlike `===` this does not look into the two objects, which is what takes time when they are many; and 0 is not −0.
    if (!Object.is(items[index], old.items[place])) return false;
    if (old.keys === undefined) return true;
    const key = this.#keys?.[index];
    return key === old.keys[place] && (typeof key !== 'object' || key === null);
  }
}
