/** The encoder of development: looks at everything that could not be restored, and says where it is. */
import { isMissing, isPlainArray, kindOf, primitiveRefusal, propertyRefusal, refuseDraft } from './kind.js';
import { putOther, timeOf, type Put } from './others.js';
import { element, member, Refusal } from './refusal.js';
import { MAJOR, SIMPLE } from './tags.js';
import { putBigint, putKey, putNumber, putOpen, putSimple, putText } from './writer.js';

/**
 * What the bytes are for: a `state` is written as it is; an `identity` is written in a form that survives a log kept as JSON
 * (see identity.ts).
 */
export type Purpose = 'state' | 'identity';

/** Writes `value`. Throws a {@link Refusal} with the steps to what cannot be written. */
export function putCarefully(purpose: Purpose, value: unknown): void {
  if (purpose === 'state') put(value, 0);
  else putIdentity(value, 0);
}

/** Refuses an object whose properties are not all plain data. */
export function checkPlain(value: object): void {
  for (const name of namesOf(value)) dataProperty(value, name);
}

/** Writes one value that lies in `depth` arrays and maps. */
function put(value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      return putText(value);
    case 'number':
      return putNumber(value);
    case 'boolean':
      return putSimple(value ? SIMPLE.true : SIMPLE.false);
    case 'object':
      return value === null ? putSimple(SIMPLE.null) : putObject(value, depth);
    case 'undefined':
      return putSimple(SIMPLE.undefined);
    case 'bigint':
      return putBigint(value);
    default:
      throw primitiveRefusal(value);
  }
}

function putObject(value: object, depth: number): void {
  const prototype = Object.getPrototypeOf(value) as object | null;
  refuseDraft(value);
  if (Array.isArray(value) && isPlainArray(prototype)) return putArray(value, depth, put);
  const kind = kindOf(value, prototype);
  if (kind !== 'plain') return putOther(value, kind, depth, put);
  putMembers(value, namesOf(value), depth, put);
}

/** The identity form: keys sorted, undefined and what JSON has no number for as null, dates and bigints as text. */
function putIdentity(value: unknown, depth: number): void {
  if (typeof value === 'number') return Number.isFinite(value) ? putNumber(value + 0) : putSimple(SIMPLE.null);
  if (typeof value === 'bigint') return putText(value.toString());
  if (value === undefined) return putSimple(SIMPLE.null);
  if (typeof value !== 'object' || value === null) return put(value, depth);
  const prototype = Object.getPrototypeOf(value) as object | null;
  refuseDraft(value);
  if (Array.isArray(value) && isPlainArray(prototype)) return putArray(value, depth, putIdentity);
  const kind = prototype === null ? 'plain' : kindOf(value, prototype);
  if (kind === 'date') return putDateText(value as Date);
  if (kind !== 'plain') return putOther(value, kind, depth, putIdentity);
  putMembers(value, namesOf(value).filter((name) => isDefined(value, name)).sort(), depth, putIdentity);
}

function putDateText(date: Date): void {
  const time = timeOf(date);
  if (Number.isNaN(time)) putSimple(SIMPLE.null);
  else putText(new Date(time).toISOString());
}

function putMembers(value: object, names: readonly string[], depth: number, put: Put): void {
  putOpen(MAJOR.map, names.length, depth);
  let at = '';
  try {
    for (const name of names) {
      at = name;
      if (!putKey(name)) throw new Refusal('cannot encode a key with a lone surrogate; use well-formed text');
      put(dataProperty(value, name), depth + 1);
    }
  } catch (error) {
    throw Refusal.from(error).within(member(at));
  }
}

function putArray(value: readonly unknown[], depth: number, put: Put): void {
  const { length } = value;
  if (Object.keys(value).length !== length || Object.getOwnPropertySymbols(value).length !== 0) throw arrayRefusal(value);
  putOpen(MAJOR.array, length, depth);
  let index = 0;
  try {
    for (; index < length; index++) {
      const item = value[index];
      if (isMissing(item, value, index)) throw new Refusal(HOLE);
      put(item, depth + 1);
    }
  } catch (error) {
    throw Refusal.from(error).within(element(index));
  }
}

function namesOf(value: object): string[] {
  const names = Object.keys(value);
  if (Object.getOwnPropertyNames(value).length !== names.length || Object.getOwnPropertySymbols(value).length !== 0) {
    throw propertyRefusal(value);
  }
  return names;
}

/** Read through its descriptor: an accessor is found out without being called. */
function dataProperty(value: object, name: string): unknown {
  const property = Object.getOwnPropertyDescriptor(value, name);
  if (property === undefined || !Object.hasOwn(property, 'value')) {
    throw new Refusal('cannot encode an accessor; store the value, or compute it outside of the state');
  }
  return property.value;
}

function isDefined(value: object, name: string): boolean {
  const property = Object.getOwnPropertyDescriptor(value, name);
  return property === undefined || !Object.hasOwn(property, 'value') || property.value !== undefined;
}

const HOLE = 'cannot encode a hole in an array; write null or undefined';

/** An array whose keys are not exactly its indexes: says which one is missing or too many. */
function arrayRefusal(value: readonly unknown[]): Refusal {
  const keys = Object.keys(value);
  const odd = keys.findIndex((key, index) => key !== String(index));
  const index = odd < 0 ? keys.length : odd;
  if (index < value.length) return new Refusal(HOLE).within(element(index));
  const extra = keys[index];
  if (extra === undefined) return propertyRefusal(value);
  return new Refusal('cannot encode a named property of an array; use a plain object').within(member(extra));
}
