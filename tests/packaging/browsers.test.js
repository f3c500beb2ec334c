/** The package in a real Chromium, by way of bundlers and without: the same report everywhere, and what it costs to send. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { createServer } from 'vite';
import { lack, launch, serve, visit } from './support/browser.js';
import { expected, expectedWithFolds } from './support/expected.js';
import { installed } from './support/install.js';
import { script } from './support/run.js';

/** What an application sends of JavaScript and WebAssembly for the default entry, compressed with brotli. */
const BUDGET = 64 * 1024;

const options = { skip: lack };

let browser;
before(async () => lack || (browser = await launch()));
after(() => browser?.close());

/** Serves a fixture, with what was built of it over it, visits its page, and compares. Returns what was sent. */
async function page(fixture, built, wanted) {
  const server = await serve(join(installed.fixture(fixture), built), installed.fixture(fixture));
  try {
    const { report, sent } = await visit(browser, server.url);
    assert.deepEqual(report, wanted);
    return sent;
  } finally {
    await server.close();
  }
}

const built = [
  ['Vite, build', 'vite', 'dist', expectedWithFolds],
  ['webpack', 'webpack', 'dist', expectedWithFolds],
  ['esbuild', 'esbuild', 'public', expectedWithFolds],
  ['esbuild, snapfold/inline in a classic script', 'inline', 'public', expected],
  ['esbuild, snapfold/slim', 'slim', 'public', expected],
];
for (const [name, fixture, folder, wanted] of built) {
  test(name, options, async () => {
    await script(fixture, 'build');
    await page(fixture, folder, wanted);
  });
}

test('Vite, dev', options, async () => {
  const vite = await createServer({ root: installed.fixture('vite'), logLevel: 'warn', server: { port: 0 } });
  try {
    await vite.listen();
    const [url] = vite.resolvedUrls.local;
    const { report, sent } = await visit(browser, url);
    assert.deepEqual(report, expectedWithFolds);
    assert.ok(Object.keys(sent).some((path) => path.includes('/.vite/deps/')), 'dependencies are bundled beforehand');
  } finally {
    await vite.close();
  }
});

test('no bundler: a script and an import map', options, async () => {
  await page('script', '.', expectedWithFolds);
});

for (const bundler of ['vite', 'webpack', 'esbuild']) {
  test(`what the application of the README sends, bundled by ${bundler}`, options, async (t) => {
    await script('small', bundler);
    const sent = await page('small', bundler, { source: 'snapshot', restoredFrom: 200, replayed: 50 });
    const sizes = Object.entries(sent).filter(([path]) => /\.(js|wasm)$/.test(path)).map(([path, body]) => [path, brotliCompressSync(body).length]);
    assert.ok(sizes.some(([path]) => path.endsWith('.js')) && sizes.some(([path]) => path.endsWith('.wasm')));
    const total = sizes.reduce((sum, [, size]) => sum + size, 0);
    t.diagnostic(`SIZE OF THE APPLICATION, ${bundler}: ${total} of ${BUDGET} bytes (${sizes.map((size) => size.join(' ')).join(', ')})`);
    assert.ok(total <= BUDGET, `${total} bytes, the budget is ${BUDGET}`);
  });
}
