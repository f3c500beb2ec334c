/** What a built-in fold ends with, as the plain module writes it: src/bindings/abi/folds.rs says what lies where. */
import { takeAnswer, throwError } from './plain-module.js';
import { readUtf8 } from './value/utf8.js';

export interface Ending {
  readonly state: Uint8Array;
  readonly position: number | bigint | null;
  readonly eventCount: number | bigint;
  readonly anchor: string | Uint8Array | null;
  readonly pending: readonly Uint8Array[];
}

/** Bytes between the status and the anchor. */
const HEAD = 26;

/** Reads an answer, and gives it back; an error is thrown. */
export function takeEnding(answer: bigint): Ending {
  throwError(answer);
  return takeAnswer(answer, read);
}

function read(memory: Uint8Array, start: number, end: number): Ending {
  const head = new DataView(memory.buffer, start, HEAD);
  const anchor = start + HEAD;
  const waits = anchor + head.getUint32(18, true);
  const state = waits + head.getUint32(22, true);
  return {
    state: memory.slice(state, end),
    position: head.getUint8(1) === 0 ? null : whole(head, 2),
    eventCount: whole(head, 10),
    anchor: anchorOf(head.getUint8(0), memory, anchor, waits),
    pending: pendingIn(memory, waits, state),
  };
}

/** A bigint beyond 2^53 − 1. */
function whole(head: DataView, at: number): number | bigint {
  const high = head.getUint32(at + 4, true);
  return high < 1 << 21 ? high * 2 ** 32 + head.getUint32(at, true) : head.getBigUint64(at, true);
}

function anchorOf(kind: number, memory: Uint8Array, start: number, end: number): string | Uint8Array | null {
  if (kind === 0) return null;
  return kind === 1 ? (readUtf8(memory, start, end) as string) : memory.slice(start, end);
}

function pendingIn(memory: Uint8Array, start: number, end: number): Uint8Array[] {
  const pending: Uint8Array[] = [];
  const lengths = new DataView(memory.buffer);
  for (let at = start; at < end; ) {
    const event = at + 4;
    at = event + lengths.getUint32(at, true);
    pending.push(memory.slice(event, at));
  }
  return pending;
}
