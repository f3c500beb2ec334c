/** The tools: bytes as text for people, and JSON to state bytes and back without a value in between. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode, encode, seal, type SnapshotError } from 'snapfold';
import { lz4 } from 'snapfold/lz4';
import { diagnose, fromJson, toJson } from 'snapfold/tools';
import { flipped } from './support/stores.js';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const header = { name: 'cart', version: 3, streamId: 'cart-42', position: 12, eventCount: 12 };
const state = { lines: new Map([['tea', 2]]), total: 5n };

/** What `work` throws. */
function thrown(work: () => unknown): SnapshotError {
  try {
    work();
  } catch (error) {
    return error as SnapshotError;
  }
  assert.fail('nothing was thrown');
}

test('diagnose shows any CBOR as RFC 8949 §8 writes it', () => {
  assert.equal(diagnose(encode({ a: [1, -0, NaN, undefined] })), '{"a": [1, -0.0, NaN, undefined]}');
  assert.equal(diagnose(bytes('9f01c1f93e00ff')), '[_ 1, 1(1.5)]');
  assert.match(diagnose(bytes('82011c')), /^\[1 \/ malformed at byte 2: /);
});

test('diagnose shows a frame with verdict, header and payload', () => {
  const frame = seal(header, state);
  const [verdict, head, payload] = diagnose(frame).split('\n');
  assert.equal(verdict, '/ a frame that opens /');
  assert.match(head ?? '', /^\/ header \/ \{1: "cart", 2: 3, 3: "cart-42", 4: 12, 5: 12, /);
  assert.equal(payload, '/ payload / {"lines": 36992([["tea", 2]]), "total": 2(h\'05\')}');
  const [damaged] = diagnose(flipped(frame, frame.length - 1)).split('\n');
  assert.match(damaged ?? '', /does not open: .*digest differs/);
});

test('diagnose expands what is compressed', () => {
  const texts = Array.from({ length: 400 }, (_, index) => `line ${index % 7}`);
  const compressed = seal(header, texts, { compression: lz4 });
  assert.ok(compressed.length < encode(texts).length);
  assert.ok(diagnose(compressed).includes('/ payload / ["line 0", "line 1"'));
});

test('diagnose keeps to the characters it is given', () => {
  const text = diagnose(encode(Array.from({ length: 1000 }, () => 7)), { maxChars: 10 });
  assert.match(text, /^\[7, 7, 7, … \/ bytes left: 997 \/$/);
  for (const maxChars of [-1, 1.5, NaN, 2 ** 32]) {
    const { code, path } = thrown(() => diagnose(bytes('00'), { maxChars }));
    assert.deepEqual([code, path], ['invalidOption', 'maxChars']);
  }
});

test('fromJson keeps every digit', () => {
  assert.deepEqual(decode(fromJson('{"id": 9007199254740993, "one": 1.0, "e": 1e2, "text": "\\u00e9"}')), {
    id: 9007199254740993n,
    one: 1,
    e: 100,
    text: 'é',
  });
  assert.deepEqual(fromJson(Buffer.from('[1]')), encode([1]));
});

test('fromJson refuses with the place in the text', () => {
  const places: [string, number][] = [
    ['{"a":1,"a":2}', 7],
    ['1e400', 0],
    ['[1,', 3],
    ['["\ud800"]', 2],
    ['', 0],
  ];
  for (const [json, place] of places) {
    const { code, offset } = thrown(() => fromJson(json));
    assert.deepEqual([code, offset], ['malformed', place], json);
  }
  assert.equal(thrown(() => fromJson(bytes('22ff22'))).code, 'malformed');
});

test('what JSON has no word for is refused with its path', () => {
  const { code, path } = thrown(() => toJson(encode({ when: [new Date(0)] })));
  assert.deepEqual([code, path], ['unencodable', 'state.when[0]']);
  assert.equal(thrown(() => toJson(bytes('ff'))).code, 'malformed');
  assert.equal(thrown(() => toJson('[]' as unknown as Uint8Array)).code, 'invalidOption');
});

test('law: JSON text goes to the bytes of JSON.parse, and those back to JSON.stringify', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const json = JSON.stringify(value);
      fc.pre(!/\d{16}/.test(json)); // integers beyond 2^53 − 1, of which JSON.parse loses digits
      const made = fromJson(json);
      assert.deepEqual(made, encode(JSON.parse(json)));
      assert.equal(toJson(made), json);
    }),
  );
});

test('memory is given back', () => {
  const json = JSON.stringify(Array.from({ length: 100_000 }, (_, index) => index));
  for (let round = 0; round < 200; round++) assert.equal(toJson(fromJson(json)).length, json.length);
});
