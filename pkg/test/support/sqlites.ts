/** The SQLite libraries that run in this Node. */
import assert from 'node:assert/strict';
import Database from 'better-sqlite3';
import type { SqliteDatabase } from 'snapfold/sqlite';

export type OpenDatabase = (path: string) => SqliteDatabase & { close(): void };

/** Undefined on a Node without it. */
async function nodeSqlite(): Promise<OpenDatabase | undefined> {
  const name = 'node:sqlite';
  try {
    const { DatabaseSync } = (await import(name)) as { DatabaseSync: new (path: string) => ReturnType<OpenDatabase> };
    return (path) => new DatabaseSync(path);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ERR_UNKNOWN_BUILTIN_MODULE');
    return undefined;
  }
}

const builtIn = await nodeSqlite();

/** Says why node:sqlite is skipped, or false. */
export const skip = builtIn === undefined ? `SKIPPED: Node ${process.versions.node} has no node:sqlite; it is tested on Node 22.5 and later` : false;

/** Undefined for what this Node lacks. */
export const sqlites: [string, OpenDatabase | undefined][] = [
  ['better-sqlite3', (path) => new Database(path)],
  ['node:sqlite', builtIn],
];
