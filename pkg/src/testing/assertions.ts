/** The few assertions that the suite needs, so that it depends on no runner and no runtime. */

/** Fails with `what`, and with what was found. */
export function ensure(condition: boolean, what: string, found?: unknown): asserts condition {
  if (!condition) throw new Error(found === undefined ? what : `${what}; got ${show(found)}`);
}

/** The same keys, in the same order. */
export function sameKeys(found: readonly string[], wanted: readonly string[], what: string): void {
  const same = found.length === wanted.length && found.every((key, index) => key === wanted[index]);
  ensure(same, `${what} must be ${show(wanted)}`, found);
}

/** The same keys, in whatever order. */
export function sameSet(found: readonly string[], wanted: readonly string[], what: string): void {
  sameKeys([...found].sort(), [...wanted].sort(), what);
}

export function sameBytes(found: unknown, wanted: Uint8Array, what: string): void {
  ensure(ArrayBuffer.isView(found) && Object.prototype.toString.call(found) === '[object Uint8Array]', `${what} must be a Uint8Array`, found);
  const bytes = found as Uint8Array;
  const differs = wanted.findIndex((byte, index) => bytes[index] !== byte);
  ensure(bytes.length === wanted.length, `${what} must have ${wanted.length} bytes`, bytes.length);
  ensure(differs === -1, `${what} must be what was put; byte ${differs} is another one`, bytes[differs]);
}

/** The error that `work` rejects with, or undefined. */
export async function rejection(work: () => unknown): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error ?? new Error('rejected with nothing');
  }
}

/** Whatever was found in a few words. */
function show(found: unknown): string {
  if (found instanceof Uint8Array) return `${found.length} bytes`;
  if (Array.isArray(found) && found.length > 12) return `${JSON.stringify(found.slice(0, 12)).slice(0, -1)}, … ${found.length} in all]`;
  if (found instanceof Error) return String(found);
  return typeof found === 'string' || Array.isArray(found) ? JSON.stringify(found) : String(found);
}
