/** Bytes to JavaScript values, by docs/format.md, section 1. Whatever that does not allow is refused with its byte offset. */
import { SnapshotError } from '../error.js';
import { malformed, Reader } from './reader.js';
import { littleEndian, MAJOR, MAX_DEPTH, TAG, TYPED_ARRAYS } from './tags.js';

/**
 * The value in `bytes`. It shares no memory with them. Time and space grow with their length, whatever they claim.
 *
 * Integers beyond ±(2^53 − 1) become bigints. Keys of objects keep their order, save that ECMAScript puts integer-like keys
 * (`"7"`) first, in ascending order.
 *
 * @throws SnapshotError `malformed` with the offset of the item that breaks the format; `invalidOption` if `bytes` is no
 * Uint8Array.
 */
export function decode(bytes: Uint8Array): unknown {
  const decoder = new Decoder(new Reader(owned(bytes)));
  const value = decoder.value(0);
  decoder.end();
  return value;
}

/** A plain Uint8Array over the same bytes: a Buffer's own `slice` would not copy. Shared memory could change while we read. */
function owned(bytes: unknown): Uint8Array {
  if (!ArrayBuffer.isView(bytes) || Object.prototype.toString.call(bytes) !== '[object Uint8Array]') {
    throw new SnapshotError('invalidOption', 'bytes to decode must be a Uint8Array', { path: 'bytes' });
  }
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Object.prototype.toString.call(bytes.buffer) === '[object SharedArrayBuffer]' ? new Uint8Array(plain) : plain;
}

class Decoder {
  /** Set once an object did not come out with the keys it was given: one was repeated, or assignments are not safe here. */
  private careful = false;

  constructor(private readonly reader: Reader) {}

  /** Reads one value that lies in `depth` arrays and maps. */
  value(depth: number): unknown {
    const { reader } = this;
    const start = reader.at;
    const first = reader.byte();
    switch (first & 0xe0) {
      case MAJOR.unsigned:
        return reader.unsigned(first, start);
      case MAJOR.negative:
        return reader.negative(first, start);
      case MAJOR.bytes:
        return reader.bytes(first, start).slice();
      case MAJOR.text:
        return reader.text(first, start);
      case MAJOR.array:
        return this.array(first, start, depth);
      case MAJOR.map:
        return this.object(first, start, depth);
      case MAJOR.tag:
        return this.tagged(reader.length(first, start), start, depth);
      default:
        return reader.simple(first, start);
    }
  }

  end(): void {
    if (this.reader.remaining > 0) throw malformed('bytes after the value', this.reader.at);
  }

  private array(first: number, start: number, depth: number): unknown[] {
    const length = this.open(first, start, depth);
    // Grows with what is there: the declared length may be a lie.
    const array: unknown[] = [];
    for (let i = 0; i < length; i++) array.push(this.value(depth + 1));
    return array;
  }

  private object(first: number, start: number, depth: number): object {
    const length = this.open(first, start, depth);
    const body = this.reader.at;
    if (this.careful) return this.carefulObject(length, depth);
    const object: Record<string, unknown> = {};
    let key: string | undefined;
    let complete = 0;
    try {
      for (; complete < length; complete++) {
        key = this.reader.key();
        const value = this.value(depth + 1);
        if (key === '__proto__') define(object, key, value);
        else object[key] = value;
        key = undefined;
      }
      if (Object.keys(object).length === length) return object;
    } catch (error) {
      // A repeated key stands before whatever went wrong after it.
      const repeated = Object.keys(object).length !== complete || (key !== undefined && Object.hasOwn(object, key));
      if (!repeated && SnapshotError.is(error)) throw error;
    }
    this.careful = true;
    this.reader.at = body;
    return this.carefulObject(length, depth);
  }

  /** Built with definitions, which neither a setter nor a frozen `Object.prototype` disturbs, and looking at every key. */
  private carefulObject(length: number, depth: number): object {
    const object = {};
    for (let i = 0; i < length; i++) {
      const start = this.reader.at;
      const key = this.reader.key();
      if (Object.hasOwn(object, key)) throw malformed('a key that is there already', start);
      define(object, key, this.value(depth + 1));
    }
    return object;
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
    const { reader } = this;
    const item = reader.at;
    const first = reader.byte();
    let seconds: unknown;
    if (first < MAJOR.negative) seconds = reader.unsigned(first, item);
    else if (first < MAJOR.bytes) seconds = reader.negative(first, item);
    else if (first >= MAJOR.simple) seconds = reader.simple(first, item);
    else reader.length(first, item);
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
    const text = this.reader.wtf8(this.content(start));
    if (text === undefined) throw malformed('invalid WTF-8', start);
    if (text.isWellFormed()) throw malformed('WTF-8 without a lone surrogate, which must be text', start);
    return text;
  }

  private typedArray(tag: number, start: number): ArrayBufferView {
    const type = TYPED_ARRAY_OF.get(tag);
    if (type === undefined) throw malformed(unknownTag(tag), start);
    const bytes = this.content(start);
    const size = type.BYTES_PER_ELEMENT;
    if (bytes.length % size !== 0) throw malformed(`a typed array whose length is no multiple of ${size}`, start);
    return new type(littleEndian(bytes, size).slice().buffer);
  }

  private set(start: number, depth: number): Set<unknown> {
    const length = this.elements(start, depth);
    const set = new Set();
    for (let i = 0; i < length; i++) set.add(this.value(depth + 1));
    return set;
  }

  private map(start: number, depth: number): Map<unknown, unknown> {
    const length = this.elements(start, depth);
    const map = new Map();
    for (let i = 0; i < length; i++) {
      const entry = this.reader.at;
      const first = this.reader.byte();
      if ((first & 0xe0) !== MAJOR.array || this.open(first, entry, depth + 1) !== 2) {
        throw malformed('a Map entry that is not an array of key and value', entry);
      }
      const key = this.value(depth + 2);
      map.set(key, this.value(depth + 2));
    }
    return map;
  }

  /** The byte string that the tag at `start` must be followed by. */
  private content(start: number): Uint8Array {
    const item = this.reader.at;
    const first = this.reader.byte();
    if ((first & 0xe0) === MAJOR.bytes) return this.reader.bytes(first, item);
    throw this.misfit('a tag whose content is not a byte string', first, item, start);
  }

  /** The length of the array that the tag at `start` must be followed by. */
  private elements(start: number, depth: number): number {
    const item = this.reader.at;
    const first = this.reader.byte();
    if ((first & 0xe0) === MAJOR.array) return this.open(first, item, depth);
    throw this.misfit('a Map or Set that is not an array', first, item, start);
  }

  /** What does not fit its tag is reported at the tag, unless its own head is wrong already. */
  private misfit(what: string, first: number, item: number, start: number): SnapshotError {
    if (first >= MAJOR.simple) this.reader.simpleHead(first, item);
    else this.reader.length(first, item);
    return malformed(what, start);
  }

  /** The length of the array or map that starts at `start` and lies in `depth` others. */
  private open(first: number, start: number, depth: number): number {
    const length = this.reader.length(first, start);
    if (depth >= MAX_DEPTH) throw malformed(`more than ${MAX_DEPTH} levels`, start);
    return length;
  }
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

const TYPED_ARRAY_OF = new Map([...TYPED_ARRAYS.values()].map(({ tag, constructor }) => [tag, constructor]));

function unknownTag(tag: number): string {
  return tag === TAG.float16 ? 'a Float16Array, which this runtime does not have' : 'a tag that the format does not use';
}

/**
 * The date that these seconds were computed from; undefined if there is none. Far from 1970 the product with 1000 can lie
 * half-way between two milliseconds, so the neighbours are tried too.
 */
function dateOf(seconds: number): Date | undefined {
  if (Number.isNaN(seconds)) return new Date(NaN);
  const near = Math.trunc(seconds * 1000);
  return [near, near + 1, near - 1].map((time) => new Date(time)).find((date) => Object.is(date.getTime() / 1000, seconds));
}

/** Sets a property whatever the prototype has under that name. */
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
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
