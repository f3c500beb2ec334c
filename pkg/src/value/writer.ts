/** Writes items of docs/format.md, section 1, into a buffer that grows; every number and text in its one valid form. */
import { toHalf } from './half.js';
import { Refusal } from './refusal.js';
import { putWtf8, utf8Size } from './text.js';
import { FLOAT, MAJOR, TAG } from './tags.js';

/** What a writer keeps between uses; a larger buffer is given back to the runtime. */
const RETAINED = 1 << 20;
const INITIAL = 1 << 13;
/** A typed array cannot be relied on to be longer on every runtime. */
const LONGEST = 0x7fffffff;
/** Up to this length a loop beats the call to the runtime's encoder. */
const SHORT_TEXT = 64;

const utf8 = new TextEncoder();

export class Writer {
  private bytes: Uint8Array;
  private view: DataView;
  private length = 0;

  constructor(size = INITIAL) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }

  /** A copy of what was written; the writer is empty then. */
  finish(): Uint8Array {
    const result = this.bytes.slice(0, this.length);
    this.clear();
    return result;
  }

  clear(): void {
    this.length = 0;
    if (this.bytes.length > RETAINED) this.replace(INITIAL);
  }

  /** One byte that is a whole item: a simple value. */
  simple(byte: number): void {
    this.reserve(1);
    this.bytes[this.length++] = byte;
  }

  /** Bytes that are whole items. */
  raw(item: Uint8Array): void {
    const size = item.length;
    this.reserve(size);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < size; i++) bytes[at++] = item[i] as number;
    this.length = at;
  }

  /** The head of an item. `major` is one of {@link MAJOR}; `argument` an integer from 0 to 2^53 − 1. */
  head(major: number, argument: number): void {
    this.reserve(9);
    if (argument < 24) {
      this.bytes[this.length++] = major | argument;
    } else if (argument < 0x100) {
      this.bytes[this.length++] = major | 24;
      this.bytes[this.length++] = argument;
    } else if (argument < 0x10000) {
      this.bytes[this.length++] = major | 25;
      this.bytes[this.length++] = argument >>> 8;
      this.bytes[this.length++] = argument;
    } else if (argument < 0x100000000) {
      this.bytes[this.length++] = major | 26;
      this.view.setUint32(this.length, argument);
      this.length += 4;
    } else {
      this.bytes[this.length++] = major | 27;
      this.view.setUint32(this.length, Math.floor(argument / 0x100000000));
      this.view.setUint32(this.length + 4, argument >>> 0);
      this.length += 8;
    }
  }

  number(value: number): void {
    if (value >>> 0 === value && value < 24 && 1 / value > 0) {
      this.simple(value); // the most frequent number is a small one
    } else if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      if (value >= 0) this.head(MAJOR.unsigned, value);
      else this.head(MAJOR.negative, -1 - value);
    } else {
      this.float(value);
    }
  }

  bigint(value: bigint): void {
    const negative = value < 0n;
    const argument = negative ? -1n - value : value;
    const safe = value >= -MAX_SAFE && value <= MAX_SAFE;
    if (!safe && argument <= MAX_UINT64) {
      this.reserve(9);
      this.bytes[this.length++] = (negative ? MAJOR.negative : MAJOR.unsigned) | 27;
      this.view.setBigUint64(this.length, argument);
      this.length += 8;
    } else {
      this.head(MAJOR.tag, negative ? TAG.negativeBignum : TAG.positiveBignum);
      this.magnitude(argument);
    }
  }

  /** Text; as WTF-8 under its tag if it holds a lone surrogate. */
  text(value: string): void {
    const written = value.length > SHORT_TEXT ? this.longText(value) : this.shortText(value);
    if (!written) this.wtf8(value);
  }

  /** Text that may be a map's key; false, and nothing is written, if it holds a lone surrogate. */
  key(value: string): boolean {
    return value.length > SHORT_TEXT ? this.longText(value) : this.shortText(value);
  }

  /** A byte string. */
  byteString(value: Uint8Array): void {
    this.head(MAJOR.bytes, value.length);
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  private float(value: number): void {
    this.reserve(9);
    const half = toHalf(value);
    if (half >= 0) {
      this.bytes[this.length++] = FLOAT.half;
      this.view.setUint16(this.length, half);
      this.length += 2;
    } else if (Math.fround(value) === value) {
      this.bytes[this.length++] = FLOAT.single;
      this.view.setFloat32(this.length, value);
      this.length += 4;
    } else {
      this.bytes[this.length++] = FLOAT.double;
      this.view.setFloat64(this.length, value);
      this.length += 8;
    }
  }

  /** A byte string of the shortest big-endian bytes; empty for 0. */
  private magnitude(value: bigint): void {
    const hex = value === 0n ? '' : value.toString(16);
    const digits = hex.length % 2 === 0 ? hex : `0${hex}`;
    this.head(MAJOR.bytes, digits.length / 2);
    this.reserve(digits.length / 2);
    for (let i = 0; i < digits.length; i += 2) {
      this.bytes[this.length++] = (hexDigit(digits.charCodeAt(i)) << 4) | hexDigit(digits.charCodeAt(i + 1));
    }
  }

  /** By a loop, the head after the body; false, and nothing is written, if there is a lone surrogate. */
  private shortText(value: string): boolean {
    const units = value.length;
    this.reserve(3 * units + 2);
    const { bytes } = this;
    const start = this.length;
    const body = units < 24 ? start + 1 : start + 2;
    let at = body;
    for (let i = 0; i < units; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) {
        if (!value.isWellFormed()) return false;
        at = putWtf8(value, i, bytes, at);
        break;
      }
      bytes[at++] = unit;
    }
    const size = at - body;
    if (size >= 24 && units < 24) bytes.copyWithin(start + 2, body, at++);
    if (size < 24) {
      bytes[start] = MAJOR.text | size;
    } else {
      bytes[start] = MAJOR.text | 24;
      bytes[start + 1] = size;
    }
    this.length = at;
    return true;
  }

  /** By the runtime's encoder, behind a head as long as it will most likely be. */
  private longText(value: string): boolean {
    if (!value.isWellFormed()) return false;
    const units = value.length;
    this.reserve(3 * units + 9);
    const start = this.length;
    const guess = headSize(units);
    const size = utf8.encodeInto(value, this.bytes.subarray(start + guess)).written;
    const needed = headSize(size);
    if (needed !== guess) this.bytes.copyWithin(start + needed, start + guess, start + guess + size);
    this.head(MAJOR.text, size);
    this.length += size;
    return true;
  }

  private wtf8(value: string): void {
    const size = utf8Size(value);
    this.head(MAJOR.tag, TAG.wtf8);
    this.head(MAJOR.bytes, size);
    this.reserve(size);
    this.length = putWtf8(value, 0, this.bytes, this.length);
  }

  private reserve(size: number): void {
    if (this.length + size > this.bytes.length) this.grow(this.length + size);
  }

  private grow(needed: number): void {
    if (needed > LONGEST) throw new Refusal('cannot encode more than 2 GiB; split the state', 'tooLarge');
    const old = this.bytes;
    this.replace(Math.min(Math.max(needed, old.length * 2), LONGEST));
    this.bytes.set(old.subarray(0, this.length));
  }

  private replace(size: number): void {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
  }
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const MAX_UINT64 = 2n ** 64n - 1n;

/** Bytes that the head of that argument takes. */
function headSize(argument: number): number {
  return (
    argument < 24 ? 1
    : argument < 0x100 ? 2
    : argument < 0x10000 ? 3
    : argument < 0x100000000 ? 5
    : 9
  );
}

function hexDigit(unit: number): number {
  return unit < 0x3a ? unit - 0x30 : unit - 0x57;
}
