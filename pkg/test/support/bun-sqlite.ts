/** Runs in Bun: the suite over bun:sqlite. Prints the names of the checks as JSON. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteStore, type SqliteDatabase } from 'snapfold/sqlite';
import { storeConformance } from 'snapfold/testing';

const name = 'bun:sqlite';
const { Database } = (await import(name)) as { Database: new (path: string) => SqliteDatabase & { close(): void } };

const file = join(tmpdir(), `snapfold-bun-${process.pid}.db`);
let db: SqliteDatabase & { close(): void };
const openFile = () => sqliteStore((db = new Database(file)));
const close = () => db.close();
const reopen = () => {
  close();
  return openFile();
};
const makeStore = () => {
  rmSync(file, { force: true });
  return openFile();
};

const passed: string[] = [];
const failed: string[] = [];
for (const { name, run } of storeConformance(makeStore, { offers: ['putIfAbsent', 'newest', 'transact'], reopen, close })) {
  await run().then(
    () => passed.push(name),
    (error: unknown) => failed.push(`${name}: ${String(error)}`),
  );
}
rmSync(file, { force: true });
console.log(JSON.stringify({ passed, failed }));
