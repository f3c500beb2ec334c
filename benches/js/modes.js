/** How much is measured, and for how long. */
import { SIZES } from './families.js';

export function modeOf(name) {
  const mode = MODES[name];
  if (mode === undefined) throw new Error(`there is no mode ${name}`);
  return mode;
}

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
