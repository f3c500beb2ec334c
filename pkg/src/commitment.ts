/** One digest that stands for all events that were folded, in their order. An entry of its own. The twin of src/fold/commitment.rs. */
import { coreAnswer } from './core.js';
import type { CommitmentRule } from './definition.js';
import { Sha256 } from './operations.js';
import { encode } from './value/encode.js';

/** Keeps a commitment from ever being taken for another digest. */
const DOMAIN = new TextEncoder().encode('snapfold.history.1\0');
const AT_POSITION = DOMAIN.length + 32;
const AT_ANCHOR = AT_POSITION + 8;

/**
 * For `defineSnapshots({ commitment })`: snapshots commit to the events that were folded into them (docs/format.md §2.6), each by its position
 * and its id, or, without one, its digest. Costs a SHA-256 for each event that is folded, some microseconds; without ids two.
 */
export const historyCommitment: CommitmentRule = {
  start: new Uint8Array(32),
  after(commitment, position, anchor) {
    const encoded = encode(anchor, { thorough: false }); // rows are checked
    const bytes = new Uint8Array(AT_ANCHOR + encoded.length);
    bytes.set(DOMAIN);
    bytes.set(commitment, DOMAIN.length);
    new DataView(bytes.buffer).setBigUint64(AT_POSITION, BigInt(position));
    bytes.set(encoded, AT_ANCHOR);
    return coreAnswer(Sha256, bytes); // cheaper than the runtime's own for so few bytes
  },
};
