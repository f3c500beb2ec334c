/** States that change while they are written, end in the middle, or are not what they seem: refused, or written as they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, seal } from 'snapfold';
import { decode } from '../../dist/value/decode.js';
import { encode } from '../../dist/value/encode.js';

const modes = [{ thorough: false }, { thorough: true }];
const unencodable = { code: 'unencodable' };

/** An object in whose reading `change` is called, once, in a way that the encoder of that mode meets. */
function changing({ thorough }: { thorough: boolean }, change: () => void): object {
  if (!thorough) return Object.defineProperty({}, 'p', { get: () => (change(), 1), enumerable: true });
  return new Proxy({ p: 1 }, { ownKeys: (target) => (change(), Reflect.ownKeys(target)) });
}

/** Deep enough that the encoder of production does not look closely at the object of that index. */
const unwatched = (item: unknown): unknown => [[[item]]];

test('a Map or Set that grows or shrinks meanwhile is refused, also if another one makes up for it', () => {
  for (const mode of modes) {
    const shrinking = new Set<unknown>();
    const growing = new Set<unknown>();
    shrinking.add(changing(mode, () => shrinking.delete('x'))).add('x');
    growing.add(changing(mode, () => growing.add('y')));
    assert.throws(() => encode([shrinking, growing], mode), unencodable);
    const map = new Map<unknown, unknown>();
    map.set('a', changing(mode, () => map.set('b', 1)));
    assert.throws(() => encode(unwatched(map), mode), unencodable);
  }
});

test('a dictionary that loses a key meanwhile is not written with another value there', () => {
  const dictionary: Record<string, unknown> = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`k${index}`, index]));
  Object.defineProperty(dictionary, 'k3', { get: () => (delete dictionary.k20, 3), enumerable: true, configurable: true });
  assert.throws(() => encode(unwatched(dictionary), { thorough: false }), unencodable);
});

test('a view whose memory is gone is refused', () => {
  const buffer = new (ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer & { resize(length: number): void })(16, { maxByteLength: 32 });
  const view = new Uint8Array(buffer, 8, 8);
  buffer.resize(8);
  for (const mode of modes) assert.throws(() => encode({ view }, mode), { ...unencodable, path: 'state.view' });
});

test('own properties of binary data neither get in the way nor get lost', () => {
  const bytes = Object.defineProperty(new Uint8Array([1, 2, 3]), 'byteLength', { value: 1 });
  const buffer = Object.assign(new ArrayBuffer(2), { note: 'lost' });
  for (const mode of modes) {
    assert.deepEqual(decode(encode(bytes, mode)), new Uint8Array([1, 2, 3]));
    assert.throws(() => encode({ buffer }, mode), { ...unencodable, path: 'state.buffer.note' });
  }
});

test('a class that looks like a Map or Date of another realm is a class', () => {
  class OrderedMap extends Map<unknown, unknown> {
    override get [Symbol.toStringTag](): 'Map' {
      return 'Map';
    }
  }
  class Day extends Date {
    override getTime(): number {
      return 5;
    }
  }
  for (const mode of modes) {
    for (const instance of [new OrderedMap([[1, 2]]), new Day(7)]) assert.throws(() => encode({ instance }, mode), { message: /toState/ });
  }
});

test('a prototype with a property named value does not pass accessors for data', () => {
  Object.defineProperty(Object.prototype, 'value', { value: 5, configurable: true });
  try {
    assert.throws(() => encode({ get price() { return 7; } }, { thorough: true }), { message: /accessor/ }); // prettier-ignore
  } finally {
    delete (Object.prototype as { value?: unknown }).value;
  }
});

test('a header that changes while it is read gives no frame that cannot be opened', () => {
  const state = { text: 'x'.repeat(100), bytes: new Uint8Array(3 << 20) };
  for (let reads = 0; reads < 8; reads++) {
    let read = 0;
    const header = { name: 'n', version: 1, streamId: 's', position: 1, eventCount: 1, get takenAt() { return read++ < reads ? 1 : 2 ** 40; } }; // prettier-ignore
    let frame: Uint8Array;
    try {
      frame = seal(header, state);
    } catch (error) {
      assert.equal((error as { code: string }).code, 'invalidOption');
      continue;
    }
    assert.deepEqual(open(frame).state, state);
  }
});

test('an encoding that meets the end of the stack leaves nothing behind', () => {
  const dive = (depth: number, work: () => void): void => (depth > 0 ? dive(depth - 1, work) : work());
  let count = 0;
  const fits = (depth: number): boolean => {
    const first = `first${count++}`;
    for (let times = 0; times < 14; times++) encode({ [first]: 0 }, { thorough: false }); // until it is known
    let fit = true;
    try {
      dive(depth, () => encode({ [first]: 1, [`abcdefgh${count}`]: 2 }, { thorough: false }));
    } catch {
      fit = false;
    }
    const state = { [first]: 1, [`ABCDEFGHI${count}`]: 3 };
    assert.deepEqual(decode(encode(state, { thorough: false })), state);
    return fit;
  };
  for (let round = 0; round < 6; round++) {
    let [deep, deepest] = [0, 30_000];
    while (deepest - deep > 1) {
      const middle = (deep + deepest) >> 1;
      if (fits(middle)) deep = middle;
      else deepest = middle;
    }
    for (let depth = deep - 6; depth < deep + 30; depth++) fits(depth);
  }
});
