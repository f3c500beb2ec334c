/**
 * Times sides against each other: warmed up, in rounds that take every side in turn.
 *
 * Needs `--expose-gc`. What the side before left in the young generation is collected before each batch. A full collection is
 * forced only where a batch is one run: it makes V8 throw optimised code away, which costs a short run more than the run itself.
 */

/**
 * Milliseconds of one run, for each task `{ run, … }`: the median of its batches.
 *
 * A round runs each task for about `batchMs`, beginning with another task each time; with `batchMs` 0 a batch is one run. Rounds
 * in which a task has not yet run for `warmUpMs` do not count: they give the compiler, which works beside us, the time that it
 * needs. A task that has used up `budgetMs` is left out of later rounds, after two at least.
 */
export function measure(tasks, { rounds, batchMs, warmUpMs = 0, budgetMs = Infinity }) {
  const timed = tasks.map(({ run }) => ({ run, runs: 1, times: [] }));
  warmUp(timed, batchMs, warmUpMs);
  for (let round = 0; round < rounds; round++) takeTurns(timed, round, batchMs, budgetMs);
  return timed.map(({ times }, index) => ({ ...tasks[index], ms: median(times), spread: spread(times) }));
}

/** Also finds out how many runs of each task fill a batch. */
function warmUp(timed, batchMs, warmUpMs) {
  let cold = timed.map((task) => ({ task, spent: 0 }));
  for (let round = 0; warmUpMs > 0 && cold.length > 0; round++) {
    const tasks = cold.map(({ task }) => task);
    takeTurns(tasks, round, batchMs, Infinity);
    for (const entry of cold) {
      const { task } = entry;
      const ms = task.times.pop();
      entry.spent += ms * task.runs;
      // A first run is slow in every way, so that one after it may tell little yet.
      task.runs = Math.max(1, Math.min(task.runs * 100, Math.ceil(batchMs / ms)));
    }
    cold = cold.filter(({ spent }) => spent < warmUpMs);
  }
}

function takeTurns(timed, round, batchMs, budgetMs) {
  for (let turn = 0; turn < timed.length; turn++) {
    const { run, runs, times } = timed[(round + turn) % timed.length];
    if (times.length >= 2 && sum(times) * runs > budgetMs) continue;
    globalThis.gc({ type: batchMs === 0 ? 'major' : 'minor' });
    times.push(elapsed(run, runs) / runs);
  }
}

/** `wall`, or `cpu`: the time of the processor, for all threads of this process. */
export const clock = process.env['BENCH_CLOCK'] ?? 'wall';

/** Milliseconds by that clock. */
export const now = clock === 'cpu' ? processorMs : () => performance.now();

export function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let kept;

/** The results are kept until the next one is there, so that no run is optimised away. */
function elapsed(run, runs) {
  const start = now();
  for (let i = 0; i < runs; i++) kept = run();
  const time = now() - start;
  kept = undefined;
  return time;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Half of the batches lie within this share of the median. */
function spread(times) {
  const centre = median(times);
  return median(times.map((time) => Math.abs(time - centre))) / centre;
}
