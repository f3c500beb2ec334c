/** Text to UTF-8 and WTF-8 by hand: for texts too short to be worth a call to the runtime, and for lone surrogates. */

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

function isPair(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
}
