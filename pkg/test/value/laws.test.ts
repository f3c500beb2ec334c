/** What holds for every value and for all bytes. */
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SnapshotError } from '../../dist/error.js';
import { decode } from '../../dist/value/decode.js';
import { firstDifference } from '../../dist/value/difference.js';
import { encode } from '../../dist/value/encode.js';
import { identityForm } from '../../dist/value/identity.js';
import { hex, restored } from './bytes.js';

const anyString = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) });
const key = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', '0', '10', '', 'toString'));
const leaf = fc.oneof(
  fc.constantFrom(null, undefined, true, false, -0, NaN, 2 ** 53, -(2 ** 53)),
  fc.double(),
  fc.float(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
  fc.string(),
  anyString,
  fc.string({ minLength: 50, maxLength: 400, unit: 'binary' }),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
);

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 6 }).map(objectOf),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
  ),
}));

function objectOf(entries: [string, unknown][]): object {
  const object = {};
  for (const [name, content] of entries) {
    Object.defineProperty(object, name, { value: content, writable: true, enumerable: true, configurable: true });
  }
  return object;
}

test('decode(encode(v)) is v, in type, content and order', () => {
  fc.assert(
    fc.property(value, (v) => {
      assert.equal(firstDifference(restored(v), v), undefined);
    }),
    { numRuns: 1000 },
  );
});

test('encode(decode(b)) is b, for all bytes that an encoder wrote', () => {
  fc.assert(
    fc.property(value, (v) => {
      const written = encode(v);
      assert.equal(hex(encode(decode(written))), hex(written));
    }),
    { numRuns: 1000 },
  );
});

test('JSON data come back as they were', () => {
  fc.assert(fc.property(fc.jsonValue(), (v) => assert.deepEqual(restored(v), v)));
});

/** What decoding may throw; Float16Array is there on newer runtimes only. */
function isRefusal(error: unknown): boolean {
  return SnapshotError.is(error) && (error.code === 'malformed' || (error.code === 'tooNew' && !('Float16Array' in globalThis)));
}

test('random bytes are refused as malformed, or are a value', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (input) => {
      try {
        encode(decode(input));
      } catch (error) {
        assert.ok(isRefusal(error), String(error));
      }
    }),
    { numRuns: 20_000 },
  );
});

test('bytes with one byte changed are refused as malformed, or are a value', () => {
  fc.assert(
    fc.property(value, fc.nat(), fc.nat(255), (v, at, byte) => {
      const changed = encode(v);
      changed[at % changed.length] = byte;
      try {
        encode(decode(changed));
      } catch (error) {
        assert.ok(isRefusal(error), String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test('dates of the whole range are exact', () => {
  fc.assert(
    fc.property(fc.integer({ min: -8.64e15, max: 8.64e15 }), (time) => {
      assert.equal(restored(new Date(time)).getTime(), time);
    }),
    { numRuns: 5000 },
  );
});

test('the identity of an event survives JSON', () => {
  fc.assert(
    fc.property(value, (event) => {
      fc.pre(isJson(event));
      const text = JSON.stringify(event) as string | undefined;
      const stored: unknown = text === undefined ? null : JSON.parse(text);
      assert.equal(hex(identityForm(stored)), hex(identityForm(event)));
    }),
    { numRuns: 1000 },
  );
});

/** Whether JSON has a word for everything in it; dates and undefined properties are what it changes. */
function isJson(event: unknown): boolean {
  if (typeof event === 'bigint') return false;
  if (typeof event === 'object' && event !== null && !(event instanceof Date)) {
    if (Array.isArray(event)) return event.every(isJson);
    return Object.getPrototypeOf(event) === Object.prototype && Object.values(event).every(isJson);
  }
  return true;
}
