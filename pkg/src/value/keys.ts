/**
 * Keys seen lately, encoded: of records of few shapes each key is encoded once. They form trees in which a path is how the keys of some
 * objects begin. Each key leads to the one that came next the last time, so that a key mostly costs one comparison of references. What is
 * kept has fixed bounds, and a dictionary whose keys nobody else has costs one look-up.
 */
import { putKey, putWords, written } from './writer.js';

/** A key of objects that begin alike. What lies in its value lies at one place, where objects most likely begin alike, too. */
export class Key {
  /** What came next; the others, most recent first, are linked by `other`. */
  next: Key;
  other: Key | undefined = undefined;
  /** How the last two objects in the value began that did not begin alike. */
  begins: Key;
  began: Key;
  /** Whether the last object in the value was a record of few properties. */
  small = false;

  constructor(
    readonly name: string,
    /** Where the item, head and all, lies: from `word` on. */
    readonly words: Int32Array,
    readonly word: number,
    /** Its bytes. */
    readonly size: number,
    stranger?: Key,
  ) {
    this.next = this.begins = this.began = stranger ?? this;
  }
}

const MOST_KEYS = 4096;
const MOST_WORDS = 1 << 14;
const LONGEST_ITEM = 64;
/** How many different keys may come next; where there are more, keys are data. */
const MOST_OTHERS = 8;
/** For so many strangers in a row the first of them is watched for: the first key of an object is learned when it comes again. */
const PATIENCE = 8;

let words = new Int32Array(MOST_WORDS);
const firsts = new Map<string, Key>();
let count = 0;
let filled = 0;
let watched = '';
let patience = 0;

/** Stands for all keys that are not known, and for wherever there is no better place. No known key has its name. */
export const STRANGER = new Key('\ud800', words, 0, 0);

/** All places that are under no key. */
const places = [STRANGER];

/** A place that is under no key; for a fixed number of them. */
export function newPlace(): Key {
  const place = new Key(STRANGER.name, words, 0, 0, STRANGER);
  places.push(place);
  return place;
}

/**
 * Once the bounds are reached, all is forgotten: most likely it belongs to other states. A key that an encoding still holds keeps its words:
 * what that encoding reads may be a proxy whose code encodes, too.
 */
export function makeRoom(): void {
  if (count < MOST_KEYS && filled + LONGEST_ITEM / 4 <= MOST_WORDS) return;
  firsts.clear();
  for (const place of places) place.begins = place.began = STRANGER;
  words = new Int32Array(MOST_WORDS);
  count = filled = 0;
}

/** Writes a known key. */
export function putKnown(key: Key): void {
  putWords(key.words, key.word, key.size);
}

/** The key `name` at the beginning of an object in `place`, where another one was expected. */
export function firstKey(place: Key, name: string): Key {
  const { begins, began } = place;
  const key = began.name === name ? began : (firsts.get(name) ?? meet(name));
  if (key !== STRANGER) {
    place.begins = key;
    place.began = begins;
  }
  return key;
}

/** The key `name` behind `key`, where another one was expected. */
export function nextKey(key: Key, name: string): Key {
  if (key === STRANGER) return key;
  let others = 0;
  for (let last = key.next; last.other !== undefined; last = last.other) {
    const next: Key = last.other;
    others += 1;
    if (next.name !== name) continue;
    last.other = next.other;
    return follow(key, next);
  }
  if (others === MOST_OTHERS) return STRANGER;
  const next = learn(name);
  return next === STRANGER ? next : follow(key, next);
}

function follow(key: Key, next: Key): Key {
  next.other = key.next === STRANGER ? undefined : key.next;
  key.next = next;
  return next;
}

/** An unknown first key. */
function meet(name: string): Key {
  if (name !== watched) {
    if (patience > 0) patience -= 1;
    else {
      watched = name;
      patience = PATIENCE;
    }
    return STRANGER;
  }
  patience = 0;
  const key = learn(name);
  if (key !== STRANGER) firsts.set(name, key);
  return key;
}

function learn(name: string): Key {
  if (count === MOST_KEYS || name.length > LONGEST_ITEM) return STRANGER;
  return written(
    () => putKey(name),
    (pieces, size) => {
      const item = pieces[0];
      const end = filled + Math.ceil(size / 4);
      if (item === undefined || size === 0 || size > LONGEST_ITEM || end > MOST_WORDS) return STRANGER;
      const word = filled;
      // First of all, since the stack may end here: nobody writes twice to the same words.
      filled = end;
      count += 1;
      for (let i = 0; i < size; i++) (words[word + (i >> 2)] as number) |= (item[i] as number) << (8 * (i & 3));
      return new Key(name, words, word, size, STRANGER);
    },
  );
}
