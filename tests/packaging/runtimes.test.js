/** The package outside browsers: the same report everywhere. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';
import { expected, expectedWithFolds, vectors } from './support/expected.js';
import { installed } from './support/install.js';
import { node, programOf, script, start } from './support/run.js';

const compiler = fileURLToPath(new URL('node_modules/typescript/bin/tsc', import.meta.url));

const reported = (text, wanted = expectedWithFolds) => assert.deepEqual(JSON.parse(text), wanted);

test('the expectation is worth something', () => {
  for (const [name, least] of Object.entries({ values: 150, frames: 20, refused: 80 })) assert.ok(vectors[name].length >= least, name);
});

test('Node, import', async () => reported(await node('node', 'main.js')));

test('Node, require', async () => reported(await node('commonjs', 'main.js')));

for (const entry of ['inline', 'slim']) {
  test(`Node, snapfold/${entry}`, async () => reported(await node('node', `${entry}.js`), expected));
}

test('Jest', async () => {
  const { numPassedTests, success } = JSON.parse(await script('jest', 'test', '--', '--json'));
  assert.deepEqual({ numPassedTests, success }, { numPassedTests: 1, success: true });
});

for (const config of ['tsconfig.json', 'tsconfig.bundler.json']) {
  test(`TypeScript, ${config}`, async () => assert.equal(await node('typescript', compiler, '--project', config), ''));
}

const deno = programOf('deno', '@deno', '.');
test('Deno', { skip: deno.lack }, async () => reported(await start('deno', deno.program)));

const bun = programOf('bun', '@oven', 'bin');
test('Bun', { skip: bun.lack }, async () => reported(await start('bun', bun.program)));

test('workerd', async () => {
  const folder = installed.fixture('workerd');
  await script('workerd', 'build');
  const worker = new Miniflare({
    modules: true,
    modulesRules: [{ type: 'CompiledWasm', include: ['**/*.wasm'] }],
    modulesRoot: join(folder, 'dist'),
    scriptPath: join(folder, 'dist/worker.js'),
    compatibilityDate: '2026-07-01',
  });
  try {
    const response = await worker.dispatchFetch('http://worker/', { method: 'POST', body: readFileSync(join(folder, 'vectors.json')) });
    reported(await response.text());
  } finally {
    await worker.dispose();
  }
});
