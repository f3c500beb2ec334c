// @ts-check
/** What all processes share: the definition of a cart, the log of its events, and the store of its snapshots, in one Postgres. */
import { defineSnapshots, everyEvents, postgresStore } from './snapfold.js';

/** @typedef {{ sku: string, quantity: number }} Added */

const carts = defineSnapshots({
  name: 'cart',
  version: 1,
  initialState: () => /** @type {ReadonlyMap<string, number>} */ (new Map()),
  evolve: (lines, /** @type {Added} */ { sku, quantity }) => new Map(lines).set(sku, (lines.get(sku) ?? 0) + quantity),
  policy: everyEvents(10),
});

/** Both tables. Every process may do this when it starts, all at once. @param {import('./snapfold.js').pg.Pool} pool */
export async function migrate(pool) {
  await postgresStore(pool).migrate();
  await pool.query(`DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('carts', 0));
    CREATE TABLE IF NOT EXISTS events (stream text, position bigint, event jsonb NOT NULL, PRIMARY KEY (stream, position));
  END $$`);
}

/** @param {import('./snapfold.js').pg.Pool} pool */
export function openCarts(pool) {
  return carts.open({
    store: postgresStore(pool),
    events: {
      async read(stream, { from, limit }) {
        const sql = 'SELECT position, event FROM events WHERE stream = $1 AND position >= $2 ORDER BY position LIMIT $3';
        const { rows } = await pool.query(sql, [stream, from, limit]);
        return rows; // `pg` gives bigint columns as text, which is taken as a position
      },
    },
  });
}

const UNIQUE_VIOLATION = '23505';

/**
 * Optimistic concurrency: whoever was faster has taken the position.
 * @param {import('./snapfold.js').pg.Pool} pool @param {string} stream @param {number} position @param {Added} event
 * @returns {Promise<boolean>} Whether the event was appended.
 */
export async function append(pool, stream, position, event) {
  try {
    await pool.query('INSERT INTO events VALUES ($1, $2, $3)', [stream, position, event]);
    return true;
  } catch (error) {
    if (/** @type {{ code?: string }} */ (error).code === UNIQUE_VIOLATION) return false;
    throw error;
  }
}
