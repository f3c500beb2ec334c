/** Reads heads, numbers, byte strings and texts of docs/format.md, section 1; never past the end, and only their one valid form. */
import { SnapshotError } from '../error.js';
import { fromHalf, toHalf } from './half.js';
import { FLOAT, SIMPLE } from './tags.js';
import { readLatin1, readUtf8 } from './utf8.js';

/** ASCII texts are cut from windows of the input that are one string each: a text that lives on keeps no more than this. */
const WINDOW = 1 << 16;
/** Beyond this length a text is decoded on its own. */
const LONG_TEXT = 256;

export function malformed(what: string, offset: number): SnapshotError {
  return new SnapshotError('malformed', `these bytes are not a value: ${what}`, { offset });
}

export class Reader {
  /** Offset of the next byte. */
  at = 0;
  readonly end: number;
  private readonly view: DataView;
  private window = '';
  private windowStart = 0;

  constructor(readonly input: Uint8Array) {
    this.view = new DataView(input.buffer, input.byteOffset, input.byteLength);
    this.end = input.length;
  }

  byte(): number {
    if (this.at >= this.end) throw malformed('the input ends too early', this.at);
    return this.input[this.at++] as number;
  }

  /**
   * The argument of an item at `start` with this first byte, in its shortest form. Beyond 2^53 − 1 it is rounded: no length
   * and no known tag is that large, and integers are read by {@link unsigned} and {@link negative}.
   */
  argument(first: number, start: number): number {
    const info = first & 0x1f;
    return info < 24 ? info : this.longArgument(info, start);
  }

  unsigned(first: number, start: number): number | bigint {
    const argument = this.argument(first, start);
    return argument <= Number.MAX_SAFE_INTEGER ? argument : this.view.getBigUint64(this.at - 8);
  }

  negative(first: number, start: number): number | bigint {
    const argument = this.argument(first, start);
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

  /** Where the bytes or text end whose head was just read. */
  endOf(first: number, start: number): number {
    const length = this.argument(first, start);
    if (length > this.end - this.at) throw malformed('the input ends too early', start);
    return this.at + length;
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
    if (size > this.end - this.at) throw malformed('the input ends too early', start);
    this.at += size;
  }

  private longArgument(info: number, start: number): number {
    if (info > 27) throw malformed('an indefinite length or a reserved head', start);
    const { at, view } = this;
    const size = 1 << (info - 24);
    if (size > this.end - at) throw malformed('the input ends too early', start);
    this.at = at + size;
    switch (size) {
      case 1:
        return atLeast(24, view.getUint8(at), start);
      case 2:
        return atLeast(0x100, view.getUint16(at), start);
      case 4:
        return atLeast(0x10000, view.getUint32(at), start);
      default:
        return atLeast(0x100000000, view.getUint32(at) * 0x100000000 + view.getUint32(at + 4), start);
    }
  }

  private float(first: number, start: number): number {
    const { at, view } = this;
    this.simpleHead(first, start);
    let value: number;
    let shortest: boolean;
    switch (first) {
      case FLOAT.half:
        value = fromHalf(view.getUint16(at));
        shortest = value === value || view.getUint16(at) === toHalf(NaN);
        break;
      case FLOAT.single:
        value = view.getFloat32(at);
        // A half has 13 bits less of a fraction.
        shortest = value === value && ((view.getUint32(at) & 0x1fff) !== 0 || toHalf(value) < 0);
        break;
      default:
        value = view.getFloat64(at);
        shortest = value === value && Math.fround(value) !== value;
    }
    if (!shortest) throw malformed('a float that is longer than it must be', start);
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) throw malformed('an integer written as a float', start);
    return value;
  }

  private textTo(end: number): string | undefined {
    const { at, input } = this;
    if (end - at <= LONG_TEXT) {
      let i = at;
      while (i < end && (input[i] as number) < 0x80) i++;
      if (i === end) return this.ascii(at, end);
    }
    return readUtf8(input, at, end);
  }

  private ascii(start: number, end: number): string {
    if (start < this.windowStart || end > this.windowStart + this.window.length) {
      this.windowStart = start;
      this.window = readLatin1(this.input, start, Math.min(start + WINDOW, this.end));
    }
    return this.window.slice(start - this.windowStart, end - this.windowStart);
  }
}

function atLeast(least: number, argument: number, start: number): number {
  if (argument < least) throw malformed('a head that is longer than it must be', start);
  return argument;
}
