/**
 * The WebAssembly core and the digest of this runtime, used by every room; entry files say where they come from. Per-call data cross as
 * values in byte arrays, see src/bindings.
 */
import { __wbg_reset_state as begin, ask as askCore, initSync, step } from '../wasm/snapfold.js';
import { SnapshotError, type ErrorCode } from './error.js';
import * as Operation from './operations.js';
import { Scratch } from './scratch.js';
import { decode } from './value/decode.js';
import { encode } from './value/encode.js';
import { WasmModule, type Module, type ModuleSource } from './wasm-module.js';

type Sha256 = (bytes: Uint8Array) => Uint8Array;

interface Instance {
  /** The buffers for payloads, made when they are needed first. */
  scratch?: Scratch;
}

export const coreModule = new WasmModule<Instance>((module: Module) => {
  if (coreModule.generation > 1) begin(); // the glue keeps one instance, and would go on with it
  initSync({ module });
  return {};
});

let nativeSha256: Sha256 | undefined;

/** Called by the entry files. `sha256` is the runtime's own digest, where it has a synchronous one. */
export function provideCore(source: ModuleSource, sha256?: Sha256): void {
  coreModule.provide(source);
  nativeSha256 = sha256;
}

/** The core's answer to bytes. */
export function coreAnswer(operation: number, question: Uint8Array): Uint8Array {
  return coreModule.run(() => askCore(operation, question));
}

/** With the core's buffers. */
export function withScratch<T>(work: (scratch: Scratch) => T): T {
  return coreModule.run((instance) => work((instance.scratch ??= new Scratch(step, initSync(undefined as never).memory))));
}

/** SHA-256 of `bytes`: the runtime's own where it is synchronous, the core's elsewhere. Same digest either way. */
export function sha256(bytes: Uint8Array): Uint8Array {
  if (nativeSha256 !== undefined) return nativeSha256(bytes);
  return bytes.length <= SHORT ? coreAnswer(Operation.Sha256, bytes) : withScratch((scratch) => scratch.sha256(bytes));
}

/** Up to this many bytes a copy into the core's memory is made for the one call. */
const SHORT = 1 << 12;

/** Asks the core with a value and reads a value back. */
export function ask<T>(operation: number, question: unknown): T {
  return decode(askBytes(operation, question)) as T;
}

/** As {@link ask}, for an answer that is no value, or not to be decoded here. */
export function askBytes(operation: number, question: unknown): Uint8Array {
  return answered(coreAnswer(operation, toCoreBytes(question)));
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
