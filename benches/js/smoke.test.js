/** The benchmark still runs and its tables are right: one round on tiny states, without peers to install. No time is judged. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FAMILIES, makeState, unitsFor } from './families.js';
import { floors } from './floors.js';
import { CASES } from './fold-cases.js';
import { batches, byStream, countLines, first, loansLog, ordersLog } from './fold-logs.js';
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

test('every log is folded, in whole, and its beginning by those that copy', () => {
  for (const [name, { spread }] of Object.entries(CASES)) {
    for (const side of ['snapfold', 'snapfold, decoded', 'JSON.parse + Map', 'JSON.parse alone'])
      assert.ok(results.of('fold', { name, part: 'all', side })[0]?.ms > 0, `${name} ${side}`);
    const copied = results.of('fold', { name, part: 'beginning', side: 'JSON.parse + spread' });
    assert.deepEqual(
      copied.map(({ events }) => events),
      spread === undefined ? [] : [100],
      name,
    );
  }
});

test('logs are cut where events end', () => {
  const log = ordersLog(50);
  const parts = [...batches(log, 20)];
  assert.deepEqual(
    parts.map((part) => countLines([part])),
    [20, 20, 10],
  );
  assert.deepEqual(Buffer.concat(parts), log);
  assert.deepEqual(
    first(parts, 30).map((part) => countLines([part])),
    [20, 10],
  );
});

test('loan applications that are made up are streams of their own, too', () => {
  const streams = byStream(loansLog(2_000));
  assert.ok(streams.length > 50);
  for (const lines of streams) {
    const positions = eventsOf(lines).map(({ position }) => position);
    assert.deepEqual(
      positions,
      positions.map((_, index) => index + 1),
    );
  }
});

test(
  'memory is measured where the kernel tells the peak',
  { skip: process.platform !== 'linux' && 'not Linux' },
  () => {
    const [{ growth, wasm }] = results.of('memory', { side: 'snapfold' });
    assert.ok(growth >= 0 && wasm > 0);
    const [folding] = results.of('fold memory');
    assert.ok(folding.growth >= 0 && folding.wasm >= folding.wasmBefore && folding.state > 0);
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
    `Folds, ${runtime}`,
    'loan applications, newest value',
    'loan applications, by stream',
    'folded in batches',
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

test('a fold has to beat the quicker of the reducers by hand', () => {
  const line = (name, side, ms) => ({ runtime: 'Node 1', kind: 'fold', name, part: 'all', side, ms });
  const made = new Results([
    ...['snapfold', 'JSON.parse + Map', 'JSON.parse of pieces + Map'].map((side, at) =>
      line('orders', side, [1, 7, 5][at]),
    ),
    ...['snapfold', 'JSON.parse + Map', 'JSON.parse of pieces + Map'].map((side, at) =>
      line('journal', side, [2, 6, 9][at]),
    ),
  ]);
  assert.deepEqual(
    floors(made).map(({ what, cells }) => [what, cells.any.value, cells.any.met, cells.any.note]),
    [
      ['rules, orders: against a reducer by hand', 5, true, 'JSON.parse of pieces + Map'],
      ['journal: against a reducer by hand', 3, false, 'JSON.parse + Map'],
    ],
  );
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

function eventsOf(lines) {
  return lines
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
