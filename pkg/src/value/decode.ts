/** Bytes to JavaScript values, by docs/format.md, section 1. Whatever that does not allow is refused with its byte offset. */
import { SnapshotError } from '../error.js';
import { PATIENCE, readObject, readObjectCarefully, type Source } from './objects.js';
import { malformed, Reader } from './reader.js';
import { littleEndian, MAJOR, MAX_DEPTH, TAG, TYPED_ARRAYS } from './tags.js';
import { readWtf8 } from './utf8.js';

/**
 * The value in `bytes`. It shares no memory with them. Time and space grow with their length, whatever they claim.
 *
 * Integers beyond ±(2^53 − 1) become bigints. Keys of objects keep their order, save that ECMAScript puts integer-like keys
 * (`"7"`) first, in ascending order: bytes of another language that has them elsewhere decode all the same.
 *
 * @throws SnapshotError `malformed` with the offset of the item that breaks the format; `tooNew` with the offset of a Float16Array
 * where the runtime has none; `invalidOption` if `bytes` is no Uint8Array.
 */
export function decode(bytes: Uint8Array): unknown {
  const input = owned(bytes);
  try {
    return new Decoder(input).whole();
  } catch {
    // Objects were made quickly: a repeated key is found too late to say whether it comes first, and a prototype may be in the way.
    return new Decoder(input, true).whole();
  }
}

/** A plain Uint8Array over the same bytes: a Buffer's own `slice` would not copy. Shared memory could change while we read. */
function owned(bytes: unknown): Uint8Array {
  if (!ArrayBuffer.isView(bytes) || Object.prototype.toString.call(bytes) !== '[object Uint8Array]') {
    throw new SnapshotError('invalidOption', 'bytes to decode must be a Uint8Array', { path: 'bytes' });
  }
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Object.prototype.toString.call(bytes.buffer) === '[object SharedArrayBuffer]' ? new Uint8Array(plain) : plain;
}

/** The longest array that room is made for at once. */
const MAX_ROOM = 1 << 24;

class Decoder extends Reader implements Source {
  /** While one is there, engines keep the code they made for all. Without, the first call after a full collection took twice as long. */
  static readonly kept = new Decoder(new Uint8Array());

  readonly stack: unknown[] = [];
  top = 0;
  patience = PATIENCE;
  /** How many elements there may still be in all arrays together: each takes a byte. */
  private room: number;

  constructor(
    input: Uint8Array,
    private readonly careful = false,
  ) {
    super(input);
    this.room = input.length;
  }

  whole(): unknown {
    const value = this.value(0);
    if (this.at < this.end) throw malformed('bytes after the value', this.at);
    return value;
  }

  /** Reads one value that lies in `depth` arrays and maps. */
  value(depth: number): unknown {
    const start = this.at;
    const first = this.byte();
    switch (first & 0xe0) {
      case MAJOR.unsigned:
        return this.unsigned(first, start);
      case MAJOR.negative:
        return this.negative(first, start);
      case MAJOR.bytes:
        return this.bytes(first, start).slice();
      case MAJOR.text:
        return this.text(first, start);
      case MAJOR.array:
        return this.array(this.open(first, start, depth), depth + 1);
      case MAJOR.map:
        return this.object(this.open(first, start, depth), depth + 1);
      case MAJOR.tag:
        return this.tagged(this.argument(first, start), start, depth);
      default:
        return this.simple(first, start);
    }
  }

  /** Short arrays as literals: one that grows has room for 17 elements from the first on. */
  private array(length: number, depth: number): unknown[] {
    switch (length) {
      case 0:
        return [];
      case 1:
        return [this.value(depth)];
      case 2:
        return [this.value(depth), this.value(depth)];
      case 3:
        return [this.value(depth), this.value(depth), this.value(depth)];
      case 4:
        return [this.value(depth), this.value(depth), this.value(depth), this.value(depth)];
      default:
        return this.longArray(length, depth);
    }
  }

  private longArray(length: number, depth: number): unknown[] {
    const array = this.emptyArray(length);
    for (let i = 0; i < length; i++) array[i] = this.value(depth);
    return array;
  }

  /** With room for its elements, unless the declared length is a lie. */
  private emptyArray(length: number): unknown[] {
    if (length > this.room || length > MAX_ROOM) return [];
    this.room -= length;
    return new Array<unknown>(length);
  }

  private object(length: number, depth: number): object {
    return this.careful ? readObjectCarefully(this, length, depth) : readObject(this, length, depth);
  }

  private tagged(tag: number, start: number, depth: number): unknown {
    switch (tag) {
      case TAG.date:
        return this.date(start);
      case TAG.positiveBignum:
      case TAG.negativeBignum:
        return this.bignum(tag === TAG.negativeBignum, start);
      case TAG.set:
        return this.set(start, depth);
      case TAG.wtf8:
        return this.wtf8(start);
      case TAG.map:
        return this.map(start, depth);
      default:
        return this.typedArray(tag, start);
    }
  }

  private date(start: number): Date {
    const item = this.at;
    const first = this.byte();
    let seconds: unknown;
    if (first < MAJOR.negative) seconds = this.unsigned(first, item);
    else if (first < MAJOR.bytes) seconds = this.negative(first, item);
    else if (first >= MAJOR.simple) seconds = this.simple(first, item);
    else this.argument(first, item);
    const date = typeof seconds === 'number' ? dateOf(seconds) : undefined;
    if (date === undefined) throw malformed('a date that is no whole millisecond of its range', start);
    return date;
  }

  private bignum(negative: boolean, start: number): bigint {
    const bytes = this.content(start);
    if (bytes[0] === 0) throw malformed('a bignum with a leading zero', start);
    const argument = magnitude(bytes, start);
    const value = negative ? -1n - argument : argument;
    const safe = value >= -MAX_SAFE && value <= MAX_SAFE;
    if (!safe && bytes.length <= 8) throw malformed('a bignum that fits an integer', start);
    return value;
  }

  private wtf8(start: number): string {
    const text = readWtf8(this.content(start));
    if (text === undefined) throw malformed('invalid WTF-8', start);
    if (text.isWellFormed()) throw malformed('WTF-8 without a lone surrogate, which must be text', start);
    return text;
  }

  private typedArray(tag: number, start: number): ArrayBufferView {
    const size = ELEMENT_SIZE.get(tag);
    if (size === undefined) throw malformed('a tag that the format does not use', start);
    const bytes = this.content(start);
    if (bytes.length % size !== 0) throw malformed(`a typed array whose length is no multiple of ${size}`, start);
    const type = TYPED_ARRAY_OF.get(tag);
    if (type === undefined) throw new SnapshotError('tooNew', NO_FLOAT16, { offset: start });
    return new type(littleEndian(bytes, size).slice().buffer);
  }

  private set(start: number, depth: number): Set<unknown> {
    const length = this.elements(start, depth);
    const set = new Set();
    for (let i = 0; i < length; i++) {
      const item = this.at;
      set.add(this.member(depth + 1));
      if (set.size === i) throw malformed('a Set element that repeats', item);
    }
    return set;
  }

  private map(start: number, depth: number): Map<unknown, unknown> {
    const length = this.elements(start, depth);
    const map = new Map();
    for (let i = 0; i < length; i++) {
      const entry = this.at;
      const first = this.byte();
      if ((first & 0xe0) !== MAJOR.array || this.open(first, entry, depth + 1) !== 2) {
        throw malformed('a Map entry that is not an array of key and value', entry);
      }
      const item = this.at;
      const key = this.member(depth + 2);
      if (map.has(key)) throw malformed('a Map key that repeats', item);
      map.set(key, this.value(depth + 2));
    }
    return map;
  }

  /** A key of a Map or an element of a Set. */
  private member(depth: number): unknown {
    const start = this.at;
    const value = this.value(depth);
    if (Object.is(value, -0)) throw malformed('-0 in a Set or as a Map key, where ECMAScript makes it 0', start);
    return value;
  }

  /** The byte string that the tag at `start` must be followed by. */
  private content(start: number): Uint8Array {
    const item = this.at;
    const first = this.byte();
    if ((first & 0xe0) === MAJOR.bytes) return this.bytes(first, item);
    throw this.misfit('a tag whose content is not a byte string', first, item, start);
  }

  /** The length of the array that the tag at `start` must be followed by. */
  private elements(start: number, depth: number): number {
    const item = this.at;
    const first = this.byte();
    if ((first & 0xe0) === MAJOR.array) return this.open(first, item, depth);
    throw this.misfit('a Map or Set that is not an array', first, item, start);
  }

  /** What does not fit its tag is reported at the tag, unless its own head is wrong already. */
  private misfit(what: string, first: number, item: number, start: number): SnapshotError {
    if (first >= MAJOR.simple) this.simpleHead(first, item);
    else this.argument(first, item);
    return malformed(what, start);
  }

  /** The length of the array or map that starts at `start` and lies in `depth` others. */
  private open(first: number, start: number, depth: number): number {
    const length = this.argument(first, start);
    if (depth >= MAX_DEPTH) throw malformed(`more than ${MAX_DEPTH} levels`, start);
    return length;
  }
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

const TYPED_ARRAY_OF = new Map([...TYPED_ARRAYS.values()].map(({ tag, constructor }) => [tag, constructor]));
/** Bytes of an element, also of the one kind that a runtime may lack. */
const ELEMENT_SIZE = new Map([[TAG.float16 as number, 2], ...[...TYPED_ARRAY_OF].map(([tag, type]) => [tag, type.BYTES_PER_ELEMENT] as const)]);
const NO_FLOAT16 = 'these bytes hold a Float16Array; reading it needs a runtime with Float16Array, such as Node 24';

/**
 * The date that these seconds were computed from; undefined if there is none. Far from 1970 the product with 1000 can lie
 * half-way between two milliseconds, so the neighbours are tried too.
 */
function dateOf(seconds: number): Date | undefined {
  if (Number.isNaN(seconds)) return new Date(NaN);
  const near = Math.trunc(seconds * 1000);
  return [near, near + 1, near - 1].map((time) => new Date(time)).find((date) => Object.is(date.getTime() / 1000, seconds));
}

function magnitude(bytes: Uint8Array, start: number): bigint {
  if (bytes.length === 0) return 0n;
  let hex = '0x';
  for (const byte of bytes) hex += HEX[byte];
  try {
    return BigInt(hex);
  } catch {
    throw malformed('a bignum that is longer than this runtime can hold', start);
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
