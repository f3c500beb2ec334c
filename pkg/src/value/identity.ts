/** The bytes that tell one event from another, whichever way the log stores it. */
import { encodeAs } from './encode.js';

/**
 * Bytes that identify `event`. They are those of {@link encode}, save for what a log kept as JSON or `jsonb` changes, so that
 * an event has one identity before and after: keys of objects are sorted by UTF-16 code units and those whose value is
 * undefined left out; undefined elsewhere, NaN, the infinities and invalid dates are null; −0 is 0; a date is its ISO text and a
 * bigint its decimal text.
 *
 * @throws SnapshotError `unencodable` with a path that starts with `event`.
 */
export function identityForm(event: unknown): Uint8Array {
  return encodeAs('identity', event, 'event');
}
