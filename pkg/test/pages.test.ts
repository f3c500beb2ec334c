/** How a log is read: an array is one page and only an empty one ends it; an async iterable is the whole rest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore, type EventRow, type ReadOptions } from 'snapfold';
import { assertState, carts, event, events, folded, open, taken, type CartEvent } from './support/carts.js';
import { Log, StreamingLog } from './support/log.js';

test('short pages do not end the log', async () => {
  for (const pageRows of [1, 2, 3, 7, 100]) {
    const log = new Log<CartEvent>({ pageRows }, events(7));
    const cart = await (await open({ store: memoryStore(), events: log })).load('cart-42');
    assert.equal(cart.position, 7);
    assertState(cart.state, folded(events(7)));
    const pages = Math.ceil(7 / pageRows) + 1;
    assert.equal(log.reads.length, pages);
    assert.equal(log.reads[0]?.from, 0);
    assert.equal(log.reads.at(-1)?.from, 8);
  }
});

test('pageSize is what the log is asked for', async () => {
  const log = new Log<CartEvent>({}, events(5));
  await (await open({ store: memoryStore(), events: log }, { pageSize: 2 })).load('cart-42');
  assert.deepEqual(log.reads.map(({ from, limit }) => [from, limit]), [[0, 2], [3, 2], [5, 2], [6, 2]]);
});

test('the tail is read from the snapshot’s own position, which is not folded twice', async () => {
  for (const pageRows of [1, 2, 100]) {
    const log = new Log<CartEvent>({ pageRows }, events(4));
    const repo = await open({ store: memoryStore(), events: log });
    taken(await repo.snapshot(await repo.load('cart-42')));
    log.append(...events(3, 5));
    log.reads.length = 0;
    const cart = await repo.load('cart-42');
    assert.equal(log.reads[0]?.from, 4);
    assert.deepEqual([cart.source, cart.restoredFrom, cart.replayed, cart.eventCount], ['snapshot', 4, 3, 7]);
    assertState(cart.state, folded(events(7)));
  }
});

test('a log without an end is read page by page, never asked for everything', async () => {
  const log = new Log<CartEvent>({}, events(2_500));
  const cart = await (await open({ store: memoryStore(), events: log })).load('cart-42');
  assert.equal(cart.eventCount, 2_500);
  assert.deepEqual(log.reads.map(({ limit }) => limit), [1_000, 1_000, 1_000, 1_000]);
});

test('an async iterable is the whole rest', async () => {
  for (const pageSize of [1, 3, 1_000]) {
    const log = new StreamingLog<CartEvent>({}, events(7));
    const cart = await (await open({ store: memoryStore(), events: log }, { pageSize })).load('cart-42');
    assertState(cart.state, folded(events(7)));
    assert.deepEqual([log.reads.length, log.opened, log.closed], [1, 1, 1]);
  }
});

test('an async iterable that is left early is closed', async () => {
  const log = new StreamingLog<CartEvent>({}, events(9));
  const repo = await open({ store: memoryStore(), events: log }, { pageSize: 2 });
  assert.equal((await repo.load('cart-42', { at: 3 })).position, 3);
  assert.deepEqual([log.opened, log.closed], [1, 1]);
});

test('an async iterable is closed when a row is refused', async () => {
  const broken: Record<string, (rows: EventRow<CartEvent>[]) => EventRow<CartEvent>[]> = {
    gap: (rows) => rows.filter(({ position }) => position !== 4),
    invalidPosition: (rows) => rows.map((row) => (row.position === 2 ? { ...row, position: 2 ** 53 } : row)),
    historyUnavailable: (rows) => rows.slice(1),
  };
  for (const [code, change] of Object.entries(broken)) {
    const log = new StreamingLog<CartEvent>({}, events(9));
    log.rows = change(log.rows);
    const repo = await open({ store: memoryStore(), events: log }, { pageSize: 3 });
    await assert.rejects(repo.load('cart-42'), { code });
    assert.ok(log.opened > 0);
    assert.equal(log.closed, log.opened, code);
  }
});

test('an iterator that ended is not told to return', async () => {
  let returned = 0;
  const left = new Log<CartEvent>({}, events(3)).rows;
  const iterator = {
    next: async () => {
      const value = left.shift();
      return value === undefined ? { done: true as const, value } : { done: false as const, value };
    },
    return: async () => {
      returned += 1;
      return { done: true as const, value: undefined };
    },
  };
  const repo = await open({ store: memoryStore(), events: { read: () => ({ [Symbol.asyncIterator]: () => iterator }) } });
  assert.equal((await repo.load('cart-42')).position, 3);
  assert.equal(returned, 0);
});

test('a page that ignores `from` is noticed, never folded twice', async () => {
  const log = new Log<CartEvent>({}, events(4));
  const events4 = { read: () => log.rows };
  const replaying = await open({ store: memoryStore(), events: events4 });
  await assert.rejects(replaying.load('cart-42'), { code: 'readFailed', position: 1 });

  const store = memoryStore();
  const honest = await open({ store, events: log });
  taken(await honest.snapshot(await honest.load('cart-42')));
  const lying = await open({ store, events: events4 });
  await assert.rejects(lying.load('cart-42'), { code: 'readFailed', message: /`from` is inclusive/ });
});

test('a log that takes `from` for exclusive loses events, which is a gap', async () => {
  const log = new Log<CartEvent>({ pageRows: 2 }, events(4));
  const exclusive = {
    read: (id: string, options: ReadOptions) =>
      log.read(id, options.from === 0 ? options : { ...options, from: options.from + 1 }),
  };
  const repo = await open({ store: memoryStore(), events: exclusive });
  await assert.rejects(repo.load('cart-42'), { code: 'gap', position: 4 });
});

test('rows out of order are refused', async () => {
  const log = new Log<CartEvent>({}, events(4));
  log.rows.reverse();
  await assert.rejects((await open({ store: memoryStore(), events: log })).load('cart-42'), { code: 'historyUnavailable' });
  log.rows.reverse();
  log.rows.push(log.rows.splice(1, 1)[0] as EventRow<CartEvent>);
  await assert.rejects((await open({ store: memoryStore(), events: log })).load('cart-42'), { code: 'gap', position: 3 });
});

test('a log that fails is readFailed with its cause', async () => {
  const cause = new Error('connection lost');
  const failures = [
    () => {
      throw cause;
    },
    () => Promise.reject(cause),
    () => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(cause) }),
    }),
  ];
  for (const read of failures) {
    const repo = await open({ store: memoryStore(), events: { read: read as never } });
    await assert.rejects(repo.load('cart-42'), { code: 'readFailed', cause, message: /connection lost/ });
  }
  for (const answer of [undefined, null, 7, {}, 'rows', new Map()]) {
    const repo = await open({ store: memoryStore(), events: { read: () => answer as never } });
    await assert.rejects(repo.load('cart-42'), { code: 'readFailed', message: /array.*async iterable/ });
  }
});

test('events.row turns what read returns into rows, for arrays and iterables', async () => {
  interface Raw {
    readonly seq: string;
    readonly body: string;
  }
  const raw: Raw[] = events(4).map((body, index) => ({ seq: `${index + 1}`, body: JSON.stringify(body) }));
  const row = (...given: Raw[]): EventRow<CartEvent> => {
    assert.equal(given.length, 1);
    const [{ seq, body }] = given as [Raw];
    return { position: seq, event: JSON.parse(body) as CartEvent };
  };
  const page = ({ from }: ReadOptions) => raw.slice(Math.max(0, from - 1));
  const array = await carts().open({ store: memoryStore(), events: { read: (_id, options) => page(options), row } });
  const iterable = await carts().open({
    store: memoryStore(),
    events: {
      async *read(_id: string, options: ReadOptions) {
        yield* page(options);
      },
      row,
    },
  });
  for (const repo of [array, iterable]) {
    const cart = await repo.load('cart-42');
    assert.equal(cart.position, 4);
    assertState(cart.state, folded(events(4)));
  }
});

test('methods of a log keep their `this`', async () => {
  class Table {
    #rows = new Log<CartEvent>({}, [event('a')]).rows;

    read(_id: string, { from }: ReadOptions) {
      return from === 0 ? this.#rows : [];
    }
  }
  const repo = await open({ store: memoryStore(), events: new Table() });
  assert.equal((await repo.load('cart-42')).position, 1);
});
