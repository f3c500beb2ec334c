/** The service. DATABASE_URL says which Postgres; PORT which port, 3000 if it is not given. */
import { serve } from '@hono/node-server';
import pg from 'pg';
import { postgresStore } from 'snapfold/postgres';
import { openAccounts } from './accounts.js';
import { accountsApp } from './app.js';
import { counting, noCounts } from './counters.js';
import { migrateLog } from './log.js';

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] });
pool.on('error', (error) => console.error('an idle connection was lost:', error.message));
await migrateLog(pool);
await postgresStore(pool).migrate();

const counters = noCounts();
const accounts = await openAccounts(pool, counting(counters));
const port = Number(process.env['PORT'] ?? 3000);
const server = serve({ fetch: accountsApp(accounts, counters).fetch, port }, (info) => console.log(`listening on port ${info.port}`));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => server.close(() => pool.end())); // answers what was asked, then ends
}
