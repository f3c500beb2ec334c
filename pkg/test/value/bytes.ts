/** Bytes as tests write them. */
import { decode } from '../../dist/value/decode.js';
import { encode } from '../../dist/value/encode.js';

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function bytes(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

export function encoded(value: unknown): string {
  return hex(encode(value));
}

export function restored<T>(value: T): T {
  return decode(encode(value)) as T;
}

/** `inner` in that many arrays. */
export function nested(depth: number, inner: unknown): unknown {
  return depth === 0 ? inner : [nested(depth - 1, inner)];
}
