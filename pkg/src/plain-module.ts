/** The plain WebAssembly module, for the entries that need more than the core: loaded when it is needed first, and once. */
import { source } from '#plain-module';
import { fromCore, type CoreError } from './core.js';
import { SnapshotError } from './error.js';
import { decode } from './value/decode.js';
import { WasmModule } from './wasm-module.js';

/** What it exports, see src/bindings/abi/. Lengths and addresses are numbers of 32 bits. */
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
  snapfold_fold_start(fold: number): bigint;
  snapfold_fold_resume(fold: number, address: number, length: number, state: number, own: number): bigint;
  snapfold_fold_push(session: number, address: number, length: number, format: number): bigint;
  snapfold_fold_finish(session: number): bigint;
  snapfold_fold_all(fold: number, address: number, length: number, format: number): bigint;
  snapfold_fold_abandon(session: number): void;
  snapfold_key(address: number, length: number): bigint;
  snapfold_position_of(address: number, length: number): bigint;
  snapfold_next_load(address: number, length: number): bigint;
  snapfold_plan_save(address: number, length: number): bigint;
  snapfold_plan_prune(address: number, length: number): bigint;
  snapfold_plan_upkeep(address: number, length: number): bigint;
  snapfold_lz4_begin(bytes: bigint): number;
  snapfold_lz4_block(address: number, length: number): bigint;
}

/** The part of the global that is used here; the compiler is told of no browser. */
interface Wasm {
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

const wasm = new WasmModule<PlainModule>((module) => {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Wasm };
  wholeMemory = new Uint8Array();
  spare = undefined;
  return new WebAssembly.Instance(module, {}).exports as PlainModule;
});
wasm.provide(source);

type Operation = Exclude<keyof PlainModule, 'memory'>;

type Operations = Pick<PlainModule, Operation>;

/** Its operations, each of which throws `trapped` where the module stops. */
export const plainModule = new Proxy({} as Operations, {
  get(made: Partial<Record<Operation, unknown>>, name: Operation) {
    return (made[name] ??= (...args: never[]) => wasm.run((instance) => (instance[name] as (...args: never[]) => unknown)(...args)));
  },
}) as Operations;

/** Which instance of the module: what lay in a former one is gone. */
export function generation(): number {
  return wasm.generation;
}

let wholeMemory = new Uint8Array();

/** All of the module's memory; the view holds until the module is called. Asking the module for its buffer costs more than a small copy. */
export function memory(): Uint8Array {
  if (wholeMemory.length === 0) wholeMemory = new Uint8Array(wasm.instance.memory.buffer); // memory that has grown leaves nothing in old views
  return wholeMemory;
}

/** Memory of the module, lent; its view holds until the module is called. */
export class Lent {
  readonly address: number;
  readonly length: number;
  readonly #generation: number;

  constructor(length: number) {
    this.address = plainModule.snapfold_alloc(length) >>> 0;
    this.length = length;
    this.#generation = generation();
    if (this.address === 0) throw new SnapshotError('tooLarge', `no memory for ${length} bytes in WebAssembly; take a smaller part`);
  }

  get bytes(): Uint8Array {
    return memory().subarray(this.address, this.address + this.length);
  }

  /** Whether it is gone with the instance that it lay in. */
  get isGone(): boolean {
    return this.#generation !== generation();
  }
}

/** Enough for most calls. One buffer of this length stays lent, because small calls are many. */
export const SMALL = 1 << 16;

let spare: Lent | undefined;

/** Memory for at least `length` bytes, for whoever gives it back. */
export function borrow(length: number): Lent {
  if (length > SMALL) return new Lent(length);
  const lent = spare ?? new Lent(SMALL);
  spare = undefined;
  return lent;
}

export function giveBack(lent: Lent): void {
  if (lent.isGone) return;
  if (spare === undefined && lent.length === SMALL) spare = lent;
  else plainModule.snapfold_free(lent.address);
}

/** Lends `bytes` to an operation of the module and reads its answer. */
export function askPlain<T>(bytes: Uint8Array, operation: (address: number, length: number) => bigint): T {
  const lent = borrow(bytes.length);
  try {
    lent.bytes.set(bytes);
    const answer = operation(lent.address, bytes.length);
    throwError(answer);
    return takeAnswer(answer, (memory, start, end) => decode(memory.subarray(start, end))) as T;
  } finally {
    giveBack(lent);
  }
}

/** The error that an answer is, if it is one. */
export function errorOf(answer: bigint): CoreError | undefined {
  const address = addressOf(answer);
  if (address === 0 || memory()[address] === 0) return undefined;
  return takeAnswer(answer, (memory, start, end) => decode(memory.subarray(start, end))) as CoreError;
}

/** Throws the error that an answer is, if it is one. */
export function throwError(answer: bigint): void {
  const error = errorOf(answer);
  if (error !== undefined) throw fromCore(error);
}

/** Reads what lies behind the status byte of an answer, and gives it back. */
export function takeAnswer<T>(answer: bigint, read: (memory: Uint8Array, start: number, end: number) => T): T {
  const address = addressOf(answer);
  try {
    return read(memory(), address + 1, address + numberOf(answer));
  } finally {
    plainModule.snapfold_free(address);
  }
}

/** The number that an answer is, which then has no address; or else its length. */
export function numberOf(answer: bigint): number {
  return Number(BigInt.asUintN(32, answer));
}

function addressOf(answer: bigint): number {
  return Number(BigInt.asUintN(32, answer >> 32n));
}
