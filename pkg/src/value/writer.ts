/**
 * Writes items of docs/format.md, section 1, one behind the other; every number and text in its one valid form. There is one writer, in
 * variables of this module: as an object whose fields are read and written for each byte it took a third longer.
 */
import { toHalf } from './half.js';
import { Refusal } from './refusal.js';
import { putUtf8, utf8Size } from './text.js';
import { FLOAT, MAJOR, MAX_DEPTH, TAG } from './tags.js';

/**
 * Bytes are written into blocks, which are never copied to grow. The first one is kept between uses; a larger state pays for the rest.
 * Pieces of a text that are written at once are far smaller than a block, so that little room at its end stays unused.
 */
const BLOCK = 1 << 20;
const PIECE = 1 << 16;
/** A typed array cannot be relied on to be longer on every runtime. */
const LONGEST = 0x7fffffff;
/** Up to this length a loop beats the call to the runtime's encoder. */
const SHORT_TEXT = 40;
/** The longest head. */
const HEAD = 9;

const { charCodeAt } = String.prototype;
const utf8 = new TextEncoder();

let block: Uint8Array = new Uint8Array(0);
let view: DataView = new DataView(block.buffer);
/** Where what is being written begins in the block, and where it goes on. */
let start = 0;
let at = 0;
/** Blocks that are full, and how many bytes they hold. */
let full: Uint8Array[] = [];
let before = 0;

/** Takes bytes that lie in one piece, or in several if they are many; and how many there are. */
export type Use<T> = (pieces: readonly Uint8Array[], size: number) => T;

/**
 * Hands the bytes that `write` writes to `use`. They are valid during that call only. Both may call this function again: to seal, a header
 * is encoded as well, and reading a proxy runs the code of others.
 */
export function written<T>(write: () => void, use: Use<T>): T {
  const outer = { block, start, at, full, before };
  if (block.length === 0) take(outer.block = new Uint8Array(BLOCK));
  start = at;
  full = [];
  before = 0;
  try {
    write();
    const last = block.subarray(start, at);
    return use(full.length === 0 ? [last] : [...full, last], size());
  } finally {
    if (block !== outer.block) take(outer.block);
    ({ start, at, full, before } = outer);
  }
}

/** The pieces in one array of their own. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return joinedIn(new Uint8Array(sizeOf(pieces)), pieces);
}

export function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** The pieces in `whole`, which has just the room that they need. */
export function joinedIn(whole: Uint8Array, pieces: readonly Uint8Array[]): Uint8Array {
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Forgets what was written. */
export function restart(): void {
  at = start;
  full = [];
  before = 0;
}

/** How many bytes were written. */
export function size(): number {
  return before + at - start;
}

/** One byte that is a whole item: a simple value. */
export function putSimple(byte: number): void {
  if (at === block.length) more(1);
  block[at++] = byte;
}

/** The head of an item. `major` is one of {@link MAJOR}; `argument` an integer from 0 to 2^53 − 1. */
export function putHead(major: number, argument: number): void {
  if (at + HEAD > block.length) more(HEAD);
  if (argument < 24) {
    block[at++] = major | argument;
  } else if (argument < 0x100) {
    block[at++] = major | 24;
    block[at++] = argument;
  } else if (argument < 0x10000) {
    block[at++] = major | 25;
    block[at++] = argument >>> 8;
    block[at++] = argument;
  } else if (argument < 0x100000000) {
    block[at++] = major | 26;
    view.setUint32(at, argument);
    at += 4;
  } else {
    block[at++] = major | 27;
    view.setUint32(at, Math.floor(argument / 0x100000000));
    view.setUint32(at + 4, argument >>> 0);
    at += 8;
  }
}

/** The head of an array or map of `length` items that lies in `depth` others. */
export function putOpen(major: number, length: number, depth: number): void {
  if (depth >= MAX_DEPTH) throw new Refusal(`cannot encode more than ${MAX_DEPTH} levels; this is a cycle, or nested too deep`);
  putHead(major, length);
}

/** Keeps one byte of the {@link currentBlock} free for a head, and says where. */
export function reserveHead(): number {
  if (at === block.length) more(1);
  return at++;
}

export function currentBlock(): Uint8Array {
  return block;
}

/** Writes a head that takes more than the byte that was kept free for it at `free` in `home`: the bytes are cut in two there. */
export function widenHead(home: Uint8Array, free: number, major: number, argument: number): void {
  const head = written(() => putHead(major, argument), joined);
  full.push(block.subarray(start, at));
  before += at - start;
  start = at;
  const index = full.findIndex((piece) => piece.buffer === home.buffer && free >= piece.byteOffset && free < piece.byteOffset + piece.length);
  const piece = full[index] as Uint8Array;
  const cut = free - piece.byteOffset;
  full.splice(index, 1, piece.subarray(0, cut), head, piece.subarray(cut + 1));
  before += head.length - 1;
}

export function putNumber(value: number): void {
  if (Math.floor(value) !== value || value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER || Object.is(value, -0)) putFloat(value);
  else if (value >= 0) putHead(MAJOR.unsigned, value);
  else putHead(MAJOR.negative, -1 - value);
}

export function putBigint(value: bigint): void {
  const negative = value < 0n;
  const argument = negative ? -1n - value : value;
  const safe = value >= -MAX_SAFE && value <= MAX_SAFE;
  if (!safe && argument <= MAX_UINT64) {
    if (at + HEAD > block.length) more(HEAD);
    block[at++] = (negative ? MAJOR.negative : MAJOR.unsigned) | 27;
    view.setBigUint64(at, argument);
    at += 8;
  } else {
    putHead(MAJOR.tag, negative ? TAG.negativeBignum : TAG.positiveBignum);
    putMagnitude(argument);
  }
}

/** Text; as WTF-8 under its tag if it holds a lone surrogate. */
export function putText(value: string): void {
  if (!putKey(value)) putLoneSurrogates(value);
}

/** Text that may be a map's key; false, and nothing is written, if it holds a lone surrogate. */
export function putKey(text: string): boolean {
  const value = '' + text;
  const units = value.length;
  if (units > SHORT_TEXT) return putLong(value);
  if (at + 3 * units + 2 > block.length) more(3 * units + 2);
  const bytes = block;
  const body = units < 24 ? at + 1 : at + 2;
  let to = body;
  for (let i = 0; i < units; i++) {
    const unit = charCodeAt.call(value, i);
    if (unit > 0x7f) return putRest(value, i, body, to);
    bytes[to++] = unit;
  }
  bytes[at] = units < 24 ? MAJOR.text | units : MAJOR.text | 24;
  if (units >= 24) bytes[at + 1] = units;
  at = to;
  return true;
}

/** A byte string. */
export function putByteString(value: Uint8Array): void {
  putHead(MAJOR.bytes, value.length);
  putBytes(value);
}

/** Bytes that are whole items, or what belongs behind a head. */
export function putBytes(value: Uint8Array): void {
  if (at + value.length > block.length) more(value.length);
  block.set(value, at);
  at += value.length;
}

/** Bytes that are not copied, but handed on where they lie; they do not change before they are used. */
export function putPiece(piece: Uint8Array): void {
  if (size() + piece.length > LONGEST) throw tooLarge();
  full.push(block.subarray(start, at), piece);
  before += at - start + piece.length;
  start = at;
}

/** The first `length` bytes, which are few, of little-endian words from `word` on. What the last word has too much is written over later. */
export function putWords(words: Int32Array, word: number, length: number): void {
  if (at + length + 3 > block.length) more(length + 3);
  const to = view;
  for (let i = 0; i < length; i += 4) to.setInt32(at + i, words[word + (i >> 2)] as number, true);
  at += length;
}

function putFloat(value: number): void {
  if (at + HEAD > block.length) more(HEAD);
  if (Math.fround(value) !== value && value === value) {
    block[at] = FLOAT.double;
    view.setFloat64(at + 1, value);
    at += 9;
    return;
  }
  const half = toHalf(value);
  if (half >= 0) {
    block[at] = FLOAT.half;
    view.setUint16(at + 1, half);
    at += 3;
  } else {
    block[at] = FLOAT.single;
    view.setFloat32(at + 1, value);
    at += 5;
  }
}

/** A byte string of the shortest big-endian bytes; empty for 0. */
function putMagnitude(value: bigint): void {
  const hex = value === 0n ? '' : value.toString(16);
  const digits = hex.length % 2 === 0 ? hex : `0${hex}`;
  putHead(MAJOR.bytes, digits.length / 2);
  if (at + digits.length / 2 > block.length) more(digits.length / 2);
  for (let i = 0; i < digits.length; i += 2) {
    block[at++] = (hexDigit(digits.charCodeAt(i)) << 4) | hexDigit(digits.charCodeAt(i + 1));
  }
}

/** A short text from its unit `from` on, which is no ASCII; what is before it lies between `body` and `to`. The head comes last. */
function putRest(value: string, from: number, body: number, to: number): boolean {
  let end = putUtf8(value, from, block, to);
  if (end < 0) return false;
  const length = end - body;
  if (length >= 24 && value.length < 24) block.copyWithin(at + 2, body, end++);
  block[at] = length < 24 ? MAJOR.text | length : MAJOR.text | 24;
  if (length >= 24) block[at + 1] = length;
  at = end;
  return true;
}

/** By the runtime's encoder, behind a head as long as it will most likely be. */
function putLong(value: string): boolean {
  if (!value.isWellFormed()) return false;
  const units = value.length;
  if (units > PIECE) {
    putPieces(value);
    return true;
  }
  if (at + 3 * units + HEAD > block.length) more(3 * units + HEAD);
  const guess = headSize(units);
  const length = utf8.encodeInto(value, block.subarray(at + guess)).written;
  const needed = headSize(length);
  if (needed !== guess) block.copyWithin(at + needed, at + guess, at + guess + length);
  putHead(MAJOR.text, length);
  at += length;
  return true;
}

/** A text so long that its head is written first, and then piece by piece. */
function putPieces(value: string): void {
  let length = 0;
  for (const piece of pieces(value)) {
    if (at + 3 * piece.length > block.length) more(3 * piece.length);
    length += utf8.encodeInto(piece, block.subarray(at)).written;
  }
  putHead(MAJOR.text, length);
  for (const piece of pieces(value)) {
    if (at + 3 * piece.length > block.length) more(3 * piece.length);
    at += utf8.encodeInto(piece, block.subarray(at)).written;
  }
}

/** Cuts no surrogate pair in two. */
function* pieces(value: string): Generator<string> {
  for (let from = 0; from < value.length; ) {
    const to = from + PIECE;
    const cutsPair = to < value.length && (value.charCodeAt(to - 1) & 0xfc00) === 0xd800;
    const piece = value.slice(from, cutsPair ? to - 1 : to);
    yield piece;
    from += piece.length;
  }
}

function putLoneSurrogates(value: string): void {
  const length = utf8Size(value);
  putHead(MAJOR.tag, TAG.wtf8);
  putHead(MAJOR.bytes, length);
  if (at + length > block.length) more(length);
  at = putUtf8(value, 0, block, at, true);
}

/** A new block, with room for at least `needed` bytes. */
function more(needed: number): void {
  if (size() + needed > LONGEST) throw tooLarge();
  if (at > start) full.push(block.subarray(start, at));
  before += at - start;
  take(new Uint8Array(Math.max(BLOCK, needed)));
  start = at = 0;
}

function tooLarge(): Refusal {
  return new Refusal('cannot encode more than 2 GiB; split the state', 'tooLarge');
}

function take(next: Uint8Array): void {
  view = new DataView(next.buffer);
  block = next;
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
