/** JavaScript values to bytes, by docs/format.md, section 1. */
import { element, mapValue, member, Refusal } from './refusal.js';
import { isPlainArray, kindOf, primitiveRefusal, propertyRefusal, refuseDraft, typedArrayName } from './kind.js';
import { inProduction } from '../environment.js';
import { findShape, learnShape, shouldLearn } from './shapes.js';
import { littleEndian, MAJOR, MAX_DEPTH, SIMPLE, TAG, TYPED_ARRAYS } from './tags.js';
import { Writer } from './writer.js';

export interface EncodeOptions {
  /** What paths in errors start with; default `state`. */
  readonly root?: string;
  /**
   * Look at every object for what cannot be restored (accessors, symbol keys, properties that are not enumerable, named properties of
   * arrays, drafts and proxies of state libraries), not only at the root and a sample of one property in {@link SAMPLE}. It costs about
   * as much as the encoding. Default: unless `NODE_ENV` is `'production'`.
   */
  readonly thorough?: boolean;
  /**
   * Refuse an object that stands in two places: after a restore it would be two, and a reducer that changes states in place would no
   * longer change both. Frozen objects are fine, and dates, which reducers replace rather than change. Default: false.
   */
  readonly unshared?: boolean;
}

/** Without `thorough`, an object of n properties is looked at closely when so many times n were not. */
const SAMPLE = 64;
const LARGE = 256;

/**
 * The bytes of `value`: equal content in the same order gives equal bytes, on every host. Takes null, undefined, booleans,
 * numbers, bigints, strings, plain objects, arrays, Map, Set, Date, ArrayBuffer and typed arrays, of any realm. `toJSON` is
 * not called. Time and space grow with the size of the value.
 *
 * @throws SnapshotError `unencodable` with the path of what cannot be written; `tooLarge` beyond 2 GiB.
 */
export function encode(value: unknown, options: EncodeOptions = {}): Uint8Array {
  const { root = 'state', thorough = !inProduction(), unshared = false } = options;
  return encodeAs('state', value, root, thorough, unshared);
}

/**
 * What the bytes are for: a `state` is written as it is; an `identity` is written in a form that survives a log kept as JSON
 * (see identity.ts).
 */
export type Purpose = 'state' | 'identity';

export function encodeAs(purpose: Purpose, value: unknown, root: string, thorough = true, unshared = false): Uint8Array {
  const writer = idle ?? new Writer();
  // Reading a proxy runs code of others, which may call back.
  idle = undefined;
  try {
    new Encoder(writer, purpose === 'identity', thorough, unshared ? new Set() : undefined).value(value, 0);
    return writer.finish();
  } catch (error) {
    throw Refusal.from(error).at(root);
  } finally {
    writer.clear();
    idle = writer;
  }
}

let idle: Writer | undefined;

class Encoder {
  /** Properties that were not looked at closely since some were; the root is, unless it is a large dictionary. */
  private unchecked = SAMPLE * LARGE;

  constructor(
    private readonly out: Writer,
    private readonly identity: boolean,
    private readonly thorough: boolean,
    /** Objects written so far, if each may stand in one place only. */
    private readonly written: Set<object> | undefined,
  ) {}

  /** Writes one value that lies in `depth` arrays and maps. */
  value(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        return this.out.text(value);
      case 'number':
        return this.number(value);
      case 'boolean':
        return this.out.simple(value ? SIMPLE.true : SIMPLE.false);
      case 'object':
        return value === null ? this.out.simple(SIMPLE.null) : this.object(value, depth);
      case 'undefined':
        return this.out.simple(this.identity ? SIMPLE.null : SIMPLE.undefined);
      case 'bigint':
        return this.identity ? this.out.text(value.toString()) : this.out.bigint(value);
      default:
        throw primitiveRefusal(value);
    }
  }

  private number(value: number): void {
    if (!this.identity) this.out.number(value);
    else if (Number.isFinite(value)) this.out.number(value + 0);
    else this.out.simple(SIMPLE.null);
  }

  private object(value: object, depth: number): void {
    if (this.written !== undefined) this.refuseShared(value, this.written);
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (!this.thorough && depth > 0) {
      if (prototype === Object.prototype) return this.quickPlain(value, depth);
      if (prototype === Array.prototype && Array.isArray(value)) return this.elements(value, depth);
    }
    refuseDraft(value);
    if (Array.isArray(value) && isPlainArray(prototype)) return this.array(value, depth);
    switch (kindOf(value, prototype)) {
      case 'plain':
        return this.thorough ? this.plain(value, depth) : this.quickPlain(value, depth);
      case 'map':
        return this.map(value as Map<unknown, unknown>, depth);
      case 'set':
        return this.set(value as Set<unknown>, depth);
      case 'date':
        return this.date(value as Date);
      case 'arrayBuffer':
        return this.out.byteString(new Uint8Array(value as ArrayBuffer));
      case 'typedArray':
        return this.typedArray(value as Uint8Array);
    }
  }

  private refuseShared(value: object, written: Set<object>): void {
    if (written.has(value) && !Object.isFrozen(value) && !(value instanceof Date)) throw new Refusal(SHARED);
    written.add(value);
  }

  /** A plain object, of which nothing is checked that its keys do not show. */
  private quickPlain(value: object, depth: number): void {
    const keys = Object.keys(value);
    const weight = keys.length + 1;
    if (this.unchecked >= SAMPLE * weight) {
      this.unchecked = 0;
      refuseDraft(value);
      return this.plain(value, depth);
    }
    this.unchecked += weight;
    const shape = findShape(keys);
    this.members(value, keys, shape?.items, depth);
    if (shape === undefined && shouldLearn(keys)) learnShape(keys, keys.map((key) => encodedKey(key)));
  }

  private members(value: object, keys: readonly string[], items: readonly Uint8Array[] | undefined, depth: number): void {
    const { out } = this;
    this.open(MAJOR.map, keys.length, depth);
    let at = 0;
    try {
      for (; at < keys.length; at++) {
        const key = keys[at] as string;
        if (items !== undefined) out.raw(items[at] as Uint8Array);
        else if (!out.key(key)) throw new Refusal(LONE_SURROGATE);
        this.value((value as Record<string, unknown>)[key], depth + 1);
      }
    } catch (error) {
      throw Refusal.from(error).within(member(keys[at] as string));
    }
  }

  private plain(value: object, depth: number): void {
    const names = Object.keys(value);
    if (Object.getOwnPropertyNames(value).length !== names.length || Object.getOwnPropertySymbols(value).length !== 0) {
      throw propertyRefusal(value);
    }
    const keys = this.identity ? definedKeys(value, names).sort() : names;
    this.open(MAJOR.map, keys.length, depth);
    let at = '';
    try {
      for (const key of keys) {
        at = key;
        if (!this.out.key(key)) throw new Refusal(LONE_SURROGATE);
        this.value(dataProperty(value, key), depth + 1);
      }
    } catch (error) {
      throw Refusal.from(error).within(member(at));
    }
  }

  private array(value: readonly unknown[], depth: number): void {
    const length = value.length;
    if (Object.keys(value).length !== length || Object.getOwnPropertySymbols(value).length !== 0) {
      throw arrayRefusal(value);
    }
    this.elements(value, depth);
  }

  private elements(value: readonly unknown[], depth: number): void {
    const { length } = value;
    this.open(MAJOR.array, length, depth);
    let index = 0;
    try {
      for (; index < length; index++) {
        const item = value[index];
        if (item === undefined && !Object.hasOwn(value, index)) throw new Refusal(HOLE);
        this.value(item, depth + 1);
      }
    } catch (error) {
      throw Refusal.from(error).within(element(index));
    }
  }

  private map(value: Map<unknown, unknown>, depth: number): void {
    refuseProperties(value);
    this.out.head(MAJOR.tag, TAG.map);
    this.open(MAJOR.array, mapSize.call(value), depth);
    let index = 0;
    mapForEach.call(value, (item, key) => {
      let step = `.keys()[${index}]`;
      try {
        this.open(MAJOR.array, 2, depth + 1);
        this.value(key, depth + 2);
        step = '';
        this.value(item, depth + 2);
      } catch (error) {
        throw Refusal.from(error).within(step === '' ? mapValue(key, index) : step);
      }
      index += 1;
    });
    if (index !== mapSize.call(value)) throw new Refusal(CHANGED);
  }

  private set(value: Set<unknown>, depth: number): void {
    refuseProperties(value);
    this.out.head(MAJOR.tag, TAG.set);
    this.open(MAJOR.array, setSize.call(value), depth);
    let index = 0;
    setForEach.call(value, (item) => {
      try {
        this.value(item, depth + 1);
      } catch (error) {
        throw Refusal.from(error).within(`.values()[${index}]`);
      }
      index += 1;
    });
    if (index !== setSize.call(value)) throw new Refusal(CHANGED);
  }

  private date(value: Date): void {
    refuseProperties(value);
    const time = getTime.call(value);
    if (!this.identity) {
      this.out.head(MAJOR.tag, TAG.date);
      this.out.number(time / 1000);
    } else if (Number.isNaN(time)) {
      this.out.simple(SIMPLE.null);
    } else {
      this.out.text(new Date(time).toISOString());
    }
  }

  private typedArray(value: Uint8Array): void {
    if (Object.prototype.toString.call(value.buffer) === '[object SharedArrayBuffer]') {
      throw new Refusal('cannot encode memory that is shared; copy it first, so that it cannot change meanwhile');
    }
    // Throws for a buffer that was transferred away, which would pass for an empty one otherwise.
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    const name = typedArrayName(value) ?? '';
    if (name === 'Uint8Array') return this.out.byteString(bytes);
    const type = TYPED_ARRAYS.get(name);
    if (type === undefined) throw new Refusal(`cannot encode a ${name}; use another kind of array`);
    this.out.head(MAJOR.tag, type.tag);
    this.out.byteString(littleEndian(bytes, type.constructor.BYTES_PER_ELEMENT));
  }

  /** The head of an array or map that lies in `depth` others. */
  private open(major: number, length: number, depth: number): void {
    if (depth >= MAX_DEPTH) {
      throw new Refusal(`cannot encode more than ${MAX_DEPTH} levels; this is a cycle, or nested too deep`);
    }
    this.out.head(major, length);
  }
}

const mapForEach = Map.prototype.forEach;
const setForEach = Set.prototype.forEach;
const getTime = Date.prototype.getTime;
const mapSize = getter(Map.prototype, 'size');
const setSize = getter(Set.prototype, 'size');

function getter(prototype: object, name: string): () => number {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as () => number;
}

/** Read through its descriptor: an accessor is found out without being called. */
function dataProperty(value: object, key: string): unknown {
  const property = Object.getOwnPropertyDescriptor(value, key);
  if (property === undefined || (property.value === undefined && !('value' in property))) {
    throw new Refusal('cannot encode an accessor; store the value, or compute it outside of the state');
  }
  return property.value;
}

function definedKeys(value: object, keys: string[]): string[] {
  return keys.filter((key) => {
    const property = Object.getOwnPropertyDescriptor(value, key);
    return property === undefined || !('value' in property) || property.value !== undefined;
  });
}

function refuseProperties(value: object): void {
  const key = Reflect.ownKeys(value)[0];
  if (key === undefined) return;
  if (typeof key === 'symbol') throw propertyRefusal(value);
  throw new Refusal('cannot encode a property of a Map, Set or Date; keep it elsewhere').within(member(key));
}

/** A key as an item: one that was encoded before, so that it is well-formed. */
function encodedKey(key: string): Uint8Array {
  const writer = new Writer(3 * key.length + 9);
  writer.key(key);
  return writer.finish();
}

const LONE_SURROGATE = 'cannot encode a key with a lone surrogate; use well-formed text';
const SHARED = 'cannot encode an object that stands in two places of a state that is changed in place; keep it once and refer to its id';
const CHANGED = 'cannot encode a Map or Set that is changed meanwhile';
const HOLE = 'cannot encode a hole in an array; write null or undefined';

/** An array whose keys are not exactly its indexes: says which one is missing or too many. */
function arrayRefusal(value: readonly unknown[]): Refusal {
  const keys = Object.keys(value);
  const odd = keys.findIndex((key, index) => key !== String(index));
  const index = odd < 0 ? keys.length : odd;
  if (index < value.length) {
    return new Refusal(HOLE).within(element(index));
  }
  const extra = keys[index];
  if (extra === undefined) return propertyRefusal(value);
  return new Refusal('cannot encode a named property of an array; use a plain object').within(member(extra));
}
