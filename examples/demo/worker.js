// @ts-check
/**
 * The process that does the work and may be killed at any point of it: appends events, folds them, takes snapshots as the policy says.
 * It keeps nothing outside the database: where to go on, it asks there.
 */
import { once } from 'node:events';
import { openDatabase } from './database.js';
import { definitionOf, eventsOf, wholeOf } from './logs.js';
import { codeOf, Refusal } from './refusal.js';
import { SnapshotError } from './snapfold.js';

/** @typedef {import('./logs.js').Log} Log */
/** @typedef {import('./logs.js').LogEvent} LogEvent */
/** @typedef {{ file: string, logs: Log[], batchSize: number }} Task */
/**
 * @typedef {{ type: 'restored', events: number, streams: number, fromSnapshot: number, replayed: number }
 *   | { type: 'progress', done: number } | { type: 'failed', message: string, refusal: boolean }} Message
 */
/** @typedef {import('./snapfold.js').Handle<unknown, number>} Handle */
/** @typedef {import('./snapfold.js').EventRow<unknown>} Row */
/** @typedef {Awaited<ReturnType<typeof openDatabase>>} Database */

/** Folds one log: a handle for each stream, kept from event to event. */
class Work {
  /** @type {Map<string, Handle>} */
  handles = new Map();

  /**
   * @param {Log} log
   * @param {Database} database
   */
  static async open(log, database) {
    const events = database.log(log.kind, wholeOf(log));
    const repository = await definitionOf(log).open({ store: database.snapshots, events });
    return new Work(log, database, events, repository);
  }

  /**
   * @param {Log} log
   * @param {Database} database
   * @param {ReturnType<Database['log']>} events
   * @param {import('./snapfold.js').Repository<unknown, unknown, number>} repository
   */
  constructor(log, database, events, repository) {
    this.log = log;
    this.database = database;
    this.events = events;
    this.repository = repository;
  }

  /** Brings back the handles of all streams that there are, from snapshot and tail. */
  async restore() {
    const restored = { events: this.events.count(), streams: 0, fromSnapshot: 0, replayed: 0 };
    for (const { stream } of this.events.streams()) {
      const { source, replayed } = await this.load(stream);
      restored.streams += 1;
      restored.fromSnapshot += Number(source === 'snapshot');
      restored.replayed += replayed;
    }
    return restored;
  }

  /**
   * What a command handler does for one command: load, append, apply, maybe take a snapshot. Here for a batch, to spare transactions.
   * @param {readonly LogEvent[]} batch
   */
  async process(batch) {
    for (const event of batch) for (const [stream] of this.placesOf(event)) await this.load(stream);
    // Append first: the log is the truth. A crash after this line costs no event, at most some snapshots.
    const sizes = await this.database.transaction(() => batch.map((event) => this.events.append(event)));
    await this.database.transaction(async () => {
      for (const [index, { id, type, at, event, ...places }] of batch.entries()) {
        const row = /** @type {Row} */ ({ id, type, at, event, bytes: sizes[index] });
        for (const [stream, position] of this.placesOf(places)) await this.fold(stream, { ...row, position });
      }
    });
  }

  /**
   * The streams that an event is in, and where.
   * @param {Pick<LogEvent, 'stream' | 'position' | 'sequence'>} event
   * @returns {[stream: string, position: number][]}
   */
  placesOf({ stream, position, sequence }) {
    const { whole } = this.events;
    return whole === undefined ? [[stream, position]] : [[stream, position], [whole, sequence]];
  }

  /** @param {string} stream */
  async load(stream) {
    let handle = this.handles.get(stream);
    if (handle === undefined) {
      handle = await this.repository.load(stream);
      this.handles.set(stream, handle);
    }
    return handle;
  }

  /**
   * @param {string} stream
   * @param {Row} row
   */
  async fold(stream, row) {
    const handle = this.repository.apply(await this.load(stream), row);
    const outcome = await this.repository.maybeSnapshot(handle);
    if (outcome.status === 'taken') this.events.noteTaken(stream, outcome.position, outcome.reason, outcome.bytes);
    this.handles.set(stream, outcome.handle);
  }
}

/** @param {Task} task */
async function run({ file, logs, batchSize }) {
  const database = await openDatabase(file);
  let done = 0;
  for (const log of logs) {
    const work = await Work.open(log, database);
    const restored = await work.restore();
    done += restored.events;
    if (restored.events > 0) await tell({ type: 'restored', ...restored });
    for await (const batch of batches(eventsOf(log), restored.events, batchSize)) {
      await work.process(batch);
      done += batch.length;
      await tell({ type: 'progress', done });
    }
  }
  database.close();
}

/**
 * @param {AsyncIterable<LogEvent>} events
 * @param {number} skip
 * @param {number} size
 */
async function* batches(events, skip, size) {
  let batch = [];
  for await (const event of events) {
    if (event.sequence <= skip) continue;
    batch.push(event);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The answer to the message before. @type {Promise<unknown>} */
let answered = Promise.resolve();

/**
 * Tells the parent, and goes on without its answer for one message: so the work is never more than a batch ahead of what the parent
 * has seen, and a parent that kills at half does hit the middle of the work.
 * @param {Message} message
 */
async function tell(message) {
  await answered;
  answered = once(process, 'message');
  process.send?.(message);
}

process.on('disconnect', () => process.exit()); // nobody waits for the result any more
try {
  await run(JSON.parse(String(process.argv[2])));
  await answered;
  process.disconnect();
} catch (error) {
  const { message, stack } = /** @type {Error} */ (error);
  const expected = error instanceof Refusal || SnapshotError.is(error) || /SQLITE/.test(codeOf(error) ?? '');
  process.send?.({ type: 'failed', message: expected ? message : stack, refusal: expected }, () => process.exit(1));
}
