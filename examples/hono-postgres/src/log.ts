/** The log of events in Postgres: one row an event, and no two at one position of a stream. */
import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { AccountEvent } from './account.js';

export interface Row {
  readonly position: number;
  readonly id: string;
  readonly event: AccountEvent;
}

/** Somebody else has appended at the same position first. */
export class Conflict extends Error {}

const UNIQUE_VIOLATION = '23505';

/** Makes the table if it is missing; any number of processes may start at once. */
export async function migrateLog(pool: Pool): Promise<void> {
  await pool.query(`DO $$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('account_events', 0));
    CREATE TABLE IF NOT EXISTS account_events (
      stream_id text NOT NULL, position bigint NOT NULL, id uuid NOT NULL, event jsonb NOT NULL,
      recorded_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (stream_id, position));
  END $$`);
}

/** Appends behind `position`, all or nothing; throws {@link Conflict} if that is not the end of the stream any more. */
export async function append(
  db: Pool | PoolClient,
  streamId: string,
  position: number | null,
  events: readonly AccountEvent[],
): Promise<Row[]> {
  const rows = events.map((event, index) => ({ position: (position ?? 0) + index + 1, id: randomUUID(), event }));
  const sql = `INSERT INTO account_events (stream_id, position, id, event)
    SELECT $1, position, id, event FROM jsonb_to_recordset($2) AS rows (position bigint, id uuid, event jsonb)`;
  try {
    await db.query(sql, [streamId, JSON.stringify(rows)]);
    return rows;
  } catch (error) {
    if ((error as { code?: string }).code === UNIQUE_VIOLATION) throw new Conflict(`${streamId} has moved on`);
    throw error;
  }
}

/** A page of a stream, for snapfold: `from` is inclusive, and `pg` gives positions as text, which snapfold takes. */
export async function read(db: Pool | PoolClient, streamId: string, { from, limit }: { from: number; limit: number }) {
  const sql = 'SELECT position, id, event FROM account_events WHERE stream_id = $1 AND position >= $2 ORDER BY position LIMIT $3';
  const { rows } = await db.query<{ position: string; id: string; event: AccountEvent }>(sql, [streamId, from, limit]);
  return rows;
}
