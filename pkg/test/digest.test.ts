/** Runtimes without a synchronous digest: the core's, through its fixed buffers. The same bytes, and its memory stays small. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { inspect, open, seal, type HeaderInput } from 'snapfold';
import { lz4 } from 'snapfold/lz4';
import { memory as plainMemory } from '../dist/plain-module.js';
import { coreModule, provideCore, sha256 } from '../dist/core.js';
import * as glue from '../wasm/snapfold.js';

const native = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
assert.ok(coreModule.instance);
const { memory } = glue.initSync(undefined as never); // the one that is there
const header: HeaderInput = { name: 'cart', version: 3, streamId: 'cart-42', position: 1_200, eventCount: 1_200 };
/** 50 MB that compress, but not to nothing. */
const large = new Uint8Array(50_000_000);
for (let index = 0; index < large.length; index += 1) large[index] = (index >> 3) * 31 + (index >> 14);

/** "Under 2 MB", in pages of 64 KiB. */
const MOST_PAGES = 30;
const pages = (): number => memory.buffer.byteLength / 65_536;

/** As an entry file does; where the core comes from is known by now. */
const digestWith = (digest?: typeof native): void => provideCore({ now: () => assert.fail() }, digest);

digestWith();
after(() => digestWith(native));

test('both digests are equal, around the borders of the buffer too', () => {
  const piece = 64 * 1024 + 4;
  const sizes = [0, 1, 55, 56, 63, 64, 65, 4_095, 4_096, 4_097, piece - 1, piece, piece + 1, 2 * piece - 1, 2 * piece, 2 * piece + 1, 1_000_003];
  for (const size of sizes) assert.deepEqual(sha256(large.subarray(0, size)), native(large.subarray(0, size)), `${size} bytes`);
});

test('a view into a larger buffer is hashed, and nothing around it', () => {
  const view = Buffer.from(large.buffer, 1_000, 200_000);
  assert.deepEqual(sha256(view), native(view));
});

test('frames are the same either way', () => {
  const states = [null, { a: [1, 2n] }, { blob: large.slice(0, 300_000) }];
  const frames = () => states.flatMap((state) => [{}, { compression: lz4 }].map((compression) => seal(header, state, compression)));
  const sealed = frames();
  const opened = sealed.map((frame) => open(frame));
  digestWith(native);
  assert.deepEqual(frames(), sealed);
  assert.deepEqual(sealed.map((frame) => open(frame)), opened);
  digestWith();
});

test('sealing and opening 50 MB leaves the core’s memory under 2 MB', () => {
  for (const options of [{}, { compression: lz4 }]) {
    const frame = seal(header, { large }, options);
    assert.equal(inspect(frame).payload.stored !== undefined, 'compression' in options);
    assert.ok(pages() <= MOST_PAGES, `${pages()} pages after sealing`);
    assert.ok(plainMemory().length < 2_000_000, `${plainMemory().length} bytes of the plain module`);
    const { state } = open<{ large: Uint8Array }>(frame);
    assert.ok(Buffer.compare(state.large, large) === 0);
    assert.ok(pages() <= MOST_PAGES, `${pages()} pages after opening`);
  }
});

test('the buffers survive that the core’s memory grows', () => {
  const before = memory.buffer;
  sha256(large.subarray(0, 200_000));
  memory.grow(1);
  assert.notEqual(memory.buffer, before);
  assert.deepEqual(sha256(large.subarray(0, 200_000)), native(large.subarray(0, 200_000)));
  const frame = seal(header, { large: large.slice(0, 200_000) }, { compression: lz4 });
  assert.deepEqual(open(frame).header, inspect(frame));
});
