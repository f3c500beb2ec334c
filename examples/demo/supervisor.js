// @ts-check
/** Runs the worker in a process of its own, kills it with SIGKILL at about half of its work, and starts it again. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { openDatabase } from './database.js';
import { wholeOf } from './logs.js';
import { Refusal } from './refusal.js';
import { bold, clearLine, count, progress } from './table.js';

/** Events in a transaction at most; small logs are cut into more pieces than one. */
const BATCH = 500;
const PIECES = 40;

/** @typedef {import('./logs.js').Log} Log */
/** @typedef {import('./worker.js').Message} Message */

/** The worker that runs now. @type {import('node:child_process').ChildProcess | undefined} */
let worker;

/**
 * @param {string} file
 * @param {readonly Log[]} logs
 * @param {number} total
 */
export async function work(file, logs, total) {
  const task = JSON.stringify({ file, logs, batchSize: Math.min(BATCH, Math.ceil(total / PIECES)) });
  const show = progress('appending', total);
  const first = await start(task, (message, child) => {
    if (message.type !== 'progress') return;
    show(message.done);
    if (message.done >= total / 2 && message.done < total) child.kill('SIGKILL');
  });
  if (first !== 'SIGKILL') return console.log('too short to be interrupted');
  const committed = await countEvents(file, logs);
  clearLine();
  console.log(bold(`killed with SIGKILL after ${count(committed)} of ${count(total)} events; started again`));
  const restored = { streams: 0, fromSnapshot: 0, replayed: 0 };
  let goingOn = false;
  await start(task, (message) => {
    if (message.type === 'restored') {
      for (const name of /** @type {(keyof typeof restored)[]} */ (Object.keys(restored))) restored[name] += message[name];
    } else if (message.type === 'progress') {
      if (!goingOn) console.log(`went on at event ${count(committed + 1)}: ${handles(restored)}`);
      goingOn = true;
      show(message.done);
    }
  });
  const appended = await countEvents(file, logs);
  if (appended !== total) throw new Refusal(`${count(appended)} events were appended, not ${count(total)}: the log changed meanwhile; start again`);
}

/** Ends the worker, if one runs. */
export function stop() {
  worker?.kill('SIGKILL');
}

/** @param {{ streams: number, fromSnapshot: number, replayed: number }} restored */
function handles({ streams, fromSnapshot, replayed }) {
  const others = fromSnapshot < streams ? ', the others by replay' : '';
  return `${count(fromSnapshot)} of ${count(streams)} handles came back from a snapshot${others}; ${count(replayed)} events were folded`;
}

/**
 * Runs a worker to its end; answers its messages, unless it was killed. Returns how it ended.
 * @param {string} task
 * @param {(message: Message, child: import('node:child_process').ChildProcess) => void} onMessage
 * @returns {Promise<'done' | 'SIGKILL'>}
 */
async function start(task, onMessage) {
  const child = fork(new URL('worker.js', import.meta.url), [task]);
  worker = child;
  /** @type {Message | undefined} */
  let failure;
  child.on('message', (/** @type {Message} */ message) => {
    if (message.type === 'failed') failure = message;
    else onMessage(message, child);
    if (!child.killed) child.send('go on', () => {});
  });
  const [code, signal] = await once(child, 'close');
  worker = undefined;
  if (failure?.type === 'failed') throw failure.refusal ? new Refusal(failure.message) : new Error(failure.message);
  if (signal === 'SIGKILL' && child.killed) return 'SIGKILL';
  if (code !== 0) throw new Refusal(`the worker ended too early, ${signal ?? `exit status ${code}`}`);
  return 'done';
}

/**
 * @param {string} file
 * @param {readonly Log[]} logs
 */
async function countEvents(file, logs) {
  const database = await openDatabase(file);
  try {
    return logs.reduce((sum, log) => sum + database.log(log.kind, wholeOf(log)).count(), 0);
  } finally {
    database.close();
  }
}
