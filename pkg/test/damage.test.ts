/** Damage to a frame is found wherever it lies: every single bit that flips, every length it is cut to. Exhaustive. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { inspect, open, seal, SnapshotError, type Expect, type HeaderInput } from 'snapfold';
import { lz4 } from 'snapfold/lz4';

const minimal: HeaderInput = { name: 'cart', version: 3, streamId: 'cart-42', position: 1_200, eventCount: 1_200 };
const full: HeaderInput = {
  ...minimal,
  eventCount: 1_100,
  anchor: 'event-1200',
  takenAt: 1_700_000_000_000,
  fence: 7,
  meta: { region: 'north', attempt: 3 },
};
const state = {
  lines: new Map([['tea', { price: 4.5, count: 3n }]]),
  tags: new Set(['new', '😀', '\ud800']),
  at: new Date(1_500),
  blob: new Uint8Array([0, 255]),
  samples: Float32Array.of(1.5, -0),
  none: [null, undefined, true, NaN],
};

const keys = [{ id: '2025', secret: new Uint8Array(32).fill(1) }];
const repetitive = Array.from({ length: 100 }, (_, index) => ({ sku: `tea-${index}`, price: 4.5 }));

const SAMPLES: readonly [string, Uint8Array, Expect?][] = [
  ['a minimal header and a state of every kind', seal(minimal, state)],
  ['every field of the header', seal({ ...full, anchor: new Uint8Array(32).fill(7) }, { total: 5 })],
  ['an anchor by id', seal(full, null)],
  ['a payload in the host’s own format', seal(full, new Uint8Array([0, 255, 1, 254]), { mediaType: 'application/x-protobuf' })],
  ['a signature', seal(full, state, { keys }), { keys }],
  ['a compressed state', seal(minimal, repetitive, { compression: lz4 })],
  ['a signature and a compressed state', seal(full, repetitive, { compression: lz4, keys }), { keys }],
];

for (const [name, frame, expect] of SAMPLES) {
  test(`every flipped bit is found: ${name}`, (t) => {
    open(frame, expect);
    const found = new Map<string, number>();
    for (let bit = 0; bit < 8 * frame.length; bit += 1) {
      const code = verdict(flipped(frame, bit), expect, `bit ${bit}`);
      // Only the format version, a header that claims to be longer, and the name of a key can look like anything but damage.
      if (bit >= 8 * PRELUDE_BYTES) assert.ok(code === 'corrupt' || (expect !== undefined && code === 'unknownKey'), `bit ${bit}: ${code}`);
      found.set(code, (found.get(code) ?? 0) + 1);
    }
    report(t, 'flipped bits', 8 * frame.length, found);
  });

  test(`every truncation is found: ${name}`, (t) => {
    const found = new Map<string, number>();
    for (let length = 0; length < frame.length; length += 1) {
      const cut = frame.subarray(0, length);
      assert.equal(verdict(cut, expect, `length ${length}`), 'truncated', `length ${length}`);
      assert.throws(() => inspect(cut, expect), { code: 'truncated' }, `length ${length}`);
      found.set('truncated', (found.get('truncated') ?? 0) + 1);
    }
    report(t, 'truncations', frame.length, found);
  });
}

const PRELUDE_BYTES = 14;
const VERDICTS = ['corrupt', 'truncated', 'tooNew', 'unknownKey'];

/** The code with which opening refuses these bytes; it always says where. */
function verdict(damaged: Uint8Array, expect: Expect | undefined, place: string): string {
  try {
    open(damaged, expect);
  } catch (error) {
    assert.ok(SnapshotError.is(error) && VERDICTS.includes(error.code) && error.offset !== undefined, `${place}: ${String(error)}`);
    return error.code;
  }
  assert.fail(`${place}: opened`);
}

function flipped(frame: Uint8Array, bit: number): Uint8Array {
  const damaged = frame.slice();
  damaged[bit >> 3]! ^= 1 << (bit & 7);
  return damaged;
}

function report(t: TestContext, what: string, expected: number, found: ReadonlyMap<string, number>): void {
  const count = [...found.values()].reduce((sum, some) => sum + some, 0);
  assert.equal(count, expected);
  t.diagnostic(`${count} ${what}, all found: ${[...found].map(([code, some]) => `${some} ${code}`).join(', ')}`);
}
