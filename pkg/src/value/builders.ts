/** Objects from keys and values. */

/** An object with these keys and the values from `at` on; undefined if a key is there twice. `template` has the same keys. */
export type Build = (keys: readonly string[], values: readonly unknown[], at: number, template?: object) => object | undefined;

/** Objects with more keys start from a template: an engine would take one that grows so long for a dictionary. */
export const MAX_GROWN = 12;

/** Serves any keys. */
export const build: Build = (keys, values, at, template) => {
  const object: Properties = template === undefined ? {} : { ...template };
  for (let i = 0; i < keys.length; i++) object[keys[i] as string] = values[at + i];
  if (Object.keys(object).length === keys.length) return object;
  // A key is there twice, or the prototype has something in its place.
  return buildDictionary(keys, values, at);
};

/** Serves keys that will not come again: engines then look up each property by its hash, and do not keep a class of such objects. */
export function buildDictionary(keys: readonly string[], values: readonly unknown[], at: number): object | undefined {
  const object = emptyDictionary();
  for (let i = 0; i < keys.length; i++) object[keys[i] as string] = values[at + i];
  return Object.keys(object).length === keys.length ? plain(object) : undefined;
}

/** Has no prototype that could get in the way while it is filled, and becomes a plain object by {@link plain}. */
export function emptyDictionary(): Properties {
  return { __proto__: null } as unknown as Properties;
}

export function plain(dictionary: Properties): object {
  return Object.setPrototypeOf(dictionary, Object.prototype) as object;
}

/** An object that has the keys in this order. */
export function templateOf(keys: readonly string[]): object {
  return JSON.parse(`{${keys.map((key) => `${JSON.stringify(key)}:null`).join()}}`) as object;
}

/** A builder for certain keys, which are all different, and the template that it takes. */
export interface Builder {
  readonly build: Build;
  readonly template: object;
}

const claimed = new Map<string, Builder>();

/** One of the few builders that serve the same keys for ever; undefined if others have them all. */
export function claimBuilder(keys: readonly string[]): Builder | undefined {
  const name = JSON.stringify(keys);
  let builder = claimed.get(name);
  if (builder === undefined && claimed.size < COPIES.length) {
    builder = { build: COPIES[claimed.size] as Build, template: templateOf(keys) };
    claimed.set(name, builder);
  }
  return builder;
}

type Properties = Record<string, unknown>;
/** At least as many as a copy has stores; what is undefined is not reached. */
type Keys = readonly [string, string, string, string, string, string, string, string, ...string[]];
type Copy = (keys: Keys, values: readonly unknown[], at: number, template: Properties) => Properties;

function rest(object: Properties, keys: Keys, values: readonly unknown[], at: number): void {
  for (let i = 8; i < keys.length; i++) object[keys[i] as string] = values[at + i];
}

/**
 * The same text over and over, on purpose. Engines remember for each place in the code which key was stored there and in what class of
 * object: a store that always meets the same is five times as quick as one that meets many. So each of the layouts met most has stores of
 * its own, which saves records and trees a quarter to a third of their time on Node 20, a sixth on Node 26. They write over the properties
 * of a copy of its template, so that no prototype gets in the way.
 */
// prettier-ignore
const COPIES = [
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
  (k, v, i, t) => { const o = { ...t }; switch (k.length) { default: rest(o, k, v, i); case 8: o[k[7]] = v[i + 7]; case 7: o[k[6]] = v[i + 6];
    case 6: o[k[5]] = v[i + 5]; case 5: o[k[4]] = v[i + 4]; case 4: o[k[3]] = v[i + 3]; case 3: o[k[2]] = v[i + 2]; case 2: o[k[1]] = v[i + 1];
    case 1: o[k[0]] = v[i]; } return o; },
] satisfies Copy[] as readonly unknown[];
