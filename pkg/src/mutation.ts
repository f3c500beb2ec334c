/** In development: does `evolve` change the state it is given? Then an old handle would show a new state. */
import { SnapshotError } from './error.js';
import type { Position } from './position.js';
import { decode } from './value/decode.js';
import { firstDifference } from './value/difference.js';
import { encode } from './value/encode.js';
import { sameBytes } from './value/bytes.js';

/** The first calls are all watched, then one in {@link SAMPLE}. */
const WATCHED_AT_FIRST = 20;
const SAMPLE = 100;

export class MutationGuard<State> {
  readonly #toState: (state: State) => unknown;
  readonly #active: boolean;
  #calls = 0;

  constructor(settings: { readonly toState: (state: State) => unknown; readonly mutable: boolean; readonly development: boolean }) {
    this.#toState = settings.toState;
    this.#active = settings.development && !settings.mutable;
  }

  /** Runs `evolve`; throws `mutated` with the path if it changed `state`. */
  watch(state: State, position: Position, evolve: () => State | void): State | void {
    if (!this.#active) return evolve();
    this.#calls += 1;
    if (this.#calls > WATCHED_AT_FIRST && this.#calls % SAMPLE !== 0) return evolve();
    const before = this.#bytes(state);
    const next = evolve();
    const after = before && this.#bytes(state);
    if (before === undefined || after === undefined || sameBytes(before, after)) return next;
    throw new SnapshotError(
      'mutated',
      'evolve changed the state it was given; return a new one, or define the snapshots with mutable: true',
      { position, path: firstDifference(decode(before), decode(after)) ?? 'state' },
    );
  }

  /** Undefined for a state that cannot be encoded: sealing it will say why. */
  #bytes(state: State): Uint8Array | undefined {
    try {
      return encode(this.#toState(state));
    } catch {
      return undefined;
    }
  }
}
