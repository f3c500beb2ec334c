/**
 * The WebAssembly core and the digest of this runtime: installed once by the entry file, used by every room.
 * Per-call data cross as values in byte arrays, see src/bindings.
 */
import type * as Glue from '../wasm/snapfold.js';
import { SnapshotError, type ErrorCode } from './error.js';
import * as Operation from './operations.js';
import { Scratch, type CoreMemory } from './scratch.js';
import { decode } from './value/decode.js';
import { encode } from './value/encode.js';

/** What the package calls of the generated glue. */
export type Core = Pick<typeof Glue, 'ask' | 'step'>;

type Sha256 = (bytes: Uint8Array) => Uint8Array;

let installed: { readonly core: Core; readonly memory: CoreMemory } | undefined;
let buffers: Scratch | undefined;
let nativeSha256: Sha256 | undefined;

/** Called by the entry files. `sha256` is the runtime's own digest, where it has a synchronous one. */
export function installCore(core: Core, memory: CoreMemory, sha256?: Sha256): void {
  installed = { core, memory };
  buffers = undefined;
  nativeSha256 = sha256;
}

export function core(): Core {
  return ready().core;
}

/** The core's buffers, for payloads; made when they are needed first. */
export function scratch(): Scratch {
  if (buffers === undefined) {
    const { core, memory } = ready();
    buffers = new Scratch(core, memory);
  }
  return buffers;
}

/** SHA-256 of `bytes`: the runtime's own where it is synchronous, the core's elsewhere. Same digest either way. */
export function sha256(bytes: Uint8Array): Uint8Array {
  if (nativeSha256 !== undefined) return nativeSha256(bytes);
  return bytes.length <= SHORT ? core().ask(Operation.Sha256, bytes) : scratch().sha256(bytes);
}

/** Up to this many bytes a copy into the core's memory is made for the one call. */
const SHORT = 1 << 12;

function ready(): { readonly core: Core; readonly memory: CoreMemory } {
  if (installed === undefined) {
    throw new SnapshotError('notReady', 'the WebAssembly core is not loaded yet: `await init()` first');
  }
  return installed;
}

/** Asks the core with a value and reads a value back. */
export function ask<T>(operation: number, question: unknown): T {
  return decode(askBytes(operation, question)) as T;
}

/** As {@link ask}, for an answer that is no value, or not to be decoded here. */
export function askBytes(operation: number, question: unknown): Uint8Array {
  return answered(core().ask(operation, toCoreBytes(question)));
}

/** What the package itself says to the core needs no closer look. */
export function toCoreBytes(question: unknown): Uint8Array {
  return encode(question, { thorough: false });
}

/** What the core answers, unless that is an error: then it begins with a byte that starts no value and no frame, and is thrown. */
export function answered(answer: Uint8Array): Uint8Array {
  if (answer[0] === 0xff) throw fromCore(decode(answer.subarray(1)) as CoreError);
  return answer;
}

/** An error as the core says it: an answer, or part of one. */
export interface CoreError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly offset?: number;
  readonly path?: string;
  readonly position?: number | bigint;
  /** Of the host's making; nothing that the core says. */
  readonly cause?: unknown;
}

export function fromCore({ code, message, ...place }: CoreError): SnapshotError {
  return new SnapshotError(code, message, place);
}
