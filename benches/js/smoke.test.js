/** The benchmark still runs and its tables are right: one round on tiny states, without peers to install. No time is judged. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FAMILIES, makeState, unitsFor } from './families.js';
import { floors } from './floors.js';
import { measure } from './measure.js';
import { Results } from './results.js';
import { inserted, markdown } from './tables.js';

const main = fileURLToPath(new URL('main.js', import.meta.url));
const printed = execFileSync(process.execPath, [main, '--mode', 'smoke'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'ignore'],
});
const results = new Results(
  printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line)),
);
const [runtime] = results.runtimes;

test('every family is sealed and opened by both sides', () => {
  for (const family of Object.keys(FAMILIES)) {
    for (const work of ['seal', 'open']) {
      for (const side of ['snapfold', 'JSON'])
        assert.ok(results.ms(runtime, work, family, '2 KB', side) > 0, `${work} ${family} ${side}`);
    }
  }
});

test('decisions are measured', () => {
  assert.ok(results.of('decide', { read: 'take' }).length > 0);
});

test(
  'memory is measured where the kernel tells the peak',
  { skip: process.platform !== 'linux' && 'not Linux' },
  () => {
    const [{ growth, wasm }] = results.of('memory', { side: 'snapfold' });
    assert.ok(growth >= 0 && wasm > 0);
  },
);

test('the tables name what was measured', () => {
  const text = markdown(results, 'a machine');
  for (const words of [
    'a machine',
    `Floors, ${runtime}`,
    `Seal, ${runtime}`,
    `Open, ${runtime}`,
    'smallDictionaries',
    'decide',
  ]) {
    assert.ok(text.includes(words), words);
  }
});

test('states are the same every time and about as large as asked', () => {
  for (const family of Object.keys(FAMILIES)) {
    const units = unitsFor(family, 200_000);
    const text = JSON.stringify(makeState(family, units));
    assert.equal(JSON.stringify(makeState(family, units)), text, family);
    const share = Buffer.byteLength(text) / 200_000;
    assert.ok(share > 0.85 && share < 1.15, `${family} is ${share} of what was asked`);
  }
});

test('a floor is met by the quickest peer that it names, on the mean of all families', () => {
  const line = (family, side, ms) => ({
    runtime: 'Node 1',
    kind: 'time',
    work: 'seal',
    family,
    size: '1 MB',
    side,
    ms,
  });
  const made = new Results([
    ...['snapfold', 'JSON', 'JSON, TextEncoder'].map((side, index) => line('records', side, [1, 4, 2][index])),
    ...['snapfold', 'JSON', 'JSON, TextEncoder'].map((side, index) => line('text', side, [4, 2, 3][index])),
  ]);
  const rows = floors(made).map(({ what, cells }) => [what, cells['1 MB']]);
  assert.deepEqual(rows, [
    ['seal against JSON + SHA-256: mean', { value: 1, unit: '×', met: false, note: undefined }],
    ['seal against JSON + SHA-256: records', { value: 2, unit: '×', met: true, note: undefined }],
    ['seal against JSON + SHA-256: worst family', { value: 0.5, unit: '×', met: false, note: 'text' }],
  ]);
});

test('measuring takes every task in every round', () => {
  globalThis.gc ??= () => {};
  const order = [];
  const task = (name) => ({ name, run: () => order.push(name) });
  const measured = measure([task('a'), task('b')], { rounds: 3, batchMs: 0 });
  assert.deepEqual(order, ['a', 'b', 'b', 'a', 'a', 'b']);
  assert.deepEqual(
    measured.map(({ name, ms }) => [name, ms >= 0]),
    [
      ['a', true],
      ['b', true],
    ],
  );
});

test('tables replace what is between the markers of a document, and nothing else', () => {
  const document = 'before\n<!-- results: begin -->\nold\n<!-- results: end -->\nafter\n';
  const once = inserted(document, 'new');
  assert.equal(once, 'before\n<!-- results: begin -->\n\nnew\n\n<!-- results: end -->\nafter\n');
  assert.equal(inserted(once, 'new'), once);
  assert.throws(() => inserted('no markers', 'new'), /results: begin/);
});
