/** What was built on a snapshot beside what a full replay gives. */
import { FoldedState } from './built-in.js';
import type { Settings } from './definition.js';
import { internals, type Handle } from './handle.js';
import type { Position } from './position.js';
import { sameBytes } from './value/bytes.js';
import { decode } from './value/decode.js';
import { firstDifference } from './value/difference.js';
import { encode } from './value/encode.js';

/** The path of a difference between the events that were folded, whatever the states. */
export const HISTORY = 'history';

/**
 * Where both differ: `history` if not the same events were folded, else the path of the first difference between what both states would be
 * sealed as; undefined if there is none.
 */
export function divergence<State, Event, P extends Position>(
  settings: Settings<State, Event, P>,
  found: Handle<State, P>,
  truth: Handle<State, P>,
): string | undefined {
  if (sameHistory(found, truth) === false) return HISTORY;
  const [bytes, wanted] = [bytesOf(settings, found), bytesOf(settings, truth)];
  return sameBytes(bytes, wanted) ? undefined : (firstDifference(decode(wanted), decode(bytes)) ?? 'state');
}

/** Undefined unless both commit to one. */
export function sameHistory<P extends Position>(found: Handle<unknown, P>, truth: Handle<unknown, P>): boolean | undefined {
  const [one, other] = [internals(found)?.commitment, internals(truth)?.commitment];
  return one && other && sameBytes(one, other);
}

function bytesOf<State, Event, P extends Position>(settings: Settings<State, Event, P>, handle: Handle<State, P>): Uint8Array {
  const state = internals(handle)?.state;
  return state instanceof FoldedState ? state.bytes : encode(settings.toState(state as State), { thorough: false });
}
