/** UTF-8 and WTF-8 by hand: for texts too short to be worth a call to the runtime, and for lone surrogates. */

/** How many bytes `text` takes; a lone surrogate takes three. */
export function utf8Size(text: string): number {
  let size = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      size += 1;
    } else {
      size += 2;
      if (isPair(text, i)) i += 1;
    }
  }
  return size;
}

/**
 * Writes `text` from its unit `from` on at `at` and says where it ends; −1 if there is a lone surrogate, unless those are wanted, too
 * (WTF-8). The caller has made room.
 */
export function putUtf8(text: string, from: number, bytes: Uint8Array, at: number, lone = false): number {
  for (let i = from; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      bytes[at++] = unit;
    } else if (unit < 0x800) {
      bytes[at++] = 0xc0 | (unit >> 6);
      bytes[at++] = 0x80 | (unit & 0x3f);
    } else if ((unit & 0xf800) === 0xd800 && isPair(text, i)) {
      const point = 0x10000 + ((unit & 0x3ff) << 10) + (text.charCodeAt(++i) & 0x3ff);
      bytes[at++] = 0xf0 | (point >> 18);
      bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
      bytes[at++] = 0x80 | (point & 0x3f);
    } else if ((unit & 0xf800) !== 0xd800 || lone) {
      bytes[at++] = 0xe0 | (unit >> 12);
      bytes[at++] = 0x80 | ((unit >> 6) & 0x3f);
      bytes[at++] = 0x80 | (unit & 0x3f);
    } else {
      return -1;
    }
  }
  return at;
}

/** The text in `bytes[start..end]`, read as WTF-8 (surrogates may stand alone, not in pairs); undefined if it is not that. */
export function readWtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  let units: number[] = [];
  let afterHighSurrogate = false;
  for (let at = start; at < end; ) {
    const point = codePoint(bytes, at, end);
    if (point < 0 || (afterHighSurrogate && point >= 0xdc00 && point <= 0xdfff)) return undefined;
    afterHighSurrogate = point >= 0xd800 && point <= 0xdbff;
    if (point < 0x10000) {
      units.push(point);
      at += point < 0x80 ? 1 : point < 0x800 ? 2 : 3;
    } else {
      units.push(0xd7c0 + (point >> 10), 0xdc00 | (point & 0x3ff));
      at += 4;
    }
    if (units.length >= 1024) {
      text += String.fromCharCode(...units);
      units = [];
    }
  }
  return text + String.fromCharCode(...units);
}

/** The code point whose shortest encoding starts at `at`, or −1 if there is none. */
function codePoint(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return first;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end) return -1;
  let point = first & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i] ?? 0;
    if (next >> 6 !== 2) return -1;
    point = (point << 6) | (next & 0x3f);
  }
  const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
  return point >= least && point <= 0x10ffff ? point : -1;
}

function isPair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
}
