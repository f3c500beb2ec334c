/** Compressed frames: when it pays, what the limits are about, and that they are the bytes of every other host. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { defineSnapshots, encode, everyEvents, inspect, memoryStore, open, seal, type HeaderInput, type SigningKey } from 'snapfold';
import { lz4 } from 'snapfold/lz4';
import { taken } from './support/carts.js';
import { Log } from './support/log.js';
import { bytesAt, flipped } from './support/stores.js';

const header: HeaderInput = { name: 'cart', version: 3, streamId: 'cart-42', position: 1_200, eventCount: 1_200 };
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const BLOCK = 63 * 1024;

/** The records of tests/frame/compression.rs. */
const records = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: `order-${index}`,
    customer: `customer-${(index * 7919) % 1_000}`,
    total: (index * 104_729) % 100_000,
    open: index % 3 === 0,
  }));

/** Bytes that do not compress; the same at every run. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 32) bytes.set(sha256(Uint8Array.of(at, at >> 8, at >> 16)).subarray(0, length - at), at);
  return bytes;
}

const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

test('facts speak of the state and of what is stored', () => {
  const state = records(500);
  const frame = seal(header, state, { compression: lz4 });
  const { header: read, state: restored } = open(frame);
  const { bytes, digest, stored } = read.payload;
  assert.deepEqual(restored, state);
  assert.deepEqual([bytes, digest], [encode(state).length, sha256(encode(state))]);
  assert.ok(stored !== undefined && stored.compression === 'lz4' && stored.bytes < bytes / 2);
  assert.deepEqual(stored.digest, sha256(frame.subarray(frame.length - stored.bytes)));
  assert.deepEqual(inspect(frame).payload, read.payload);
  const { digest: plain, stored: none } = inspect(seal(header, state)).payload;
  assert.deepEqual([plain, none], [digest, undefined]);
});

test('sizes around every border come back, also in the host’s own format', () => {
  const mediaType = 'application/octet-stream';
  for (const length of [1_024, BLOCK - 1, BLOCK, BLOCK + 1, 65_535, 65_536, 65_537, 4 * BLOCK, 4 * BLOCK + 1, 9 * BLOCK + 13]) {
    for (const payload of [new Uint8Array(length), joined(noise(length / 3), new Uint8Array(length - Math.floor(length / 3)))]) {
      const frame = seal(header, payload, { mediaType, compression: lz4 });
      assert.ok(frame.length < length * 0.9 + 200);
      assert.deepEqual(open(frame).state, payload);
      assert.deepEqual(open(Buffer.from(frame)).state, payload);
    }
  }
});

test('small states and those that would not save an eighth are left as they are', () => {
  const mediaType = 'application/octet-stream';
  for (const payload of [new Uint8Array(0), new Uint8Array(1_023), noise(1_024), noise(BLOCK + 1), noise(300_000), joined(noise(4 * BLOCK), new Uint8Array(9 * BLOCK))]) {
    const frame = seal(header, payload, { mediaType, compression: lz4 });
    assert.deepEqual(frame, seal(header, payload, { mediaType }));
  }
});

/** tests/frame/compression.rs asserts the same digest. */
test('every host writes the same bytes', () => {
  const full: HeaderInput = { ...header, eventCount: 1_100, anchor: 'event-1200', takenAt: 1_700_000_000_000, fence: 7, meta: { region: 'north', attempt: 3 } };
  const frame = seal(full, records(3_000), { compression: lz4 });
  assert.equal(inspect(frame).payload.bytes, 156_617);
  assert.equal(Buffer.from(sha256(frame)).toString('hex'), '15e9f8064754b017715e773988ff9fe2849060f70ef91ba6d8c269c47056567c');
});

test('every byte of a compressed frame counts, signed or not', () => {
  const key: SigningKey = { id: '2024', secret: new Uint8Array(32) };
  for (const keys of [{}, { keys: [key] }]) {
    const frame = seal(header, records(40), { compression: lz4, ...keys });
    assert.ok(inspect(frame, keys).payload.stored);
    for (let index = 0; index < frame.length; index += 1) {
      assert.throws(() => open(flipped(frame, index), keys), { code: /^(corrupt|truncated|tooNew|unknownKey)$/ }, `byte ${index}`);
    }
    for (let length = 0; length < frame.length; length += 1) {
      assert.throws(() => open(frame.subarray(0, length), keys), { code: 'truncated' }, `length ${length}`);
    }
  }
});

test('maxStateBytes is about the expanded state', () => {
  const frame = seal(header, new Uint8Array(100_000), { mediaType: 'x', compression: lz4 });
  assert.ok(frame.length < 1_000);
  open(frame, { maxStateBytes: 100_000 });
  assert.throws(() => open(frame, { maxStateBytes: 99_999 }), { code: 'tooLarge' });
});

test('an option that does not exist', () => {
  for (const compression of ['lz4', true, 'deflate']) {
    assert.throws(() => seal(header, 1, { compression } as never), { code: 'invalidOption', path: 'compression' });
    assert.throws(() => defineSnapshots({ ...notes, compression } as never), { code: 'invalidOption', path: 'compression' });
  }
});

const notes = {
  name: 'notes',
  version: 1,
  initialState: (): string[] => [],
  evolve: (lines: string[], line: string): string[] => [...lines, line],
  policy: everyEvents(100),
};

test('a repository compresses; what is stored otherwise covers the same state', async () => {
  const log = new Log<string>({ ids: true }, Array.from({ length: 400 }, () => 'the same words again and again'));
  const store = memoryStore();
  const observe = (): void => {};
  const compressing = await defineSnapshots<string[], string>({ ...notes, compression: lz4 }).open({ store, events: log, observe });
  const { key, bytes } = taken(await compressing.maybeSnapshot(await compressing.load('a')));
  const frame = await bytesAt(store, key);
  const facts = inspect(frame).payload;
  assert.ok(facts.stored !== undefined && frame.length === bytes && bytes < facts.bytes / 10);

  const plain = await defineSnapshots<string[], string>(notes).open({ store, events: log, observe });
  for (const repo of [compressing, plain]) {
    const handle = await repo.load('a');
    assert.deepEqual([handle.source, handle.restoredFrom, handle.state.length], ['snapshot', 400, 400]);
    const outcome = await repo.snapshot(handle);
    assert.ok(outcome.status === 'skipped' && outcome.code === 'alreadyCovered');
  }
  assert.deepEqual(await bytesAt(store, key), frame);

  // maxBytes is about the frame, maxStateBytes about the state.
  const limited = async (limits: { maxBytes?: number; maxStateBytes?: number }) => {
    const repo = await defineSnapshots<string[], string>({ ...notes, compression: lz4, ...limits }).open({ store: memoryStore(), events: log, observe });
    return repo.maybeSnapshot(await repo.load('a'));
  };
  taken(await limited({ maxBytes: bytes, maxStateBytes: facts.bytes }));
  for (const limits of [{ maxBytes: bytes - 1 }, { maxStateBytes: facts.bytes - 1 }]) {
    const outcome = await limited(limits);
    assert.ok(outcome.status === 'skipped' && outcome.code === 'tooLarge', JSON.stringify(limits));
  }
});
