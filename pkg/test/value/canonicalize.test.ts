/** The canonical form: keys in the order of RFC 8949 §4.2.1, whatever their number and the order in which they come. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'snapfold';
import { canonicalize } from 'snapfold/tools';

const shorterFirst = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1);

test('objects that hold the same have one canonical form', () => {
  for (const count of [0, 1, 2, 3, 4, 7, 8, 31, 32, 33, 100, 1000]) {
    const keys = Array.from({ length: count }, (_, index) => `k${(index * 7919) % 1009}`);
    const sorted = encode(Object.fromEntries([...keys].sort(shorterFirst).map((key) => [key, key])));
    for (const order of [keys, [...keys].reverse(), [...keys].sort(), [...keys].sort(shorterFirst)]) {
      const shuffled = encode({ inner: Object.fromEntries(order.map((key) => [key, key])) });
      assert.deepEqual(canonicalize(shuffled).subarray(7), sorted, `${count} keys`);
    }
  }
});

test('bytes that are no value are malformed', () => {
  assert.throws(() => canonicalize(new Uint8Array([0xa1, 0x01])), { code: 'malformed' });
});
