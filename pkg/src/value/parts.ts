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
import { joinedIn, putBytes, putHead, putKey, putOpen, putPiece, size, written } from './writer.js';

type Kind = 'array' | 'plain' | 'map';

/** What is in an array, plain object or Map. A child is an item, together with its key if there is one. */
export interface Content {
  /** Names of properties, or keys of a Map. */
  readonly keys: readonly unknown[] | undefined;
  readonly items: readonly unknown[];
}

/** An array, plain object or Map as it was encoded. */
export class Part {
  /** Where each child ends, in bytes from the part's beginning on; the complement of it, if something changeable is in the child. */
  ends: Int32Array;
  /** The items that are parts themselves. */
  readonly parts = new Map<number, Part>();
  /** Bytes before the first child, and all bytes. */
  head = 0;
  size = 0;
  /** Whether a Map, Set, Date or typed array is in it: those can change and stay the same objects. */
  changeable = true;

  constructor(
    readonly value: object,
    readonly kind: Kind,
    public content: Content,
  ) {
    this.ends = new Int32Array(content.items.length);
  }

  /** Where a child begins. */
  begin(place: number): number {
    return place === 0 ? this.head : this.end(place - 1);
  }

  end(place: number): number {
    const end = this.ends[place] as number;
    return end < 0 ? ~end : end;
  }

  forgetChildren(): void {
    this.content = NO_CONTENT;
    this.ends = NO_ENDS;
    this.parts.clear();
  }
}

const NO_CONTENT: Content = { keys: undefined, items: [] };
const NO_ENDS = new Int32Array(0);

/** A part of which nothing is known but that it is one. */
const UNKNOWN = new Part({}, 'array', NO_CONTENT);
/** Of what was not there before. It lives on: the runtime drops code that was made for a class together with its last instance. */
const NONE = new Counterparts(NO_CONTENT, UNKNOWN);

/** An encoded state. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** Undefined if it is too small for anything to be known of it. */
  readonly part: Part | undefined;
  /** Where the one before lay, if there was one: room for the next one. */
  readonly spare?: ArrayBufferLike | undefined;
}

/** Encodes what was `last` before; throws if it is unusual. Linear in what changed, and in the number of children of the parts around it. */
export function encodeAfter(value: unknown, last: Encoded | undefined): Encoded {
  let part: Part | undefined;
  return written(
    () => {
      prepare(value);
      part = new PartWriter(last?.bytes ?? NO_BYTES).put(value, last?.part);
    },
    (pieces, size) => ({ bytes: joinedIn(roomFor(size, last?.spare), pieces), part, spare: last?.bytes.buffer }),
  );
}

/** New memory costs several times the copy into it: two buffers take turns. */
function roomFor(size: number, spare: ArrayBufferLike | undefined): Uint8Array {
  const fits = spare !== undefined && size <= spare.byteLength && spare.byteLength <= size + (size >> 3);
  return new Uint8Array(fits ? spare : new ArrayBuffer(size + (size >> 4)), 0, size);
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
    const part = new Part(value, kind, contentOf(value, kind));
    putHeadOf(kind, part.ends.length, depth);
    part.head = size() - begin;
    this.#putChildren(part, begin, depth, old, from);
    this.#flush();
    part.size = size() - begin;
    part.changeable = instances() !== met;
    if (part.size < LEAST_PART) return undefined;
    if (part.size < LEAST_CHILD * part.ends.length) part.forgetChildren();
    return part;
  }

  /** Writes the children of a part that begins at `begin`; notes where they end, and which are parts. */
  #putChildren(part: Part, begin: number, depth: number, old: Part, from: number): void {
    const { kind, content, ends, parts } = part;
    const { keys, items } = content;
    const counterparts = old === UNKNOWN ? NONE : new Counterparts(content, old);
    const isRecord = kind === 'plain' && items.length <= MOST_FIELDS;
    let expected = true;
    for (let index = 0; index < items.length; index += 1) {
      const count = counterparts.unchanged(index);
      const { place } = counterparts;
      if (count > 0) {
        const moved = size() + this.#length - begin - old.begin(place);
        this.#copy(from + old.begin(place), old.end(place + count - 1) - old.begin(place));
        copyPlaces(part, index, old, place, count, moved);
        index += count - 1;
        continue;
      }
      this.#flush();
      const met = instances();
      const item = items[index];
      if (item === undefined && !Object.hasOwn(items, index)) throw new Unusual(); // a hole
      const inside = putKeyOf(kind, keys?.[index], depth);
      const was = old.parts.get(place);
      const child: Part | undefined =
        was !== undefined ? this.#put(item, inside, was, from + old.end(place) - was.size)
        : isRecord || expected ? this.#put(item, inside, undefined, 0)
        : putUnexpected(item, inside);
      expected = child !== undefined;
      if (child !== undefined) parts.set(index, child);
      const end = size() + this.#length - begin;
      ends[index] = instances() === met ? end : ~end;
    }
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

/** Notes of `count` children that were those of `old` from `place` on, and have moved by so many bytes. */
function copyPlaces({ ends, parts }: Part, index: number, old: Part, place: number, count: number, moved: number): void {
  for (let i = 0; i < count; i++) ends[index + i] = (old.ends[place + i] as number) + moved;
  if (old.parts.size === 0) return;
  for (let i = 0; i < count; i++) {
    const child = old.parts.get(place + i);
    if (child !== undefined) parts.set(index + i, child);
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

/** Writes what comes before an item; returns in how many arrays and maps the item lies. */
function putKeyOf(kind: Kind, key: unknown, depth: number): number {
  if (kind === 'plain' && !putKey(key as string)) throw new Unusual();
  if (kind !== 'map') return depth + 1;
  putOpen(MAJOR.array, 2, depth + 1);
  putSmall(key, depth + 2);
  return depth + 2;
}

/** Writes a value that is most likely no part. One that is too large for that will be looked into the next time. */
function putUnexpected(value: unknown, depth: number): Part | undefined {
  const begin = size();
  putSmall(value, depth);
  return size() - begin < LEAST_PART ? undefined : UNKNOWN;
}
