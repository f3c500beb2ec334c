/** What snapshots cost and save, as numbers for a dashboard. */
import type { Report } from 'snapfold';

export interface Counters {
  loads: number;
  eventsFolded: number;
  snapshotsTaken: number;
  snapshotsFailed: number;
}

export const noCounts = (): Counters => ({ loads: 0, eventsFolded: 0, snapshotsTaken: 0, snapshotsFailed: 0 });

/** `observe` of a repository. */
export function counting(counters: Counters): (report: Report) => void {
  return (report) => {
    if (report.type === 'loaded') {
      counters.loads += 1;
      counters.eventsFolded += report.replayed;
      for (const { key, code } of report.rejected) console.warn(`snapshot ${key} was not used: ${code}`);
    } else if (report.type === 'refreshed') {
      counters.eventsFolded += report.replayed;
    } else if (report.type === 'taken') {
      counters.snapshotsTaken += 1;
    } else {
      counters.snapshotsFailed += 1;
      console.warn(`snapshot of ${report.streamId}: ${report.type}: ${report.reason}`);
    }
  };
}
