/** `auditEvery` of snapfold/audit: some loads that a snapshot served are compared with the full replay, which is used if they differ. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSnapshots, everyEvents, memoryStore, never, type EventSource, type Report, type SnapshotStore } from 'snapfold';
import { auditEvery } from 'snapfold/audit';
import { keys } from 'snapfold/plans';
import { assertState, carts, event, events, evolve, folded, taken, type Cart, type CartEvent, type CartOptions } from './support/carts.js';
import { sumFold, type Step } from './support/folds.js';
import { BoundedLog, Log } from './support/log.js';

const key = (position: number) => keys.snapshot('cart', 'cart-42', 1, position);

/** A reducer that was changed without a new version: it charges shipping. */
const changed = (cart: Cart, event: CartEvent): Cart => ({ ...evolve(cart, event), total: cart.total + BigInt(event.price) + 1n });

async function audited(events: EventSource<CartEvent, number>, options: Partial<CartOptions> = {}, store: SnapshotStore = memoryStore()) {
  const reports: Report[] = [];
  const repo = await carts({ audit: auditEvery(1), ...options }).open({ store, events, observe: (report) => reports.push(report) });
  const audits = () => reports.flatMap((report) => (report.type === 'loaded' ? [report.audit] : []));
  const warnings = () => reports.flatMap((report) => (report.type === 'warning' ? [report] : []));
  return { repo, store, audits, warnings };
}

/** A store with a snapshot that another reducer made of that log. */
async function storeOf(events: EventSource<CartEvent, number>, options: Partial<CartOptions> = {}): Promise<SnapshotStore> {
  const { repo, store } = await audited(events, { evolve: changed, ...options });
  taken(await repo.snapshot(await repo.load('cart-42')));
  return store;
}

test('every third load that a snapshot served is compared, whatever the stream; the log is read from its start for it', async () => {
  const log = new Log<CartEvent>({}, events(5));
  const { repo, audits, warnings } = await audited(log, { audit: auditEvery(3) });
  taken(await repo.snapshot(await repo.load('cart-42')));
  taken(await repo.snapshot(await repo.load('cart-43')));
  log.reads.length = 0;
  for (const id of ['42', '43', '42', '43', '42', '43']) await repo.load(`cart-${id}`);
  assert.deepEqual(audits(), [undefined, undefined, undefined, undefined, 'equal', undefined, undefined, 'equal']);
  assert.deepEqual(log.reads.filter(({ from }) => from === 0).length, 2);
  await repo.load('cart-42', { useSnapshots: false });
  await repo.load('cart-44');
  await repo.load('cart-42');
  assert.deepEqual(audits().slice(-3), [undefined, undefined, undefined], 'what no snapshot served is not counted');
  assert.deepEqual(warnings(), []);
});

test('a state that differs is reported with its path, and the replay is used instead', async () => {
  const log = new Log<CartEvent>({}, events(5));
  const store = await storeOf(log);
  log.append(...events(2, 6));
  const { repo, audits, warnings } = await audited(log, {}, store);
  const handle = await repo.load('cart-42');
  assertState(handle.state, folded(log.rows.map((row) => row.event)));
  assert.deepEqual([handle.source, handle.restoredFrom, handle.position, handle.replayed, handle.historical], ['replay', null, 7, 7, false]);
  assert.deepEqual(handle.rejected.map(({ key, position, code }) => ({ key, position, code })), [{ key: key(5), position: 5, code: 'diverged' }]);
  const [warning] = warnings();
  assert.deepEqual([warning?.code, warning?.error?.path, warning?.error?.position, audits()], ['diverged', 'state.total', 5, ['diverged']]);

  taken(await repo.snapshot(handle));
  const again = await repo.load('cart-42');
  assert.deepEqual([again.source, again.restoredFrom, audits().at(-1)], ['snapshot', 7, 'equal']);
});

test('the snapshot that is wrong is replaced by one of the same position', async () => {
  const log = new Log<CartEvent>({}, events(5));
  const { repo, audits } = await audited(log, {}, await storeOf(log));
  taken(await repo.snapshot(await repo.load('cart-42')));
  assert.deepEqual([(await repo.load('cart-42')).source, audits()], ['snapshot', ['diverged', 'equal']]);
});

test('handles that come of it are like others: applied to, of the past, of a state that is changed in place', async () => {
  const log = new Log<CartEvent>({}, events(5));
  const { repo } = await audited(log, {}, await storeOf(log));
  const next = repo.apply(await repo.load('cart-42'), { position: 6, event: event('tea') });
  assertState(next.state, folded([...log.rows.map((row) => row.event), event('tea')]));
  const past = await repo.load('cart-42', { at: 5 });
  assert.deepEqual([past.source, past.historical], ['replay', true]);

  const inPlace = await audited(log, { mutable: true }, await storeOf(log));
  assert.equal((await inPlace.repo.load('cart-42')).source, 'replay');
  assert.equal((await inPlace.repo.refresh(await inPlace.repo.load('cart-42'))).position, 5);
});

test('a migration that leads elsewhere than the replay is found', async () => {
  const log = new Log<CartEvent>({}, events(5));
  const store = await storeOf(log, { evolve });
  const { repo, warnings } = await audited(log, { version: 2, migrate: { 1: (cart: Cart) => ({ ...cart, total: 0n }) } }, store);
  assertState((await repo.load('cart-42')).state, folded(events(5)));
  assert.deepEqual(warnings().map(({ code, error }) => [code, error?.path]), [['diverged', 'state.total']]);
});

test('where the events are gone nothing is compared, and nothing said', async () => {
  const log = new BoundedLog<CartEvent>({}, events(5));
  const store = await storeOf(log);
  log.truncate(4);
  const { repo, audits, warnings } = await audited(log, {}, store);
  assert.deepEqual([(await repo.load('cart-42')).source, audits(), warnings()], ['snapshot', ['unavailable'], []]);
});

test('a replay that fails is told, and the load stands', async () => {
  const log = new Log<CartEvent>({}, events(5));
  const store = await storeOf(log);
  const torn: EventSource<CartEvent, number> = {
    read: (id, options) => {
      if (options.from < 5) throw new Error('archive offline');
      return log.read(id, options);
    },
  };
  const { repo, audits, warnings } = await audited(torn, {}, store);
  assert.deepEqual([(await repo.load('cart-42')).source, audits()], ['snapshot', ['unavailable']]);
  assert.deepEqual(warnings().map(({ code }) => code), ['readFailed']);
  assert.match(warnings()[0]?.reason ?? '', /could not be compared with the full replay: .*archive offline/);
});

test('an event that arrives late, while the log is replayed, is no divergence', async () => {
  const log = new BoundedLog<CartEvent>({ step: 10 }, events(3));
  const { repo, audits, warnings } = await audited(log, { sequence: 'sparse' });
  taken(await repo.snapshot(await repo.load('cart-42')));
  const { read } = log;
  log.read = (id, options) => {
    if (options.from === 0) log.insert(15, event('late'));
    return read.call(log, id, options);
  };
  assert.equal((await repo.load('cart-42')).source, 'snapshot');
  assert.deepEqual([audits().at(-1), warnings()], ['unavailable', []]);
});

test('an event that arrives late although none does is a divergence, also where it changes nothing', async () => {
  for (const unchanged of [false, true]) {
    const log = new Log<CartEvent>({ step: 10 }, events(3));
    const reducer = { evolve: (cart: Cart, event: CartEvent) => (unchanged && event.sku === 'late' ? cart : evolve(cart, event)) };
    const { repo, audits, warnings } = await audited(log, { sequence: 'sparse', lateArrivals: 'impossible', ...reducer });
    taken(await repo.snapshot(await repo.load('cart-42')));
    log.insert(15, event('late'));
    const handle = await repo.load('cart-42');
    assert.deepEqual([handle.source, handle.eventCount, audits().at(-1)], ['replay', 4, 'diverged']);
    assert.deepEqual(warnings().map(({ error }) => error?.path), [unchanged ? 'eventCount' : 'state.lines.keys()[2]']);
  }
});

test('the states of built-in folds are compared as bytes; what waits goes on waiting', async () => {
  const log = new Log<Step>({}, [{ type: 'Added', amount: 2 }, { type: 'Added', amount: 3 }, { type: 'Opened' }]);
  const store = memoryStore();
  const opened = async (scale: number) => {
    const fold = sumFold({ waits: true });
    const start: typeof fold.start = (state) => {
      const session = fold.start(state);
      const scaled = (step: Step) => (step.type === 'Added' ? { ...step, amount: step.amount * scale } : step);
      return { push: (rows) => session.push(rows.map((row) => ({ ...row, event: scaled(row.event) }))), finish: () => session.finish() };
    };
    const sums = defineSnapshots({ name: 'sum', version: 1, fold: { ...fold, start }, policy: never(), audit: auditEvery(1) });
    return sums.open({ store, events: log, observe: () => {} });
  };
  const first = await opened(1);
  taken(await first.snapshot(await first.load('s')));
  const same = await first.load('s');
  assert.deepEqual([same.source, same.position, same.pending], ['snapshot', 2, 1]);

  const other = await opened(10);
  const handle = await other.load('s');
  assert.deepEqual([handle.source, handle.state, handle.position, handle.pending], ['replay', { total: 50, steps: 2 }, 2, 1]);
  const closed = other.apply(handle, log.append({ type: 'Closed' }));
  assert.deepEqual([closed.state, closed.position, closed.pending], [{ total: 50, steps: 4 }, 4, 0]);
});

test('it is told a number of loads, and nothing else is an audit', () => {
  for (const every of [0, -1, 1.5, NaN, '10', undefined]) {
    assert.throws(() => auditEvery(every as never), { code: 'invalidOption', path: 'auditEvery' });
  }
  for (const audit of [7, true, null, { every: 1 }]) assert.throws(() => carts({ audit: audit as never, policy: everyEvents(1) }), { code: 'invalidOption', path: 'audit' });
});
