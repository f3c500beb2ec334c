/** Bounds for what a store may take. */
import { SnapshotError } from './error.js';

/** Runs `work`; rejects with `timeout` when it took longer than `millis`, and aborts its signal then. */
export async function withinTime<T>(millis: number, work: (signal: AbortSignal) => T | PromiseLike<T>): Promise<T> {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = new SnapshotError('timeout', `the store took longer than ${millis} ms`);
      controller.abort(error);
      reject(error);
    }, millis);
  });
  try {
    return await Promise.race([work(controller.signal), expired]);
  } finally {
    clearTimeout(timer);
  }
}
