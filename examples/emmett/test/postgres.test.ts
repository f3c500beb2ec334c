/** On the server that DATABASE_URL names: its tables are made, and the streams are new ones. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';
import { postgresStore } from 'snapfold/postgres';
import { handleCart, withCartSnapshots } from '../src/carts.js';
import { cart } from '../src/shopping-cart.js';
import { behaviour } from './behaviour.js';

const { DATABASE_URL: url } = process.env;
if (url === undefined) {
  test('on Postgres', { skip: 'SKIPPED: DATABASE_URL names no server' });
} else {
  const pool = new pg.Pool({ connectionString: url });
  const eventStore = getPostgreSQLEventStore(url, { connectionOptions: { pool } });
  const snapshots = postgresStore(pool);
  after(async () => {
    await eventStore.close();
    await pool.end();
  });
  behaviour(async () => {
    await snapshots.migrate();
    return { eventStore, snapshots };
  });

  test('commands at the same time can do with one connection', async () => {
    const single = new pg.Pool({ connectionString: url, max: 1 });
    const store = getPostgreSQLEventStore(url, { connectionOptions: { pool: single } });
    const snapshotted = await withCartSnapshots(store, { store: postgresStore(single) });
    const carts = Array.from({ length: 4 }, () => `cart-${crypto.randomUUID()}`);
    await Promise.all(carts.map((id) => handleCart(snapshotted, id, { type: 'AddItem', data: { sku: 'tea', quantity: 1 } })));
    for (const id of carts) assert.deepEqual([...(await snapshotted.aggregateStream(id, cart)).state.items], [['tea', 1]]);
    await store.close();
    await single.end();
  });
}
