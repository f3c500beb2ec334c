/** `historyCommitment` of snapfold/commitment: snapshots commit to the events they were folded of. What tests/repository/commitments.rs shows of Rust. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { defineSnapshots, encode, inspect, memoryStore, never, type EventRow, type Handle, type Position, type Report, type Repository, type SnapshotStore } from 'snapfold';
import { auditEvery } from 'snapfold/audit';
import { historyCommitment } from 'snapfold/commitment';
import { rulesFold } from 'snapfold/folds';
import { maintain } from 'snapfold/maintenance';
import { keys } from 'snapfold/plans';
import { carts, event, events, open, taken, type CartEvent, type CartOptions } from './support/carts.js';
import { sumFold, type Step } from './support/folds.js';
import { BoundedLog, Log } from './support/log.js';

const STREAM = 'cart-42';
const COMMITTING: Partial<CartOptions> = { commitment: historyCommitment, policy: never() };

const sha256 = (...parts: readonly Uint8Array[]) => new Uint8Array(createHash('sha256').update(Buffer.concat(parts)).digest());

/** By the prose of docs/format.md §2.6. Events without an id are numbers or texts here, which have one form. */
function commitmentOf(rows: readonly EventRow<unknown>[]): Uint8Array {
  return rows.reduce<Uint8Array>((commitment, { position, id, event }) => {
    const place = Buffer.alloc(8);
    place.writeBigUInt64BE(BigInt(position));
    return sha256(Buffer.from('snapfold.history.1\0'), commitment, place, encode(id ?? sha256(encode(event))));
  }, new Uint8Array(32));
}

async function headerAt(store: SnapshotStore, key: string) {
  const frame = await store.get(key);
  assert.ok(frame != null, key);
  return inspect(frame);
}

const cartAt = (store: SnapshotStore, position: number, version = 1) => headerAt(store, keys.snapshot('cart', STREAM, version, position));

async function snapshot<State, Event, P extends Position>(repo: Repository<State, Event, P>, streamId = STREAM): Promise<Handle<State, P>> {
  return taken(await repo.snapshot(await repo.load(streamId))).handle;
}

/** A committing repository with a snapshot at 10 of a log of 13 events. */
async function committed(options: Partial<CartOptions> = {}) {
  const [store, log] = [memoryStore(), new Log<CartEvent>({}, events(10))];
  const repo = await open({ store, events: log }, { ...COMMITTING, ...options });
  await snapshot(repo);
  log.append(...events(3, 11));
  return { repo, store, log };
}

/** The event at a position goes, and another one of the same content comes in its place. */
function replace(log: Log<CartEvent>, position: number): void {
  log.rows = log.rows.map((row) => (row.position === position ? { ...row, id: 'another' } : row));
}

const OTHER_HISTORY = { code: 'diverged', path: 'history', position: 13 };

test('a snapshot commits to all events that were folded: replayed, applied, refreshed, loaded', async () => {
  const { repo, store, log } = await committed();
  assert.deepEqual((await cartAt(store, 10)).commitment, commitmentOf(log.rows.slice(0, 10)));
  let handle = repo.apply(await repo.load(STREAM), log.append(...events(2, 14)));
  log.append(event('tea'));
  handle = await repo.refresh(handle);
  taken(await repo.snapshot(handle));
  assert.deepEqual((await cartAt(store, 16)).commitment, commitmentOf(log.rows));
  log.append(event('milk'));
  await snapshot(repo);
  assert.deepEqual((await cartAt(store, 17)).commitment, commitmentOf(log.rows));
});

test('a row that is refused leaves a handle with its commitment', async () => {
  const { repo, store, log } = await committed();
  const handle = await repo.load(STREAM);
  assert.throws(() => repo.apply(handle, [{ position: 14, event: event('tea') }, { position: 16, event: event('milk') }]), { code: 'gap' });
  taken(await repo.snapshot(handle));
  assert.deepEqual((await cartAt(store, 13)).commitment, commitmentOf(log.rows));
});

test('an event that was replaced below a snapshot is found, though the state is equal', async () => {
  const { repo, log } = await committed();
  const care = maintain(repo);
  assert.deepEqual(await care.verify(STREAM), { position: 13, eventCount: 13, snapshot: 10, historyCompared: true });
  replace(log, 5);
  assert.equal((await repo.load(STREAM)).source, 'snapshot', 'nothing else tells');
  await assert.rejects(care.verify(STREAM), { ...OTHER_HISTORY, message: /at 10 or below/ });
  await care.invalidate(STREAM, { from: 5 });
  assert.deepEqual(await care.verify(STREAM), { position: 13, eventCount: 13, snapshot: null, historyCompared: false });
  await snapshot(repo);
  assert.equal((await care.verify(STREAM)).historyCompared, true);
});

test('events in another order are another history', async () => {
  const { repo, log } = await committed();
  const [second, third] = log.rows.slice(1, 3) as [EventRow<CartEvent>, EventRow<CartEvent>];
  log.rows.splice(1, 2, { ...second, id: third.id ?? '' }, { ...third, id: second.id ?? '' });
  await assert.rejects(maintain(repo).verify(STREAM), OTHER_HISTORY);
});

test('an edit is found where events have no ids; where they have, the state tells, if it does', async () => {
  for (const ids of [false, true]) {
    const [store, log] = [memoryStore(), new Log<CartEvent>({ ids }, events(13))];
    const repo = await open({ store, events: log }, COMMITTING);
    await snapshot(repo);
    log.rows = log.rows.map((row) => (row.position === 4 ? { ...row, event: { ...row.event, type: 'closed' } } : row));
    const verified = maintain(repo).verify(STREAM);
    if (ids) assert.equal((await verified).historyCompared, true, 'evolve does not look at the type');
    else await assert.rejects(verified, OTHER_HISTORY);
  }
});

test('events that change while they are compared are named, too', async () => {
  const log = new Log<CartEvent>({}, events(13));
  const repo = await open({ store: memoryStore(), events: log }, COMMITTING);
  const { read } = log;
  let reads = 0;
  log.read = (id, options) => {
    if (options.from === 0 && ++reads === 2) replace(log, 1);
    return read.call(log, id, options);
  };
  await assert.rejects(maintain(repo).verify(STREAM), { ...OTHER_HISTORY, message: /meanwhile/ });
});

test('an audit uses the replay where the history is another one, and the next snapshot is of that', async () => {
  const { store, log } = await committed();
  replace(log, 5);
  const reports: Report[] = [];
  const audited = carts({ ...COMMITTING, audit: auditEvery(1) });
  const repo = await audited.open({ store, events: log, observe: (report) => reports.push(report) });
  const handle = await repo.load(STREAM);
  assert.deepEqual([handle.source, handle.rejected.map(({ position, code }) => [position, code])], ['replay', [[10, 'diverged']]]);
  const [warning] = reports.flatMap((report) => (report.type === 'warning' ? [report] : []));
  assert.deepEqual([warning?.code, warning?.error?.path, warning?.error?.position], ['diverged', 'history', 10]);
  assert.match(warning?.reason ?? '', /holds other events/);
  taken(await repo.snapshot(handle));
  assert.deepEqual((await cartAt(store, 13)).commitment, commitmentOf(log.rows));
  const again = await repo.load(STREAM);
  assert.deepEqual([again.source, reports.flatMap((report) => (report.type === 'loaded' ? [report.audit] : []))], ['snapshot', ['diverged', 'equal']]);
});

test('an audit replaces a snapshot of the same position and state', async () => {
  const [store, log] = [memoryStore(), new Log<CartEvent>({}, events(10))];
  const repo = await open({ store, events: log }, { ...COMMITTING, audit: auditEvery(1) });
  await snapshot(repo);
  replace(log, 5);
  await snapshot(repo);
  assert.deepEqual((await cartAt(store, 10)).commitment, commitmentOf(log.rows));
  assert.equal((await repo.load(STREAM)).source, 'snapshot');
});

test('a snapshot without a commitment has none until a full replay', async () => {
  const { store, log } = await committed({ commitment: undefined as never });
  assert.equal((await cartAt(store, 10)).commitment, undefined);
  const repo = await open({ store, events: log }, COMMITTING);
  await snapshot(repo);
  assert.equal((await cartAt(store, 13)).commitment, undefined);
  assert.deepEqual(await maintain(repo).verify(STREAM), { position: 13, eventCount: 13, snapshot: 13, historyCompared: false });
  log.append(event('tea'));
  taken(await repo.snapshot(await repo.load(STREAM, { useSnapshots: false })));
  assert.deepEqual((await cartAt(store, 14)).commitment, commitmentOf(log.rows));
});

test('without the option a commitment is ignored, and not carried on', async () => {
  const { store, log } = await committed();
  replace(log, 5);
  const repo = await open({ store, events: log });
  assert.equal((await maintain(repo).verify(STREAM)).historyCompared, false);
  await snapshot(repo);
  assert.equal((await cartAt(store, 13)).commitment, undefined);
});

test('nor by a migration, though no event is folded', async () => {
  const { store, log } = await committed();
  log.rows = log.rows.slice(0, 10);
  const repo = await open({ store, events: log }, { version: 2, migrate: { 1: (cart: unknown) => cart } });
  assert.equal((await snapshot(repo)).source, 'migrated');
  assert.equal((await cartAt(store, 10, 2)).commitment, undefined);
});

test('a migrated snapshot goes on with its commitment: it speaks of events, not of the state', async () => {
  const { store, log } = await committed();
  const repo = await open({ store, events: log }, { ...COMMITTING, version: 2, migrate: { 1: (cart: unknown) => cart } });
  const handle = await repo.load(STREAM);
  assert.equal(handle.source, 'migrated');
  taken(await repo.snapshot(handle));
  assert.deepEqual((await cartAt(store, 13, 2)).commitment, commitmentOf(log.rows));
  replace(log, 1);
  await assert.rejects(maintain(repo).verify(STREAM), OTHER_HISTORY);
});

test('sparse logs: a row that is read twice counts once, and one that arrives late is folded in its place', async () => {
  const [store, log] = [memoryStore(), new BoundedLog<CartEvent>({ step: 10 }, events(4))];
  const repo = await open({ store, events: log }, { ...COMMITTING, sequence: 'sparse' });
  const handle = await snapshot(repo);
  taken(await repo.snapshot(repo.apply(handle, [...log.rows.slice(-1), ...log.append(event('tea'))])));
  assert.deepEqual((await cartAt(store, 41)).commitment, commitmentOf(log.rows));
  log.insert(15, event('late'));
  await snapshot(repo);
  assert.deepEqual((await cartAt(store, 41)).commitment, commitmentOf(log.rows));
  assert.equal((await maintain(repo).verify(STREAM)).historyCompared, true);
});

test('a reducer that changes the event it is given does not change the commitment', async () => {
  const [store, log] = [memoryStore(), new Log<{ amount: number }>({ ids: false }, [{ amount: 1 }, { amount: 2 }])];
  const rows = structuredClone(log.rows);
  const sums = defineSnapshots<{ all: number[] }, { amount: number }>({
    name: 'sum', version: 1, initialState: () => ({ all: [] }), mutable: true, policy: never(), commitment: historyCommitment,
    evolve: (sum, given) => {
      sum.all.push(given.amount);
      given.amount = 0;
    },
  });
  await snapshot(await sums.open({ store, events: log }), 's');
  assert.deepEqual((await headerAt(store, keys.snapshot('sum', 's', 1, 2))).commitment, commitmentOf(rows));
});

test('built-in folds commit to what they have folded in, not to what waits', async () => {
  const steps: Step[] = [{ type: 'Added', amount: 2 }, { type: 'Added', amount: 3 }, { type: 'Opened' }, { type: 'Added', amount: 4 }];
  const [store, log, fold] = [memoryStore(), new Log<Step>({}, steps), sumFold({ waits: true })];
  const sums = defineSnapshots({ name: 'sum', version: 1, fold, policy: never(), commitment: historyCommitment });
  const repo = await sums.open({ store, events: log });
  const at = (position: number) => headerAt(store, keys.snapshot('sum', 's', fold.digest, position));
  let handle = await snapshot(repo, 's');
  assert.deepEqual([handle.position, handle.pending], [2, 2]);
  assert.deepEqual((await at(2)).commitment, commitmentOf(log.rows.slice(0, 2)));
  handle = repo.apply(await repo.load('s'), log.append({ type: 'Closed' }));
  taken(await repo.snapshot(handle));
  assert.deepEqual((await at(5)).commitment, commitmentOf(log.rows));
  assert.equal((await maintain(repo).verify('s')).historyCompared, true);
  log.rows = log.rows.map((row) => (row.position === 3 ? { ...row, id: 'another' } : row));
  await assert.rejects(maintain(repo).verify('s'), { code: 'diverged', path: 'history', position: 5 });
});

test('so do those of snapfold/folds', async () => {
  const rules = rulesFold<{ total: number }, { type: string }>({ initial: { total: 0 }, rules: { Added: [{ add: '/total', value: 1 }] } });
  const [store, log] = [memoryStore(), new Log<{ type: string }>({}, [{ type: 'Added' }, { type: 'Added' }])];
  const repo = await defineSnapshots({ name: 'sum', version: 1, fold: rules, policy: never(), commitment: historyCommitment }).open({ store, events: log });
  await snapshot(repo, 's');
  assert.deepEqual((await headerAt(store, keys.snapshot('sum', 's', rules.digest, 2))).commitment, commitmentOf(log.rows));
});

test('positions beyond 2^53', async () => {
  const rows = [2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 2n].map((position, index) => ({ position, event: index }));
  const store = memoryStore();
  const sums = defineSnapshots<number, number>({
    name: 'sum', version: 1, initialState: () => 0, evolve: (sum, add) => sum + add, policy: never(),
    positions: 'bigint', sequence: 'sparse', lateArrivals: 'impossible', commitment: historyCommitment,
  });
  const read = (_id: string, { from }: { from: bigint }) => rows.filter(({ position }) => position >= from);
  const repo = await sums.open({ store, events: { history: 'complete', read } });
  await snapshot(repo, 's');
  assert.deepEqual((await headerAt(store, keys.snapshot('sum', 's', 1, 2n ** 64n - 2n))).commitment, commitmentOf(rows));
});

test('an event that cannot be identified is an error with its position', async () => {
  const log = new Log<unknown>({ ids: false }, [1, () => {}]);
  const sums = defineSnapshots<number, unknown>({ name: 'sum', version: 1, initialState: () => 0, evolve: (sum) => sum + 1, commitment: historyCommitment });
  const repo = await sums.open({ store: memoryStore(), events: log });
  await assert.rejects(repo.load('s'), { code: 'invalidEvent', position: 2 });
});

test('it is that of its entry, and nothing else', () => {
  for (const commitment of [true, null, 'sha256', { start: new Uint8Array(32) }]) {
    assert.throws(() => carts({ commitment: commitment as never }), { code: 'invalidOption', path: 'commitment' });
  }
});

const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 40 }), fc.boolean(), fc.integer()), { minLength: 2, maxLength: 12 });
const rowsOf = (drawn: readonly (readonly [number, boolean, number])[]): EventRow<number>[] => {
  let position = 0;
  return drawn.map(([step, hasId, event]) => ({ position: (position += step), event, ...(hasId ? { id: `e${event}` } : {}) }));
};

test('a load commits to what a full replay does, at every cut', async () => {
  const sums = defineSnapshots<number, number>({
    name: 'sum', version: 1, initialState: () => 0, evolve: (sum, add) => (sum + add) % 97, policy: never(), keep: 9,
    sequence: 'sparse', lateArrivals: 'impossible', pageSize: 3, commitment: historyCommitment,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (drawn) => {
      const rows = rowsOf(drawn);
      for (let cut = 1; cut < rows.length; cut += 1) {
        const [store, log] = [memoryStore(), new Log<number>()];
        const repo = await sums.open({ store, events: log });
        for (const end of [cut, rows.length]) {
          log.rows = rows.slice(0, end);
          const handle = await snapshot(repo, 's');
          assert.equal(handle.source, end === cut ? 'replay' : 'snapshot');
          const { commitment } = await headerAt(store, keys.snapshot('sum', 's', 1, rows[end - 1]?.position ?? 0));
          assert.deepEqual(commitment, commitmentOf(log.rows));
        }
      }
    }),
    { numRuns: 40, seed: 20_260_203 },
  );
});

test('a history that differs anywhere has another commitment', () => {
  const fold = (rows: readonly EventRow<number>[]) =>
    rows.reduce((commitment, { position, id, event }) => historyCommitment.after(commitment, Number(position), id ?? sha256(encode(event))), historyCommitment.start);
  const hex = (rows: readonly EventRow<number>[]) => Buffer.from(fold(rows)).toString('hex');
  fc.assert(
    fc.property(steps, fc.nat(), fc.nat(), (drawn, one, other) => {
      const rows = rowsOf(drawn);
      const [at, to] = [one % rows.length, other % rows.length];
      const row = rows[at] as EventRow<number>;
      const whole = hex(rows);
      assert.deepEqual(fold(rows), commitmentOf(rows));
      const placed = (...changed: EventRow<number>[]) => hex([...rows.slice(0, at), ...changed, ...rows.slice(at + 1)]);
      assert.notEqual(placed({ ...row, position: Number(row.position) + 1 }), whole);
      assert.notEqual(placed({ ...row, id: 'another' }), whole);
      assert.notEqual(placed(), whole);
      assert.notEqual(placed({ position: 0, event: 1 }, row), whole);
      const swapped = rows.map((each, index) => (index === at ? (rows[to] as EventRow<number>) : index === to ? row : each));
      assert.equal(hex(swapped) === whole, at === to);
    }),
    { numRuns: 200, seed: 20_260_203 },
  );
});
