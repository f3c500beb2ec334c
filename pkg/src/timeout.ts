/** Bounds for what a store may take. */
import { SnapshotError } from './error.js';

/**
 * Runs `work`; rejects with `timeout` when it took longer than `millis`, and aborts its signal then. What answers at once costs
 * neither a timer nor a signal.
 */
export async function withinTime<T>(millis: number, work: (signal: () => AbortSignal) => T | PromiseLike<T>): Promise<T> {
  let controller: AbortController | undefined;
  let late: SnapshotError | undefined;
  const answer = work(() => {
    controller ??= new AbortController();
    if (late !== undefined) controller.abort(late); // somebody looks for the first time when it is over
    return controller.signal;
  });
  if (!isPromiseLike(answer)) return answer;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late = new SnapshotError('timeout', `the store took longer than ${Math.ceil(millis)} ms`);
      controller?.abort(late);
      reject(late);
    }, millis);
  });
  try {
    return await Promise.race([answer, expired]);
  } finally {
    clearTimeout(timer);
  }
}

function isPromiseLike<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  return typeof (answer as { then?: unknown } | null | undefined)?.then === 'function';
}
