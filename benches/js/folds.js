/**
 * Built-in folds: from the bytes of events to the state, in a process for each case.
 *
 * All sides take the whole log, but for those that copy; these take its beginning, and the others once more with them.
 */
import { CASES } from './fold-cases.js';
import { countLines, first } from './fold-logs.js';
import { foldSides, loadImmer } from './fold-sides.js';
import { emit, progress } from './lines.js';
import { clock, measure, processorMs } from './measure.js';

const { name, events, file, beginning, immer, timing } = JSON.parse(process.argv[2]);

progress(`fold, ${name}`);
const logs = CASES[name].log(events, file);
const sides = foldSides(CASES[name], immer ? await loadImmer() : undefined);
const whole = sides.filter(({ copies }) => !copies);
const begun = processorMs();
const start = performance.now();
take('all', logs, whole);
if (whole.length < sides.length) take('beginning', first(logs, beginning), sides);
// Below 1 somebody else had the processor.
emit({ kind: 'share', family: name, clock, share: (processorMs() - begun) / (performance.now() - start) });

function take(part, logs, sides) {
  prove(logs, sides);
  const events = countLines(logs);
  const bytes = logs.reduce((sum, log) => sum + log.length, 0);
  for (const { side, ms, spread } of measure(
    sides.map((side) => ({ side: side.name, run: () => side.run(logs) })),
    timing,
  ))
    emit({ kind: 'fold', name, part, streams: logs.length, events, bytes, side, ms, spread });
}

/** Every side makes the same states, to the byte. */
function prove(logs, [ours, ...others]) {
  const expected = ours.run(logs).map(ours.encoded);
  for (const { name: side, run, encoded } of others.filter(({ encoded }) => encoded !== undefined)) {
    run(logs).forEach((state, index) => {
      if (Buffer.compare(encoded(state), expected[index]) !== 0)
        throw new Error(`${side} makes another state of ${name}`);
    });
  }
}
