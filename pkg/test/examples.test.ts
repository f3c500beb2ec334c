/** The example applications, with the packages they name: built, and tested by their own tests, on a server of this test's own. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { lack, startServer } from './support/postgres.js';

const run = promisify(execFile);
const server = lack === undefined ? (await startServer()).config : undefined;
const url = server && `postgresql://${server.user as string}@/${server.database as string}?host=${encodeURIComponent(server.host as string)}`;

test('examples/emmett: commands with snapshots, in memory', { skip: lackOf('emmett') }, async (t) => {
  for (const line of await tested('emmett', 'in-memory')) t.diagnostic(line);
});

test('examples/emmett: commands with snapshots, on Postgres', { skip: lackOf('emmett') ?? lack }, async (t) => {
  for (const line of await tested('emmett', 'postgres', url)) t.diagnostic(line);
  const { stdout } = await run(process.execPath, ['dist/src/main.js'], { cwd: folderOf('emmett'), env: environment(url) });
  assert.match(stdout, /^200 commands: 20100 events read without snapshots, \d{4} with them; the same state$/m);
});

test('examples/hono-postgres: the service over HTTP', { skip: lackOf('hono-postgres') ?? lack }, async (t) => {
  for (const line of await tested('hono-postgres', 'service', url)) t.diagnostic(line);
});

function folderOf(example: string): string {
  return fileURLToPath(new URL(`../../examples/${example}`, import.meta.url));
}

/** Its packages are installed by what sets up this repository. */
function lackOf(example: string): string | undefined {
  if (existsSync(`${folderOf(example)}/node_modules/snapfold`)) return undefined;
  return `SKIPPED: the packages of examples/${example} are not installed (npm ci there, or cargo xtask test)`;
}

/** Builds an example and runs one of its files of tests; fails if a test fails or is skipped. What the tests measured. */
async function tested(example: string, file: string, url?: string): Promise<string[]> {
  const options = { cwd: folderOf(example), env: environment(url) };
  const said = async (...command: string[]) =>
    run(process.execPath, command, options).catch((error: { stdout: string }) => assert.fail(`${command.join(' ')}\n${error.stdout}`));
  await said('node_modules/typescript/bin/tsc');
  const { stdout } = await said('--test', '--test-reporter=tap', `dist/test/${file}.test.js`);
  assert.match(stdout, /^# pass [1-9]/m, stdout);
  assert.match(stdout, /^# skipped 0$/m, stdout);
  return [...stdout.matchAll(/^# (\d+ commands .*)$/gm)].map(([, line]) => line as string);
}

/** A run of tests inside another one has to be told that it is none. */
function environment(url: string | undefined): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _outer, DATABASE_URL: _other, ...env } = process.env;
  return url === undefined ? env : { ...env, DATABASE_URL: url };
}
