/** Recovery: the newest snapshot that can be vouched for, else an older one, else the replay; every refusal is named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyEvents, memoryStore, open as openFrame, seal, type SnapshotStore } from 'snapfold';
import { keys } from 'snapfold/plans';
import { assertState, event, events, folded, open, taken, type CartEvent, type CartRepository } from './support/carts.js';
import { Log } from './support/log.js';
import { answering, bytesAt, damage, failing, flipped, hanging, intercepted, keysIn, traced } from './support/stores.js';

/** 8 events, snapshots at 2, 4 and 6. */
async function eight(): Promise<{ store: SnapshotStore; log: Log<CartEvent>; repo: CartRepository }> {
  const store = memoryStore();
  const log = new Log<CartEvent>();
  const repo = await open({ store, events: log }, { keep: 3, policy: everyEvents(2) });
  let cart = await repo.load('cart-42');
  for (const next of events(7)) cart = (await repo.maybeSnapshot(repo.apply(cart, log.append(next)))).handle;
  log.append(...events(1, 8));
  return { store, log, repo: await open({ store, events: log }, { keep: 3, policy: everyEvents(2) }) };
}

const at = (position: number, version = 1, stream = 'cart-42') => keys.snapshot('cart', stream, version, position);

const codes = (cart: { rejected: readonly { code: string }[] }) => cart.rejected.map(({ code }) => code);

test('the newest sound snapshot and the tail behind it', async () => {
  const { store, repo } = await eight();
  assert.deepEqual(await keysIn(store, 'cart/'), [6, 4, 2].map((position) => at(position)));
  const cart = await repo.load('cart-42');
  assert.deepEqual([cart.source, cart.restoredFrom, cart.replayed, cart.rejected], ['snapshot', 6, 2, []]);
  assertState(cart.state, folded(events(8)));
});

const DAMAGE: [string, string, (frame: Uint8Array) => Uint8Array][] = [
  ['a bit of the magic', 'corrupt', (frame) => flipped(frame, 0)],
  ['a bit of the header', 'corrupt', (frame) => flipped(frame, 20)],
  ['a bit of the payload', 'corrupt', (frame) => flipped(frame, frame.length - 1)],
  ['a byte more', 'corrupt', (frame) => Uint8Array.from([...frame, 0])],
  ['a byte less', 'truncated', (frame) => frame.slice(0, -1)],
  ['half of it', 'truncated', (frame) => frame.slice(0, frame.length / 2)],
  ['three bytes', 'truncated', (frame) => frame.slice(0, 3)],
  ['nothing', 'truncated', () => new Uint8Array()],
  ['zeros', 'corrupt', (frame) => new Uint8Array(frame.length)],
  ['text in its place', 'corrupt', () => new TextEncoder().encode('{"state":{}}')],
];

for (const [what, code, change] of DAMAGE) {
  test(`${what}: ${code}, and the older snapshot is used`, async () => {
    const { store, repo } = await eight();
    await damage(store, at(6), change);
    const cart = await repo.load('cart-42');
    assert.deepEqual([cart.source, cart.restoredFrom, cart.replayed], ['snapshot', 4, 4]);
    assert.deepEqual(cart.rejected.map(({ key, position, code }) => [key, position, code]), [[at(6), 6, code]]);
    assertState(cart.state, folded(events(8)));
  });
}

test('when every snapshot is damaged the log is replayed, and each refusal is reported', async () => {
  const { store, repo } = await eight();
  for (const position of [2, 4, 6]) await damage(store, at(position), (frame) => flipped(frame, position * 10));
  const cart = await repo.load('cart-42');
  assert.deepEqual([cart.source, cart.restoredFrom, cart.replayed], ['replay', null, 8]);
  assert.deepEqual(cart.rejected.map(({ position }) => position), [6, 4, 2]);
  assertState(cart.state, folded(events(8)));
});

test('a damaged snapshot is replaced by the next one at its position', async () => {
  const { store, log, repo } = await eight();
  await damage(store, at(6), (frame) => flipped(frame, frame.length - 1));
  const six = await open({ store, events: { read: (id, options) => log.page(options).filter(({ position }) => Number(position) <= 6) } });
  const { key } = taken(await six.snapshot(await six.load('cart-42')));
  assert.equal(key, at(6));
  assert.deepEqual([(await repo.load('cart-42')).restoredFrom, codes(await repo.load('cart-42'))], [6, []]);
});

test('a snapshot that turned out damaged no longer counts as the last one', async () => {
  const { store, log, repo } = await eight();
  const { handle } = taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  assert.equal(handle.position, 8);
  for (const key of await keysIn(store, 'cart/')) await damage(store, key, (frame) => flipped(frame, frame.length - 1));
  log.append(event('one more'));
  const again = taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  assert.equal(again.position, 9);
});

test('snapshots copied under keys of another stream, position or name are foreign', async () => {
  const { store, repo } = await eight();
  const frame = await bytesAt(store, at(4));
  const header = { name: 'cart', version: 1, streamId: 'cart-42', position: 6, eventCount: 6 };
  const state = openFrame(frame).state;
  const foreign = {
    'another stream': seal({ ...header, streamId: 'cart-4' }, state),
    'another position': frame,
    'another definition': seal({ ...header, name: 'order' }, state),
  };
  for (const [what, bytes] of Object.entries(foreign)) {
    await store.put(at(6), bytes);
    const cart = await repo.load('cart-42');
    assert.deepEqual([what, cart.restoredFrom, codes(cart)], [what, 4, ['foreign']]);
    assertState(cart.state, folded(events(8)));
  }
});

test('a snapshot of another version in our slot is stale or tooNew', async () => {
  const { store, repo } = await eight();
  const second = await open({ store, events: new Log<CartEvent>({}, events(8)) }, { version: 2 });
  const header = { name: 'cart', streamId: 'cart-42', position: 6, eventCount: 6 };
  await store.put(at(6), seal({ ...header, version: 9 }, {}));
  assert.deepEqual(codes(await repo.load('cart-42')), ['tooNew']);
  await store.put(at(6, 2), seal({ ...header, version: 1 }, {}));
  assert.deepEqual(codes(await second.load('cart-42')), ['stale']);
});

test('another version is replayed; its slot is neither read nor touched', async () => {
  const { store, log } = await eight();
  const { store: watched, trace } = traced(store);
  const newer = await open({ store: watched, events: log }, { version: 2, keep: 1 });
  const cart = await newer.load('cart-42');
  assert.deepEqual([cart.source, cart.rejected], ['replay', []]);
  taken(await newer.snapshot(cart));
  assert.ok(trace.every((line) => !line.includes('/v1/')), trace.join('\n'));

  const older = await open({ store: watched, events: log }, { version: 1, keep: 1 });
  log.append(...events(2, 9));
  trace.length = 0;
  taken(await older.snapshot(await older.load('cart-42')));
  assert.ok(trace.every((line) => !line.includes('/v2/')), trace.join('\n'));
  assert.equal((await newer.load('cart-42')).restoredFrom, 8);
});

test('a payload in a format of its own is not for a repository', async () => {
  const { store, repo } = await eight();
  const header = { name: 'cart', version: 1, streamId: 'cart-42', position: 6, eventCount: 6 };
  await store.put(at(6), seal(header, new Uint8Array([1, 2, 3]), { mediaType: 'application/x-protobuf' }));
  assert.deepEqual(codes(await repo.load('cart-42')), ['tooNew']);
});

test('a state above maxStateBytes is tooLarge', async () => {
  const { store, log } = await eight();
  const small = await open({ store, events: log }, { maxStateBytes: 40 });
  const cart = await small.load('cart-42');
  assert.ok(codes(cart).includes('tooLarge'));
  assertState(cart.state, folded(events(8)));
});

test('a state that validate refuses, or that fromState cannot rebuild, is invalid', async () => {
  const { store, log } = await eight();
  const refusals = [
    { validate: () => false },
    {
      validate: () => {
        throw new Error('no');
      },
    },
    {
      fromState: (plain: object) => {
        if (folded([]).total === (plain as { total: bigint }).total) return plain as never;
        throw new Error('no');
      },
    },
  ];
  for (const options of refusals) {
    const cart = await (await open({ store, events: log }, options as never)).load('cart-42');
    assert.deepEqual(codes(cart), ['invalid', 'invalid', 'invalid']);
    assertState(cart.state, folded(events(8)));
  }
});

test('a store that cannot be read is no reason not to load', async () => {
  const { store, log } = await eight();
  const broken: Record<string, SnapshotStore> = {
    'list throws': failing(store, (op) => op === 'list'),
    'get throws': failing(store, (op) => op === 'get'),
    'list rejects': intercepted(store, async (op, carryOut) => {
      if (op === 'list') throw new Error('offline');
      return carryOut();
    }),
    'list hangs': hanging(store, 'list').store,
    'get hangs': hanging(store, 'get').store,
  };
  for (const [index, answer] of [undefined, null, 7, {}, [7], [null], ['\ud800']].entries()) {
    broken[`list answers garbage ${index}`] = answering(store, 'list', answer);
  }
  for (const [index, answer] of [7, 'text', {}, [], new ArrayBuffer(9), true].entries()) {
    broken[`get answers garbage ${index}`] = answering(store, 'get', answer);
  }
  for (const [what, bad] of Object.entries(broken)) {
    const cart = await (await open({ store: bad, events: log }, { snapshotTimeout: 5 })).load('cart-42');
    assert.deepEqual([what, cart.source, codes(cart)], [what, 'replay', ['unreadable']]);
    assertState(cart.state, folded(events(8)));
  }
});

test('keys that are not ours, or no keys of snapshots, are passed over', async () => {
  const { store, log } = await eight();
  const stray = ['cart/cart-42/s/v1/', 'cart/cart-42/s/v1/x', 'cart/cart-42/s/v1/fffffffffffffff9/', 'cart/cart-4/s/v1/fffffffffffffff9', 'zebra'];
  const noisy = intercepted(store, (op, carryOut) => (op === 'list' ? [...stray, ...(carryOut() as string[]), ...stray] : carryOut()));
  const cart = await (await open({ store: noisy, events: log })).load('cart-42');
  assert.deepEqual([cart.restoredFrom, cart.rejected], [6, []]);
});

test('a snapshot that vanished since it was listed: the walk begins again, once', async () => {
  const { store, log } = await eight();
  let lists = 0;
  const racing = intercepted(store, (op, carryOut, [key]) => {
    if (op === 'list') lists += 1;
    if (op === 'get' && key === at(6) && lists === 1) {
      void store.delete([at(6)]);
      return undefined;
    }
    return carryOut();
  });
  const cart = await (await open({ store: racing, events: log })).load('cart-42');
  assert.deepEqual([cart.restoredFrom, cart.rejected, lists], [4, [], 2]);

  const ghost = intercepted(store, (op, carryOut) => (op === 'list' ? [at(6), ...(carryOut() as string[])] : carryOut()));
  const again = await (await open({ store: ghost, events: log })).load('cart-42');
  assert.deepEqual([again.restoredFrom, codes(again)], [4, ['absent']]);
});

test('more snapshots than one listing shows are all looked at', async () => {
  const store = memoryStore();
  const log = new Log<CartEvent>();
  const repo = await open({ store, events: log }, { keep: 50, policy: everyEvents(1) });
  let cart = await repo.load('cart-42');
  for (const next of events(40)) cart = (await repo.maybeSnapshot(repo.apply(cart, log.append(next)))).handle;
  for (let position = 2; position <= 40; position += 1) await damage(store, at(position), (frame) => flipped(frame, 30));
  const found = await repo.load('cart-42');
  assert.deepEqual([found.restoredFrom, found.rejected.length], [1, 39]);
});
