/** Versions: slots of their own, a chain of migrations between them, and states that hold class instances. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defineSnapshots,
  everyEvents,
  memoryStore,
  open as openFrame,
  type DefinitionOptions,
  type ReadOptions,
  type SnapshotStore,
} from 'snapfold';
import { keys } from 'snapfold/plans';
import { assertSkipped, taken } from './support/carts.js';
import { Log } from './support/log.js';
import { bytesAt, damage, flipped, keysIn } from './support/stores.js';

interface V1 {
  readonly n: number;
}
interface V3 {
  readonly sum: bigint;
  readonly unit: string;
}

const log = new Log<number>({}, [1, 2, 3, 4]);

const first = defineSnapshots<V1, number>({
  name: 'meter',
  version: 1,
  initialState: () => ({ n: 0 }),
  evolve: ({ n }, add) => ({ n: n + add }),
});

const options: DefinitionOptions<V3, number, 'number'> = {
  name: 'meter',
  version: 3,
  initialState: () => ({ sum: 0n, unit: 'kWh' }),
  evolve: ({ sum, unit }, add) => ({ sum: sum + BigInt(add), unit }),
  migrate: {
    1: ({ n }: V1) => ({ sum: BigInt(n) }),
    2: (state: object) => ({ ...state, unit: 'kWh' }),
  },
};

const third = (changes: Partial<typeof options> = {}) => defineSnapshots<V3, number>({ ...options, ...changes });

/** A store with a snapshot of version 1 at position 4. */
async function oldStore(): Promise<SnapshotStore> {
  const store = memoryStore();
  const repo = await first.open({ store, events: log });
  taken(await repo.snapshot(await repo.load('m')));
  return store;
}

const opened = (store: SnapshotStore, changes: Partial<typeof options> = {}) =>
  third(changes).open({ store, events: log, observe: () => {} });

test('a snapshot of version 1 is led to version 3, step by step', async () => {
  const repo = await opened(await oldStore());
  const handle = await repo.load('m');
  assert.deepEqual([handle.source, handle.restoredFrom, handle.replayed], ['migrated', 4, 0]);
  assert.deepEqual(handle.state, { sum: 10n, unit: 'kWh' });
  assert.deepEqual(handle.state, (await repo.load('m', { useSnapshots: false })).state);
});

test('the tail is folded onto the migrated state', async () => {
  const longer = new Log<number>({}, [1, 2, 3, 4, 5]);
  const repo = await third().open({ store: await oldStore(), events: longer });
  const handle = await repo.load('m');
  assert.deepEqual([handle.state.sum, handle.replayed, handle.eventCount], [15n, 1, 5]);
});

test('a migrated snapshot leads to a new one as soon as the policy looks at the whole stream', async () => {
  const store = await oldStore();
  const repo = await opened(store, { policy: everyEvents(4) });
  const { key, handle } = taken(await repo.maybeSnapshot(await repo.load('m')));
  assert.equal(key, keys.snapshot('meter', 'm', 3, 4));
  assertSkipped(await repo.maybeSnapshot(handle), 'notDue');
  assert.equal((await repo.load('m')).source, 'snapshot');
  assert.ok((await keysIn(store, 'meter/')).includes(keys.snapshot('meter', 'm', 1, 4)), 'the old slot is left alone');
});

test('a snapshot of the own version goes before any that must be migrated', async () => {
  const store = await oldStore();
  const short = { read: (_id: string, asked: ReadOptions) => log.page(asked).filter(({ position }) => Number(position) <= 2) };
  const early = await third().open({ store, events: short });
  taken(await early.snapshot(await early.load('m', { useSnapshots: false })));
  const handle = await (await opened(store)).load('m');
  assert.deepEqual([handle.source, handle.restoredFrom], ['snapshot', 2]);
});

test('a newer slot goes before an older one', async () => {
  const store = await oldStore();
  const second = defineSnapshots<{ sum: bigint }, number>({
    name: 'meter',
    version: 2,
    initialState: () => ({ sum: 0n }),
    evolve: ({ sum }, add) => ({ sum: sum + BigInt(add) }),
  });
  const repo = await second.open({ store, events: log });
  taken(await repo.snapshot(await repo.load('m')));
  const seen: string[] = [];
  const watched = await opened(store, {
    migrate: { 1: () => assert.fail('version 2 is there'), 2: (state: object) => (seen.push('2'), { ...state, unit: 'kWh' }) },
  });
  assert.equal((await watched.load('m')).source, 'migrated');
  assert.deepEqual(seen, ['2']);
});

test('without a migration the log is replayed', async () => {
  const handle = await (await opened(await oldStore(), { migrate: {} })).load('m');
  assert.deepEqual([handle.source, handle.rejected], ['replay', []]);
  assert.equal(handle.state.sum, 10n);
});

test('a chain with a gap, or beyond the version, is refused when it is defined', () => {
  const step = (state: object): object => state;
  const refused: [Record<number, any>, string][] = [
    [{ 1: step }, 'migrate[2]'],
    [{ 3: step }, 'migrate[3]'],
    [{ 1: step, 2: step, 4: step }, 'migrate[4]'],
    [{ 0: step, 1: step, 2: step }, 'migrate[0]'],
    [{ 1.5: step }, 'migrate[1.5]'],
    [{ 2: 'step' as never }, 'migrate[2]'],
  ];
  for (const [migrate, path] of refused) assert.throws(() => third({ migrate }), { code: 'invalidOption', path });
  third({ migrate: { 2: step } });
});

test('a migration that fails, or returns nothing, is a rejection, and the log is replayed', async () => {
  const step = (state: object) => ({ ...state, unit: 'kWh' });
  const failures = [
    () => {
      throw new Error('no way');
    },
    () => undefined,
  ];
  for (const broken of failures) {
    const handle = await (await opened(await oldStore(), { migrate: { 1: broken, 2: step } })).load('m');
    assert.deepEqual([handle.source, handle.rejected.map(({ code }) => code)], ['replay', ['migrationFailed']]);
    assert.match(handle.rejected[0]?.message ?? '', /from version 1/);
    assert.equal(handle.state.sum, 10n);
  }
});

test('a migration that returns a promise is refused, not awaited', async () => {
  const migrate = { 1: async ({ n }: V1) => ({ sum: BigInt(n) }), 2: (state: object) => state };
  const handle = await (await opened(await oldStore(), { migrate })).load('m');
  assert.deepEqual([handle.source, handle.rejected.map(({ code }) => code)], ['replay', ['migrationFailed']]);
});

test('decode, migrate, validate, fromState: in this order, each given what the one before made', async () => {
  const calls: [string, unknown][] = [];
  const note = <T>(name: string, plain: unknown, result: T): T => {
    calls.push([name, structuredClone(plain)]);
    return result;
  };
  const store = await oldStore();
  const repo = await opened(store, {
    migrate: {
      1: (plain: V1) => note('1', plain, { sum: BigInt(plain.n) }),
      2: (plain: object) => note('2', plain, { ...plain, unit: 'kWh' }),
    },
    validate: (plain: V3) => note('validate', plain, true),
    fromState: (plain: V3) => note('fromState', plain, plain),
  });
  calls.length = 0;
  await repo.load('m');
  assert.deepEqual(calls, [
    ['1', { n: 10 }],
    ['2', { sum: 10n }],
    ['validate', { sum: 10n, unit: 'kWh' }],
    ['fromState', { sum: 10n, unit: 'kWh' }],
  ]);
  await damage(store, keys.snapshot('meter', 'm', 1, 4), (frame) => flipped(frame, frame.length - 1));
  calls.length = 0;
  await repo.load('m');
  assert.deepEqual(calls, [], 'nothing is decoded before its digest is verified');
});

class Money {
  constructor(readonly cents: bigint) {}

  plus(other: Money): Money {
    return new Money(this.cents + other.cents);
  }
}

const purse = defineSnapshots<Money, number>({
  name: 'purse',
  version: 1,
  initialState: () => new Money(0n),
  evolve: (money, cents) => money.plus(new Money(BigInt(cents))),
  toState: ({ cents }) => ({ cents }),
  fromState: ({ cents }: { cents: bigint }) => new Money(cents),
});

test('class instances travel in their plain form', async () => {
  const store = memoryStore();
  const repo = await purse.open({ store, events: log });
  const { key } = taken(await repo.snapshot(await repo.load('p')));
  assert.deepEqual(openFrame(await bytesAt(store, key)).state, { cents: 10n });
  const { state, source } = await repo.load('p');
  assert.equal(source, 'snapshot');
  assert.ok(state instanceof Money);
  assert.equal(state.plus(new Money(1n)).cents, 11n);
});

test('an initial state that could never be snapshotted is refused on open', async () => {
  const base = { name: 'purse', version: 1, evolve: (state: unknown) => state };
  const open = (initial: () => unknown, more: object = {}) =>
    defineSnapshots({ ...base, initialState: initial, ...more }).open({ store: memoryStore(), events: new Log<unknown>() });
  await assert.rejects(open(() => new Money(0n)), { code: 'unencodable', path: 'state', message: /toState/ });
  await assert.rejects(open(() => ({ a: [{ f: () => {} }] })), { code: 'unencodable', path: 'state.a[0].f' });
  await assert.rejects(open(async () => ({})), { code: 'unencodable', message: /await/ });
  await open(() => null);
});

test('a plain form that does not give the initial state back is refused on open', async () => {
  const definition = defineSnapshots<{ at: Date }>({
    name: 'clock',
    version: 1,
    initialState: () => ({ at: new Date(1_500) }),
    evolve: (state) => state,
    toState: ({ at }) => ({ at: at.toISOString() }),
    fromState: ({ at }: { at: string }) => ({ at: new Date(`${at.slice(0, 19)}Z`) }), // loses the milliseconds
  });
  const opening = definition.open({ store: memoryStore(), events: new Log<unknown>() });
  await assert.rejects(opening, { code: 'invalid', path: 'state.at', message: /initialState/ });
});
