/** Bytes that are nearly a value: well-formed for the most part, with the mistakes a writer, or an enemy, can make. */
import fc from 'fast-check';

/** A head of CBOR. With `info` 24 to 27 its argument has that many bytes even if fewer would do. */
function head(major: number, argument: bigint | number, info?: number): Buffer {
  const number = BigInt(argument);
  const least = number < 24n ? Number(number) : number < 0x100n ? 24 : number < 0x10000n ? 25 : number < 0x100000000n ? 26 : 27;
  const width = info !== undefined && info > least ? info : least;
  const first = Buffer.of((major << 5) | width);
  if (width < 24) return first;
  const rest = Buffer.alloc(8);
  rest.writeBigUInt64BE(number);
  return Buffer.concat([first, rest.subarray(8 - 2 ** (width - 24))]);
}

const { concat } = Buffer;
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
/** `right` most of the time. */
const rarely = <T>(right: fc.Arbitrary<T>, ...wrong: fc.Arbitrary<T>[]): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: right, weight: 12 * wrong.length }, ...wrong);

const info = rarely(fc.constant<number | undefined>(undefined), fc.integer({ min: 24, max: 27 }).map((wide): number | undefined => wide));
const content = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const string = (major: number, inner: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.tuple(inner, info, rarely(fc.constant(0), fc.integer({ min: -2, max: 2 }))).map(([bytes, wide, off]) =>
    concat([head(major, Math.max(0, bytes.length + off), wide), bytes]),
  );

const EDGES = [0n, 1n, 23n, 24n, 255n, 256n, 65_535n, 65_536n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 2n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n];
const integer = fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(...EDGES), info).map(([major, argument, wide]) => head(major, argument, wide));
const float = fc.tuple(fc.constantFrom(2, 4, 8), fc.oneof(fc.double(), fc.float(), fc.integer(), fc.constantFrom(-0, NaN)), fc.nat(0xffffffff)).map(
  ([size, number, bits]) => {
    const bytes = Buffer.alloc(9);
    bytes[0] = { 2: 0xf9, 4: 0xfa, 8: 0xfb }[size]!;
    if (size === 2) bytes.writeUInt16BE(bits & 0xffff, 1);
    else if (size === 4) bytes.writeFloatBE(number, 1);
    else bytes.writeDoubleBE(number, 1);
    return bytes.subarray(0, 1 + size);
  },
);
const simple = rarely(fc.constantFrom('f4', 'f5', 'f6', 'f7').map(hex), fc.constantFrom('e0', 'f3', 'f8', 'f814', 'f8ff', 'fc', 'ff').map(hex));
const reserved = fc.tuple(fc.nat(7), fc.integer({ min: 28, max: 31 })).map(([major, low]) => Buffer.of((major << 5) | low));

const utf8 = rarely(fc.oneof(fc.string({ maxLength: 6 }), fc.string({ unit: 'binary', maxLength: 6 })).map((chars) => Buffer.from(chars)), content);
const text = string(3, utf8);
/** Surrogates as WTF-8 writes them, lone and in pairs, between other bytes. */
const wtf8 = fc.array(fc.oneof(fc.constantFrom('eda080', 'edb080', 'edbfbf', '61', 'c3bc', 'f09f9880', 'ed').map(hex), content), { maxLength: 4 }).map((parts) => concat(parts));
const bignum = fc.oneof(content, fc.constantFrom('', '00', '01', '0001', '1fffffffffffff', '1ffffffffffffe', '20000000000000', 'ffffffffffffffff', '010000000000000000').map(hex));

const TYPED = Array.from({ length: 26 }, (_, index) => 63 + index);
const tag = (number: number | bigint, inner: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.tuple(info, inner).map(([wide, bytes]) => concat([head(6, number, wide), bytes]));

const leaf = fc.oneof(
  integer,
  float,
  simple,
  text,
  string(2, content),
  tag(1, fc.oneof(integer, float)),
  fc.oneof(tag(2, string(2, bignum)), tag(3, string(2, bignum))),
  tag(273, string(2, wtf8)),
  fc.constantFrom(...TYPED).chain((number) => tag(number, string(2, fc.oneof(content, content.map((bytes) => concat(Array<Buffer>(8).fill(bytes))))))),
);

/** Keys of Maps and elements of Sets that are equal in ECMAScript, or are not although they look so. */
const KEYS = ['00', 'f98000', '01', 'c24101', '20', 'f97e00', 'f6', 'f7', '6161', 'd9011143eda080', '80', 'c100', '4100', '1b0020000000000000'].map(hex);
const mapKey = rarely(fc.constantFrom(...KEYS), leaf);
const name = rarely(fc.constantFrom('60', '6161', '6162', '6130', '623130', '695f5f70726f746f5f5f').map(hex), text, mapKey);

const counted = (major: number, parts: fc.Arbitrary<Buffer[]>, each = 1): fc.Arbitrary<Buffer> =>
  fc.tuple(parts, info, rarely(fc.constant(0), fc.integer({ min: -1, max: 1 }))).map(([bytes, wide, off]) =>
    concat([head(major, Math.max(0, bytes.length / each + off), wide), ...bytes]),
  );
const pairs = (first: fc.Arbitrary<Buffer>, second: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer[]> =>
  fc.array(fc.tuple(first, second), { maxLength: 6 }).map((found) => found.flat());

/** Around the deepest level, with tags between, which do not count. */
const deep = fc.tuple(fc.array(fc.constantFrom('81', 'a160', 'd9010281', 'd99080818280'), { minLength: 180, maxLength: 260 }), leaf).map(([opened, inner]) =>
  concat([...opened.map(hex), inner]),
);

const { nested } = fc.letrec<{ nested: Buffer }>((tie) => {
  const item = tie('nested');
  const list = fc.array(item, { maxLength: 5 });
  const elements = fc.array(mapKey, { maxLength: 6 });
  const entry = fc.oneof({ arbitrary: fc.tuple(mapKey, item), weight: 30 }, fc.tuple(mapKey)).map((parts) => concat([head(4, parts.length), ...parts]));
  const set = rarely(counted(4, fc.oneof(list, elements)), item);
  const map = rarely(counted(4, fc.array(rarely(entry, item), { maxLength: 6 })), item);
  return {
    nested: fc.oneof(
      { depthSize: 'small' },
      leaf,
      counted(4, list),
      counted(5, pairs(name, item), 2),
      tag(258, set),
      tag(36992, map),
      rarely(counted(4, list), tag(1, item), tag(2, item), tag(77, item), tag(273, item), tag(37, item), reserved),
    ),
  };
});

const malformed = fc.tuple(fc.oneof({ arbitrary: nested, weight: 60 }, deep), rarely(fc.constant(hex('')), content));

export const nearlyValue: fc.Arbitrary<Uint8Array> = malformed.map((parts) => new Uint8Array(concat(parts)));

type Change = (bytes: number[], at: number, other: Uint8Array) => void;

const CHANGES: readonly Change[] = [
  (bytes, at) => bytes.splice(at),
  (bytes, at, other) => bytes.splice(at, Infinity, ...other.subarray(at % (other.length + 1))),
  (bytes, at) => bytes.splice(at, 1 + (at % 5)),
  (bytes, at) => bytes.splice(at, 0, ...bytes.slice(at, at + 1 + (at % 9))),
  (bytes, at) => (bytes[at]! += bytes[at]! < 255 ? 1 : -255),
  (bytes, at) => (bytes[at]! -= bytes[at]! > 0 ? 1 : -255),
  ...Array.from({ length: 8 }, (_, bit): Change => (bytes, at) => (bytes[at]! ^= 1 << bit)),
];

/** One of these samples with one to three changes. */
export function changed(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const some = fc.constantFrom(...samples);
  const steps = fc.array(fc.tuple(fc.constantFrom(...CHANGES), fc.nat()), { minLength: 1, maxLength: 3 });
  return fc.tuple(some, some, steps).map(([sample, other, steps]) => {
    const bytes = [...sample];
    for (const [change, at] of steps) if (bytes.length > 0) change(bytes, at % bytes.length, other);
    return Uint8Array.from(bytes);
  });
}
