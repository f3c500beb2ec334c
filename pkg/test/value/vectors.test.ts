/** The golden vectors of tests/vectors, which every implementation passes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { firstDifference } from '../../dist/value/difference.js';
import { decode } from '../../dist/value/decode.js';
import { bytes, encoded } from './bytes.js';
import { build, orderFits } from './notation.js';

function vectors<T>(file: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../../tests/vectors/${file}`, import.meta.url), 'utf8')) as T[];
}

interface Vector {
  name: string;
  hex: string;
  value: unknown;
}

interface Refused {
  name: string;
  hex: string;
  offset: number;
}

test('values', async (t) => {
  for (const { name, hex, value: note } of vectors<Vector>('values.json')) {
    await t.test(name, () => {
      const value = build(note);
      if (value === undefined && (note as { $: string }).$ === 'typed') {
        // Not on this runtime: refused, never turned into something else.
        assert.throws(() => decode(bytes(hex)), { code: 'tooNew', message: /needs a runtime with Float16Array/ });
        return;
      }
      const decoded = decode(bytes(hex));
      // deepEqual holds two invalid dates for different.
      if (value instanceof Date) assert.ok(Object.is((decoded as Date).getTime(), value.getTime()));
      else assert.deepEqual(decoded, value);
      if (!orderFits(note)) return;
      assert.equal(encoded(value), hex);
      assert.equal(firstDifference(decoded, value), undefined);
    });
  }
});

test('refused bytes, with the offset of the item that breaks a rule', async (t) => {
  for (const { name, hex, offset } of vectors<Refused>('values-refused.json')) {
    await t.test(name, () => {
      assert.throws(() => decode(bytes(hex)), { name: 'SnapshotError', code: 'malformed', offset });
    });
  }
});
