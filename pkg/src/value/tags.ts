/** The constants of docs/format.md, section 1. */

/** How deep arrays and maps may be nested; `[]` has depth 1. */
export const MAX_DEPTH = 256;

/** Major types, shifted into the place they have in an item's first byte. */
export const MAJOR = {
  unsigned: 0x00,
  negative: 0x20,
  bytes: 0x40,
  text: 0x60,
  array: 0x80,
  map: 0xa0,
  tag: 0xc0,
  simple: 0xe0,
} as const;

export const SIMPLE = { false: 0xf4, true: 0xf5, null: 0xf6, undefined: 0xf7 } as const;

export const FLOAT = { half: 0xf9, single: 0xfa, double: 0xfb } as const;

export const TAG = {
  date: 1,
  positiveBignum: 2,
  negativeBignum: 3,
  float16: 84,
  set: 258,
  wtf8: 273,
  map: 36992,
} as const;

/** Everything a typed array's constructor is needed for here. */
export interface TypedArrayConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): ArrayBufferView;
}

/** Tag and constructor of every typed array that this runtime has, by name. */
export const TYPED_ARRAYS: ReadonlyMap<string, { readonly tag: number; readonly constructor: TypedArrayConstructor }> =
  new Map(
    [
      ['Uint8ClampedArray', 68] as const,
      ['Uint16Array', 69] as const,
      ['Uint32Array', 70] as const,
      ['BigUint64Array', 71] as const,
      ['Int8Array', 72] as const,
      ['Int16Array', 77] as const,
      ['Int32Array', 78] as const,
      ['BigInt64Array', 79] as const,
      ['Float16Array', TAG.float16] as const,
      ['Float32Array', 85] as const,
      ['Float64Array', 86] as const,
    ].flatMap(([name, tag]) => {
      const constructor = (globalThis as unknown as Record<string, TypedArrayConstructor | undefined>)[name];
      return constructor === undefined ? [] : [[name, { tag, constructor }] as const];
    }),
  );

/** Elements in host order as the format's little-endian order, or back. The input is left as it is. */
export function littleEndian(bytes: Uint8Array, elementSize: number): Uint8Array {
  if (HOST_IS_LITTLE_ENDIAN) return bytes;
  const swapped = new Uint8Array(bytes);
  for (let at = 0; at < swapped.length; at += elementSize) swapped.subarray(at, at + elementSize).reverse();
  return swapped;
}

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
