/** What a repository tells its host, and that telling it cannot hurt. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryStore, type Report } from 'snapfold';
import { keys } from 'snapfold/plans';
import { carts, events, failed, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { damage, failing, flipped } from './support/stores.js';

/** Collects what would be printed. */
function warnings(t: TestContext): string[] {
  const lines: string[] = [];
  t.mock.method(console, 'warn', (...words: unknown[]) => lines.push(words.join(' ')));
  return lines;
}

test('loads, snapshots, failures and warnings, each with what a log line needs', async () => {
  let ticks = 0;
  const reports: Report[] = [];
  const store = memoryStore();
  const log = new Log<CartEvent>({}, events(3));
  const broken = { op: '' };
  const shaky = failing(store, (op) => op === broken.op);
  const repo = await open({ store: shaky, events: log, observe: (report) => reports.push(report) }, { clock: () => (ticks += 10), keep: 1 });
  let cart = taken(await repo.maybeSnapshot(await repo.load('cart-42'))).handle;
  broken.op = 'put';
  cart = failed(await repo.maybeSnapshot(repo.apply(cart, log.append(...events(3))))).handle;
  broken.op = 'delete';
  taken(await repo.maybeSnapshot(repo.apply(cart, log.append(...events(3)))));
  const key = (position: number) => keys.snapshot('cart', 'cart-42', 1, position);
  const shared = { streamId: 'cart-42', version: 1 };
  const [loaded, first, marker, , second, warning] = reports.map((report) => ({ ...report }) as Record<string, unknown>);
  assert.deepEqual(loaded, { ...shared, type: 'loaded', position: 3, code: 'replay', millis: 10, bytes: 0, eventCount: 3, replayed: 3, rejected: [] });
  assert.deepEqual({ ...first, bytes: 0, millis: 0 }, {
    ...shared,
    type: 'taken',
    code: 'taken',
    position: 3,
    eventCount: 3,
    reason: '3 events and no snapshot yet, threshold 3',
    key: key(3),
    bytes: 0,
    deleted: [],
    millis: 0,
  });
  assert.deepEqual(reports.map(({ type }) => type), ['loaded', 'taken', 'failed', 'warning', 'taken', 'warning']);
  assert.deepEqual([marker?.['position'], marker?.['code'], (marker?.['error'] as Error).name], [6, 'storeFailed', 'SnapshotError']);
  assert.equal(second?.['key'], key(9));
  assert.match(String(warning?.['reason']), /could not be deleted: store\.delete failed: delete: disk on fire/);
});

test('every report has stream, version, position, duration, bytes and code; what is not due only when all is told', async () => {
  for (const verbose of [false, true]) {
    const reports: Report[] = [];
    let ticks = 0;
    const store = memoryStore();
    const log = new Log<CartEvent>({}, events(3));
    const broken = { op: '' };
    const shaky = failing(store, (op) => op === broken.op);
    const definition = { clock: () => (ticks += 10), keep: 1, knows: ['added'] };
    const repo = await open({ store: shaky, events: log, observe: (report) => reports.push(report), ...(verbose && { verbose }) }, definition);
    let cart = await repo.load('cart-42');
    const { handle } = taken(await repo.maybeSnapshot(cart));
    log.append(...events(1));
    cart = await repo.refresh(handle);
    await repo.maybeSnapshot(cart); // notDue
    await repo.maybeSnapshot(await repo.load('cart-42', { at: 2 })); // historical
    broken.op = 'put';
    await repo.maybeSnapshot(repo.apply(cart, log.append(...events(3)))); // failed
    broken.op = '';
    await repo.load('cart-42');
    const told = reports.map(({ type, code, position, millis, bytes: size }) => [type, code, position, millis > 0, size > 0]);
    const all: [type: string, code: string, position: number, takesTime: boolean, sized: boolean][] = [
      ['loaded', 'replay', 3, true, false],
      ['taken', 'taken', 3, true, true],
      ['refreshed', 'refreshed', 4, true, false],
      ['skipped', 'notDue', 4, false, false],
      ['loaded', 'replay', 2, true, false],
      ['skipped', 'historical', 2, false, false],
      ['failed', 'storeFailed', 7, true, true],
      ['warning', 'storeFailed', 7, false, false],
      ['loaded', 'snapshot', 7, true, true],
    ];
    assert.deepEqual(told, all.filter(([, code]) => verbose || !['notDue', 'historical'].includes(code)));
    for (const { streamId, version } of reports) assert.deepEqual([streamId, version], ['cart-42', 1]);
  }
});

test('an observer that throws, or that rejects, does not hurt', async (t) => {
  const lines = warnings(t);
  const observers = [
    () => {
      throw new Error('observer on fire');
    },
    async () => {
      throw new Error('observer on fire');
    },
  ];
  for (const observe of observers) {
    const repo = await carts().open({ store: memoryStore(), events: new Log<CartEvent>({}, events(3)), observe });
    taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  }
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(lines.length, 4);
  assert.ok(lines.every((line) => /observe\(\) threw.*observer on fire/.test(line)), lines.join('\n'));
});

test('without an observer each kind of trouble is printed once', async (t) => {
  const lines = warnings(t);
  const store = memoryStore();
  const log = new Log<CartEvent>({}, events(3));
  const repo = await carts().open({ store, events: log });
  taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  assert.deepEqual(lines, []);
  await damage(store, keys.snapshot('cart', 'cart-42', 1, 3), (frame) => flipped(frame, 30));
  await repo.load('cart-42');
  await repo.load('cart-42');
  assert.equal(lines.length, 1);
  assert.match(String(lines[0]), /snapfold: snapshot cart\/cart-42\/s\/v1\/fffffffffffffffc was not used: corrupt: .*pass observe/);

  const shaky = await carts().open({ store: failing(memoryStore(), (op) => op === 'list'), events: log });
  for (const id of ['cart-1', 'cart-2', 'cart-3']) failed(await shaky.maybeSnapshot(await shaky.load(id)));
  assert.equal(lines.length, 3);
  assert.match(String(lines[1]), /snapfold: the snapshots under cart\/cart-1\/s\/v1\/ could not be read: unreadable: list: disk on fire/);
  assert.match(String(lines[2]), /stream cart-1: the snapshot was not taken: store\.list failed: list: disk on fire/);

  const large = await carts({ maxBytes: 50 }).open({ store: memoryStore(), events: log });
  for (const id of ['cart-1', 'cart-2']) await large.maybeSnapshot(await large.load(id));
  assert.equal(lines.length, 4);
  assert.match(String(lines[3]), /stream cart-1: the snapshot was not taken: .*50/);
});
