/**
 * The JavaScript part of the benchmark: `node main.js [--mode full|quick|smoke] [--folds] [--swb FILE] [--events FILE]`.
 *
 * Prints lines of JSON. Every measurement runs in a child process of the Node that runs this. Without the module made from
 * benches/swb no peer takes part but JSON. With a log of JSON lines (or its .gz) its state is one family more, and if it holds the
 * loan applications they are folded. `--folds`: only what folds cost.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FAMILIES, SIZES } from './families.js';
import { CASES } from './fold-cases.js';
import { progress } from './lines.js';
import { modeOf } from './modes.js';

const { values: given } = parseArgs({
  options: {
    mode: { type: 'string', default: 'full' },
    folds: { type: 'boolean', default: false },
    swb: { type: 'string' },
    events: { type: 'string' },
  },
});
const { swb, events } = given;
const mode = modeOf(given.mode);

progress(`Node ${process.versions.node}`);
if (!given.folds) measureSnapshots(mode);
measureFolds(mode.folds);

function measureSnapshots({ sizes, changed, timing, bigTiming, memory }) {
  for (const family of Object.keys(FAMILIES)) child('time.js', { family, sizes, timing, bigTiming, swb });
  child('time.js', {
    family: 'mixed',
    sizes: sizes.filter((size) => SIZES[size] >= 100_000),
    timing,
    bigTiming,
    swb,
  });
  if (events !== undefined) child('time.js', { family: 'log', events, timing, swb });
  for (const { family, side } of [...memory.runs, ...(swb === undefined ? [] : memory.peerRuns)]) {
    child('memory.js', { family, side, jsonBytes: memory.jsonBytes, swb });
  }
  child('changed.js', changed);
  child('decide.js', { timing: { ...timing, warmUpMs: timing.firstWarmUpMs } });
}

function measureFolds({ events: counts, memory, ...how }) {
  for (const [name, { of }] of Object.entries(CASES))
    child('folds.js', { name, events: counts[of], file: events, ...how });
  child('fold-memory.js', memory);
}

function child(script, task) {
  const { status, error } = spawnSync(process.execPath, ['--expose-gc', script, JSON.stringify(task)], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw error ?? new Error(`${script} failed with ${JSON.stringify(task)}`);
}
