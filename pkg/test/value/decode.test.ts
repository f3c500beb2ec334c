/** Bytes from anywhere: what they become, and that nothing but an error can come of bad ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { SnapshotError } from '../../dist/error.js';
import { decode } from '../../dist/value/decode.js';
import { firstDifference } from '../../dist/value/difference.js';
import { encode } from '../../dist/value/encode.js';
import { bytes, encoded, hex, nested, restored } from './bytes.js';

/** One of everything. */
const SAMPLE = encode({
  numbers: [0, -0, 1.5, 0.1, 2 ** 53, -5, 100_000, NaN, Infinity, 1e300],
  bigints: [0n, -1n, 2n ** 53n, -(2n ** 60n), 2n ** 64n, -(2n ** 70n)],
  texts: ['', 'a', 'é水😀', '\ud800', '\ufeff', 'a longer text that is all ASCII, and then some more of it'],
  binary: [Uint8Array.of(1, 2, 3), Float64Array.of(1.5), Int16Array.of(-1, 1)],
  dates: [new Date(0), new Date(1_763_715_845_123), new Date(NaN)],
  map: new Map<unknown, unknown>([['k', { v: [] }], [1, null]]),
  set: new Set(['x', [], {}]),
  nested: { a: { b: { c: [[], {}] } } },
});

function malformedAt(input: Uint8Array | string): number {
  try {
    decode(typeof input === 'string' ? bytes(input) : input);
  } catch (error) {
    assert.ok(SnapshotError.is(error), String(error));
    assert.equal(error.code, 'malformed');
    assert.ok(typeof error.offset === 'number');
    return error.offset;
  }
  return assert.fail('it was decoded');
}

function tooNewAt(input: string): number {
  try {
    decode(bytes(input));
  } catch (error) {
    assert.ok(SnapshotError.is(error), String(error));
    assert.equal(error.code, 'tooNew');
    assert.match(error.message, /needs a runtime with Float16Array, such as Node 24/);
    return error.offset ?? assert.fail('it has no offset');
  }
  return assert.fail('it was decoded');
}

test('every truncation is refused', () => {
  for (let length = 0; length < SAMPLE.length; length++) assert.ok(malformedAt(SAMPLE.subarray(0, length)) <= length);
});

test('every flipped bit is refused, or makes another value that has exactly these bytes', () => {
  for (let bit = 0; bit < SAMPLE.length * 8; bit++) {
    const flipped = new Uint8Array(SAMPLE);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    let value: unknown;
    try {
      value = decode(flipped);
    } catch (error) {
      assert.ok(SnapshotError.is(error) && (error.code === 'malformed' || isTooNew(error)), String(error));
      continue;
    }
    assert.equal(encoded(value), hex(flipped), `bit ${bit}`);
  }
});

/** A flipped bit makes a Float16Array of an Int16Array. */
function isTooNew(error: SnapshotError): boolean {
  return error.code === 'tooNew' && !('Float16Array' in globalThis);
}

test('a claimed length allocates nothing', () => {
  for (const claim of ['9a7fffffff', '9bffffffffffffffff', 'ba7fffffff', 'd901029a7fffffff', 'd990809b7fffffffffffffff']) {
    assert.equal(malformedAt(claim), claim.length / 2);
  }
  assert.equal(malformedAt('5a7fffffff'), 0);
  assert.equal(malformedAt('7bffffffffffffffff'), 0);
  assert.equal(malformedAt('9a7fffffff'.repeat(200)), 1000);
});

test('depth ends at 256, whatever nests', () => {
  assert.deepEqual(decode(bytes('81'.repeat(255) + '80')), nested(255, []));
  assert.equal(malformedAt('81'.repeat(256) + '80'), 256);
  assert.equal(malformedAt('81'.repeat(1_000_000)), 256);
  assert.equal(malformedAt('d9010281'.repeat(1_000_000)), 256 * 4 + 3);
  assert.equal(malformedAt('a160'.repeat(1_000_000)), 512);
  assert.equal(malformedAt('c1'.repeat(1_000_000)), 0);
});

test('a repeated key is found where it stands, before anything later', () => {
  assert.equal(malformedAt('a2616101616102'), 4);
  assert.equal(malformedAt('a36161016161026162ff'), 4);
  assert.equal(malformedAt('a2616101616181ff'), 4);
  assert.equal(malformedAt(`a2${'695f5f70726f746f5f5f01'.repeat(2)}`), 12);
  const two = hex(encode('ключ')) + '01';
  assert.equal(malformedAt(`a2${two}${two}`), 1 + two.length / 2);
});

const TRUE_AND_ONE = new Map<unknown, unknown>([[true, 1], [1, 2], ['1', 3], [1n, 4], [null, 5], [undefined, 6], ['', 7], [0, 8], [0n, 9]]);

test('a Map key or a Set element that repeats is refused where it stands, if it is a primitive', () => {
  const members: unknown[] = [1, -1, 1.5, NaN, Infinity, 0, 2n ** 53n, 2n ** 70n, 1n, 'a', '', 'ключ', 'x'.repeat(300), '\ud800', true, false, null, undefined];
  for (const member of members) {
    const item = encoded(member);
    const size = item.length / 2;
    assert.equal(malformedAt(`d9010283${item}40${item}`), 4 + size + 1, `Set of ${String(member)}`);
    assert.equal(malformedAt(`d9908083` + `82${item}01` + '824001' + `82${item}02`), 4 + (size + 2) + 3 + 1, `Map of ${String(member)}`);
    assert.equal(malformedAt(`d9908082` + `82${item}01` + `82${item}ff`), 4 + (size + 2) + 1, 'before what follows');
  }
  assert.deepEqual(restored(TRUE_AND_ONE), TRUE_AND_ONE);
  assert.equal(malformedAt('81a2616101' + '6161' + 'd90102820101'), 5, 'a key of an object comes first');
  assert.equal(malformedAt('a2' + '6161' + 'd90102820101' + '616102'), 8, 'what is inside comes first');
});

test('Map keys and Set elements with an identity are not compared', () => {
  for (const item of ['80', 'a0', '40', 'c101', 'd9010280', 'd9908080', 'd84540']) {
    const set = decode(bytes(`d9010282${item}${item}`)) as Set<unknown>;
    const map = decode(bytes(`d990808282${item}0182${item}02`)) as Map<unknown, unknown>;
    assert.deepEqual([set.size, map.size], [2, 2], item);
    assert.deepEqual([...map.values()], [1, 2]);
  }
});

test('-0 is no Map key and no Set element: it would be 0', () => {
  assert.equal(malformedAt('d9010281f98000'), 4);
  assert.equal(malformedAt('d901028201f98000'), 5);
  assert.equal(malformedAt('d990808182f9800001'), 5);
  assert.ok(Object.is([...(decode(bytes('d990808182' + '01' + 'f98000')) as Map<number, number>).values()][0], -0));
  assert.ok(Object.is([...(decode(bytes('d9010281' + '81f98000')) as Set<number[]>)][0]?.[0], -0));
});

test('a Float16Array is too new for a runtime without them, and malformed where it would be anywhere', () => {
  assert.equal(malformedAt('81d8544101'), 1);
  assert.equal(malformedAt('d85480'), 0);
  if ('Float16Array' in globalThis) assert.equal(encoded(decode(bytes('81d85442003c'))), '81d85442003c');
  else assert.equal(tooNewAt('81d85442003c'), 1);
});

test('a dictionary of many keys, and keys that only look alike', () => {
  const dictionary = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key-${i * 7919}-${'x'.repeat(i % 40)}`, i]));
  for (let round = 0; round < 2; round++) {
    assert.equal(firstDifference(decode(encode(dictionary)), dictionary), undefined);
  }
});

test('integer-like keys go first, as in any object, and lose nothing', () => {
  const value = decode(bytes('a3616201613102613003')) as object;
  assert.deepEqual(Object.entries(value), [['0', 3], ['1', 2], ['b', 1]]);
});

test('what is decoded shares no memory with the input', () => {
  const input = encode([Uint8Array.of(1, 2), Uint16Array.of(3)]);
  for (const given of [input, Buffer.from(input)]) {
    const value = decode(given) as [Uint8Array, Uint16Array];
    given.fill(0xff);
    assert.deepEqual(value, [Uint8Array.of(1, 2), Uint16Array.of(3)]);
    assert.equal(value[0].buffer.byteLength, 2);
    input.set(encode([Uint8Array.of(1, 2), Uint16Array.of(3)]));
  }
});

test('bytes anywhere in a buffer, shared or of another realm', () => {
  const expected = { text: 'some text', list: [1, 'ü'] };
  const source = encode(expected);
  const padded = new Uint8Array(source.length + 20).fill(0x61);
  padded.set(source, 7);
  assert.deepEqual(decode(padded.subarray(7, 7 + source.length)), expected);
  const shared = new Uint8Array(new SharedArrayBuffer(source.length));
  shared.set(source);
  assert.deepEqual(decode(shared), expected);
  assert.deepEqual(decode(runInNewContext('Uint8Array.from(source)', { source: [...source] }) as Uint8Array), expected);
});

test('anything but a Uint8Array is a mistake of the caller', () => {
  for (const input of [undefined, null, 'a0', [0xa0], new ArrayBuffer(1), Uint16Array.of(1), new DataView(new ArrayBuffer(1))]) {
    assert.throws(() => decode(input as unknown as Uint8Array), { name: 'SnapshotError', code: 'invalidOption', path: 'bytes' });
  }
});

test('a prototype that someone froze or gave a setter does no harm', () => {
  const input = encode({ toString: 1, inner: { valueOf: { toString: 2 } }, trapped: 3 });
  const setter = { set: () => assert.fail('the setter ran') };
  Object.defineProperty(Object.prototype, 'trapped', { ...setter, configurable: true });
  const { toString } = Object.prototype;
  Object.defineProperty(Object.prototype, 'toString', { value: toString, writable: false });
  try {
    const value = decode(input) as Record<string, unknown>;
    assert.deepEqual(Object.entries(value).map(([key]) => key), ['toString', 'inner', 'trapped']);
    assert.equal(encoded(value), hex(input));
  } finally {
    Object.defineProperty(Object.prototype, 'toString', { value: toString, writable: true });
    delete (Object.prototype as { trapped?: unknown }).trapped;
  }
});
