/** The examples of RFC 8949, appendix A: each is read as it says, or refused because the profile leaves it out. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decode } from '../../dist/value/decode.js';
import { bytes, encoded } from './bytes.js';
import { build } from './notation.js';

interface Example {
  diagnostic: string;
  hex: string;
  value?: unknown;
  offset?: number;
}

const file = new URL('../../../tests/vectors/rfc8949-appendix-a.json', import.meta.url);
const examples = JSON.parse(readFileSync(file, 'utf8')) as Example[];

test('all examples are there', () => {
  assert.equal(examples.length, 82);
});

for (const { diagnostic, hex, value, offset } of examples) {
  test(diagnostic, () => {
    if (offset !== undefined) {
      assert.throws(() => decode(bytes(hex)), { name: 'SnapshotError', code: 'malformed', offset });
      return;
    }
    assert.deepEqual(decode(bytes(hex)), build(value));
    assert.equal(encoded(build(value)), hex);
  });
}
