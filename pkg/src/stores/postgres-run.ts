/** How a statement of the Postgres store is carried out: on a pool's connection, or on the caller's own, which may be in a transaction. */
import { SnapshotError } from '../error.js';

/** The part of `pg`'s Client and PoolClient, of PGlite and of its transactions that is used. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
  /** PGlite's way to send several statements. */
  exec?(text: string): Promise<{ readonly rows: unknown[] }[]>;
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
    const answer = 'totalCount' in client ? onPool(client, signal, statement) : unlessAborted(onClient(client, signal, statement), signal);
    return (await answer).rows as Row[];
  };
}

type Answer = Awaited<ReturnType<PostgresClient['query']>>;

/**
 * The connection goes back in any case. It is closed if nobody wants its answer any more, and if what happened is more than an error of
 * the statement: it may be about to break.
 */
async function onPool(pool: PostgresPool, signal: AbortSignal | undefined, statement: Statement): Promise<Answer> {
  const connecting = pool.connect();
  const connection = await unlessAborted(connecting, signal, (late) => late.release());
  // A connection that breaks says so as an event as well, and nobody else listens while it is lent out.
  connection.on('error', ignore);
  let destroy = false;
  try {
    return await unlessAborted(query(connection, statement), signal);
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

async function onClient(client: PostgresClient, signal: AbortSignal | undefined, statement: Statement): Promise<Answer> {
  const before = underWay.get(client);
  const operation = (async () => {
    await before?.catch(ignore);
    signal?.throwIfAborted();
    return isIdle(client) ? query(client, statement) : inSavepoint(client, statement);
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
 * Two messages, queued at once, so that nothing of the caller's can come between them, not even the end of the transaction: whatever
 * becomes of the statement, the second message leaves the transaction usable, and everything else in it as it was. It goes back to the
 * savepoint behind the statement, which is not there if the statement failed: then to the one of the same name before it. The outer
 * savepoint takes both away. Where no transaction is open, the first message is refused as a whole, and the statement stands for itself.
 */
async function inSavepoint(client: PostgresClient, statement: Statement): Promise<Answer> {
  const first = `SAVEPOINT snapfold_outer; SAVEPOINT snapfold; ${inlined(statement)}; SAVEPOINT snapfold`;
  const second = 'ROLLBACK TO SAVEPOINT snapfold; RELEASE SAVEPOINT snapfold_outer';
  const [done, ended] = await Promise.allSettled([several(client, first), several(client, second)]);
  if (done.status === 'rejected') {
    if ((done.reason as { code?: unknown } | undefined)?.code === NO_TRANSACTION) return query(client, statement);
    throw done.reason;
  }
  if (ended.status === 'rejected') throw ended.reason;
  return { rows: done.value.flatMap(({ rows }) => rows) };
}

const NO_TRANSACTION = '25P01';

/** Several statements in one message have no parameters: the values stand in the text. */
function inlined({ text, values = [] }: Statement): string {
  return text.replace(/"(?:[^"]|"")*"|\$(\d+)/g, (found, number: string | undefined) =>
    number === undefined ? found : literalOf(values[Number(number) - 1]),
  );
}

function literalOf(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `ARRAY[${value.map(literalOf).join(', ')}]`;
  return value instanceof Uint8Array ? `E'\\\\x${hex(value)}'::bytea` : literal(String(value));
}

/** Text as SQL, whatever `standard_conforming_strings` says. */
export function literal(text: string): string {
  if (text.includes('\0')) throw new SnapshotError('invalidOption', 'Postgres has no text with U+0000');
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

function hex(bytes: Uint8Array): string {
  const digits = new Uint8Array(bytes.length * 2);
  bytes.forEach((byte, index) => {
    digits[index * 2] = DIGITS.charCodeAt(byte >> 4);
    digits[index * 2 + 1] = DIGITS.charCodeAt(byte & 15);
  });
  return new TextDecoder().decode(digits);
}

const DIGITS = '0123456789abcdef';

/** One message with several statements: `exec` of PGlite, `query` of `pg`. */
async function several(client: PostgresClient, text: string): Promise<Answer[]> {
  const answer = await (client.exec === undefined ? client.query(text) : client.exec(text));
  return Array.isArray(answer) ? answer : [answer as Answer];
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
