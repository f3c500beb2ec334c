/** `maybeSnapshot` never throws, whatever the store, the definition or the caller does; the handle goes on working. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore, whenState, perKind, everyEvents, type Report, type SnapshotStore } from 'snapfold';
import {
  assertSkipped,
  assertState,
  carts,
  event,
  events,
  evolve,
  failed,
  folded,
  open,
  taken,
  type CartEvent,
  type CartHandle,
  type CartOptions,
  type CartRepository,
} from './support/carts.js';
import { Log } from './support/log.js';
import { answering, failing, hanging, intercepted, keysIn } from './support/stores.js';

/** A stream that is due for its first snapshot. */
async function due(store: SnapshotStore, options: Partial<CartOptions> = {}): Promise<{ repo: CartRepository; cart: CartHandle; reports: Report[] }> {
  const reports: Report[] = [];
  const log = new Log<CartEvent>();
  const repo = await open({ store, events: log, observe: (report) => reports.push(report) }, options);
  return { repo, cart: repo.apply(await repo.load('cart-42'), log.append(...events(3))), reports };
}

/** The handle of an outcome works as before. */
function assertUnharmed(repo: CartRepository, { handle }: { handle: CartHandle }, before: CartHandle): void {
  for (const cart of [handle, before]) {
    assert.deepEqual([cart.position, cart.eventCount], [3, 3]);
    const next = repo.apply(cart, { position: 4, event: event('next') });
    assertState(next.state, evolve(folded(events(3)), event('next')));
  }
}

const THROWING: Record<string, SnapshotStore> = {
  'list throws': failing(memoryStore(), (op) => op === 'list'),
  'put throws': failing(memoryStore(), (op) => op === 'put'),
  'list rejects': intercepted(memoryStore(), async (op, carryOut) => {
    if (op === 'list') throw new Error('disk on fire');
    return carryOut();
  }),
  'put rejects with what is no Error': intercepted(memoryStore(), async (op, carryOut) => {
    if (op === 'put') throw 'disk on fire';
    return carryOut();
  }),
};

for (const [what, store] of Object.entries(THROWING)) {
  test(`a store whose ${what}`, async () => {
    const { repo, cart, reports } = await due(store);
    const outcome = failed(await repo.maybeSnapshot(cart));
    assert.equal(outcome.error.code, 'storeFailed');
    assert.match(outcome.reason, /disk on fire/);
    assertUnharmed(repo, outcome, cart);
    const report = reports.find(({ type }) => type === 'failed');
    assert.deepEqual(report && 'code' in report && report.code, 'storeFailed');
  });
}

for (const op of ['list', 'put'] as const) {
  test(`a store that never answers to ${op}: the timeout is kept and the signal aborted`, async () => {
    const { store, signals } = hanging(memoryStore(), op);
    const { repo, cart } = await due(store, { snapshotTimeout: 5 });
    const outcome = failed(await repo.maybeSnapshot(cart));
    assert.equal(outcome.error.code, 'timeout');
    assertUnharmed(repo, outcome, cart);
    assert.ok(signals.length > 0);
    assert.ok(signals.every(({ aborted }) => aborted));
  });
}

test('a store that never answers to delete: the snapshot stands', async () => {
  const log = new Log<CartEvent>({}, events(3));
  const { store } = hanging(memoryStore(), 'delete');
  const reports: Report[] = [];
  const repo = await open({ store, events: log, observe: (report) => reports.push(report) }, { keep: 1, snapshotTimeout: 5 });
  const first = taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  const second = taken(await repo.maybeSnapshot(repo.apply(first.handle, log.append(...events(3, 4)))));
  assert.deepEqual(second.deleted, []);
  const warning = reports.find(({ type }) => type === 'warning');
  assert.deepEqual(warning && 'code' in warning && warning.code, 'timeout');
});

test('a store that answers garbage', async () => {
  for (const answer of [undefined, null, 7, 'keys', {}, [7], [null], ['\ud800'], [{}]]) {
    const { repo, cart } = await due(answering(memoryStore(), 'list', answer));
    const outcome = failed(await repo.maybeSnapshot(cart));
    assert.equal(outcome.error.code, 'storeFailed');
    assertUnharmed(repo, outcome, cart);
  }
});

test('keys in the slot whose values are garbage cover nothing, or fail the save', async () => {
  for (const value of [undefined, null, 7, 'frame', {}, new Uint8Array(), new Uint8Array(500)]) {
    let haunted = false;
    const listed = 'cart/cart-42/s/v1/0000000000000000';
    const store = intercepted(memoryStore(), (op, carryOut, [key]) => {
      if (haunted && op === 'list') return [listed];
      if (haunted && key === listed) return value;
      return carryOut();
    });
    const { repo, cart } = await due(store);
    haunted = true;
    const outcome = await repo.maybeSnapshot(cart);
    const sound = value === undefined || value === null || value instanceof Uint8Array;
    assert.equal(outcome.status, sound ? 'taken' : 'failed', String(value));
    assertUnharmed(repo, outcome, cart);
  }
});

const boom = (): never => {
  throw new Error('boom');
};

const THROWING_OPTIONS: Record<string, [Partial<CartOptions>, string]> = {
  toState: [{ toState: (cart) => (cart.lines.size > 0 ? boom() : cart) }, 'unencodable'],
  validate: [{ validate: boom }, 'invalid'],
  'validate by false': [{ validate: () => false }, 'invalid'],
  'a predicate': [{ policy: whenState(boom) }, 'invalidOption'],
  kindOf: [{ policy: perKind({ a: everyEvents(1) }, everyEvents(1)), kindOf: boom }, 'invalidOption'],
};

for (const [what, [options, code]] of Object.entries(THROWING_OPTIONS)) {
  test(`${what} that throws`, async () => {
    const store = memoryStore();
    const { repo, cart } = await due(store, options);
    const outcome = failed(await repo.maybeSnapshot(cart));
    assert.equal(outcome.error.code, code);
    assertUnharmed(repo, outcome, cart);
    assert.deepEqual((await keysIn(store, 'cart/')).filter((key) => key.includes('/s/')), []);
  });
}

test('a clock that throws or is no clock', async () => {
  for (const broken of [boom, () => NaN, () => 'noon' as never, () => undefined as never, () => 2 ** 60]) {
    let breaks = false;
    const { repo, cart } = await due(memoryStore(), { clock: () => (breaks ? broken() : 0) });
    breaks = true;
    const outcome = failed(await repo.maybeSnapshot(cart));
    assert.deepEqual([outcome.error.code, outcome.error.path], ['invalidOption', 'clock']);
    breaks = false;
    assertUnharmed(repo, outcome, cart);
  }
});

test('a clock of fractions is cut to whole milliseconds', async () => {
  const { repo, cart } = await due(memoryStore(), { clock: () => 1_700_000_000_000.75 });
  taken(await repo.maybeSnapshot(cart));
});

test('a state that cannot be encoded fails with its path, and nothing is written', async () => {
  const log = new Log<CartEvent>({}, events(3));
  const store = memoryStore();
  const definition = carts({
    evolve: (cart, next) => ({ ...evolve(cart, next), lines: new Map([['a', (() => {}) as never]]) }),
    development: false,
  });
  const repo = await definition.open({ store, events: log, observe: () => {} });
  const cart = await repo.load('cart-42');
  const outcome = failed(await repo.maybeSnapshot(cart));
  assert.deepEqual([outcome.error.code, outcome.error.path], ['unencodable', 'state.lines.get("a")']);
  assert.deepEqual((await keysIn(store, 'cart/')).filter((key) => key.includes('/s/')), []);
  await assert.rejects(repo.snapshot(outcome.handle), { code: 'unencodable' });
});

test('a handle of another repository, a copy of one, or none at all', async () => {
  const { repo, cart } = await due(memoryStore());
  const other = await due(memoryStore());
  for (const handle of [other.cart, { ...cart }, null, undefined, 7, 'cart-42', {}]) {
    const outcome = await repo.maybeSnapshot(handle as never);
    assert.equal(outcome.status, 'failed');
    assert.deepEqual([failed(outcome).error.code, failed(outcome).error.path], ['invalidOption', 'handle']);
    assert.equal(outcome.handle, handle);
  }
});

test('nothing folded, nothing to snapshot', async () => {
  const store = memoryStore();
  const repo = await open({ store, events: new Log<CartEvent>() });
  const cart = await repo.load('cart-42');
  assertSkipped(await repo.maybeSnapshot(cart), 'nothingFolded');
  assertSkipped(await repo.snapshot(cart), 'nothingFolded');
});

test('the forced snapshot throws what maybeSnapshot would have said', async () => {
  const broken = await due(THROWING['put throws'] as SnapshotStore);
  await assert.rejects(broken.repo.snapshot(broken.cart), { code: 'storeFailed' });
  const slow = await due(hanging(memoryStore(), 'put').store, { snapshotTimeout: 5 });
  await assert.rejects(slow.repo.snapshot(slow.cart), { code: 'timeout' });
  const large = await due(memoryStore(), { maxBytes: 50 });
  await assert.rejects(large.repo.snapshot(large.cart), { code: 'tooLarge' });
  const throwing = await due(memoryStore(), { validate: boom });
  await assert.rejects(throwing.repo.snapshot(throwing.cart), { code: 'invalid' });
});
