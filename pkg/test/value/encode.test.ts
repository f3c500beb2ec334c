/** docs/format.md 1.2, line by line, with the edges that a table of vectors cannot show. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { firstDifference } from '../../dist/value/difference.js';
import { encode } from '../../dist/value/encode.js';
import { bytes, encoded, hex, nested, restored } from './bytes.js';

/** Encodes to these bytes, and they restore an equal value. */
function same(value: unknown, expected: string): void {
  assert.equal(encoded(value), expected);
  assert.equal(firstDifference(restored(value), value), undefined);
}

test('numbers: integers up to 2^53 − 1 are integers, all others the shortest float', () => {
  same(0, '00');
  same(-0, 'f98000');
  same(23, '17');
  same(24, '1818');
  same(-24, '37');
  same(-25, '3818');
  same(2 ** 32 - 1, '1affffffff');
  same(2 ** 32, '1b0000000100000000');
  same(2 ** 53 - 1, '1b001fffffffffffff');
  same(2 ** 53, 'fa5a000000');
  same(2 ** 53 + 2, 'fb4340000000000001');
  same(1 - 2 ** 53, '3b001ffffffffffffe');
  same(-(2 ** 53), 'fada000000');
  same(NaN, 'f97e00');
  same(Infinity, 'f97c00');
  same(-Infinity, 'f9fc00');
  same(Number.MIN_VALUE, 'fb0000000000000001');
});

test('every 16-bit float is written in 16 bits, unless it is an integer', () => {
  const single = new DataView(new ArrayBuffer(4));
  for (let bits = 0; bits < 0x7c00; bits++) {
    // A half's bits, moved into a single and scaled by the difference of the exponents' biases.
    single.setUint32(0, bits << 13);
    const value = single.getFloat32(0) * 2 ** 112;
    if (Number.isInteger(value)) continue;
    assert.equal(encoded(value), `f9${bits.toString(16).padStart(4, '0')}`);
    assert.equal(encoded(-value), `f9${(bits | 0x8000).toString(16)}`);
    assert.equal(restored(value), value);
  }
});

test('bigints are never numbers, and stay bigints', () => {
  same(2n ** 53n - 1n, 'c2471fffffffffffff');
  same(2n ** 53n, '1b0020000000000000');
  same(1n - 2n ** 53n, 'c3471ffffffffffffe');
  same(-(2n ** 53n), '3b001fffffffffffff');
  same(2n ** 64n - 1n, '1bffffffffffffffff');
  same(2n ** 64n, 'c249010000000000000000');
  same(-(2n ** 64n), '3bffffffffffffffff');
  same(-(2n ** 64n) - 1n, 'c349010000000000000000');
  same(0n, 'c240');
  assert.equal(restored(-(3n ** 5000n)), -(3n ** 5000n));
});

test('text of every length and kind survives', () => {
  same('', '60');
  same('\ufeffa', '64efbbbf61');
  same('\ud800', 'd9011143eda080');
  same('a\udc00b', 'd901114561edb08062');
  same('\ud83d\ude00', '64f09f9880');
  for (const unit of ['a', 'é', '水', '😀', '\ud800', '\ufeff']) {
    for (const length of [1, 22, 23, 24, 25, 63, 64, 65, 85, 86, 127, 128, 255, 256, 257, 1023, 1024, 65_535, 65_536, 70_000]) {
      assert.equal(restored(unit.repeat(length)), unit.repeat(length));
      assert.equal(restored('x' + unit.repeat(length)), 'x' + unit.repeat(length));
    }
  }
});

test('bytes: Uint8Array, Buffer and ArrayBuffer are one kind', () => {
  const content = Uint8Array.of(1, 2);
  same(content, '420102');
  assert.equal(encoded(Buffer.from(content)), '420102');
  assert.equal(encoded(content.buffer), '420102');
  assert.equal(encoded(new Uint8Array([0, 1, 2, 3]).subarray(1, 3)), '420102');
  assert.equal(Object.getPrototypeOf(restored(Buffer.from(content))), Uint8Array.prototype);
});

test('typed arrays keep kind and bits, wherever they start', () => {
  const data = Uint8Array.from({ length: 24 }, (_, i) => i * 37).buffer;
  const kinds = [
    Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
    Float32Array, Float64Array, BigInt64Array, BigUint64Array,
  ];
  for (const kind of kinds) {
    const array = new kind(data, 8);
    const copy = restored(array);
    assert.equal(firstDifference(copy, array), undefined);
    assert.equal(copy.byteOffset, 0);
    assert.equal(copy.buffer.byteLength, copy.byteLength);
  }
  same(Uint32Array.of(1), 'd8464401000000');
});

test('dates are exact to the millisecond over their whole range', () => {
  same(new Date(1500), 'c1f93e00');
  same(new Date(NaN), 'c1f97e00');
  same(new Date(0), 'c100');
  for (const time of [8.64e15, 8.64e15 - 1, 4_416_982_426_221_859, 1, 1_763_715_845_123]) {
    assert.equal(restored(new Date(time)).getTime(), time);
    assert.equal(restored(new Date(-time)).getTime(), -time);
  }
});

test('objects keep their own order, and any key is data', () => {
  same({ b: 1, a: 2 }, 'a2616201616102');
  same({ 2: 'x', 1: 'y', z: 0 }, 'a36131617961326178617a00');
  same(Object.defineProperty({}, '__proto__', { value: 1, enumerable: true }), 'a1695f5f70726f746f5f5f01');
  const names = { constructor: 1, toString: 2, hasOwnProperty: { valueOf: 3 }, '': 4, 'ключ': 5, ['k'.repeat(300)]: 6 };
  assert.equal(firstDifference(restored(names), names), undefined);
  const data = restored(JSON.parse('{"__proto__": {"polluted": true}}') as object);
  assert.equal(Object.getPrototypeOf(data), Object.prototype);
  assert.deepEqual(Object.keys(data), ['__proto__']);
});

test('undefined properties stay, unlike in JSON', () => {
  same({ a: undefined }, 'a16161f7');
  same([undefined], '81f7');
});

test('Map and Set in insertion order, with keys of any kind', () => {
  same(new Map([[1, 2]]), 'd9908081820102');
  same(new Set([1]), 'd901028101');
  const map = new Map<unknown, unknown>([['b', 1], ['a', 2], [NaN, 3], [{ x: 1 }, new Map()], [undefined, new Set([[]])]]);
  assert.equal(firstDifference(restored(map), map), undefined);
});

test('values of another realm are values', () => {
  const foreign = (source: string): unknown => runInNewContext(source);
  assert.equal(encoded(foreign('({ a: [1, { b: null }] })')), 'a161618201a16162f6');
  assert.equal(encoded(foreign('new Map([[1, 2]])')), 'd9908081820102');
  assert.equal(encoded(foreign('new Set([1])')), 'd901028101');
  assert.equal(encoded(foreign('new Date(1500)')), 'c1f93e00');
  assert.equal(encoded(foreign('Uint8Array.of(1, 2)')), '420102');
  assert.equal(encoded(foreign('Uint8Array.of(1, 2).buffer')), '420102');
  assert.equal(encoded(foreign('Uint32Array.of(1)')), 'd8464401000000');
  for (const source of [
    'new (class A {})', 'new (class M extends Map {})', 'new (class L extends Array {})', 'new (class D extends Date {})',
    'new (class B extends Uint8Array {})', 'Object.create({ inherited: 1 })', 'new Error()', 'new String("a")',
  ]) {
    assert.throws(() => encode(foreign(source)), { code: 'unencodable' }, source);
  }
});

test('256 levels are the most', () => {
  assert.equal(encoded(nested(255, [])).length / 2, 256);
  assert.equal(firstDifference(restored(nested(255, [])), nested(255, [])), undefined);
  assert.doesNotThrow(() => encode(nested(254, new Map([[1, 1]]))));
  for (const tooDeep of [nested(256, []), nested(256, {}), nested(256, new Set()), nested(255, new Map([[1, 1]]))]) {
    assert.throws(() => encode(tooDeep), { code: 'unencodable', message: /more than 256 levels/ });
  }
});

test('the result is its own: neither a later call nor a change of it shows elsewhere', () => {
  const first = encode({ a: 'first' });
  const before = hex(first);
  encode({ a: 'other', b: 'x'.repeat(100) });
  assert.equal(hex(first), before);
  assert.equal(first.buffer.byteLength, first.length);
  first.fill(0);
  assert.equal(encoded({ a: 'first' }), before);
});

test('encoding inside of encoding does not mix up the two', () => {
  let inner = '';
  const value = new Proxy({ a: 1, b: 2 }, {
    getOwnPropertyDescriptor(target, key) {
      inner = encoded({ other: ['data'] });
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
  });
  assert.equal(encoded([value]), '81a2616101616202');
  assert.equal(inner, encoded({ other: ['data'] }));
});

test('large values pass through a buffer that grows', () => {
  const value = { text: 'ü'.repeat(600_000), bytes: new Uint8Array(3_000_000).fill(7), list: Array.from({ length: 50_000 }, (_, i) => i / 2) };
  assert.equal(firstDifference(restored(value), value), undefined);
  assert.deepEqual(bytes(encoded(1)), Uint8Array.of(1));
});

test('states with more different keys than are remembered: each one as if it were the first', () => {
  for (let round = 0; round < 3000; round += 1) {
    const record = Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`k${(round * 5 + index) % 9000}`, index]));
    const state = { id: round, name: 'same', list: [record, { ...record }] };
    assert.deepEqual(encode(state, { thorough: false }), encode(state, { thorough: true }));
  }
});

test('a proxy whose code encodes many other keys', () => {
  const names = Array.from({ length: 6000 }, (_, index) => `other${index}`);
  const encodeOthers = () => {
    for (let at = 0; at < names.length; at += 4) {
      const other = Object.fromEntries(names.slice(at, at + 4).map((name) => [name, 1]));
      encode([other, other, other], { thorough: false });
    }
    return 'read';
  };
  const state = (middle: () => string) => ({
    before: Array.from({ length: 10 }, (_, id) => ({ id, text: 'a' })),
    middle: new Proxy({ first: 'read', second: 2 }, { get: (target, name) => (name === 'first' ? middle() : Reflect.get(target, name)) }),
    after: Array.from({ length: 10 }, (_, id) => ({ id, text: 'a' })),
  });
  const expected = encode(state(() => 'read'), { thorough: true });
  for (let times = 0; times < 20; times += 1) encode(state(() => 'read'), { thorough: false }); // until its keys are known
  assert.deepEqual(encode(state(encodeOthers), { thorough: false }), expected);
});

test('an object that has grown around another one that has', () => {
  const more = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`more${index}`, index]));
  const small = { x: 1, inner: { y: [{ z: 1 }] } };
  const grown = { x: 1, inner: { y: [{ z: 1 }, { z: 1, ...more }] }, ...more };
  for (let round = 0; round < 20; round += 1) {
    encode({ a: [small, small] }, { thorough: false });
    assert.deepEqual(encode({ a: [small, grown] }, { thorough: false }), encode({ a: [small, grown] }, { thorough: true }));
  }
});
