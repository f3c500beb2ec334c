/** Objects that stand in two places of a state: after a restore they are two. */
import { kindOf } from './kind.js';
import { element, mapValue, member } from './refusal.js';

/** Two places of one object, as paths. */
export interface SharedReference {
  readonly first: string;
  readonly second: string;
}

/**
 * The first object in `value`, in the order of encoding, that was met before; undefined if there is none. Frozen objects are passed over,
 * and dates, which reducers replace rather than change. `value` can be encoded, so that it has no cycle. Linear in its size.
 */
export function findShared(value: unknown, root: string): SharedReference | undefined {
  const met = new Set<object>();
  let shared: object | undefined;
  const second = pathTo(value, (object, isDate) => {
    if (isDate || !met.has(object) || Object.isFrozen(object)) return !met.add(object);
    shared = object;
    return true;
  });
  if (second === undefined) return undefined;
  return { first: `${root}${pathTo(value, (object) => object === shared)}`, second: root + second };
}

type Wanted = (object: object, isDate: boolean) => boolean;

/** The steps to the first object that is wanted. */
function pathTo(value: unknown, wanted: Wanted): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const kind = Array.isArray(value) ? 'array' : kindOf(value, Object.getPrototypeOf(value) as object | null);
  if (wanted(value, kind === 'date')) return '';
  switch (kind) {
    case 'array':
      return pathAmong(value as unknown[], wanted, element);
    case 'plain':
      return pathAmong(Object.values(value), wanted, (index) => member(Object.keys(value)[index] as string));
    case 'map': {
      const items = [...(value as Map<unknown, unknown>)].flat();
      return pathAmong(items, wanted, (index) => (index % 2 === 0 ? `.keys()[${index / 2}]` : mapValue(items[index - 1], (index - 1) / 2)));
    }
    case 'set':
      return pathAmong([...(value as Set<unknown>)], wanted, (index) => `.values()[${index}]`);
    default:
      return undefined;
  }
}

function pathAmong(items: readonly unknown[], wanted: Wanted, step: (index: number) => string): string | undefined {
  for (const [index, item] of items.entries()) {
    const rest = pathTo(item, wanted);
    if (rest !== undefined) return step(index) + rest;
  }
  return undefined;
}
