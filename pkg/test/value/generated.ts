/** Values of every kind that can be encoded, with the edges of each kind more often than chance would have them. */
import fc from 'fast-check';

const surrogate = fc.integer({ min: 0xd800, max: 0xdfff });
const utf16 = fc.array(fc.oneof(fc.nat(0xffff), surrogate, fc.constant(0x61)), { maxLength: 10 });

export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  utf16.map((units) => String.fromCharCode(...units)),
  fc.tuple(fc.string({ minLength: 1, unit: 'binary' }), fc.integer({ min: 2, max: 200 })).map(([part, times]) => part.repeat(times)),
);

const ODD_KEYS = ['__proto__', 'constructor', 'toString', 'length', '', '0', '7', '10', '007', '-1', '4294967294', '4294967295', '\ufeff', 'ü', '😀', '\0', 'a b'];

const key: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...ODD_KEYS),
  fc.nat(999).map((number) => `k${number}`),
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** Around powers of two lie the borders of heads, of exact doubles, and of BigInts with a short form. */
const nearPower = (bits: number): fc.Arbitrary<bigint> =>
  fc.tuple(fc.nat(bits), fc.integer({ min: -3, max: 3 }), fc.boolean()).map(([power, near, negative]) => {
    const number = 2n ** BigInt(power) + BigInt(near);
    return negative ? -number : number;
  });

const number: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(-0, NaN, Infinity, -Infinity, 65_504, 65_520, 2 ** -24, 2 ** -25, 2 ** -14, 2 ** -149, 5e-324, Number.MAX_VALUE),
  fc.double(),
  fc.float(),
  fc.integer(),
  fc.maxSafeInteger(),
  nearPower(70).map(Number),
  fc.tuple(fc.integer({ min: -70_000, max: 70_000 }), fc.nat(30)).map(([whole, power]) => whole / 2 ** power),
);

const bigint: fc.Arbitrary<bigint> = fc.oneof(nearPower(140), fc.bigInt(), fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }));

const LAST_DATE = 8.64e15;
/** From 2^42 seconds on, seconds as doubles are rounded to more than half a millisecond. */
const date: fc.Arbitrary<Date> = fc.oneof(
  fc.date({ noInvalidDate: false }),
  fc.integer({ min: -LAST_DATE, max: LAST_DATE }).map((time) => new Date(time)),
  fc.integer({ min: 2 ** 52, max: LAST_DATE }).map((time) => new Date(time)),
  fc.integer({ min: -10_000, max: 10_000 }).map((time) => new Date(time)),
);

type TypedArray = new (buffer: ArrayBuffer) => ArrayBufferView;

/** Those of this runtime: Float16Array is young. */
export const TYPED_ARRAYS = ['Uint8', 'Uint8Clamped', 'Uint16', 'Uint32', 'BigUint64', 'Int8', 'Int16', 'Int32', 'BigInt64', 'Float16', 'Float32', 'Float64']
  .map((name) => (globalThis as unknown as Record<string, TypedArray | undefined>)[`${name}Array`])
  .filter((constructor) => constructor !== undefined);

/** Any bytes are elements: floats with whatever NaN. */
const typedArray: fc.Arbitrary<ArrayBufferView | ArrayBuffer> = fc.oneof(
  fc.tuple(fc.constantFrom(...TYPED_ARRAYS), fc.uint8Array({ maxLength: 8 })).map(([type, bytes]) => {
    const size = (type as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
    const repeated = new Uint8Array(bytes.length * size).map((_, index) => bytes[index % bytes.length]! ^ (index * 37));
    return new type(repeated.buffer);
  }),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
  fc.uint8Array().map((bytes) => new Uint8Array(bytes).buffer),
);

export const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, undefined, true, false),
  { arbitrary: number, weight: 3 },
  bigint,
  { arbitrary: text, weight: 3 },
  date,
  typedArray,
);

const entries = <T>(content: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<object> =>
  fc.array(fc.tuple(key, content), { maxLength }).map(objectOf);

export const { nested } = fc.letrec<{ nested: unknown }>((tie) => ({
  nested: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('nested'), { maxLength: 6 }),
    entries(tie('nested'), 6),
    fc.array(fc.tuple(tie('nested'), tie('nested')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    fc.array(tie('nested'), { maxLength: 4 }).map((items) => new Set(items)),
  ),
}));

/** As deep as the format allows, or nearly so. */
const deep: fc.Arbitrary<unknown> = fc.tuple(leaf, fc.array(fc.nat(3), { minLength: 120, maxLength: 127 })).map(([inner, kinds]) =>
  kinds.reduce<unknown>((value, kind) => [[[value]], [{ k: value }], new Map([[null, value]]), [new Set([value])]][kind], inner),
);

const field: fc.Arbitrary<unknown> = fc.oneof({ arbitrary: number, weight: 9 }, { arbitrary: fc.string(), weight: 10 }, nested);

/** Many objects with the same keys, or nearly so: what codecs have caches for. */
const records: fc.Arbitrary<unknown> = fc.array(key, { minLength: 1, maxLength: 20 }).chain((keys) => {
  const row = fc.tuple(fc.array(field, { minLength: keys.length, maxLength: keys.length }), fc.nat(8 * keys.length));
  return fc.array(row, { maxLength: 60, size: 'max' }).map((rows) =>
    rows.map(([fields, without]) => objectOf(keys.map((name, index) => [name, fields[index]] as const).filter((_, index) => index !== without))),
  );
});

/** Mostly small; now and then deep, wide, or a list of records. */
export const value: fc.Arbitrary<unknown> = fc.oneof(
  { arbitrary: nested, weight: 80 },
  deep,
  records,
  entries(leaf, 200),
);

/** An object with these keys as its own, whatever its prototype has under them. */
function objectOf(members: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [name, content] of members) {
    Object.defineProperty(object, name, { value: content, writable: true, enumerable: true, configurable: true });
  }
  return object;
}
