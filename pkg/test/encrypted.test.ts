/** The decorator that encrypts: what the store below sees, and what becomes of values that cannot be decrypted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { memoryStore, type SnapshotMeta } from 'snapfold';
import { keys } from 'snapfold/plans';
import { encrypted } from 'snapfold/encrypted';
import { maintain } from 'snapfold/maintenance';
import { sqliteStore } from 'snapfold/sqlite';
import { aesGcm, newSecret } from './support/aes-gcm.js';
import { assertSkipped, events, open, taken, type CartEvent } from './support/carts.js';
import { Log } from './support/log.js';
import { keysIn } from './support/stores.js';

const meta: SnapshotMeta = { name: 'cart', version: 3, streamId: 'cart-42', position: 7, eventCount: 5, takenAt: null, stateBytes: 9 };
const [three, two, one] = [3, 2, 1].map((position) => keys.snapshot('cart', 'a', 1, position)) as [string, string, string];
const plain = new TextEncoder().encode('a secret that nobody may read');

const secret = await newSecret();

test('the store below sees neither values nor meta', async () => {
  const db = new Database(':memory:');
  const store = encrypted(sqliteStore(db), aesGcm(secret));
  await store.put(one, plain, meta);
  await store.putIfAbsent?.(two, plain, meta);
  await store.transact?.([{ op: 'put', key: three, bytes: plain, meta }]);
  const rows = db.prepare('SELECT * FROM snapfold_snapshots').all() as Record<string, unknown>[];
  assert.equal(rows.length, 3);
  for (const { key: _, bytes, ...columns } of rows) {
    assert.equal((bytes as Buffer).includes('secret'), false);
    assert.deepEqual(Object.values(columns), Object.values(columns).map(() => null));
  }
  for (const key of [one, two, three]) assert.deepEqual(await store.get(key), plain);
});

test('meta goes through where that is wanted', async () => {
  const db = new Database(':memory:');
  const store = encrypted(sqliteStore(db), { ...aesGcm(secret), meta: 'keep' });
  await store.put(one, plain, meta);
  await store.putIfAbsent?.(two, plain, meta);
  await store.transact?.([{ op: 'put', key: three, bytes: plain, meta }]);
  const ids = db.prepare('SELECT stream_id FROM snapfold_snapshots').all();
  assert.deepEqual(ids, [1, 2, 3].map(() => ({ stream_id: 'cart-42' })));
});

test('a ciphertext under another key, a damaged one and one with another secret read as absent', async () => {
  const below = memoryStore();
  const store = encrypted(below, aesGcm(secret));
  await store.put(one, plain);
  await store.put(two, plain);
  await below.put(two, (await below.get(one)) as Uint8Array);
  assert.equal(await store.get(two), undefined, 'swapped');
  assert.deepEqual(await store.get(one), plain);
  const bytes = (await below.get(one)) as Uint8Array;
  await below.put(one, bytes.map((byte, index) => (index === 20 ? byte ^ 1 : byte)));
  assert.equal(await store.get(one), undefined, 'damaged');
  await below.put(one, new Uint8Array(3));
  assert.equal(await store.get(one), undefined, 'cut');
  await below.put(one, bytes);
  assert.equal(await encrypted(below, aesGcm(await newSecret())).get(one), undefined, 'lost key');
});

test('nothing, or null, is absent as well; the callbacks may answer at once', async () => {
  for (const nothing of [undefined, null]) {
    const store = encrypted(memoryStore(), { encrypt: (bytes) => bytes, decrypt: () => nothing });
    await store.put(one, plain);
    assert.equal(await store.get(one), undefined);
  }
});

test('a stream whose key is lost is replayed, and snapshotted anew', async () => {
  const below = sqliteStore(new Database(':memory:')); // has newest, which would not name what it passes over
  const log = new Log<CartEvent>({}, events(6));
  const before = await open({ store: encrypted(below, aesGcm(secret)), events: log });
  const { state } = taken(await before.maybeSnapshot(await before.load('cart-42'))).handle;
  const after = await open({ store: encrypted(below, aesGcm(await newSecret())), events: log });
  const replayed = await after.load('cart-42');
  assert.deepEqual([replayed.source, replayed.rejected.map(({ code }) => code)], ['replay', ['absent']]);
  assert.deepEqual(replayed.state, state);
  taken(await after.maybeSnapshot(replayed));
  assert.equal((await after.load('cart-42')).source, 'snapshot');
  assert.equal((await keysIn(below, 'cart/')).length, 1);
});

test('a forgotten stream stays forgotten when the secret is lost', async () => {
  const below = memoryStore();
  const log = new Log<CartEvent>({}, events(6));
  const opened = async () => open({ store: encrypted(below, aesGcm(await newSecret())), events: log });
  await maintain(await opened()).forget('cart-42');
  const after = await opened();
  assertSkipped(await after.maybeSnapshot(await after.load('cart-42')), 'forgotten');
  assert.deepEqual(await keysIn(below, ''), [keys.tombstone('cart', 'cart-42')]);
});

test('a stream whose secret was destroyed can still be forgotten', async () => {
  const below = memoryStore();
  const log = new Log<CartEvent>({}, events(6));
  const before = await open({ store: encrypted(below, aesGcm(secret)), events: log });
  taken(await before.maybeSnapshot(await before.load('cart-42')));
  const destroyed = () => {
    throw new Error('no secret');
  };
  const after = await open({ store: encrypted(below, { encrypt: destroyed, decrypt: destroyed }), events: log });
  assert.equal((await maintain(after).forget('cart-42')).deleted.length, 1);
  assert.deepEqual(await keysIn(below, ''), [keys.tombstone('cart', 'cart-42')]);
});

test('what an encryption that fails was to put is not put', async () => {
  const below = sqliteStore(new Database(':memory:'));
  const encrypt = () => {
    throw new Error('no secret');
  };
  const store = encrypted(below, { ...aesGcm(secret), encrypt });
  await assert.rejects(async () => store.put(one, plain), /no secret/);
  await assert.rejects(async () => store.putIfAbsent?.(one, plain), /no secret/);
  await assert.rejects(async () => store.transact?.([{ op: 'put', key: one, bytes: plain }]), /no secret/);
  assert.deepEqual(await below.list('', { limit: 9 }), []);
});

test('limits and listing are those of the store below, less what encryption adds', () => {
  const below = { ...memoryStore(), maxValueBytes: 1_000, listing: 'eventual' as const };
  const { maxValueBytes, listing, putIfAbsent, newest, transact } = encrypted(below, aesGcm(secret));
  assert.deepEqual([maxValueBytes, listing, putIfAbsent, newest, transact], [972, 'eventual', undefined, undefined, undefined]);
  assert.equal(encrypted(below, { ...aesGcm(secret), overhead: 0 }).maxValueBytes, 1_000);
  assert.equal('maxValueBytes' in encrypted(memoryStore(), aesGcm(secret)), false);
});

test('options are checked', () => {
  const wrong: object[] = [{ encrypt: 7 }, { decrypt: undefined }, { overhead: -1 }, { overhead: 0.5 }, { meta: 'hide' }];
  for (const each of wrong) {
    const [path = ''] = Object.keys(each);
    assert.throws(() => encrypted(memoryStore(), { ...aesGcm(secret), ...each } as never), { code: 'invalidOption', path }, path);
  }
  assert.throws(() => encrypted(memoryStore(), { ...aesGcm(secret), other: 1 } as never), { path: 'encrypted.other' });
});
