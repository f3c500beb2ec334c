/** States that share what did not change with the ones before: for `defineSnapshots({ immutable })`. An entry of its own, since few need it. */
import type { SharedStates } from './definition.js';
import { RememberedStates } from './value/remembered.js';

/**
 * What `evolve` does not change it shares with the state before, as copy-on-write reducers do: an object or array that is the same one is
 * never changed in place. Then a snapshot encodes what changed since the last one of its stream in this repository, and copies the bytes
 * of the rest: of the same plain objects and arrays from 4 KiB on, and of the same children of larger arrays, objects and Maps. A Map,
 * Set, Date or typed array is encoded anew each time, and so is a child that holds one. Hashing and copying the whole state remain.
 *
 * In development every state is encoded in full as well, and what was changed in place fails the snapshot with `mutated`. In production
 * one in 64 of a stream is; then `diverged` is reported, and the right bytes are written. Up to 64 MiB of encoded states are remembered,
 * which takes room for twice as many and keeps those states alive. With `toState`, its result has to share what did not change. Not
 * together with `mutable`.
 */
export const immutable: SharedStates = { remember: (options) => new RememberedStates(options) };
