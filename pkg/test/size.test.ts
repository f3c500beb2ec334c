/** The budget of the default entry: what an application sends to its users. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const BUDGET = 64 * 1024;
const script = fileURLToPath(new URL('../scripts/entry-size.js', import.meta.url));

test('the default entry, minified and compressed, stays within 64 KB', (t) => {
  const lines = execFileSync(process.execPath, [script], { encoding: 'utf8' }).trim().split('\n');
  const parts = lines.map((line) => line.split(' ').slice(0, 2).map(Number));
  assert.equal(parts.length, 2, 'the bundle and the module');
  const total = parts.reduce((sum, [, compressed = Number.NaN]) => sum + compressed, 0);
  t.diagnostic(`SIZE OF THE DEFAULT ENTRY: ${total} of ${BUDGET} bytes (bytes, brotli: ${lines.join('; ')})`);
  assert.ok(total > 0 && total <= BUDGET, `${total} bytes, the budget is ${BUDGET}`);
});
