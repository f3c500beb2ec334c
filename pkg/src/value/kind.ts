/** What an object is, whatever realm it comes from, and what to tell those that are nothing we can write. */
import { Refusal } from './refusal.js';

export type Kind = 'plain' | 'map' | 'set' | 'date' | 'arrayBuffer' | 'typedArray';

/** Kind of an object that is no array; throws a {@link Refusal} for a class instance. */
export function kindOf(value: object, prototype: object | null): Kind {
  if (prototype === null) throw new Refusal(NO_PROTOTYPE);
  const kind = HERE.get(prototype) ?? kindElsewhere(value, prototype);
  if (kind === undefined) throw instanceRefusal(value);
  return kind;
}

/** Whether what was read there is nothing: a hole in an array, or a property that was deleted meanwhile. */
export function isMissing(item: unknown, value: object, name: PropertyKey): boolean {
  return item === undefined && !Object.hasOwn(value, name);
}

/** True for an array of any realm, false for an instance of a class that extends Array. */
export function isPlainArray(prototype: object | null): boolean {
  return prototype === Array.prototype || (prototype !== null && Array.isArray(prototype) && Object.hasOwn(prototype, 'push'));
}

/** `Uint8Array` and so on, whatever the class or realm; undefined for anything but a typed array. */
export function typedArrayName(value: object): string | undefined {
  return typedArrayTag.call(value) as string | undefined;
}

/** Drafts and reactive proxies look like plain data, but change or expire under the reader's hand. */
export function refuseDraft(value: object): void {
  const suspect = value as { [IMMER]?: unknown; __v_isReactive?: unknown };
  if (suspect[IMMER] !== undefined) {
    throw new Refusal('cannot encode an immer draft; pass a finished state, or current(draft)');
  }
  if (suspect.__v_isReactive === true && !Object.hasOwn(value, '__v_isReactive')) {
    throw new Refusal('cannot encode a Vue proxy; pass toRaw(state)');
  }
}

/** For a function, a symbol, or whatever else a language may add. */
export function primitiveRefusal(value: unknown): Refusal {
  return new Refusal(`cannot encode a ${typeof value}; keep data in the state and leave this out`);
}

/** For the properties that make an object or array more than its enumerable data. */
export function propertyRefusal(value: object): Refusal {
  const symbol = Object.getOwnPropertySymbols(value)[0];
  if (symbol === undefined) {
    return new Refusal('cannot encode a property that is not enumerable; make it one, or leave it out');
  }
  const library = LIBRARIES.get(symbol.description ?? '');
  return new Refusal(
    library ?? `cannot encode a property whose key is a symbol, ${String(symbol)}; use a string, or leave it out`,
  );
}

const IMMER = Symbol.for('immer-state');

/** Symbols that libraries put on their objects, and the way back to plain data. */
const LIBRARIES: ReadonlyMap<string, string> = new Map([
  ['mobx administration', 'cannot encode a MobX observable; pass toJS(state)'],
  ['solid-proxy', 'cannot encode a Solid store; pass unwrap(state)'],
  ['store-node', 'cannot encode a Solid store; pass unwrap(state)'],
]);

const TypedArray = Object.getPrototypeOf(Uint8Array) as { readonly prototype: object };
const typedArrayTag = Object.getOwnPropertyDescriptor(TypedArray.prototype, Symbol.toStringTag)?.get as () => unknown;

/** The prototypes of this realm. */
const HERE: ReadonlyMap<object, Kind> = new Map<object, Kind>([
  [Object.prototype, 'plain'],
  [Map.prototype, 'map'],
  [Set.prototype, 'set'],
  [Date.prototype, 'date'],
  [ArrayBuffer.prototype, 'arrayBuffer'],
  [Uint8Array.prototype, 'typedArray'],
]);

/** Kind of an object of another realm. A prototype that a realm is born with owns what a subclass's prototype inherits. */
function kindElsewhere(value: object, prototype: object): Kind | undefined {
  if (typedArrayName(value) !== undefined) {
    return Object.hasOwn(prototype, 'BYTES_PER_ELEMENT') || isBuffer(prototype) ? 'typedArray' : undefined;
  }
  if (Object.getPrototypeOf(prototype) === null) {
    return Object.hasOwn(prototype, 'isPrototypeOf') ? 'plain' : undefined;
  }
  if (Object.getPrototypeOf(Object.getPrototypeOf(prototype)) !== null) return undefined; // it extends one of those
  switch (Object.prototype.toString.call(value)) {
    case '[object Map]':
      return Object.hasOwn(prototype, Symbol.toStringTag) ? 'map' : undefined;
    case '[object Set]':
      return Object.hasOwn(prototype, Symbol.toStringTag) ? 'set' : undefined;
    case '[object ArrayBuffer]':
      return Object.hasOwn(prototype, Symbol.toStringTag) ? 'arrayBuffer' : undefined;
    case '[object Date]':
      return Object.hasOwn(prototype, 'getTime') ? 'date' : undefined;
    default:
      return undefined;
  }
}

/** Node's Buffer and its stand-ins are subclasses of Uint8Array that mean bytes all the same. */
function isBuffer(prototype: object): boolean {
  const { constructor } = prototype as { constructor?: { isBuffer?: unknown } };
  return typeof constructor?.isBuffer === 'function';
}

function instanceRefusal(value: object): Refusal {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const { constructor } = value as { constructor?: unknown };
  const name = typeof constructor === 'function' && constructor.name !== '' ? constructor.name : tag;
  return new Refusal(`cannot encode ${article(name)} ${name}; ${REMEDIES.get(tag) ?? PLAIN_FORM}`);
}

const NO_PROTOTYPE =
  'cannot encode an object without a prototype: restored, it would answer to inherited names such as constructor; use { ...x } or a Map';
const PLAIN_FORM = 'give the definition toState and fromState, which turn it into plain data and back';
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['Number', 'use the primitive value'],
  ['String', 'use the primitive value'],
  ['Boolean', 'use the primitive value'],
  ['BigInt', 'use the primitive value'],
  ['Symbol', 'leave it out'],
  ['Promise', 'await it first'],
  ['DataView', 'use a Uint8Array of its bytes'],
  ['SharedArrayBuffer', 'copy it into a Uint8Array first, so that it cannot change meanwhile'],
]);

function article(name: string): string {
  return /^[aeiou]/i.test(name) ? 'an' : 'a';
}
