/** The golden vectors of tests/vectors for frames and keys, which every implementation passes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode, inspect, open, seal, type Expect, type HeaderInput, type SigningKey } from 'snapfold';
import { historyCommitment } from 'snapfold/commitment';
import { keys } from 'snapfold/plans';
import { build } from './value/notation.js';

function vectors<T>(file: string): T[] {
  const found = JSON.parse(readFileSync(new URL(`../../tests/vectors/${file}`, import.meta.url), 'utf8')) as T[];
  assert.ok(found.length > 5, `${file} holds vectors`);
  return found;
}

function fromFiles<T>(...files: string[]): [string, T][] {
  return files.flatMap((file) => vectors<T>(file).map((vector): [string, T] => [file, vector]));
}

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface KeyNote {
  id: string;
  secretHex: string;
}

const signingKey = ({ id, secretHex }: KeyNote): SigningKey => ({ id, secret: bytes(secretHex) });

interface FrameVector {
  name: string;
  header: {
    name: string;
    version: number;
    streamId: string;
    position: string;
    eventCount: string;
    anchor: { id: string } | { digest: string } | null;
    takenAt: number | null;
    fence: string | null;
    foldDigestHex?: string;
    commitmentHex?: string;
    knows?: string[];
    meta: [string, unknown][] | null;
  };
  mediaType: string | null;
  key: KeyNote | null;
  compressed: boolean;
  payloadHex: string;
  frameHex: string;
}

function headerOf({ anchor, takenAt, fence, foldDigestHex, commitmentHex, meta, ...rest }: FrameVector['header']): HeaderInput {
  return {
    ...rest,
    ...(anchor === null ? {} : { anchor: 'id' in anchor ? anchor.id : bytes(anchor.digest) }),
    ...(takenAt === null ? {} : { takenAt }),
    ...(fence === null ? {} : { fence }),
    ...(foldDigestHex === undefined ? {} : { foldDigest: bytes(foldDigestHex) }),
    ...(commitmentHex === undefined ? {} : { commitment: bytes(commitmentHex) }),
    ...(meta === null ? {} : { meta: Object.fromEntries(meta.map(([key, note]) => [key, build(note)])) }),
  };
}

for (const [file, vector] of fromFiles<FrameVector>('frames.json', 'fold-frames.json', 'type-frames.json', 'history-frames.json')) {
  test(`${file}: ${vector.name}`, () => {
    const header = headerOf(vector.header);
    const payload = bytes(vector.payloadHex);
    const { mediaType, compressed } = vector;
    const keys = vector.key === null ? {} : { keys: [signingKey(vector.key)] };
    const sealed = mediaType === null ? seal(header, decode(payload), keys) : seal(header, payload, { mediaType, ...keys });
    if (!compressed) assert.equal(hex(sealed), vector.frameHex);

    const { foldDigest } = header;
    const opened = open(bytes(vector.frameHex), { ...keys, ...(foldDigest === undefined ? {} : { foldDigest }) });
    assert.deepEqual(opened.state, mediaType === null ? decode(payload) : payload);
    const { payload: facts, keyId, position, eventCount, fence, ...stated } = opened.header;
    const { position: _position, eventCount: _eventCount, fence: _fence, ...wanted } = header;
    assert.deepEqual(stated, wanted);
    assert.deepEqual([`${position}`, `${eventCount}`], [vector.header.position, vector.header.eventCount]);
    assert.equal(fence === undefined ? null : `${fence}`, vector.header.fence);
    assert.equal(keyId, vector.key?.id);
    const { stored: _, ...plain } = inspect(sealed, keys).payload;
    const { stored, ...found } = facts;
    assert.deepEqual(found, plain);
    assert.equal(stored?.compression, compressed ? 'lz4' : undefined);
    assert.deepEqual(inspect(bytes(vector.frameHex), keys), opened.header);
  });
}

type ExpectNote = Omit<Expect, 'keys' | 'foldDigest'> & { keys?: KeyNote[]; foldDigestHex?: string };

interface RefusedVector {
  name: string;
  frameHex: string;
  code: string;
  expect?: ExpectNote;
}

const REFUSED = ['frames-refused.json', 'fold-frames-refused.json', 'type-frames-refused.json', 'history-frames-refused.json'];

for (const [file, vector] of fromFiles<RefusedVector>(...REFUSED)) {
  const { name, frameHex, code, expect = {} } = vector;
  test(`${file}: ${name}`, () => {
    const { keys, foldDigestHex, ...rest } = expect;
    const wanted: Expect = {
      ...rest,
      ...(keys === undefined ? {} : { keys: keys.map(signingKey) }),
      ...(foldDigestHex === undefined ? {} : { foldDigest: bytes(foldDigestHex) }),
    };
    assert.throws(() => open(bytes(frameHex), wanted), { name: 'SnapshotError', code });
  });
}

interface HistoryVector {
  name: string;
  events: { position: string; anchor: { id: string } | { digest: string }; commitmentHex: string }[];
}

for (const { name, events } of vectors<HistoryVector>('histories.json')) {
  test(`histories.json: ${name}`, () => {
    let commitment = historyCommitment.start;
    assert.deepEqual(commitment, new Uint8Array(32));
    for (const { position, anchor, commitmentHex } of events) {
      const exact = BigInt(position) > Number.MAX_SAFE_INTEGER ? BigInt(position) : Number(position);
      commitment = historyCommitment.after(commitment, exact, 'id' in anchor ? anchor.id : bytes(anchor.digest));
      assert.equal(hex(commitment), commitmentHex);
    }
  });
}

interface KeyVector {
  name: string;
  stream: string;
  version: number;
  foldDigestHex?: string;
  position: string;
  prefix: string;
  slot: string;
  key: string;
  attempt: string;
  code?: string;
}

for (const [file, vector] of fromFiles<KeyVector>('keys.json', 'fold-keys.json')) {
  const { name, stream, version, foldDigestHex, position, code } = vector;
  const slot = foldDigestHex === undefined ? version : bytes(foldDigestHex);
  test(`${file}: ${JSON.stringify([name, stream, foldDigestHex ?? version, position]).slice(0, 100)}`, () => {
    if (code !== undefined) {
      assert.throws(() => keys.stream(name, stream), { code });
      assert.throws(() => keys.snapshots(name, stream, 1), { code });
      assert.throws(() => keys.snapshot(name, stream, 1, 1), { code });
      assert.throws(() => keys.attempt(name, stream, 1), { code });
      return;
    }
    assert.equal(keys.stream(name, stream), vector.prefix);
    assert.equal(keys.snapshots(name, stream, slot), vector.slot);
    assert.equal(keys.snapshot(name, stream, slot, position), vector.key);
    assert.equal(keys.attempt(name, stream, slot), vector.attempt);
    assert.equal(keys.positionOf(vector.key), BigInt(position));
    assert.ok(Math.max(vector.key.length, vector.attempt.length) <= 255);
  });
}

for (const { name, stream, tombstone } of vectors<{ name: string; stream: string; tombstone: string }>('tombstone-keys.json')) {
  test(`tombstone-keys.json: ${JSON.stringify([name, stream]).slice(0, 100)}`, () => {
    assert.equal(keys.tombstone(name, stream), tombstone);
    assert.ok(!tombstone.startsWith(keys.stream(name, stream)) && tombstone.length <= 255);
  });
}
