// @ts-check
/** The demo: a real log, snapshots, a crash, and the proof that snapshot + tail equals the full replay. `--help` tells the options. */
import { parseArgs } from 'node:util';
import { openDatabase } from './database.js';
import { place } from './database-file.js';
import { fileInput, gitInputs } from './inputs.js';
import { prove } from './prove.js';
import { codeOf, Refusal } from './refusal.js';
import { SnapshotError } from './snapfold.js';
import { stop, work } from './supervisor.js';
import { clearLine, green, red } from './table.js';

const HELP = `Usage: cargo xtask demo [options], or node examples/demo/main.js [options]

Appends a real event log to an SQLite database, takes snapshots, is killed in the middle and started again, restores every stream
from snapshot + tail, replays every stream from zero, and compares the states byte for byte.

  --git PATH     the history of the git repository at PATH; default: of the repository that this demo is in.
                 Every file change of every commit is an event; a stream for each top-level folder and one for the whole.
                 A file that moves from one folder to another is deleted in one and added in the other: two events.
                 With under 2,000 events, or a shallow clone, a generated order log of 50,000 events is added.
  --events FILE  a log in JSON Lines instead, plain or gzipped, one event in a line:
                 {"stream": "order-1", "type": "Placed", "position": 1, "id": "…", "at": "2024-01-31T12:00:00Z", "data": {…}}
                 Only stream and type are required.
  --db FILE      keep the database in FILE; default: a temporary one. Replaces a database of an earlier run, and nothing else.
  --help         this text

Exit status: 0 if every state is equal, 1 if not or if something is wrong.`;

/** @param {string[]} parameters */
async function main(parameters) {
  const options = parse(parameters);
  if (options.help) return console.log(HELP);
  const inputs = options.events === undefined ? await gitInputs(options.git) : [await fileInput(options.events)];
  const { file, keep, discard } = await place(options.db);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => abort(discard));
  try {
    const whereTo = options.db ?? `${file}, for this run; --db FILE keeps it`;
    console.log(`Node ${process.version}, ${await libraryOf(file)}, database ${whereTo}`);
    await work(file, inputs.map(({ log }) => log), inputs.reduce((sum, { events }) => sum + events, 0));
    const { verified, text } = await prove(file, inputs);
    if (verified) await keep();
    else process.exitCode = 1;
    console.log(verified ? green(text) : red(text));
  } finally {
    discard();
  }
}

/**
 * @param {string[]} parameters
 * @returns {{ git?: string, events?: string, db?: string, help?: boolean }}
 */
function parse(parameters) {
  const text = /** @type {const} */ ({ type: 'string' });
  /** @type {{ git?: string, events?: string, db?: string, help?: boolean }} */
  let values;
  try {
    ({ values } = parseArgs({ args: parameters, options: { git: text, events: text, db: text, help: { type: 'boolean', short: 'h' } } }));
  } catch (error) {
    const [said] = /** @type {Error} */ (error).message.split(/\. |\n/);
    throw new Refusal(`${said}; --help lists the options`);
  }
  for (const [name, value] of Object.entries(values)) {
    if (value === '') throw new Refusal(`--${name} needs a path; --help lists the options`);
  }
  if (values.git !== undefined && values.events !== undefined) throw new Refusal('give --git or --events, not both');
  return values;
}

/** @param {() => void} discard */
function abort(discard) {
  stop();
  discard();
  process.exit(130);
}

/**
 * Opens the database for the first time.
 * @param {string} file
 */
async function libraryOf(file) {
  const database = await openDatabase(file);
  database.close();
  return database.library;
}

process.stdout.on('error', (error) => {
  if (codeOf(error) !== 'EPIPE') throw error; // a reader such as head(1) has seen enough
});
main(process.argv.slice(2)).catch((error) => {
  clearLine();
  const plain = error instanceof Refusal || SnapshotError.is(error);
  console.error(`${red('error')}: ${plain ? error.message : error.stack}`);
  process.exitCode = 1;
});
