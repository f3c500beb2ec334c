/** What a repository tells its host. */
import type { Handle } from './handle.js';
import type { Position } from './position.js';
import type { Rejection } from './progress.js';
import type { ErrorCode, SnapshotError } from './error.js';

/** How an audit went. `unavailable`: the events are gone, or others by now, or they could not be replayed, of which a warning tells. */
export type Audit = 'equal' | 'diverged' | 'unavailable';

/** One thing that happened. Durations are in milliseconds. */
export type Report =
  | {
      readonly type: 'loaded';
      readonly streamId: string;
      readonly version: number;
      readonly position: Position | null;
      readonly eventCount: number;
      readonly source: Handle<unknown, Position>['source'];
      readonly replayed: number;
      readonly rejected: readonly Rejection<Position>[];
      /** Without the audit. */
      readonly millis: number;
      /** Where this load was compared with a full replay (`audit`). If it `diverged`, what is told is what was replayed. */
      readonly audit?: Audit;
    }
  | {
      readonly type: 'taken';
      readonly streamId: string;
      readonly version: number;
      readonly position: Position;
      readonly eventCount: number;
      readonly reason: string;
      readonly key: string;
      /** Size of the frame. */
      readonly bytes: number;
      readonly deleted: readonly string[];
      readonly millis: number;
    }
  | {
      /** A snapshot was due and not taken. */
      readonly type: 'skipped' | 'failed';
      readonly streamId: string;
      readonly version: number;
      readonly position: Position | null;
      readonly code: ErrorCode | 'alreadyCovered' | 'forgotten';
      readonly reason: string;
      readonly error?: SnapshotError;
    }
  | {
      /**
       * The snapshot stands, but what it made superfluous could not be deleted, or a marker not be written or read; or a state was changed
       * where `immutable` promised that it is not, or a snapshot is not what an audit replayed (`diverged`, and the error has the path; of an
       * audit also the position of the snapshot); or an audit could not replay the stream.
       */
      readonly type: 'warning';
      readonly streamId: string;
      readonly version: number;
      readonly code: ErrorCode;
      readonly reason: string;
      readonly error?: SnapshotError;
    };

export type Observer = (report: Report) => void;

/** A host's observer that cannot hurt; without one, each kind of trouble is printed once. */
export function observerOf(observe: Observer | undefined): Observer {
  if (observe === undefined) return warnOnce();
  const complain = (error: unknown) => console.warn('snapfold: observe() threw', error);
  return (report) => {
    try {
      // An async function is an observer, too; its rejection would end the process.
      Promise.resolve(observe(report) as unknown).catch(complain);
    } catch (error) {
      complain(error);
    }
  };
}

function warnOnce(): Observer {
  const warned = new Set<string>();
  const warn = (kind: string, text: string) => {
    if (warned.has(kind)) return;
    warned.add(kind);
    console.warn(`snapfold: ${text} (said once; pass observe to see every report)`);
  };
  return (report) => {
    if (report.type === 'loaded') {
      for (const { code, key, message } of report.rejected) warn(code, `${unused(key)}: ${code}: ${message}`);
    } else if (report.type === 'failed' || report.type === 'warning' || (report.type === 'skipped' && report.code === 'tooLarge')) {
      const trouble = report.type === 'warning' ? '' : 'the snapshot was not taken: ';
      warn(`${report.type} ${report.code}`, `stream ${report.streamId}: ${trouble}${report.reason}`);
    }
  };
}

/** A slot that could not be read is named by the prefix of its keys. */
function unused(key: string): string {
  return key.endsWith('/') ? `the snapshots under ${key} could not be read` : `snapshot ${key} was not used`;
}
