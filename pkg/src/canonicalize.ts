import { answered, core } from './core.js';

/** The same value with the keys of every plain object in the order of RFC 8949 §4.2.1: for comparing states of different languages. */
export function canonicalize(bytes: Uint8Array): Uint8Array {
  return answered(core().canonicalize(bytes));
}
