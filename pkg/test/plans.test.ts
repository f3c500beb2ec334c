/** Keys and plans as data, and a load driven by hand through `next`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect, memoryStore, open as openFrame, seal, type SnapshotError } from 'snapfold';
import { keys, next, planPrune, planSave, type LoadFact, type LoadRequest, type LoadStep, type PlannedOp } from 'snapfold/plans';
import { events, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { bytesAt } from './support/stores.js';

const at = (position: number | bigint) => keys.snapshot('cart', 'cart-42', 1, position);
const frame = (position: number) => seal({ name: 'cart', version: 1, streamId: 'cart-42', position, eventCount: position }, {});

test('newer snapshots come first in a plain ascending scan', () => {
  const positions = [0n, 1n, 2n, 255n, 256n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n];
  const sorted = positions.map(at).sort();
  assert.deepEqual(sorted.map((key) => keys.positionOf(key)), [...positions].reverse());
  assert.ok(sorted.every((key) => key.startsWith(keys.snapshots('cart', 'cart-42', 1))));
});

test('no stream’s keys are a prefix of another’s', () => {
  const streams = ['cart-4', 'cart-42', 'cart', 'cart/42', 'Cart', 'cart~42', 'ca', '.', '..', 'x'.repeat(96), 'x'.repeat(97), 'x'.repeat(98)];
  const prefixes = streams.map((stream) => keys.stream('cart', stream));
  for (const [index, prefix] of prefixes.entries()) {
    assert.deepEqual(prefixes.filter((other) => other.startsWith(prefix)), [prefix], streams[index]);
  }
});

test('what no key can be made of', () => {
  for (const id of ['', '\ud800', 'a\udc00', 7, null, undefined]) {
    assert.throws(() => keys.stream('cart', id as never), { code: 'invalidId', path: 'streamId' });
    assert.throws(() => keys.stream(id as never, 's'), { code: 'invalidId', path: 'name' });
  }
  for (const version of [0, -1, 1.5, NaN, 2 ** 32, 2 ** 32 + 1, '1']) {
    assert.throws(() => keys.snapshots('cart', 's', version as never), { code: 'invalidOption', path: 'version' });
    assert.throws(() => keys.snapshot('cart', 's', version as never, 1), { code: 'invalidOption', path: 'version' });
    assert.throws(() => keys.attempt('cart', 's', version as never), { code: 'invalidOption', path: 'version' });
  }
  for (const position of [-1, 1.5, 2 ** 53, '007', 2n ** 64n]) {
    assert.throws(() => keys.snapshot('cart', 's', 1, position), { code: 'invalidPosition', path: 'position' });
  }
});

test('a key that is none states no position', () => {
  for (const key of ['', 'cart', 'cart/s/s/v1/', 'cart/s/s/v1/fff', 'cart/s/s/v1/FFFFFFFFFFFFFFFF', 'cart/s/s/v1/+fffffffffffffff', `${at(1)}/`]) {
    assert.equal(keys.positionOf(key), undefined, key);
  }
});

const deletes = (positions: number[], coveredBy: number): PlannedOp[] =>
  positions.length === 0 ? [] : [{ op: 'delete', keys: positions.map(at), coveredBy: at(coveredBy) }];

test('planSave: the put first, then reading it back, then what it makes superfluous', () => {
  const saves = (position: number, ...gone: number[]): PlannedOp[] => [
    { op: 'put', key: at(position) },
    { op: 'verify', key: at(position) },
    ...deletes(gone, position),
  ];
  assert.deepEqual(planSave(frame(9), []), saves(9));
  const existing = [1, 3, 5, 7].map(at);
  assert.deepEqual(planSave(frame(9), existing), saves(9, 5, 3, 1));
  assert.deepEqual(planSave(frame(9), existing, { keep: 1 }), saves(9, 7, 5, 3, 1));
  assert.deepEqual(planSave(frame(9), existing, { keep: { last: 1, positions: [4] } }), saves(9, 7, 5, 1));
  assert.deepEqual(planSave(frame(9), existing, { keep: { last: 1, every: '1d' } }), saves(9));
  assert.deepEqual(planSave(frame(9), existing, { keep: 5 }), saves(9));
  assert.deepEqual(planSave(frame(9), existing, { listing: 'eventual' }), [{ op: 'put', key: at(9) }]);
  assert.deepEqual(planSave(frame(5), existing), saves(5, 1));
  const unread = { readBack: false, keep: 1 };
  assert.deepEqual(planSave(frame(9), existing, unread), [{ op: 'put', key: at(9) }]);
  assert.deepEqual(planSave(frame(9), existing, { ...unread, vouched: 5 }), [{ op: 'put', key: at(9) }, ...deletes([3, 1], 5)]);
  assert.throws(() => planSave(new Uint8Array(3), []), { code: 'corrupt' });
});

test('planPrune leaves what lies above, what is no snapshot, and the newest below', () => {
  const existing = [9, 7, 5, 3].map(at).concat(keys.stream('cart', 'cart-42'), 'zebra');
  const prunes = (...gone: number[]): PlannedOp[] => [{ op: 'verify', key: at(7) }, ...deletes(gone, 7)];
  assert.deepEqual(planPrune(existing, at(7)), prunes(3));
  assert.deepEqual(planPrune(existing, at(7), { keep: 1 }), prunes(5, 3));
  assert.deepEqual(planPrune(existing, at(7), { keep: { last: 1, positions: ['4', 3n] } }), prunes(5));
  assert.deepEqual(planPrune(existing, at(7), { keep: 3 }), []);
  assert.deepEqual(planPrune(existing, at(7), { keep: 1, listing: 'eventual' }), []);
  for (const coveredBy of [at(8), keys.attempt('cart', 'cart-42', 1), 'zebra', '']) {
    assert.throws(() => planPrune(existing, coveredBy), { code: 'invalidOption', path: 'coveredBy' });
  }
});

test('planPrune keeps the newest of each period, given what headers say', () => {
  const day = 864e5;
  const heads = [0, day - 1, 3 * day, 3 * day + 1].map((takenAt, index) => ({ key: at(index + 1), takenAt }));
  const plan = planPrune(heads.map(({ key }) => key), at(4), { keep: { last: 1, every: '1d' }, heads });
  assert.deepEqual(plan, [{ op: 'verify', key: at(4) }, ...deletes([3, 1], 4)]);
  assert.deepEqual(planPrune(heads.map(({ key }) => key), at(4), { keep: { last: 1, every: '1d' } }), []);
});

/** A driver of one's own, as short as it gets: synchronous, and without migrations. */
function drive(request: LoadRequest, store: Map<string, Uint8Array>, log: Log<CartEvent>): { steps: string[]; last: LoadStep; state: unknown } {
  const facts: LoadFact[] = [];
  const steps: string[] = [];
  let state: unknown;
  for (;;) {
    const { step } = next(request, facts);
    steps.push(step.do);
    if (step.do === 'list') {
      const found = [...store.keys()].filter((key) => key.startsWith(step.prefix) && key >= (step.start ?? '')).sort();
      facts.push({ listed: { keys: found.slice(0, step.limit) } });
    } else if (step.do === 'open') {
      try {
        const opened = openFrame(store.get(step.key) as Uint8Array, { name: request.name, streamId: request.streamId, position: step.position });
        state = opened.state;
        const { eventCount, anchor } = opened.header;
        facts.push({ opened: { eventCount: Number(eventCount), ...(anchor === undefined ? {} : { anchor }) } });
      } catch (error) {
        const { code, message } = error as SnapshotError;
        facts.push({ rejected: { code, message } });
      }
    } else if (step.do === 'read') {
      const [row] = log.page({ ...(step.from === null ? {} : { from: Number(step.from) }), limit: 1 });
      facts.push({ firstRow: { row: row === undefined ? null : { position: Number(row.position), anchor: row.id as string } } });
    } else if (step.do === 'bounds') {
      assert.fail('this log has none');
    } else {
      return { steps, last: step, state };
    }
  }
}

test('next leads a driver of one’s own to the same snapshot', async () => {
  const log = new Log<CartEvent>({}, events(5));
  const store = memoryStore();
  const repo = await open({ store, events: log });
  const { key } = taken(await repo.snapshot(await repo.load('cart-42')));
  const frames = new Map([[key, await bytesAt(store, key)]]);
  const request: LoadRequest = {
    name: 'cart',
    streamId: 'cart-42',
    version: 1,
    sequence: { contiguous: { firstPosition: 1 } },
    useSnapshots: true,
    hasBounds: false,
  };
  const used = drive(request, frames, log);
  assert.deepEqual([used.steps, used.last], [['list', 'open', 'read', 'use'], { do: 'use', key }]);
  assert.deepEqual(used.state, (await repo.load('cart-42')).state);
  assert.deepEqual(drive({ ...request, at: 4 }, frames, log).steps, ['list', 'read', 'replay']);
  assert.deepEqual(drive({ ...request, useSnapshots: false }, frames, log).steps, ['read', 'replay']);
  assert.deepEqual(drive({ ...request, version: 2, migratable: [1] }, frames, log).steps, ['list', 'list', 'open', 'read', 'use']);
  frames.set(key, new Uint8Array(9));
  assert.deepEqual(drive(request, frames, log).steps, ['list', 'open', 'read', 'replay']);
  const sparse: LoadRequest = { ...request, sequence: 'sparse', lateArrivals: false, useSnapshots: false };
  assert.deepEqual(drive({ ...sparse, history: 'complete' }, frames, log).last, { do: 'replay' });
  const pruned = drive({ ...sparse, history: 'pruned' }, frames, log).last;
  assert.equal(pruned.do === 'fail' && pruned.error.code, 'historyUnavailable');
  const holes: LoadFact[] = [{ firstRow: { row: { position: 1 } } }, { gap: { position: 4 } }];
  assert.equal(next({ ...request, useSnapshots: false }, holes).step.do, 'read');
  assert.deepEqual(next({ ...request, onStoreError: 'throw' }, [{ unreadable: { message: 'away' } }]).step.do, 'fail');
  const counted = next({ ...request, useSnapshots: false, hasBounds: true, maxReplay: 4 }, [{ bounds: { bounds: { count: 5 } } }]).step;
  assert.equal(counted.do === 'fail' && counted.error.code, 'replayTooLong');
  for (const wrong of [{ history: 'lost' }, { onStoreError: 'ignore' }, { maxReplay: -1 }]) {
    assert.throws(() => next({ ...request, ...wrong } as never, []), { code: 'invalidOption' });
  }
  const failed = drive(request, frames, new Log<CartEvent>()).last;
  assert.equal(failed.do === 'fail' && failed.error.code, 'historyUnavailable');
});

test('next forgets nothing and invents nothing: a fact must answer the step before it', () => {
  const request: LoadRequest = { name: 'cart', streamId: 's', version: 1, sequence: 'sparse', useSnapshots: true, hasBounds: true };
  assert.throws(() => next(request, [{ opened: { eventCount: 1 } }]), { code: 'invalidOption', path: 'facts' });
  assert.throws(() => next({ ...request, streamId: '' }, []), { code: 'invalidId' });
  assert.deepEqual(next(request, []), next(request, []));
});

test('next takes positions as numbers or as bigints', () => {
  const request: LoadRequest = { name: 'cart', streamId: 's', version: 1, sequence: 'sparse', useSnapshots: true, hasBounds: true };
  const [at, beyond] = [7n, 2n ** 60n].map((position) => keys.snapshot('cart', 's', 1, position));
  const facts = (position: number | bigint, key = at): LoadFact[] => [
    { listed: { keys: [key as string] } },
    { opened: { eventCount: 3, anchor: 'a' } },
    { firstRow: { row: { position, anchor: 'a' } } },
  ];
  const asked = { step: { do: 'bounds', through: 7 }, rejected: [] };
  assert.deepEqual([next(request, facts(7)), next({ ...request, at: 7n }, facts(7n))], [asked, asked]);
  assert.deepEqual(next(request, facts(2n ** 60n, beyond)).step, { do: 'bounds', through: 2n ** 60n });
  assert.throws(() => next(request, facts(-1n)), { code: 'invalidPosition', path: 'facts' });
  assert.throws(() => next(request, [{ looked: {} } as never]), { code: 'invalidOption' });
  assert.throws(() => next({ ...request, useSnapshots: 'no' as never }, []), { code: 'invalidOption' });
});

test('a plan’s put is the key under which a repository finds the frame', async () => {
  const log = new Log<CartEvent>({}, events(3));
  const store = memoryStore();
  const repo = await open({ store, events: log });
  const { state } = await repo.load('cart-42');
  const own = seal({ name: 'cart', version: 1, streamId: 'cart-42', position: 3, eventCount: 3, anchor: 'event-3' }, state);
  const [put] = planSave(own, []);
  assert.ok(put?.op === 'put');
  await store.put(put.key, own);
  const handle = await repo.load('cart-42');
  assert.deepEqual([handle.source, handle.restoredFrom, inspect(own).position], ['snapshot', 3, 3]);
});
