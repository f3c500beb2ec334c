// @ts-check
/**
 * Starts service processes on one Postgres, watches the snapshots they take, and proves every cart equal to its full replay.
 * Where the server is, `pg` learns from PGHOST, PGUSER, PGDATABASE and so on: `PGHOST=localhost PGUSER=me node main.js 4 5 100`
 * (processes, carts, commands of each process).
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { migrate, openCarts } from './carts.js';
import { firstDifference, keys, pg, postgresStore } from './snapfold.js';

const [processes = 4, streams = 5, commands = 100] = process.argv.slice(2).map(Number);
const ids = Array.from({ length: streams }, (_, index) => `cart-${index}`);
const script = fileURLToPath(new URL('service.js', import.meta.url));

const pool = new pg.Pool();
await migrate(pool);
const store = postgresStore(pool);
const newest = new Map(ids.map((id) => [id, 0n]));
let [looks, running] = [0, true];

const services = Array.from({ length: processes }, (_, service) =>
  promisify(execFile)(process.execPath, [script, String(service), String(streams), String(commands)]),
);
const done = Promise.all(services).finally(() => (running = false));
await Promise.all([done, watch()]);

const reports = (await done).map(({ stdout }) => JSON.parse(stdout));
const sum = (/** @type {string} */ name) => reports.reduce((total, report) => total + report[name], 0);
const { rows } = await pool.query('SELECT count(*)::int AS events FROM events');
const fromSnapshots = await verify();
await pool.end();
if (rows[0].events !== processes * commands) throw new Error(`${rows[0].events} events for ${processes * commands} commands`);
console.log(`${processes} processes, ${rows[0].events} events, ${sum('conflicts')} conflicts, ${sum('taken')} snapshots taken, ${looks} looks at the newest`);
console.log(`verified: ${fromSnapshots} of ${streams} carts from a snapshot, all equal to their full replay`);

/** While services write, the newest snapshot of a stream never goes back. */
async function watch() {
  while (running) {
    for (const id of ids) {
      const found = await store.newest(keys.snapshots('cart', id, 1));
      const position = (found && keys.positionOf(found.key)) ?? 0n;
      const before = newest.get(id) ?? 0n;
      if (position < before) throw new Error(`the newest snapshot of ${id} went back from ${before} to ${position}`);
      newest.set(id, position);
      looks += 1;
    }
  }
}

/** Loads every cart both ways. */
async function verify() {
  const repo = await openCarts(pool);
  let fromSnapshots = 0;
  for (const id of ids) {
    const [cart, replayed] = [await repo.load(id), await repo.load(id, { useSnapshots: false })];
    const difference = cart.position === replayed.position ? firstDifference(cart.state, replayed.state) : 'position';
    if (difference !== undefined) throw new Error(`${id} differs from its full replay at ${difference}`);
    if (cart.rejected.length > 0) throw new Error(`${id}: a snapshot was rejected`);
    if (cart.source === 'snapshot') fromSnapshots += 1;
  }
  return fromSnapshots;
}
