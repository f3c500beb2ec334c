/** The service as others see it: processes of it on the server that DATABASE_URL names, over HTTP. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Counters } from '../src/counters.js';

const { DATABASE_URL } = process.env;
if (DATABASE_URL === undefined) {
  test('the service on Postgres', { skip: 'SKIPPED: DATABASE_URL names no server' });
} else {
  tests(DATABASE_URL);
}

function tests(connectionString: string): void {
  const pool = new pg.Pool({ connectionString });
  after(() => pool.end());

  test('an account over HTTP, now and as it was', async (t) => {
    const { post, get } = await started(t);
    const id = newId();
    assert.deepEqual(await post(`/accounts/${id}`, { owner: 'Ada' }), [201, { id, position: 1, owner: 'Ada', cents: 0, received: {} }]);
    assert.deepEqual((await post(`/accounts/${id}/deposits`, { cents: 700 }))[0], 200);
    assert.deepEqual((await post(`/accounts/${id}/withdrawals`, { cents: 200 }))[0], 200);
    assert.deepEqual(await get(`/accounts/${id}`), [200, { id, position: 3, owner: 'Ada', cents: 500, received: {} }]);
    assert.deepEqual(await get(`/accounts/${id}?at=2`), [200, { id, position: 2, owner: 'Ada', cents: 700, received: {} }]);

    assert.deepEqual(await post(`/accounts/${id}/withdrawals`, { cents: 501 }), [422, { error: 'there are only 500 cents' }]);
    assert.deepEqual(await post(`/accounts/${id}`, { owner: 'Bob' }), [409, { error: 'the account is open already' }]);
    assert.equal((await post(`/accounts/${newId()}/deposits`, { cents: 1 }))[0], 404);
    assert.equal((await get(`/accounts/${newId()}`))[0], 404);
    for (const cents of [0, -1, 0.5, '5', null]) assert.equal((await post(`/accounts/${id}/deposits`, { cents }))[0], 400);
    assert.equal((await post(`/accounts/${id}/deposits`, 'no object'))[0], 400);
    for (const at of ['-1', '1e3', 'now', '99999999999999999999']) assert.equal((await get(`/accounts/${id}?at=${at}`))[0], 400);
    assert.equal((await get(`/accounts/${id}`))[1].position, 3);
  });

  test('a service that starts anew folds the tail, and not the whole stream', async (t) => {
    const id = newId();
    const first = await started(t);
    await first.post(`/accounts/${id}`, { owner: 'Ada' });
    for (let n = 1; n <= 140; n += 1) await first.post(`/accounts/${id}/deposits`, { cents: n });
    const { eventsFolded, snapshotsTaken } = await first.counters();
    assert.equal(snapshotsTaken, 2);
    assert.ok(eventsFolded < 50 * 141, `${eventsFolded}`);
    t.diagnostic(`141 commands folded ${eventsFolded} events; without snapshots ${(140 * 141) / 2}`);

    const second = await started(t);
    const [, { position, cents }] = await second.get(`/accounts/${id}`);
    assert.deepEqual([position, cents], [141, (140 * 141) / 2]);
    assert.deepEqual(await second.counters(), { loads: 1, eventsFolded: 41, snapshotsTaken: 0, snapshotsFailed: 0 });
    assert.equal((await second.get(`/accounts/${id}?at=101`))[1].cents, (100 * 101) / 2);
  });

  test('a command that is overtaken is decided anew', async (t) => {
    const { post } = await started(t);
    const id = newId();
    await post(`/accounts/${id}`, { owner: 'Ada' });
    const rival = await pool.connect();
    await rival.query('BEGIN');
    const deposited = "INSERT INTO account_events VALUES ($1, 2, gen_random_uuid(), '{ \"type\": \"Deposited\", \"cents\": 5 }')";
    await rival.query(deposited, [id]);
    const late = post(`/accounts/${id}/deposits`, { cents: 3 });
    while ((await pool.query('SELECT 1 FROM pg_locks WHERE NOT granted')).rowCount === 0); // until it waits for the rival
    await rival.query('COMMIT');
    rival.release();
    assert.deepEqual(await late, [200, { id, position: 3, owner: 'Ada', cents: 8, received: {} }]);
  });

  test('two processes write to one account: every deposit counts once', async (t) => {
    const services = [await started(t), await started(t)];
    const id = newId();
    await services[0]?.post(`/accounts/${id}`, { owner: 'Ada' });
    const each = async ({ post }: Service) => {
      let done = 0;
      while (done < 20) {
        const [status] = await post(`/accounts/${id}/deposits`, { cents: 1 });
        assert.ok(status === 200 || status === 409, `${status}`); // 409: overtaken too often
        if (status === 200) done += 1;
      }
    };
    await Promise.all(services.flatMap((service) => [each(service), each(service), each(service)]));
    for (const { get } of services) {
      const [, { position, cents }] = await get(`/accounts/${id}`);
      assert.deepEqual([position, cents], [121, 120]);
    }
  });

  test('a transfer is on both accounts or on none, in whatever direction and however many at once', async (t) => {
    const services = [await started(t), await started(t)];
    const [a, b] = [newId(), newId()];
    for (const id of [a, b]) {
      await services[0]?.post(`/accounts/${id}`, { owner: id });
      await services[0]?.post(`/accounts/${id}/deposits`, { cents: 1000 });
    }
    const each = async ({ post }: Service, from: string, to: string) => {
      for (let done = 0; done < 30; ) {
        const [status] = await post('/transfers', { from, to, cents: 1 });
        assert.ok(status === 200 || status === 409, `${status}`);
        if (status === 200) done += 1;
      }
    };
    await Promise.all(services.flatMap((service) => [each(service, a, b), each(service, b, a)]));
    const refused = await services[0]?.post('/transfers', { from: a, to: b, cents: 5000 });
    assert.equal(refused?.[0], 422);
    const unknown = await services[0]?.post('/transfers', { from: a, to: newId(), cents: 1 });
    assert.equal(unknown?.[0], 404);
    for (const [id, other] of [[a, b], [b, a]] as const) {
      const [, account] = (await services[1]?.get(`/accounts/${id}`)) ?? [];
      assert.deepEqual(account, { id, position: 122, owner: id, cents: 1000, received: { [other]: 60 } });
      const newest = await pool.query('SELECT max(position)::int AS position FROM snapfold_snapshots WHERE stream_id = $1', [id]);
      assert.ok(newest.rows[0].position >= 100, `${newest.rows[0].position}`); // written inside the transactions
    }
  });

  test('while snapshots cannot be read or written, everything else goes on', async (t) => {
    const { post, get, counters } = await started(t);
    const [a, b] = [newId(), newId()];
    for (const id of [a, b]) await post(`/accounts/${id}`, { owner: id });
    await pool.query('ALTER TABLE snapfold_snapshots RENAME TO snapfold_snapshots_away');
    try {
      for (let n = 0; n < 60; n += 1) assert.equal((await post(`/accounts/${a}/deposits`, { cents: 1 }))[0], 200);
      for (let n = 0; n < 60; n += 1) assert.equal((await post('/transfers', { from: a, to: b, cents: 1 }))[0], 200);
      assert.deepEqual((await get(`/accounts/${b}`))[1].received, { [a]: 60 });
    } finally {
      await pool.query('ALTER TABLE snapfold_snapshots_away RENAME TO snapfold_snapshots');
    }
    const { snapshotsTaken, snapshotsFailed } = await counters();
    assert.ok(snapshotsTaken === 0 && snapshotsFailed > 0);
  });

  test('asked to end, it ends', async (t) => {
    const { child } = await started(t);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });
}

type Service = Awaited<ReturnType<typeof started>>;

const newId = () => `account-${crypto.randomUUID()}`;

/** A process of the service, on a port that is free; ended after the test. */
async function started(t: { after(end: () => unknown): void }) {
  const main = fileURLToPath(new URL('../src/main.js', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [main], { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  assert.ok(child.stdout !== null);
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const origin = `http://localhost:${/^listening on port (\d+)$/.exec(line)?.[1]}`;
  const answer = async (response: Response): Promise<[number, Answer]> => [response.status, (await response.json().catch(() => ({}))) as Answer];
  const headers = { 'content-type': 'application/json' };
  return {
    child,
    get: async (path: string) => answer(await fetch(origin + path)),
    post: async (path: string, body: unknown) => answer(await fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) })),
    counters: async () => (await (await fetch(`${origin}/counters`)).json()) as Counters,
  };
}

interface Answer {
  readonly position?: number;
  readonly cents?: number;
  readonly received?: Record<string, number>;
}
