/** The signal that a store is given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withinTime } from '../dist/timeout.js';

test('a store that looks at its signal for the first time when time is up finds it aborted', async () => {
  let signalOf: (() => AbortSignal) | undefined;
  const hangs = withinTime(1, (signal) => {
    signalOf = signal;
    return new Promise(() => {});
  });
  await assert.rejects(hangs, { code: 'timeout' });
  const signal = signalOf?.();
  assert.equal(signal?.aborted, true);
  assert.equal((signal?.reason as { code?: string }).code, 'timeout');
  assert.equal(signalOf?.(), signal);
});

test('one that has looked before is told', async () => {
  let signal: AbortSignal | undefined;
  await assert.rejects(
    withinTime(1, (signalOf) => {
      signal = signalOf();
      return new Promise(() => {});
    }),
    { code: 'timeout' },
  );
  assert.equal(signal?.aborted, true);
});

test('an answer in time aborts nothing', async () => {
  let signalOf: (() => AbortSignal) | undefined;
  const answer = await withinTime(10_000, async (signal) => {
    signalOf = signal;
    return 7;
  });
  assert.deepEqual([answer, signalOf?.().aborted], [7, false]);
});
