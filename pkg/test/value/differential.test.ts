/**
 * TypeScript against Rust, byte for byte, on generated values: what one side writes the other reads and writes again, and both
 * refuse the same bytes at the same place.
 *
 * The Rust side is a program, tests/differential/peer.rs, which `cargo xtask test` builds. By hand:
 * `SNAPFOLD_PEER=$(pwd)/../target/debug/examples/differential-peer npm test`. SNAPFOLD_SEED chooses other values.
 */
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { decode, encode, SnapshotError } from 'snapfold';
import { hex } from './bytes.js';
import { nested, TYPED_ARRAYS, value } from './generated.js';
import { changed, nearlyValue } from './nearly.js';

const VALUES = 3_000;
const MALFORMED = 20_000;

const peer = process.env.SNAPFOLD_PEER;
const seed = Number(process.env.SNAPFOLD_SEED ?? 1);
const skip = peer === undefined && 'SNAPFOLD_PEER is not set: `cargo xtask test` builds the Rust side and sets it';

/** What a reader made of some bytes: the value's own bytes again, or where the error is. */
type Outcome = { readonly bytes: Uint8Array } | { readonly offset: number } | { readonly unsupported: true };

test('what TypeScript writes, Rust reads and writes again', { skip }, (t) => {
  const values = fc.sample(value, { numRuns: VALUES, seed });
  const written = values.map((found) => encode(found, { thorough: true }));
  // In production encoding is other code.
  values.forEach((found, index) => assert.equal(hex(encode(found, { thorough: false })), hex(written[index]!)));
  const again = ask('rewrite', written);
  again.forEach((outcome, index) => assert.deepEqual(shown(outcome), shown({ bytes: written[index]! })));
  t.diagnostic(`${written.length} values compared, ${sum(written)} bytes`);
});

test('what Rust writes, TypeScript reads and writes again', { skip }, (t) => {
  const written = generated(VALUES);
  for (const bytes of written) {
    assert.deepEqual(shown(read(bytes)), shown({ bytes }));
    assert.equal(hex(encode(decode(bytes), { thorough: false })), hex(bytes));
  }
  t.diagnostic(`${written.length} values compared, ${sum(written)} bytes`);
});

test('a state of megabytes goes both ways', { skip }, (t) => {
  const bytes = encode(fc.sample(nested, { numRuns: VALUES, seed }));
  assert.ok(bytes.length > 2 ** 20, `${bytes.length} bytes are not large`);
  const [outcome] = ask('rewrite', [bytes]);
  for (const again of [outcome!, read(bytes)]) assert.ok('bytes' in again && Buffer.from(again.bytes).equals(bytes));
  t.diagnostic(`${bytes.length} bytes`);
});

test('both refuse the same bytes at the same place', { skip }, (t) => {
  const short = [...generated(1_000), ...fc.sample(value, { numRuns: 1_000, seed }).map((found) => encode(found))].filter(({ length }) => length < 2_000);
  const inputs = [...fc.sample(nearlyValue, { numRuns: MALFORMED, seed }), ...fc.sample(changed(short), { numRuns: MALFORMED, seed })];
  const refused = compared(inputs);
  assert.ok(refused > inputs.length / 4 && refused < inputs.length, `${refused} of ${inputs.length} refused: the generators are off`);
  t.diagnostic(`${inputs.length} inputs compared, ${refused} of them refused by both`);
});

/** Compares both readers, and says how many inputs they refused. */
function compared(inputs: readonly Uint8Array[]): number {
  let refused = 0;
  ask('rewrite', inputs).forEach((theirs, index) => {
    const input = inputs[index]!;
    const ours = read(input);
    if ('unsupported' in ours) return;
    assert.equal('offset' in ours ? ours.offset : 'a value', 'offset' in theirs ? theirs.offset : 'a value', `TypeScript, then Rust, on ${hex(input)}`);
    if ('offset' in ours) refused += 1;
  });
  return refused;
}

function read(bytes: Uint8Array): Outcome {
  try {
    return { bytes: encode(decode(bytes)) };
  } catch (error) {
    if (!SnapshotError.is(error) || error.offset === undefined) throw error;
    return /Float16Array/.test(error.message) ? { unsupported: true } : { offset: error.offset };
  }
}

function shown(outcome: Outcome): unknown {
  return 'bytes' in outcome ? hex(outcome.bytes) : outcome;
}

function generated(count: number): Uint8Array[] {
  const float16 = TYPED_ARRAYS.some(({ name }) => name === 'Float16Array') ? ['float16'] : [];
  return unpacked(run(['generate', `${seed}`, `${count}`, ...float16], Buffer.alloc(0)));
}

function ask(question: string, messages: readonly Uint8Array[]): Outcome[] {
  const answers = unpacked(run([question], packed(messages)));
  assert.equal(answers.length, messages.length);
  return answers.map((answer) => {
    const body = answer.subarray(1);
    return answer[0] === 0 ? { bytes: body } : { offset: Number(Buffer.from(body).readBigUInt64BE()) };
  });
}

function run(words: readonly string[], input: Buffer): Buffer {
  const { stdout, stderr, status, error } = spawnSync(peer!, words, { input, maxBuffer: 2 ** 30 });
  assert.equal(error, undefined);
  assert.equal(status, 0, `${peer} ${words.join(' ')}: ${stderr}`);
  return stdout;
}

function packed(messages: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    messages.flatMap((bytes) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

function unpacked(stream: Buffer): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = at + 4 + stream.readUInt32BE(at);
    messages.push(new Uint8Array(stream.subarray(at + 4, end)));
    at = end;
  }
  return messages;
}

function sum(messages: readonly Uint8Array[]): number {
  return messages.reduce((bytes, { length }) => bytes + length, 0);
}
