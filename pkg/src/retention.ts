/** Which snapshots of a slot are kept. */
import { DEFAULTS } from './defaults.js';
import { exact } from './head.js';
import { duration, knownOptions, positiveInteger, type Duration } from './options.js';
import type { PositionInput } from './position.js';

/** Kept is what one of the rules wants. */
export interface Retention {
  /** So many of the newest, 1 or more; the new one included. */
  readonly last: number;
  /** The newest at or below each of these positions. */
  readonly positions?: readonly PositionInput[];
  /** The newest of each period, counted from 1970: `'1d'`. When a snapshot was taken only its header says, so that saves delete nothing then. */
  readonly every?: Duration;
}

/** As the core reads it. */
export interface Kept {
  readonly last: number;
  readonly positions: readonly (number | bigint)[];
  readonly every: number | null;
}

export function retention(keep: number | Retention = DEFAULTS.keep): Kept {
  if (typeof keep !== 'object') return { last: positiveInteger('keep', keep, { bits: 32 }), positions: [], every: null };
  knownOptions('keep', keep, ['last', 'positions', 'every']);
  const { last, positions = [], every } = keep;
  return {
    last: positiveInteger('keep.last', last, { bits: 32 }),
    positions: Array.from(positions, (position) => exact('keep.positions', position)),
    every: every === undefined ? null : duration('keep.every', every),
  };
}
