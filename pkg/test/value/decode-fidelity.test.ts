/** Nothing is lost on the way back: text of all kinds, sizes that hurt, depth, and memory that is let go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decode } from '../../dist/value/decode.js';
import { encode } from '../../dist/value/encode.js';
import { bytes, encoded, nested, restored } from './bytes.js';

const PIECES = ['a', 'é', '水', '😀', '\ufeff', '\ufffd', '\u0000', '\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'];

test('text of every length around the limits, whatever it is made of', () => {
  for (const piece of PIECES) {
    for (const length of [1, 7, 8, 9, 12, 13, 16, 23, 24, 47, 48, 49, 63, 64, 65, 255, 256, 257, 5000]) {
      const text = piece.repeat(length);
      const state = [text, `${text}x`, `x${text}`, `${'x'.repeat(length)}${piece}`, { [text]: text }, new Map([[text, 1]])];
      assert.deepEqual(restored(state), state);
    }
  }
});

test('a byte-order mark is part of the text, wherever it stands', () => {
  for (const text of ['\ufeff', '\ufeffa', `\ufeff${'a'.repeat(100)}`, `\ufeff${'é'.repeat(1000)}`, 'a\ufeff\ufeff']) {
    assert.equal(restored(text), text);
    assert.deepEqual(Object.keys(restored({ [text]: 1 })), [text]);
  }
});

test('lone surrogates of every kind, in long texts too', () => {
  const texts = ['\ud800', '\udfff', '\udc00\ud800', '\ud800\ud800', '\udc00\udc00', 'a\ud83d', '\ude00b', '😀\ud83d', '\ud83d😀', '😀\ude00', '\ude00😀'];
  for (const text of texts) {
    for (const padding of ['', 'x', 'é', '水'.repeat(3000), 'x'.repeat(10_000)]) {
      assert.equal(restored(`${padding}${text}`), `${padding}${text}`);
      assert.equal(restored(`${text}${padding}`), `${text}${padding}`);
    }
  }
  assert.throws(() => decode(bytes('d9011146eda0bdedb880')), { code: 'malformed', offset: 0 });
  assert.throws(() => decode(bytes('d9011149eda0bdeda0bdedb880')), { code: 'malformed', offset: 0 });
});

/** One for each way in which bytes are not UTF-8. */
const NOT_UTF8 = ['80', 'bf', 'c0', 'c080', 'c1bf', 'c2', 'c241', 'c3c3', 'e0', 'e080', 'e08080', 'e09fbf', 'e282', 'e28241', 'eda080', 'edbfbf', 'ef', 'f0', 'f09f', 'f09f98', 'f08080af', 'f0808080', 'f48fbf', 'f4908080', 'f5808080', 'f8', 'fe', 'ff'];

test('what is not UTF-8 is refused at any length and place', () => {
  for (const bad of NOT_UTF8) {
    for (const [before, after] of [[0, 0], [1, 0], [0, 1], [5, 5], [30, 0], [0, 45], [60, 0], [0, 60], [200, 30], [300, 0], [0, 300]] as const) {
      for (const filler of ['x', 'é']) {
        const text = Buffer.concat([Buffer.from(filler.repeat(before)), Buffer.from(bad, 'hex'), Buffer.from(filler.repeat(after))]);
        const head = text.length < 24 ? [0x60 + text.length] : text.length < 256 ? [0x78, text.length] : [0x79, text.length >> 8, text.length & 255];
        const item = Uint8Array.from([...head, ...text]);
        // Where a text is all there is to read, what follows a cut character is the end of the input.
        assert.throws(() => decode(item), { code: 'malformed', offset: 0 }, `${bad} between ${before} and ${after}`);
        assert.throws(() => decode(Uint8Array.from([0x82, ...item, 0x61, 0x61])), { code: 'malformed', offset: 1 });
        assert.throws(() => decode(Uint8Array.from([0xa1, ...item, 0x01])), { code: 'malformed', offset: 1 });
      }
    }
  }
});

test('U+FFFD that was written is text like any other', () => {
  for (const text of ['\ufffd', `${'x'.repeat(60)}\ufffd`, '\ufffd'.repeat(400)]) assert.equal(restored(text), text);
});

test('every 16-bit float', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const input = Uint8Array.of(0xf9, bits >> 8, bits & 255);
    const exponent = (bits >> 10) & 31;
    const expected = (bits & 0x8000 ? -1 : 1) * (exponent === 0 ? (bits & 0x3ff) / 2 ** 24 : (1 + (bits & 0x3ff) / 1024) * 2 ** (exponent - 15));
    if (bits === 0x7e00) assert.ok(Number.isNaN(decode(input)));
    else if ((bits & 0x7fff) === 0x7c00) assert.equal(decode(input), bits & 0x8000 ? -Infinity : Infinity);
    else if (exponent === 31 || (Number.isInteger(expected) && !Object.is(expected, -0))) assert.throws(() => decode(input), { code: 'malformed', offset: 0 });
    else assert.ok(Object.is(decode(input), expected), bits.toString(16));
  }
});

test('depth 256, of every kind', () => {
  const object = (depth: number): unknown => (depth === 0 ? 'leaf' : { a: object(depth - 1) });
  const map = (depth: number): unknown => (depth === 0 ? 'leaf' : new Map([[depth, map(depth - 1)]]));
  const set = (depth: number): unknown => (depth === 0 ? 'leaf' : new Set([set(depth - 1)]));
  for (const state of [nested(256, 'leaf'), object(256), map(128), set(256)]) {
    assert.equal(encoded(restored(state)), encoded(state));
  }
});

test('arrays of every length, and what they hold', () => {
  for (const length of [0, 1, 2, 3, 4, 5, 16, 17, 24, 300, 70_000]) {
    const arrays = [
      Array.from({ length }, (_, i) => i),
      Array.from({ length }, (_, i) => i / 3),
      Array.from({ length }, (_, i) => (i % 2 ? i : `${i}`)),
      Array.from({ length }, (_, i) => (i % 3 ? undefined : null)),
      Array.from({ length }, (_, i) => ({ i })),
    ];
    for (const array of arrays) {
      const back = restored(array);
      assert.deepEqual(back, array);
      assert.equal(Object.keys(back).length, length);
    }
  }
});

test('an object, a Map and a Set of a million', () => {
  const keys = Array.from({ length: 1_000_000 }, (_, i) => `key-${i}`);
  const map = restored(new Map(keys.map((key, i) => [key, i])));
  assert.equal(map.size, 1_000_000);
  assert.equal(map.get('key-999999'), 999_999);
  const set = restored(new Set(keys));
  assert.equal(set.size, 1_000_000);
  const object = restored(Object.fromEntries(keys.map((key, i) => [key, i])));
  let index = 0;
  for (const key in object) if (key !== keys[index] || object[key] !== index++) assert.fail(`${key} is not in its place`);
  assert.equal(index, 1_000_000);
});

test('texts of 50 MB', () => {
  const size = 50_000_000;
  for (const text of ['x'.repeat(size), `${'x'.repeat(size - 2)}é`, 'é'.repeat(size / 2), '水😀'.repeat(size / 7)]) {
    assert.ok(restored(text) === text);
    assert.ok(Object.keys(restored({ [text]: 1 }))[0] === text);
  }
  const broken = encode('é'.repeat(size / 2));
  broken[broken.length - 1] = 0x41;
  assert.throws(() => decode(broken), { code: 'malformed', offset: 0 });
});

test('a text that lives on keeps a window of the input alive, not the whole', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => (collect(), collect(), process.memoryUsage().heapUsed + process.memoryUsage().external);
  for (const unit of ['x', 'é']) {
    const input = encode(Array.from({ length: 400_000 }, (_, i) => `${i} ${unit.repeat(60)}`));
    const before = used();
    const kept = (decode(input) as string[]).filter((_, i) => i % 100_000 === 50_000);
    const grown = used() - before;
    assert.equal(kept.length, 4);
    assert.ok(input.length > 24_000_000 && grown < 2_000_000, `${grown} bytes are still there`);
  }
});
