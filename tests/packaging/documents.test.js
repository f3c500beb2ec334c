/** Every snippet of docs/runtimes.md is part of a fixture that runs here. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { here, repository } from './support/install.js';

test('docs/runtimes.md shows what the fixtures do', () => {
  const document = readFileSync(join(repository, 'docs/runtimes.md'), 'utf8');
  const snippets = [...document.matchAll(/^```\w+\n(.*?)^```$/gms)].map(([, snippet]) => plain(snippet));
  assert.ok(snippets.length > 5);
  const fixtures = filesOf(join(here, 'fixtures')).map((file) => (file.endsWith('package.json') ? scriptsOf(file) : plain(readFileSync(file, 'utf8'))));
  for (const snippet of snippets) assert.ok(fixtures.some((fixture) => fixture.includes(snippet)), `no fixture has\n${snippet}`);
});

/** Lines without indentation, and none that are empty. */
const plain = (text) => text.split('\n').map((line) => line.trim()).filter((line) => line !== '').join('\n');

const scriptsOf = (file) => Object.values(JSON.parse(readFileSync(file, 'utf8')).scripts ?? {}).join('\n');

function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? filesOf(join(folder, entry.name)) : [join(folder, entry.name)]));
}
