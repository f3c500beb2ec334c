/** A lock on what a definition makes of events: kept in the repository of the application, it notices that results change without a new version. */
import { sha256 } from '../core.js';
import type { Definition } from '../definition.js';
import { SnapshotError } from '../error.js';
import { inspect } from '../frame.js';
import { exact } from '../head.js';
import { invalidOption } from '../options.js';
import type { Position, PositionInput } from '../position.js';
import { identityForm } from '../value/identity.js';
import { copied, digestOf, hex, rowsOf, Trial, type TrialEvents } from './trial.js';

/** What a file keeps. Data that JSON can say. */
export interface DefinitionLock {
  readonly name: string;
  readonly version: number;
  /** Digest of the built-in fold, in hexadecimal. Another fold has another slot, and needs no new version. */
  readonly fold?: string;
  /** Digest of the events, in hexadecimal. */
  readonly events: string;
  /** After each event the beginning of the state's digest, in hexadecimal; null where nothing was folded in. */
  readonly results: readonly (string | null)[];
}

/** A lock of the definition as it is now. `JSON.stringify` gives what a file keeps. */
export interface CurrentLock extends DefinitionLock {
  /**
   * Compares with a lock that was made before.
   *
   * @throws SnapshotError `diverged` with the position of the first event after which the state is another one, if the version is not;
   * `foreign` for a lock of another definition, or of other events; `stale` if the version went back; `invalidOption` for what is no lock.
   */
  check(previous: unknown): void;
}

/** Folds the events and notes what came of each. Needs states that can be snapshotted. */
export async function definitionLock<State, Event, P extends Position>(
  definition: Definition<State, Event, P>,
  events: TrialEvents<Event>,
): Promise<CurrentLock> {
  const rows = rowsOf(events);
  const trial = await Trial.open(definition, rows);
  const results: (string | null)[] = [];
  let handle = await trial.load(0);
  let fold: string | undefined;
  for (const [index, row] of rows.entries()) {
    handle = await trial.apply(handle, [copied(row)], index + 1);
    const state = await trial.seal(handle);
    results.push(state === undefined ? null : digestOf(state).slice(0, RESULT_DIGITS));
    const { foldDigest } = state === undefined ? {} : inspect(state.frame);
    if (foldDigest !== undefined) fold = hex(foldDigest);
  }
  const { name, version } = definition;
  const eventsDigest = hex(sha256(identityForm(rows.map(({ position, event }) => [`${position}`, event]))));
  const lock: DefinitionLock = { name, version, ...(fold === undefined ? {} : { fold }), events: eventsDigest, results };
  const positions = rows.map(({ position }) => position);
  return Object.defineProperty({ ...lock }, 'check', { value: (previous: unknown) => check(lock, positions, parsed(previous)) }) as CurrentLock;
}

/** 64 bits: enough for what is not done on purpose. */
const RESULT_DIGITS = 16;

function check(now: DefinitionLock, positions: readonly PositionInput[], before: DefinitionLock): void {
  if (before.name !== now.name) throw new SnapshotError('foreign', `a lock of "${before.name}"; this is "${now.name}"`);
  if (before.version > now.version) throw new SnapshotError('stale', `the version went back from ${before.version} to ${now.version}`);
  if (before.version < now.version || before.fold !== now.fold) return;
  if (before.events !== now.events) throw new SnapshotError('foreign', 'a lock of other events; make a new one where the old events still pass');
  const changed = now.results.findIndex((result, index) => result !== before.results[index]);
  if (changed === -1) return;
  throw new SnapshotError(
    'diverged',
    `version ${now.version} gives other results than it did, first after event ${changed + 1} of ${now.results.length}: ` +
      'snapshots that were taken before are not what is replayed now; raise the version, then make a new lock',
    { position: exact('position', positions[changed] as PositionInput) },
  );
}

function parsed(lock: unknown): DefinitionLock {
  const { name, version, fold, events, results } = Object(lock) as Record<keyof DefinitionLock, unknown>;
  const texts = [name, events, ...(fold === undefined ? [] : [fold])];
  const plain = texts.every((text) => typeof text === 'string') && Number.isSafeInteger(version) && Array.isArray(results);
  if (!plain) throw invalidOption('previous', lock, 'must be what definitionLock gave, or JSON.parse of its JSON');
  return lock as DefinitionLock;
}
