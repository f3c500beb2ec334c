// @ts-check

/**
 * A state with objects where the reducers keep `Map`s, as rules make it.
 * @param {unknown} value
 * @returns {unknown}
 */
export function plain(value) {
  if (value instanceof Map) return Object.fromEntries(Array.from(value, ([key, part]) => [key, plain(part)]));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

/**
 * What a reducer looks up, and must be there.
 * @template K, V
 * @param {Map<K, V>} map
 * @param {K} key
 */
export function known(map, key) {
  const value = map.get(key);
  if (value === undefined) throw new Error(`${key} is not known`);
  return value;
}
