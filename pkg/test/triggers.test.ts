/** Policies at work in a repository: what each of them is told, and that it survives a restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyBytes, everyElapsed, everyEvents, memoryStore, perKind, slowLoad, tailRatio, whenEvent, whenState, withJitter } from 'snapfold';
import { assertSkipped, event, events, open, taken, type Cart, type CartEvent, type CartOptions } from './support/carts.js';
import { Log } from './support/log.js';

/** Two processes after one another on one store; the clock is set by hand. */
async function twice(policy: NonNullable<CartOptions['policy']>, options: Partial<CartOptions> = {}) {
  const time = { now: 0 };
  const log = new Log<CartEvent>();
  const store = memoryStore();
  const start = () => open({ store, events: log }, { policy, clock: () => time.now, ...options });
  return { time, log, start, repo: await start() };
}

test('everyBytes counts from the last snapshot, also after a restart', async () => {
  const { log, start, repo } = await twice(everyBytes(100), { sizeOf: () => 40 });
  const cart = repo.apply(await repo.load('c'), log.append(...events(2)));
  assert.match((await repo.maybeSnapshot(cart)).reason, /tail of 80 bytes/);
  const { handle } = taken(await repo.maybeSnapshot(repo.apply(cart, log.append(event('a')))));
  assert.match((await repo.maybeSnapshot(repo.apply(handle, log.append(event('b'))))).reason, /tail of 40 bytes/);
  const next = await start();
  assert.match((await next.maybeSnapshot(await next.load('c'))).reason, /tail of 40 bytes/);
});

test('everyElapsed counts from the first event, then from the snapshot, also after a restart', async () => {
  const { time, log, start, repo } = await twice(everyElapsed('1h'));
  const empty = await repo.load('c');
  let cart = repo.apply(
    empty,
    log.append(event('a')).map((row) => ({ ...row, at: '1970-01-01T00:00:01.000Z' })),
  );
  time.now = 3_600_999;
  assert.match((await repo.maybeSnapshot(cart)).reason, /3,599,999 ms since the first event/);
  time.now = 3_601_000;
  cart = taken(await repo.maybeSnapshot(cart)).handle;
  time.now += 3_600_000;
  assertSkipped(await repo.maybeSnapshot(cart), 'notDue');
  log.append(event('b'));
  const next = await start();
  time.now -= 1;
  const again = await next.load('c');
  assert.match((await next.maybeSnapshot(again)).reason, /3,599,999 ms since the snapshot/);
  time.now += 1;
  taken(await next.maybeSnapshot(again));
});

test('tailRatio weighs the tail against the stored frame', async () => {
  const { log, start, repo } = await twice(tailRatio(1), { sizeOf: () => 100 });
  const { handle, bytes } = taken(await repo.maybeSnapshot(repo.apply(await repo.load('c'), log.append(event('a')))));
  assert.ok(bytes > 100 && bytes < 300);
  const needed = Math.ceil(bytes / 100);
  log.append(...events(needed - 1));
  const next = await start();
  const cart = await next.load('c');
  assert.match((await next.maybeSnapshot(cart)).reason, new RegExp(`tail of ${needed - 1}00 bytes, threshold ${bytes} bytes`));
  taken(await next.maybeSnapshot(next.apply(cart, log.append(event('b')))));
  assert.equal(handle.position, 1);
});

test('slowLoad looks at the load that made the handle', async () => {
  const { time, log, start, repo } = await twice(slowLoad(50));
  log.append(...events(2));
  assertSkipped(await repo.maybeSnapshot(await repo.load('c')), 'notDue');
  const next = await start();
  const read = log.read.bind(log);
  log.read = (id, options) => {
    time.now += 30;
    return read(id, options);
  };
  const { handle, reason } = taken(await next.maybeSnapshot(await next.load('c')));
  assert.equal(reason, 'the load took 60 ms, threshold 50 ms');
  assertSkipped(await next.maybeSnapshot(next.apply(handle, log.append(event('b')))), 'notDue');
});

test('whenEvent looks at the events since the last snapshot', async () => {
  const { log, start, repo } = await twice(whenEvent('closed'));
  let cart = repo.apply(await repo.load('c'), log.append(event('a')));
  assertSkipped(await repo.maybeSnapshot(cart), 'notDue');
  cart = taken(await repo.maybeSnapshot(repo.apply(cart, log.append({ ...event('b'), type: 'closed' })))).handle;
  assertSkipped(await repo.maybeSnapshot(repo.apply(cart, log.append(event('c')))), 'notDue');
  const next = await start();
  assertSkipped(await next.maybeSnapshot(await next.load('c')), 'notDue');
  log.append({ ...event('d'), type: 'closed' });
  taken(await next.maybeSnapshot(await next.load('c')));
});

test('whenState is asked with the state of the handle', async () => {
  const { log, repo } = await twice(whenState(({ total }: Cart) => total >= 10n));
  const cart = repo.apply(await repo.load('c'), log.append(event('a', 9)));
  assertSkipped(await repo.maybeSnapshot(cart), 'notDue');
  taken(await repo.maybeSnapshot(repo.apply(cart, log.append(event('b', 1)))));
});

test('perKind is told the kind of the stream', async () => {
  const kindOf = (id: string): string => id.split('-')[0] ?? '';
  const { repo } = await twice(perKind({ vip: everyEvents(1) }, everyEvents(5)), { kindOf });
  const statuses = [];
  for (const id of ['vip-1', 'cart-1']) {
    statuses.push((await repo.maybeSnapshot(repo.apply(await repo.load(id), [event('a')], { through: 1 }))).status);
  }
  assert.deepEqual(statuses, ['taken', 'skipped']);
});

test('withJitter gives each stream its own threshold', async () => {
  const { repo } = await twice(withJitter(0.5, everyEvents(100)));
  const thresholds = new Set<number>();
  for (let index = 0; index < 10; index += 1) {
    let cart = await repo.load(`cart-${index}`);
    for (let position = 1; position <= 100; position += 1) {
      cart = repo.apply(cart, [event('a')], { through: position });
      if ((await repo.maybeSnapshot(cart)).status !== 'taken') continue;
      thresholds.add(position);
      break;
    }
  }
  assert.ok(thresholds.size > 5);
  assert.ok([...thresholds].every((events) => events >= 50 && events <= 100));
});
