/** The stores take the handles of their hosts as those are typed there, under the strictest settings. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { pkg } from './support/bundles.js';
import { denoProgram } from './support/deno.js';

const folder = path.join(pkg, 'dist-test', 'host-types');
mkdirSync(folder, { recursive: true });

function compiles(name: string, code: string, ...flags: readonly string[]): void {
  const file = path.join(folder, `${name}.ts`);
  writeFileSync(file, code);
  const strict = ['--ignoreConfig', '--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--module', 'nodenext', '--target', 'es2022'];
  execFileSync(process.execPath, [`${pkg}node_modules/typescript/bin/tsc`, ...strict, ...flags, file], { stdio: 'inherit' });
}

test('those of Cloudflare', () => {
  compiles('cloudflare', `
    import { durableObjectKvStore, durableObjectSqlStore } from 'snapfold/durable-object';
    import { r2Store } from 'snapfold/r2';
    import { workersKvStore } from 'snapfold/workers-kv';
    declare const storage: DurableObjectStorage;
    declare const namespace: KVNamespace;
    declare const bucket: R2Bucket;
    const atOnce: Uint8Array | undefined = durableObjectSqlStore(storage).get('a');
    export const all = [atOnce, durableObjectKvStore(storage), r2Store(bucket), workersKvStore(namespace), workersKvStore(namespace as KVNamespace<'a'>)];
  `, '--lib', 'es2024', '--types', '@cloudflare/workers-types');
});

test('those of browsers and of idb', () => {
  compiles('browsers', `
    import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
    import { createSnapshots, indexedDbStore } from 'snapfold/indexeddb';
    interface Shop extends DBSchema { settings: { key: string; value: number } }
    declare const plain: IDBDatabase;
    declare const typed: IDBPDatabase<Shop>;
    const opening = openDB<Shop>('shop', 1, { upgrade(db) { createSnapshots(db); db.createObjectStore('settings'); } });
    const untyped = openDB('shop', 1, { upgrade(db) { createSnapshots(db); } });
    plain.onversionchange = () => createSnapshots(plain);
    export const all = [indexedDbStore('name'), indexedDbStore(plain), indexedDbStore(typed), indexedDbStore(() => opening), indexedDbStore(() => untyped)];
  `, '--lib', 'es2024,dom', '--types', '');
});

const deno = denoProgram();
const outside = mkdtempSync(path.join(tmpdir(), 'snapfold-host-types-'));
after(() => rmSync(outside, { recursive: true, force: true }));

test('that of Deno', { skip: 'lack' in deno && deno.lack }, () => {
  assert.ok('program' in deno);
  for (const part of ['dist', 'package.json']) cpSync(`${pkg}${part}`, path.join(outside, 'node_modules', 'snapfold', part), { recursive: true });
  writeFileSync(path.join(outside, 'package.json'), '{ "type": "module" }');
  writeFileSync(path.join(outside, 'deno.ts'), `
    import { denoKvStore } from 'snapfold/deno-kv';
    const kv: Deno.Kv = await Deno.openKv(':memory:');
    export const store = denoKvStore(kv, { prefix: ['app', 1] });
  `);
  execFileSync(deno.program, ['check', '--quiet', '--unstable-kv', 'deno.ts'], { cwd: outside, stdio: 'inherit', env: { ...process.env, DENO_DIR: path.join(outside, 'cache') } });
});
