/** The frame room: seal, open, inspect, and what a reader may expect. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { encode, inspect, open, seal, type Expect, type HeaderInput } from 'snapfold';
import { flipped } from './support/stores.js';
import { nested } from './value/bytes.js';

const header: HeaderInput = { name: 'cart', version: 3, streamId: 'cart-42', position: 1_200, eventCount: 1_100 };
const state = { lines: new Map([['a', 1n]]), at: new Date(5), none: undefined, low: -0 };

test('what was sealed opens, and the header says what it said', () => {
  const full: HeaderInput = { ...header, anchor: 'event-1200', takenAt: 1_700_000_000_000, fence: 7, commitment: new Uint8Array(32).fill(9), meta: { region: 'north', list: [1, 2n] } };
  for (const input of [header, full]) {
    const { header: read, state: restored } = open(seal(input, state));
    const { payload, ...stated } = read;
    assert.deepEqual(stated, input);
    assert.deepEqual(restored, state);
    assert.equal(payload.bytes, encode(state).length);
    assert.equal(payload.digest.length, 32);
  }
});

test('equal states give equal frames', () => {
  assert.deepEqual(seal(header, structuredClone(state)), seal({ ...header }, state));
  assert.notDeepEqual(seal(header, { a: 1, b: 2 }), seal(header, { b: 2, a: 1 }));
});

test('positions, counts and fences come exact, as number, bigint or text', () => {
  for (const [given, read] of [[0, 0], ['7', 7], [2 ** 53 - 1, 2 ** 53 - 1], [2n ** 53n, 2n ** 53n], ['18446744073709551615', 2n ** 64n - 1n]] as const) {
    const count = given === 0 ? 1 : given;
    const found = inspect(seal({ ...header, position: given, eventCount: count, fence: given }, null));
    assert.deepEqual([found.position, found.eventCount, found.fence], [read, given === 0 ? 1 : read, read]);
  }
});

test('metadata has 255 levels and no more: the header is the first of 256', () => {
  const meta = (levels: number) => ({ deep: nested(levels - 2, []) });
  assert.deepEqual(inspect(seal({ ...header, meta: meta(255) }, 1)).meta, meta(255));
  assert.throws(() => seal({ ...header, meta: meta(256) }, 1), { code: 'unencodable', path: 'meta' });
  assert.throws(() => seal({ ...header, meta: meta(257) }, 1), { code: 'unencodable' });
});

test('a floor is written, and keeps older readers away', () => {
  assert.deepEqual(seal({ ...header, floor: 1 }, 1), seal(header, 1));
  assert.throws(() => inspect(seal({ ...header, floor: 2 }, 1)), { code: 'tooNew', message: /reader revision 2/ });
});

test('an empty metadata object is no metadata', () => {
  assert.deepEqual(seal({ ...header, meta: {} }, 1), seal(header, 1));
});

test('undefined members of a header are left out', () => {
  const loose = { ...header, anchor: undefined, takenAt: undefined, fence: undefined, meta: undefined } as never;
  assert.deepEqual(seal(loose, 1), seal(header, 1));
});

const MALFORMED: [string, object, string][] = [
  ['name', { name: '' }, 'header.name'],
  ['name of another type', { name: 7 }, 'header.name'],
  ['name that is not text', { name: '\ud800' }, 'header.name'],
  ['version 0', { version: 0 }, 'header.version'],
  ['version 2^32', { version: 2 ** 32 }, 'header.version'],
  ['no version', { version: undefined }, 'header.version'],
  ['stream', { streamId: '' }, 'header.streamId'],
  ['no stream', { streamId: undefined }, 'header.streamId'],
  ['stream with a lone surrogate', { streamId: '\udfff' }, 'header.streamId'],
  ['anchor of 31 bytes', { anchor: new Uint8Array(31) }, 'header.anchor'],
  ['commitment of 31 bytes', { commitment: new Uint8Array(31) }, 'header.commitment'],
  ['anchor of another type', { anchor: 7 }, 'header.anchor'],
  ['anchor with a lone surrogate', { anchor: '\ud800' }, 'header.anchor'],
  ['a fraction of a millisecond', { takenAt: 1.5 }, 'header.takenAt'],
  ['no point in time', { takenAt: NaN }, 'header.takenAt'],
  ['floor 0', { floor: 0 }, 'header.floor'],
  ['floor 2^32', { floor: 2 ** 32 }, 'header.floor'],
  ['metadata that is a list', { meta: [] }, 'header.meta'],
  ['metadata that is a Map', { meta: new Map() }, 'header.meta'],
  ['a misspelt field', { stream: 'cart-42' }, 'header.stream'],
];

for (const [what, change, path] of MALFORMED) {
  test(`a header is refused: ${what}`, () => {
    assert.throws(() => seal({ ...header, ...change } as never, {}), { code: 'invalidOption', path });
  });
}

test('a header is refused: positions, counts, and what cannot be encoded', () => {
  for (const value of [-1, 1.5, NaN, 2 ** 53, '007', 2n ** 64n]) {
    assert.throws(() => seal({ ...header, position: value }, {}), { code: 'invalidPosition', path: 'header.position' });
    assert.throws(() => seal({ ...header, eventCount: value }, {}), { code: 'invalidPosition', path: 'header.eventCount' });
    assert.throws(() => seal({ ...header, fence: value }, {}), { code: 'invalidPosition', path: 'header.fence' });
  }
  assert.throws(() => seal({ ...header, eventCount: 0 }, {}), { code: 'invalidOption', path: 'eventCount' });
  assert.throws(() => seal({ ...header, meta: { f: () => {} } }, {}), { code: 'unencodable', path: 'header.meta.f' });
  assert.throws(() => seal(header, { a: [() => {}] }), { code: 'unencodable', path: 'state.a[0]' });
  assert.throws(() => seal({ ...header, meta: { note: 'x'.repeat(65_536) } }, {}), { code: 'tooLarge' });
  for (const broken of [null, undefined, 7]) assert.throws(() => seal(broken as never, {}), { code: 'invalidOption', path: 'header' });
});

test('expectations that make no sense are named', () => {
  const frame = seal(header, state);
  for (const [name, value] of [['name', 7], ['name', ''], ['streamId', '\ud800'], ['version', '3'], ['version', 2 ** 32], ['maxStateBytes', 0], ['migratable', [0]]] as const) {
    assert.throws(() => open(frame, { [name]: value } as never), { code: 'invalidOption', path: `expect.${name}` });
  }
  assert.throws(() => inspect(frame, { position: -1 }), { code: 'invalidPosition', path: 'expect.position' });
  assert.throws(() => inspect(frame, { position: null } as never), { code: 'invalidOption' });
});

const UNEXPECTED: [Expect, string][] = [
  [{ name: 'Cart' }, 'foreign'],
  [{ streamId: 'cart-4' }, 'foreign'],
  [{ position: 1_199 }, 'foreign'],
  [{ position: '1201' }, 'foreign'],
  [{ version: 2 }, 'tooNew'],
  [{ version: 4 }, 'stale'],
  [{ version: 5, migratable: [4] }, 'stale'],
  [{ maxStateBytes: 5 }, 'tooLarge'],
];

test('what a reader expects is compared, for open and inspect alike', () => {
  const frame = seal(header, state);
  for (const [expect, code] of UNEXPECTED) {
    assert.throws(() => open(frame, expect), { code }, JSON.stringify(expect));
    assert.throws(() => inspect(frame, expect), { code }, JSON.stringify(expect));
  }
  const met: Expect = { name: 'cart', streamId: 'cart-42', position: '1200', version: 5, migratable: [3, 4], maxStateBytes: 1_000 };
  assert.equal(open(frame, met).header.version, 3);
  open(frame, { position: 1_200n });
});

test('an expectation that does not exist would compare nothing, so it is refused', () => {
  assert.throws(() => open(seal(header, 1), { stream: 'cart-4' } as never), { code: 'invalidOption', path: 'expect.stream' });
});

test('every byte of a frame counts', () => {
  const frame = seal(header, { total: 5 });
  for (let index = 0; index < frame.length; index += 1) {
    assert.throws(() => open(flipped(frame, index)), { code: /^(corrupt|truncated|tooNew)$/ }, `byte ${index}`);
  }
  for (let length = 0; length < frame.length; length += 1) {
    assert.throws(() => open(frame.subarray(0, length)), { code: 'truncated' }, `length ${length}`);
  }
  assert.throws(() => open(Uint8Array.from([...frame, 0])), { code: 'corrupt' });
});

test('inspect trusts the head and does not look at the payload', () => {
  const frame = seal(header, state);
  assert.deepEqual(inspect(flipped(frame, frame.length - 1)), inspect(frame));
  assert.throws(() => open(flipped(frame, frame.length - 1)), { code: 'corrupt', message: /payload digest/ });
});

test('a payload in the host’s own format passes through untouched', () => {
  const bytes = new Uint8Array([0, 255, 1, 254]);
  const frame = seal(header, bytes, { mediaType: 'application/x-protobuf' });
  const { header: read, state: restored } = open<Uint8Array>(frame);
  assert.equal(read.payload.mediaType, 'application/x-protobuf');
  assert.deepEqual(restored, bytes);
  restored[0] = 9;
  assert.deepEqual(open(frame).state, bytes);
  const inBuffer = open<Uint8Array>(Buffer.from(frame)).state;
  assert.deepEqual(inBuffer, bytes);
  inBuffer[0] = 9;
  assert.deepEqual(open(frame).state, bytes);
  for (const state of ['text', [1], {}, new ArrayBuffer(2), new Uint16Array(2)]) {
    assert.throws(() => seal(header, state, { mediaType: 'x' }), { code: 'invalidOption', path: 'state' });
  }
});

test('verifyOnSeal opens what was sealed', () => {
  assert.deepEqual(seal(header, state, { verifyOnSeal: true }), seal(header, state));
  const own = new Uint8Array([0xff]);
  assert.deepEqual(seal(header, own, { mediaType: 'x', verifyOnSeal: true }), seal(header, own, { mediaType: 'x' }));
  assert.throws(() => seal({ ...header, floor: 2 }, state, { verifyOnSeal: true }), { code: 'unencodable', message: /does not give the state back: this frame asks for/ });
  assert.throws(() => seal(header, state, { verifyOnSeal: 1 } as never), { code: 'invalidOption', path: 'verifyOnSeal' });
});

test('frames in a Buffer, in part of one, and of another realm', () => {
  const frame = seal(header, state);
  const large = Buffer.alloc(frame.length + 20);
  large.set(frame, 7);
  const foreign = runInNewContext('Uint8Array.from(bytes)', { bytes: [...frame] }) as Uint8Array;
  assert.ok(!(foreign instanceof Uint8Array));
  for (const bytes of [Buffer.from(frame), large.subarray(7, 7 + frame.length), foreign]) {
    assert.deepEqual(open(bytes).state, state);
    assert.deepEqual(inspect(bytes), inspect(frame));
  }
});

test('what is no frame at all', () => {
  for (const value of [null, undefined, 'frame', {}, [1, 2], new ArrayBuffer(9), new Uint16Array(40)]) {
    assert.throws(() => open(value as never), { code: 'invalidOption', path: 'frame' });
    assert.throws(() => inspect(value as never), { code: 'invalidOption', path: 'frame' });
  }
});

test('a decoded state does not keep the frame alive, nor share its bytes', () => {
  const frame = seal(header, { blob: new Uint8Array([1, 2, 3]) });
  const { state: restored } = open<{ blob: Uint8Array }>(frame);
  assert.notEqual(restored.blob.buffer, frame.buffer);
  assert.equal(restored.blob.buffer.byteLength, 3);
});
