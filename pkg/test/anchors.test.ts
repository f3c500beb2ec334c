/** The anchor: how a snapshot and a log know that they share one history. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineSnapshots, everyEvents, inspect, memoryStore, type EventRow, type SnapshotStore } from 'snapfold';
import { bytesAt, keysIn } from './support/stores.js';

interface Booking {
  readonly guest: string;
  readonly when: Date | string;
  readonly note?: string | undefined;
  readonly price?: bigint | string;
  readonly tags?: readonly unknown[];
}

const bookings = defineSnapshots<{ readonly guests: readonly string[] }, Booking>({
  name: 'bookings',
  version: 1,
  initialState: () => ({ guests: [] }),
  evolve: ({ guests }, { guest }) => ({ guests: [...guests, guest] }),
  policy: everyEvents(1),
});

const opened = (store: SnapshotStore, rows: readonly EventRow<Booking>[]) =>
  bookings.open({
    store,
    events: { read: (_id, { from }) => rows.filter(({ position }) => from === undefined || Number(position) >= from) },
    observe: () => {},
  });

/** Snapshots `before` through its last row, then loads it with `after` in the log. */
async function reread(before: readonly EventRow<Booking>[], after: readonly EventRow<Booking>[]) {
  const store = memoryStore();
  const repo = await opened(store, before);
  assert.equal((await repo.snapshot(await repo.load('hotel'))).status, 'taken');
  return (await opened(store, after)).load('hotel');
}

const booking: Booking = {
  guest: 'Ada',
  when: new Date('2026-02-03T04:05:06.789Z'),
  note: undefined,
  price: 2n ** 70n,
  tags: [undefined, NaN, -0, { b: 1, a: undefined }],
};

test('the id of the last event is the anchor where there is one, else a digest of the event', async () => {
  for (const [id, anchor] of [['booking-1', 'booking-1'], [undefined, new Uint8Array(32)]] as const) {
    const store = memoryStore();
    const repo = await opened(store, [{ position: 1, event: booking, ...(id === undefined ? {} : { id }) }]);
    await repo.snapshot(await repo.load('hotel'));
    const [key] = await keysIn(store, 'bookings/');
    const header = inspect(await bytesAt(store, key as string));
    if (typeof anchor === 'string') assert.equal(header.anchor, anchor);
    else assert.equal((header.anchor as Uint8Array).length, 32);
  }
});

test('an event has one identity however the log stores it', async () => {
  const stored: Record<string, unknown> = {
    'as it was': booking,
    'with its keys in another order': Object.fromEntries(Object.entries(booking).reverse()),
    'with the date as text': { ...booking, when: '2026-02-03T04:05:06.789Z' },
    'without the undefined member': { guest: booking.guest, when: booking.when, price: booking.price, tags: booking.tags },
    'with the bigint as text': { ...booking, price: `${2n ** 70n}` },
    'with what JSON makes of lists': { ...booking, tags: [null, null, 0, { b: 1 }] },
    'through JSON as a whole': JSON.parse(JSON.stringify(booking, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))),
  };
  for (const [how, event] of Object.entries(stored)) {
    const handle = await reread([{ position: 1, event: booking }], [{ position: 1, event: event as Booking }]);
    assert.deepEqual([how, handle.source, handle.rejected], [how, 'snapshot', []]);
  }
});

test('another event at the same position is another history', async () => {
  const others: Record<string, Partial<Booking>> = {
    guest: { guest: 'Bob' },
    time: { when: new Date('2026-02-03T04:05:06.790Z') },
    price: { price: 2n ** 70n + 1n },
    'a member more': { note: '' },
    'the order of a list': { tags: [{ b: 1, a: undefined }, -0, NaN, undefined] },
  };
  for (const [what, change] of Object.entries(others)) {
    const event = { ...booking, ...change };
    const handle = await reread([{ position: 1, event: booking }], [{ position: 1, event }]);
    assert.deepEqual([what, handle.source, handle.rejected[0]?.code], [what, 'replay', 'diverged']);
    assert.deepEqual(handle.state.guests, [event.guest]);
  }
});

test('ids tell events apart that look alike, and hold together one that was rewritten', async () => {
  const same = await reread([{ position: 1, id: 'a', event: booking }], [{ position: 1, id: 'a', event: { ...booking, guest: 'ADA' } }]);
  assert.equal(same.source, 'snapshot');
  const other = await reread([{ position: 1, id: 'a', event: booking }], [{ position: 1, id: 'b', event: booking }]);
  assert.deepEqual([other.source, other.rejected[0]?.code], ['replay', 'diverged']);
});

test('a log that began to carry ids still fits snapshots anchored by digest; one that lost them does not', async () => {
  const gained = await reread([{ position: 1, event: booking }], [{ position: 1, id: 'a', event: booking }]);
  assert.equal(gained.source, 'snapshot');
  const lost = await reread([{ position: 1, id: 'a', event: booking }], [{ position: 1, event: booking }]);
  assert.deepEqual([lost.source, lost.rejected[0]?.code], ['replay', 'diverged']);
});

test('an event that has neither an id nor bytes cannot be an anchor; it says so when a snapshot is taken', async () => {
  const event = { guest: 'Ada', when: () => {} } as unknown as Booking;
  const repo = await opened(memoryStore(), [{ position: 1, event }]);
  const handle = await repo.load('hotel');
  await assert.rejects(repo.snapshot(handle), { code: 'invalidEvent', position: 1, message: /give its row an id/ });
  const outcome = await repo.maybeSnapshot(await (await opened(memoryStore(), [{ position: 1, event }])).load('hotel'));
  assert.equal(outcome.status, 'failed');
});
