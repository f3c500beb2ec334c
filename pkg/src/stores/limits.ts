/** What hosts refuse to take. */
import { SnapshotError } from '../error.js';

/** Throws `tooLarge` for more bytes than a value of that host may have. */
export function checkSize(host: string, bytes: Uint8Array, most: number): void {
  if (bytes.length <= most) return;
  const remedy = 'keep less in the state, compress it (`compression`), or keep these snapshots in another store';
  throw new SnapshotError('tooLarge', `${bytes.length} bytes; a value of ${host} has ${most} at most: ${remedy}`);
}
