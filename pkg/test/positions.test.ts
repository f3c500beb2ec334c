/** Positions: checked, never rounded, of one type per definition; null and 0 are different things. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSnapshots, everyEvents, memoryStore, type EventRow, type PositionInput, type Repository } from 'snapfold';
import { event, events, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';

const SAFE = 2 ** 53 - 1;
const MAX = 2n ** 64n - 1n;

interface Sum {
  readonly sum: number;
}

const sums = { name: 'sum', version: 1, initialState: () => ({ sum: 0 }), evolve: ({ sum }: Sum, add: number) => ({ sum: sum + add }) };
const sparse = { sequence: 'sparse', lateArrivals: 'impossible', policy: everyEvents(1) } as const;

/** A log of rows as they are, whatever their positions. */
const rows = (list: EventRow<number>[]) => ({
  history: 'complete' as const,
  read: (_id: string, { from }: { from?: number | bigint }) =>
    list.filter(({ position }) => from === undefined || BigInt(position as string) >= BigInt(from)),
});

const numbered = (list: EventRow<number>[]): Promise<Repository<Sum, number, number>> =>
  defineSnapshots<Sum, number>({ ...sums, ...sparse }).open({ store: memoryStore(), events: rows(list) });

const bigs = (list: EventRow<number>[]): Promise<Repository<Sum, number, bigint>> =>
  defineSnapshots<Sum, number>({ ...sums, ...sparse, positions: 'bigint' }).open({ store: memoryStore(), events: rows(list) });

test('nothing folded is null; 0 is a position', async () => {
  const repo = await open({ store: memoryStore(), events: new Log<CartEvent>({ first: 0 }, events(1)) }, { firstPosition: 0 });
  const cart = await repo.load('cart-42');
  assert.deepEqual([cart.position, cart.eventCount], [0, 1]);
  const { position } = taken(await repo.snapshot(cart));
  assert.equal(position, 0);
  const again = await repo.load('cart-42');
  assert.deepEqual([again.source, again.restoredFrom, again.position, again.replayed], ['snapshot', 0, 0, 0]);
  const empty = await open({ store: memoryStore(), events: new Log<CartEvent>() });
  assert.equal((await empty.load('cart-42')).position, null);
});

test('a log that begins elsewhere than the definition says is refused', async () => {
  const from0 = await open({ store: memoryStore(), events: new Log<CartEvent>({ first: 0 }, events(3)) });
  await assert.rejects(from0.load('cart-42'), { code: 'invalidPosition', position: 0, message: /firstPosition: 0/ });
  const from1 = await open({ store: memoryStore(), events: new Log<CartEvent>({ first: 1 }, events(3)) }, { firstPosition: 0 });
  await assert.rejects(from1.load('cart-42'), { code: 'historyUnavailable' });
});

test('the first row that is applied must be the first of the stream', async () => {
  const one = await open({ store: memoryStore(), events: new Log<CartEvent>() });
  const fresh = await one.load('cart-42');
  assert.throws(() => one.apply(fresh, { position: 0, event: event('a') }), { code: 'outOfOrder', position: 0 });
  assert.throws(() => one.apply(fresh, { position: 2, event: event('a') }), { code: 'gap', position: 2 });
  assert.equal(one.apply(fresh, { position: 1, event: event('a') }).position, 1);
});

const ACCEPTED: [PositionInput, number, bigint][] = [
  [7, 7, 7n],
  [7n, 7, 7n],
  ['7', 7, 7n],
  ['0', 0, 0n],
  [-0, 0, 0n],
  [SAFE, SAFE, BigInt(SAFE)],
  [BigInt(SAFE), SAFE, BigInt(SAFE)],
  ['9007199254740991', SAFE, BigInt(SAFE)],
];

for (const [input, number, big] of ACCEPTED) {
  test(`position ${typeof input} ${String(input)} in both kinds of definition`, async () => {
    const small = await (await numbered([{ position: input, event: 1 }])).load('s');
    assert.ok(Object.is(small.position, number));
    const large = await (await bigs([{ position: input, event: 1 }])).load('s');
    assert.equal(large.position, big);
  });
}

test('beyond 2^53 − 1 only bigint positions will do', async () => {
  for (const position of [2n ** 53n, '9007199254740992', '9007199254740993', MAX]) {
    const repo = await numbered([{ position, event: 1 }]);
    await assert.rejects(repo.load('s'), { code: 'invalidPosition', path: 'row.position', message: /positions: 'bigint'/ });
    const handle = await (await bigs([{ position, event: 1 }])).load('s');
    assert.equal(handle.position, BigInt(position));
  }
});

const REFUSED = [
  ...[-1, 1.5, NaN, Infinity, 2 ** 53, -1n, MAX + 1n],
  ...['', '-1', '+1', '007', '1.0', '1e3', ' 1', '0x1', '18446744073709551616'],
  ...[null, undefined, true, {}, [1]],
];

for (const input of REFUSED) {
  test(`no position: ${typeof input} ${typeof input === 'bigint' ? input : JSON.stringify(input)}`, async () => {
    const list = { history: 'complete' as const, read: () => [{ position: input, event: 1 }] as EventRow<number>[] };
    const one = await defineSnapshots<Sum, number>({ ...sums, ...sparse }).open({ store: memoryStore(), events: list });
    await assert.rejects(one.load('s'), { code: 'invalidPosition', path: 'row.position' });
    const many = await defineSnapshots<Sum, number>({ ...sums, ...sparse, positions: 'bigint' }).open({ store: memoryStore(), events: list });
    await assert.rejects(many.load('s'), { code: 'invalidPosition', path: 'row.position' });
    if (input === undefined || input === null) return;
    await assert.rejects((await numbered([])).load('s', { at: input as never }), { code: 'invalidPosition', path: 'load.at' });
  });
}

test('snapshots lie at every position up to 2^64 − 1, and are found again', async () => {
  for (const position of [0n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, MAX - 1n, MAX]) {
    const repo = await bigs([{ position, event: 5 }]);
    taken(await repo.snapshot(await repo.load('s')));
    const again = await repo.load('s');
    assert.deepEqual([again.source, again.restoredFrom, again.position], ['snapshot', position, position]);
    const { position: past, historical } = await repo.load('s', { at: position });
    assert.deepEqual([past, historical], [position, true]);
  }
});

test('a number definition goes up to 2^53 − 1 and not beyond', async () => {
  const repo = await numbered([{ position: SAFE, event: 1 }]);
  taken(await repo.snapshot(await repo.load('s')));
  const handle = await repo.load('s');
  assert.deepEqual([handle.source, handle.position], ['snapshot', SAFE]);
  assert.throws(() => repo.apply(handle, { position: 2n ** 53n, event: 1 }), { code: 'invalidPosition' });
});

test('a contiguous stream at the last position goes no further', async () => {
  const definition = defineSnapshots<Sum, number>({ ...sums, positions: 'bigint' });
  const log = rows([{ position: 1, event: 1 }]);
  const repo = await definition.open({ store: memoryStore(), events: log });
  const handle = repo.apply(await repo.load('s'), [2], { through: 2n });
  assert.equal(handle.position, 2n);
  assert.throws(() => repo.apply(handle, [3], { through: MAX + 1n }), { code: 'invalidPosition' });
});

test('the log is asked in the definition’s own type of position', async () => {
  for (const [kind, type] of [['number', 'number'], ['bigint', 'bigint']] as const) {
    const asked: unknown[] = [];
    const events = {
      history: 'complete' as const,
      read: (_id: string, { from }: { from?: number | bigint }) => {
        if (from !== undefined) asked.push(from);
        return from === undefined ? [{ position: '3', event: 1 }] : [];
      },
    };
    const repo =
      kind === 'number' ?
        await defineSnapshots<Sum, number>({ ...sums, ...sparse }).open({ store: memoryStore(), events })
      : await defineSnapshots<Sum, number>({ ...sums, ...sparse, positions: 'bigint' }).open({ store: memoryStore(), events });
    await repo.load('s');
    assert.deepEqual(asked.map((from) => typeof from), [type]);
  }
});

test('a snapshot at a position that the definition cannot express is passed over', async () => {
  const store = memoryStore();
  const list: EventRow<number>[] = [{ position: 1, event: 1 }];
  const wide = await defineSnapshots<Sum, number>({ ...sums, ...sparse, positions: 'bigint' }).open({
    store,
    events: rows([...list, { position: MAX, event: 2 }]),
  });
  taken(await wide.snapshot(await wide.load('s')));
  const narrow = await defineSnapshots<Sum, number>({ ...sums, ...sparse }).open({ store, events: rows(list), observe: () => {} });
  const handle = await narrow.load('s');
  assert.deepEqual([handle.source, handle.position, handle.state.sum], ['replay', 1, 1]);
  assert.deepEqual(handle.rejected.map(({ code }) => code), ['invalidPosition']);
});
