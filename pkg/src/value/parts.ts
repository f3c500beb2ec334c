/**
 * Encodes a state of which most was encoded before. What is known of it is a tree of parts: its large arrays, plain objects and Maps, with
 * what was in them and where their bytes lie. The next state is compared with it place by place, and the bytes of what is the same are
 * copied. (A WeakMap from objects to bytes would do one look-up for each object of the state and hold an entry for each, where this
 * compares two references and holds one end.)
 *
 * An object or array that is the same one is taken to be unchanged. A Map, Set, Date or typed array is not, and neither is what holds one.
 */
import { Counterparts } from './counterparts.js';
import { instances, meetInstance } from './others.js';
import { prepare, putSmall, Unusual } from './quick.js';
import { MAJOR, TAG } from './tags.js';
import { joined, putBytes, putHead, putKey, putOpen, putPiece, size, written } from './writer.js';

type Kind = 'array' | 'plain' | 'map';

/** What is in an array, plain object or Map. A child is an item, together with its key if there is one. */
export interface Content {
  /** Names of properties, or keys of a Map. */
  readonly keys: readonly unknown[] | undefined;
  readonly items: readonly unknown[];
}

/** An array, plain object or Map as it was encoded. */
export class Part {
  constructor(
    readonly value: object,
    readonly kind: Kind,
    readonly content: Content,
    /** Bytes before the first child. */
    readonly head: number,
    /** Where each child ends, in bytes from the part's beginning on; the complement of it, if something changeable is in the child. */
    readonly ends: Int32Array,
    /** The items that are parts themselves. */
    readonly parts: ReadonlyMap<number, Part>,
    readonly size: number,
    /** Whether a Map, Set, Date or typed array is in it: those can change and stay the same objects. */
    readonly changeable: boolean,
  ) {}

  /** Where a child begins. */
  begin(place: number): number {
    return place === 0 ? this.head : this.end(place - 1);
  }

  end(place: number): number {
    const end = this.ends[place] as number;
    return end < 0 ? ~end : end;
  }
}

/** An encoded state. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** Undefined if it is too small for anything to be known of it. */
  readonly part: Part | undefined;
}

/** Encodes what was `last` before; throws if it is unusual. Linear in what changed, and in the number of children of the parts around it. */
export function encodeAgain(value: unknown, last: Encoded | undefined): Encoded {
  let part: Part | undefined;
  return written(
    () => {
      prepare(value);
      part = new PartWriter(last?.bytes ?? NO_BYTES).put(value, last?.part);
    },
    (pieces) => ({ bytes: joined(pieces), part }),
  );
}

/** What takes fewer bytes is no part: it is encoded anew when something in it has changed. */
const LEAST_PART = 4096;
/** Where children are smaller on average, remembering them would take more room than they do. */
const LEAST_CHILD = 16;
/** Fewer bytes are copied at once; more are handed on where they lie. */
const LEAST_PIECE = 512;
/** In an object of more properties children are expected to be like each other, as in an array. */
const MOST_FIELDS = 32;

class PartWriter {
  /** Those of the last encoding. */
  readonly #bytes: Uint8Array;
  /** Which of them are to be copied before anything else is written. */
  #from = 0;
  #length = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Writes a state that was `old` before; returns what is known of it now. */
  put(value: unknown, old: Part | undefined): Part | undefined {
    const part = this.#put(value, 0, old, 0);
    this.#flush();
    return part;
  }

  /** Writes one value that lies in `depth` arrays and maps. In its place was `old`, whose bytes begin at `from`. */
  #put(value: unknown, depth: number, old: Part | undefined, from: number): Part | undefined {
    if (old !== undefined && old.value === value && !old.changeable) {
      this.#copy(from, old.size);
      return old;
    }
    this.#flush();
    const kind = kindOf(value);
    if (kind !== undefined) return this.#putPart(value as object, kind, depth, old?.kind === kind ? old : UNKNOWN, from);
    putSmall(value, depth);
    return undefined;
  }

  #putPart(value: object, kind: Kind, depth: number, old: Part, from: number): Part | undefined {
    const begin = size();
    const met = instances();
    const content = contentOf(value, kind);
    putHeadOf(kind, content.items.length, depth);
    const head = size() - begin;
    const ends = new Int32Array(content.items.length);
    const parts = this.#putChildren(content, ends, kind, depth, begin, old, from);
    this.#flush();
    const bytes = size() - begin;
    const changeable = instances() !== met;
    if (bytes < LEAST_PART) return undefined;
    if (parts.size > 0 || bytes >= LEAST_CHILD * ends.length) return new Part(value, kind, content, head, ends, parts, bytes, changeable);
    return new Part(value, kind, NO_CONTENT, head, NO_ENDS, NO_PARTS, bytes, changeable);
  }

  /** Writes the children of a part that begins at `begin`; says where they end, and returns those that are parts. */
  #putChildren(content: Content, ends: Int32Array, kind: Kind, depth: number, begin: number, old: Part, from: number): ReadonlyMap<number, Part> {
    const { keys, items } = content;
    const inside = kind === 'map' ? depth + 2 : depth + 1;
    const isRecord = kind === 'plain' && items.length <= MOST_FIELDS;
    const counterparts = new Counterparts(content, old);
    const parts = new Map<number, Part>();
    let expected = true;
    for (let index = 0; index < items.length; ) {
      const count = counterparts.unchanged(index);
      const { place } = counterparts;
      if (count > 0) {
        const moved = size() + this.#length - begin - old.begin(place);
        this.#copy(from + old.begin(place), old.end(place + count - 1) - old.begin(place));
        for (let i = 0; i < count; i++) ends[index + i] = (old.ends[place + i] as number) + moved;
        if (old.parts.size > 0) copyParts(parts, index, old.parts, place, count);
        index += count;
        continue;
      }
      this.#flush();
      const met = instances();
      putKeyOf(kind, keys?.[index], depth);
      const item = items[index];
      if (item === undefined && !Object.hasOwn(items, index)) throw new Unusual(); // a hole
      const was = old.parts.get(place);
      const part: Part | undefined =
        was !== undefined ? this.#put(item, inside, was, from + old.end(place) - was.size)
        : isRecord || expected ? this.#put(item, inside, undefined, 0)
        : putUnexpected(item, inside);
      if (part !== undefined) parts.set(index, part);
      expected = part !== undefined;
      const end = size() + this.#length - begin;
      ends[index] = instances() === met ? end : ~end;
      index += 1;
    }
    return parts;
  }

  #copy(from: number, length: number): void {
    if (from !== this.#from + this.#length) this.#flush();
    if (this.#length === 0) this.#from = from;
    this.#length += length;
  }

  #flush(): void {
    if (this.#length === 0) return;
    const bytes = this.#bytes.subarray(this.#from, this.#from + this.#length);
    this.#length = 0;
    if (bytes.length < LEAST_PIECE) putBytes(bytes);
    else putPiece(bytes);
  }
}

const NO_BYTES = new Uint8Array(0);
const NO_CONTENT: Content = { keys: undefined, items: [] };
const NO_ENDS = new Int32Array(0);
const NO_PARTS = new Map<number, Part>();

/** A part of which nothing is known but that it is one. */
const UNKNOWN = new Part({}, 'array', NO_CONTENT, 0, NO_ENDS, NO_PARTS, 0, true);

function copyParts(parts: Map<number, Part>, index: number, old: ReadonlyMap<number, Part>, place: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const part = old.get(place + i);
    if (part !== undefined) parts.set(index + i, part);
  }
}

/** Undefined for what is no part, or of another realm, or of no kind at all: that is for others to say. */
function kindOf(value: unknown): Kind | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype) return 'plain';
  if (prototype === Array.prototype && Array.isArray(value)) return 'array';
  return prototype === Map.prototype && Reflect.ownKeys(value).length === 0 ? 'map' : undefined;
}

function contentOf(value: object, kind: Kind): Content {
  switch (kind) {
    case 'array':
      return { keys: undefined, items: (value as unknown[]).slice() };
    case 'plain': {
      const keys = Object.keys(value);
      return { keys, items: keys.map((key) => (value as Readonly<Record<string, unknown>>)[key]) };
    }
    case 'map':
      return { keys: [...(value as Map<unknown, unknown>).keys()], items: [...(value as Map<unknown, unknown>).values()] };
  }
}

function putHeadOf(kind: Kind, length: number, depth: number): void {
  if (kind === 'plain') return putOpen(MAJOR.map, length, depth);
  if (kind === 'map') {
    meetInstance();
    putHead(MAJOR.tag, TAG.map);
  }
  putOpen(MAJOR.array, length, depth);
}

function putKeyOf(kind: Kind, key: unknown, depth: number): void {
  if (kind === 'plain' && !putKey(key as string)) throw new Unusual();
  if (kind !== 'map') return;
  putOpen(MAJOR.array, 2, depth + 1);
  putSmall(key, depth + 2);
}

/** Writes a value that is most likely no part. One that is too large for that will be looked into the next time. */
function putUnexpected(value: unknown, depth: number): Part | undefined {
  const begin = size();
  putSmall(value, depth);
  return size() - begin < LEAST_PART ? undefined : UNKNOWN;
}
