/** HTTP: reads what was asked for, carries it out, and says what became of it. */
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import type { Handle } from 'snapfold';
import { deposit, open, Refused, withdraw, type Account } from './account.js';
import type { Accounts } from './accounts.js';
import type { Counters } from './counters.js';
import { Conflict } from './log.js';

const MOST_CENTS = 1_000_000_000;
const ID = '[\\w-]{1,64}';

export function accountsApp(accounts: Accounts, counters: Counters): Hono {
  const app = new Hono();
  app.use(bodyLimit({ maxSize: 10_000 }));

  app.get(`/accounts/:id{${ID}}`, async (c) => {
    const at = c.req.query('at');
    const account = await accounts.load(c.req.param('id'), at === undefined ? undefined : position(at));
    if (account.position === null) throw new HTTPException(404, { message: 'there is no such account' });
    return c.json(shown(account));
  });

  app.post(`/accounts/:id{${ID}}`, async (c) => {
    const { owner } = await body(c);
    if (typeof owner !== 'string' || owner === '') throw new HTTPException(400, { message: 'owner must be a name' });
    return c.json(shown(await accounts.execute(c.req.param('id'), open(owner))), 201);
  });

  app.post(`/accounts/:id{${ID}}/deposits`, async (c) => {
    const { cents } = await body(c);
    return c.json(shown(await accounts.execute(c.req.param('id'), deposit(amount(cents)))));
  });

  app.post(`/accounts/:id{${ID}}/withdrawals`, async (c) => {
    const { cents } = await body(c);
    return c.json(shown(await accounts.execute(c.req.param('id'), withdraw(amount(cents)))));
  });

  app.post('/transfers', async (c) => {
    const { from, to, cents } = await body(c);
    if (!isId(from) || !isId(to) || from === to) throw new HTTPException(400, { message: 'from and to must be two accounts' });
    const done = await accounts.transfer(from, to, amount(cents));
    return c.json({ from: shown(done.from), to: shown(done.to) });
  });

  app.get('/counters', (c) => c.json(counters));

  app.onError((error, c) => {
    if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
    if (error instanceof Refused) return c.json({ error: error.message }, STATUS[error.reason]);
    if (error instanceof Conflict) return c.json({ error: 'too many others write to this account; try again' }, 409);
    console.error(error);
    return c.json({ error: 'something went wrong' }, 500);
  });

  return app;
}

const STATUS = { unknown: 404, exists: 409, insufficient: 422 } as const;

function shown({ streamId, position, state }: Handle<Account, number>) {
  const { owner, cents, received } = state;
  return { id: streamId, position, owner, cents, received: Object.fromEntries(received) };
}

async function body(c: Context): Promise<Record<string, unknown>> {
  const json: unknown = await c.req.json().catch(() => undefined);
  if (typeof json !== 'object' || json === null) throw new HTTPException(400, { message: 'the body must be a JSON object' });
  return json as Record<string, unknown>;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && new RegExp(`^${ID}$`).test(value);
}

function amount(cents: unknown): number {
  if (typeof cents === 'number' && Number.isInteger(cents) && cents > 0 && cents <= MOST_CENTS) return cents;
  throw new HTTPException(400, { message: `cents must be a whole number from 1 to ${MOST_CENTS}` });
}

function position(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new HTTPException(400, { message: 'at must be a position, a whole number' });
}
