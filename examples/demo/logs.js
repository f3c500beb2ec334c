// @ts-check
/** The kinds of logs: where their events come from, which streams they make, and by which definition these are folded. */
import { cases, files, shops } from './definitions.js';
import { gitEvents } from './log-git.js';
import { jsonLinesEvents } from './log-jsonl.js';
import { orderEvents } from './log-orders.js';
import { Refusal } from './refusal.js';

/**
 * Which log; plain data, so that it can be handed to another process.
 * @typedef {{ kind: 'git', path: string, head: string } | { kind: 'orders' } | { kind: 'events', file: string }} Log
 */

/**
 * An event with its place in the log, and its place in its stream.
 * @typedef {object} LogEvent
 * @property {number} sequence Its place in the whole log, from 1.
 * @property {string} stream
 * @property {number} position Its place in its stream, from 1.
 * @property {string | undefined} id
 * @property {string} type
 * @property {string | undefined} at
 * @property {unknown} event
 */

/**
 * @typedef {{ stream: string, id?: string, type: string, at?: string, event: unknown, position?: number,
 *   refuse?: (why: string) => Refusal }} RawEvent
 */

/** The stream of all events of a log, next to the streams that they are divided into. */
const WHOLE = { git: 'whole repository', orders: 'all shops', events: undefined };

/** @param {Log} log */
export function wholeOf({ kind }) {
  return WHOLE[kind];
}

/**
 * @param {Log} log
 * @returns {import('./snapfold.js').Definition<unknown, unknown, number>}
 */
export function definitionOf({ kind }) {
  // What the events of a log look like, its definition knows; here they are just events.
  return /** @type {never} */ ({ git: files, orders: shops, events: cases }[kind]);
}

/**
 * The events of a log in their order, the same at each call.
 * @param {Log} log
 * @returns {AsyncGenerator<LogEvent>}
 */
export async function* eventsOf(log) {
  /** @type {Map<string, number>} */
  const positions = new Map();
  let sequence = 0;
  for await (const { stream, id, type, at, event, position, refuse } of rawEventsOf(log)) {
    const next = (positions.get(stream) ?? 0) + 1;
    if (position !== undefined && position !== next) {
      const why = `position ${position} in stream ${JSON.stringify(stream)}, expected ${next}: events are missing, repeated or out of order`;
      throw refuse?.(why) ?? new Refusal(why);
    }
    positions.set(stream, next);
    sequence += 1;
    yield { sequence, stream, position: next, id, type, at, event };
  }
}

/**
 * @param {Log} log
 * @returns {AsyncIterable<RawEvent>}
 */
function rawEventsOf(log) {
  switch (log.kind) {
    case 'git':
      return gitEvents(log);
    case 'orders':
      return orderEvents();
    case 'events':
      return jsonLinesEvents(log.file);
  }
}
