/**
 * Times sides against each other: warmed up, in rounds that take every side in turn.
 *
 * Needs `--expose-gc`. What the side before left in the young generation is collected before each batch. A full collection is
 * forced only where a batch is one run: it makes V8 throw optimised code away, which costs a short run more than the run itself.
 */

/**
 * Milliseconds of one run, for each task `{ run, … }`: the median of its batches.
 *
 * A round runs each task for about `batchMs`, beginning with another task each time; with `batchMs` 0 a batch is one run. A task
 * that has used up `budgetMs` is left out of later rounds, after two at least.
 */
export function measure(tasks, { rounds, batchMs, warmUpMs, budgetMs = Infinity }) {
  const timed = tasks.map((task) => ({ ...task, runs: batchMs === 0 ? 1 : calibrate(task.run, batchMs, warmUpMs), times: [], spent: 0 }));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < timed.length; turn++) {
      const task = timed[(round + turn) % timed.length];
      if (round >= 2 && task.spent > budgetMs) continue;
      globalThis.gc({ type: batchMs === 0 ? 'major' : 'minor' });
      const time = elapsed(task.run, task.runs);
      task.times.push(time / task.runs);
      task.spent += time;
    }
  }
  return timed.map(({ times }, index) => ({ ...tasks[index], ms: median(times), spread: spread(times) }));
}

/** Warms a task up and says how many runs fill a batch. */
function calibrate(run, batchMs, warmUpMs) {
  let last = 0;
  for (let spent = 0, runs = 1; spent < warmUpMs; runs *= 2) {
    const time = elapsed(run, runs);
    last = time / runs;
    spent += time;
  }
  return Math.max(1, Math.ceil(batchMs / last));
}

let kept;

/** The results are kept until the next one is there, so that no run is optimised away. */
function elapsed(run, runs) {
  const start = performance.now();
  for (let i = 0; i < runs; i++) kept = run();
  const time = performance.now() - start;
  kept = undefined;
  return time;
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
