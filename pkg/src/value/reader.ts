/** Reads heads, numbers and texts of docs/format.md, section 1; never past the end, and only their one valid form. */
import { SnapshotError } from '../error.js';
import { fromHalf, toHalf } from './half.js';
import { FLOAT, MAJOR, SIMPLE } from './tags.js';
import { readWtf8 } from './text.js';

/** ASCII texts are cut from windows of the input that are one string each: a text that lives on keeps no more than this. */
const WINDOW = 1 << 16;
/** Beyond this length a text is decoded on its own. */
const LONG_TEXT = 256;
/** Up to this length, decoding by hand beats the call to the runtime's decoder. */
const SHORT_TEXT = 64;
/** Keys up to this length are kept for the next object that has them. */
const SHORT_KEY = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const latin1 = latin1Decoder();

/** Keys read lately, by hash: fixed in number and length, they are cut from no window. */
const keys: string[] = new Array<string>(1024).fill('');

export function malformed(what: string, offset: number): SnapshotError {
  return new SnapshotError('malformed', `these bytes are not a value: ${what}`, { offset });
}

export class Reader {
  /** Offset of the next byte. */
  at = 0;
  private readonly view: DataView;
  private readonly end: number;
  private window = '';
  private windowStart = 0;
  /** A dictionary of thousands of keys would only push out one another. */
  private keysToKeep = keys.length;

  constructor(private readonly input: Uint8Array) {
    this.view = new DataView(input.buffer, input.byteOffset, input.byteLength);
    this.end = input.length;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  byte(): number {
    if (this.at >= this.end) throw malformed('the input ends too early', this.at);
    return this.input[this.at++] as number;
  }

  /**
   * The argument of an item at `start` with this first byte, in its shortest form. Beyond 2^53 − 1 it is rounded: no length
   * and no known tag is that large, and integers are read by {@link unsigned} and {@link negative}.
   */
  length(first: number, start: number): number {
    const info = first & 0x1f;
    if (info < 24) return info;
    if (info > 27) throw malformed('an indefinite length or a reserved head', start);
    const size = 1 << (info - 24);
    if (size > this.remaining) throw malformed('the input ends too early', start);
    const { at } = this;
    this.at += size;
    const argument =
      size === 1 ? (this.input[at] as number)
      : size === 2 ? this.view.getUint16(at)
      : size === 4 ? this.view.getUint32(at)
      : this.view.getUint32(at) * 0x100000000 + this.view.getUint32(at + 4);
    if (argument < LEAST[info - 24]!) throw malformed('a head that is longer than it must be', start);
    return argument;
  }

  unsigned(first: number, start: number): number | bigint {
    const argument = this.length(first, start);
    return argument <= Number.MAX_SAFE_INTEGER ? argument : this.view.getBigUint64(this.at - 8);
  }

  negative(first: number, start: number): number | bigint {
    const argument = this.length(first, start);
    return argument < Number.MAX_SAFE_INTEGER ? -1 - argument : -1n - this.view.getBigUint64(this.at - 8);
  }

  /** A view of the input. */
  bytes(first: number, start: number): Uint8Array {
    const end = this.endOf(first, start);
    const bytes = this.input.subarray(this.at, end);
    this.at = end;
    return bytes;
  }

  text(first: number, start: number): string {
    const end = this.endOf(first, start);
    const text = this.textTo(end);
    if (text === undefined) throw malformed('a text that is not UTF-8', start);
    this.at = end;
    return text;
  }

  wtf8(bytes: Uint8Array): string | undefined {
    return readWtf8(bytes, 0, bytes.length);
  }

  key(): string {
    const start = this.at;
    const first = this.byte();
    if ((first & 0xe0) !== MAJOR.text) throw malformed('a key that is not text', start);
    const end = this.endOf(first, start);
    const hash = end - this.at > SHORT_KEY ? -1 : this.asciiHash(this.at, end);
    if (hash < 0) {
      this.at = start + 1;
      return this.text(first, start);
    }
    const known = this.equals(keys[hash] as string, this.at, end) ? (keys[hash] as string) : this.newKey(hash, end);
    this.at = end;
    return known;
  }

  /** A simple value or a float. */
  simple(first: number, start: number): number | boolean | null | undefined {
    switch (first) {
      case SIMPLE.false:
        return false;
      case SIMPLE.true:
        return true;
      case SIMPLE.null:
        return null;
      case SIMPLE.undefined:
        return undefined;
      default:
        return this.float(first, start);
    }
  }

  /** Steps over a simple value or float, and checks no more than that it is one. */
  simpleHead(first: number, start: number): void {
    if (first < SIMPLE.false || (first > SIMPLE.undefined && first < FLOAT.half) || first > FLOAT.double) {
      throw malformed('a simple value that the format does not use', start);
    }
    const size = first < FLOAT.half ? 0 : 2 << (first - FLOAT.half);
    if (size > this.remaining) throw malformed('the input ends too early', start);
    this.at += size;
  }

  private float(first: number, start: number): number {
    const { at, view } = this;
    this.simpleHead(first, start);
    const value =
      first === FLOAT.half ? fromHalf(view.getUint16(at))
      : first === FLOAT.single ? view.getFloat32(at)
      : view.getFloat64(at);
    const half = toHalf(value);
    const shortest =
      first === FLOAT.half ? half === view.getUint16(at)
      : half < 0 && (first === FLOAT.single || Math.fround(value) !== value);
    if (!shortest) throw malformed('a float that is longer than it must be', start);
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) throw malformed('an integer written as a float', start);
    return value;
  }

  /** Where the bytes or text end whose head was just read. */
  private endOf(first: number, start: number): number {
    const length = this.length(first, start);
    if (length > this.remaining) throw malformed('the input ends too early', start);
    return this.at + length;
  }

  private textTo(end: number): string | undefined {
    const { at, input } = this;
    if (end - at <= LONG_TEXT) {
      let i = at;
      while (i < end && (input[i] as number) < 0x80) i++;
      if (i === end) return this.ascii(at, end);
      if (end - at <= SHORT_TEXT) {
        const text = readWtf8(input, at, end);
        return text?.isWellFormed() ? text : undefined;
      }
    }
    try {
      return utf8.decode(input.subarray(at, end));
    } catch {
      return undefined;
    }
  }

  private ascii(start: number, end: number): string {
    if (start < this.windowStart || end > this.windowStart + this.window.length) {
      this.windowStart = start;
      this.window = latin1(this.input, start, Math.min(start + WINDOW, this.end));
    }
    return this.window.slice(start - this.windowStart, end - this.windowStart);
  }

  private newKey(hash: number, end: number): string {
    if (this.keysToKeep === 0) return this.ascii(this.at, end);
    this.keysToKeep -= 1;
    const key = String.fromCharCode.apply(null, this.input.subarray(this.at, end) as unknown as number[]);
    keys[hash] = key;
    return key;
  }

  private equals(text: string, start: number, end: number): boolean {
    if (text.length !== end - start) return false;
    for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== this.input[start + i]) return false;
    return true;
  }

  /** A slot of {@link keys}, or −1 if the bytes are not ASCII. */
  private asciiHash(start: number, end: number): number {
    let hash = end - start;
    for (let i = start; i < end; i++) {
      const byte = this.input[i] as number;
      if (byte > 0x7f) return -1;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    return (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (keys.length - 1);
  }
}

/** The least argument for one, two, four and eight bytes. */
const LEAST = [24, 0x100, 0x10000, 0x100000000] as const;

type Latin1 = (bytes: Uint8Array, start: number, end: number) => string;

/** Bytes to characters one by one. Node's own is quicker; elsewhere Windows-1252 serves, which is the same for ASCII. */
function latin1Decoder(): Latin1 {
  const { Buffer } = globalThis as { Buffer?: { prototype: { latin1Slice?: (start: number, end: number) => string } } };
  const slice = Buffer?.prototype.latin1Slice;
  if (slice !== undefined) return (bytes, start, end) => slice.call(bytes as never, start, end);
  const windows1252 = new TextDecoder('latin1');
  return (bytes, start, end) => windows1252.decode(bytes.subarray(start, end));
}
