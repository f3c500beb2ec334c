// @ts-check
/** One SQLite file for events and snapshots, through whichever library the running Node has. */
import { createRequire } from 'node:module';
import { codeOf } from './refusal.js';
import { sqliteStore } from './snapfold.js';

/** @typedef {import('./snapfold.js').SqliteDatabase & { close(): void }} Connection */
/** @typedef {import('./logs.js').LogEvent} LogEvent */
/** @typedef {import('./snapfold.js').EventRow<unknown>} EventRow */

/** SQLite's `application_id`, at byte 68 of the file: it marks a database that this demo made. */
export const APPLICATION_ID = 0x736e6170;

/**
 * WAL and NORMAL: what is committed survives the death of the process. (To survive a power cut, say FULL.)
 * @param {string} file
 * @returns {Promise<Database>}
 */
export async function openDatabase(file) {
  const { connection, library } = await connect(file);
  connection.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA application_id = ${APPLICATION_ID};
    CREATE TABLE IF NOT EXISTS events (
      log TEXT NOT NULL, sequence INTEGER NOT NULL, stream TEXT NOT NULL, position INTEGER NOT NULL,
      id TEXT, type TEXT NOT NULL, at TEXT, event TEXT NOT NULL,
      PRIMARY KEY (log, sequence), UNIQUE (log, stream, position)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS snapshots_taken (
      log TEXT NOT NULL, stream TEXT NOT NULL, position INTEGER NOT NULL, reason TEXT NOT NULL, bytes INTEGER NOT NULL
    );`);
  return new Database(connection, library);
}

/**
 * @param {string} file
 * @returns {Promise<{ connection: Connection, library: string }>}
 */
async function connect(file) {
  try {
    const { DatabaseSync } = await import('node:sqlite');
    return { connection: new DatabaseSync(file), library: 'node:sqlite' };
  } catch (error) {
    if (codeOf(error) !== 'ERR_UNKNOWN_BUILTIN_MODULE') throw error;
    const require = createRequire(new URL('../../pkg/package.json', import.meta.url));
    return { connection: new (require('better-sqlite3'))(file), library: 'better-sqlite3' };
  }
}

class Database {
  /**
   * @param {Connection} connection
   * @param {string} library
   */
  constructor(connection, library) {
    this.connection = connection;
    this.library = library;
    this.snapshots = sqliteStore(connection);
  }

  /**
   * Runs `work` in one transaction. It may await, since nobody else uses this connection.
   * @template T
   * @param {() => T | Promise<T>} work
   */
  async transaction(work) {
    this.connection.exec('BEGIN IMMEDIATE');
    try {
      const result = await work();
      this.connection.exec('COMMIT');
      return result;
    } catch (error) {
      this.connection.exec('ROLLBACK');
      throw error;
    }
  }

  /**
   * @param {string} name
   * @param {string | undefined} whole
   */
  log(name, whole) {
    return new EventLog(this.connection, name, whole);
  }

  /** Leaves one file behind, without a WAL beside it. */
  seal() {
    this.connection.exec('PRAGMA journal_mode = DELETE');
    this.close();
  }

  close() {
    this.connection.close();
  }
}

/** One log in the database; what a repository reads its events from. */
class EventLog {
  /**
   * @param {Connection} connection
   * @param {string} name
   * @param {string | undefined} whole The stream that holds all events of the log, by their sequence.
   */
  constructor(connection, name, whole) {
    const prepare = (/** @type {string} */ sql) => /** @type {Statement} */ (/** @type {unknown} */ (connection.prepare(sql)));
    const columns = 'id, type, at, event FROM events WHERE log = ?';
    this.name = name;
    this.whole = whole;
    this.insert = prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    this.insertTaken = prepare('INSERT INTO snapshots_taken VALUES (?, ?, ?, ?, ?)');
    this.selectLast = prepare('SELECT max(sequence) AS last FROM events WHERE log = ?');
    this.selectStreams = prepare('SELECT stream, count(*) AS events FROM events WHERE log = ? GROUP BY stream ORDER BY stream');
    this.selectTaken = prepare('SELECT stream, reason, bytes FROM snapshots_taken WHERE log = ? ORDER BY rowid');
    this.selectPart = prepare(`SELECT position, ${columns} AND stream = ? AND position >= ? ORDER BY position LIMIT ?`);
    this.selectWhole = prepare(`SELECT sequence AS position, ${columns} AND sequence >= ? ORDER BY sequence LIMIT ?`);
  }

  /**
   * Appends an event at the end; returns its size.
   * @param {LogEvent} event
   */
  append({ sequence, stream, position, id, type, at, event }) {
    const text = JSON.stringify(event);
    this.insert.run(this.name, sequence, stream, position, id ?? null, type, at ?? null, text);
    return text.length;
  }

  /**
   * One page of a stream; `events.read` of the repository.
   * @param {string} stream
   * @param {{ from: number, limit: number }} options
   */
  read(stream, { from, limit }) {
    const rows = stream === this.whole ? this.selectWhole.all(this.name, from, limit) : this.selectPart.all(this.name, stream, from, limit);
    return /** @type {StoredRow[]} */ (rows).map(toEventRow);
  }

  /**
   * @param {string} stream
   * @param {number} position
   * @param {string} reason
   * @param {number} bytes
   */
  noteTaken(stream, position, reason, bytes) {
    this.insertTaken.run(this.name, stream, position, reason, bytes);
  }

  /** How many events are there. */
  count() {
    return /** @type {{ last: number | null }} */ (this.selectLast.get(this.name)).last ?? 0;
  }

  /** Every stream and its length, the whole one first. */
  streams() {
    const parts = /** @type {{ stream: string, events: number }[]} */ (this.selectStreams.all(this.name));
    return this.whole === undefined || parts.length === 0 ? parts : [{ stream: this.whole, events: this.count() }, ...parts];
  }

  /** Every snapshot that was ever taken, oldest first; retention has deleted most of them. */
  taken() {
    return /** @type {{ stream: string, reason: string, bytes: number }[]} */ (this.selectTaken.all(this.name));
  }
}

/**
 * @param {StoredRow} row
 * @returns {EventRow}
 */
function toEventRow({ position, id, type, at, event }) {
  return {
    position,
    type,
    event: JSON.parse(event),
    bytes: event.length,
    ...(id === null ? {} : { id }),
    ...(at === null ? {} : { at }),
  };
}

/** @typedef {{ position: number, id: string | null, type: string, at: string | null, event: string }} StoredRow */
/** @typedef {{ all(...values: unknown[]): unknown[], get(...values: unknown[]): unknown, run(...values: unknown[]): unknown }} Statement */
