/**
 * Key sequences seen lately, with their encoded keys: of records of few shapes, each key is encoded once. What is kept has fixed
 * bounds, and a dictionary whose keys nobody else has costs two look-ups.
 */

export interface Shape {
  readonly keys: readonly string[];
  /** Each key as an item, head and all. */
  readonly items: readonly Uint8Array[];
  readonly next: Shape | undefined;
}

/** An object with more keys is a dictionary. */
const MOST_KEYS = 32;
const MOST_SHAPES = 256;
const MOST_CANDIDATES = 1024;
const LONGEST_KEY = 64;

/** Shapes by their first key. */
const shapes = new Map<string, Shape>();
/** First keys seen once: a shape is learned when it comes a second time. */
const candidates = new Set<string>();
let count = 0;

/** The shape that has exactly these keys. */
export function findShape(keys: readonly string[]): Shape | undefined {
  const { length } = keys;
  if (length > MOST_KEYS) return undefined;
  for (let shape = shapes.get(keys[0] as string); shape !== undefined; shape = shape.next) {
    if (shape.keys.length !== length) continue;
    let at = 1;
    while (at < length && shape.keys[at] === keys[at]) at++;
    if (at === length) return shape;
  }
  return undefined;
}

/** Whether the shape of `keys`, which is not known, should be learned now. */
export function shouldLearn(keys: readonly string[]): boolean {
  const first = keys[0];
  if (first === undefined || keys.length > MOST_KEYS) return false;
  if (candidates.has(first)) return keys.every((key) => key.length <= LONGEST_KEY);
  if (candidates.size >= MOST_CANDIDATES) candidates.clear();
  candidates.add(first);
  return false;
}

export function learnShape(keys: readonly string[], items: readonly Uint8Array[]): void {
  if (count >= MOST_SHAPES) {
    shapes.clear(); // what was learned belongs to other states
    count = 0;
  }
  const first = keys[0] as string;
  shapes.set(first, { keys, items, next: shapes.get(first) });
  count += 1;
}
