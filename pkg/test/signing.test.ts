/** Signed frames: the same rules for seal, open and inspect, and for a repository that was given keys. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { inspect, memoryStore, open as openFrame, seal, type HeaderInput, type SigningKey } from 'snapfold';
import { keys as storeKeys, planSave } from 'snapfold/plans';
import { assertState, events, folded, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { bytesAt, flipped } from './support/stores.js';

const header: HeaderInput = { name: 'cart', version: 3, streamId: 'cart-42', position: 1_200, eventCount: 1_100 };
const state = { lines: new Map([['a', 1n]]) };
const key = (id: string, byte: number): SigningKey => ({ id, secret: new Uint8Array(32).fill(byte) });
const old = key('2024', 1);
const current = key('2025', 2);

test('the first key signs, each of them verifies', () => {
  for (const keys of [[old, current], [current, old]]) {
    const frame = seal(header, state, { keys });
    for (const given of [keys, [...keys].reverse()]) {
      assert.deepEqual(openFrame(frame, { keys: given }).state, state);
      assert.equal(inspect(frame, { keys: given }).keyId, keys[0]?.id);
    }
  }
  assert.ok(!('keyId' in inspect(seal(header, state))));
});

test('the digest is HMAC-SHA-256 over domain and head, as Node has it', () => {
  const frame = seal(header, 1, { keys: [old] });
  const covered = frame.length - 1 - 32;
  const mac = createHmac('sha256', old.secret).update('snapfold.header.1\0').update(frame.subarray(0, covered)).digest();
  assert.deepEqual(new Uint8Array(mac), frame.slice(covered, covered + 32));
});

test('what a reader with and without keys refuses', () => {
  const signed = seal(header, state, { keys: [old] });
  const unsigned = seal(header, state);
  const cases: [Uint8Array, SigningKey[] | undefined, string][] = [
    [signed, undefined, 'unknownKey'],
    [signed, [current], 'unknownKey'],
    [signed, [key('2024', 9)], 'corrupt'],
    [unsigned, [old], 'unsigned'],
  ];
  for (const [frame, keys, code] of cases) {
    const expect = keys === undefined ? {} : { keys };
    assert.throws(() => openFrame(frame, expect), { code });
    assert.throws(() => inspect(frame, expect), { code });
  }
});

test('every byte of a signed frame counts', () => {
  const keys = [old];
  const frame = seal(header, state, { keys });
  for (let index = 0; index < frame.length; index += 1) {
    assert.throws(() => openFrame(flipped(frame, index), { keys }), { code: /^(corrupt|truncated|tooNew|unknownKey)$/ }, `byte ${index}`);
  }
  for (let length = 0; length < frame.length; length += 1) {
    assert.throws(() => openFrame(frame.subarray(0, length), { keys }), { code: 'truncated' }, `length ${length}`);
  }
});

const MALFORMED: [string, unknown, string][] = [
  ['no list', old, 'keys'],
  ['an empty list, which would sign nothing unnoticed', [], 'keys'],
  ['no key', [7], 'keys[0]'],
  ['an option that does not exist', [{ ...old, secretHex: '' }], 'keys[0].secretHex'],
  ['no id', [{ secret: old.secret }], 'keys[0].id'],
  ['an empty id', [{ ...old, id: '' }], 'keys[0].id'],
  ['an id that is no text', [{ ...old, id: '\ud800' }], 'keys[0].id'],
  ['a secret that is text', [current, { id: 'x', secret: 'my dear secret text' }], 'keys[1].secret'],
  ['a secret that is too short', [{ id: 'x', secret: new Uint8Array(15) }], 'keys[0].secret'],
  ['two keys of one name', [old, current, { ...old, secret: current.secret }], 'keys[2].id'],
];

for (const [what, keys, path] of MALFORMED) {
  test(`keys are refused, without showing a secret: ${what}`, async () => {
    const refusal = (path: string) => (error: Error & { code?: string; path?: string }) => {
      assert.deepEqual([error.code, error.path], ['invalidOption', path]);
      assert.ok(!error.message.includes('dear'), error.message);
      return true;
    };
    assert.throws(() => seal(header, state, { keys } as never), refusal(path));
    assert.throws(() => openFrame(seal(header, state), { keys } as never), refusal(`expect.${path}`));
    await assert.rejects(open({ store: memoryStore(), events: new Log<CartEvent>(), keys } as never), refusal(path));
  });
}

test('a repository signs, and reads across a rotation', async () => {
  const log = new Log<CartEvent>({ ids: true }, events(4));
  const store = memoryStore();
  const first = await open({ store, events: log, keys: [old] });
  const { key: written } = taken(await first.maybeSnapshot(await first.load('cart-42')));
  assert.equal(inspect(await bytesAt(store, written), { keys: [old] }).keyId, '2024');

  const rotated = await open({ store, events: log, keys: [current, old] });
  const handle = await rotated.load('cart-42');
  assert.deepEqual([handle.source, handle.restoredFrom], ['snapshot', 4]);
  assertState(handle.state, folded(events(4)));
  log.append(...events(3, 5));
  const next = taken(await rotated.maybeSnapshot(await rotated.refresh(handle)));
  assert.equal(inspect(await bytesAt(store, next.key), { keys: [current] }).keyId, '2025');
});

test('keys that are changed after opening change nothing', async () => {
  const secret = Buffer.alloc(32, 1);
  const repo = await open({ store: memoryStore(), events: new Log<CartEvent>({ ids: true }, events(4)), keys: [{ id: '2024', secret }] });
  secret.fill(9);
  taken(await repo.maybeSnapshot(await repo.load('cart-42')));
  assert.equal((await repo.load('cart-42')).source, 'snapshot');
});

test('a load with keys uses nothing that is not signed with one of them', async () => {
  for (const [keys, code] of [[undefined, 'unsigned'], [[current], 'unknownKey'], [[key('2024', 9)], 'corrupt']] as const) {
    const log = new Log<CartEvent>({ ids: true }, events(4));
    const store = memoryStore();
    const writer = await open({ store, events: log, ...(keys === undefined ? {} : { keys }) });
    taken(await writer.maybeSnapshot(await writer.load('cart-42')));
    const reader = await open({ store, events: log, keys: [old] });
    const { source, rejected, state } = await reader.load('cart-42');
    assert.deepEqual([source, rejected.map((rejection) => rejection.code)], ['replay', [code]]);
    assertState(state, folded(events(4)));
  }
});

test('a snapshot of another key at our position stays, one that is not signed is replaced', async () => {
  const log = new Log<CartEvent>({ ids: true }, events(4));
  for (const theirs of [[current], undefined]) {
    const store = memoryStore();
    const writer = await open({ store, events: log, ...(theirs === undefined ? {} : { keys: theirs }) });
    const { key: written } = taken(await writer.maybeSnapshot(await writer.load('cart-42')));
    const before = await bytesAt(store, written);
    const ours = await open({ store, events: log, keys: [old] });
    // Known from the load, and found while saving.
    for (const handle of [await ours.load('cart-42'), await ours.load('cart-42', { useSnapshots: false })]) {
      if (theirs === undefined) {
        const { status } = await ours.snapshot(handle);
        assert.ok(status === 'taken' || status === 'skipped');
      } else {
        await assert.rejects(ours.snapshot(handle), { code: 'unknownKey' });
      }
    }
    const after = await bytesAt(store, written);
    if (theirs === undefined) assert.equal(inspect(after, { keys: [old] }).keyId, '2024');
    else assert.deepEqual(after, before);
  }
});

test('a plan for a signed frame needs its keys', () => {
  const frame = seal({ ...header, meta: { region: 'north' } }, state, { keys: [old] });
  assert.throws(() => planSave(frame, []), { code: 'unknownKey' });
  const [put] = planSave(frame, [], { keys: [old] });
  assert.deepEqual(put, { op: 'put', key: storeKeys.snapshot('cart', 'cart-42', 3, 1_200) });
});
