/** Byte arrays, of whatever realm. */
import { typedArrayName } from './kind.js';

/** A Uint8Array of any realm, Node's Buffer included. */
export function isBytes(value: unknown): value is Uint8Array {
  return typedArrayName(value as object) === 'Uint8Array';
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
