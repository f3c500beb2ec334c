/**
 * For looking at bytes, for JSON that goes to state bytes and back without becoming JavaScript values, and for comparing states of
 * different languages: in scripts, tests and servers.
 * It is an entry of its own, with a WebAssembly module of its own, so that applications do not pay for it.
 */
import { SnapshotError } from './error.js';
import { loneSurrogate } from './pieces.js';
import { askPlain, plainModule } from './plain-module.js';

/**
 * Any bytes in diagnostic notation (RFC 8949 §8): a frame with its verdict, header and payload, whole or damaged, or else CBOR items. Of
 * signed frames nothing is verified: `open` does that, with the keys. At most `maxChars` characters for each part (default 4,096), then a
 * note says where they are malformed or how many bytes are left.
 */
export function diagnose(bytes: Uint8Array, { maxChars = 4096 }: { readonly maxChars?: number } = {}): string {
  if (!Number.isInteger(maxChars) || maxChars < 0 || maxChars > MAX_LENGTH) {
    throw new SnapshotError('invalidOption', 'a number of characters is an integer from 0 to 2^31 − 1', { path: 'maxChars' });
  }
  return askPlain<string>(bytesOf(bytes), (at, length) => plainModule.snapfold_diagnose(at, length, maxChars));
}

/**
 * The bytes of what a JSON text says, which `decode` and `open` take: integers beyond ±(2^53 − 1) are bigints with every digit, and
 * `1.0` is 1. Strict JSON (RFC 8259), as text or as UTF-8. Linear in the text, plus sorting the keys of each object.
 *
 * @throws SnapshotError `malformed` with the offset in UTF-8 of what is wrong: a key that is there twice, `1e400`, a text that ends too early …
 */
export function fromJson(json: string | Uint8Array): Uint8Array {
  const utf8 = typeof json === 'string' ? textBytes(json) : bytesOf(json);
  return askPlain<Uint8Array>(utf8, (at, length) => plainModule.snapfold_from_json(at, length));
}

/**
 * The bytes of a value as compact JSON, so that {@link fromJson} gives the same bytes back. Bigints are integers; a number beyond
 * ±(2^53 − 1) has a `.0` where nothing else would tell it from one.
 *
 * @throws SnapshotError `malformed` if the bytes are no value; `unencodable` with the path of what JSON has no word for: undefined, NaN,
 * a Date, a Map, a Set, bytes, a bigint within ±(2^53 − 1).
 */
export function toJson(bytes: Uint8Array): string {
  return askPlain<string>(bytesOf(bytes), (at, length) => plainModule.snapfold_to_json(at, length));
}

/**
 * The bytes of the same value with the keys of every plain object in the order of RFC 8949 §4.2.1: for comparing states that were made by
 * different languages. A Map and a Set stay as they are. O(n log n).
 *
 * @throws SnapshotError `malformed` if the bytes are no value.
 */
export function canonicalize(bytes: Uint8Array): Uint8Array {
  return askPlain<Uint8Array>(bytesOf(bytes), (at, length) => plainModule.snapfold_canonicalize(at, length));
}

const MAX_LENGTH = 2 ** 31 - 1;

function textBytes(json: string): Uint8Array {
  const wrong = loneSurrogate(json);
  if (wrong === undefined) return new TextEncoder().encode(json);
  const { code, message, place } = wrong.refusal;
  throw new SnapshotError(code, message, place);
}

function bytesOf(bytes: unknown): Uint8Array {
  if (ArrayBuffer.isView(bytes) && Object.prototype.toString.call(bytes) === '[object Uint8Array]') return bytes as Uint8Array;
  throw new SnapshotError('invalidOption', 'bytes are a Uint8Array');
}
