/** What holds on every event store: snapshots save reads, and change nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CommandHandler,
  DeciderCommandHandler,
  getInMemoryEventStore,
  isExpectedVersionConflictError,
  type EventStore,
} from '@event-driven-io/emmett';
import { defineSnapshots, everyEvents, type Report, type SnapshotStore } from 'snapfold';
import { handleCart, withCartSnapshots } from '../src/carts.js';
import { counted } from '../src/counted.js';
import { cart, type Cart, type CartCommand, type CartEvent } from '../src/shopping-cart.js';
import { eventsOf, withSnapshots } from '../src/with-snapshots.js';

export interface Place {
  readonly eventStore: EventStore;
  readonly snapshots: SnapshotStore;
}

/** Streams of this run's own, in whatever database. */
const run = crypto.randomUUID().slice(0, 8);
const cartId = (name: string) => `cart-${run}-${name}`;

const broken = (): never => {
  throw new Error('the snapshot store is away');
};

const add = (n: number): CartCommand => ({ type: 'AddItem', data: { sku: `sku-${n % 7}`, quantity: 1 } });

async function fill(eventStore: EventStore, id: string, commands: number): Promise<void> {
  for (let n = 0; n < commands; n += 1) await handleCart(eventStore, id, add(n));
}

/** `place` gives the stores to each test. */
export function behaviour(place: () => Promise<Place>): void {
  test('the same state from the tail as from all events', async (t) => {
    const { eventStore, snapshots: store } = await place();
    const plain = counted(eventStore);
    await fill(plain.eventStore, cartId('plain'), 100);
    const below = counted(eventStore);
    await fill(await withCartSnapshots(below.eventStore, { store }), cartId('read'), 100);
    t.diagnostic(`100 commands read ${plain.counts.read} events without snapshots, ${below.counts.read} with them`);
    assert.equal(plain.counts.read, 4950); // 0 + 1 + … + 99
    assert.ok(below.counts.read < 1300, `${below.counts.read}`);

    const whole = await plain.eventStore.aggregateStream(cartId('read'), cart);
    const restarted = counted(eventStore);
    const loaded = await (await withCartSnapshots(restarted.eventStore, { store })).aggregateStream(cartId('read'), cart);
    assert.deepEqual(loaded, whole);
    assert.deepEqual([...loaded.state.items.keys()], [...whole.state.items.keys()]);
    assert.equal(plain.counts.read, 4950 + 100);
    assert.ok(restarted.counts.read <= 22, `${restarted.counts.read} events read`); // from the snapshot at 80 on, and what Emmett reads too early
  });

  test('a command that comes too late is refused, and carried out when it is tried again', async () => {
    const { eventStore, snapshots: store } = await place();
    const snapshotted = await withCartSnapshots(eventStore, { store });
    await fill(snapshotted, cartId('busy'), 30);
    const once = CommandHandler(cart);
    const overtaken = once(snapshotted, cartId('busy'), async (state) => {
      await handleCart(snapshotted, cartId('busy'), add(0));
      return cart.decide(add(1), state);
    });
    await assert.rejects(overtaken, isExpectedVersionConflictError);
    const outdated = handleCart(snapshotted, cartId('busy'), add(0), { expectedStreamVersion: 7n, retry: { retries: 0 } });
    await assert.rejects(outdated, isExpectedVersionConflictError);

    await Promise.all([0, 1, 2].map((n) => handleCart(snapshotted, cartId('busy'), add(n))));
    const { state, currentStreamVersion } = await snapshotted.aggregateStream(cartId('busy'), cart);
    assert.equal(currentStreamVersion, 34n);
    assert.deepEqual(state, (await eventStore.aggregateStream(cartId('busy'), cart)).state);
  });

  test('a snapshot store that fails is no reason for a command to fail', async () => {
    const { eventStore } = await place();
    const reports: Report[] = [];
    const store = { list: broken, get: broken, put: broken, delete: broken };
    const snapshotted = await withCartSnapshots(eventStore, { store, observe: (report) => reports.push(report) });
    await fill(snapshotted, cartId('away'), 30);
    const { state, currentStreamVersion } = await snapshotted.aggregateStream(cartId('away'), cart);
    assert.equal(currentStreamVersion, 30n);
    assert.deepEqual(state, (await eventStore.aggregateStream(cartId('away'), cart)).state);
    assert.ok(reports.some(({ type }) => type === 'failed'));
  });

  test('a snapshot of another history is not used, though its events say the same', async () => {
    const { eventStore, snapshots: store } = await place();
    await fill(await withCartSnapshots(eventStore, { store }), cartId('restored'), 50);
    const another = getInMemoryEventStore();
    await fill(another, cartId('restored'), 50);
    const reports: Report[] = [];
    const snapshotted = await withCartSnapshots(another, { store, observe: (report) => reports.push(report) });
    const { state } = await snapshotted.aggregateStream(cartId('restored'), cart);
    assert.deepEqual(state, (await another.aggregateStream(cartId('restored'), cart)).state);
    const rejected = reports.flatMap((report) => (report.type === 'loaded' ? report.rejected : []));
    assert.deepEqual([...new Set(rejected.map(({ code }) => code))], ['diverged']);
  });

  test('what is folded in another way, or in part, is read as before', async () => {
    const { eventStore, snapshots: store } = await place();
    const snapshotted = await withCartSnapshots(eventStore, { store });
    await fill(snapshotted, cartId('other'), 50);
    const count = { initialState: () => 0, evolve: (sum: number) => sum + 1 };
    assert.equal((await snapshotted.aggregateStream(cartId('other'), count)).state, 50);
    const early = await snapshotted.aggregateStream(cartId('other'), { ...cart, read: { to: 3n } });
    assert.deepEqual([...early.state.items], [['sku-0', 1], ['sku-1', 1], ['sku-2', 1]]);
    assert.equal((await snapshotted.readStream(cartId('other'))).events.length, 50);
    assert.equal((await snapshotted.aggregateStream(cartId('none'), cart)).streamExists, false);
  });

  test('events of an older schema are folded as they are read', async () => {
    const { eventStore, snapshots: store } = await place();
    const pairs = (event: CartEvent): CartEvent =>
      event.type === 'ItemAdded' ? { ...event, data: { ...event.data, quantity: 2 * event.data.quantity } } : event;
    const schema = { versioning: { upcast: pairs } };
    const { initialState, evolve } = cart;
    const snapshots = defineSnapshots<Cart, CartEvent>({
      name: 'cart-of-pairs',
      version: 1,
      initialState,
      evolve,
      positions: 'bigint',
      policy: everyEvents(10),
    });
    const below = counted(eventStore);
    const repo = await snapshots.open({ store, events: eventsOf(below.eventStore, schema) });
    const snapshotted = withSnapshots(below.eventStore, repo, { ...cart, schema });
    const handle = DeciderCommandHandler({ ...cart, schema });
    for (let n = 0; n < 40; n += 1) await handle(snapshotted, cartId('pairs'), { type: 'AddItem', data: { sku: 'tea', quantity: 1 } });
    assert.ok(below.counts.read < 400, `${below.counts.read} events read`); // of 780
    const { state } = await snapshotted.aggregateStream(cartId('pairs'), { ...cart, read: { schema } });
    assert.deepEqual([...state.items], [['tea', 80]]);
    assert.deepEqual([...(await snapshotted.aggregateStream(cartId('pairs'), cart)).state.items], [['tea', 40]]);
  });
}
