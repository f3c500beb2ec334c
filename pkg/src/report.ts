/** What a repository tells its host. */
import type { Handle } from './handle.js';
import type { Position } from './position.js';
import type { Rejection } from './progress.js';
import type { ErrorCode, SnapshotError } from './error.js';

/** How an audit went. `unavailable`: the events are gone, or others by now, or they could not be replayed, of which a warning tells. */
export type Audit = 'equal' | 'diverged' | 'unavailable';

/** What every report has. */
interface Shared<Type, Code> {
  readonly type: Type;
  readonly streamId: string;
  /** Of the definition. */
  readonly version: number;
  /** Where the handle stands; of a warning about one snapshot, that one's. */
  readonly position: Position | null;
  /** What came of it. */
  readonly code: Code;
  /** How long it took, in milliseconds. */
  readonly millis: number;
  /** Size of the snapshot that was read or written, as it lies in the store; of one that failed, if it got so far. Else 0. */
  readonly bytes: number;
}

/** One thing that happened. */
export type Report =
  | (Shared<'loaded', Handle<unknown, Position>['source']> & {
      readonly eventCount: number;
      /** Events that were folded behind the snapshot. */
      readonly replayed: number;
      readonly rejected: readonly Rejection<Position>[];
      /** Where this load was compared with a full replay (`audit`). If it `diverged`, what is told is what was replayed. Its time does not count. */
      readonly audit?: Audit;
    })
  /** A handle was refreshed from the log alone; where it had to be loaded, that is told. */
  | (Shared<'refreshed', 'refreshed'> & {
      readonly eventCount: number;
      /** Events that were folded onto the handle. */
      readonly replayed: number;
    })
  | (Shared<'taken', 'taken'> & {
      readonly eventCount: number;
      readonly reason: string;
      readonly key: string;
      readonly deleted: readonly string[];
    })
  /** A snapshot was due and not taken; with `verbose` also one that was not due, or could not be tried. */
  | (Shared<'skipped' | 'failed', ErrorCode | SkippedCode> & {
      readonly reason: string;
      readonly error?: SnapshotError;
    })
  /**
   * The snapshot stands, but what it made superfluous could not be deleted, or a marker not be written or read; or a state was changed where
   * `immutable` promised that it is not, or a snapshot is not what an audit replayed (`diverged`, and the error has the path); or an audit
   * could not replay the stream.
   */
  | (Shared<'warning', ErrorCode> & {
      readonly reason: string;
      readonly error?: SnapshotError;
    });

/** Why no snapshot was taken, though nothing failed. */
export type SkippedCode = 'notDue' | 'nothingFolded' | 'inFlight' | 'alreadyCovered' | 'historical' | 'unknownEvent' | 'tooLarge' | 'forgotten';

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
