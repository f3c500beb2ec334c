/** Commands on accounts: load, decide, append, apply, and a snapshot when one is due. */
import type { Pool, PoolClient } from 'pg';
import { defineSnapshots, everyEvents, type Handle, type Observer } from 'snapfold';
import { postgresStore } from 'snapfold/postgres';
import { deposit, evolve, initialState, withdraw, type Account, type AccountEvent, type Decide } from './account.js';
import { append, Conflict, read } from './log.js';

/** So often is a command tried that others overtake. */
const ATTEMPTS = 10;

export type Accounts = Awaited<ReturnType<typeof openAccounts>>;
type Loaded = Handle<Account, number>;

const snapshots = defineSnapshots<Account, AccountEvent>({
  name: 'account',
  version: 1, // raise it whenever `evolve` changes meaning
  initialState,
  evolve,
  policy: everyEvents(50),
});

export async function openAccounts(pool: Pool, observe: Observer) {
  const open = (db: Pool | PoolClient) =>
    snapshots.open({
      store: postgresStore(db),
      events: { read: (id, page) => read(db, id, page), history: 'complete' }, // no events are ever deleted here
      observe,
    });
  const repo = await open(pool);

  /** The account as it is, or as it was at a position. */
  async function load(id: string, at?: number): Promise<Loaded> {
    return at === undefined ? repo.load(id) : repo.load(id, { at });
  }

  /**
   * One command on one account. The snapshot comes after the append, which commits by itself: whatever becomes of the snapshot, the command
   * stands. When somebody was faster, only their events are read, and it is decided anew.
   */
  async function execute(id: string, decide: Decide): Promise<Loaded> {
    let account = await repo.load(id);
    return retried(async (again) => {
      if (again) account = await repo.refresh(account);
      const rows = await append(pool, id, account.position, decide(account.state));
      return (await repo.maybeSnapshot(repo.apply(account, rows))).handle;
    });
  }

  /**
   * A command on two accounts: both events, and whatever snapshots are due, in one BEGIN … COMMIT. A snapshot that fails rolls back to its own
   * savepoint and leaves the events alone; a ROLLBACK takes the snapshots with it. Accounts are appended to in one order, so that two
   * transfers in opposite directions wait for each other and do not deadlock.
   */
  async function transfer(from: string, to: string, cents: number): Promise<{ from: Loaded; to: Loaded }> {
    return retried(() =>
      inTransaction(pool, async (client) => {
        const inside = await open(client);
        const handles = new Map<string, Loaded>();
        for (const id of [from, to].sort()) {
          const account = await inside.load(id);
          const events = id === from ? withdraw(cents, to)(account.state) : deposit(cents, from)(account.state);
          const applied = inside.apply(account, await append(client, id, account.position, events));
          handles.set(id, (await inside.maybeSnapshot(applied)).handle);
        }
        return { from: handles.get(from) as Loaded, to: handles.get(to) as Loaded };
      }),
    );
  }

  return { load, execute, transfer };
}

/** Tries again after a conflict, a bounded number of times; `again` is false at first. */
async function retried<T>(attempt: (again: boolean) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt(tries > 1);
    } catch (error) {
      if (!(error instanceof Conflict) || tries === ATTEMPTS) throw error;
    }
  }
}

async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((lost: Error) => (broken = lost));
    throw error;
  } finally {
    client.release(broken); // a connection that cannot roll back is not used again
  }
}
