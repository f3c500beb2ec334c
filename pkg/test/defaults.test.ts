/** docs/defaults.md against the package: the table, the constants, and what a definition without options does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DEFAULTS, defineSnapshots, encode, everyEvents, memoryStore, type DefinitionOptions, type ReadOptions, type SnapshotStore } from 'snapfold';
import { assertSkipped, taken } from './support/carts.js';
import { Log } from './support/log.js';
import { intercepted, keysIn } from './support/stores.js';

const document = readFileSync(new URL('../../docs/defaults.md', import.meta.url), 'utf8');
const ROW = /^\| `(\w+)` \|([^|]+)\|([^|]*)\|([^|]+)\|$/gm;
const rows = new Map(
  [...document.matchAll(ROW)].map(([, option = '', value = '', unit = '', applies = '']) => [
    option,
    { value: value.trim(), unit: unit.trim(), applies },
  ]),
);

const shown = (value: unknown): string => (typeof value === 'number' ? grouped(value) : `\`${String(value)}\``);
const grouped = (value: number): string => `${value}`.replace(/\B(?=(\d{3})+$)/g, ',');

test('the table shows every constant with its value', () => {
  const { everyEvents: events, ...rest } = DEFAULTS;
  const expected = Object.entries(rest).map(([option, value]) => [option, shown(value)]);
  assert.deepEqual(Object.fromEntries([...rows].map(([option, { value }]) => [option, value])), {
    policy: `\`everyEvents(${events})\``,
    ...Object.fromEntries(expected),
  });
});

test('every row says where it applies, every number has its unit', () => {
  for (const [option, { value, unit, applies }] of rows) {
    assert.ok(applies.length > 10, option);
    if (/\d/.test(value)) assert.ok(unit.length > 0, option);
  }
});

type Options = Partial<DefinitionOptions<{ n: number; blob?: Uint8Array }, number, 'number'>>;

const counting = (options: Options = {}) =>
  defineSnapshots<{ n: number; blob?: Uint8Array }, number>({
    name: 'counter',
    version: 1,
    initialState: () => ({ n: 0 }),
    evolve: ({ n }) => ({ n: n + 1 }),
    ...options,
  });

const opened = async (options: Options = {}, store: SnapshotStore = memoryStore()) => {
  const log = new Log<number>();
  const repo = await counting(options).open({ store, events: log, observe: () => {} });
  return { log, store, repo, handle: await repo.load('c') };
};

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

test('policy: every 100 events', async () => {
  const { repo, handle } = await opened();
  const before = repo.apply(handle, ones(99), { through: 99 });
  assertSkipped(await repo.maybeSnapshot(before), 'notDue');
  taken(await repo.maybeSnapshot(repo.apply(before, [1], { through: 100 })));
});

test('keep: the newest 2', async () => {
  const { repo, store, handle } = await opened({ policy: everyEvents(1) });
  let current = handle;
  for (let position = 1; position <= 4; position += 1) {
    current = taken(await repo.maybeSnapshot(repo.apply(current, [1], { through: position }))).handle;
  }
  assert.equal((await keysIn(store, 'counter/')).length, 2);
});

test('sequence, firstPosition and positions: contiguous from 1, numbers', async () => {
  const { repo, handle } = await opened();
  assert.throws(() => repo.apply(handle, { position: 2, event: 1 }), { code: 'gap' });
  assert.throws(() => repo.apply(handle, { position: 0, event: 1 }), { code: 'outOfOrder' });
  assert.equal(repo.apply(handle, { position: 1n, event: 1 }).position, 1);
});

test('pageSize: 1,000 events are asked for', async () => {
  const asked: ReadOptions[] = [];
  const events = {
    read: (_id: string, options: ReadOptions) => {
      asked.push(options);
      return [];
    },
  };
  await (await counting().open({ store: memoryStore(), events })).load('c');
  assert.deepEqual(asked, [{ from: 0, limit: 1_000 }]);
});

test('maxBytes: a frame of 1,000,000 bytes is written, one of a byte more is not', async () => {
  const blobs = (size: number): Options => ({ policy: everyEvents(1), evolve: ({ n }) => ({ n: n + 1, blob: new Uint8Array(size) }) });
  const attempt = async (size: number) => {
    const { repo, handle } = await opened({ ...blobs(size), clock: () => 0 });
    return repo.maybeSnapshot(repo.apply(handle, { position: 1, id: 'one', event: 1 }));
  };
  const { bytes } = taken(await attempt(900_000));
  const fitting = taken(await attempt(900_000 + 1_000_000 - bytes));
  assert.equal(fitting.bytes, 1_000_000);
  assertSkipped(await attempt(900_000 + 1_000_001 - bytes), 'tooLarge');
});

test('maxStateBytes: 64 MiB of state', async () => {
  let size = 0;
  const { repo, handle } = await opened({ maxBytes: '1GiB', evolve: () => ({ n: 1, blob: new Uint8Array(size) }), development: false });
  const around = encode({ n: 1, blob: new Uint8Array(65_536) }).length - 65_536;
  size = 64 * 2 ** 20 - around;
  const largest = await repo.snapshot(repo.apply(handle, { position: 1, id: 'one', event: 1 }));
  taken(largest);
  size += 1;
  await assert.rejects(repo.snapshot(repo.apply(largest.handle, { position: 2, id: 'two', event: 1 })), { code: 'tooLarge', message: /67108864/ });
});

test('snapshotTimeout: the timer is set to 5,000 ms', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const signals: AbortSignal[] = [];
  const store = intercepted(memoryStore(), (op, carryOut, args) => {
    if (op === 'list') signals.push((args[1] as { signal: AbortSignal }).signal);
    return op === 'list' ? new Promise(() => {}) : carryOut();
  });
  const events = new Log<number>();
  const repo = await counting().open({ store, events, observe: () => {} });
  const loading = repo.load('c');
  await Promise.resolve();
  t.mock.timers.tick(4_999);
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false]);
  t.mock.timers.tick(1);
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true]);
  assert.equal((await loading).rejected[0]?.code, 'unreadable');
});

test('clock: Date.now', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_234_567_890 });
  const metas: { takenAt: number }[] = [];
  const store = intercepted(memoryStore(), (op, carryOut, args) => {
    if (op === 'put') metas.push(args[2] as { takenAt: number });
    return carryOut();
  });
  const { repo, handle } = await opened({}, store);
  taken(await repo.snapshot(repo.apply(handle, [1], { through: 1 })));
  assert.equal(metas[0]?.takenAt, 1_234_567_890);
});
