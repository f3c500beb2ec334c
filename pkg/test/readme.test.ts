/** The README's first screen is a program that runs, under the strictest compiler settings. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

const pkg = fileURLToPath(new URL('..', import.meta.url));
const folder = `${pkg}dist-test/readme/`;

test('the README snippet compiles under strict and prints what its comment says', () => {
  const readme = readFileSync(`${pkg}../README.md`, 'utf8');
  const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  assert.ok(code !== undefined, 'the README has a TypeScript block');
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}snippet.ts`, code);
  const tsc = `${pkg}node_modules/typescript/bin/tsc`;
  const flags = '--strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --target ES2022 --module nodenext --types node';
  execFileSync(process.execPath, [tsc, ...flags.split(' '), '--skipLibCheck', '--ignoreConfig', `${folder}snippet.ts`], { stdio: 'inherit' });
  const said = execFileSync(process.execPath, [`${folder}snippet.js`], { encoding: 'utf8' });
  const promised = / \/\/ (.*)\n$/.exec(code)?.[1];
  assert.equal(said.trim(), promised);
});

for (const document of ['README.md', 'docs/folds.md', 'docs/maintenance.md', 'docs/observing.md', 'docs/stores.md', 'docs/testing.md']) {
  test(`the programs in ${document} run and print what their comments say`, () => {
    const blocks = [...readFileSync(`${pkg}../${document}`, 'utf8').matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code ?? '');
    assert.ok(blocks.length > 0, 'there is a block of JavaScript');
    mkdirSync(folder, { recursive: true });
    for (const code of blocks) {
      writeFileSync(`${folder}program.js`, code);
      const said = execFileSync(process.execPath, [`${folder}program.js`], { encoding: 'utf8', cwd: folder });
      const promised = [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, words]) => words);
      assert.ok(promised.length > 0, 'it prints something');
      assert.deepEqual(said.trim().split('\n'), promised);
    }
  });
}

test('the tests that docs/guarantees.md names exist', () => {
  const page = readFileSync(`${pkg}../docs/guarantees.md`, 'utf8');
  const named = [...page.matchAll(/`([\w/-]+\.(?:rs|test\.ts)): ([^`]+)`/g)].map(([, file, name]) => [file, name] as [string, string]);
  assert.ok(named.length > 80, `${named.length} are named`);
  for (const [file, name] of named) {
    const isRust = file.endsWith('.rs');
    const text = readFileSync(`${pkg}${isRust ? '../tests' : 'test'}/${file}`, 'utf8');
    const tests = text.split('\n').filter((line) => (isRust ? /^\s*fn / : /^\s*test\(/).test(line));
    assert.ok(tests.some((line) => line.includes(isRust ? `fn ${name}(` : name)), `${file}: ${name}`);
  }
});
