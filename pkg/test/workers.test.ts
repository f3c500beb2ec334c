/** The stores of Cloudflare's runtime, inside workerd. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Miniflare } from 'miniflare';
import { memoryStore } from 'snapfold';
import { storeConformance, type Offer } from 'snapfold/testing';
import { bundled, script } from './support/bundles.js';
import { workerd, type Started } from './support/workerd.js';
import { LIVES, type Said } from './support/inside.js';

const folder = mkdtempSync(path.join(tmpdir(), 'snapfold-workers-'));
let file: string;
let running: Miniflare | undefined;

const start = () =>
  (workerd as Started).start(file, {
    durableObjects: { SQL: { className: 'SqlObject', useSQLite: true }, KV_OBJECT: { className: 'KvObject', useSQLite: false } },
    kvNamespaces: ['KV'],
    r2Buckets: ['R2'],
    durableObjectsPersist: path.join(folder, 'objects'),
    kvPersist: path.join(folder, 'kv'),
    r2Persist: path.join(folder, 'r2'),
  });

before(async () => {
  if ('lack' in workerd) return;
  file = await bundled(script('worker'), 'workerd');
  running = start();
});
after(async () => {
  await running?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

async function ask<T>(what: string, where: string): Promise<T> {
  const response = await (running as Miniflare).dispatchFetch(`http://worker/${what}/${where}`);
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as T;
}

const skip = 'lack' in workerd && workerd.lack;

const ALL: readonly Offer[] = ['putIfAbsent', 'newest', 'transact'];

const STORES: readonly (readonly [where: string, name: string, offers: readonly Offer[]])[] = [
  ['sql', 'a SQLite-backed Durable Object', ALL],
  ['kv-object', 'a key-value backed Durable Object', ALL],
  ['kv', 'Workers KV', ['signal']],
  ['r2', 'R2', ['putIfAbsent', 'signal']],
];

for (const [where, name, offers] of STORES) {
  test(`${name}, in workerd: all checks, and a repository lives on it`, { skip }, async (t) => {
    const said = await ask<Said>('checks', where);
    const wanted = [...storeConformance(memoryStore, { offers }).map(({ name }) => name), LIVES];
    assert.deepEqual(said, { passed: wanted, failed: [] });
    t.diagnostic(`${said.passed.length} checks in workerd`);
  });
}

test('what was put is there after a restart of workerd', { skip }, async () => {
  for (const [where] of STORES) await ask('put', where);
  await running?.dispose();
  running = start();
  for (const [where] of STORES) assert.deepEqual(await ask('get', where), [1, 2, 3], where);
});

const LIMITS: readonly (readonly [where: string, most: number])[] = [
  ['sql', 2_000_000],
  ['kv-object', 131_072],
  ['kv', 26_214_400],
];

for (const [where, most] of LIMITS) {
  test(`${where}: the largest value is taken, and one byte more is a typed error`, { skip }, async () => {
    const found = await ask<{ most: number; length: number; refused: string }>('large', where);
    assert.deepEqual([found.most, found.length], [most, most]);
    assert.match(found.refused, new RegExp(`^tooLarge: ${most + 1} bytes; .* ${most} at most`));
  });
}

test('a SQLite-backed object: snapshots are part of the transaction that is open, and one that fails leaves it as it was', { skip }, async () => {
  assert.deepEqual(await ask('joined', 'sql'), { undone: [0, []], done: [1, ['d']] });
});
