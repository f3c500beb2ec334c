/** The table of the stores on SQLite, and their statements. */
import { invalidOption } from '../options.js';
import { COLUMNS } from './sql.js';

export interface SqliteStoreOptions {
  /** Table that is created if it is missing. Letters, digits and underscores. Default `'snapfold_snapshots'`. */
  readonly table?: string;
}

/** SQL for a table of that name. */
export function statementsFor({ table = 'snapfold_snapshots' }: SqliteStoreOptions) {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(table)) throw invalidOption('table', table, 'must be letters, digits and underscores');
  const quoted = `"${table}"`;
  const inRange = `FROM ${quoted} WHERE key >= ? AND key < ? ORDER BY key LIMIT`;
  // What selects is journalled by itself: on a full disk SQLite undoes such a statement alone, else the whole transaction that it is in.
  const row = `INTO ${quoted} (${COLUMNS.join(', ')}) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE true`;
  return {
    create: `CREATE TABLE IF NOT EXISTS ${quoted} (
      key TEXT PRIMARY KEY, bytes BLOB NOT NULL, name TEXT, version INTEGER, stream_id TEXT, position TEXT, event_count INTEGER,
      taken_at INTEGER, state_bytes INTEGER)`,
    list: `SELECT key ${inRange} ?`,
    newest: `SELECT key, bytes ${inRange} 1`,
    get: `SELECT bytes FROM ${quoted} WHERE key = ?`,
    put: `INSERT OR REPLACE ${row}`,
    putNew: `INSERT ${row} ON CONFLICT (key) DO NOTHING`,
    remove: `DELETE FROM ${quoted} WHERE key = ?`,
  };
}
