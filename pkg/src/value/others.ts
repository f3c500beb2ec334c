/** Writes what is neither a primitive nor a plain object or array: Map, Set, Date, ArrayBuffer and typed arrays, of any realm. */
import { propertyRefusal, typedArrayName, type Kind } from './kind.js';
import { mapValue, member, Refusal } from './refusal.js';
import { littleEndian, MAJOR, TAG, TYPED_ARRAYS } from './tags.js';
import { putByteString, putHead, putNumber, putOpen } from './writer.js';

/** Writes one value that lies in `depth` arrays and maps. */
export type Put = (value: unknown, depth: number) => void;

let met = 0;

/** How many Maps, Sets, dates and binaries were written ever: whether there is one in something shows by the difference. */
export function instances(): number {
  return met;
}

export function meetInstance(): void {
  met += 1;
}

/** Writes `value`, of which nothing but the kind is known; `put` writes what is in it. */
export function putOther(value: object, kind: Exclude<Kind, 'plain'>, depth: number, put: Put): void {
  met += 1;
  switch (kind) {
    case 'map':
      return putMap(value as Map<unknown, unknown>, depth, put);
    case 'set':
      return putSet(value as Set<unknown>, depth, put);
    case 'date':
      putHead(MAJOR.tag, TAG.date);
      return putNumber(timeOf(value as Date) / 1000);
    case 'arrayBuffer':
      return putByteString(new Uint8Array(value as ArrayBuffer));
    case 'typedArray':
      return putTypedArray(value as Uint8Array);
  }
}

/** Milliseconds since 1970; NaN for an invalid date. */
export function timeOf(date: Date): number {
  refuseProperties(date);
  return getTime.call(date);
}

function putMap(value: Map<unknown, unknown>, depth: number, put: Put): void {
  refuseProperties(value);
  putHead(MAJOR.tag, TAG.map);
  putOpen(MAJOR.array, mapSize.call(value), depth);
  let index = 0;
  mapForEach.call(value, (item, key) => {
    let step = `.keys()[${index}]`;
    try {
      putOpen(MAJOR.array, 2, depth + 1);
      put(key, depth + 2);
      step = '';
      put(item, depth + 2);
    } catch (error) {
      throw Refusal.from(error).within(step === '' ? mapValue(key, index) : step);
    }
    index += 1;
  });
  if (index !== mapSize.call(value)) throw new Refusal(CHANGED);
}

function putSet(value: Set<unknown>, depth: number, put: Put): void {
  refuseProperties(value);
  putHead(MAJOR.tag, TAG.set);
  putOpen(MAJOR.array, setSize.call(value), depth);
  let index = 0;
  setForEach.call(value, (item) => {
    try {
      put(item, depth + 1);
    } catch (error) {
      throw Refusal.from(error).within(`.values()[${index}]`);
    }
    index += 1;
  });
  if (index !== setSize.call(value)) throw new Refusal(CHANGED);
}

function putTypedArray(value: Uint8Array): void {
  if (Object.prototype.toString.call(value.buffer) === '[object SharedArrayBuffer]') {
    throw new Refusal('cannot encode memory that is shared; copy it first, so that it cannot change meanwhile');
  }
  // Throws for a buffer that was transferred away, which would pass for an empty one otherwise.
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const name = typedArrayName(value) ?? '';
  if (name === 'Uint8Array') return putByteString(bytes);
  const type = TYPED_ARRAYS.get(name);
  if (type === undefined) throw new Refusal(`cannot encode a ${name}; use another kind of array`);
  putHead(MAJOR.tag, type.tag);
  putByteString(littleEndian(bytes, type.constructor.BYTES_PER_ELEMENT));
}

function refuseProperties(value: object): void {
  const key = Reflect.ownKeys(value)[0];
  if (key === undefined) return;
  if (typeof key === 'symbol') throw propertyRefusal(value);
  throw new Refusal('cannot encode a property of a Map, Set or Date; keep it elsewhere').within(member(key));
}

const mapForEach = Map.prototype.forEach;
const setForEach = Set.prototype.forEach;
const getTime = Date.prototype.getTime;
const mapSize = getter(Map.prototype, 'size');
const setSize = getter(Set.prototype, 'size');

function getter(prototype: object, name: string): () => number {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as () => number;
}

const CHANGED = 'cannot encode a Map or Set that is changed meanwhile';
