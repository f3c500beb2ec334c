/** Bytes to text: UTF-8, and the WTF-8 that holds lone surrogates. By hand where that is quickest, else by the runtime's own decoders. */

/** Up to this length, decoding by hand beats a call of the runtime's decoder. */
const SHORT = 48;

type Slice = (bytes: Uint8Array, start: number, end: number) => string;

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf8Slice = sliceOfBuffer('utf8Slice');
const utf16Slice = sliceOfBuffer('ucs2Slice');

/** Bytes to characters one by one. Elsewhere than on Node Windows-1252 serves, which is the same for ASCII. */
export const readLatin1: Slice = sliceOfBuffer('latin1Slice') ?? windows1252();

/** The text in `bytes[start..end]`; undefined if it is not UTF-8. */
export function readUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start <= SHORT) {
    const count = putUnits(bytes, start, end, units, false);
    return count < 0 ? undefined : shortText(count);
  }
  if (utf8Slice !== undefined) {
    const text = utf8Slice(bytes, start, end);
    // It does not fail at bytes that are wrong: it writes this for them.
    if (!text.includes('\ufffd')) return text;
  }
  try {
    return strict.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}

/** The text in `bytes`, read as WTF-8 (surrogates may stand alone, not in pairs); undefined if it is not that. */
export function readWtf8(bytes: Uint8Array): string | undefined {
  const units = new Uint16Array(bytes.length);
  const count = putUnits(bytes, 0, bytes.length, units, true);
  if (count < 0) return undefined;
  let text = '';
  for (let at = 0; at < count; at += CHUNK) text += fromUnits(units.subarray(at, Math.min(at + CHUNK, count)));
  return text;
}

/** So many arguments a call takes everywhere. */
const CHUNK = 4096;

const units = new Uint16Array(SHORT);
const unitBytes = new Uint8Array(units.buffer);

/** Writes the text's UTF-16 code units and says how many; −1 if the bytes are not UTF-8, or WTF-8 if surrogates may stand alone. */
function putUnits(bytes: Uint8Array, at: number, end: number, out: Uint16Array, lone: boolean): number {
  let count = 0;
  while (at < end) {
    const first = bytes[at++] as number;
    if (first < 0x80) {
      out[count++] = first;
      continue;
    }
    const more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
    if (more === 0 || at + more > end) return -1;
    let point = first & (0x3f >> more);
    for (const last = at + more; at < last; at++) {
      const next = bytes[at] as number;
      if ((next & 0xc0) !== 0x80) return -1;
      point = (point << 6) | (next & 0x3f);
    }
    if (more < 3) {
      if (more === 2 && (point < 0x800 || (isSurrogate(point) && !(lone && standsAlone(point, out, count))))) return -1;
      out[count++] = point;
    } else {
      if (point < 0x10000 || point > 0x10ffff) return -1;
      out[count++] = 0xd7c0 + (point >> 10);
      out[count++] = 0xdc00 | (point & 0x3ff);
    }
  }
  return count;
}

function isSurrogate(point: number): boolean {
  return (point & 0xf800) === 0xd800;
}

/** False for the second half of a pair, which must be written as one code point. */
function standsAlone(surrogate: number, units: Uint16Array, count: number): boolean {
  return surrogate < 0xdc00 || count === 0 || ((units[count - 1] as number) & 0xfc00) !== 0xd800;
}

/** The first `count` of {@link units} as a text. */
function shortText(count: number): string {
  if (count <= 8) {
    // A call with so many arguments takes half as long as one that spreads an array.
    for (let i = count; i < 8; i++) units[i] = 0;
    const u = units;
    return characters(u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7]).slice(0, count);
  }
  return utf16Slice === undefined ? fromUnits(units.subarray(0, count)) : utf16Slice(unitBytes, 0, 2 * count);
}

const characters = String.fromCharCode as (...units: (number | undefined)[]) => string;

function fromUnits(units: Uint16Array): string {
  return String.fromCharCode.apply(null, units as unknown as number[]);
}

function sliceOfBuffer(name: string): Slice | undefined {
  type Method = (this: Uint8Array, start: number, end: number) => string;
  const { Buffer } = globalThis as { Buffer?: { prototype: Record<string, Method | undefined> } };
  const slice = Buffer?.prototype[name];
  return slice && ((bytes, start, end) => slice.call(bytes, start, end));
}

function windows1252(): Slice {
  const decoder = new TextDecoder('latin1');
  return (bytes, start, end) => decoder.decode(bytes.subarray(start, end));
}
