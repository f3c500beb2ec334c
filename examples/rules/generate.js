// @ts-check
/**
 * Logs for trying out the rules, the same for the same seed, and made while they are read:
 *
 *     node generate.js orders 1000000 > orders.ndjson
 *     node generate.js task-queue 20000 7 > task-queue.ndjson      # 7 is the seed
 *     node generate.js loans 2000 > loan-applications.ndjson
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { loanEvents } from './generate-loans.js';
import { orderEvents } from './generate-orders.js';
import { taskQueueEvents } from './generate-task-queue.js';

export { loanEvents, orderEvents, taskQueueEvents };

/** @type {Record<string, ((options: { events: number, seed?: number }) => Iterable<object>) | undefined>} */
const GENERATORS = { orders: orderEvents, 'task-queue': taskQueueEvents, loans: loanEvents };

/**
 * Events as JSON Lines, in texts that end at a line's end.
 * @param {Iterable<object>} events
 * @param {number} [length] About how many characters a text has.
 */
export function* jsonLines(events, length = 1 << 18) {
  let text = '';
  for (const event of events) {
    text += JSON.stringify(event) + '\n';
    if (text.length >= length) {
      yield text;
      text = '';
    }
  }
  if (text !== '') yield text;
}

/** @param {string[]} words */
async function main([kind, count, seed]) {
  const generator = GENERATORS[kind ?? ''];
  if (generator === undefined || !(Number(count) >= 0)) {
    console.error('node generate.js orders|task-queue|loans <number of events> [<seed>]');
    process.exitCode = 2;
    return;
  }
  for (const text of jsonLines(generator({ events: Number(count), seed: Number(seed ?? 1) }))) {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
