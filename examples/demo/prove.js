// @ts-check
/** Verifies every stream of a finished database and shows what was found. */
import { openDatabase } from './database.js';
import { definitionOf, wholeOf } from './logs.js';
import { longest, progress, table } from './table.js';
import { measured, verdict, verifyStream } from './verify.js';

/** @typedef {import('./inputs.js').Input} Input */
/** @typedef {import('./table.js').Taken} Taken */
/** @typedef {import('./verify.js').Verification} Verification */

/**
 * Prints the table; returns the last line, and whether all is well.
 * @param {string} file
 * @param {readonly Input[]} inputs
 */
export async function prove(file, inputs) {
  const database = await openDatabase(file);
  try {
    const events = inputs.reduce((sum, input) => sum + input.events, 0);
    const verified = await verifyAll(database, inputs, progress('verifying', events));
    const tables = [];
    for (const log of verified) tables.push(await measure(log)); // when all is verified, so that the first is not measured cold
    console.log(`\n${table(tables)}\n`);
    return verdict(verified.flatMap(({ rows }) => rows), events);
  } finally {
    database.seal();
  }
}

/** @typedef {{ title: string, taken: Map<string, Taken>, repository: import('./verify.js').Repository, rows: Verification[] }} VerifiedLog */

/**
 * @param {Awaited<ReturnType<typeof openDatabase>>} database
 * @param {readonly Input[]} inputs
 * @param {(events: number) => void} show
 */
async function verifyAll(database, inputs, show) {
  /** @type {VerifiedLog[]} */
  const logs = [];
  let done = 0;
  for (const { log, title } of inputs) {
    const events = database.log(log.kind, wholeOf(log));
    const repository = await definitionOf(log).open({ store: database.snapshots, events });
    const rows = [];
    for (const { stream } of events.streams()) {
      const row = await verifyStream(repository, stream);
      rows.push(row);
      if (stream !== events.whole) done += row.events; // an event of the whole stream is in another one too
      show(done);
    }
    logs.push({ title, taken: takenBy(events.taken()), repository, rows });
  }
  return logs;
}

/**
 * The rows of one log: the longest streams measured, the others as they were verified.
 * @param {VerifiedLog} log
 */
async function measure({ title, taken, repository, rows }) {
  const complete = (/** @type {Verification} */ row) => ({ ...row, ...(taken.get(row.stream) ?? NONE_TAKEN) });
  const [long, others] = longest(rows);
  const shown = [];
  for (const row of long) shown.push(complete(await measured(repository, row)));
  return { title, shown, others: others.map(complete) };
}

/** @type {Taken} */
const NONE_TAKEN = { snapshots: 0, why: new Map(), bytes: 0 };

/**
 * Snapshots by stream: how many, why, and how large the newest is.
 * @param {readonly { stream: string, reason: string, bytes: number }[]} all Oldest first.
 */
function takenBy(all) {
  /** @type {Map<string, Taken>} */
  const taken = new Map();
  for (const { stream, reason, bytes } of all) {
    const { snapshots, why } = taken.get(stream) ?? { snapshots: 0, why: new Map() };
    const trigger = triggerOf(reason);
    taken.set(stream, { snapshots: snapshots + 1, why: why.set(trigger, (why.get(trigger) ?? 0) + 1), bytes });
  }
  return taken;
}

/**
 * The reason in a word, for a column: the event type that was waited for, or the unit that was counted.
 * @param {string} reason
 */
function triggerOf(reason) {
  const [, type] = /^(.+) was folded$/.exec(reason) ?? [];
  return type ?? (reason.startsWith('tail of') ? 'bytes' : 'events');
}
