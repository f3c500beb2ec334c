/** What is remembered of the states that were encoded last, so that the next ones cost what changed in them. */
import { SnapshotError } from '../error.js';
import { sameBytes } from './bytes.js';
import { decode } from './decode.js';
import { firstDifference } from './difference.js';
import { encode } from './encode.js';
import { encodeAfter, type Encoded } from './parts.js';
import type { Use } from './writer.js';

export interface RememberedOptions {
  /** How many bytes of encoded states are remembered. */
  readonly limit: number;
  /** Encode in full as well, each time, and refuse a state that was changed where it is remembered. */
  readonly thorough: boolean;
  /** Told if an encoding in full, one in {@link CHECK_EVERY}, shows that a state was changed where it is remembered. */
  readonly diverged: (streamId: string, error: SnapshotError) => void;
}

/** One encoding of a stream in so many is done in full as well, and compared. */
const CHECK_EVERY = 64;

interface State {
  /** With what is known of its parts. */
  readonly encoded: Encoded;
  /** How often the stream was encoded since it was in full. */
  readonly times: number;
}

/** The last states of some streams, within a fixed bound. Those that were not encoded for longest are forgotten first. */
export class RememberedStates {
  readonly #streams = new Map<string, State>();
  readonly #options: RememberedOptions;
  #held = 0;

  constructor(options: RememberedOptions) {
    this.#options = options;
  }

  /**
   * Hands the bytes of `value`, the next state of a stream, to `use`: those of a full encoding. If anything fails, the stream is forgotten;
   * unless something remembered was changed: then it is refused again, for as long as it is part of the state.
   *
   * @throws SnapshotError `mutated` with the path, if `thorough` and something remembered was changed; and what `encode` throws.
   */
  encoding<T>(streamId: string, value: unknown, use: Use<T>): T {
    const { thorough, diverged } = this.#options;
    const last = this.#take(streamId);
    const times = last === undefined ? 0 : last.times + 1;
    const full = thorough || times === CHECK_EVERY ? encode(value, { thorough }) : undefined;
    let encoded = encodedAfter(value, last?.encoded);
    if (full !== undefined && !sameBytes(full, encoded.bytes)) {
      const path = firstDifference(decode(encoded.bytes), decode(full)) ?? 'state';
      const error = new SnapshotError(thorough ? 'mutated' : 'diverged', CHANGED, { path });
      if (thorough) {
        if (last !== undefined) this.#keep(streamId, last);
        throw error;
      }
      diverged(streamId, error);
      encoded = { bytes: full, part: undefined };
    }
    const result = use([encoded.bytes], encoded.bytes.length);
    this.#keep(streamId, { encoded, times: full === undefined ? times : 0 });
    return result;
  }

  forget(streamId: string): void {
    this.#take(streamId);
  }

  #take(streamId: string): State | undefined {
    const state = this.#streams.get(streamId);
    this.#streams.delete(streamId);
    this.#held -= state?.encoded.bytes.length ?? 0;
    return state;
  }

  #keep(streamId: string, state: State): void {
    if (state.encoded.part === undefined) return;
    this.#take(streamId);
    this.#streams.set(streamId, state);
    this.#held += state.encoded.bytes.length;
    for (const oldest of this.#streams.keys()) {
      if (this.#held <= this.#options.limit) break;
      this.#take(oldest);
    }
  }
}

const CHANGED =
  'a part of the state was changed in place after a snapshot of it, so that the change may be missing in others; return new objects for what changes, or do without `immutable`; load the stream again';

/** Whatever the quick way does not know, the encoder of whole states writes or refuses. */
function encodedAfter(value: unknown, last: Encoded | undefined): Encoded {
  try {
    return encodeAfter(value, last);
  } catch {
    return { bytes: encode(value, { thorough: true }), part: undefined };
  }
}
