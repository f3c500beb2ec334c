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

/** `timing` is for states that are sealed many times, `bigTiming` for those of 50 MB; what runs first warms up for longer. */
const MODES = {
  full: {
    sizes: Object.keys(SIZES),
    changed: { sizes: ['1 MB', '50 MB'], rounds: 11, warmUpRounds: 20 },
    timing: { rounds: 11, batchMs: 20, warmUpMs: 120, firstWarmUpMs: 800 },
    bigTiming: { rounds: 3, batchMs: 0, budgetMs: 4000 },
    memory: {
      jsonBytes: SIZES['50 MB'],
      runs: ['records', 'dictionary', 'text'].flatMap((family) =>
        ['snapfold', 'JSON'].map((side) => ({ family, side })),
      ),
      peerRuns: ['canonicalize', 'cbor-x', 'v8.serialize', 'serde-wasm-bindgen'].map((side) => ({
        family: 'records',
        side,
      })),
    },
    folds: {
      events: { loans: 262_200, orders: 1_000_000, journal: 200_000 },
      beginning: 10_000,
      immer: true,
      timing: { rounds: 7, batchMs: 20, warmUpMs: 800, budgetMs: 10_000 },
      memory: { events: 200_000, batch: 1_000 },
    },
  },
  quick: {
    sizes: ['2 KB', '1 MB'],
    changed: { sizes: ['1 MB'], rounds: 5, warmUpRounds: 20 },
    timing: { rounds: 5, batchMs: 10, warmUpMs: 60, firstWarmUpMs: 250 },
    memory: {
      jsonBytes: SIZES['50 MB'],
      runs: ['snapfold', 'JSON'].map((side) => ({ family: 'records', side })),
      peerRuns: [],
    },
    folds: {
      events: { loans: 50_000, orders: 100_000, journal: 50_000 },
      beginning: 5_000,
      immer: true,
      timing: { rounds: 5, batchMs: 10, warmUpMs: 250, budgetMs: 2_000 },
      memory: { events: 200_000, batch: 1_000 },
    },
  },
  smoke: {
    sizes: ['2 KB'],
    changed: { sizes: ['2 KB'], rounds: 1, warmUpRounds: 1 },
    timing: { rounds: 1, batchMs: 0 },
    memory: { jsonBytes: SIZES['2 KB'], runs: [{ family: 'records', side: 'snapfold' }], peerRuns: [] },
    folds: {
      events: { loans: 500, orders: 500, journal: 500 },
      beginning: 100,
      immer: false,
      timing: { rounds: 1, batchMs: 0 },
      memory: { events: 2_000, batch: 100 },
    },
  },
};

const { values: given } = parseArgs({
  options: {
    mode: { type: 'string', default: 'full' },
    folds: { type: 'boolean', default: false },
    swb: { type: 'string' },
    events: { type: 'string' },
  },
});
const mode = MODES[given.mode];
if (mode === undefined) throw new Error(`there is no mode ${given.mode}`);
const { swb, events } = given;

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
