/** Where two values differ: for messages about a state that was changed, or that is not what it was before it was stored. */
import { element, mapValue, member } from './refusal.js';
import { MAX_DEPTH } from './tags.js';

/**
 * The path of the first difference between two values, starting with `root`; undefined if there is none. Faithful to what a
 * stored value keeps: types, the order of keys and elements, −0, NaN. Looks {@link MAX_DEPTH} levels deep.
 */
export function firstDifference(a: unknown, b: unknown, root = 'state'): string | undefined {
  const rest = differ(a, b, 0);
  return rest === undefined ? undefined : root + rest;
}

/** The steps to the first difference; empty if it is here, undefined if there is none. */
function differ(a: unknown, b: unknown, depth: number): string | undefined {
  if (Object.is(a, b)) return undefined;
  if (!isObject(a) || !isObject(b) || Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return '';
  if (depth > MAX_DEPTH) return undefined;
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime()) ? undefined : '';
  if (isBinary(a) && isBinary(b)) return differInBytes(bytesOf(a), bytesOf(b), bytesPerElement(a));
  if (a instanceof Map && b instanceof Map) return differInEntries([...a], [...b], depth);
  if (a instanceof Set && b instanceof Set) return differInElements([...a], [...b], depth, (index) => `.values()[${index}]`);
  if (Array.isArray(a) && Array.isArray(b)) return differInElements(a, b, depth, element) ?? differInNames(a, b);
  return differInProperties(a as Properties, b as Properties, depth);
}

type Properties = Readonly<Record<string, unknown>>;
type Binary = ArrayBuffer | ArrayBufferView;

function differInElements(
  a: readonly unknown[],
  b: readonly unknown[],
  depth: number,
  step: (index: number) => string,
): string | undefined {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const rest = Object.hasOwn(a, i) === Object.hasOwn(b, i) ? differ(a[i], b[i], depth + 1) : '';
    if (rest !== undefined) return step(i) + rest;
  }
  return a.length === b.length ? undefined : step(Math.min(a.length, b.length));
}

function differInEntries(a: readonly [unknown, unknown][], b: readonly [unknown, unknown][], depth: number): string | undefined {
  for (const [index, [key, value]] of a.entries()) {
    const other = b[index];
    if (other === undefined) return mapValue(key, index);
    if (differ(key, other[0], depth + 2) !== undefined) return `.keys()[${index}]`;
    const rest = differ(value, other[1], depth + 2);
    if (rest !== undefined) return mapValue(key, index) + rest;
  }
  const added = b[a.length];
  return added === undefined ? undefined : mapValue(added[0], a.length);
}

/** Names of an array beyond its indexes: a stored array has none. */
function differInNames(a: readonly unknown[], b: readonly unknown[]): string | undefined {
  const names = [Object.keys(a), Object.keys(b)].map((keys) => keys.filter((key) => !(Number(key) < a.length)));
  const [name] = names[0]?.length ? names[0] : (names[1] ?? []);
  return name === undefined || names[0]?.join() === names[1]?.join() ? undefined : member(name);
}

function differInProperties(a: Properties, b: Properties, depth: number): string | undefined {
  const keysOfB = Object.keys(b);
  for (const [index, key] of Object.keys(a).entries()) {
    const other = keysOfB[index];
    // One key was added, removed or moved: name the one that only one side has, if there is one.
    if (other !== key) return member(other === undefined || !Object.hasOwn(b, key) ? key : other);
    const rest = differ(a[key], b[key], depth + 1);
    if (rest !== undefined) return member(key) + rest;
  }
  const added = keysOfB[Object.keys(a).length];
  return added === undefined ? undefined : member(added);
}

function differInBytes(a: Uint8Array, b: Uint8Array, size: number): string | undefined {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return element(Math.floor(i / size));
  return a.length === b.length ? undefined : element(Math.min(a.length, b.length) / size);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isBinary(value: object): value is Binary {
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value);
}

function bytesOf(value: Binary): Uint8Array {
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
}

function bytesPerElement(value: Binary): number {
  return (value as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
}
