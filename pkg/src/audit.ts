/** Every so many loads that a snapshot served: the full replay beside it, for what only shows in production. An entry of its own. */
import type { Auditor, AuditRule, Settings } from './definition.js';
import { divergence, HISTORY } from './divergence.js';
import { describe, SnapshotError, type ErrorCode } from './error.js';
import { internals, makeHandle, type Handle, type Internals } from './handle.js';
import { positiveInteger } from './options.js';
import type { Position } from './position.js';
import type { Rejection } from './progress.js';
import type { Audit, Observer } from './report.js';

/**
 * For `defineSnapshots({ audit })`: each so many loads of a repository that came from a snapshot, one is compared with the full replay: the
 * first time at that many. It reads the whole log once more, which the load waits for.
 */
export function auditEvery(loads: number): AuditRule {
  positiveInteger('auditEvery', loads);
  return { begin: (settings, observe) => new ReplayAuditor(settings, observe, loads) };
}

class ReplayAuditor<State, Event, P extends Position> implements Auditor<State, P> {
  readonly #settings: Settings<State, Event, P>;
  readonly #observe: Observer;
  readonly #every: number;
  #loads = 0;

  constructor(settings: Settings<State, Event, P>, observe: Observer, every: number) {
    this.#settings = settings;
    this.#observe = observe;
    this.#every = every;
  }

  async audited(
    handle: Handle<State, P>,
    key: string,
    replay: () => Promise<Handle<State, P>>,
  ): Promise<{ readonly handle: Handle<State, P>; readonly audit?: Audit }> {
    if (++this.#loads % this.#every !== 0) return { handle };
    const { version } = this.#settings;
    const warn = (code: ErrorCode, reason: string, error: unknown) =>
      this.#observe({
        type: 'warning',
        streamId: handle.streamId,
        version,
        position: handle.restoredFrom,
        code,
        millis: 0,
        bytes: 0,
        reason,
        ...(SnapshotError.is(error) ? { error } : {}),
      });
    try {
      const truth = await replay();
      const sameEvents = truth.eventCount === handle.eventCount;
      if (!sameEvents && this.#settings.sequence === 'sparse' && this.#settings.lateArrivals === 'possible') {
        return { handle, audit: 'unavailable' }; // one arrived below, since the load
      }
      const path = divergence(this.#settings, handle, truth) ?? (sameEvents ? undefined : 'eventCount');
      if (path === undefined) return { handle, audit: 'equal' };
      const error = new SnapshotError('diverged', path === HISTORY ? OTHER_HISTORY : OTHER_STATE, { path, position: handle.restoredFrom as P });
      warn(error.code, error.message, error);
      return { handle: replaced(handle, truth, { key, position: handle.restoredFrom, code: error.code, message: error.message }), audit: 'diverged' };
    } catch (error) {
      const code = SnapshotError.is(error) ? error.code : 'readFailed';
      if (code !== 'historyUnavailable') warn(code, `a snapshot could not be compared with the full replay: ${describe(error)}`, error);
      return { handle, audit: 'unavailable' };
    }
  }
}

const OTHER_STATE =
  'the state from a snapshot is not that of the full replay, which is used instead; evolve is not deterministic, or was changed without a new version';

const OTHER_HISTORY = 'the log holds other events than those that a snapshot was folded of; the full replay is used instead. If that is not on purpose, restore the log';

/** The replayed handle in place of the other; what waits behind it are rows of the log in both. */
function replaced<State, P extends Position>(handle: Handle<State, P>, truth: Handle<State, P>, rejection: Rejection<P>): Handle<State, P> {
  const { source, restoredFrom, replayed } = truth;
  const { streamId, historical, rejected, fence } = handle;
  const origin = { streamId, historical, fence, source, restoredFrom, replayed, rejected: [...rejected, rejection] };
  return makeHandle(origin, truth, { ...(internals(truth) as Internals<P>), waiting: (internals(handle) as Internals<P>).waiting });
}
