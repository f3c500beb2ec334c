/** `immutable` of snapfold/immutable: snapshots cost what changed, and are the same bytes as ever. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defineSnapshots, memoryStore, never, open, SnapshotError, type DefinitionOptions, type Report } from 'snapfold';
import { lz4 } from 'snapfold/lz4';
import { immutable } from 'snapfold/immutable';
import { edited, exampleState, Random } from './support/edits.js';

type Options = Partial<DefinitionOptions<unknown, unknown, 'number'>>;

/** Takes a snapshot of one state after the other. */
async function snapshots(options: Options, streamId = 'stream') {
  const reports: Report[] = [];
  const frames: Uint8Array[] = [];
  const store = { ...memoryStore(), list: () => [], get: () => null, put: (_: string, frame: Uint8Array) => void frames.push(frame) };
  const repository = await defineSnapshots<unknown, unknown>({
    name: 'immutable',
    version: 1,
    initialState: () => ({}),
    evolve: (_, state) => state,
    policy: never(),
    maxBytes: '1GiB',
    clock: () => 0,
    development: false,
    readBack: false, // this store remembers nothing
    ...options,
  }).open({ store, events: { read: () => [] }, observe: (report) => reports.push(report) });
  const handles = new Map([[streamId, await repository.load(streamId)]]);
  const take = async (state: unknown, id = streamId): Promise<Uint8Array> => {
    const before = handles.get(id) ?? (await repository.load(id));
    const position = (before.position ?? 0) + 1;
    const handle = repository.apply(before, [{ position, id: `event-${position}`, event: state }]);
    handles.set(id, handle);
    const outcome = await repository.snapshot(handle);
    handles.set(id, outcome.handle);
    return frames.at(-1) as Uint8Array;
  };
  return { take, reports };
}

/** The frame, or what went wrong. */
const result = (taking: Promise<Uint8Array>): Promise<string> =>
  taking.then(
    (frame) => Buffer.from(frame).toString('latin1'),
    (error: SnapshotError) => `${error.code} at ${error.path}`,
  );

const both = async (options: Options = {}) => {
  const shared = await snapshots({ immutable, ...options });
  const full = await snapshots(options);
  return {
    reports: shared.reports,
    /** Asserts that both repositories do the same with the next state. */
    same: async (state: unknown, what?: string): Promise<void> => {
      const taken = await result(shared.take(state));
      assert.ok(taken === (await result(full.take(state))), what ?? `${taken.length} bytes`);
    },
  };
};

for (const development of [false, true]) {
  test(`every frame is that of a full encoding, whatever the edits, ${development ? 'in development' : 'in production'}`, async () => {
    let copied = 0;
    const run = fc.asyncProperty(fc.nat(), fc.array(fc.nat(), { minLength: 1, maxLength: 30 }), async (seed, edits) => {
      const { same, reports } = await both({ development });
      let state = exampleState(new Random(seed));
      await same(state, 'at first');
      for (const [index, edit] of edits.entries()) {
        state = edited(state, new Random(edit));
        await same(state, `after edit ${index}`);
        copied += 1;
      }
      assert.deepEqual(reports.filter(({ type }) => type === 'warning'), []);
    });
    await fc.assert(run, { numRuns: development ? 30 : 100 });
    assert.ok(copied > 100);
  });
}

/** Records, and how many of them were read since one asked last. */
function watched(count: number) {
  let read = 0;
  const record = (id: number) =>
    new Proxy({ id, text: `record ${id}` }, {
      ownKeys: (target) => {
        read += 1;
        return Reflect.ownKeys(target);
      },
    });
  return { record, records: Array.from({ length: count }, (_, id) => record(id)), read: () => [read, (read = 0)][0] as number };
}

test('of large moves nothing is encoded but what is new', async () => {
  const { record, records, read } = watched(50_000);
  const { take } = await snapshots({ immutable });
  const full = await snapshots({});
  /** How many records are read when `items` follow on `before`. */
  const cost = async (items: unknown[], before: unknown[] = records): Promise<number> => {
    await take({ items: before });
    await full.take({ items: before });
    read();
    const frame = await take({ items });
    const cost = read();
    assert.ok(Buffer.from(frame).equals(await full.take({ items })), 'the frames differ');
    return cost;
  };
  const few = 64;
  const shuffled = [...records].sort((a, b) => ((a.id * 7919) % 50_000) - ((b.id * 7919) % 50_000));
  assert.ok((await cost(records, [])) >= 50_000);
  assert.equal(await cost([...records]), 0);
  assert.ok((await cost([record(-1), ...records])) < few);
  assert.ok((await cost([record(-3), record(-2), record(-1), ...records])) < few);
  assert.ok((await cost(records.slice(1_000))) < few);
  assert.ok((await cost([...records.slice(1_000, 20_000), ...records.slice(20_500), record(-1), record(-2)])) < few);
  assert.ok((await cost([...records].reverse())) < few);
  assert.ok((await cost(shuffled)) < few);
  assert.ok((await cost(shuffled.map((item, index) => (index % 5_000 === 1_000 ? record(-1) : item)))) < few);
});

test('of dictionaries, Maps and nested parts nothing is encoded but what is new', async () => {
  const { record, records, read } = watched(3_000);
  const { take } = await snapshots({ immutable });
  const cost = async (state: object): Promise<number> => {
    await take(state);
    return read();
  };
  const dictionary = Object.fromEntries(records.slice(0, 1_000).map((item) => [`key ${item.id}`, item]));
  const map = new Map(records.slice(1_000, 2_000).map((item) => [item.id, item]));
  const list = records.slice(2_000);
  const state = { dictionary, deep: { map }, list, note: 1 };
  const few = 32;
  assert.ok((await cost(state)) >= 3_000);
  assert.equal(await cost({ ...state, note: 2 }), 0);
  const { 'key 3': _, ...rest } = dictionary;
  assert.ok((await cost({ first: 1, dictionary: { ...rest, 'key 20': record(-1), added: record(-2) }, list, deep: { map } })) < few);
  map.set(1_500, record(-1)).delete(1_001);
  assert.ok((await cost({ first: 1, dictionary: rest, list, deep: { map: new Map([[-1, record(-1)], ...map]) } })) < few);
});

test('what can change in place is encoded as it is now, under objects that are the same ones', async () => {
  const { same } = await both();
  const filler = Array.from({ length: 200 }, (_, id) => ({ id, text: 'some text of a record' }));
  const changing = { map: new Map([[1, { a: 1 }]]), set: new Set([1]), date: new Date(0), bytes: new Uint8Array(3), floats: new Float64Array(2), buffer: new ArrayBuffer(4) };
  const state = { filler, list: [...filler, changing, { deep: { changing } }], entries: new Map([['x', { filler, changing }]]) };
  const changes = [
    () => changing.map.set(2, { a: 2 }),
    () => changing.set.add(2),
    () => changing.date.setTime(1),
    () => changing.bytes.fill(1),
    () => changing.floats.fill(1.5),
    () => new Uint8Array(changing.buffer).fill(9),
    () => state.entries.set('y', { filler, changing }),
  ];
  await same(state);
  for (const change of changes) {
    change();
    await same(state, String(change));
  }
});

const orders = () => Array.from({ length: 300 }, (_, id) => ({ id, lines: [{ sku: `sku ${id}`, quantity: 1 }] }));

test('what was undefined and is a hole now is refused, and 0 is not −0', async () => {
  const { same } = await both();
  const filler = orders();
  await same({ filler, list: [undefined, 0, -0, 'x'.repeat(5_000)] });
  await same({ filler, list: [, 0, -0, 'x'.repeat(5_000)] });
  await same({ filler, list: [undefined, 0, -0, 'x'.repeat(5_000)] });
  await same({ filler, list: [undefined, -0, 0, 'x'.repeat(5_000)] });
  await same({ filler, list: ['first', -0, 0, 'x'.repeat(5_000)] });
  await same({ filler, list: ['first', 0, 0, 'x'.repeat(5_000)] });
});

test('in development a change in place fails the snapshot with its path, for as long as it is part of the state', async () => {
  const { take } = await snapshots({ immutable, development: true });
  const state = { orders: orders() };
  await take(state);
  (state.orders[7] as { lines: { quantity: number }[] }).lines[0]!.quantity = 2;
  await assert.rejects(take({ ...state }), { code: 'mutated', path: 'state.orders[7].lines[0].quantity' });
  await assert.rejects(take({ ...state, more: true }), { code: 'mutated' });
  const loaded = structuredClone(state); // as the log has it, say
  assert.deepEqual(open(await take(loaded)).state, loaded);
  loaded.orders.push({ id: -1, lines: [] });
  await assert.rejects(take({ ...loaded }), { code: 'mutated', path: 'state.orders[300]' });
});

test('in production one snapshot of a stream in 64 is encoded in full: it reports what diverged, and is right', async () => {
  const { take, reports } = await snapshots({ immutable });
  const state = { orders: orders(), n: 0 };
  await take(state);
  const before = structuredClone(state.orders);
  (state.orders[7] as { lines: { quantity: number }[] }).lines[0]!.quantity = 2;
  for (let n = 1; n < 64; n += 1) assert.deepEqual(open(await take({ ...state, n })).state, { orders: before, n });
  assert.deepEqual(reports.filter(({ type }) => type === 'warning'), []);
  assert.deepEqual(open(await take({ ...state, n: 64 })).state, { ...state, n: 64 });
  const warnings = reports.filter((report) => report.type === 'warning');
  assert.deepEqual(warnings.map(({ code, streamId, error }) => [code, streamId, error?.path]), [
    ['diverged', 'stream', 'state.orders[7].lines[0].quantity'],
  ]);
  assert.deepEqual(open(await take({ ...state, n: 65 })).state, { ...state, n: 65 });
  assert.equal(reports.filter(({ type }) => type === 'warning').length, 1);
});

test('a state that cannot be encoded, or is too large, is the end of what was remembered', async () => {
  const { take } = await snapshots({ immutable, maxStateBytes: '100KiB' });
  const state = { orders: orders() };
  for (const [refused, code] of [
    [{ ...state, odd: () => 1 }, 'unencodable'],
    [{ ...state, odd: [...state.orders, , 1] }, 'unencodable'],
    [{ ...state, odd: 'x'.repeat(100_000) }, 'tooLarge'],
  ] as const) {
    await take(state);
    await assert.rejects(take(refused), { code });
    state.orders[3]!.id += 1; // shows, since nothing is remembered
    assert.deepEqual(open(await take(state)).state, state);
  }
});

test('compressed, and verified when sealed', async () => {
  const { same } = await both({ compression: lz4, verifyOnSeal: true });
  const state = { orders: orders() };
  await same(state);
  await same({ orders: [...orders().slice(0, 2), ...state.orders.slice(1)] });
});

test('streams do not share what is remembered of them, and the least recent ones are forgotten beyond a bound', async () => {
  const { take } = await snapshots({ immutable, maxStateBytes: '256MiB' });
  const stateOf = (blobBytes: number) => ({ orders: orders(), blob: 'x'.repeat(blobBytes) });
  const states = new Map([['a', stateOf(20e6)], ['b', stateOf(20e6)], ['c', stateOf(30e6)], ['large', stateOf(68e6)]]);
  /** Whether a change in place does not show in the next snapshot. */
  const isRemembered = async (id: string): Promise<boolean> => {
    const state = states.get(id)!;
    state.orders[3]!.id += 1;
    const opened = open(await take({ ...state }, id), { maxStateBytes: 2 ** 30 }).state as typeof state;
    return opened.orders[3]!.id !== state.orders[3]!.id;
  };
  for (const id of ['a', 'b', 'a']) await take(states.get(id), id);
  assert.deepEqual([await isRemembered('b'), await isRemembered('a')], [true, true]);
  await take(states.get('c'), 'c'); // 70 MB are too much
  assert.deepEqual([await isRemembered('c'), await isRemembered('a'), await isRemembered('b')], [true, true, false]);
  await take(states.get('large'), 'large');
  assert.equal(await isRemembered('large'), false);
});

test('not together with mutable: true', () => {
  assert.throws(
    () => defineSnapshots({ name: 'both', version: 1, initialState: () => ({}), evolve: (state) => state, immutable, mutable: true }),
    { code: 'invalidOption', path: 'immutable' },
  );
});
