/** The store on Deno KV, inside Deno. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { memoryStore } from 'snapfold';
import { storeConformance } from 'snapfold/testing';
import { script } from './support/bundles.js';
import { DENO_FLAGS, denoProgram } from './support/deno.js';
import { LIVES, type Said } from './support/inside.js';

const folder = mkdtempSync(path.join(tmpdir(), 'snapfold-deno-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const deno = denoProgram();

test('Deno KV, in Deno: all checks, a repository lives on it, and its limits are typed errors', { skip: 'lack' in deno && deno.lack }, (t) => {
  assert.ok('program' in deno);
    const env = { ...process.env, DENO_DIR: folder };
  const output = execFileSync(deno.program, [...DENO_FLAGS, script('deno-kv'), folder], { encoding: 'utf8', env });
  const { passed, failed, ...limits } = JSON.parse(output) as Said & Record<string, unknown>;
  const offers = ['putIfAbsent', 'newest', 'transact', 'signal'] as const;
  const wanted = [...storeConformance(memoryStore, { offers, reopen: (store) => store }).map(({ name }) => name), LIVES];
  assert.deepEqual({ passed, failed }, { passed: wanted, failed: [] });
  const { refused, tooMuch, ...taken } = limits as Record<string, string>;
  assert.deepEqual(taken, { most: 65_536, length: 65_536, left: ['a'] });
  assert.match(String(refused), /^tooLarge: 65537 bytes; .* 65536 at most/);
  assert.match(String(tooMuch), /^tooLarge: \d+ bytes; a commit of Deno KV has 819200 at most/);
  t.diagnostic(`${passed.length} checks in Deno`);
});
