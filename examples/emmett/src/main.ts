/** 200 commands on one cart, without snapshots and with them: in memory, or on Postgres where DATABASE_URL says one. */
import { isDeepStrictEqual } from 'node:util';
import { getInMemoryEventStore, type EventStore } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';
import { memoryStore, type SnapshotStore } from 'snapfold';
import { postgresStore } from 'snapfold/postgres';
import { handleCart, withCartSnapshots } from './carts.js';
import { counted } from './counted.js';
import { cart } from './shopping-cart.js';

const COMMANDS = 200;
const { DATABASE_URL } = process.env;

if (DATABASE_URL === undefined) {
  await compare(getInMemoryEventStore(), memoryStore());
} else {
  const pool = new pg.Pool({ connectionString: DATABASE_URL });
  const snapshots = postgresStore(pool);
  await snapshots.migrate();
  const eventStore = getPostgreSQLEventStore(DATABASE_URL, { connectionOptions: { pool } });
  await compare(eventStore, snapshots);
  await eventStore.close();
  await pool.end();
}

async function compare(eventStore: EventStore, store: SnapshotStore) {
  const run = crypto.randomUUID().slice(0, 8); // streams of its own, however often this is started
  const plain = counted(eventStore);
  const before = await fill(plain.eventStore, `cart-${run}-plain`);
  const below = counted(eventStore);
  const after = await fill(await withCartSnapshots(below.eventStore, { store }), `cart-${run}-snapshots`);
  if (!isDeepStrictEqual(before, after)) throw new Error('the states differ');
  console.log(`${COMMANDS} commands: ${plain.counts.read} events read without snapshots, ${below.counts.read} with them; the same state`);
}

/** The state that all commands lead to, as the store itself folds it. */
async function fill(eventStore: EventStore, cartId: string) {
  for (let n = 0; n < COMMANDS; n += 1) {
    await handleCart(eventStore, cartId, { type: 'AddItem', data: { sku: `sku-${n % 7}`, quantity: 1 } });
  }
  return (await eventStore.aggregateStream(cartId, cart)).state;
}
