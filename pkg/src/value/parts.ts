/**
 * Encodes a state of which most was encoded before. What is known of it is a tree of parts: its large arrays, plain objects and Maps, with
 * what was in them and where their bytes lie. The next state is compared with it place by place, and the bytes of what is the same are
 * copied.
 */
import { Counterparts } from './counterparts.js';
import { instances, meetInstance } from './others.js';
import { putSmall, Unusual } from './quick.js';
import { MAJOR, TAG } from './tags.js';
import { putBytes, putHead, putKey, putOpen, putPiece, size } from './writer.js';

type Kind = 'array' | 'plain' | 'map';

/** What is in an array, plain object or Map. A child is an item, together with its key if there is one. */
export interface Content {
  /** Names of properties, or keys of a Map. */
  readonly keys: readonly unknown[] | undefined;
  readonly items: readonly unknown[];
}

/** An array, plain object or Map as it was encoded. */
export interface Part extends Content {
  readonly value: object;
  readonly kind: Kind;
  readonly size: number;
  /** Bytes before the first child. */
  readonly head: number;
  /** Where each child ends, in bytes from the part's beginning on; the complement of it, if something changeable is in the child. */
  readonly ends: Int32Array;
  /** The items that are parts themselves. */
  readonly parts: ReadonlyMap<number, Part>;
  /** Whether a Map, Set, Date or typed array is in it: those can change and stay the same objects. */
  readonly changeable: boolean;
}

/** Bytes of the last encoding that are in this one, too. */
export interface Move {
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** What takes fewer bytes is no part: it is encoded anew when something in it has changed. */
const LEAST_PART = 4096;
/** Where children are smaller on average, remembering them would take more room than they do. */
const LEAST_CHILD = 16;
/** Fewer bytes are copied at once; more are handed on where they lie. */
const LEAST_MOVE = 512;
/** In an object of more properties children are expected to be like each other, as in an array. */
const MOST_FIELDS = 32;

export class PartWriter {
  /** In ascending order of `to`. */
  readonly moves: Move[] = [];
  readonly #bytes: Uint8Array;
  /** Bytes that are to be copied before anything else is written. */
  #from = 0;
  #length = 0;

  /** `bytes` are those of the last encoding. */
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
    const { ends, parts } = this.#putChildren(content, kind, depth, begin, old, from);
    this.#flush();
    const part = { value, kind, size: size() - begin, head, changeable: instances() !== met };
    if (part.size < LEAST_PART) return undefined;
    if (parts.size > 0 || part.size >= LEAST_CHILD * ends.length) return { ...part, ...content, ends: new Int32Array(ends), parts };
    return part.changeable ? undefined : { ...part, ...NO_CHILDREN };
  }

  /** Writes the children of a part that begins at `begin`; returns where they end and which are parts. */
  #putChildren(content: Content, kind: Kind, depth: number, begin: number, old: Part, from: number): Children {
    const { keys, items } = content;
    const inside = kind === 'map' ? depth + 2 : depth + 1;
    const children = { ends: new Array<number>(items.length), parts: NO_PARTS };
    const counterparts = new Counterparts(content, old);
    const isRecord = kind === 'plain' && items.length <= MOST_FIELDS;
    let expected = old === UNKNOWN || old.parts.size > 0;
    for (let index = 0; index < items.length; ) {
      const count = counterparts.unchanged(index);
      const { place } = counterparts;
      if (count > 0) {
        this.#copyChildren(children, index, count, begin, old, place, from);
        index += count;
        continue;
      }
      this.#flush();
      const met = instances();
      putKeyOf(kind, keys?.[index], depth);
      const item = items[index];
      if (item === undefined && !Object.hasOwn(items, index)) throw new Unusual(); // a hole
      let part = old.parts.get(place);
      if (part !== undefined) part = this.#put(item, inside, part, from + endOf(old, place) - part.size);
      else part = isRecord || expected ? this.#put(item, inside, undefined, 0) : putUnexpected(item, inside);
      if (part !== undefined) note(children, index, part);
      expected = part !== undefined;
      const end = size() + this.#length - begin;
      children.ends[index] = instances() === met ? end : ~end;
      index += 1;
    }
    return children;
  }

  /** Copies `count` children of `old` from `place` on, which nothing changeable is in. */
  #copyChildren(children: Children, index: number, count: number, begin: number, old: Part, place: number, from: number): void {
    const start = place === 0 ? old.head : endOf(old, place - 1);
    const moved = size() + this.#length - begin - start;
    this.#copy(from + start, endOf(old, place + count - 1) - start);
    for (let i = 0; i < count; i++) children.ends[index + i] = (old.ends[place + i] as number) + moved;
    if (old.parts.size === 0) return;
    for (let i = 0; i < count; i++) {
      const part = old.parts.get(place + i);
      if (part !== undefined) note(children, index + i, part);
    }
  }

  #copy(from: number, length: number): void {
    if (from !== this.#from + this.#length) this.#flush();
    if (this.#length === 0) this.#from = from;
    this.#length += length;
  }

  #flush(): void {
    const from = this.#from;
    const length = this.#length;
    if (length === 0) return;
    this.#length = 0;
    const bytes = this.#bytes.subarray(from, from + length);
    if (length < LEAST_MOVE) return putBytes(bytes);
    this.moves.push({ from, to: size(), length });
    putPiece(bytes);
  }
}

/** The children of a part, as they are written. */
interface Children {
  readonly ends: number[];
  parts: Map<number, Part>;
}

function note(children: Children, index: number, part: Part): void {
  if (children.parts === NO_PARTS) children.parts = new Map();
  children.parts.set(index, part);
}

const NO_PARTS = new Map<number, Part>();
const NO_CHILDREN = { keys: undefined, items: [], ends: new Int32Array(0), parts: NO_PARTS };

/** A part of which nothing is known but that it is one. */
const UNKNOWN: Part = { value: {}, kind: 'array', size: 0, head: 0, changeable: true, ...NO_CHILDREN };

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
      const items = new Array<unknown>(keys.length);
      for (let i = 0; i < keys.length; i++) items[i] = (value as Readonly<Record<string, unknown>>)[keys[i] as string];
      return { keys, items };
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

function endOf({ ends }: Part, place: number): number {
  const end = ends[place] as number;
  return end < 0 ? ~end : end;
}
