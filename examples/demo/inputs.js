// @ts-check
/** Which logs a run works on. Each is read to its end before anything is written, so that a malformed one changes nothing. */
import { fileURLToPath } from 'node:url';
import { findHistory } from './log-git.js';
import { eventsOf } from './logs.js';
import { Refusal } from './refusal.js';
import { count } from './table.js';

/** A shorter history says little about snapshots. */
const ENOUGH_EVENTS = 2_000;

/** @typedef {import('./logs.js').Log} Log */
/** @typedef {{ log: Log, title: string, events: number }} Input */

/**
 * The history, if there is one, and a generated log where it is no good measure.
 * @param {string | undefined} path
 * @returns {Promise<Input[]>}
 */
export async function gitInputs(path) {
  /** @type {Input[]} */
  const inputs = [];
  let lack;
  try {
    const { path: root, head, shallow } = await findHistory(path ?? fileURLToPath(new URL('.', import.meta.url)));
    const log = head === undefined ? undefined : /** @type {const} */ ({ kind: 'git', path: root, head });
    const events = log === undefined ? 0 : await scan(log);
    if (log !== undefined && events > 0) inputs.push({ log, title: `git history of ${root}, ${count(events)} file changes`, events });
    if (events < ENOUGH_EVENTS) lack = `the history has ${count(events)} events, under ${count(ENOUGH_EVENTS)}`;
    if (shallow) lack = 'the clone is shallow, so history is missing (git fetch --unshallow brings it)';
  } catch (error) {
    if (path !== undefined || !(error instanceof Refusal)) throw error;
    lack = `there is no history: ${error.message.split(';', 1)[0]}`; // without the remedy, since the run goes on
  }
  inputs.forEach(({ title }) => console.log(title));
  if (lack === undefined) return inputs;
  console.log(`${lack}; a generated order log is added`);
  const log = /** @type {const} */ ({ kind: 'orders' });
  const events = await scan(log);
  return [...inputs, { log, title: `generated order log, ${count(events)} events`, events }];
}

/**
 * @param {string} file
 * @returns {Promise<Input>}
 */
export async function fileInput(file) {
  const log = /** @type {const} */ ({ kind: 'events', file });
  const events = await scan(log);
  if (events === 0) throw new Refusal(`${file} holds no events; give --events a log with at least one`);
  const title = `${file}, ${count(events)} events`;
  console.log(title);
  return { log, title, events };
}

/**
 * Counts the events, and refuses what is malformed.
 * @param {Log} log
 */
async function scan(log) {
  let events = 0;
  for await (const { sequence } of eventsOf(log)) events = sequence;
  return events;
}
