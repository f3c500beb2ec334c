/** The package in a real Chromium, by way of bundlers and without: the same report everywhere, and what it costs to send. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import * as vite from 'vite';
import * as vite7 from 'vite-7';
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

for (const [bundler, configFile] of [
  [vite, false],
  [vite7, 'vite-7.config.js'],
]) {
  const config = { root: installed.fixture('vite'), configFile: configFile && join(installed.fixture('vite'), configFile), logLevel: 'warn' };

  test(`Vite ${bundler.version}, build`, options, async () => {
    await bundler.build({ ...config, build: { emptyOutDir: true } });
    await page('vite', 'dist', expectedWithFolds);
  });

  test(`Vite ${bundler.version}, dev`, options, async () => {
    const server = await bundler.createServer({ ...config, server: { port: 0 } });
    try {
      await server.listen();
      assert.deepEqual((await visit(browser, server.resolvedUrls.local[0])).report, expectedWithFolds);
    } finally {
      await server.close();
    }
  });
}

test('Vite 7, dev, as it is: the error says what arrived, and where to look', options, async () => {
  const server = await vite7.createServer({ root: installed.fixture('vite'), configFile: false, logLevel: 'silent', server: { port: 0 } });
  try {
    await server.listen();
    await assert.rejects(visit(browser, server.resolvedUrls.local[0]), /SnapshotError.*snapfold_bg\.wasm is no module \(status 200, text\/html\).*docs\/runtimes\.md/s);
  } finally {
    await server.close();
  }
});

test('no bundler: a script and an import map', options, async () => {
  await page('script', '.', expectedWithFolds);
});

const bundlers = {
  vite: () => vite.build({ root: installed.fixture('small'), logLevel: 'warn', build: { outDir: 'vite' } }),
  webpack: () => script('small', 'webpack'),
  esbuild: () => script('small', 'esbuild'),
};
for (const [name, bundle] of Object.entries(bundlers)) {
  test(`what the application of the README sends, bundled by ${name}`, options, async (t) => {
    await bundle();
    const sent = Object.entries(await page('small', name, { source: 'snapshot', restoredFrom: 200, replayed: 50 }));
    const sizes = sent.filter(([path]) => /\.(js|wasm)$/.test(path)).map(([path, body]) => [path, brotliCompressSync(body).length]);
    assert.deepEqual(sizes.map(([path]) => path.replace(/.*\./, '')).sort(), ['js', 'wasm']);
    const total = sizes.reduce((sum, [, size]) => sum + size, 0);
    t.diagnostic(`SIZE OF THE APPLICATION, ${name}: ${total} of ${BUDGET} bytes (${sizes.map((size) => size.join(' ')).join(', ')})`);
    assert.ok(total <= BUDGET, `${total} bytes, the budget is ${BUDGET}`);
  });
}
