/** How a statement of the Postgres store is carried out: on a pool's connection, or on the caller's own, which may be in a transaction. */

/** The part of `pg`'s Client and PoolClient, of PGlite and of its transactions that is used. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

/** The part of `pg`'s Pool that is used. */
export interface PostgresPool {
  connect(): Promise<PooledClient>;
  readonly totalCount: number;
}

interface PooledClient extends PostgresClient {
  release(destroy?: boolean): void;
  on(event: 'error', listener: () => void): unknown;
  removeListener(event: 'error', listener: () => void): unknown;
}

export interface Statement {
  /** To be parsed and planned once on each connection, under this name. */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Carries out a statement and returns its rows. */
export type Run = <Row>(statement: Statement, signal: AbortSignal | undefined) => Promise<Row[]>;

export function runner(client: PostgresClient | PostgresPool): Run {
  return async <Row>(statement: Statement, signal: AbortSignal | undefined) => {
    signal?.throwIfAborted();
    const send: Send = (connection) => query(connection, statement);
    const { rows } = await ('totalCount' in client ? onPool(client, signal, send) : unlessAborted(onClient(client, signal, send), signal));
    return rows as Row[];
  };
}

type Answer = Awaited<ReturnType<PostgresClient['query']>>;
type Send = (connection: PostgresClient) => Promise<Answer>;

/**
 * The connection goes back in any case. It is closed if nobody wants its answer any more, and if what happened is more than an error of
 * the statement: it may be about to break.
 */
async function onPool(pool: PostgresPool, signal: AbortSignal | undefined, send: Send): Promise<Answer> {
  const connecting = pool.connect();
  const connection = await unlessAborted(connecting, signal, (late) => late.release());
  // A connection that breaks says so as an event as well, and nobody else listens while it is lent out.
  connection.on('error', ignore);
  let destroy = false;
  try {
    return await unlessAborted(send(connection), signal);
  } catch (error) {
    destroy = signal?.aborted === true || (error as { severity?: unknown } | undefined)?.severity !== 'ERROR';
    throw error;
  } finally {
    if (!destroy) connection.removeListener('error', ignore);
    connection.release(destroy);
  }
}

/** The last operation on each client that is under way: savepoints must not overlap. */
const underWay = new WeakMap<PostgresClient, Promise<unknown>>();

async function onClient(client: PostgresClient, signal: AbortSignal | undefined, send: Send): Promise<Answer> {
  const before = underWay.get(client);
  const operation = (async () => {
    await before?.catch(ignore);
    signal?.throwIfAborted();
    return isIdle(client) ? send(client) : inSavepoint(client, send);
  })();
  underWay.set(client, operation);
  return operation;
}

/**
 * Whether no transaction is open, and no statement on its way that could open one; what `pg` knows anyway. Of others it is not known, and
 * then the savepoint tells.
 */
function isIdle(client: PostgresClient): boolean {
  const { getTransactionStatus, readyForQuery } = client as { getTransactionStatus?(): unknown; readonly readyForQuery?: unknown };
  return readyForQuery === true && typeof getTransactionStatus === 'function' && getTransactionStatus.call(client) === 'I';
}

/**
 * Savepoint and statement are sent together, so that nothing of the caller's can come between: it would be undone in silence with a
 * statement that fails. Where no transaction is open, the savepoint is refused, without consequences, and the statement stands for itself.
 */
async function inSavepoint(client: PostgresClient, send: Send): Promise<Answer> {
  const [savepoint, answer] = await Promise.allSettled([client.query('SAVEPOINT snapfold'), send(client)]);
  if (savepoint.status === 'fulfilled') {
    if (answer.status === 'rejected') await client.query('ROLLBACK TO SAVEPOINT snapfold').catch(ignore);
    const release = client.query('RELEASE SAVEPOINT snapfold');
    await (answer.status === 'rejected' ? release.catch(ignore) : release);
  }
  if (answer.status === 'rejected') throw answer.reason;
  return answer.value;
}

/** Rejects as soon as the signal is aborted; what comes later goes to `late`. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, late: (result: T) => void = ignore): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason);
      work.then(late, ignore);
    };
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}

/** Named statements are what `pg` alone knows. */
function query(connection: PostgresClient, { name, text, values }: Statement): Promise<Answer> {
  const ask = connection.query.bind(connection) as (statement: string | object, values?: readonly unknown[]) => Promise<Answer>;
  return name === undefined ? ask(text, values) : ask({ name, text, values });
}

function ignore(): void {}
