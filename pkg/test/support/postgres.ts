/** A Postgres server of the tests' own: in a temporary folder, on a Unix socket, gone when the process ends. */
import { execFileSync, spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { accessSync, chownSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import pg from 'pg';

export interface Server {
  /** For `pg`, in processes of their own too. */
  readonly config: pg.ClientConfig;
  /** A pool that is ended before the server is. */
  pool(options?: pg.PoolConfig): pg.Pool;
  /** A connection that is closed before the server is. */
  client(): Promise<pg.Client>;
  /** Kills the server as a power failure would, and starts it again on what it left. */
  crash(): Promise<void>;
}

/** Why there is none on this machine; undefined if there is one. */
export const lack: string | undefined = lackOfPrograms();

/** Starts a server for this file's tests; call it where `lack` is undefined. */
export async function startServer(): Promise<Server> {
  const user = unprivileged();
  const folder = mkdtempSync(path.join(tmpdir(), 'snapfold-pg-'));
  const data = path.join(folder, 'data');
  mkdirSync(data);
  if (user.uid !== undefined) for (const each of [folder, data]) chownSync(each, user.uid, user.gid ?? user.uid);
  const options: SpawnOptions = { ...user, cwd: folder, env: { ...process.env, LC_ALL: 'C', HOME: folder } };
  let server: ChildProcess | undefined;
  const remove = () => {
    server?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  };
  process.once('exit', remove);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  const setUp = ['-D', data, '-U', 'snapfold', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
  execFileSync(program('initdb'), setUp, { ...(options as object), stdio: 'pipe' });
  const start = async () => (server = await started(spawn(program('postgres'), ['-D', data, '-k', folder, '-c', 'listen_addresses='], options)));
  await start();
  const config = { host: folder, user: 'snapfold', database: 'postgres' };
  const open: { end(): Promise<void> }[] = [];
  after(async () => {
    await Promise.all(open.map(async (each) => each.end().catch(() => {})));
    await ended(server, 'SIGINT');
    process.off('exit', remove);
    remove();
  });
  return {
    config,
    pool(options) {
      const pool = new pg.Pool({ ...config, ...options });
      pool.on('error', () => {}); // an idle connection was cut; the next one is another
      open.push(pool);
      return pool;
    },
    async client() {
      const client = new pg.Client(config);
      client.on('error', () => {});
      await client.connect();
      open.push(client);
      return client;
    },
    async crash() {
      await ended(server, 'SIGQUIT'); // "immediate shutdown": nothing is written any more, the next start recovers from the log
      await start();
    },
  };
}

/** Until it says that it takes connections. */
async function started(server: ChildProcess): Promise<ChildProcess> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.stderr?.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-10_000);
      if (said.includes('ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`the server ended: ${said}`)));
  });
  return server;
}

async function ended(server: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (server === undefined || server.exitCode !== null) return;
  const exit = new Promise((resolve) => server.once('exit', resolve));
  server.kill(signal);
  await exit;
}

/** Postgres refuses to run as root. */
function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string, name: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }));
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) };
    } catch {
      // no such user
    }
  }
  throw new Error('neither postgres nor nobody is a user of this machine');
}

function lackOfPrograms(): string | undefined {
  const missing = ['initdb', 'postgres'].filter((name) => found(name) === undefined);
  if (process.platform === 'win32') return 'SKIPPED: the tests start Postgres on a Unix socket, which Windows lacks; PGlite is tested';
  if (missing.length === 0) return undefined;
  return `SKIPPED: ${missing.join(' and ')} of Postgres not found (Debian: apt-get install postgresql); PGlite is tested, a real server is not`;
}

function program(name: string): string {
  return found(name) ?? name;
}

/** On the PATH, or where Debian keeps the programs of a server, newest first. */
function found(name: string): string | undefined {
  const debian = '/usr/lib/postgresql';
  let versions: string[] = [];
  try {
    versions = readdirSync(debian).sort((a, b) => Number(b) - Number(a));
  } catch {
    // not Debian
  }
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), ...versions.map((version) => `${debian}/${version}/bin`)];
  return folders.map((folder) => path.join(folder, name)).find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
