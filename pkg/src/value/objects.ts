/** Maps to plain objects. */
import { build, buildDictionary, emptyDictionary, MAX_GROWN, plain } from './builders.js';
import { hashOf, isAt, keyOf, MAX_ITEM, meet, pathOf, rootStep, type Step } from './layouts.js';
import { malformed, type Reader } from './reader.js';
import { MAJOR } from './tags.js';

/** Objects with more keys are dictionaries: one is rarely like another. */
const MAX_LAYOUT = 128;

/**
 * Objects whose keys were not met before may be the first of many, or each be a dictionary of its own. A decoder starts with this
 * much patience; what is new takes of it, what is known gives back, and when it has none what is new counts as a dictionary.
 */
export const PATIENCE = 4096;
const NEW_STEP = 4;
const NEW_OBJECT = 16;

/** What reads the values of an object. */
export interface Source extends Reader {
  patience: number;
  /** Values of objects that are not complete, up to `top`. */
  readonly stack: unknown[];
  top: number;
  value(depth: number): unknown;
}

/**
 * The object of `count` keys that starts here, its values at this depth. Throws if a key is there twice, but only at the end: something
 * wrong behind the second may have been found first.
 */
export function readObject(from: Source, count: number, depth: number): object {
  if (count > MAX_LAYOUT) return readDictionary(from, count, depth);
  if (count === 0) return {};
  const base = from.top;
  let step = rootStep();
  for (let i = 0; i < count; i++) {
    const next = expectedStep(from, step) ?? knownStep(from, step);
    if (next === undefined) return readNewObject(from, count, depth, step, base);
    step = next;
    const value = from.value(depth);
    from.stack[from.top++] = value;
  }
  from.top = base;
  if (from.patience < PATIENCE) from.patience += 1;
  return distinct(from, step.object(from.stack, base));
}

/** Looks at every key before its value, so that whatever is wrong first is found first; and whatever `Object.prototype` is like. */
export function readObjectCarefully(from: Source, count: number, depth: number): object {
  const object = {};
  for (let i = 0; i < count; i++) {
    const start = from.at;
    const key = readKey(from);
    if (Object.hasOwn(object, key)) throw malformed('a key that is there already', start);
    Object.defineProperty(object, key, { value: from.value(depth), writable: true, enumerable: true, configurable: true });
  }
  return object;
}

/** Reads the key of the step that followed last time, if that is next. */
function expectedStep(from: Source, step: Step): Step | undefined {
  const { next } = step;
  if (next === undefined) return undefined;
  const { item } = next.key;
  if (item.length > from.end - from.at || !isAt(item, from.input, from.at)) return undefined;
  from.at += item.length;
  return next;
}

/** Reads a key, if it is a known step or one to be learnt. */
function knownStep(from: Source, step: Step): Step | undefined {
  const start = from.at;
  const end = skipKey(from);
  const hash = hashOf(from.input, start, end);
  const next = step.follow(from.input, start, end, hash);
  if (next !== undefined) return next;
  from.at = start;
  if (from.patience <= 0 || end - start > MAX_ITEM || !meet(pathOf(step.path, hash))) return undefined;
  from.patience -= NEW_STEP;
  const text = readKey(from);
  return step.learn(keyOf(from.input, start, end, hash, text));
}

/** An object whose keys go on from `step` in a way that is not known; the values so far lie from `base` on. */
function readNewObject(from: Source, count: number, depth: number, step: Step, base: number): object {
  const keys = step.keys();
  for (let i = keys.length, { path } = step; i < count; i++) {
    const start = from.at;
    keys.push(readKey(from));
    path = pathOf(path, hashOf(from.input, start, from.at));
    meet(path);
    const value = from.value(depth);
    from.stack[from.top++] = value;
  }
  from.top = base;
  if (from.patience <= 0 || count > MAX_GROWN) return distinct(from, buildDictionary(keys, from.stack, base));
  from.patience -= NEW_OBJECT;
  return distinct(from, build(keys, from.stack, base));
}

function readDictionary(from: Source, count: number, depth: number): object {
  const object = emptyDictionary();
  const hashes: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = from.at;
    const key = readKey(from);
    hashes.push(hashOf(from.input, start, from.at));
    object[key] = from.value(depth);
  }
  // Counting the keys of a large object takes a third as long as making it.
  const repeats = mayRepeat(hashes) && Object.keys(object).length !== count;
  return distinct(from, repeats ? undefined : plain(object));
}

/** False if all are different; true if two are equal, or it takes too long to say. */
function mayRepeat(hashes: readonly number[]): boolean {
  const bits = 33 - Math.clz32(hashes.length);
  const table = new Int32Array(2 ** bits);
  let patience = 2 * hashes.length;
  for (const hash of hashes) {
    const mark = hash === 0 ? 1 : hash;
    let slot = Math.imul(mark, 0x9e3779b1) >>> (32 - bits);
    for (; table[slot] !== 0; slot = (slot + 1) & (table.length - 1)) {
      if (table[slot] === mark || patience === 0) return true;
      patience -= 1;
    }
    table[slot] = mark;
  }
  return false;
}

function distinct(from: Source, object: object | undefined): object {
  if (object === undefined) throw malformed('a key that is there already', from.at);
  return object;
}

function readKey(from: Source): string {
  const start = from.at;
  return from.text(keyHead(from), start);
}

/** Steps over a key and says where it ends. */
function skipKey(from: Source): number {
  const start = from.at;
  from.at = from.endOf(keyHead(from), start);
  return from.at;
}

function keyHead(from: Source): number {
  const start = from.at;
  const first = from.byte();
  if ((first & 0xe0) !== MAJOR.text) throw malformed('a key that is not text', start);
  return first;
}
