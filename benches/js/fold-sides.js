/**
 * What folds from the bytes of events, one log or many, to states: the built-in fold, and reducers over what `JSON.parse` gives.
 *
 * `run(logs)` gives a state for each log, `encoded` the bytes of one of them. Sides with `copies` copy what they change, so that an event
 * costs more the more there is; they take only the beginning of a log.
 */
import { encode } from '../../pkg/dist/node.js';
import { fold } from '../../pkg/dist/folds.js';

const NEWLINE = 0x0a;
const PIECE = 1 << 16;

export function foldSides({ fold: compile, mutable, spread, plain }, immer) {
  const spec = compile();
  const encodePlain = (state) => encode(plain(state));
  const over = (name, forEachEvent, { initialState, evolve }, rest) => ({
    name,
    run: (logs) =>
      logs.map((bytes) => {
        let state = initialState();
        forEachEvent(bytes, (event) => (state = evolve(state, event)));
        return state;
      }),
    encoded: encodePlain,
    ...rest,
  });
  return [
    { name: 'snapfold', run: (logs) => logs.map((bytes) => fold(spec, bytes).bytes), encoded: (bytes) => bytes },
    { name: 'snapfold, decoded', run: (logs) => logs.map((bytes) => fold(spec, bytes).state), encoded: encode },
    over('JSON.parse + Map', byLine, mutable),
    over('JSON.parse of pieces + Map', byPiece, mutable),
    { name: 'JSON.parse alone', run: (logs) => logs.map((bytes) => parseOnly(byLine, bytes)) },
    { name: 'JSON.parse of pieces alone', run: (logs) => logs.map((bytes) => parseOnly(byPiece, bytes)) },
    ...(spread === undefined ? [] : [over('JSON.parse + spread', byLine, spread, { copies: true, encoded: encode })]),
    ...(spread === undefined || immer === undefined
      ? []
      : [over('JSON.parse + immer', byLine, drafted(mutable, immer), { copies: true })]),
  ];
}

/** The package at its quickest: nothing is frozen. */
export async function loadImmer() {
  const { enableMapSet, produce, setAutoFreeze } = await import('immer');
  enableMapSet();
  setAutoFreeze(false);
  return { produce };
}

/** The reducer that changes its state, on a draft of it, one for each event. */
function drafted({ initialState, evolve }, { produce }) {
  return { initialState, evolve: produce((draft, event) => void evolve(draft, event)) };
}

function byLine(bytes, take) {
  const text = bytes.toString();
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start);
    take(JSON.parse(text.slice(start, end)));
    start = end + 1;
  }
}

/** The lines of each piece as one array: fewer calls, if all of them are known to be on one line. */
function byPiece(bytes, take) {
  for (let start = 0; start < bytes.length;) {
    let end = bytes.lastIndexOf(NEWLINE, start + PIECE);
    if (end < start) end = bytes.indexOf(NEWLINE, start);
    const events = JSON.parse(`[${bytes.toString('utf8', start, end).replaceAll('\n', ',')}]`);
    for (const event of events) take(event);
    start = end + 1;
  }
}

function parseOnly(forEachEvent, bytes) {
  let last;
  forEachEvent(bytes, (event) => (last = event));
  return last;
}
