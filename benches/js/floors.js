/** What the project has set itself, against what was measured. */
import { geometricMean } from './results.js';

const MEGABYTE = 1024 * 1024;
const JSON_BYTES = ['JSON', 'JSON, TextEncoder'];
const JSON_TEXT = ['JSON, text'];
const SEAL_JSON = { mean: 1.1, records: 1.3, 'worst family': 0.6 };
const OPEN_JSON = { mean: 1.1, records: 1.4, 'worst family': 0.7 };

/** How many times faster than the quickest of `against` we have to be. */
const SPEED = [
  { on: 'Node', work: 'seal', against: JSON_BYTES, label: 'JSON + SHA-256', least: SEAL_JSON },
  { on: 'Node', work: 'seal', against: JSON_TEXT, label: 'JSON + SHA-256, text only', least: SEAL_JSON },
  { on: 'Node', work: 'seal', against: ['canonicalize'], label: 'canonicalize + SHA-256', least: { mean: 4 } },
  {
    on: 'Node',
    work: 'seal',
    against: ['serde-wasm-bindgen'],
    label: 'serde-wasm-bindgen + SHA-256',
    least: { mean: 6 },
  },
  { on: 'Node', work: 'open', against: JSON_BYTES, label: 'SHA-256 + JSON', least: OPEN_JSON },
  { on: 'Node', work: 'open', against: JSON_TEXT, label: 'SHA-256 + JSON, text only', least: OPEN_JSON },
  { on: 'Rust', work: 'seal', against: ['serde_json'], label: 'serde_json + SHA-256', least: { mean: 1.5 } },
];

/** The quickest that people write by hand over parsed events; those that copy what they change are far behind. */
const BY_HAND = ['JSON.parse + Map', 'JSON.parse of pieces + Map'];
const FOLDS = { rules: 5, journal: 4 };

/** What of the families' ratios a floor is about. */
const TAKEN = {
  mean: (ratios) => ({ value: geometricMean(ratios.map(({ ratio }) => ratio)) }),
  records: (ratios) => ({ value: ratios.find(({ family }) => family === 'records')?.ratio }),
  'worst family': (ratios) => {
    const [{ family, ratio }] = ratios.toSorted((a, b) => a.ratio - b.ratio);
    return { value: ratio, note: family };
  },
};

/** A row for each floor that something was measured for: `{ runtime, what, floor, cells: { size: { value, unit, met, note? } } }`. */
export function floors(results) {
  const rows = results.runtimes.flatMap((runtime) => [
    ...SPEED.filter(({ on }) => runtime.startsWith(on)).flatMap((floor) => speedRows(results, runtime, floor)),
    againRow(results, runtime),
    ...foldRows(results, runtime),
    ...costRows(results, runtime),
  ]);
  return rows.filter(({ cells }) => Object.keys(cells).length > 0);
}

function speedRows(results, runtime, { work, against, label, least }) {
  return Object.entries(least).map(([taken, floor]) => ({
    runtime,
    what: `${work} against ${label}: ${taken}`,
    floor: `${floor}×`,
    cells: cellsOf(
      results.sizes,
      (size) => {
        const ratios = results.ratios(runtime, work, size, against);
        return ratios.length === 0 ? {} : TAKEN[taken](ratios);
      },
      floor,
    ),
  }));
}

function againRow(results, runtime) {
  const ms = (size, side) => results.of('changed', { runtime, size, share: 0.01, side })[0]?.ms;
  const gain = (size) => ({ value: ms(size, 'full') / ms(size, 'immutable') });
  return {
    runtime,
    what: 'sealing again after 1 % changed, against a full seal',
    floor: '10×',
    cells: cellsOf(results.sizes, gain, 10),
  };
}

/** One for each log; the side that it was measured against is the quickest. */
function foldRows(results, runtime) {
  return results.of('fold', { runtime, part: 'all', side: 'snapfold' }).flatMap(({ name, ms }) => {
    const sides = BY_HAND.flatMap((side) => results.of('fold', { runtime, part: 'all', name, side }));
    if (sides.length === 0) return [];
    const quickest = sides.reduce((one, other) => (other.ms < one.ms ? other : one));
    const [kind, what] = name === 'journal' ? ['journal', name] : ['rules', `rules, ${name}`];
    const value = quickest.ms / ms;
    const cell = { value, unit: '×', met: value >= FOLDS[kind], note: quickest.side };
    return { runtime, what: `${what}: against a reducer by hand`, floor: `${FOLDS[kind]}×`, cells: { any: cell } };
  });
}

function costRows(results, runtime) {
  const decisions = results.of('decide', { runtime, read: 'take' });
  const memory = results.of('memory', { runtime, side: 'snapfold' });
  const row = (what, size, values, limit, unit) => {
    const value = Math.max(...values);
    const cells = values.length === 0 ? {} : { [size]: { value, unit, met: value < limit } };
    return { runtime, what, floor: `< ${limit}${unit}`, cells };
  };
  const growths = memory.map(({ growth, bytes }) => growth / bytes);
  const modules = memory.map(({ wasm }) => wasm / MEGABYTE);
  return [
    row(
      'decide, the slowest policy tried',
      'any',
      decisions.map(({ us }) => us),
      2,
      ' µs',
    ),
    row('memory while sealing, against what is made', '50 MB', growths, 3, '×'),
    row('WebAssembly memory after sealing', '50 MB', modules, 2, ' MB'),
  ];
}

/** A cell for each size that has a value. */
function cellsOf(sizes, of, floor) {
  const cells = sizes.map((size) => [size, of(size)]).filter(([, { value }]) => Number.isFinite(value));
  return Object.fromEntries(
    cells.map(([size, { value, note }]) => [size, { value, unit: '×', met: value >= floor, note }]),
  );
}
