/** Sealing and opening one family at every size (or the state of a log), in a process of its own, so that no other family shapes the optimised code. */
import { isDeepStrictEqual } from 'node:util';
import { makeState, SIZES, unitsFor } from './families.js';
import { emit, progress } from './lines.js';
import { stateOfLog } from './log.js';
import { clock, measure, processorMs } from './measure.js';
import { JSON_SIDES, OURS, peers } from './sides.js';

const { family, sizes, events, timing, bigTiming, swb } = JSON.parse(process.argv[2]);
const sides = [OURS, ...JSON_SIDES, ...(swb === undefined ? [] : await peers(swb))];
const readers = sides.filter(({ open }) => open !== undefined);

if (events === undefined) {
  for (const size of sizes) take(size, makeState(family, unitsFor(family, SIZES[size])));
} else {
  const state = stateOfLog(events);
  take(`${(Buffer.byteLength(JSON.stringify(state)) / 1e6).toFixed(1)} MB`, state);
}

// Below 1 somebody else had the processor.
emit({ kind: 'share', family, clock, share: processorMs() / performance.now() });

function take(size, state) {
  progress(`${family}, ${size}`);
  const big = SIZES[size] > 10_000_000;
  if (!big) readers.forEach((side) => prove(side, state));
  time(
    size,
    'seal',
    sides.map((side) => ({ ...side, run: () => side.seal(state) })),
    big,
  );
  const stored = new Map(sides.map((side) => [side.name, side.seal(state)]));
  for (const { name, bytes } of sides)
    if (bytes !== undefined) emit({ kind: 'bytes', family, size, side: name, bytes: bytes(stored.get(name)) });
  time(
    size,
    'open',
    readers.map((side) => ({ ...side, run: () => side.open(stored.get(side.name)) })),
    big,
  );
}

function time(size, work, tasks, big) {
  for (const { name, ms, spread } of measure(tasks, big ? bigTiming : timing)) {
    emit({ kind: 'time', work, family, size, side: name, ms, spread });
  }
}

/** A side that loses something does not take part. */
function prove({ name, seal, open }, state) {
  if (!isDeepStrictEqual(open(seal(state)), state)) throw new Error(`${name} does not give ${family} back`);
}
