/** A state that nobody made up: the read model of a log of JSON lines `{ stream, position, type, at, data }`, by stream id. */
import { readLog } from './fold-logs.js';

/** For each stream: how many events, when first and last, how often each type, and the newest value of each field of `data`. */
export function stateOfLog(file) {
  const lines = readLog(file).toString().split('\n');
  const streams = {};
  for (const line of lines) if (line !== '') fold(streams, JSON.parse(line));
  return streams;
}

function fold(streams, { stream, type, at, data }) {
  const state = (streams[stream] ??= { events: 0, first: at, last: at, types: {}, data: {} });
  state.events += 1;
  state.last = at;
  state.types[type] = (state.types[type] ?? 0) + 1;
  Object.assign(state.data, data);
}
