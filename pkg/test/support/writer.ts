/** A process to be killed: writes step by step, and says each step on stdout once it is durable. Arguments: config as JSON. */
import { writeSync } from 'node:fs';
import type { SnapshotStore } from 'snapfold';
import { carryOut } from './writing.js';

export interface WriterConfig {
  readonly kind: 'files' | 'sqlite' | 'postgres' | 'postgres events';
  /** File or folder; or what `pg` connects to. */
  readonly place: string;
  readonly writer: number;
  readonly from: number;
}

const { kind, place, writer, from } = JSON.parse(process.argv[2] as string) as WriterConfig;

/** Around each step, and the store. */
type Writing = { readonly store: SnapshotStore; around?(step: number, work: () => Promise<void>): Promise<void> };

const KINDS: Record<WriterConfig['kind'], () => Promise<Writing>> = {
  async files() {
    const { filesStore } = await import('snapfold/files');
    return { store: filesStore(place) };
  },
  async sqlite() {
    const [{ default: Database }, { sqliteStore }] = await Promise.all([import('better-sqlite3'), import('snapfold/sqlite')]);
    return { store: sqliteStore(new Database(place, { timeout: 60_000 })) };
  },
  async postgres() {
    const [{ default: pg }, { postgresStore }] = await Promise.all([import('pg'), import('snapfold/postgres')]);
    return { store: postgresStore(new pg.Pool({ ...JSON.parse(place), application_name: `writer ${writer}` })) };
  },
  async 'postgres events'() {
    const [{ default: pg }, { postgresStore }] = await Promise.all([import('pg'), import('snapfold/postgres')]);
    const client = new pg.Client({ ...JSON.parse(place), application_name: `writer ${writer}` });
    await client.connect();
    const around = async (step: number, work: () => Promise<void>) => {
      await client.query('BEGIN');
      await client.query('INSERT INTO events VALUES ($1, $2)', [writer, step]);
      await work();
      await client.query('COMMIT');
    };
    return { store: postgresStore(client), around };
  },
};

const { store, around = (_, work) => work() } = await KINDS[kind]();
for (let step = from; ; step += 1) {
  await around(step, () => carryOut(store, writer, step));
  writeSync(1, `${step}\n`);
}
