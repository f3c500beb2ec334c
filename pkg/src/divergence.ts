/** A state that was built on a snapshot beside that of a full replay. */
import { FoldedState } from './built-in.js';
import type { Settings } from './definition.js';
import { internals, type Handle } from './handle.js';
import type { Position } from './position.js';
import { sameBytes } from './value/bytes.js';
import { decode } from './value/decode.js';
import { firstDifference } from './value/difference.js';
import { encode } from './value/encode.js';

/** The path of the first difference between what both would be sealed as; undefined if there is none. */
export function divergence<State, Event, P extends Position>(
  settings: Settings<State, Event, P>,
  found: Handle<State, P>,
  truth: Handle<State, P>,
): string | undefined {
  const [bytes, wanted] = [bytesOf(settings, found), bytesOf(settings, truth)];
  return sameBytes(bytes, wanted) ? undefined : (firstDifference(decode(wanted), decode(bytes)) ?? 'state');
}

function bytesOf<State, Event, P extends Position>(settings: Settings<State, Event, P>, handle: Handle<State, P>): Uint8Array {
  const state = internals(handle)?.state;
  return state instanceof FoldedState ? state.bytes : encode(settings.toState(state as State), { thorough: false });
}
