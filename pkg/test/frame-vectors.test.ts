/** The golden vectors of tests/vectors for frames and keys, which every implementation passes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode, inspect, keys, open, seal, type Expect, type HeaderInput, type SigningKey } from 'snapfold';
import { build } from './value/notation.js';

function vectors<T>(file: string): T[] {
  const found = JSON.parse(readFileSync(new URL(`../../tests/vectors/${file}`, import.meta.url), 'utf8')) as T[];
  assert.ok(found.length > 10, `${file} holds vectors`);
  return found;
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
    meta: [string, unknown][] | null;
  };
  mediaType: string | null;
  key: KeyNote | null;
  compressed: boolean;
  payloadHex: string;
  frameHex: string;
}

function headerOf({ anchor, takenAt, fence, meta, ...rest }: FrameVector['header']): HeaderInput {
  return {
    ...rest,
    ...(anchor === null ? {} : { anchor: 'id' in anchor ? anchor.id : bytes(anchor.digest) }),
    ...(takenAt === null ? {} : { takenAt }),
    ...(fence === null ? {} : { fence }),
    ...(meta === null ? {} : { meta: Object.fromEntries(meta.map(([key, note]) => [key, build(note)])) }),
  };
}

for (const vector of vectors<FrameVector>('frames.json')) {
  test(`frame: ${vector.name}`, () => {
    const header = headerOf(vector.header);
    const payload = bytes(vector.payloadHex);
    const { mediaType, compressed } = vector;
    const keys = vector.key === null ? {} : { keys: [signingKey(vector.key)] };
    const sealed = mediaType === null ? seal(header, decode(payload), keys) : seal(header, payload, { mediaType, ...keys });
    if (!compressed) assert.equal(hex(sealed), vector.frameHex);

    const opened = open(bytes(vector.frameHex), keys);
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

type ExpectNote = Omit<Expect, 'keys'> & { keys?: KeyNote[] };

for (const { name, frameHex, code, expect = {} } of vectors<{ name: string; frameHex: string; code: string; expect?: ExpectNote }>('frames-refused.json')) {
  test(`refused frame: ${name}`, () => {
    const { keys, ...rest } = expect;
    const wanted: Expect = keys === undefined ? rest : { ...rest, keys: keys.map(signingKey) };
    assert.throws(() => open(bytes(frameHex), wanted), { name: 'SnapshotError', code });
  });
}

interface KeyVector {
  name: string;
  stream: string;
  version: number;
  position: string;
  prefix: string;
  slot: string;
  key: string;
  attempt: string;
  code?: string;
}

for (const vector of vectors<KeyVector>('keys.json')) {
  const { name, stream, version, position, code } = vector;
  test(`key: ${JSON.stringify([name, stream, version, position]).slice(0, 100)}`, () => {
    if (code !== undefined) {
      assert.throws(() => keys.stream(name, stream), { code });
      assert.throws(() => keys.snapshots(name, stream, 1), { code });
      assert.throws(() => keys.snapshot(name, stream, 1, 1), { code });
      assert.throws(() => keys.attempt(name, stream, 1), { code });
      return;
    }
    assert.equal(keys.stream(name, stream), vector.prefix);
    assert.equal(keys.snapshots(name, stream, version), vector.slot);
    assert.equal(keys.snapshot(name, stream, version, position), vector.key);
    assert.equal(keys.attempt(name, stream, version), vector.attempt);
    assert.equal(keys.positionOf(vector.key), BigInt(position));
    assert.ok(Math.max(vector.key.length, vector.attempt.length) <= 255);
  });
}
