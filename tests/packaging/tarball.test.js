/** What is published: its files, its types, and what every entry has to keep to. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { publint } from 'publint';
import { installed, repository } from './support/install.js';
import { run } from './support/run.js';

const OTHERS = [
  'LICENSE-APACHE',
  'LICENSE-MIT',
  'README.md',
  'package.json',
  'wasm/snapfold-core.wasm',
  'wasm/snapfold-inline.d.ts',
  'wasm/snapfold-inline.js',
  'wasm/snapfold.d.ts',
  'wasm/snapfold.js',
  'wasm/snapfold_bg.wasm',
  'wasm/snapfold_bg.wasm.d.ts',
];

const packed = filesOf(installed.package);
const read = (file) => readFileSync(join(installed.package, file), 'utf8');
const exported = Object.keys(JSON.parse(read('package.json')).exports);
const scripts = packed.filter((file) => file.endsWith('.js'));

test('the tarball has what is built of the sources with types and source maps, the modules, README and licences, and nothing else', () => {
  const sources = filesOf(join(repository, 'pkg/src')).filter((file) => !file.endsWith('.d.ts')).map((file) => file.replace(/\.ts$/, ''));
  const built = sources.flatMap((name) => ['.d.ts', '.js', '.js.map'].map((extension) => `dist/${name}${extension}`));
  assert.deepEqual(packed, [...built, ...OTHERS].sort());
  for (const file of ['LICENSE-APACHE', 'LICENSE-MIT', 'pkg/README.md']) {
    assert.equal(read(file.replace('pkg/', '')), readFileSync(join(repository, file), 'utf8'));
  }
});

test('source maps bring their sources', () => {
  for (const script of scripts.filter((file) => file.startsWith('dist/'))) {
    assert.match(read(script), /\n\/\/# sourceMappingURL=\S+\.js\.map\s*$/, script);
    const { sourcesContent } = JSON.parse(read(`${script}.map`));
    assert.ok(sourcesContent?.length === 1 && sourcesContent[0] !== '', script);
  }
});

test('no top-level await, and no code that is made from text', async () => {
  assert.ok(scripts.length > 50);
  for (const script of scripts) {
    await assert.doesNotReject(transform(read(script), { format: 'esm', supported: { 'top-level-await': false } }), script);
    assert.doesNotMatch(read(script), /\beval\(|\bnew Function\b/, script);
  }
});

test('every entry can be imported and required', async () => {
  const entries = exported.filter((entry) => !/\.(wasm|json)$/.test(entry)).map((entry) => `snapfold${entry.slice(1)}`);
  assert.ok(entries.length > 10);
  const code = `for (const entry of ${JSON.stringify(entries)}) import(entry).then((module) => { if (module !== require(entry) || Object.keys(module).length === 0) throw new Error(entry); });`;
  assert.equal(await run(process.execPath, ['--eval', code], installed.fixture('commonjs')), '');
});

test('publint has nothing to say', async () => {
  const { messages } = await publint({ pkgDir: installed.package, strict: true });
  assert.deepEqual(messages, []);
});

/** Types are those of ESM, which Node can require since 20.19; the modules have none, since what an import of them is depends on the bundler. */
test('attw has nothing to say', async () => {
  const attw = fileURLToPath(new URL('node_modules/@arethetypeswrong/cli/dist/index.js', import.meta.url));
  const options = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', '--exclude-entrypoints', 'snapfold.wasm', 'snapfold-core.wasm'];
  const text = await run(process.execPath, [attw, installed.tarball, '--format', 'json', ...options]);
  const { analysis } = JSON.parse(text);
  assert.equal(Object.keys(analysis.entrypoints).length, exported.length - 2);
});

/** Files below a folder, with slashes, sorted. */
function filesOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1).replaceAll(sep, '/')).sort();
}
