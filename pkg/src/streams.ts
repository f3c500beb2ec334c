/** What a repository remembers of the streams it served, within a fixed bound. */
import type { BaseSnapshot } from './progress.js';

/** The last attempts that failed in a row. */
export interface Attempt {
  readonly events: number;
  readonly at: number | undefined;
  readonly failures: number;
  /** Bytes of events since the last snapshot, then. */
  readonly tailBytes: number;
}

export interface StreamMemory {
  lastTaken: (BaseSnapshot & { readonly key: string }) | undefined;
  lastTried: Attempt | undefined;
  inFlight: boolean;
}

/** Least recently used streams are forgotten first; what is lost is only advice. */
export class Streams {
  readonly #memories = new Map<string, StreamMemory>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is remembered, without beginning to. */
  peek(streamId: string): StreamMemory | undefined {
    return this.#memories.get(streamId);
  }

  of(streamId: string): StreamMemory {
    const memory = this.#memories.get(streamId) ?? { lastTaken: undefined, lastTried: undefined, inFlight: false };
    this.#memories.delete(streamId);
    this.#memories.set(streamId, memory);
    if (this.#memories.size > this.#limit) this.#forgetOldest(streamId);
    return memory;
  }

  forget(streamId: string): void {
    this.#memories.delete(streamId);
  }

  #forgetOldest(but: string): void {
    for (const [streamId, { inFlight }] of this.#memories) {
      if (inFlight || streamId === but) continue;
      return this.forget(streamId);
    }
  }
}
