/** Every option with values that make no sense: refused where it is given, naming the option. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allOf,
  anyOf,
  defineSnapshots,
  everyBytes,
  everyElapsed,
  everyEvents,
  memoryStore,
  perKind,
  seal,
  slowLoad,
  tailRatio,
  whenEvent,
  whenState,
  withJitter,
  type OpenOptions,
} from 'snapfold';
import { planPrune, planSave } from 'snapfold/plans';
import { sqliteStore } from 'snapfold/sqlite';
import { Log } from './support/log.js';

const base = { name: 'cart', version: 1, initialState: () => ({}), evolve: (state: object) => state };
const define = (changes: object) => defineSnapshots<object, object>({ ...base, ...changes });
const refused = (path: string) => ({ name: 'SnapshotError', code: 'invalidOption', path });

/** What is no positive whole number. */
const NO_COUNT = [0, -1, -0, 1.5, NaN, Infinity, 2 ** 53, '10', '', true, null, {}, [], () => 1, 10n, Symbol('ten')];
const NO_TEXT = ['', 7, null, true, {}, [], undefined];
const NO_FUNCTION = [7, 'f', {}, [], true, null, Promise.resolve()];

const TABLE: Record<string, readonly unknown[]> = {
  name: [...NO_TEXT, '\ud800', 'cart\udc00'],
  version: [...NO_COUNT, undefined, 2 ** 32],
  initialState: [...NO_FUNCTION, undefined],
  evolve: [...NO_FUNCTION, undefined],
  policy: [7, 'never', null, {}, [], { everyEvents: 5 }, everyEvents],
  mutable: [0, 1, 'yes', null, {}],
  immutable: [0, 1, 'yes', true, false, null, {}],
  migrate: [7, 'abc', null, true, () => {}, [], new Map()],
  toState: NO_FUNCTION,
  fromState: NO_FUNCTION,
  validate: NO_FUNCTION,
  positions: ['Number', 'string', 0, null, Number, BigInt],
  sequence: ['gapless', '', 1, null, true],
  firstPosition: [2, -1, '1', 1n, null, true, NaN],
  lateArrivals: ['possible', true, null, ''],
  onStoreError: ['ignore', true, null, ''],
  maxReplay: NO_COUNT,
  knows: ['added', 7, null, {}, [7], [''], [null], new Set(['added'])],
  typeOf: NO_FUNCTION,
  sizeOf: NO_FUNCTION,
  kindOf: NO_FUNCTION,
  keep: [...NO_COUNT.filter((value) => value === null || typeof value !== 'object'), 2 ** 32],
  readBack: [0, 1, 'yes', null, {}],
  maxBytes: [...NO_COUNT, '0KiB', '-1KiB', '64', '64 kib', '64KB ', 'KiB', '1e3KiB', '64 KiB KiB'],
  maxStateBytes: [...NO_COUNT, '64MIB'],
  snapshotTimeout: [...NO_COUNT, 2 ** 31, '30d', '0s', '5', '5 sec', '5S'],
  pageSize: [...NO_COUNT, '1KiB'],
  clock: NO_FUNCTION,
  development: [0, 1, 'production', null],
};

for (const [option, values] of Object.entries(TABLE)) {
  test(`definition option ${option}`, () => {
    for (const value of values) {
      assert.throws(() => define({ [option]: value }), { name: 'SnapshotError', code: 'invalidOption', path: option }, String(value));
    }
  });
}

test('rules of keep', () => {
  for (const [keep, path] of [
    [{}, 'keep.last'],
    [[], 'keep.last'],
    [{ last: 0 }, 'keep.last'],
    [{ last: 1, newest: 2 }, 'keep.newest'],
    [{ last: 1, every: '1 fortnight' }, 'keep.every'],
    [{ last: 1, every: 0 }, 'keep.every'],
  ] as const) {
    assert.throws(() => define({ keep }), refused(path));
  }
  for (const positions of [[-1], [1.5], ['x'], [null]]) {
    assert.throws(() => define({ keep: { last: 1, positions } }), { code: 'invalidPosition', path: 'keep.positions' });
  }
  define({ keep: { last: 1, positions: [1, '2', 3n], every: '30d' } });
});

test('options that do not exist are named, with those that do', () => {
  assert.throws(() => define({ polcy: everyEvents(1) }), { ...refused('defineSnapshots.polcy'), message: /policy/ });
  assert.throws(() => define({ Name: 'x' }), refused('defineSnapshots.Name'));
  for (const options of [null, undefined, 7, 'cart']) {
    assert.throws(() => defineSnapshots(options as never), refused('defineSnapshots'));
  }
});

test('an undefined option is one that was left out', () => {
  const nothing = Object.fromEntries(Object.keys(TABLE).map((option) => [option, undefined]));
  define({ ...nothing, ...base });
});

test('values at the edges are fine', () => {
  define({ version: 2 ** 32 - 1, keep: 2 ** 32 - 1, pageSize: 1, maxBytes: 1, maxStateBytes: 2 ** 53 - 1, snapshotTimeout: 2 ** 31 - 1 });
  define({ maxBytes: '64KiB', maxStateBytes: '1.5 MB', snapshotTimeout: '250ms', knows: [], migrate: {}, policy: everyEvents(2 ** 53 - 1) });
});

test('perKind needs kindOf, wherever it is in the policy', () => {
  const kinds = perKind({ workflow: everyEvents(10) }, everyEvents(100));
  for (const policy of [kinds, anyOf(everyEvents(5), kinds), allOf(kinds), withJitter(0.1, kinds), perKind({ a: anyOf(kinds) }, kinds)]) {
    assert.throws(() => define({ policy }), refused('kindOf'));
    define({ policy, kindOf: () => 'workflow' });
  }
});

test('open', async () => {
  const events = new Log<object>();
  const store = memoryStore();
  const open = (options: object | undefined) => define({}).open(options as OpenOptions<object, number>);
  await assert.rejects(open(undefined), refused('open'));
  await assert.rejects(open({ store, events, stor: store }), refused('open.stor'));
  for (const broken of [undefined, null, {}, 7]) {
    await assert.rejects(open({ store: broken, events }), { code: 'invalidOption', path: /^store(\.list)?$/ });
    await assert.rejects(open({ store, events: broken }), { code: 'invalidOption', path: /^events(\.read)?$/ });
  }
  for (const method of ['list', 'get', 'put', 'delete']) {
    await assert.rejects(open({ store: { ...memoryStore(), [method]: undefined }, events }), refused(`store.${method}`));
  }
  for (const value of [0, -1, NaN, 1.5, '64KiB', null]) {
    await assert.rejects(open({ store: { ...memoryStore(), maxValueBytes: value }, events }), refused('store.maxValueBytes'));
  }
  for (const value of ['weak', null, true]) {
    await assert.rejects(open({ store: { ...memoryStore(), listing: value }, events }), refused('store.listing'));
  }
  for (const method of ['bounds', 'row']) {
    await assert.rejects(open({ store, events: { read: () => [], [method]: 7 } }), refused(`events.${method}`));
  }
  for (const observe of [7, 'log', {}, null]) await assert.rejects(open({ store, events, observe }), refused('observe'));
});

const POLICIES: [string, (value: never) => unknown, readonly unknown[]][] = [
  ['everyEvents', everyEvents, NO_COUNT],
  ['everyBytes', everyBytes, [...NO_COUNT, '0KiB', '5h']],
  ['everyElapsed', everyElapsed, [...NO_COUNT, '0s', '64KiB']],
  ['slowLoad', slowLoad, [...NO_COUNT, '0ms', '64KiB']],
  ['tailRatio', tailRatio, [0, -1, NaN, Infinity, '1', null, undefined, {}, 1n]],
  ['whenEvent', whenEvent, ['', 7, null, undefined, {}]],
  ['whenState', whenState, [...NO_FUNCTION, undefined]],
  ['withJitter', (fraction: never) => withJitter(fraction, everyEvents(1)), [0, -0.1, 0.51, 1, NaN, '0.1', null, undefined]],
];

for (const [name, make, values] of POLICIES) {
  test(`policy ${name}`, () => {
    for (const value of values) assert.throws(() => make(value as never), refused(name), String(value));
  });
}

test('policies are made of policies, at least one', () => {
  assert.throws(() => whenEvent(), refused('whenEvent'));
  assert.throws(() => anyOf(), refused('anyOf'));
  assert.throws(() => allOf(), refused('allOf'));
  for (const value of [7, null, undefined, {}, 'never', { everyEvents: 5 }]) {
    assert.throws(() => anyOf(everyEvents(1), value as never), refused('anyOf[1]'));
    assert.throws(() => allOf(value as never), refused('allOf[0]'));
    assert.throws(() => withJitter(0.1, value as never), refused('withJitter.policy'));
    assert.throws(() => perKind({ task: value as never }, everyEvents(1)), refused('perKind.task'));
    assert.throws(() => perKind({ task: everyEvents(1) }, value as never), refused('perKind.otherwise'));
  }
  for (const kinds of [null, 7, 'task', {}]) assert.throws(() => perKind(kinds as never, everyEvents(1)), { code: 'invalidOption', path: /^perKind/ });
});

test('a hint leads from 0 to never()', () => {
  assert.throws(() => everyEvents(0), { message: /never\(\)/ });
  assert.throws(() => everyBytes(0), { message: /64KiB.*never\(\)/ });
});

test('frames, plans and stores name their options, too', async () => {
  const header = { name: 'cart', version: 1, streamId: 's', position: 1, eventCount: 1 };
  const frame = seal(header, {});
  assert.throws(() => seal(header, {}, { mediatype: 'x' } as never), refused('seal.mediatype'));
  assert.throws(() => planSave(frame, [], { kep: 1 } as never), refused('planSave.kep'));
  for (const keep of [0, -1, 1.5, NaN, 2 ** 32, 2 ** 32 + 1, '2', null]) {
    assert.throws(() => planSave(frame, [], { keep: keep as never }), refused('keep'));
    assert.throws(() => planPrune([], '', { keep: keep as never }), refused('keep'));
  }
  assert.throws(() => planSave(frame, [], { listing: 'weak' as never }), refused('listing'));
  const { default: Database } = await import('better-sqlite3');
  assert.throws(() => sqliteStore(new Database(':memory:'), { tabel: 'x' } as never), refused('sqliteStore.tabel'));
});
