/** `apply` and `refresh`: state and position move together, and only onto what comes next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore, type EventRow } from 'snapfold';
import { assertState, event, events, evolve, folded, initialState, open, taken, type CartEvent } from './support/carts.js';
import { Log, StreamingLog } from './support/log.js';

const loaded = async (log: Log<CartEvent>) => {
  const repo = await open({ store: memoryStore(), events: log });
  return { repo, cart: await repo.load('cart-42') };
};

test('apply gives a new handle and leaves the old one as it is', async () => {
  const log = new Log<CartEvent>();
  const { repo, cart } = await loaded(log);
  const rows = log.append(...events(4));
  const next = repo.apply(cart, rows);
  assert.deepEqual([next.position, next.eventCount], [4, 4]);
  assertState(next.state, folded(events(4)));
  assert.deepEqual([cart.position, cart.eventCount], [null, 0]);
  assertState(cart.state, initialState());
  assert.ok(Object.isFrozen(next));
});

test('apply takes one row, many, or none', async () => {
  const log = new Log<CartEvent>();
  const { repo, cart } = await loaded(log);
  const [row] = log.append(event('a'));
  const one = repo.apply(cart, row as EventRow<CartEvent>);
  assert.equal(one.position, 1);
  assert.equal(repo.apply(one, []).position, 1);
});

test('two handles of one stream go their own ways', async () => {
  const { repo, cart } = await loaded(new Log<CartEvent>({}, events(2)));
  const left = repo.apply(cart, { position: 3, event: event('left') });
  const right = repo.apply(cart, { position: 3, event: event('right') });
  assert.ok(left.state.lines.has('left') && !left.state.lines.has('right'));
  assert.ok(right.state.lines.has('right') && !right.state.lines.has('left'));
});

test('a gap, a repeated row and a wrong order are errors with their position, and change nothing', async () => {
  const log = new Log<CartEvent>({}, events(3));
  const { repo, cart } = await loaded(log);
  const at = (position: number): EventRow<CartEvent> => ({ position, event: event('x') });
  assert.throws(() => repo.apply(cart, at(5)), { code: 'gap', position: 5 });
  assert.throws(() => repo.apply(cart, at(3)), { code: 'outOfOrder', position: 3 });
  assert.throws(() => repo.apply(cart, at(1)), { code: 'outOfOrder', position: 1 });
  assert.throws(() => repo.apply(cart, [at(4), at(6)]), { code: 'gap', position: 6 });
  assert.throws(() => repo.apply(cart, [at(5), at(4)]), { code: 'gap', position: 5 });
  assert.throws(() => repo.apply(cart, [at(4), at(4)]), { code: 'outOfOrder', position: 4 });
  assert.equal(cart.position, 3);
  assertState(cart.state, folded(events(3)));
  assert.equal(repo.apply(cart, [at(4), at(5)]).position, 5);
});

test('through numbers bare events', async () => {
  const { repo, cart } = await loaded(new Log<CartEvent>());
  const first = repo.apply(cart, events(3), { through: 3 });
  assert.deepEqual([first.position, first.eventCount], [3, 3]);
  const next = repo.apply(first, [event('a'), event('b')], { through: '5' });
  assert.equal(next.position, 5);
  assertState(next.state, [event('a'), event('b')].reduce(evolve, first.state));
  assert.equal(repo.apply(next, [], { through: 5 }).position, 5);
});

test('bare events with ids are told from equal events of another history', async () => {
  const log = new Log<CartEvent>();
  const store = memoryStore();
  const repo = await open({ store, events: log });
  const cart = await repo.load('cart-42');
  const ids = log.append(...events(3)).map(({ id }) => id as string);
  const three = repo.apply(repo.apply(cart, events(2), { through: 2, ids: ids.slice(0, 2) }), events(1, 3), { through: 3, ids: ids.slice(2) });
  taken(await repo.snapshot(three));
  assert.equal((await repo.load('cart-42')).source, 'snapshot');
  log.restoreTo(1);
  log.append(event('other'), ...events(1, 3)); // the third one is as it was
  const { source, rejected, state } = await repo.load('cart-42');
  assert.deepEqual([source, rejected.map(({ code }) => code)], ['replay', ['diverged']]);
  assertState(state, [...events(1), event('other'), ...events(1, 3)].reduce(evolve, initialState()));
  for (const wrong of [[], ['a', 'b']]) {
    assert.throws(() => repo.apply(three, [event('a')], { through: 4, ids: wrong }), { code: 'invalidOption', path: 'apply.ids' });
  }
  assert.throws(() => repo.apply(three, [event('a')], { through: 4, ids: [''] }), { code: 'invalidEvent', path: 'row.id' });
});

test('through that does not fit the number of events is a gap', async () => {
  const { repo, cart } = await loaded(new Log<CartEvent>({}, events(3)));
  for (const through of [3, 4, 6]) {
    assert.throws(() => repo.apply(cart, [event('a'), event('b')], { through }), { code: 'gap', position: through });
  }
  assert.throws(() => repo.apply(cart, [], { through: 4 }), { code: 'gap' });
  assert.throws(() => repo.apply(cart, [event('a')], { through: -1 }), { code: 'invalidPosition', path: 'apply.through' });
  assert.throws(() => repo.apply(cart, [event('a')], { trough: 4 } as never), { code: 'invalidOption', path: 'apply.trough' });
});

test('through cannot number a sparse stream', async () => {
  const repo = await open(
    { store: memoryStore(), events: new Log<CartEvent>() },
    { sequence: 'sparse', lateArrivals: 'impossible' },
  );
  const cart = await repo.load('cart-42');
  assert.throws(() => repo.apply(cart, [event('a')], { through: 1 }), { code: 'invalidOption', path: 'apply.through' });
});

test('what is no row is refused', async () => {
  const { repo, cart } = await loaded(new Log<CartEvent>());
  for (const row of [null, 7, 'row', { position: 1 }, event('bare')]) {
    assert.throws(() => repo.apply(cart, row as never), (error: { code?: string }) => /^invalid(Event|Position)$/.test(error.code ?? ''));
  }
  assert.throws(() => repo.apply(cart, { position: 1, event: event('a'), id: '' }), { code: 'invalidEvent', path: 'row.id', position: 1 });
  assert.throws(() => repo.apply(cart, { position: 1, event: event('a'), at: 'noon' }), { code: 'invalidEvent', path: 'row.at' });
});

test('a handle of another repository, or none at all, is refused', async () => {
  const log = new Log<CartEvent>({}, events(1));
  const { repo, cart } = await loaded(log);
  const other = await open({ store: memoryStore(), events: log });
  for (const handle of [await other.load('cart-42'), { ...cart }, null, undefined]) {
    assert.throws(() => repo.apply(handle as never, []), { code: 'invalidOption', path: 'handle' });
    await assert.rejects(repo.refresh(handle as never), { code: 'invalidOption', path: 'handle' });
    await assert.rejects(repo.snapshot(handle as never), { code: 'invalidOption', path: 'handle' });
  }
});

test('refresh reads from the handle on and folds only what came after', async () => {
  const log = new Log<CartEvent>({}, events(5));
  const { repo, cart } = await loaded(log);
  log.append(...events(2, 6));
  log.reads.length = 0;
  const fresh = await repo.refresh(cart);
  assert.deepEqual(log.reads.map(({ from }) => from), [5, 8]);
  assert.deepEqual([fresh.position, fresh.eventCount], [7, 7]);
  assertState(fresh.state, folded(events(7)));
  assert.equal(cart.position, 5);
  assert.equal((await repo.refresh(fresh)).position, 7);
});

test('refresh of an empty handle finds the first events', async () => {
  const log = new Log<CartEvent>();
  const { repo, cart } = await loaded(log);
  log.append(...events(2));
  assert.equal((await repo.refresh(cart)).position, 2);
});

test('refresh loads anew when the log holds another history', async () => {
  const log = new Log<CartEvent>({}, events(6));
  const { repo, cart } = await loaded(log);
  log.restoreTo(4);
  const other = [event('other'), event('history'), event('longer')];
  log.append(...other);
  const fresh = await repo.refresh(cart);
  assert.equal(fresh.position, 7);
  assertState(fresh.state, folded([...events(4), ...other]));
});

test('refresh loads anew when the log ends before the handle', async () => {
  const log = new Log<CartEvent>({}, events(6));
  const { repo, cart } = await loaded(log);
  log.restoreTo(4);
  const fresh = await repo.refresh(cart);
  assert.equal(fresh.position, 4);
  assertState(fresh.state, folded(events(4)));
});

test('refresh lets go of an iterable that it does not read to its end', async () => {
  const log = new StreamingLog<CartEvent>({}, events(6));
  const { repo, cart } = await loaded(log);
  log.restoreTo(4);
  log.append(event('other'), event('history'), event('longer'));
  await repo.refresh(cart);
  assert.ok(log.opened > 0);
  assert.equal(log.closed, log.opened);
});

test('a handle that was refreshed is snapshotted like a loaded one', async () => {
  const log = new Log<CartEvent>({}, events(2));
  const store = memoryStore();
  const repo = await open({ store, events: log });
  const cart = await repo.load('cart-42');
  log.append(...events(1, 3));
  const { position } = taken(await repo.maybeSnapshot(await repo.refresh(cart)));
  assert.equal(position, 3);
  assert.equal((await repo.load('cart-42')).restoredFrom, 3);
});

test('refresh does not hand out an empty state for a log that lost everything', async () => {
  const log = new Log<CartEvent>({}, events(5));
  const repo = await open({ store: memoryStore(), events: log });
  const cart = await repo.load('cart-42');
  log.rows.length = 0;
  await assert.rejects(repo.refresh(cart), { code: 'historyUnavailable' });
  assert.equal((await repo.load('cart-42')).position, null);
});
