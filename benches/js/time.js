/**
 * Sealing and opening one family at every size, or the state of a log, in a process of its own: no other family shapes the
 * optimised code.
 */
import { isDeepStrictEqual } from 'node:util';
import { makeState, SIZES, unitsFor } from './families.js';
import { emit, progress } from './lines.js';
import { stateOfLog } from './log.js';
import { clock, measure, processorMs } from './measure.js';
import { JSON_SIDES, OURS, peers } from './sides.js';

const { family, sizes = [], events, timing, bigTiming, swb } = JSON.parse(process.argv[2]);
const sides = [OURS, ...JSON_SIDES, ...(swb === undefined ? [] : await peers(swb))];
const readers = sides.filter(({ open }) => open !== undefined);

if (events !== undefined) takeLog();
sizes.forEach((size, index) => take(size, makeState(family, unitsFor(family, SIZES[size])), timingOf(size, index)));
// Below 1 somebody else had the processor.
emit({ kind: 'share', family, clock, share: processorMs() / performance.now() });

function takeLog() {
  const state = stateOfLog(events);
  const size = `${(Buffer.byteLength(JSON.stringify(state)) / 1e6).toFixed(1)} MB`;
  take(size, state, timingOf(size, 0));
}

/** The first size gives the compiler time to finish; after that a state of 50 MB needs no more of it. */
function timingOf(size, index) {
  if (SIZES[size] > 10_000_000) return bigTiming;
  return { ...timing, warmUpMs: index === 0 ? timing.firstWarmUpMs : timing.warmUpMs };
}

function take(size, state, how) {
  progress(`${family}, ${size}`);
  if (how.batchMs > 0) readers.forEach((side) => prove(side, state));
  const sealing = sides.map((side) => ({ side, run: () => side.seal(state) }));
  time(size, 'seal', measure(sealing, how));
  const stored = new Map(sides.map((side) => [side, side.seal(state)]));
  for (const [side, made] of stored) {
    if (side.bytes !== undefined) emit({ kind: 'bytes', family, size, side: side.name, bytes: side.bytes(made) });
  }
  const opening = readers.map((side) => ({ side, run: () => side.open(stored.get(side)) }));
  time(size, 'open', measure(opening, how));
}

function time(size, work, measured) {
  for (const { side, ms, spread } of measured) emit({ kind: 'time', work, family, size, side: side.name, ms, spread });
}

/** A side that loses something does not take part. */
function prove({ name, seal, open }, state) {
  if (!isDeepStrictEqual(open(seal(state)), state)) throw new Error(`${name} does not give ${family} back`);
}
