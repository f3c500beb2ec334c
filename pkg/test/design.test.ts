/** The life of a handle as the design tells it: define, open, load, apply, snapshot, refresh. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import {
  anyOf,
  defineSnapshots,
  everyBytes,
  everyEvents,
  init,
  whenEvent,
  type EventRow,
  type Report,
} from 'snapfold';
import { sqliteStore } from 'snapfold/sqlite';

interface Cart {
  readonly lines: Map<string, bigint>;
  readonly total: bigint;
  readonly closed: boolean;
}

type CartEvent = { type: 'LineAdded'; sku: string; price: bigint } | { type: 'CartClosed' };

function evolve(state: Cart, event: CartEvent): Cart {
  if (event.type === 'CartClosed') return { ...state, closed: true };
  return {
    ...state,
    lines: new Map(state.lines).set(event.sku, event.price),
    total: state.total + event.price,
  };
}

test('the definition and the life of a handle', async () => {
  await init();
  const table: EventRow<CartEvent>[] = [];
  const append = (event: CartEvent): EventRow<CartEvent> => {
    const row = { position: table.length + 1, event };
    table.push(row);
    return row;
  };
  const reports: Report[] = [];

  const carts = defineSnapshots<Cart, CartEvent>({
    name: 'cart',
    version: 3,
    initialState: () => ({ lines: new Map(), total: 0n, closed: false }),
    evolve,
    policy: anyOf(everyEvents(100), everyBytes('64KiB'), whenEvent('CartClosed')),
    migrate: { 1: (state: object) => ({ ...state, total: 0n }), 2: (state: object) => ({ ...state, closed: false }) },
  });
  const repo = await carts.open({
    store: sqliteStore(new Database(':memory:')),
    events: {
      read: (_streamId, { from, limit }) => table.filter(({ position }) => Number(position) >= (from ?? 1)).slice(0, limit),
    },
    observe: (report) => reports.push(report),
  });

  let cart = await repo.load('cart-42');
  assert.deepEqual(
    { ...cart },
    {
      streamId: 'cart-42',
      state: { lines: new Map(), total: 0n, closed: false },
      position: null,
      eventCount: 0,
      pending: 0,
      source: 'replay',
      restoredFrom: null,
      replayed: 0,
      rejected: [],
      historical: false,
      fence: null,
    },
  );

  const before = cart;
  cart = repo.apply(cart, [append({ type: 'LineAdded', sku: 'a', price: 7n })]);
  assert.equal(before.position, null);
  assert.equal(cart.position, 1);

  const early = await repo.maybeSnapshot(cart);
  assert.equal(early.status, 'skipped');
  assert.equal(early.handle, cart);

  cart = repo.apply(cart, append({ type: 'CartClosed' }));
  const outcome = await repo.maybeSnapshot(cart);
  assert.equal(outcome.status, 'taken');
  assert.equal(outcome.reason, 'CartClosed was folded');

  append({ type: 'LineAdded', sku: 'b', price: 2n ** 60n });
  cart = await repo.refresh(outcome.handle);
  assert.equal(cart.position, 3);
  assert.equal(cart.state.total, 7n + 2n ** 60n);

  const again = await repo.load('cart-42');
  assert.deepEqual([again.source, again.restoredFrom, again.replayed, again.eventCount], ['snapshot', 2, 1, 3]);
  assert.deepEqual(again.state, cart.state);
  assert.deepEqual(reports.map(({ type }) => type), ['loaded', 'taken', 'refreshed', 'loaded']);
});
