/** Many processes on one Postgres: the example, on a server of the test's own. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { lack, startServer } from './support/postgres.js';

const main = fileURLToPath(new URL('../../examples/postgres-processes/main.js', import.meta.url));

test('several processes write and read snapshots of the same streams: nothing is lost, nothing goes back', { skip: lack }, async (t) => {
  const { config } = await startServer();
  const env = { ...process.env, PGHOST: config.host, PGUSER: config.user as string, PGDATABASE: config.database as string };
  const { stdout } = await promisify(execFile)(process.execPath, [main, '4', '5', '100'], { env });
  const [said, verified] = stdout.trim().split('\n');
  const [, conflicts, taken, looks] = (/^4 processes, 400 events, (\d+) conflicts, (\d+) snapshots taken, (\d+) looks at the newest$/.exec(said ?? '') ?? []).map(Number);
  assert.ok(conflicts !== undefined && taken !== undefined && looks !== undefined, stdout);
  assert.ok(taken >= 5 && looks > 0, said);
  assert.equal(verified, 'verified: 5 of 5 carts from a snapshot, all equal to their full replay');
  t.diagnostic(said as string);
});
