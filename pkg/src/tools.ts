/**
 * For looking at bytes, for JSON that goes to state bytes and back without becoming JavaScript values, and for comparing states of
 * different languages: in scripts, tests and servers.
 * It is an entry of its own, with a WebAssembly module of its own, so that applications do not pay for it.
 */
import { readFileSync } from 'node:fs';
import { fromCore, type CoreError } from './core.js';
import { SnapshotError } from './error.js';
import { decode } from './value/decode.js';

/**
 * Any bytes in diagnostic notation (RFC 8949 §8): a frame with its verdict, header and payload, whole or damaged, or else CBOR items. Of
 * signed frames nothing is verified: `open` does that, with the keys. At most `maxChars` characters for each part (default 4,096), then a
 * note says where they are malformed or how many bytes are left.
 */
export function diagnose(bytes: Uint8Array, { maxChars = 4096 }: { readonly maxChars?: number } = {}): string {
  if (!Number.isInteger(maxChars) || maxChars < 0 || maxChars > MAX_LENGTH) {
    throw new SnapshotError('invalidOption', 'a number of characters is an integer from 0 to 2^31 − 1', { path: 'maxChars' });
  }
  return ask<string>(bytesOf(bytes), (at, length) => core.snapfold_diagnose(at, length, maxChars));
}

/**
 * The bytes of what a JSON text says, which `decode` and `open` take: integers beyond ±(2^53 − 1) are bigints with every digit, and
 * `1.0` is 1. Strict JSON (RFC 8259), as text or as UTF-8. Linear in the text, plus sorting the keys of each object.
 *
 * @throws SnapshotError `malformed` with the offset in UTF-8 of what is wrong: a key that is there twice, `1e400`, a text that ends too early …
 */
export function fromJson(json: string | Uint8Array): Uint8Array {
  const utf8 = typeof json === 'string' ? textBytes(json) : bytesOf(json);
  return ask<Uint8Array>(utf8, (at, length) => core.snapfold_from_json(at, length));
}

/**
 * The bytes of a value as compact JSON, so that {@link fromJson} gives the same bytes back. Bigints are integers; a number beyond
 * ±(2^53 − 1) has a `.0` where nothing else would tell it from one.
 *
 * @throws SnapshotError `malformed` if the bytes are no value; `unencodable` with the path of what JSON has no word for: undefined, NaN,
 * a Date, a Map, a Set, bytes, a bigint within ±(2^53 − 1).
 */
export function toJson(bytes: Uint8Array): string {
  return ask<string>(bytesOf(bytes), (at, length) => core.snapfold_to_json(at, length));
}

/**
 * The bytes of the same value with the keys of every plain object in the order of RFC 8949 §4.2.1: for comparing states that were made by
 * different languages. A Map and a Set stay as they are. O(n log n).
 *
 * @throws SnapshotError `malformed` if the bytes are no value.
 */
export function canonicalize(bytes: Uint8Array): Uint8Array {
  return ask<Uint8Array>(bytesOf(bytes), (at, length) => core.snapfold_canonicalize(at, length));
}

/** The part of the plain module that is used here. */
interface Core {
  readonly memory: { readonly buffer: ArrayBuffer };
  snapfold_alloc(length: number): number;
  snapfold_free(address: number): void;
  snapfold_diagnose(address: number, length: number, maxChars: number): bigint;
  snapfold_from_json(address: number, length: number): bigint;
  snapfold_to_json(address: number, length: number): bigint;
  snapfold_canonicalize(address: number, length: number): bigint;
}

/** The part of the global that is used here; the compiler is told of no browser. */
interface Wasm {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

const MAX_LENGTH = 2 ** 31 - 1;

const core = instantiate();

function instantiate(): Core {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Wasm };
  const module = new WebAssembly.Module(readFileSync(new URL('../wasm/snapfold-core.wasm', import.meta.url)));
  return new WebAssembly.Instance(module, {}).exports as Core;
}

/** Lends `bytes` to an operation of the module and reads its answer: a status, and a value. */
function ask<T>(bytes: Uint8Array, operation: (address: number, length: number) => bigint): T {
  const given = core.snapfold_alloc(bytes.length);
  if (given === 0) throw new SnapshotError('tooLarge', `no memory for ${bytes.length} bytes in WebAssembly; take a smaller part`);
  new Uint8Array(core.memory.buffer, given >>> 0, bytes.length).set(bytes);
  const answer = BigInt.asUintN(64, operation(given, bytes.length));
  core.snapfold_free(given);
  const said = new Uint8Array(core.memory.buffer, Number(answer >> 32n), Number(answer & 0xffff_ffffn));
  const failed = said[0] !== 0;
  const result = decode(said.subarray(1));
  core.snapfold_free(said.byteOffset);
  if (failed) throw fromCore(result as CoreError);
  return result as T;
}

function textBytes(json: string): Uint8Array {
  if (json.isWellFormed()) return new TextEncoder().encode(json);
  const offset = new TextEncoder().encode(json.slice(0, json.search(/\p{Surrogate}/u))).length;
  throw new SnapshotError('malformed', 'a lone surrogate has no UTF-8; write it as an escape (\\ud800)', { offset });
}

function bytesOf(bytes: unknown): Uint8Array {
  if (ArrayBuffer.isView(bytes) && Object.prototype.toString.call(bytes) === '[object Uint8Array]') return bytes as Uint8Array;
  throw new SnapshotError('invalidOption', 'bytes are a Uint8Array');
}
