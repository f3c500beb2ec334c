/** The one error type of the package: a stable code, words with a remedy, and where it happened. */

/** Every code there is, the same on every host. Match on these, not on the words. */
export const ERROR_CODES = [
  // Values
  'malformed',
  'unencodable',
  // Verdicts on a snapshot
  'absent',
  'corrupt',
  'truncated',
  'unknownKey',
  'unsigned',
  'foreign',
  'tooNew',
  'stale',
  'ahead',
  'diverged',
  'stragglers',
  'tooLarge',
  'unreadable',
  'invalid',
  // Events and positions
  'gap',
  'outOfOrder',
  'invalidPosition',
  'invalidEvent',
  // Built-in folds
  'missingTarget',
  'wrongType',
  'missingValue',
  'outOfRange',
  'unknownEvent',
  'patchFailed',
  'pairMismatch',
  'invalidatesBase',
  // Loading and saving
  'historyUnavailable',
  'beyondLog',
  'replayTooLong',
  'historical',
  'spent',
  'mutated',
  'evolveFailed',
  'migrationFailed',
  'readFailed',
  'storeFailed',
  'timeout',
  'fenced',
  // What the caller gave
  'invalidOption',
  'invalidId',
  'notReady',
  'trapped',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Where an error happened, and what caused it. */
export interface ErrorPlace {
  /** Byte offset in the input, for errors found while decoding. */
  readonly offset?: number;
  /** Path in the state (`state.lines[3].price`), or the name of the option. */
  readonly path?: string;
  /** Position in the log, for errors that concern one event. */
  readonly position?: number | bigint;
  readonly cause?: unknown;
}

const BRAND = Symbol.for('snapfold.SnapshotError');

/** What every function of this package throws. The message ends in the place: `… (at state.lines[3].price)`. */
export class SnapshotError extends Error {
  static {
    this.prototype.name = 'SnapshotError';
  }

  readonly code: ErrorCode;
  declare readonly offset?: number;
  declare readonly path?: string;
  declare readonly position?: number | bigint;

  constructor(code: ErrorCode, message: string, place: ErrorPlace = {}) {
    super(message + placeOf(place), 'cause' in place ? { cause: place.cause } : undefined);
    this.code = code;
    if (place.offset !== undefined) this.offset = place.offset;
    if (place.path !== undefined) this.path = place.path;
    if (place.position !== undefined) this.position = place.position;
  }

  get [BRAND](): true {
    return true;
  }

  /** Like `instanceof`, and also true for errors of another copy of this package or of another realm. */
  static is(error: unknown): error is SnapshotError {
    return typeof error === 'object' && error !== null && (error as { [BRAND]?: unknown })[BRAND] === true;
  }
}

/** The words of whatever was thrown. */
export function describe(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).toWellFormed();
}

function placeOf({ offset, path, position }: ErrorPlace): string {
  let text = '';
  if (path !== undefined) text += ` (at ${path})`;
  if (offset !== undefined) text += ` (at byte ${offset})`;
  if (position !== undefined) text += ` (at position ${position})`;
  return text;
}
