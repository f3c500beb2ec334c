/** Work that may take long: how far it is, and giving it up. */
import { functionOption, invalidOption } from './options.js';
import type { Position } from './position.js';

/** How far a load is. */
export interface LoadProgress {
  readonly streamId: string;
  /** Of the last event that was folded, a snapshot's at first; null before the first one. */
  readonly position: Position | null;
  /** Events that were folded so far. A load that begins again, because the log changed under it, counts anew. */
  readonly replayed: number;
}

export interface WatchOptions {
  /** Told after each page of events. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /**
   * Given to `events.read`. Aborted: the call rejects at once with the signal's reason; what a store or log is asked just then may go on, and
   * nothing more is asked.
   */
  readonly signal?: AbortSignal;
}

export function watchOptions(name: string, { onProgress, signal }: WatchOptions): WatchOptions {
  if (onProgress !== undefined) functionOption(`${name}.onProgress`, onProgress);
  if (signal !== undefined && typeof (signal as Partial<AbortSignal>).throwIfAborted !== 'function') {
    throw invalidOption(`${name}.signal`, signal, 'must be an AbortSignal');
  }
  return { ...(onProgress && { onProgress }), ...(signal && { signal }) };
}

/** `work`, or the signal's reason, whatever comes first. */
export async function abortable<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort as () => void);
  }
}
