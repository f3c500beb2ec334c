/** The law: whatever happened to store and process, a load equals the full replay byte for byte, or throws a typed error. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import {
  allOf,
  anyOf,
  defineSnapshots,
  everyBytes,
  everyEvents,
  memoryStore,
  SnapshotError,
  tailRatio,
  whenEvent,
  whenState,
  withJitter,
  type Definition,
  type EventRow,
  type EventSource,
  type Handle,
  type Policy,
  type SnapshotStore,
} from 'snapfold';
import { assertState } from './support/carts.js';
import { BoundedLog, Log, StreamingLog } from './support/log.js';
import { bytesAt, failing, keysIn } from './support/stores.js';

const RUNS = { numRuns: 150, seed: 20_260_203 };

/** States of every kind of value that a snapshot must bring back as it was. */
interface State {
  readonly log: readonly unknown[];
  readonly last: ReadonlyMap<unknown, unknown>;
  readonly kinds: ReadonlySet<string>;
  readonly weight: bigint;
}

interface Event {
  readonly type: string;
  readonly value: unknown;
}

const evolve = (state: State, { type, value }: Event): State => ({
  log: [...state.log.slice(-5), value],
  last: new Map(state.last).set(type, value),
  kinds: new Set(state.kinds).add(type),
  weight: state.weight * 3n + BigInt(type.length),
});

type Law = Definition<State, Event, number>;

const definition = (policy: Policy<State>, options: { keep: number; pageSize: number; sparse: boolean }): Law =>
  defineSnapshots<State, Event>({
    name: 'law',
    version: 1,
    initialState: () => ({ log: [], last: new Map(), kinds: new Set(), weight: 0n }),
    evolve,
    policy,
    keep: options.keep,
    pageSize: options.pageSize,
    clock: () => 0,
    ...(options.sparse ? { sequence: 'sparse' as const } : {}),
  });

const value = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.bigInt(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(undefined, null, true, -0, NaN, '\ud800'),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 8 }),
  fc.dictionary(fc.string(), fc.integer(), { maxKeys: 3, noNullPrototype: true }),
);
const event: fc.Arbitrary<Event> = fc.record({ type: fc.constantFrom('a', 'bb', 'ccc'), value });
const events = fc.array(event, { minLength: 1, maxLength: 40 });

const leaf: fc.Arbitrary<Policy<State>> = fc.oneof(
  fc.integer({ min: 1, max: 9 }).map((count): Policy<State> => everyEvents(count)),
  fc.integer({ min: 1, max: 200 }).map((bytes): Policy<State> => everyBytes(bytes)),
  fc.double({ min: 0.1, max: 3, noNaN: true }).map((ratio): Policy<State> => tailRatio(ratio)),
  fc.constant<Policy<State>>(whenEvent('ccc')),
  fc.constant(whenState<State>(({ weight }) => weight % 2n === 0n)),
);
const policy: fc.Arbitrary<Policy<State>> = fc.oneof(
  leaf,
  fc.tuple(leaf, leaf).map(([one, other]) => anyOf(one, other)),
  fc.tuple(leaf, leaf).map(([one, other]) => allOf(one, other)),
  leaf.map((inner) => withJitter(0.5, inner)),
);

/** What a process does: loads, then appends and folds batch by batch, trying a snapshot after each. */
async function live(made: Law, store: SnapshotStore, log: Log<Event>, added: readonly Event[], batch: number): Promise<void> {
  const repo = await made.open({ store, events: log, observe: () => {} });
  let { handle } = await repo.maybeSnapshot(await repo.load('s'));
  for (let index = 0; index < added.length; index += batch) {
    const rows = log.append(...added.slice(index, index + batch));
    handle = (await repo.maybeSnapshot(repo.apply(handle, rows))).handle;
  }
}

/** Loads that a snapshot shortened; a law that no snapshot ever entered would prove nothing. */
let restored = 0;

/** The handle equals the full replay in all that it shows. */
async function assertLaw(made: Law, store: SnapshotStore, source: EventSource<Event>): Promise<Handle<State, number>> {
  const repo = await made.open({ store, events: source, observe: () => {} });
  const replay = await repo.load('s', { useSnapshots: false });
  const handle = await repo.load('s');
  if (handle.source === 'snapshot') restored += 1;
  assertState(handle.state, replay.state);
  assert.deepEqual([handle.position, handle.eventCount], [replay.position, replay.eventCount]);
  const refreshed = await repo.refresh(handle);
  assertState(refreshed.state, replay.state);
  return handle;
}

const shape = fc.record({
  events,
  policy,
  batch: fc.integer({ min: 1, max: 7 }),
  pageRows: fc.integer({ min: 1, max: 9 }),
  pageSize: fc.integer({ min: 1, max: 9 }),
  keep: fc.integer({ min: 1, max: 4 }),
  ids: fc.boolean(),
  kind: fc.constantFrom('pages', 'stream', 'sparse'),
});

function logOf({ kind, pageRows, ids }: { kind: string; pageRows: number; ids: boolean }): Log<Event> {
  if (kind === 'stream') return new StreamingLog<Event>({ ids });
  return kind === 'sparse' ? new BoundedLog<Event>({ pageRows, ids, first: 5, step: 3 }) : new Log<Event>({ pageRows, ids });
}

after(() => assert.ok(restored > 500, `only ${restored} loads used a snapshot`));

test('snapshot and tail equal the full replay, at every position', async () => {
  await fc.assert(
    fc.asyncProperty(shape, async (world) => {
      const log = logOf(world);
      const store = memoryStore();
      const made = definition(world.policy, { ...world, sparse: world.kind === 'sparse' });
      await live(made, store, log, world.events, world.batch);
      await assertLaw(made, store, log);
      const repo = await made.open({ store, events: log, observe: () => {} });
      for (const { position, event: _event } of log.rows.slice(0, 6)) {
        const past = await repo.load('s', { at: position });
        assertState(past.state, (await repo.load('s', { at: position, useSnapshots: false })).state);
        assert.equal(past.position, position);
      }
    }),
    RUNS,
  );
});

test('a process that is cut off after any number of store operations leaves nothing wrong behind', async () => {
  await fc.assert(
    fc.asyncProperty(shape, fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 4 }), async (world, cuts) => {
      const log = logOf(world);
      const store = memoryStore();
      const made = definition(world.policy, { ...world, sparse: world.kind === 'sparse' });
      const share = Math.ceil(world.events.length / cuts.length);
      for (const [index, cut] of cuts.entries()) {
        let left = cut;
        const added = world.events.slice(index * share, (index + 1) * share);
        await live(made, failing(store, () => (left -= 1) < 0), log, added, world.batch);
        await assertLaw(made, store, log);
      }
    }),
    RUNS,
  );
});

test('bytes that were changed, cut, swapped or copied elsewhere never lead to another state', async () => {
  const damage = fc.record({
    which: fc.nat(),
    how: fc.constantFrom('flip', 'cut', 'extend', 'swap', 'zero'),
    where: fc.nat(),
    bit: fc.integer({ min: 0, max: 7 }),
  });
  await fc.assert(
    fc.asyncProperty(shape, fc.array(damage, { minLength: 1, maxLength: 6 }), async (world, blows) => {
      const log = logOf(world);
      const store = memoryStore();
      const made = definition(world.policy, { ...world, sparse: world.kind === 'sparse' });
      await live(made, store, log, world.events, world.batch);
      const keys = await keysIn(store, '');
      for (const { which, how, where, bit } of keys.length === 0 ? [] : blows) {
        const key = keys[which % keys.length] as string;
        const frame = await bytesAt(store, key);
        const at = where % (frame.length + 1);
        if (how === 'swap') await store.put(key, await bytesAt(store, keys[where % keys.length] as string));
        if (how === 'cut') await store.put(key, frame.slice(0, at));
        if (how === 'extend') await store.put(key, Uint8Array.from([...frame, where % 256]));
        if (how === 'zero') await store.put(key, frame.fill(0, at));
        if (how === 'flip') await store.put(key, frame.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte)));
      }
      await assertLaw(made, store, log);
      await live(made, store, log, [], world.batch);
      await assertLaw(made, store, log);
    }),
    RUNS,
  );
});

test('a log that was restored and went on differently, or grew late events, is always right', async () => {
  await fc.assert(
    fc.asyncProperty(shape, events, fc.nat(), async (world, others, cut) => {
      const log = logOf(world);
      const store = memoryStore();
      const made = definition(world.policy, { ...world, sparse: world.kind === 'sparse' });
      await live(made, store, log, world.events, world.batch);
      const kept = cut % (world.events.length + 1);
      log.restoreTo(kept === 0 ? 0 : Number((log.rows[kept - 1] as EventRow<Event>).position));
      log.append(...others);
      // Without ids a history that repeats itself event for event up to the anchor is, to all that anybody knows, the same.
      const same = !world.ids && others.some((other, index) => sameEvent(other, world.events[kept + index]));
      if (same) return;
      if (world.kind === 'sparse') log.insert(4, { type: 'late', value: 1 });
      await assertLaw(made, store, log);
      await live(made, store, log, [], world.batch);
      await assertLaw(made, store, log);
    }),
    RUNS,
  );
});

function sameEvent(one: Event, other: Event | undefined): boolean {
  return JSON.stringify(one, loose) === JSON.stringify(other, loose);
}

const loose = (_key: string, value: unknown): unknown => (typeof value === 'bigint' || value instanceof Uint8Array ? `${value}` : value);

test('a pruned log is continued exactly, or a typed error says that it cannot be', async () => {
  await fc.assert(
    fc.asyncProperty(shape, fc.nat(), fc.boolean(), async (world, cut, damaged) => {
      const sparse = world.kind === 'sparse';
      const log = new BoundedLog<Event>({ pageRows: world.pageRows, ...(sparse ? { first: 5, step: 3 } : {}) });
      const store = memoryStore();
      const made = definition(world.policy, { ...world, sparse });
      await live(made, store, log, world.events, world.batch);
      const whole = await made.open({ store, events: log, observe: () => {} });
      const { state, position } = await whole.load('s', { useSnapshots: false });
      log.truncate(Number((log.rows[cut % log.rows.length] as EventRow<Event>).position));
      const [newest] = await keysIn(store, 'law/s/s/');
      if (damaged && newest !== undefined) await store.put(newest, new Uint8Array(50));
      const repo = await made.open({ store, events: log, observe: () => {} });
      try {
        const handle = await repo.load('s');
        assertState(handle.state, state);
        assert.equal(handle.position, position);
      } catch (error) {
        if (!SnapshotError.is(error)) throw error;
        assert.equal(error.code, 'historyUnavailable');
      }
    }),
    RUNS,
  );
});

test('two processes that write at once leave one truth', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), shape, async (scheduler, world) => {
      const store = memoryStore();
      const made = definition(world.policy, { ...world, sparse: world.kind === 'sparse' });
      const slow = (name: string): SnapshotStore => ({
        list: (prefix, options) => scheduler.schedule(Promise.resolve(), `${name} list`).then(() => store.list(prefix, options)),
        get: (key) => scheduler.schedule(Promise.resolve(), `${name} get`).then(() => store.get(key)),
        put: (key, bytes) => scheduler.schedule(Promise.resolve(), `${name} put`).then(() => store.put(key, bytes)),
        delete: (keys) => scheduler.schedule(Promise.resolve(), `${name} delete`).then(() => store.delete(keys)),
      });
      const log = logOf(world);
      const repos = await Promise.all(['one', 'two'].map((name) => made.open({ store: slow(name), events: log, observe: () => {} })));
      const started = Promise.all(repos.map(async (repo) => ({ repo, handle: await repo.load('s') })));
      await scheduler.waitFor(started);
      const rows = log.append(...world.events);
      const folding = (await started).map(async ({ repo, handle }) => {
        let last = handle;
        for (let index = 0; index < rows.length; index += world.batch) {
          last = (await repo.maybeSnapshot(repo.apply(last, rows.slice(index, index + world.batch)))).handle;
        }
        assertState((await repo.load('s')).state, last.state);
      });
      await scheduler.waitFor(Promise.all(folding));
      await assertLaw(made, store, log);
    }),
    { ...RUNS, numRuns: 60 },
  );
});
