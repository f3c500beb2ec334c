/** JavaScript values to bytes, by docs/format.md, section 1. */
import { inProduction } from '../environment.js';
import { SnapshotError } from '../error.js';
import { putCarefully, type Purpose } from './careful.js';
import { putQuickly } from './quick.js';
import { Refusal } from './refusal.js';
import { findShared } from './shared.js';
import { joined, restart, written, type Use } from './writer.js';

export interface EncodeOptions {
  /** What paths in errors start with; default `state`. */
  readonly root?: string;
  /**
   * Look at every object for what cannot be restored (accessors, symbol keys, properties that are not enumerable, drafts and proxies of
   * state libraries), not only at the root and a sample of one property in 256; and at arrays for named properties. It costs more than the
   * encoding. Default: unless `NODE_ENV` is `'production'`.
   */
  readonly thorough?: boolean;
  /**
   * Refuse an object that stands in two places: after a restore it would be two, and a reducer that changes states in place would no
   * longer change both. Frozen objects are fine, and dates, which reducers replace rather than change. Default: false.
   */
  readonly unshared?: boolean;
}

/**
 * The bytes of `value`: equal content in the same order gives equal bytes, on every host. Takes null, undefined, booleans,
 * numbers, bigints, strings, plain objects, arrays, Map, Set, Date, ArrayBuffer and typed arrays, of any realm. `toJSON` is
 * not called. Time and space grow with the size of the value.
 *
 * @throws SnapshotError `unencodable` with the path of what cannot be written; `tooLarge` beyond 2 GiB.
 */
export function encode(value: unknown, options: EncodeOptions = {}): Uint8Array {
  return encoding(value, options, joined);
}

/** Hands the bytes of `value`, in pieces that are valid during that call only, to `use`: for those who need no copy. */
export function encoding<T>(value: unknown, options: EncodeOptions, use: Use<T>): T {
  const { root = 'state', thorough = !inProduction(), unshared = false } = options;
  return written(() => {
    if (thorough || !succeeds(value)) carefully('state', value, root);
    if (unshared) refuseShared(value, root);
  }, use);
}

/** The bytes of the form that `purpose` asks for. */
export function encodeAs(purpose: Purpose, value: unknown, root: string): Uint8Array {
  return written(() => carefully(purpose, value, root), joined);
}

/** False if the quick encoder came upon something that it does not know; then nothing is written. */
function succeeds(value: unknown): boolean {
  try {
    putQuickly(value);
    return true;
  } catch {
    restart();
    return false;
  }
}

function carefully(purpose: Purpose, value: unknown, root: string): void {
  try {
    putCarefully(purpose, value);
  } catch (error) {
    throw Refusal.from(error).at(root);
  }
}

function refuseShared(value: unknown, root: string): void {
  const shared = findShared(value, root);
  if (shared === undefined) return;
  throw new SnapshotError('unencodable', `cannot encode an object that stands in two places of a state that is changed in place, also at ${shared.first}; keep it once and refer to its id`, { path: shared.second });
}
