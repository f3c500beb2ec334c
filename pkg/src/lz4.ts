/** Compressed states: for `defineSnapshots({ compression })` and `seal`. An entry of its own; what is compressed is read without it. */
import type { Compression } from './frame.js';
import { borrow, giveBack, plainModule, takeAnswer, throwError } from './plain-module.js';

/** The twin of `BLOCK_BYTES` in src/frame/lz4.rs. */
const BLOCK_BYTES = 63 * 1024;

/** LZ4, if the state has at least 1 KiB and an eighth of it is saved, of its first 252 KiB too. About a millisecond for each MB. */
export const lz4: Compression = { compress };

function compress(payload: Uint8Array): Uint8Array | undefined {
  if (plainModule.snapfold_lz4_begin(BigInt(payload.length)) === 0) return undefined;
  const stored = new Uint8Array(payload.length);
  const lent = borrow(BLOCK_BYTES);
  let length = 0;
  try {
    for (let at = 0; at < payload.length; at += BLOCK_BYTES) {
      const block = payload.subarray(at, at + BLOCK_BYTES);
      lent.bytes.set(block);
      const answer = plainModule.snapfold_lz4_block(lent.address, block.length);
      if (answer === 0n) return undefined;
      throwError(answer);
      length += takeAnswer(answer, (memory, start, end) => {
        stored.set(memory.subarray(start, end), length); // never more than an eighth less than the payload
        return end - start;
      });
    }
  } finally {
    giveBack(lent);
  }
  return stored.subarray(0, length);
}
