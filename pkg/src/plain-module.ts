/** The plain WebAssembly module, for the entries that need more than the core: loaded when the first of them is, and once. */
import { readFileSync } from 'node:fs';
import { fromCore, type CoreError } from './core.js';
import { SnapshotError } from './error.js';
import { decode } from './value/decode.js';

/** What it exports, see src/bindings/abi.rs and abi_folds.rs. Lengths and addresses are numbers of 32 bits. */
export interface PlainModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  snapfold_alloc(length: number): number;
  snapfold_free(address: number): void;
  snapfold_diagnose(address: number, length: number, maxChars: number): bigint;
  snapfold_from_json(address: number, length: number): bigint;
  snapfold_to_json(address: number, length: number): bigint;
  snapfold_canonicalize(address: number, length: number): bigint;
  snapfold_fold_compile(address: number, length: number): bigint;
  snapfold_fold_drop(fold: number): void;
  snapfold_fold_start(fold: number, address: number, length: number): bigint;
  snapfold_fold_push(session: number, address: number, length: number, format: number): bigint;
  snapfold_fold_unsettled(session: number): number;
  snapfold_fold_finish(session: number): bigint;
  snapfold_fold_abandon(session: number): void;
}

/** The part of the global that is used here; the compiler is told of no browser. */
interface Wasm {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

export const plainModule = instantiate();

function instantiate(): PlainModule {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Wasm };
  const module = new WebAssembly.Module(readFileSync(new URL('../wasm/snapfold-core.wasm', import.meta.url)));
  return new WebAssembly.Instance(module, {}).exports as PlainModule;
}

/** Memory of the module, lent; its view holds until the module is called. */
export class Lent {
  readonly address: number;
  readonly length: number;

  constructor(length: number) {
    this.address = plainModule.snapfold_alloc(length);
    this.length = length;
    if (this.address === 0) throw new SnapshotError('tooLarge', `no memory for ${length} bytes in WebAssembly; take a smaller part`);
  }

  get bytes(): Uint8Array {
    return new Uint8Array(plainModule.memory.buffer, this.address >>> 0, this.length);
  }

  free(): void {
    plainModule.snapfold_free(this.address);
  }
}

/** Lends `bytes` to an operation of the module and reads its answer. */
export function askPlain<T>(bytes: Uint8Array, operation: (address: number, length: number) => bigint): T {
  const lent = new Lent(bytes.length);
  try {
    lent.bytes.set(bytes);
    return readAnswer(operation(lent.address, lent.length));
  } finally {
    lent.free();
  }
}

/** An answer of the module; an error is thrown. */
export function readAnswer<T>(packed: bigint): T {
  const { error, result } = tell<T>(packed);
  if (error !== undefined) throw fromCore(error);
  return result as T;
}

/** An answer of the module: a status, and a value or an error behind it. */
export function tell<T>(packed: bigint): { readonly result?: T; readonly error?: CoreError } {
  const answer = BigInt.asUintN(64, packed);
  const said = new Uint8Array(plainModule.memory.buffer, Number(answer >> 32n), Number(answer & 0xffff_ffffn));
  const failed = said[0] !== 0;
  const result = decode(said.subarray(1));
  plainModule.snapfold_free(said.byteOffset);
  return failed ? { error: result as CoreError } : { result: result as T };
}
