/**
 * The encoder of production. It looks at what shows of an object, and closely at the root and a sample of the rest. It gathers no paths:
 * whatever it cannot write, the careful encoder writes or refuses.
 */
import { checkPlain } from './careful.js';
import { firstKey, makeRoom, newPlace, nextKey, putKnown, STRANGER, type Key } from './keys.js';
import { kindOf, refuseDraft } from './kind.js';
import { putOther } from './others.js';
import { MAJOR, MAX_DEPTH, SIMPLE } from './tags.js';
import { currentBlock, putBigint, putHead, putKey, putNumber, putSimple, putText, reserveHead, widenHead } from './writer.js';

/** An object of n properties is looked at closely when so many times n were not. */
const SAMPLE = 256;
/** The root is always, unless it has more properties. */
const MOST_AT_ROOT = 256;
/** An object of more properties is a dictionary, whose keys nobody else has. */
const MOST_FIELDS = 32;
/** The head of fewer properties is one byte. */
const SHORT_HEAD = 24;

type Properties = Readonly<Record<string, unknown>>;

const ROOT = newPlace();
const ANYWHERE = newPlace();
/** Properties that were not looked at closely since some were. */
let unchecked = 0;

/** What is thrown, or something else, when this encoder does not know what to do. */
export class Unusual {}

/** Writes `value`; throws if it is unusual. */
export function putQuickly(value: unknown): void {
  prepare(value);
  put(value, 0, ROOT);
}

/** Has to be called before a state `value` is written by parts. */
export function prepare(value: unknown): void {
  for (const _ in Object.prototype) throw new Unusual(); // every object inherits it
  if (typeof value === 'object' && value !== null) lookAtRoot(value);
  unchecked = 0;
  ROOT.small = false;
  makeRoom();
}

/** Writes a value in a prepared state that lies in `depth` arrays and maps. */
export function putSmall(value: unknown, depth: number): void {
  put(value, depth, ANYWHERE);
}

function lookAtRoot(value: object): void {
  refuseDraft(value);
  if (Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length <= MOST_AT_ROOT) checkPlain(value);
}

/** Writes one value that lies in `depth` arrays and maps. Objects in it are expected to begin like others at `place`. */
function put(value: unknown, depth: number, place: Key): void {
  // A switch over `typeof` would make a string of it.
  if (typeof value === 'string') putText(value);
  else if (typeof value === 'number') putNumber(value);
  else if (typeof value === 'object') {
    if (value === null) putSimple(SIMPLE.null);
    else if (Array.isArray(value)) putArray(value, depth, place);
    else putObject(value, depth, place);
  } else if (typeof value === 'boolean') putSimple(value ? SIMPLE.true : SIMPLE.false);
  else if (value === undefined) putSimple(SIMPLE.undefined);
  else if (typeof value === 'bigint') putBigint(value);
  else throw new Unusual();
}

function putArray(value: readonly unknown[], depth: number, place: Key): void {
  if (Object.getPrototypeOf(value) !== Array.prototype || depth >= MAX_DEPTH) throw new Unusual();
  const { length } = value;
  putHead(MAJOR.array, length);
  for (let index = 0; index < length; index++) {
    const item = value[index];
    if (item === undefined && !Object.hasOwn(value, index)) throw new Unusual();
    put(item, depth + 1, place);
  }
}

function putObject(value: object, depth: number, place: Key): void {
  if (Object.getPrototypeOf(value) !== Object.prototype) return putInstance(value, depth, place);
  if (depth >= MAX_DEPTH) throw new Unusual();
  const length = place.small ? putLike(value as Properties, depth, place) : putCounted(value as Properties, depth, place);
  unchecked += length + 1;
  if (unchecked > SAMPLE * (length + 1)) look(value);
}

/** An object where the last one was small: how many properties it has is known, and most likely fits one byte, when they are written. */
function putLike(value: Properties, depth: number, place: Key): number {
  const head = reserveHead();
  const home = currentBlock();
  const length = putFields(value, depth, place);
  if (length < SHORT_HEAD) {
    home[head] = MAJOR.map | length;
  } else {
    place.small = false;
    widenHead(home, head, MAJOR.map, length);
  }
  return length;
}

function putCounted(value: Properties, depth: number, place: Key): number {
  const names = Object.keys(value);
  const { length } = names;
  const fields = length <= MOST_FIELDS && !isIndex(names[0]);
  place.small = fields && length > 0 && length < SHORT_HEAD;
  putHead(MAJOR.map, length);
  if (!fields) putEntries(value, names, depth);
  else if (putFields(value, depth, place) !== length) throw new Unusual(); // it was changed meanwhile
  return length;
}

/** A function of its own, since closures make it dear to enter the one they are made in. */
function putInstance(value: object, depth: number, place: Key): void {
  const kind = kindOf(value, Object.getPrototypeOf(value) as object | null);
  if (kind === 'plain') throw new Unusual();
  putOther(value, kind, depth, (item, at) => put(item, at, place));
}

function look(value: object): void {
  unchecked = 0;
  refuseDraft(value);
  checkPlain(value);
}

/** The properties of a dictionary. */
function putEntries(value: Properties, names: readonly string[], depth: number): void {
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (!putKey(name)) throw new Unusual();
    put(value[name], depth + 1, STRANGER);
  }
}

/**
 * The properties of a record, and how many there are. This loop is the fastest there is, unless it once meets an object that the runtime
 * keeps as a hash table: dictionaries go another way.
 */
function putFields(value: Properties, depth: number, place: Key): number {
  let length = 0;
  let key: Key | undefined;
  let next = place.begins;
  for (const name in value) {
    if (next.name !== name) next = key === undefined ? firstKey(place, name) : nextKey(key, name);
    key = next;
    if (key !== STRANGER) putKnown(key);
    else if (!putKey(name)) throw new Unusual();
    const item = value[name];
    if (typeof item === 'string') putText(item);
    else if (typeof item === 'number') putNumber(item);
    else put(item, depth + 1, key);
    next = key.next;
    length += 1;
  }
  return length;
}

/** Whether keys of an object that begins so are numbers, which come first in every object. */
function isIndex(name: string | undefined): boolean {
  const unit = name === undefined || name === '' ? 0 : name.charCodeAt(0);
  return unit >= 0x30 && unit <= 0x39;
}
