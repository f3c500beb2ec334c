/** Objects of many layouts, again and again: what was read before makes the next one quicker, and never another. */
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SnapshotError } from '../../dist/error.js';
import { decode } from '../../dist/value/decode.js';
import { firstDifference } from '../../dist/value/difference.js';
import { encode } from '../../dist/value/encode.js';
import { hashOf } from '../../dist/value/layouts.js';
import { bytes, encoded, hex } from './bytes.js';

const NAMES = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', '', '0', '7', '10', '4294967294', 'a', 'é', '水', 'a longer name, longer than most'];

function objectOf(entries: Iterable<readonly [string, unknown]>): object {
  const object = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}

function same(actual: unknown, expected: unknown): void {
  assert.equal(firstDifference(actual, expected), undefined);
  assert.equal(encoded(actual), encoded(expected));
}

function malformedAt(input: Uint8Array): number {
  try {
    decode(input);
  } catch (error) {
    assert.ok(SnapshotError.is(error), String(error));
    assert.equal(error.code, 'malformed');
    return error.offset ?? assert.fail('it has no offset');
  }
  return assert.fail('it was decoded');
}

/** Whether reading went well the first time: the second, careful time is the one that defines properties. */
function readAtOnce(input: Uint8Array): boolean {
  const { defineProperty } = Object;
  let defined = 0;
  Object.defineProperty = (...given) => ((defined += 1), defineProperty(...given));
  try {
    decode(input);
  } finally {
    Object.defineProperty = defineProperty;
  }
  return defined === 0;
}

const key = fc.oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 3 }), fc.string({ unit: 'binary', maxLength: 60 }));
const shape = fc.uniqueArray(key, { maxLength: 16 });
const inner = fc.oneof(fc.integer(), fc.string(), fc.double(), fc.constant(null), fc.array(fc.integer(), { maxLength: 8 }), fc.constant({ id: 1 }));

test('records of a few layouts, in any order, nested in one another', () => {
  const records = fc.tuple(fc.array(shape, { minLength: 1, maxLength: 5 }), fc.array(fc.tuple(fc.nat(4), inner), { maxLength: 120 }));
  fc.assert(
    fc.property(records, ([shapes, picks]) => {
      let last: unknown = null;
      const state = picks.map(([pick, value], i) => {
        const names = shapes[pick % shapes.length] as string[];
        last = objectOf(names.map((name, j) => [name, j === i % 3 && i % 7 === 0 ? last : value]));
        return i % 20 === 0 ? (last = [last]) : last;
      });
      const input = encode(state);
      same(decode(input), state);
      assert.ok(readAtOnce(input));
    }),
    { numRuns: 300 },
  );
});

test('every number of keys, once, a second time and often', () => {
  for (const size of [0, 1, 2, 7, 8, 9, 12, 13, 17, 64, 127, 128, 129, 1000]) {
    const names = Array.from({ length: size }, (_, i) => `${size}:${i.toString(36)}`);
    const state = Array.from({ length: 50 }, (_, row) => Object.fromEntries(names.map((name, i) => [name, i % 2 ? row * i : `${row}/${i}`])));
    for (let round = 0; round < 3; round++) same(decode(encode(state)), state);
    assert.ok(readAtOnce(encode(state)));
  }
});

test('names that objects have already are data, in every kind of object', () => {
  const many = Array.from({ length: 200 }, (_, i) => [`key ${i}`, i] as const);
  const records = (tail: readonly (readonly [string, unknown])[]): object[] =>
    Array.from({ length: 100 }, (_, i) => objectOf([...NAMES.map((name, j) => [name, i * j] as const), ...tail]));
  const state = [
    records([]),
    NAMES.map((name) => Array.from({ length: 100 }, (_, i) => objectOf([[name, i]]))),
    objectOf([...many, ...NAMES.map((name, i) => [name, [i]] as const)]),
    records(many),
    Array.from({ length: 3000 }, (_, i) => objectOf([[`unique ${i}`, i], ...NAMES.map((name) => [name, name] as const)])),
  ];
  const restored = decode(encode(state)) as typeof state;
  same(restored, state);
  for (const object of [...(restored[0] as object[]), restored[2] as object, ...(restored[4] as object[])]) {
    assert.equal(Object.getPrototypeOf(object), Object.prototype);
    assert.ok(Object.values(Object.getOwnPropertyDescriptors(object)).every((property) => property.writable && property.enumerable && property.configurable));
  }
});

test('thousands of small dictionaries, and records before, among and after them', () => {
  const record = (i: number): object => ({ id: i, name: `n${i}`, attributes: { [`a${i}`]: i, [`b${i % 50}`]: 'b', [`c${i % 7}`]: { id: i } } });
  const state = [Array.from({ length: 4000 }, (_, i) => record(i)), Array.from({ length: 4000 }, (_, i) => ({ [`k${i}`]: i, [`l${i * 3}`]: null })), record(1)];
  for (let round = 0; round < 3; round++) same(decode(encode(state)), state);
  assert.ok(readAtOnce(encode(state)));
});

test('more layouts than are kept, and more first keys', () => {
  const optional = Array.from({ length: 5000 }, (_, i) => {
    const object: Record<string, unknown> = { id: i };
    for (let bit = 0; bit < 13; bit++) if ((i >> bit) & 1) object[`option${bit}`] = bit;
    return object;
  });
  const firsts = Array.from({ length: 600 }, (_, i) => ({ [`first${i % 300}`]: i, second: i }));
  for (let round = 0; round < 3; round++) {
    same(decode(encode(optional)), optional);
    same(decode(encode(firsts)), firsts);
  }
  assert.ok(readAtOnce(encode([optional, firsts])));
});

test('a repeated key is found in every kind of object, however often it was read', () => {
  const item = (name: string): string => hex(encode(name));
  for (const count of [2, 3, 9, 20, 128, 129, 5000]) {
    const names = Array.from({ length: count - 1 }, (_, i) => item(`${count}.${i}`));
    const body = names.map((name) => `${name}01`).join('');
    const head = hex(encode(Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`, 1])))).slice(0, count < 24 ? 2 : count < 256 ? 4 : 6);
    for (const repeated of [names[0] as string, names[count - 2] as string]) {
      const good = `${head}${body}${item('another')}01`;
      const bad = bytes(`${head}${body}${repeated}01`);
      for (let round = 0; round < 80; round++) {
        assert.equal(malformedAt(bad), (head.length + body.length) / 2, `${count} keys, round ${round}`);
        if (round === 40) decode(bytes(good));
      }
    }
  }
  assert.equal(malformedAt(bytes(`82${'a26161016161ff'}`)), 5, 'before what is wrong with its value');
});

test('keys with equal hashes are told apart', () => {
  const [one, other] = keysWithEqualHashes();
  const alone = (name: string): object[] => Array.from({ length: 100 }, (_, i) => ({ [name]: i }));
  for (const state of [alone(one), alone(other), [...alone(one), ...alone(other), ...alone(one)], alone(one).map((object, i) => ({ ...object, [other]: i }))]) {
    same(decode(encode(state)), state);
  }
  const dictionary = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key ${i}`, i]));
  const both = { ...dictionary, [one]: 1, [other]: 2 };
  same(decode(encode(both)), both);
  assert.ok(readAtOnce(encode(both)));
});

/** Two texts whose key items have the hash that layouts are found by. */
function keysWithEqualHashes(): [string, string] {
  const seen = new Map<number, string>();
  for (let i = 0; i < 2_000_000; i++) {
    const name = (i * 2654435761).toString(36).slice(0, 9).padEnd(9, '_');
    const item = encode(name);
    const hash = hashOf(item, 0, item.length);
    const before = seen.get(hash);
    if (before !== undefined && before !== name) return [before, name];
    seen.set(hash, name);
  }
  return assert.fail('no two of them have one hash');
}

test('every flipped bit in records that were read before is refused, or makes another value that has exactly these bytes', () => {
  const lines = Array.from({ length: 12 }, (_, i) => ({ sku: `s${i}`, count: i, price: i + 0.5, more: { yes: i % 2 === 0 } }));
  const input = encode([lines, Object.fromEntries(Array.from({ length: 140 }, (_, i) => [`_${i.toString(36)}_`, i]))]);
  for (let round = 0; round < 10; round++) decode(input);
  for (let bit = 0; bit < input.length * 8; bit++) {
    const flipped = new Uint8Array(input);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    let value: unknown;
    try {
      value = decode(flipped);
    } catch (error) {
      assert.ok(SnapshotError.is(error) && error.code === 'malformed', String(error));
      continue;
    }
    assert.equal(encoded(value), hex(flipped), `bit ${bit}`);
  }
});

test('what is read does not depend on what was read before', () => {
  const states = [
    Array.from({ length: 60 }, (_, i) => ({ id: i, kind: 'a', size: i })),
    Array.from({ length: 60 }, (_, i) => ({ id: i, kind: 'a', length: i })),
    Array.from({ length: 60 }, (_, i) => ({ id: i, kind: 'a' })),
    Array.from({ length: 60 }, (_, i) => ({ kind: 'a', id: i })),
    Array.from({ length: 60 }, (_, i) => ({ id: i, kinds: 'a', size: i, sized: i })),
  ];
  for (let round = 0; round < 20; round++) {
    const state = states[(round * 3) % states.length];
    same(decode(encode(state)), state);
    assert.equal(malformedAt(Uint8Array.of(0x82, ...encode(state), 0xff)), encode(state).length + 1);
  }
});

test('a setter that comes to a prototype after its key was learnt swallows nothing', () => {
  const state = Array.from({ length: 200 }, (_, i) => ({ before: i, trappedLater: i, list: [{ trappedLater: i }] }));
  const wide = Array.from({ length: 30 }, (_, i) => ({ [`trap${i % 3}`]: i, trappedLater: i }));
  const input = encode([state, wide]);
  decode(input);
  Object.defineProperty(Object.prototype, 'trappedLater', { set: () => {}, configurable: true });
  try {
    for (let round = 0; round < 2; round++) {
      const restored = decode(input);
      assert.equal(encoded(restored), hex(input));
      assert.equal((restored as [typeof state])[0].filter((object) => Object.hasOwn(object, 'trappedLater')).length, 200);
    }
  } finally {
    delete (Object.prototype as { trappedLater?: unknown }).trappedLater;
  }
});

test('objects are separate: a change of one changes no other, and nothing that is read later', () => {
  const input = encode(Array.from({ length: 100 }, () => ({ tags: ['a'], size: { width: 1 } })));
  const first = decode(input) as { tags: string[]; size: Record<string, number>; extra?: number }[];
  for (const object of first) {
    object.tags.push('b');
    object.size['height'] = 2;
    object.extra = 3;
    delete object.size['width'];
  }
  assert.equal(encoded(decode(input)), hex(input));
});
